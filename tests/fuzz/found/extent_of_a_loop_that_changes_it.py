"""The extent of a loop that changes what it is computed from has a name before anything is as large."""

import numpy as np


def f(y, w, s):
    for i2, j3 in np.ndindex(w.shape):
        if s > 0.391:
            pass
        else:
            with np.errstate(all="ignore"):
                y *= y
        w[j3, ::1] += 0.7
    return np.sum(y) + np.sum(w)


ARGS = (
    np.array([0.4077, 0.8832, 0.1615, -1.1691]),
    np.array([[1.0499, -0.6589], [1.136, -0.3023], [0.4847, -1.2975], [0.8354, -1.1059]]),
    0.5279,
)
ARGNUMS = (0,)
