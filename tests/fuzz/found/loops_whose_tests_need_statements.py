"""Loops inside loops whose tests need statements shared the name that says whether to go on: a wrong value."""

import numpy as np


def f(x, y, s):
    k2 = 0
    while k2 < 4 and (s * x[2] > 0.565 and (x[1] < -0.598 or not x[-3] > 0.391) or sum([v * s for v in x]) > -0.435):
        np.copyto(x, np.sum(y, axis=0, keepdims=True))
        k3 = 0
        while k3 < 3 and (s if not s > 0.391 else s) < 0.013:
            k4 = 0
            while k4 < 4:
                k4 += 1
                y[1] -= x[0]
            k3 += 1
    s5, *c6 = (y[0] / (1.5 + 0.22**2), s / (1.5 + s**2), np.dot(x, np.full((3, 4), s)))
    c7 = [s5, s, s * c6[0]]
    v8 = c6[1][:]
    return 0.6 * np.sum(v8 * v8) + 0.5 * s + 0.3 * c7[1] + 0.4 * c7[2]


ARGS = (
    np.array([1.4515, 1.211, -0.3562]),
    np.array([-0.7052, 1.2088, 0.8516]),
    -0.0005,
)
ARGNUMS = (0,)
