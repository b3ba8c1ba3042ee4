"""A list that is restored inside a derivative, which is differentiated again: it is popped under its own name."""

import numpy as np

import srcad


def h1(p0, p1):
    items1 = [p0, p0, float(p0)]
    if p1[1] < -0.018:
        items1 = items1 + [p0 * 0.21]
    items1 = [v * p1[0] for v in items1[1:]] + items1[:1]
    items1[-2] *= p0
    return items1[0]


def f(x, s):
    x[-1] += 0.96
    a8 = srcad.vmap(srcad.grad(h1, backend="numpy"), (0, None), backend="numpy")(x, x)
    s10, s9 = srcad.jvp(h1, (s, x), (s, x), backend="numpy")
    return 0.5 * s9 + s10


ARGS = (
    np.array([-1.4465, -1.1181]),
    0.4676,
)
ARGNUMS = (0, 1)
