"""Several values taken apart in a try: the tuple was kept on paths that never made it."""

import numpy as np


def f(x, y, s):
    try:
        for i in range(2):
            k = 0
            while k < 2 and s < -5.0:
                s7, s8 = (x[k], np.maximum(0.53, y[i]))
                s = s + s7 * s8
                k += 1
            if s > 0.4:
                z = y[0]
            else:
                s13, s14 = (y[1], s)
                s = 0.5 * s + s13 * s14
        if s > 7.0:
            raise KeyError("left")
    except KeyError:
        s = x[0]
    return s


ARGS = (np.array([1.0, 2.0]), np.array([1.3, 2.1]), 0.3)
ARGNUMS = (0, 1, 2)
