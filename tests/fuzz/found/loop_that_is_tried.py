"""Loops in a try whose handler may run: their counters have no values before them."""

import numpy as np


def f(x, s):
    z = 0.0
    try:
        z = sum([v * s for v in x])
    except KeyError:
        z = s
    return z * s


ARGS = (np.array([0.9063, -0.5204]), 0.3)
ARGNUMS = (0, 1)
