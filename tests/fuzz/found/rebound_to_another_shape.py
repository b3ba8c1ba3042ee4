"""The adjoint of a name has the shape of the array that the name meant at that place."""

import numpy as np


def f(x, y):
    s = x[0]
    for i in range(3):
        s = s + x[0] * x[-1]
        if i < 1:
            x = y
    x[0] = s * x[1]
    x = np.sum(np.zeros((4, 5)), axis=-2)
    return s * np.sum(y * y) + np.sum(x)


ARGS = (
    np.array([0.851, 0.4587, -0.5387]),
    np.array([-1.3032, -1.2155]),
)
ARGNUMS = (0, 1)
