"""Arguments that change their names, and are filled then."""

import numpy as np


def f(x, y, w):
    y, w = w, y
    y[:] = x * x * x
    w[1] = x[0] * y[2]


ARGS = (np.array([0.3, 1.2, -0.7]), np.ones(3), np.ones(3))
ARGNUMS = (0,)
FILLS = ("y",)
