"""A sum into an element of a view, beside loops that may be products."""

import numpy as np

import srcad


def f(x, w, u, s, c0):
    k1 = 0
    while True:
        k1 += 1
        x[0] = float(x[(2 * k1 + 1) % 3] - c0[1][1, (2 * k1 + 1) % 3])
        x[-1] = np.max(np.tanh(c0[1]))
        z2 = np.fft.fft(u[:])
        a3 = np.abs(z2 + 3.0)
        if k1 >= 4 or c0[0] > 0.77:
            break
    v4 = u[0:4]
    v5 = u[1:4:2]
    i6 = list(srcad.checkpoint(range(3)))[0]
    for i7, j8 in np.ndindex((3, 4)):
        v9 = x[:][::-1]
        v5[0] += 0.29
        v10 = w[1, 2:3]
        for i11 in range(1, 3):
            w[(2 * i11 + 1) % 3, i6 + 1] += np.sum(v4[j8:])
    return 0.6 * np.sum(u * u) + 0.8 * np.sum(v4) + 0.9 * c0[0] + 0.4 * np.sum(c0[1])


ARGS = (
    np.array([-1.3646, 0.101, 0.794]),
    np.array([[0.4757, 0.673, -1.1843, 0.7796], [0.4205, 0.4446, -1.2152, 0.6635], [1.2428, 0.0533, -1.1109, 1.1868]]),
    np.array([-1.4288, 1.1444, -0.3962, 0.3763]),
    0.5112,
    [
        1.3629,
        np.array(
            [[-1.162, 0.3103, 0.418], [0.8728, 0.5272, -0.1154], [0.1765, -1.324, -1.0432], [-0.7173, -0.8962, -1.3275]]
        ),
    ],
)
ARGNUMS = (0, 2, 3, 4)
