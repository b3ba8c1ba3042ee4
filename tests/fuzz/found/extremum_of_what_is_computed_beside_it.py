"""The greatest number of a row begins with the row's first one, which has to be computed by then."""

import numpy as np


def f(x, s):
    y = np.max(np.arctan2(x, 2.0 + np.abs(np.ones((3, 3)))), axis=1)
    z = np.where(np.ones((3, 2)) > 0.055, s, x[:, None]) * y[0:3:2]
    return np.sum(z * z) + np.sum(np.sin(y))


ARGS = (np.array([-0.8815, -0.123, -0.5853]), 1.2718)
ARGNUMS = (0, 1)
