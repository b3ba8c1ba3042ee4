"""Seed 1201, program 3217: a gradient put back what it had popped on the list of another iteration."""

import math

import numpy as np

import srcad


def h0(p0, p1):
    a1 = np.where(p0[0:5] > 0.068, p0 - 1.56, np.hypot(1.0 + p1[2], p0 + 3.0))
    m2 = -np.cos(np.ones((5, 5)))
    if (1.03 if m2[-1][-2] < 1.019 else a1[2]) > 0.782 and -0.717 < -1.86 < 0.913:
        pass
    elif a1[0] * m2[-5, -4] > -0.475:
        np.subtract.at(m2, [3, 3, 4], m2[[1, 4, 0]])
        k5 = 0
        while True:
            k5 += 1
            m2 = np.triu(m2)
            np.subtract.at(m2, ([4, 4, 2, 3, 0], [2, 2, 0, 1, 2]), 0.5 * (m2.T @ a1))
            p1 -= p1
            if k5 >= 1 or k5 > 1:
                break
        for i6 in range(4, -1, -1):
            m2 *= a1.copy()
    else:
        v7 = a1[2:]
        p0 *= math.atan(m2[3, -2] if m2[-5, 0] - p1[-1] > -0.026 else p0[2])
        a1[3] += p0[-1]
    return np.maximum(np.sin(0.15), m2[-2, 1])


def f(x, y, s):
    a1 = np.append(np.exp(-(np.arange(3.0) * np.arange(3.0)))[1:], -1.41)
    for i2 in range(y.shape[0] - 1):
        k3 = 0
        while k3 < 5 and i2 > 1:
            k3 += 1
            a4 = np.full(3, 1.31) * np.sum(y[2:], axis=0, keepdims=True) * 1.0
            for k5 in range(1):
                a4 = a4 - 0.001 * srcad.grad(h0, argnums=1, backend="numpy")(x, a4)
            with np.errstate(all="ignore"):
                np.copyto(x, s)
            if i2 > 1:
                x[-4:3] *= np.linalg.norm(1.5 + a4)
                s6 = np.sum(y[:5]) * np.where(
                    a4[(2 * i2 + 1) % 3] > 0.13, a4[(2 * i2 + 1) % 3], 0.1 * a4[(2 * i2 + 1) % 3]
                )
            else:
                x[:5] -= np.dot(a1, np.ones((3, 5)))
            for i7 in range(0):
                a1[i7 + 1] -= s * s + 1.7
                a1[0] -= np.linalg.norm(1.5 + np.flip(a1))
                y[::-1] = np.sum(x[: i7 + 1])
    s8 = np.prod(np.tanh(y[::-1])) * math.tanh(a1[1])
    return 0.6 * s + 0.7 * np.sum(np.sin(a1)) + 0.7 * s8 + 1.2 * np.sum(np.sin(y))


ARGS = (
    np.array([-1.4974, 0.3739, 1.2377, 1.3602, 0.6267]),
    np.array([-1.3023, -1.199, 1.0944, -1.3676, -0.4479]),
    -0.5053,
)
ARGNUMS = (0,)
