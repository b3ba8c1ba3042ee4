"""One array in a list of unknown length three times, one of which is written into: refused."""

import numpy as np


def f(u, s):
    items = [u, u, u]
    if 0.7 < s < 0.9:
        items.append(0.48 * u)
    items[-3] *= 0.7
    return np.sum(items)


ARGS = (np.array([-1.4157, 0.7566]), 0.3)
ARGNUMS = (0,)
