"""Items of a list that are popped after they were changed in place: the array itself is pushed back, not a copy.

An earlier statement is differentiated that read it under another name.
"""

import numpy as np


def f(x, y, p, n):
    items = []
    for k in range(n):
        items.append(x * y)
    pairs = []
    for e in items:
        pairs.append((e * p, 0.7))
    r = p
    for a, b in pairs:
        r += np.sum(a) * b
    v = items[-1] * p
    for k in range(2):
        items[2][k] *= p
    if p > 0.2:
        items[1] *= p
    for k in range(n - 1):
        w = items.pop()
    return r + np.sum(w * v)


ARGS = (np.array([1.3646, 1.0808, 0.115, 0.9886]), np.array([0.966, -0.6057, -0.6044, 0.0624]), 1.2488, 3)
ARGNUMS = (0, 1, 2)
