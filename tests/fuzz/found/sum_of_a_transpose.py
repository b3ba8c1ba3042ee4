"""A transpose is summed in the order of its memory."""

import numpy as np


def f(x, y, s):
    c3 = (0.7, 0.7)
    m4 = np.where(np.full((5, 5), 2) < 0.7, 0.7, y)
    i5 = 0
    m4[1, 1 % 5] = 1.5 + x[i5] + 0.7
    v7 = m4.T
    return np.sum(v7)


ARGS = (
    np.array([-0.6367, -0.0666, -0.1692, 0.9974, 1.316]),
    np.array([-1.3635, 1.1535, -1.2999, -0.4245, -1.3123]),
    -0.3449,
)
ARGNUMS = (1, 2)
