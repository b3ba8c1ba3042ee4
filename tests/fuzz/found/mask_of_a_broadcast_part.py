"""A part of a branch of np.where that is broadcast to the mask's shape does not have the mask's shape."""

import numpy as np


def f(y):
    t = y * y
    m = np.where(np.ones((4, 3)) < 0.18, y.copy()[:, None], t[:3])
    y[0] *= m[0, 2]
    return np.sum(y) + np.sum(m)


ARGS = (np.array([-1.2075, -0.5401, -0.8829, -0.2308]),)
ARGNUMS = (0,)
