"""Products in JAX as first written."""

import jax
import jax.numpy as jnp


def gemm(alpha, beta, C, A, B):
    return jnp.sum(alpha * A @ B + beta * C)


def k2mm(alpha, beta, A, B, C, D):
    return jnp.sum(alpha * A @ B @ C + beta * D)


def k3mm(A, B, C, D):
    return jnp.sum(A @ B @ C @ D)


def syrk(alpha, beta, C, A):
    n, m = A.shape
    j = jnp.arange(n)

    def row(i, C):
        C = C.at[i].set(jnp.where(j <= i, beta * C[i], C[i]))
        return jax.lax.fori_loop(0, m, lambda k, C: C.at[i].add(jnp.where(j <= i, alpha * A[i, k] * A[:, k], 0.0)), C)

    return jnp.sum(jax.lax.fori_loop(0, n, row, C))


def syr2k(alpha, beta, C, A, B):
    n, m = A.shape
    j = jnp.arange(n)

    def row(i, C):
        C = C.at[i].set(jnp.where(j <= i, beta * C[i], C[i]))

        def term(k, C):
            both = A[:, k] * alpha * B[i, k] + B[:, k] * alpha * A[i, k]
            return C.at[i].add(jnp.where(j <= i, both, 0.0))

        return jax.lax.fori_loop(0, m, term, C)

    return jnp.sum(jax.lax.fori_loop(0, n, row, C))


def trmm(alpha, A, B):
    n, m = B.shape
    k = jnp.arange(n)

    def row(i, B):
        def column(j, B):
            return B.at[i, j].add(jnp.sum(jnp.where(k > i, A[:, i] * B[:, j], 0.0)))

        return jax.lax.fori_loop(0, m, column, B)

    return jnp.sum(alpha * jax.lax.fori_loop(0, n, row, B))


def symm(alpha, beta, C, A, B):
    n, m = C.shape
    k = jnp.arange(n)

    def row(i, C):
        def column(j, carry):
            C, total = carry
            left = jnp.where(k < i, A[i], 0.0)
            C = C.at[:, j].add(alpha * B[i, j] * left)
            return C, total.at[j].set(jnp.dot(B[:, j], left))

        C, total = jax.lax.fori_loop(0, m, column, (C, jnp.zeros(m)))
        return C.at[i].add(alpha * B[i] * A[i, i] + alpha * total)

    return jnp.sum(jax.lax.fori_loop(0, n, row, beta * C))


def atax(A, x):
    return jnp.sum((A @ x) @ A)


def bicg(A, p, r):
    return jnp.sum(r @ A) + jnp.sum(A @ p)


def mvt(A, x1, x2, y1, y2):
    return jnp.sum(x1 + A @ y1) + jnp.sum(x2 + y2 @ A)


def gesummv(alpha, beta, A, B, x):
    return jnp.sum(alpha * A @ x + beta * B @ x)


def gemver(alpha, beta, A, u1, v1, u2, v2, w, x, y, z):
    A = A + jnp.outer(u1, v1) + jnp.outer(u2, v2)
    x = x + beta * y @ A + z
    return jnp.sum(w + alpha * A @ x)
