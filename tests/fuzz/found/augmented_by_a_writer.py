"""The element to be changed is read before the function on the right writes the array."""

import numpy as np


def h(p, q):
    q[2:] += 0.7
    return 0.7 * p


def f(y, s):
    y[3] -= h(s, y)
    return np.sum(y)


ARGS = (np.array([-0.3095, 0.8539, -0.0093, -0.7963]), -0.8619)
ARGNUMS = (0, 1)
