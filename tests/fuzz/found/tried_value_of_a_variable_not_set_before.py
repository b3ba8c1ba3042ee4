"""What is tried sets a variable that an earlier iteration left under another name, or had not set."""

import numpy as np


def f(w, s):
    for i4 in range(3):
        try:
            for i5, j6 in np.ndindex(w.shape):
                s = np.sum(0.7)
        except KeyError:
            pass
    return s


ARGS = (
    np.array([[0.4063, 0.4787], [0.2011, -1.4398], [-0.0235, 0.3762]]),
    -0.5486,
)
ARGNUMS = (1,)
