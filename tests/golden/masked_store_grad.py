# Derivative of masked_store, written by srcad.

import numpy as np
from srcad_runtime import unbroadcast


def masked_store_grad(x, out_bar=1.0):
    """Return masked_store(x) and its derivative with respect to x.

    Shapes: x (n,).
    """
    # ---- forward sweep ----
    y = x * 3.0
    y[x > 0.0] = 0.0
    y[x < -0.5] *= 2.0
    out = np.sum(y * y)

    # ---- reverse sweep ----
    # L5  return np.sum(y * y)
    y_bar = 2.0 * out_bar * y
    # L4  y[x < -0.5] *= 2.0
    g = y_bar[x < -0.5].copy()
    y_bar[x < -0.5] = 0.0
    y_bar[x < -0.5] += unbroadcast(2.0 * g, y[x < -0.5])
    # L3  y[x > 0.0] = 0.0
    y_bar[x > 0.0] = 0.0
    # L2  y = x * 3.0
    x_bar = 3.0 * y_bar
    return out, x_bar
