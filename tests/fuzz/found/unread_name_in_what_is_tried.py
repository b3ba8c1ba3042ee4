"""Seed 602, program 34. The compiler did not end: a name that nothing reads inside a callee that is tried."""

import math

import numpy as np


def h0(p, q):
    while p * p + q * q > 0.9:
        s = q
        p = 0.5 * p
        q = 0.4 * q
        t = p
    return p + q


def f(x, s):
    try:
        r = math.log(h0(x[-1], s))
    except ValueError:
        r = h0(x[0], s)
    return r * np.sum(x)


ARGS = (
    np.array([0.9611, 1.3182, 0.9234]),
    1.3511,
)
ARGNUMS = (0, 1)
