"""A number of Python's, chosen beside single precision: single precision on Numba."""

import numpy as np


def f(x, y, s):
    return (max(0.22, x[3], 1.42), y)


ARGS = (
    np.array([1.0788, -0.439, 0.751, 0.5918, 0.3606], np.float32),
    np.array([0.7298, 0.203, 1.1626, -1.2399, 0.1532], np.float32),
    -1.2932,
)
ARGNUMS = (2,)
