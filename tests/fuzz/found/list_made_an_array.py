"""An array made of a list whose length is known at run time only."""

import numpy as np


def f(x):
    return np.sum(np.array([v * v for v in x]) - np.minimum(np.ones(5), np.array([v for v in x])))


ARGS = (np.array([-0.0157, -0.8445, -1.0609, -0.4776, 1.3197]),)
ARGNUMS = (0,)
