# Derivative of heat, written by srcad.

import numpy as np
from numba import njit
from srcad_runtime import sums


@njit(cache=True, error_model="numpy")
def heat_grad(u, alpha, steps, out_bar=1.0):
    """Return heat(u, alpha, steps) and its derivatives with respect to u, alpha.

    Shapes: u (n,). heat writes u in place; this function works on a copy. Records u:
    8 * steps * (n - 1) bytes.
    """
    # ---- forward sweep ----
    u = u.copy()
    n = u.shape[0]
    u_saved = np.empty((max(steps, 0), max(n - 1, 0)), u.dtype)
    for t in range(steps):
        for i in range(1, n - 1):
            u_saved[t, i] = u[i]
            u[i] = u[i] + alpha * (u[i - 1] - 2.0 * u[i] + u[i + 1])
    out = 0.0
    for j in range(u.shape[0]):
        out = sums.plus(out, u[j] * u[j])

    # ---- reverse sweep ----
    # L6  return np.sum(u * u)
    u_bar = np.empty(u.shape[0])
    for j in range(u.shape[0]):
        u_bar[j] = 2.0 * out_bar * u[j]
    alpha_bar = 0.0
    for t in range(steps - 1, -1, -1):
        for i in range(n - 2, 0, -1):
            # L5  u[i] = u[i] + alpha * (u[i - 1] - 2.0 * u[i] + u[i + 1])
            u[i] = u_saved[t, i]
            g = alpha * u_bar[i]
            alpha_bar += u_bar[i] * (u[i - 1] - 2.0 * u[i] + u[i + 1])
            u_bar[i - 1] += g
            u_bar[i] -= 2.0 * g
            u_bar[i + 1] += g
    return out, u_bar, alpha_bar
