"""Factorisations and solvers in JAX: the library's own, or one masked product per row."""

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular


def cholesky(A):
    symmetric = jnp.tril(A) + jnp.tril(A, -1).T
    factor = jax.lax.linalg.cholesky(symmetric, symmetrize_input=False)
    return jnp.sum(jnp.tril(factor)) + jnp.sum(jnp.triu(A, 1))


def lu(A):
    """Without pivoting: n rank-one updates, masked to the rows and columns that are still open."""
    n = A.shape[0]
    index = jnp.arange(n)

    def step(A, k):
        below, right = index > k, index > k
        column = jnp.where(below, A[:, k] / A[k, k], 0.0)
        A = A - jnp.outer(column, jnp.where(right, A[k], 0.0))
        return A.at[:, k].set(jnp.where(below, column, A[:, k])), None

    A, _ = jax.lax.scan(step, A, index)
    return jnp.sum(A)


def trisolv(L, b):
    return jnp.sum(solve_triangular(L, b, lower=True))


def durbin(r):
    n = r.shape[0]

    def step(carry, i):
        y, alpha, beta = carry
        mirror = jnp.roll(y[::-1], i)  # y[i - 1 - k] at k: y is zero from i on
        beta = beta * (1.0 - alpha * alpha)
        alpha = -(r[i] + jnp.dot(r, mirror)) / beta
        return ((y + alpha * mirror).at[i].set(alpha), alpha, beta), None

    start = (jnp.zeros(n).at[0].set(-r[0]), -r[0], jnp.ones(()))
    (y, _, _), _ = jax.lax.scan(step, start, jnp.arange(1, n))
    return jnp.sum(y)
