"""Bodies that attract each other, and a sparse matrix times a vector."""

import math

import numpy as np

from benchmarks.case import case


def _bodies(rng, n, steps):
    return rng.standard_normal((n, 3)), 0.1 * rng.standard_normal((n, 3)), 0.5 + rng.random(n), 0.01, steps


@case(_bodies, (0, 1, 2), tiny=(4, 3), small=(5, 1000), medium=(100, 50), large=(1000, 5), parallel=True)
def nbody(position, velocity, mass, dt, steps):
    """Pairwise gravity, softened, with symplectic Euler steps; the energy at the end."""
    n = position.shape[0]
    for _ in range(steps):
        for i in range(n):
            for j in range(i + 1, n):
                dx = position[i, 0] - position[j, 0]
                dy = position[i, 1] - position[j, 1]
                dz = position[i, 2] - position[j, 2]
                square = dx * dx + dy * dy + dz * dz + 0.01
                force = dt / (square * math.sqrt(square))
                velocity[i, 0] -= dx * mass[j] * force
                velocity[i, 1] -= dy * mass[j] * force
                velocity[i, 2] -= dz * mass[j] * force
                velocity[j, 0] += dx * mass[i] * force
                velocity[j, 1] += dy * mass[i] * force
                velocity[j, 2] += dz * mass[i] * force
        position += dt * velocity
    energy = 0.0
    for i in range(n):
        energy += 0.5 * mass[i] * (velocity[i, 0] ** 2 + velocity[i, 1] ** 2 + velocity[i, 2] ** 2)
        for j in range(i + 1, n):
            dx = position[i, 0] - position[j, 0]
            dy = position[i, 1] - position[j, 1]
            dz = position[i, 2] - position[j, 2]
            energy -= mass[i] * mass[j] / math.sqrt(dx * dx + dy * dy + dz * dz + 0.01)
    return energy


def _csr(rng, n, per_row):
    columns = np.concatenate([np.sort(rng.choice(n, per_row, replace=False)) for _ in range(n)])
    return rng.random(n * per_row), columns, np.arange(0, n * per_row + 1, per_row), rng.random(n)


@case(_csr, (0, 3), tiny=(8, 3), small=(500, 9), medium=(20_000, 9), large=(200_000, 15), parallel=True)
def spmv(values, columns, rows, x):
    y = np.zeros(rows.shape[0] - 1)
    for i in range(y.shape[0]):
        for k in range(rows[i], rows[i + 1]):
            y[i] += values[k] * x[columns[k]]
    return np.sum(y * y)
