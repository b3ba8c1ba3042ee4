"""Compiled, a function of a number that is Python's on one path is single precision on both (docs/backends.md)."""

import numpy as np


def f(x, y, w, s):
    s2, s3 = (y[y > -0.047].sum(), s)
    s2 = np.maximum(1.0 + s3**2, s2 if -0.717 < s < 0.913 else 0.28)
    return s2


ARGS = (
    np.array([0.4501, 1.3274, 0.1423, 0.2458, -1.1487], np.float32),
    np.array([1.1252, 0.5829, 0.3063, 1.0345, 1.4681], np.float32),
    np.array(
        [[-1.269, -0.8407], [0.6756, -0.4866], [-1.3244, -0.7999], [-1.0208, 1.3366], [-0.4093, -0.1494]], np.float32
    ),
    1.4596,
)
ARGNUMS = (0, 1, 2, 3)
