# Derivative of row_views_in_a_loop, written by srcad.

import numpy as np


def row_views_in_a_loop_grad(a, out_bar=1.0):
    """Return row_views_in_a_loop(a) and its derivative with respect to a.

    Shapes: a (n, m). Records b: 8 * 3 bytes.
    """
    # ---- forward sweep ----
    b = a + 1.0
    b_saved = np.empty(3)
    for i in range(1, 3):
        b[i] += 0.5 * b[i - 1]
        b_saved[i] = b[i, 0]
        b[i, 0] *= b[i - 1, 1]
    out = np.sum(b * b)

    # ---- reverse sweep ----
    # L8  return np.sum(b * b)
    b_bar = 2.0 * out_bar * b
    for i in range(2, 0, -1):
        # L7  row[0] *= above[1]
        b[i, 0] = b_saved[i]
        g = b_bar[i, 0]
        b_bar[i, 0] = g * b[i - 1, 1]
        b_bar[i - 1, 1] += g * b[i, 0]
        # L6  row += 0.5 * above
        g2 = 0.5 * b_bar[i]
        b_bar[i - 1] += g2
    # L2  b = a + 1.0
    a_bar = b_bar
    return out, a_bar
