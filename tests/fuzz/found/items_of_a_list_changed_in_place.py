"""Arrays in a list of unknown length that are changed in place, in a loop, by one another."""

import numpy as np


def f(x, n):
    items = [x * 1.1]
    for _ in range(n):
        items.append(items[-1] * 0.8 + 0.1)
    for _ in range(2):
        items[0] *= items[1][0]
        for k in range(1, n):
            items[k] += items[k - 1] * items[k + 1]
    return np.sum(items[0]) + np.sum(items[1] * items[2])


ARGS = (np.array([0.31, -0.52, 0.78, 1.13]), 3)
ARGNUMS = (0,)
