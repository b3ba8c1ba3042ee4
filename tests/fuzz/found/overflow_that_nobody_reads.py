"""A value that overflows and flows into one that nobody reads: its adjoint is zero, and zero times infinity is NaN."""

import numpy as np


def h0(p0):
    p0 *= p0


def f(x, u, s):
    a1 = u
    s3 = 0.7
    x += s
    for _ in range(a1.shape[0]):
        for _ in range(3):
            h0(x)
        s3 = a1
        u = x[[0, 1, 0, 1, 0]]
    return s3


ARGS = (
    np.array([-0.6063, 0.2526], np.float32),
    np.array([0.71, -0.643, -0.764, -0.0963, 1.3025], np.float32),
    1.1312,
)
ARGNUMS = (1, 2)
