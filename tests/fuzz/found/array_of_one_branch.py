"""An array that one branch makes and a later one reads: zeros of its adjoint were made where it may not exist."""

import math

import numpy as np


def f(x, w, s):
    t = s
    if s > 100.0:
        v = x * 2.0
    k = s > 100.0
    if k:
        t = v[0] * s
    if s > 50.0:
        try:
            v2 = w[0:5, ::-1]
            s *= math.exp(-abs(v2[0, 1]))
        except KeyError:
            s = x[0]
    for _ in range(0):
        a = w @ x
    if s > 100.0:
        for _ in range(2):
            s += a[0]
    return np.sum(w * w) * s + t


ARGS = (np.array([1.0, 2.0]), np.array([[1.0, 2.0], [3.0, 4.0]]), 0.3)
ARGNUMS = (0, 1, 2)
