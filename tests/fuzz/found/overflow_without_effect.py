"""What overflows does not reach the value: its adjoint is zero, not NaN."""

import numpy as np


def f(x):
    for i4 in range(3, 1, -1):
        for i5 in range(len(x)):
            x[1:] *= np.sum(x, axis=0, keepdims=True)
            x[x > 0.78] = np.dot(x[:i4], x[:i4])
    return 0.7


ARGS = (np.array([0.0493, -1.3426, -0.848]),)
ARGNUMS = (0,)
