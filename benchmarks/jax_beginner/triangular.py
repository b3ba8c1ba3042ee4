"""Factorisations and solvers in JAX as first written: a slice of varying length becomes a mask."""

import jax
import jax.numpy as jnp


def cholesky(A):
    n = A.shape[0]
    k = jnp.arange(n)

    def row(i, A):
        def column(j, A):
            dot = jnp.sum(jnp.where(k < j, A[i] * A[j], 0.0))
            return A.at[i, j].set((A[i, j] - dot) / A[j, j])

        A = jax.lax.fori_loop(0, n, lambda j, A: jax.lax.cond(j < i, column, lambda _, A: A, j, A), A)
        return A.at[i, i].set(jnp.sqrt(A[i, i] - jnp.sum(jnp.where(k < i, A[i] * A[i], 0.0))))

    return jnp.sum(jax.lax.fori_loop(0, n, row, A))


def lu(A):
    n = A.shape[0]
    k = jnp.arange(n)

    def row(i, A):
        def left(j, A):
            return A.at[i, j].set((A[i, j] - jnp.sum(jnp.where(k < j, A[i] * A[:, j], 0.0))) / A[j, j])

        def right(j, A):
            return A.at[i, j].add(-jnp.sum(jnp.where(k < i, A[i] * A[:, j], 0.0)))

        return jax.lax.fori_loop(0, n, lambda j, A: jax.lax.cond(j < i, left, right, j, A), A)

    return jnp.sum(jax.lax.fori_loop(0, n, row, A))


def trisolv(L, b):
    n = L.shape[0]
    k = jnp.arange(n)

    def row(i, x):
        return x.at[i].set((b[i] - jnp.sum(jnp.where(k < i, L[i] * x, 0.0))) / L[i, i])

    return jnp.sum(jax.lax.fori_loop(0, n, row, jnp.zeros(n)))


def durbin(r):
    n = r.shape[0]
    k = jnp.arange(n)

    def step(i, carry):
        y, alpha, beta = carry
        mirror = jnp.where(k < i, i - 1 - k, 0)
        beta = beta * (1.0 - alpha * alpha)
        alpha = -(r[i] + jnp.sum(jnp.where(k < i, r[mirror] * y, 0.0))) / beta
        y = y + jnp.where(k < i, alpha * y[mirror], 0.0)
        return y.at[i].set(alpha), alpha, beta

    y, _, _ = jax.lax.fori_loop(1, n, step, (jnp.zeros(n).at[0].set(-r[0]), -r[0], 1.0))
    return jnp.sum(y)
