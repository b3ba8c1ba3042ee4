# Derivative of closure_reads_outer_names, written by srcad.

import numpy as np


def closure_reads_outer_names_grad(x, s, out_bar=1.0):
    """Return closure_reads_outer_names(...) and its derivatives.

    With respect to x, s. Shapes: x (n,). Records s: 8 bytes.
    """
    # ---- forward sweep ----
    t = x[1]
    total = s * t * t + x[0]
    s_saved = s
    s = s + 1.0
    t_ = x[2]
    out = total * (s * t_ * t_ + x[0])

    # ---- reverse sweep ----
    # L7  return total * f(x[2])
    g = total * out_bar
    g2 = t_ * g
    total_bar = out_bar * (s * t_ * t_ + x[0])
    s_bar = t_ * g2
    t_bar_ = g2 * s
    t_bar_ += g * (s * t_)
    x_bar = np.zeros_like(x)
    x_bar[0] += g
    # L7  f(x[2])
    x_bar[2] += t_bar_
    s = s_saved
    # L5  total = f(x[1])
    g = t * total_bar
    s_bar += t * g
    t_bar = g * s
    t_bar += total_bar * (s * t)
    x_bar[0] += total_bar
    # L5  f(x[1])
    x_bar[1] += t_bar
    return out, x_bar, s_bar
