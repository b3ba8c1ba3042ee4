"""An expensive expression handed to a function that stays one: it was named nowhere."""

import math

import numpy as np


def r0(v, n):
    if n <= 0:
        return v
    return r0(0.7 * v, n - 1)


def f(y):
    v = y[:][0:]
    return r0(math.exp(-abs(v[-1])), 1.7) * y[0]


ARGS = (np.array([-0.0505, -0.723]),)
ARGNUMS = (0,)
