"""Stencils in JAX: scans that carry the interiors, whose frames never change; Seidel as a convolution per row."""

import jax
import jax.numpy as jnp
import numpy as np


def _relaxed(smooth, A, B, steps):
    """Interiors only: what the frames add to them is computed once, and the rest is a stencil with zero padding."""
    inner = (slice(1, -1),) * A.ndim
    frame_a, frame_b = A.at[inner].set(0.0), B.at[inner].set(0.0)
    from_a, from_b = smooth(frame_a), smooth(frame_b)

    def step(a, _):
        b = smooth(jnp.pad(a, 1)) + from_a
        return smooth(jnp.pad(b, 1)) + from_b, None

    a, _ = jax.lax.scan(step, A[inner], None, length=steps)
    return jnp.sum(a) + jnp.sum(frame_a)


def jacobi_1d(A, B, steps):
    return _relaxed(lambda a: 0.33333 * (a[:-2] + a[1:-1] + a[2:]), A, B, steps)


def jacobi_2d(A, B, steps):
    def smooth(a):
        return 0.2 * (a[1:-1, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] + a[2:, 1:-1] + a[:-2, 1:-1])

    return _relaxed(smooth, A, B, steps)


def heat_3d(A, B, steps):
    def smooth(a):
        near = a[2:, 1:-1, 1:-1] + a[:-2, 1:-1, 1:-1] + a[1:-1, 2:, 1:-1] + a[1:-1, :-2, 1:-1]
        return 0.25 * a[1:-1, 1:-1, 1:-1] + 0.125 * (near + a[1:-1, 1:-1, 2:] + a[1:-1, 1:-1, :-2])

    return _relaxed(smooth, A, B, steps)


def seidel_2d(A, steps):
    """A row at a time: x[j] = (known[j] + x[j - 1]) / 9 is a convolution with the powers of 1/9.

    Powers beyond the eighteenth are below the rounding error. Short rows take them as a matrix instead.
    """
    m = A.shape[1] - 2
    distance = np.arange(m)[:, None] - np.arange(m)[None]
    matrix = jnp.asarray(np.where(distance >= 0, 9.0 ** -(np.maximum(distance, 0) + 1.0), 0.0)) if m <= 200 else None
    powers = jnp.asarray(9.0 ** -np.arange(1.0, 19.0))

    def row(above, rows):
        here, below = rows
        known = above[:-2] + above[1:-1] + above[2:] + here[1:-1] + here[2:] + below[:-2] + below[1:-1] + below[2:]
        known = known.at[0].add(here[0])
        inside = matrix @ known if matrix is not None else jnp.convolve(known, powers)[:m]
        here = jnp.concatenate([here[:1], inside, here[-1:]])
        return here, here

    def step(A, _):
        _, inside = jax.lax.scan(row, A[0], (A[1:-1], A[2:]))
        return jnp.concatenate([A[:1], inside, A[-1:]]), None

    A, _ = jax.lax.scan(step, A, None, length=steps)
    return jnp.sum(A)


def fdtd_2d(ex, ey, hz, source):
    def step(fields, pulse):
        ex, ey, hz = fields
        top = jnp.full((1, ey.shape[1]), pulse)
        ey = jnp.concatenate([top, ey[1:] - 0.5 * (hz[1:] - hz[:-1])])
        ex = jnp.concatenate([ex[:, :1], ex[:, 1:] - 0.5 * (hz[:, 1:] - hz[:, :-1])], axis=1)
        curl = ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1]
        return (ex, ey, hz - jnp.pad(0.7 * curl, ((0, 1), (0, 1)))), None

    (_, _, hz), _ = jax.lax.scan(step, (ex, ey, hz), source)
    return jnp.sum(hz)


def adi(u, steps):
    """The coefficients p do not depend on u: computed once, the two sweeps are then linear scans over columns."""
    n = u.shape[0]
    mul1, mul2 = 2.0 * n * n / steps, 1.0 * n * n / steps
    a, b, d, e = -mul1 / 2.0, 1.0 + mul1, -mul2 / 2.0, 1.0 + mul2

    def coefficients(low, mid):
        def next_p(p, _):
            below = low * p + mid
            return -low / below, (-low / below, below)

        return jax.lax.scan(next_p, 0.0, None, length=n - 2)[1]

    (p1, below1), (p2, below2) = coefficients(a, b), coefficients(d, e)

    def solve(right, low, p, below):
        def forward(q, row):
            q = (row[0] - low * q) / row[1]
            return q, q

        def backward(v, row):
            v = row[0] * v + row[1]
            return v, v

        ones = jnp.ones(n - 2)
        _, q = jax.lax.scan(forward, ones, (right, below))
        _, v = jax.lax.scan(backward, ones, (p, q), reverse=True)
        return v

    def step(u, _):
        right = -d * u[1:-1, :-2] + (1.0 + 2.0 * d) * u[1:-1, 1:-1] - d * u[1:-1, 2:]
        v = solve(right, a, p1, below1)
        v = jnp.pad(v, ((1, 1), (0, 0)), constant_values=1.0)
        w = jnp.pad(v, ((0, 0), (1, 1)))
        right = -a * w[:-2, 1:-1] + (1.0 + 2.0 * a) * w[1:-1, 1:-1] - a * w[2:, 1:-1]
        inside = solve(right.T, d, p2, below2).T
        return u.at[1:-1, 0].set(1.0).at[1:-1, -1].set(1.0).at[1:-1, 1:-1].set(inside), None

    u, _ = jax.lax.scan(step, u, None, length=steps)
    return jnp.sum(u)
