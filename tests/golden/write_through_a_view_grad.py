# Derivative of write_through_a_view, written by srcad.

import numpy as np


def write_through_a_view_grad(x, out_bar=1.0):
    """Return write_through_a_view(x) and its derivative with respect to x.

    Shapes: x (n,). Records y[1:4][:]: 8 * 3 bytes. Records y: 8 bytes.
    """
    # ---- forward sweep ----
    y = np.sin(x)
    y_saved = y[1:4][:].copy()
    y[1:4][:] = y[1:4] * y[1:4]
    y_saved_ = y[1:4][0]
    y[1:4][0] += x[5]
    arange = np.arange(6.0)
    out = np.sum(y * arange)

    # ---- reverse sweep ----
    # L6  return np.sum(y * np.arange(6.0))
    y_bar = np.zeros_like(y)
    y_bar += out_bar * arange
    # L5  v[0] += x[5]
    y[1:4][0] = y_saved_
    x_bar = np.zeros_like(x)
    x_bar[5] += y_bar[1:4][0]
    # L4  v[:] = v * v
    y[1:4][:] = y_saved
    g = y_bar[1:4][:].copy()
    y_bar[1:4][:] = 0.0
    y_bar[1:4] += 2.0 * g * y[1:4]
    # L2  y = np.sin(x)
    x_bar += y_bar * np.cos(x)
    return out, x_bar
