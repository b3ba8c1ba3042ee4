"""An array is written and rebound while the adjoint still needs it under another name."""

import numpy as np


def f(x):
    y = x * 2.0
    z = y
    s = np.sum(np.sin(z))
    y[0] = 1.0
    t = np.sum(y * y)
    y = np.exp(x)
    return s + t + np.sum(y * y)


ARGS = (np.array([0.4411, 0.1655, -0.7247, -0.1472]),)
ARGNUMS = (0,)
