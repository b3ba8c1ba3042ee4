# Derivative of break_inner_continue_outer, written by srcad.

import numpy as np


def break_inner_continue_outer_grad(a, out_bar=1.0):
    """Return break_inner_continue_outer(a) and its derivative with respect to a.

    Shapes: a (n, m). Records row: 8 * 4 * 5 bytes. Records trips: 8 * 4 bytes.
    """
    # ---- forward sweep ----
    total = 0.0
    row_saved = np.empty((4, 5))
    trips_saved = np.empty(4, np.int64)
    for i in range(4):
        if not a[i, 0] > 1.0:
            row = 1.0
            done = False
            trips = 0
            for j in range(5):
                trips += 1
                if a[i, j] < -1.0:
                    done = True
                else:
                    row_saved[i, j] = row
                    row = row * (1.0 + 0.3 * a[i, j])
                if done:
                    break
            total = total + row
            trips_saved[i] = trips

    # ---- reverse sweep ----
    # L12  return total
    total_bar = out_bar
    a_bar = np.zeros_like(a)
    for i in range(3, -1, -1):
        if not a[i, 0] > 1.0:
            trips = trips_saved[i]
            # L11  total += row
            row_bar = total_bar
            for j in range(trips - 1, -1, -1):
                if not a[i, j] < -1.0:
                    # L10  row *= 1.0 + 0.3 * a[i, j]
                    row = row_saved[i, j]
                    a_bar[i, j] += 0.3 * row_bar * row
                    row_bar = row_bar * (1.0 + 0.3 * a[i, j])
    return total, a_bar
