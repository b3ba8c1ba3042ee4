# Derivative of function_valued_argument, written by srcad.

import numpy as np


def function_valued_argument_grad(y0, rate, out_bar=1.0):
    """Return function_valued_argument(...) and its derivatives.

    With respect to y0, rate. Records y, y_: 8 * 8 bytes each.
    """
    # ---- forward sweep ----
    y = y0
    y_saved = np.empty(8)
    for k in range(8):
        t = k * 0.1
        y_saved[k] = y
        y = y + 0.1 * (-rate * y)
    decay = y
    y_ = y0
    y__saved = np.empty(8)
    for k_ in range(8):
        t_ = k_ * 0.1
        y__saved[k_] = y_
        y_ = y_ + 0.1 * (rate * y_ * (1.0 - y_) + t_)
    growth = y_
    out = decay * growth

    # ---- reverse sweep ----
    # L4  return decay * growth
    decay_bar = growth * out_bar
    growth_bar = decay * out_bar
    # L3  growth = _euler(lambda t, y: rate * y * (1.0 - y) + t, y0, 0.1, 8)
    y_bar_ = growth_bar
    rate_bar = 0.0
    for k_ in range(7, -1, -1):
        # L183 of calls.py  y = y + h * f(k * h, y)
        y_ = y__saved[k_]
        g = 0.1 * y_bar_
        g2 = g * (1.0 - y_)
        rate_bar += g2 * y_
        y_bar_ = y_bar_ + rate * g2 - g * (rate * y_)
    # L3  _euler(lambda t, y: rate * y * (1.0 - y) + t, y0, 0.1, 8)
    y0_bar = y_bar_
    # L2  decay = _euler(lambda t, y: -rate * y, y0, 0.1, 8)
    y_bar = decay_bar
    for k in range(7, -1, -1):
        # L183 of calls.py  y = y + h * f(k * h, y)
        y = y_saved[k]
        g = 0.1 * y_bar
        rate_bar -= g * y
        y_bar = y_bar - g * rate
    # L2  _euler(lambda t, y: -rate * y, y0, 0.1, 8)
    y0_bar += y_bar
    return out, y0_bar, rate_bar
