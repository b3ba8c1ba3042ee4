"""Arrays of a list that are recorded under another name and written into through the list, in a loop."""

import numpy as np


def moved(a, c):
    b = a * c
    b[1:] += 0.7
    return b


def f(x, p, n):
    items = []
    for k in range(n):
        items.append(x * (k + 1.0))
    for k in range(2):
        u = moved(items[-2], p)
        items[-2][:] = u
    return np.sum(u * x) + np.sum(items[1])


ARGS = (np.array([0.31, -0.52, 0.78, 1.13]), 1.3263, 3)
ARGNUMS = (0, 1)
