"""NumPy functions of arrays given Python numbers."""

import numpy as np


def f(x, s):
    a = np.repeat(s, 4)
    x[:3] = np.append(x[1:], s)
    return np.sum(a * a) + np.sum(np.sin(x)) * s


ARGS = (np.array([-0.8228, -1.1729, -0.8513]), 1.4948)
ARGNUMS = (0, 1)
