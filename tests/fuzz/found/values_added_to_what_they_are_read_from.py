"""np.add.at reads all of its values before it adds the first; an index may be a slice."""

import numpy as np


def f(x, w):
    np.add.at(x, [0, 0, 1], x[:3] * x[1:4])
    np.add.at(x, [0, 0, 1], x[:3])
    np.add.at(x, slice(1, 3), x[:2])
    np.add.at(x, [1, 0, 3, 2, 2], x)
    np.subtract.at(w, ([0, 1, 0], [1, 1, 1]), w[:, 0] * x[2])
    for i, j in np.ndindex(w.shape):
        if i == j:
            continue
        w[i, j] *= x[i]
    return np.sum(x * x) + np.sum(w * w)


ARGS = (
    np.array([0.3, 0.5, -1.0, 2.0, 0.7]),
    np.array([[0.1, -0.7, 0.3], [1.1, 0.4, -0.2], [0.9, 0.6, -1.3]]),
)
ARGNUMS = (0, 1)
