"""The adjoint of a list that a branch makes begins before the branch, where the list may not exist."""

import math

import numpy as np

import srcad


def h0(p0):
    if p0[1] < 0.1:
        p0[0] -= sum([math.sin(v) for v in p0])
    return p0[2]


def f(s):
    a5 = srcad.vjp(h0, np.array([s, 0.37, 0.7]), backend="numpy")[1](1.0)[0]
    return np.sum(a5**2)


ARGS = (0.0443,)
ARGNUMS = (0,)
