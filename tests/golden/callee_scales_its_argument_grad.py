# Derivative of callee_scales_its_argument, written by srcad.

import numpy as np


def callee_scales_its_argument_grad(x, s, out_bar=1.0):
    """Return callee_scales_its_argument(...) and its derivatives.

    With respect to x, s. Shapes: x (n,). Records y: 8 * len(y) bytes.
    """
    # ---- forward sweep ----
    y = x * x
    y_saved = np.empty(len(y))
    for i in range(len(y)):
        y_saved[i] = y[i]
        y[i] *= s
    factor = y[0]
    y_saved_ = np.empty(len(y))
    for i_ in range(len(y)):
        y_saved_[i_] = y[i_]
        y[i_] *= factor
    out = np.sum(y)

    # ---- reverse sweep ----
    # L5  return np.sum(y)
    y_bar = np.full_like(y, out_bar)
    factor_bar = 0.0
    for i_ in range(len(y) - 1, -1, -1):
        # L16 of calls.py  y[i] *= factor
        y[i_] = y_saved_[i_]
        g = y_bar[i_]
        y_bar[i_] = factor * g
        factor_bar += g * y[i_]
    # L4  _scale_into(y, y[0])
    y_bar[0] += factor_bar
    s_bar = 0.0
    for i in range(len(y) - 1, -1, -1):
        # L16 of calls.py  y[i] *= factor
        y[i] = y_saved[i]
        g = y_bar[i]
        y_bar[i] = s * g
        s_bar += g * y[i]
    # L2  y = x * x
    x_bar = 2.0 * y_bar * x
    return out, x_bar, s_bar
