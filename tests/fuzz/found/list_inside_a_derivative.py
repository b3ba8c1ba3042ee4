"""A list with two names inside a derivative that a model takes."""

import numpy as np

import srcad


def h0(p0, p1):
    items1 = [np.array([0.7, p0]), p1, p1]
    for i2 in range(3):
        items1 += [0.7]
    return items1[1]


def f(x):
    s12 = srcad.grad(h0, argnums=0, backend="numpy")(1.34, 0.7)
    return 0.7


ARGS = (np.array([1.2374, 1.2485, -1.2611]),)
ARGNUMS = (0,)
