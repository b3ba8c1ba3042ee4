"""Writes into an array of a list of unknown length that are tried: what is tried changed the array, too."""

import numpy as np


def f(x, p, n):
    items = [x * 1.1]
    for _ in range(n):
        items.append(items[-1] * 0.7)
    r = p
    for k in range(3):
        try:
            items[1][k] += r
        except ValueError:
            pass
        try:
            items[0] *= p
        except KeyError:
            items[0] += 1.0
        for row in items:
            r += np.sum(row * row) * 0.1
    return r


ARGS = (np.array([0.8236, -0.5716, -0.2633, -0.5617]), 0.5323, 3)
ARGNUMS = (0, 1)
