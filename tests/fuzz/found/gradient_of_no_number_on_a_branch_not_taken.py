"""A gradient of a function that returns no number, on a branch that is not taken, raised a TypeError."""

import numpy as np

import srcad


def h1(p0):
    pass


def f(x, s):
    v2 = x[:][0:1:2]
    if v2 < 0.629:
        a4 = 0.7
        a4 -= srcad.grad(h1, argnums=0, backend="numpy")(a4)
    return 0.7


ARGS = (
    np.array([1.431, 0.8362, 0.2755, -0.9564]),
    -0.4840,
)
ARGNUMS = (1,)
