"""A gradient inside of a model by a number that nothing reads is of that number's type."""

import numpy as np

import srcad


def h0(p0, p1, p2=0.7):
    return 0.7


def f(x, w):
    s2 = srcad.grad(h0, argnums=2, backend="numpy")(0.7, 0.7, x[0])
    return s2


ARGS = (
    np.array([-0.2355, -0.0762], np.float32),
    np.array([[-0.9364, -0.4676, 1.4159, 0.1667], [1.4154, -1.4733, 0.4232, 0.0647]], np.float32),
)
ARGNUMS = (1,)
