# Derivative of transpose_is_a_view, written by srcad.

import numpy as np


def transpose_is_a_view_grad(a, out_bar=1.0):
    """Return transpose_is_a_view(a) and its derivative with respect to a.

    Shapes: a (3, n).
    """
    # ---- forward sweep ----
    if a.shape[0] != 3:
        raise ValueError("transpose_is_a_view: shapes unlike those in the docstring")
    b = a * 1.0
    t = np.copy(b.T)
    b.T[2] = t[0] * t[1]
    t2 = np.copy(b.T)
    b.T[3, 1:] = t2[3, 1:] + b[0, :2]
    exp = np.exp(b)
    out = np.sum(exp)

    # ---- reverse sweep ----
    # L6  return np.sum(np.exp(b))
    exp_bar = np.full_like(exp, out_bar)
    b_bar = exp_bar * exp
    # L5  t[3, 1:] += b[0, :2]
    g = b_bar.T[3, 1:].copy()
    b_bar.T[3, 1:] = 0.0
    t2_bar = np.zeros_like(t2)
    t2_bar[3, 1:] += g
    b_bar[0, :2] += g
    b_bar += t2_bar.T
    # L4  t[2] = t[0] * t[1]
    g2 = b_bar.T[2]
    t_bar = np.zeros_like(t)
    t_bar[0] += g2 * t[1]
    t_bar[1] += g2 * t[0]
    b_bar.T[2] = 0.0
    b_bar += t_bar.T
    # L2  b = a * 1.0
    a_bar = b_bar
    return out, a_bar
