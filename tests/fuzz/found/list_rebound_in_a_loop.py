"""A list whose name gets another list in each iteration, while the reverse sweep needs them all."""

import math

import numpy as np


def f(x, n):
    s = 0.0
    for i in range(n):
        x = x * sum([math.sin(v) * v for v in x])
        items = [x[0]]
        for _ in range(i):
            items.append(items[-1] * x[1] + items[0])
        other = items
        items = [s]
        for j in range(i):
            items.append(other[-1] * x[0])
            other.append(x[2] * s)
        s = s + other[-1] * items[0] + items[-1] * other[0]
    return s


ARGS = (np.array([0.3, 0.7, -0.4]), 3)
ARGNUMS = (0,)
