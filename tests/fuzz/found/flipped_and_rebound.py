"""A copy of a call whose adjoint needs the shape of the call."""

import numpy as np


def f(x, y, steps):
    y = np.flip(y) * x[:4]
    y[steps::2] += 0.7
    return np.sum(y * y)


ARGS = (np.array([0.4411, 0.1655, -0.7247, -0.1472]), np.array([-1.3452, 1.317, 0.9473, -0.0241]), 3)
ARGNUMS = (
    0,
    1,
)
