"""The extent of a slice is not known to be that of the mask: the branch that is a number gets the sum all the same."""

import numpy as np


def f(c0):
    c0[1][1:] = np.where(np.ones(4) > 0.107, c0[0] * c0[1][0], 0.7)
    c0[1][:4] += np.where(c0[1][1:] > 0.107, 0.3, c0[0])
    return c0


ARGS = ([0.0959, np.array([-0.0775, -0.4023, 1.1859, 0.9763, 0.1271])],)
ARGNUMS = (0,)
