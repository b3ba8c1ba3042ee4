# Derivative of triangular_bounds, written by srcad.

import numpy as np


def triangular_bounds_grad(a, out_bar=1.0):
    """Return triangular_bounds(a) and its derivative with respect to a.

    Shapes: a (n, m). triangular_bounds writes a in place; this function works on a
    copy. Records a: 8 * 4 * 3 bytes.
    """
    # ---- forward sweep ----
    a = np.copy(a)
    a_saved = np.empty((4, 3), a.dtype)
    a_saved_ = np.empty((4, 3), a.dtype)
    for i in range(4):
        for j in range(i):
            a_saved[i, j] = a[i, j]
            a[i, j] = a[i, j] * a[j, i]
            a_saved_[i, j] = a[j, i]
            a[j, i] -= a[i, j]
    out = np.sum(a * a)

    # ---- reverse sweep ----
    # L6  return np.sum(a * a)
    a_bar = 2.0 * out_bar * a
    for i in range(3, -1, -1):
        for j in range(i - 1, -1, -1):
            # L5  a[j, i] -= a[i, j]
            a[j, i] = a_saved_[i, j]
            a_bar[i, j] -= a_bar[j, i]
            # L4  a[i, j] = a[i, j] * a[j, i]
            a[i, j] = a_saved[i, j]
            g = a_bar[i, j]
            a_bar[i, j] = g * a[j, i]
            a_bar[j, i] += g * a[i, j]
    return out, a_bar
