"""A gradient inside of a model by a Python float is one, also where single precision is multiplied."""

import numpy as np

import srcad


def h0(p0, p1):
    p1, p0 = p0, p0 + p1
    return p1 * p0


def f(x, s):
    for _ in range(3):
        s = s - 0.02 * srcad.grad(h0, argnums=0, backend="numpy")(s, x[1])
    return 0.7 * s


ARGS = (np.array([0.8101, 0.2337], np.float32), 0.7443)
ARGNUMS = (0, 1)
