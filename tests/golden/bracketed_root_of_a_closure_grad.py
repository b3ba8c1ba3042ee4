# Derivative of bracketed_root_of_a_closure, written by srcad.

import numpy as np
from scipy import optimize
from srcad_runtime import implicit, unbroadcast


def residual(x, t):
    return x**3 + t[0] * x - t[1]


def bracketed_root_of_a_closure_grad(t, out_bar=1.0):
    """Return bracketed_root_of_a_closure(t) and its derivative with respect to t.

    Shapes: t (n,).
    """
    # ---- forward sweep ----
    root = optimize.brentq(residual, 0.0, 5.0, args=(t,), xtol=1e-14)
    out = root**3 + t[0] * root - t[1]
    x_bar_ = 3 * root**2
    x_bar_ += t[0]
    mismatch = out
    slope = x_bar_
    x_2 = implicit.at_root(root, mismatch, slope)
    out_ = x_2 * x_2 + t[0]

    # ---- reverse sweep ----
    # L6  return x * x + t[0]
    x_2_bar = 2.0 * x_2 * out_bar
    t_bar = np.zeros_like(t)
    t_bar[0] += out_bar
    # L5  x = optimize.brentq(residual, 0.0, 5.0, xtol=1e-14)
    mismatch_bar = unbroadcast(
        implicit.root_adjoint(slope, mismatch, x_2_bar, root), mismatch
    )
    # L5  optimize.brentq(residual, 0.0, 5.0, xtol=1e-14)
    out_bar_ = mismatch_bar
    t_bar[0] += root * out_bar_
    t_bar[1] -= out_bar_
    return out_, t_bar
