"""The tangent of ``x - s`` by s alone is a number: summed over the axes of x it counts once for every element."""

import numpy as np


def f(x, s, y):
    total = np.sum(x - s)
    last = (x - s * s)[1] + np.cumsum(x - s)[2] + np.sum(np.outer(x - s, y - s)) + np.sum((3, 5) - y[0] * s)
    return total * last + np.sum(np.concatenate([x - s, y]) ** 2) + (x - s) @ y[:3] + np.sum(np.where(x > 0, x, s))


ARGS = (
    np.array([1.387, 0.1566, -0.382]),
    0.7,
    np.array([-1.1904, 1.4545, 0.9249, 0.5184]),
)
ARGNUMS = (1,)
