"""Elements of an array that are added to it: all adjoints are read before any is added to."""

import numpy as np


def f(x):
    y = x
    y += np.array([0.7, x[0] * x[1], np.sum(x), x[2]])
    x[1:] += np.array([x[3], np.sum(x[2:]), x[1]])
    return np.sum(x * x) + y[2]


ARGS = (np.array([-0.4692, 0.3408, -0.3682, -0.6961]),)
ARGNUMS = (0,)
