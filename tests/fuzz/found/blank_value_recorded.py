"""A value is recorded before it exists: Numba's text kept it in an array whose rows it did not fit."""

import numpy as np


def f(x, s):
    for i in range(3):
        x[-3] += i
        with np.errstate(all="ignore"):
            np.multiply(x, np.sum(x, axis=0, keepdims=True), out=x)
            if i == 2:
                x[i : i + 2] = s * (0.1 * i)
    return np.sum(np.log1p(x**2))


ARGS = (np.array([0.743, -0.2843, 1.3507, -0.0955]), -0.0138)
ARGNUMS = (0, 1)
