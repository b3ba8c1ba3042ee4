"""Python's sum begins with 0, and 0 + -0.0 is 0.0."""

import numpy as np


def f(x, s):
    n = np.sum(x > 0.785)
    return sum((x[q] * n for q in range(2)))


ARGS = (
    np.array([-0.079, -0.5951]),
    0.7259,
)
ARGNUMS = (1,)
