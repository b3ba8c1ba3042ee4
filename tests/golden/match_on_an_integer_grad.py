# Derivative of match_on_an_integer, written by srcad.

import math

import numpy as np


def match_on_an_integer_grad(x, kind, out_bar=1.0):
    """Return match_on_an_integer(x, kind) and its derivative with respect to x."""
    # ---- forward sweep ----
    if kind == 0:
        y = x
    elif kind == 1 or kind == 2:
        sin = math.sin(x)
        y = x * x * sin
    else:
        y = -x
    out = y * x

    # ---- reverse sweep ----
    # L9  return y * x
    y_bar = x * out_bar
    x_bar = out_bar * y
    if kind == 0:
        # L4  y = x
        x_bar += y_bar
    elif kind == 1 or kind == 2:
        # L6  y = x * x * math.sin(x)
        g = sin * y_bar
        x_bar += 2.0 * x * g
        sin_bar = y_bar * (x * x)
        x_bar += sin_bar * np.cos(x)
    else:
        # L8  y = -x
        x_bar -= y_bar
    return out, x_bar
