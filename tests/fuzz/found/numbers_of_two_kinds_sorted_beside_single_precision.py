"""Python's floats and NumPy's sorted in a list, beside float32 numbers: refused, since an array has one type."""

import math

import numpy as np

import srcad

TABLE = np.array([0.5617, -1.1383])


def h0(p0):
    p0 = p0
    k1 = 0
    return p0 if 1.02 + p0 < 0.758 else p0


def f(x, y, s, steps):
    if (s1 := np.expm1(np.tanh(1.04))) < -0.945:
        np.add.at(y, [1, 1, 1, 0], np.maximum(np.arange(4.0), 0.17))
        s1 = s
        x[0] = np.sum(s * np.ones_like(x))
    for i2 in range(1, -1, -1):
        for i3 in range(len(x)):
            if y[1 - i2] * s > 0.092:
                s4 = np.sin(TABLE[1 - i3])
                y[steps::2] = i3 / 3 / (1.5 + s**2)
                v5 = y[:1]
            else:
                s6 = s * s1 / (1.5 + np.hypot(1.0 + -1.86, TABLE[i2] + 3.0) ** 2)
                n7 = len(TABLE)
            if np.expm1(np.tanh(x[i2])) > 0.035 or 0.5 * s1 > -0.797:
                y, x = (x, y)
                s8 = s * (1.0 / (2.0 + np.cos(y[i2])))
            elif np.minimum(s1, s) > 0.312:
                s9 = s
                y[i2] += h0(np.sum(y))
            else:
                s1 += h0(max(i3, y[i2], -1.31))
                x[(2 * i2 + 1) % 2] += np.sum(np.hypot(1.0 + x[:2], np.sum(x[:], axis=0, keepdims=True) + 3.0))
                s1 *= np.sum(x[x < 0.422])
            x[i2] = s
            if s1 > -0.081:
                s1 += s1
            elif s1 < -0.385:
                j10 = np.argmax(x)
                n11 = y.shape[0]
            else:
                s1 -= max(0.1 * i2, TABLE[i2], 0.36)
                y.fill(max(x[i3], 0.17))
                if y[i2] > 1.016:
                    continue
    if np.sum(y.copy()) < 0.045:
        x[0] += math.exp(-abs(1.23))
        j12 = np.argmax(x)
        x[j12] += h0(TABLE[(2 * steps + 1) % 2])
    a13 = srcad.vmap(srcad.grad(h0, backend="numpy"), (0,), backend="numpy")(y)
    a14 = a13
    a14[:][0:2] += np.square(steps / 3)
    c15 = {"p": x[:2] * a14, "q": a13[0] + -1.53}
    items16 = [s, sum((y[q] * s1 for q in range(2))), steps / (1.5 + s1**2)]
    for i17 in range(2):
        if TABLE[(2 * i17 + 1) % 2] < -0.374:
            items16.insert(2, c15["p"][(2 * steps + 1) % 2] * 1.16)
    items16 = sorted(items16)
    s18 = sum(items16[1:-1])
    return (s1 / (1.5 + s18**2), x[:])


ARGS = (
    np.array([-0.8296, 0.0632], np.float32),
    np.array([0.8188, -0.0197], np.float32),
    0.4439,
    0,
)
ARGNUMS = (1,)
