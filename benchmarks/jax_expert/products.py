"""Products in JAX: the loops become masked matrix products; the rest can stay as it is."""

import jax.numpy as jnp

from benchmarks.jax_beginner.products import atax, bicg, gemver, gesummv, mvt

__all__ = ["atax", "bicg", "gemm", "gemver", "gesummv", "k2mm", "k3mm", "mvt", "symm", "syr2k", "syrk", "trmm"]


def gemm(alpha, beta, C, A, B):
    return jnp.sum(alpha * (A @ B) + beta * C)


def k2mm(alpha, beta, A, B, C, D):
    return jnp.sum(alpha * ((A @ B) @ C) + beta * D)


def k3mm(A, B, C, D):
    return jnp.sum((A @ B) @ (C @ D))


def _lower(C, product, beta):
    return jnp.sum(jnp.where(jnp.tri(C.shape[0], dtype=bool), beta * C + product, C))


def syrk(alpha, beta, C, A):
    return _lower(C, alpha * (A @ A.T), beta)


def syr2k(alpha, beta, C, A, B):
    both = A @ B.T
    return _lower(C, alpha * (both + both.T), beta)


def trmm(alpha, A, B):
    return jnp.sum(alpha * (B + jnp.tril(A, -1).T @ B))


def symm(alpha, beta, C, A, B):
    strict = jnp.tril(A, -1)
    symmetric = strict + strict.T + jnp.diag(jnp.diag(A))
    return jnp.sum(alpha * (symmetric @ B) + beta * C)
