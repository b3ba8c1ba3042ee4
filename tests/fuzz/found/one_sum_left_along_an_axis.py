"""A running sum over two rows: along the axis of which one sum is left there is no loop."""

import numpy as np


def f(x):
    a = np.cumsum(np.sin(np.full((2, 4), x[0]) * x), axis=0)
    b = np.cumprod(np.cos(np.full((4, 2), x[1])), axis=1)
    return np.sum(np.flip(a, axis=0) * a) + np.sum(b * b)


ARGS = (np.array([0.3, -0.7, 1.1, 0.4]),)
ARGNUMS = (0,)
