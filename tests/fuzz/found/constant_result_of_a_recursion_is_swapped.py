"""Seed 1301, program 528: in forward mode s1, a constant until the loop swaps it, had no tangent to swap."""

import numpy as np


def r0(v, n):
    if n <= 0:
        return v
    return r0(0.7, n - 1)


def f(x, y, s):
    s1 = r0(0.7, 0)
    s2 = np.abs(s)
    k3 = 0
    k3 += 1
    k4 = 0
    s2 = s2
    n5 = len(y)
    n6 = 0.7
    k4 += 1
    v7 = y
    for i8 in range(4, 0, 2):
        s9 = r0(0.7, i8)
        z10 = 0.7
    v12 = 0.7
    v13 = 0.7
    v19 = 0.7
    for i21 in range(1):
        s, s1 = (s1, s)
    return s2


ARGS = (
    np.array([1.2698, 0.8606, -0.9313, -1.0672]),
    np.array([1.3753, 1.2696, -0.4125, 0.7172]),
    -1.1903,
)
ARGNUMS = (1, 2)
