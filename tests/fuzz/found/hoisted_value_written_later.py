"""A value kept for the adjoint is written through the variable it was assigned to."""

import numpy as np


def f(x, s, steps):
    for i2 in range(steps):
        x[i2] += s
        x = np.hypot(0.7, x)
    return x


ARGS = (
    np.array([0.6494, -1.3585, 1.1405, 0.6724, 0.3979]),
    0.6823,
    3,
)
ARGNUMS = (0,)
