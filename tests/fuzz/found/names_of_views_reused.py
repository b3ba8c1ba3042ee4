"""One name for one view after another."""

import numpy as np


def f(x, y, w, s):
    row = w[0]
    row[1] *= s
    row = w[1]
    for j in range(3):
        row[j] += row[j - 1] * x[j]
    y = x
    y *= 0.7
    for i in range(2):
        v = w[i, 1:]
        v[0] = s * v[1]
        v = w[:, i]
        v += x[:2] ** 2
    z = x
    for i in range(1):
        z = x
    return np.sum(w * w) + np.sum(np.sin(x)) + np.sum(z)


ARGS = (
    np.array([0.4411, 0.1655, -0.7247, -0.1472]),
    np.array([1.0, 2, 3, 4]),
    np.array([[0.1, 0.2, -0.3], [0.5, 0.4, 0.7]]),
    0.4,
)
ARGNUMS = (0, 1, 2, 3)
