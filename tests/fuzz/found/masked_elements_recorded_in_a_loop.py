"""What a mask of a matrix chooses is recorded by a while loop, and brought back."""

import numpy as np


def f(x, w):
    k = 0
    while k < 2 and np.sum(w) < 50.0:
        w[w < 0.5] *= x[k]
        x = x * np.sum(w * w)
        k += 1
    return np.sum(w * w) + x[0]


ARGS = (np.array([0.3, -0.7]), np.array([[0.3, -0.7, 1.1], [0.9, 0.2, -1.4]]))
ARGNUMS = (0, 1)
