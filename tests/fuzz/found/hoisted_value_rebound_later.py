"""The same, the variable being rebound before."""

import math

import numpy as np


def f(x, u):
    x = np.max(x[:] / (1.5 + np.zeros((5, 5)) ** 2), axis=1)
    if 0.7 < x[2] < 0.913:
        x[-3:5] += u.copy() ** 3 / 4.0
        for i1 in range(0):
            s3 = math.atan(x[4 - i1])
            x[i1 : i1 + 4] -= s3 if np.hypot(1.0 + float(i1), u[0] + 3.0) > 0.4 else s3
        else:
            x = u[[1, 2, 2, 0, 2]]
    v11 = x
    return np.sum(v11 * v11)


ARGS = (
    np.array([0.4662, 1.3535, 0.1688, 1.0052, 0.971]),
    np.array([-1.1805, 0.2674, -0.7108]),
)
ARGNUMS = (0, 1)
