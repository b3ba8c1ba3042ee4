"""A sum over a comprehension in a loop whose variables are swapped."""

import numpy as np


def f(x, y, u, s):
    for _ in range(u.shape[0]):
        a = y
        s = s * sum([0.7 * v for v in x])
        if s > 0.391:
            x, a = a, x
    return s + np.sum(x * x)


ARGS = (np.array([-0.816, 0.9776, 1.486]), np.array([-0.8481, -0.2784, 0.5055]), np.array([-1.3933, 0.981]), 0.1656)
ARGNUMS = (0, 1, 3)
