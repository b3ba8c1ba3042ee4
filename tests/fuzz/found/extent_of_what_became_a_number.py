"""An array that is a number in each iteration of a loop no longer says how long the others are."""

import numpy as np


def f(x, y):
    z = np.conj(x + 1j)
    a = np.abs(z)
    k = 0
    while k < 1:
        x, y = y, x
        k += 1
    return a


ARGS = (np.array([-0.4457, -1.0098, -0.1503, 0.9634, 1.3343]), np.array([0.9203, -0.8908, 0.0701, -0.4423, -0.8679]))
ARGNUMS = (1,)
