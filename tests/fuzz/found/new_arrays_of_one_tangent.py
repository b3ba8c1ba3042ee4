"""New arrays with the tangent of an older one, in a list, a pair of names and a call, that are written into."""

import numpy as np


def scaled(into, v):
    into[1:] *= v[0]
    return into


def f(x, n):
    items = []
    for k in range(n):
        items.append(x * 1.0)
        items[-1][k] *= x[0]
    a, b = x * 1.0, x + 1.0
    a *= x[1]
    b[0] += a[2]
    c = scaled(x * 1.0, b)
    pair = [x + 2.0, x - 2.0]
    pair[0] *= a
    return np.sum(items[0]) + np.sum(items[1] * items[-1]) + np.sum(a * b) + np.sum(c) + np.sum(pair[0] * pair[1])


ARGS = (np.array([0.31, -0.52, 0.78, 1.13]), 3)
ARGNUMS = (0,)
