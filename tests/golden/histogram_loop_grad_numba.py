# Derivative of histogram_loop, written by srcad.

import numpy as np
from numba import njit
from srcad_runtime import sums


@njit(cache=True, error_model="numpy", boundscheck=True)
def histogram_loop_grad(x, bins, out_bar=1.0):
    """Return histogram_loop(x, bins) and its derivative with respect to x.

    Shapes: x (n,), bins (n,).
    """
    # ---- forward sweep ----
    if bins.shape[0] != x.shape[0]:
        raise ValueError("histogram_loop: shapes unlike those in the docstring")
    h = np.zeros(3)
    for k in range(len(x)):
        h[bins[k]] += x[k] * x[k]
    out = 0.0
    for i in range(3):
        out = sums.plus(out, h[i] * h[i])

    # ---- reverse sweep ----
    # L5  return np.sum(h * h)
    h_bar = np.empty(3)
    for i in range(3):
        h_bar[i] = 2.0 * out_bar * h[i]
    x_bar = np.empty(x.shape[0])
    for k in range(len(x)):
        # L4  h[bins[k]] += x[k] * x[k]
        x_bar[k] = 2.0 * h_bar[bins[k]] * x[k]
    return out, x_bar
