"""A sum into a transpose: ``w.T += e`` would set an attribute."""

import numpy as np


def f(w):
    v2 = w.T
    v2 += 0.7
    v2 *= 2.0
    return (0.7, w)


ARGS = (np.array([[-0.4116, 0.9845, 1.0008, 0.9135], [0.8894, 0.3528, -0.2683, -0.5794]]),)
ARGNUMS = (0,)
