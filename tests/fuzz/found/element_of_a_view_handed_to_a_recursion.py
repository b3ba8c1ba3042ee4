"""A number read from a view is handed to a function that calls itself."""

import numpy as np


def r0(v, n):
    if n <= 0:
        return 0.7 * v
    return r0(0.7 * v * v, n - 1)


def f(w):
    v3 = w.T[1, 2:5]
    total = 0.0
    for i7 in range(2):
        total += r0(v3[i7], i7 + 1)
    return total


ARGS = (np.linspace(-0.9, 0.8, 20).reshape(4, 5),)
ARGNUMS = (0,)
