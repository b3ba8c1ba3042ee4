"""float32 numbers beside Python's."""

import numpy as np


def f(y, s):
    s += y[2]
    c = [0.7, s, s * 0.7]
    return c[1] + c[2]


ARGS = (np.array([-0.5664, -0.5135, -0.8586, -1.458], np.float32), -0.6327)
ARGNUMS = (0, 1)
