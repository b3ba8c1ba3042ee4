"""Seed 1931, program 6605: the derivative of a function that returns its argument, of single precision, or a constant
was of double precision inside of a model (a value one rounding off)."""

import numpy as np

import srcad


def h0(p0):
    m4 = np.zeros((5, 5)) / 0.7
    if not m4[-5, 0] > 0.391:
        return p0
    return 0.7


def f(x, w):
    s7 = x[4]
    s7 = s7 - 0.02 * srcad.grad(h0, argnums=0, backend="numpy")(s7)
    x[1:] -= s7
    x[x > -0.361] *= x[x > -0.361]
    return (w[0, -1], x)


ARGS = (
    np.array([1.4567, 0.0916, -1.0818, 0.2016, 1.4565], np.float32),
    np.array([[1.2211, 1.0933], [-1.0331, 0.7723], [0.4774, -0.1439], [0.8201, 0.8283], [0.934, -0.2706]], np.float32),
)
ARGNUMS = (1,)
