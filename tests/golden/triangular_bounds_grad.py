# Derivative of triangular_bounds, written by srcad.

import numpy as np


def triangular_bounds_grad(a, out_bar=1.0):
    """Return triangular_bounds(a) and its derivative with respect to a.

    Shapes: a (n, m). triangular_bounds writes a in place; this function works on a
    copy. Records a: 8 bytes per trip.
    """
    # ---- forward sweep ----
    a = a.copy()
    a_saved = []
    a_saved_ = []
    for i in range(4):
        for j in range(i):
            a_saved.append(a[i, j])
            a[i, j] = a[i, j] * a[j, i]
            a_saved_.append(a[j, i])
            a[j, i] -= a[i, j]
    out = np.sum(a * a)

    # ---- reverse sweep ----
    # L6  return np.sum(a * a)
    a_bar = 2.0 * out_bar * a
    for i in range(3, -1, -1):
        for j in range(i - 1, -1, -1):
            # L5  a[j, i] -= a[i, j]
            a[j, i] = a_saved_.pop()
            a_bar[i, j] -= a_bar[j, i]
            # L4  a[i, j] = a[i, j] * a[j, i]
            a[i, j] = a_saved.pop()
            g = a_bar[i, j]
            a_bar[i, j] = g * a[j, i]
            a_bar[j, i] += g * a[i, j]
    return out, a_bar
