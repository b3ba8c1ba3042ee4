"""Seed 1401, program 718: on Numba an array was made before a loop, as large as one of a loop that does not run."""

import numpy as np


def f(x, y, u):
    v1 = x
    while np.dot(u, u) < 0.7:
        y[-2:3] += np.cumsum(v1[1:3])
    return y


ARGS = (
    np.array([0.6798, -1.1293, -0.4605]),
    np.array([-1.1626, 0.636, 0.7789]),
    np.array([-0.3005, -0.1092, -1.1171, -0.4773]),
)
ARGNUMS = (0,)
