# Derivative of several_returns, written by srcad.

import math

import numpy as np


def several_returns_grad(x, kind, out_bar=1.0):
    """Return several_returns(x, kind) and its derivative with respect to x.

    Records y: 8 bytes.
    """
    # ---- forward sweep ----
    if kind == 0:
        out = x
    else:
        y = x * x
        if kind == 1:
            out = y
        else:
            returned = False
            if kind == 2:
                y_saved = y
                y = np.sin(y)
            elif x > 0.5:
                exp = math.exp(x)
                out = y * exp
                returned = True
            if not returned:
                out = y + x

    # ---- reverse sweep ----
    # L12  return y + x
    out_bar_ = out_bar
    if kind == 0:
        # L3  return x
        x_bar = out_bar_
        out_bar_ = 0.0
    else:
        x_bar = 0.0
        if kind == 1:
            # L6  return y
            y_bar = out_bar_
            out_bar_ = 0.0
        else:
            y_bar = 0.0
            if not returned:
                # L12  return y + x
                y_bar += out_bar_
                x_bar += out_bar_
                out_bar_ = 0.0
            if kind == 2:
                # L8  y = np.sin(y)
                y = y_saved
                y_bar = y_bar * np.cos(y)
            elif x > 0.5:
                # L11  return y * math.exp(x)
                y_bar += exp * out_bar_
                exp_bar = out_bar_ * y
                x_bar += exp * exp_bar
                out_bar_ = 0.0
        # L4  y = x * x
        x_bar += 2.0 * x * y_bar
    return out, x_bar
