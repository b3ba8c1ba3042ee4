# Derivative of for_else_not_broken, written by srcad.

import numpy as np


def for_else_not_broken_grad(x, out_bar=1.0):
    """Return for_else_not_broken(x) and its derivative with respect to x.

    Shapes: x (n,). Records total: 8 bytes.
    """
    # ---- forward sweep ----
    total = 0.0
    done = False
    trips = 0
    for i in range(6):
        trips += 1
        if x[i] > 0.9:
            total = -1.0
            done = True
        else:
            total = total + x[i] ** 2
        if done:
            break
    if not done:
        total_saved = total
        total = total * x[0]
    out = total

    # ---- reverse sweep ----
    # L10  return total
    total_bar = out_bar
    x_bar = np.zeros_like(x)
    if not done:
        # L9  total *= x[0]
        total = total_saved
        x_bar[0] += total_bar * total
        total_bar = total_bar * x[0]
    for i in range(trips - 1, -1, -1):
        if x[i] > 0.9:
            total_bar = 0.0
        else:
            # L7  total += x[i] ** 2
            x_bar[i] += 2.0 * total_bar * x[i]
    return out, x_bar
