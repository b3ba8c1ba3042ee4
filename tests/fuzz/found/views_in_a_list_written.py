"""Views of one array in a list, one of which is written into: refused."""

import numpy as np


def f(x, u):
    c1 = (0.7, x[-4], 0.7)
    items6 = [u]
    for i7 in range(4):
        items6.append(x[0:3])
    else:
        items6[1][2:] += c1[1]
    return np.sum(items6)


ARGS = (
    np.array([0.0759, 0.1157, -0.522, -0.6658]),
    np.array([-1.3224, -0.9374, 0.1083]),
)
ARGNUMS = (0,)
