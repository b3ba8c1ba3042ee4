"""Elements of an item of a list of unknown length, some of them twice."""

import numpy as np


def f(x, n):
    items = [x]
    for _ in range(n):
        items.append(2.0 * items[-1])
    return items[1][[2, 0, 2, 1, 2]] * items[-1][[1, 1, 0, 0, 3]]


ARGS = (np.array([0.4408, -0.091, -0.209, 0.0019, 1.2572]), 3)
ARGNUMS = (0,)
