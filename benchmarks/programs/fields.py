"""Partial differential equations: explicit schemes, a limiter, and a pressure solve that iterates to convergence."""

import numpy as np

from benchmarks.case import case


def _wave(rng, n, steps):
    x = np.linspace(0.0, 2.0 * np.pi, n)
    return 1.5 + np.sin(x) + 0.1 * rng.random(n), 0.02, 0.2, 1.0, steps


def _bump(rng, n, steps):
    q, _, courant, dx, _ = _wave(rng, n, steps)
    return q, courant, dx, steps


@case(_wave, (0, 1), tiny=(9, 4), small=(300, 100), medium=(3_000, 500), large=(200_000, 50), parallel=True)
def burgers(u, nu, dt, dx, steps):
    """Viscous Burgers: upwind convection, central diffusion, fixed ends."""
    for _ in range(steps):
        convection = u[1:-1] * (u[1:-1] - u[:-2]) / dx
        diffusion = nu * (u[2:] - 2.0 * u[1:-1] + u[:-2]) / (dx * dx)
        u[1:-1] = u[1:-1] + dt * (diffusion - convection)
    return np.sum(u * u)


@case(_bump, (0, 1), tiny=(9, 4), small=(300, 100), medium=(3_000, 500), large=(200_000, 50), parallel=True)
def advection(q, courant, dx, steps):
    """A second-order scheme with the van Albada limiter on a periodic line; the slope is smooth in q."""
    for _ in range(steps):
        before = q - np.roll(q, 1)
        after = np.roll(q, -1) - q
        slope = before * after * (before + after) / (before * before + after * after + 1e-3)
        slope = np.where(before * after > 0.0, slope, 0.0)
        face = q + 0.5 * (1.0 - courant) * slope
        q = q - courant * (face - np.roll(face, 1))
    return np.sum(q * q) * dx


def _source(rng, n, tol):
    return rng.standard_normal((n, n)), tol, 100 * n


@case(_source, (0,), tiny=(7, 1e-3), small=(30, 1e-3), medium=(100, 1e-3), large=(400, 1e-3), parallel=True)
def pressure(b, tol, limit):
    """Poisson's equation by Jacobi's iteration until the largest change is below tol."""
    n = b.shape[0]
    h2 = 1.0 / (n * n)
    p = np.zeros_like(b)
    change = tol + 1.0
    trips = 0
    while change > tol and trips < limit:
        new = np.zeros_like(p)
        new[1:-1, 1:-1] = 0.25 * (p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:] - 16.0 * h2 * b[1:-1, 1:-1])
        change = np.max(np.abs(new - p))
        p = new
        trips += 1
    return np.sum(p * p)
