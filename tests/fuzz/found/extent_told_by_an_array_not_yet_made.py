"""An array that nobody reads is made in a loop: its extent was told by the array itself, before it was there."""

import numpy as np


def f(x, w, s):
    for i24 in range(x.shape[0]):
        if 0.7 > 1.182:
            pass
        else:
            a31 = np.arctan2(w[i24, i24], w[2, :])[1:]
    else:
        w = w[:, :]
    return 0.7


ARGS = (
    np.array([-1.2407, 1.0432, -1.3286]),
    np.array(
        [
            [1.1553, 0.7473, -0.9784, 0.0412, -0.8876],
            [1.1453, -0.0778, -0.3218, 1.4779, 1.0071],
            [0.8005, -0.4853, -0.1659, -0.6219, 0.3081],
        ]
    ),
    1.0867,
)
ARGNUMS = (2,)
