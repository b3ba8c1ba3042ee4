"""Stencils in JAX as first written."""

import jax
import jax.numpy as jnp


def jacobi_1d(A, B, steps):
    def step(_, fields):
        A, B = fields
        B = B.at[1:-1].set(0.33333 * (A[:-2] + A[1:-1] + A[2:]))
        A = A.at[1:-1].set(0.33333 * (B[:-2] + B[1:-1] + B[2:]))
        return A, B

    A, B = jax.lax.fori_loop(0, steps, step, (A, B))
    return jnp.sum(A)


def jacobi_2d(A, B, steps):
    def smooth(a):
        return 0.2 * (a[1:-1, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] + a[2:, 1:-1] + a[:-2, 1:-1])

    def step(_, fields):
        A, B = fields
        B = B.at[1:-1, 1:-1].set(smooth(A))
        A = A.at[1:-1, 1:-1].set(smooth(B))
        return A, B

    A, B = jax.lax.fori_loop(0, steps, step, (A, B))
    return jnp.sum(A)


def seidel_2d(A, steps):
    n = A.shape[0]

    def cell(j, carry):
        A, i = carry
        window = jax.lax.dynamic_slice(A, (i - 1, j - 1), (3, 3))
        return A.at[i, j].set(jnp.sum(window) / 9.0), i

    def row(i, A):
        return jax.lax.fori_loop(1, n - 1, cell, (A, i))[0]

    def step(_, A):
        return jax.lax.fori_loop(1, n - 1, row, A)

    return jnp.sum(jax.lax.fori_loop(0, steps, step, A))


def heat_3d(A, B, steps):
    def smooth(a):
        centre = a[1:-1, 1:-1, 1:-1]
        return (
            0.125 * (a[2:, 1:-1, 1:-1] - 2.0 * centre + a[:-2, 1:-1, 1:-1])
            + 0.125 * (a[1:-1, 2:, 1:-1] - 2.0 * centre + a[1:-1, :-2, 1:-1])
            + 0.125 * (a[1:-1, 1:-1, 2:] - 2.0 * centre + a[1:-1, 1:-1, :-2])
            + centre
        )

    def step(_, fields):
        A, B = fields
        B = B.at[1:-1, 1:-1, 1:-1].set(smooth(A))
        A = A.at[1:-1, 1:-1, 1:-1].set(smooth(B))
        return A, B

    A, B = jax.lax.fori_loop(0, steps, step, (A, B))
    return jnp.sum(A)


def fdtd_2d(ex, ey, hz, source):
    def step(t, fields):
        ex, ey, hz = fields
        ey = ey.at[0, :].set(source[t])
        ey = ey.at[1:, :].add(-0.5 * (hz[1:, :] - hz[:-1, :]))
        ex = ex.at[:, 1:].add(-0.5 * (hz[:, 1:] - hz[:, :-1]))
        hz = hz.at[:-1, :-1].add(-0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1]))
        return ex, ey, hz

    ex, ey, hz = jax.lax.fori_loop(0, source.shape[0], step, (ex, ey, hz))
    return jnp.sum(hz)


def adi(u, steps):
    n = u.shape[0]
    mul1 = 2.0 * n * n / steps
    mul2 = 1.0 * n * n / steps
    a, b, c = -mul1 / 2.0, 1.0 + mul1, -mul1 / 2.0
    d, e, f = -mul2 / 2.0, 1.0 + mul2, -mul2 / 2.0

    def step(_, fields):
        u, v, p, q = fields
        v = v.at[0, 1:-1].set(1.0)
        p = p.at[1:-1, 0].set(0.0)
        q = q.at[1:-1, 0].set(v[0, 1:-1])

        def columns(j, pq):
            p, q = pq
            below = a * p[1:-1, j - 1] + b
            right = -d * u[j, :-2] + (1.0 + 2.0 * d) * u[j, 1:-1] - f * u[j, 2:] - a * q[1:-1, j - 1]
            return p.at[1:-1, j].set(-c / below), q.at[1:-1, j].set(right / below)

        p, q = jax.lax.fori_loop(1, n - 1, columns, (p, q))
        v = v.at[n - 1, 1:-1].set(1.0)
        v = jax.lax.fori_loop(
            1,
            n - 1,
            lambda r, v: v.at[n - 1 - r, 1:-1].set(p[1:-1, n - 1 - r] * v[n - r, 1:-1] + q[1:-1, n - 1 - r]),
            v,
        )
        u = u.at[1:-1, 0].set(1.0)
        p = p.at[1:-1, 0].set(0.0)
        q = q.at[1:-1, 0].set(u[1:-1, 0])

        def rows(j, pq):
            p, q = pq
            below = d * p[1:-1, j - 1] + e
            right = -a * v[:-2, j] + (1.0 + 2.0 * a) * v[1:-1, j] - c * v[2:, j] - d * q[1:-1, j - 1]
            return p.at[1:-1, j].set(-f / below), q.at[1:-1, j].set(right / below)

        p, q = jax.lax.fori_loop(1, n - 1, rows, (p, q))
        u = u.at[1:-1, n - 1].set(1.0)
        u = jax.lax.fori_loop(
            1,
            n - 1,
            lambda r, u: u.at[1:-1, n - 1 - r].set(p[1:-1, n - 1 - r] * u[1:-1, n - r] + q[1:-1, n - 1 - r]),
            u,
        )
        return u, v, p, q

    zero = jnp.zeros((n, n))
    u, _, _, _ = jax.lax.fori_loop(0, steps, step, (u, zero, zero, zero))
    return jnp.sum(u)
