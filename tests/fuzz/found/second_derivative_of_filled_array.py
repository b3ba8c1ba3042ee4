"""The second derivative through an adjoint that fills an array with another adjoint."""

import numpy as np


def f(x, u, s):
    i1 = 0
    for i2 in range(i1, -1, -1):
        u[1] -= np.sum(np.maximum(0.7, x))
        u[i1::2] = np.var(u)
    else:
        x = np.dot(x, np.ones((3, 3)))
    s = np.sum(u)
    return np.sum(np.sin(x)) + s


ARGS = (
    np.array([0.359, 0.9135, -0.2851]),
    np.array([0.2642, -1.3935, -1.4781, -0.6028, 0.7841]),
    -0.5058,
)
ARGNUMS = (0,)
