# Derivative of callee_scales_its_argument, written by srcad.

import numpy as np


def callee_scales_its_argument_grad(x, s, out_bar=1.0):
    """Return callee_scales_its_argument(...) and its derivatives.

    With respect to x, s. Shapes: x (n,). Records y: 8 bytes per trip.
    """
    # ---- forward sweep ----
    y = x * x
    stop = len(y)
    y_saved = []
    for i in range(stop):
        y_saved.append(y[i])
        y[i] *= s
    factor = y[0]
    stop_ = len(y)
    y_saved_ = []
    for i_ in range(stop_):
        y_saved_.append(y[i_])
        y[i_] *= factor
    out = np.sum(y)

    # ---- reverse sweep ----
    # L5  return np.sum(y)
    y_bar = np.full_like(y, out_bar)
    factor_bar = 0.0
    for i_ in range(stop_ - 1, -1, -1):
        # L16 of calls.py  y[i] *= factor
        y[i_] = y_saved_.pop()
        g = y_bar[i_]
        y_bar[i_] = factor * g
        factor_bar += g * y[i_]
    # L4  _scale_into(y, y[0])
    y_bar[0] += factor_bar
    s_bar = 0.0
    for i in range(stop - 1, -1, -1):
        # L16 of calls.py  y[i] *= factor
        y[i] = y_saved.pop()
        g = y_bar[i]
        y_bar[i] = s * g
        s_bar += g * y[i]
    # L2  y = x * x
    x_bar = 2.0 * y_bar * x
    return out, x_bar, s_bar
