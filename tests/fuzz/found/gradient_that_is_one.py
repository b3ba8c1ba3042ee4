"""A gradient by a Python float is a Python float, which leaves single precision as it is."""

import numpy as np

import srcad


def h1(p0, p1=0.7):
    return p0


def f(s, c0):
    s8 = srcad.grad(h1, argnums=0, backend="numpy")(s, s)
    return s8 + np.sum(c0)


ARGS = (-1.0659, np.array([-0.3777, -1.31, -1.0657], np.float32))
ARGNUMS = (1,)
