"""The length of a list in a derivative is what it was then."""

import numpy as np


def f(x, s):
    s10, *c11 = (0.7, s, np.zeros((5, 5)))
    items12 = [s, s10, np.var(c11[1])]
    for i13 in range(5):
        items12.append(0.7)
    items12 = [0.7 for v in items12] + items12
    s14 = items12[0] * items12[1] / len(items12)
    i15 = 0
    c11[1][i15] -= s14
    return (items12, x)


ARGS = (
    np.array([0.6081, -0.5376, 1.1701, 1.1682, -1.0838]),
    0.9829,
)
ARGNUMS = (1,)
