"""The tangent of a complex array is a real number so far: it is made complex."""

import numpy as np


def f(y, u, c0):
    z4 = c0["p"] + 1j * u
    s5 = z4
    return (s5, y)


ARGS = (
    np.array([0.4879, -0.8624]),
    np.array([0.091, 0.0809, -0.8166]),
    {"p": 1.1940, "q": np.array([-0.1036, -1.1083, 0.0088])},
)
ARGNUMS = (2,)
