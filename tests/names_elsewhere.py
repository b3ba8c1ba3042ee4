"""A module whose globals have the names that others give their arguments."""

import numpy as np

x = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
n = 4


def helper(y, m):
    s = 0.0
    for i in range(x.shape[0]):
        s = s + x[i] * y[i % 2]
    return s + np.sum(x) * np.sum(y) * n + m
