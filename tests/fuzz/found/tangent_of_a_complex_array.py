"""A complex array with a real tangent that is then written into."""

import collections

import numpy as np


def h0(p0, p1):
    a2 = np.arctan2(np.mean(p1[0:4], axis=-1, keepdims=True), 2.0 + np.abs(np.hypot(1.0 + 1.35, p1 + 3.0)))
    z3 = a2
    return np.linalg.norm(1.5 + np.mean(np.full((4, 4), z3[1]), axis=0))


def h1(p0):
    z1 = np.repeat(p0, 4) + 1j * np.ones(4)
    z1[3] = z1[-4] * 1j
    a2 = np.real(z1 * z1)
    if np.sum(np.ones(4)) > 1.092:
        return np.linalg.norm(1.5 + a2[[3, 0, 1, 0]])
    return np.minimum(p0 - p0, h0(p0, a2))


def f(x, y, steps):

    def ap1(fn, v):
        return fn(v) - fn(0.3)

    def ap2(fn, v):
        return fn(fn(v))

    if np.abs(1.1 + (0.1 * steps) ** 2) ** 1.5 < 0.7:
        for i3 in range(steps):
            s4 = x[i3] ** 2
            y[i3] *= x[i3]
            for i5 in range(4, 0, -2):
                x -= np.array([np.clip(v, -1.31, 1.72) * s4 for v in y])
                assert abs(s4) < 1000000000.0
            else:
                a6 = y[[0, 0, 0, 1]]
            v7 = y[0:3][1:]
        else:
            z8 = x
        y[-1] = h1(steps / (1.5 + (steps / 3) ** 2))
    with np.errstate(all="ignore"):
        y[(2 * steps + 1) % 3] = h1(x[(2 * steps + 1) % 3] / (1.5 + y[-1] ** 2))
        x[x < 0.388] -= np.sum(y)
    y[1] -= ap2(h1, h1(p0=0.96))
    t9 = collections.defaultdict(float)
    for i11 in range(3):
        mask12 = y < 0.375
        t9[i11] += y[i11] * 0.39
    s10 = sum(t9.values())
    if np.hypot(1.0 + s10, x[(2 * steps + 1) % 3] + 3.0) < 0.701:
        v13 = x[0:3]
        if -0.717 < y[2] < 0.913:
            return 0.5 * (np.full((3, 3), s10) @ x[:])
        a14 = np.tanh(np.abs(v13))
    y = np.arctan2(y + y, 2.0 + np.abs(np.prod(np.tanh(x[0:3]))))
    if s10 < 0.155:
        v15 = x[-2:3]
        v16 = x[:]
    return -x[:3]


ARGS = (
    np.array([0.4916, 0.0922, -0.763], np.float32),
    np.array([0.4718, 0.868, -1.1013], np.float32),
    2,
)
ARGNUMS = (0, 1)
