"""An extent that has no name any more must not get that of an array which only the other path has."""

import collections

import numpy as np

TABLE = 0.7


def h0(p0, p1):
    pass


def f(x, w, s):
    d1 = collections.deque([w[-3, -2], s], maxlen=3)
    s2 = s
    i3 = 0
    if np.maximum(s, i3 / 3) < -0.501:
        x[...] = np.mean(w.T, axis=0)
        k5 = 0
        while True:
            w = w[:, [0, 1]]
    else:
        w[:, : i3 + 1] = np.minimum(w[i3][1], x[i3 + 1])
        x = x
    d1.appendleft(w[i3, i3 + 1] + 0.5 * d1[0])
    s2 += np.array(d1)
    return s2


ARGS = (
    np.array([-0.2611, 0.8801, 0.3649, 1.1764]),
    np.array([[-0.9077, -0.9647], [-1.0717, -1.4466], [0.4266, 1.0514], [-0.6435, 1.2626]]),
    -0.8726,
)
ARGNUMS = (0, 1, 2)
