"""A function of a sum that begins with a Python number was of double precision on Numba."""

import numpy as np


def r0(v, n):
    pass


def f(x, y, w, u, s, steps):
    s1 = r0(np.max(y), steps)
    s16 = 0.71
    s21 = np.expm1(np.tanh(sum([v * v for v in y])))
    return 0.8 * s16 + 0.7 * s21 + 0.3 * np.sum(w) + 0.3 * np.sum(x)


ARGS = (
    np.array([-0.9272, 0.1049], np.float32),
    np.array([1.2589, 0.7608], np.float32),
    np.array([[-0.7436, 0.752, -0.2181, 1.2837], [1.1302, -0.8406, -0.7705, -0.6075]], np.float32),
    np.array([1.4305, 0.5193, 0.937, -0.6491], np.float32),
    -0.0567,
    3,
)
ARGNUMS = (0, 1, 2, 3, 4)
