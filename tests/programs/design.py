"""The programs that the design is explained with."""

import numpy as np

from tests.programs.registry import program


@program(args=lambda rng: (0.7, 1e-13))
def newton_sqrt(x, tol):
    y = x
    while abs(y * y - x) > tol:
        y = 0.5 * (y + x / y)
    if y < 1.0:
        r = y * x
    else:
        r = y
    return r


@program(args=lambda rng: (rng.normal(size=8), 0.2, 5), argnums=(0, 1))
def heat(u, alpha, steps):
    n = u.shape[0]
    for t in range(steps):
        for i in range(1, n - 1):
            u[i] = u[i] + alpha * (u[i - 1] - 2.0 * u[i] + u[i + 1])
    return np.sum(u * u)


def _mlp_arguments(rng):
    k, h, m, n = 3, 4, 2, 5
    weights = rng.normal(size=(k, h)), rng.normal(size=h), rng.normal(size=(h, m)), rng.normal(size=m)
    return (*weights, rng.normal(size=(n, k)), rng.normal(size=(n, m)))


@program(args=_mlp_arguments, argnums=(0, 1, 2, 3))
def mlp_loss(W1, b1, W2, b2, x, y):
    h = np.tanh(x @ W1 + b1)
    p = h @ W2 + b2
    return np.mean((p - y) ** 2)


@program(args=lambda rng: (rng.normal(size=9), 0.2, 4), argnums=(0, 1))
def diffuse(u, k, steps):
    for t in range(steps):
        u[1:-1] = u[1:-1] + k * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return np.sum(u * u)
