"""A function called before loops and in the inner one: its parameter held the variable of the outer loop before."""

import numpy as np


def f(x, w, s):
    def h(q):
        return sum([v * s for v in x])

    s2 = 0.7
    i3 = 0
    s4 = h(s)
    if (s10 := h(s2)) < 1.379:
        pass
    for i14 in range(i3, 2):
        s16, s17 = (x[1 - i3] + w[i3, i3], s2)
        k18 = 0
        while k18 < 1:
            s2 = x[k18] - h(s17)
            k18 += 1
    return s2 + s4 * s10 + s16 * i14


ARGS = (np.array([-1.0148, -0.9196]), np.array([[0.5055, 0.6798], [-0.9592, 1.3708]]), -0.9343)
ARGNUMS = (0, 1, 2)
