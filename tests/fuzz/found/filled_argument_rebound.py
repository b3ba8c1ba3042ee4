"""The name of an argument that is filled is given to another array: that one came back as the output."""

import numpy as np


def f(x, s):
    filled = x
    x = x[0] * x + np.dot(x, np.zeros((2, 2)))
    x[1:] = np.arctan2(s, 2.0 + np.abs(s))
    filled[:] = 1.1 * x[0] + s


ARGS = (np.array([-0.368, 1.1521]), -1.1613)
ARGNUMS = (0, 1)
FILLS = ("x",)
