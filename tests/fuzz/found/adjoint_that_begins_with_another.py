"""A second derivative in a loop that does not run: an adjoint that begins early is added to another one."""

import math

import numpy as np

import srcad


def h0(p0):
    items1 = [p0]
    for i2 in range(2):
        items1.append(0.6 * items1[-1] + items1[-1])
    a6 = np.array(items1)
    if not items1[-1] > 0.391 and -0.717 < items1[-1] < 0.913:
        pass
    else:
        a6[1:3][0:2] += np.maximum(a6[0], p0)
        s10 = a6[0]
    k11 = 0
    while k11 < 3 and (not items1[1] > 0.391):
        k11 += 1
        s12 = k11 / 3
        k13 = 0
        while k13 < 4 and np.prod(np.tanh(a6[:3])) > -0.623:
            k13 += 1
            a14 = np.where(np.zeros(5) < -0.332, np.sin(np.linspace(0.0, 1.0, 5)), a6[[0, 2, 0, 1, 1]])
            s15 = np.sqrt(1.0 + np.var(a6[:3]) * np.var(a6[:3]))
            a6[-3] = np.hypot(1.0 + np.sum(a14), np.minimum(s15, a6[(2 * k11 + 1) % 3]) + 3.0)
            a6[:] = np.mean(a6, axis=-1, keepdims=True)
        if max(a6[-2], items1[-1], 1.5) < -0.659 or (
            (a6[k11 - 1] > 0.77 and items1[-1] * 1.26 < -0.226) and k11 % 2 == 0
        ):
            continue
        k16 = 0
        while True:
            k16 += 1
            for e17, k18 in zip(a6, a6):
                s19, s20 = (np.sum(a6[k11::2]), e17)
            if not a6[2 - k16] > 0.391:
                a6[k11 - 1] = np.max(a6 / (1.5 + a6**2))
                v21 = a6[::-1][1:]
            else:
                a22 = np.maximum(np.array([s12, items1[1]]), 0.17)
            if k16 >= 2 or (a6[k16] < 1.439 or (k11 != 2 or items1[1] > -0.718)):
                break
    return (0.55 + a6[(2 * k11 + 1) % 3]) * (
        -1.74 if np.hypot(1.0 + items1[1], items1[-1] + 3.0) < 0.724 else items1[-1]
    )
    return np.var(np.linspace(0.0, 1.0, 3))


def f(x, c0):
    k7 = 0
    for i10 in range(0):
        a11 = srcad.vmap(srcad.grad(h0, backend="numpy"), (0,), backend="numpy")(x)
        if x[k7] < 0.731:
            s12 = np.max(np.hypot(1.0 + a11, a11 + 3.0))
            x[k7] = math.sqrt(1.0 + (c0[1][1 - i10] + s12) ** 2)
        elif c0[0] < -0.31:
            a11 += np.maximum(np.mean(a11[::-1], axis=-1, keepdims=True), x)
            a13 = a11
        elif np.arctan2(c0[0], 2.0 + np.abs(c0[0])) < -0.632:
            x[[3, 0]] += x[k7 : k7 + 2]
            x[::-1] += np.sum(x, axis=0, keepdims=True)
            v14 = c0[1][:1]
        elif max(c0[1][i10], x[-5], 0.72) > 0.219:
            a11, x = (x, x + a11)
            np.add.at(a11, [0, 1, 0, 0, 3], np.arange(5.0))
            s15 = x[k7]
        a11[k7 + 1] += c0[0]
    a16 = np.array(
        [
            x[-4],
            k7 / 3 * c0[0],
            c0[0],
            np.hypot(1.0 + 0.1 * k7, c0[1][1] + 3.0),
            np.where(c0[0] > 0.13, c0[0], 0.1 * c0[0]),
        ]
    )
    return 0.5 * np.sum(a16) + 1.0 * c0[0] + 0.6 * np.sum(c0[1])


ARGS = (
    np.array([-0.8188, 0.3243, 0.0736, -1.3135, 1.4871]),
    [1.0312, np.array([0.3646, -0.5518])],
)
ARGNUMS = (0, 1)
