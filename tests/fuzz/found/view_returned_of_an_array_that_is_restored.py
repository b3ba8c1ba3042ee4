"""What is returned is a view of an array that the reverse sweep brings back to what it was."""

import numpy as np


def f(y, s):
    for i4 in range(1, 3):
        y[::1][:] *= s
    v6 = 0.7
    c7 = ((4, 4), v6)
    return (c7, y[:])


ARGS = (
    np.array([-0.4113, -0.1248, -1.1859, -1.1745]),
    -1.0121,
)
ARGNUMS = (1,)
