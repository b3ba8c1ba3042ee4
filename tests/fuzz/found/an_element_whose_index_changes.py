"""On Numba, an element was held in a variable while the array of indices that says which one it is was restored."""

import numpy as np


def f(x, p, n):
    a = x.copy()
    for j in range(n):
        x[1], a[p[j]] = (a[p[j]], x[1])
        p[j] = 0.7
    return a


ARGS = (np.array([1.431, -0.538, 0.676, 0.265, 0.398]), np.array([1, 2, 1, 3, 2]), 1)
ARGNUMS = (0,)
