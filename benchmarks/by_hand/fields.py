"""Partial differential equations by hand: loops over two buffers that change places, adjoints in gather form."""

import numpy as np

from benchmarks.by_hand import compiled


@compiled
def _burgers_step(u, new, nu, dt, dx):
    convect, diffuse = dt / dx, nu * dt / (dx * dx)
    for i in range(1, u.shape[0] - 1):
        new[i] = u[i] - convect * u[i] * (u[i] - u[i - 1]) + diffuse * (u[i + 1] - 2.0 * u[i] + u[i - 1])


@compiled
def burgers_primal(u, nu, dt, dx, steps):
    u, new = u.copy(), u.copy()
    for _ in range(steps):
        _burgers_step(u, new, nu, dt, dx)
        u, new = new, u
    return (u * u).sum()


@compiled
def burgers(u, nu, dt, dx, steps):
    n = u.shape[0]
    saved = np.empty((steps + 1, n))
    saved[0] = u
    for t in range(steps):
        saved[t + 1, 0], saved[t + 1, n - 1] = u[0], u[n - 1]
        _burgers_step(saved[t], saved[t + 1], nu, dt, dx)
    last = saved[steps]
    convect, diffuse = dt / dx, nu * dt / (dx * dx)
    first_bar, last_bar = 2.0 * last[0], 2.0 * last[n - 1]
    g, new = 2.0 * last, np.zeros(n)
    g[0] = g[n - 1] = 0.0
    curvature = 0.0
    for t in range(steps - 1, -1, -1):
        u = saved[t]
        for i in range(1, n - 1):
            curvature += g[i] * (u[i + 1] - 2.0 * u[i] + u[i - 1])
        first_bar += g[1] * (diffuse + convect * u[1])
        last_bar += g[n - 2] * diffuse
        for i in range(1, n - 1):
            own = 1.0 - 2.0 * diffuse - convect * (2.0 * u[i] - u[i - 1])
            new[i] = g[i] * own + g[i + 1] * (diffuse + convect * u[i + 1]) + g[i - 1] * diffuse
        g, new = new, g
    g[0], g[n - 1] = first_bar, last_bar
    return (last * last).sum(), g, curvature * dt / (dx * dx)


@compiled
def advection_primal(q, courant, dx, steps):
    n = q.shape[0]
    q, face = q.copy(), np.empty(n)
    for _ in range(steps):
        for i in range(n):
            before = q[i] - q[i - 1 if i > 0 else n - 1]
            after = q[i + 1 if i < n - 1 else 0] - q[i]
            product = before * after
            slope = product * (before + after) / (before * before + after * after + 1e-3) if product > 0.0 else 0.0
            face[i] = q[i] + 0.5 * (1.0 - courant) * slope
        for i in range(n - 1, 0, -1):
            q[i] -= courant * (face[i] - face[i - 1])
        q[0] -= courant * (face[0] - face[n - 1])
    return (q * q).sum() * dx


@compiled
def _pressure(b, tol, limit):
    n = b.shape[0]
    h2 = 1.0 / (n * n)
    p, new = np.zeros((n, n)), np.zeros((n, n))
    change = tol + 1.0
    trips = 0
    while change > tol and trips < limit:
        change = 0.0
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                new[i, j] = 0.25 * (p[i - 1, j] + p[i + 1, j] + p[i, j - 1] + p[i, j + 1] - 16.0 * h2 * b[i, j])
                change = max(change, abs(new[i, j] - p[i, j]))
        p, new = new, p
        trips += 1
    return p, trips


@compiled
def pressure_primal(b, tol, limit):
    p, _ = _pressure(b, tol, limit)
    return (p * p).sum()


@compiled
def pressure(b, tol, limit):
    """Linear in b: nothing is recorded but the number of trips; the adjoint is the same average of neighbours."""
    p, trips = _pressure(b, tol, limit)
    n = b.shape[0]
    g, new, total = 2.0 * p, np.zeros((n, n)), np.zeros((n, n))
    for _ in range(trips):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                total[i, j] += g[i, j]
                new[i, j] = 0.25 * (g[i - 1, j] + g[i + 1, j] + g[i, j - 1] + g[i, j + 1])
        g, new = new, g
    scale = -4.0 / (n * n)
    for i in range(n):
        for j in range(n):
            total[i, j] *= scale
    return (p * p).sum(), total
