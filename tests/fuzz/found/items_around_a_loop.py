"""Seed 701, program 110. Wrong value: an item appended before a loop got the value of one appended after it."""

import collections

import numpy as np


def f(x, s):
    d = collections.deque([x[0], s], 2)
    items = [s]
    for c, rest in ((0.5, x[1:]), (0.7, x[:2]), (0.9, x)):
        k = 0
        while k < 2 and np.sum(rest) < 9.0:
            k += 1
        d.append(x[0] + c * d[-1])
        items.append(s * c)
    return d[0] * d[-1] + items[1] * items[2] * items[3]


ARGS = (
    np.array([-0.2405, -0.0342, 0.3238]),
    1.11,
)
ARGNUMS = (0, 1)
