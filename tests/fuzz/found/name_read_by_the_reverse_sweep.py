"""A second name of an array is read in the reverse sweep only, after a write through the first one."""

import numpy as np


def f(x, s):
    a = x * 2.0
    if s > 0:
        b = a
    else:
        b = a[::-1]
    t = np.sum(b * b * b)
    a[0] = s
    for k in range(2):
        if k == 0:
            c = a
        else:
            c = a[1:]
        t = t + np.sum(c * c * c)
        a[k] = s * t
    return t + np.sum(a)


ARGS = (np.array([0.7, -0.4, 1.1]), 0.3)
ARGNUMS = (0, 1)
