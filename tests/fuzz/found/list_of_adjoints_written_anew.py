"""The gradient of a gradient: a list of adjoints that gets its numbers from an array, is popped and written into."""

import numpy as np

import srcad


def h1(p0, p1):
    c1 = [p0 * p0, p0, p1[0]]
    items2 = [c1[0], c1[2], c1[0]]
    for i3 in range(3):
        items2.append(0.6 * items2[-1] + p0 * p1[i3])
    items2 = sorted(items2)
    items2.pop()
    items2.append(p0 * p1[1])
    return items2[0] ** 2 * items2[1] * p0 + items2[-1] * items2[2] + items2[3]


def f(s, x):
    t = 0.0
    for k in range(2):
        a, b = srcad.value_and_grad(h1, argnums=0, backend="numpy")(s, x[k:])
        t += a * np.sin(b)
    return t


ARGS = (0.7, np.array([0.3, 0.8, -0.4, 0.6]))
ARGNUMS = (0, 1)
