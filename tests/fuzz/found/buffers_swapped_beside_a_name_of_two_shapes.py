"""Seed 1921, program 6815. WRONG: gradient of argument 2 is off by 8.7e-02."""

import numpy as np


def f(x, y, w):
    z1 = x
    for i3 in range(3, 1, -1):
        z1 = np.prod(w.T, axis=-2)
        np.sin(x / (1.5 + z1), out=y)
        y, x = (x, y)
    return y


ARGS = (
    np.array([1.0867, -0.4727]),
    np.array([-0.8602, 1.1224]),
    np.array([[0.2906, -0.5474, -0.1352, -0.7824], [-0.908, 0.8412, -0.6352, 0.9254]]),
)
ARGNUMS = (2,)
