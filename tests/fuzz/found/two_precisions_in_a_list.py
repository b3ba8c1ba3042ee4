"""Python's floats beside float32 numbers in a list: refused."""

import numpy as np


def f(x, y):
    items3 = [0.7, x[-3], 0.7]
    for i4 in range(2):
        items3.insert(2, 0.7)
    items3 = sorted(items3)
    return items3[0]


ARGS = (
    np.array([-0.6882, -0.7747, -1.0199], np.float32),
    np.array([0.9237, -0.9019, -0.8521], np.float32),
)
ARGNUMS = (1,)
