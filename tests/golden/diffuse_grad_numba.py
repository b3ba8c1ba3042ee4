# Derivative of diffuse, written by srcad.

import numpy as np
from numba import njit
from srcad_runtime import sums


@njit(cache=True, error_model="numpy")
def diffuse_grad(u, k, steps, out_bar=1.0):
    """Return diffuse(u, k, steps) and its derivatives with respect to u, k.

    Shapes: u (n,). diffuse writes u in place; this function works on a copy. Records u:
    8 * u.shape[0] bytes per trip.
    """
    # ---- forward sweep ----
    u = u.copy()
    u_saved = np.empty((max(steps, 0), u.shape[0]))
    for t in range(steps):
        for i in range(u.shape[0]):
            u_saved[t, i] = u[i]
        for i in range(1, u.shape[0] - 1):
            u[i] = u_saved[t, i] + k * (
                u_saved[t, i + 1] - 2.0 * u_saved[t, i] + u_saved[t, i - 1]
            )
    out = 0.0
    for i in range(u.shape[0]):
        out = sums.plus(out, u[i] * u[i])

    # ---- reverse sweep ----
    # L4  return np.sum(u * u)
    u_bar = np.empty(u.shape[0])
    for i in range(u.shape[0]):
        u_bar[i] = 2.0 * out_bar * u[i]
    k_bar = 0.0
    for t in range(steps - 1, -1, -1):
        # L3  u[1:-1] = u[1:-1] + k * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        t2 = 0.0
        g_before = 0.0
        g_before2 = 0.0
        for i in range(u.shape[0] - 2):
            g = k * u_bar[i + 1]
            t2 = sums.plus(
                t2,
                u_bar[i + 1]
                * (u_saved[t, i + 2] - 2.0 * u_saved[t, i + 1] + u_saved[t, i]),
            )
            u_bar[i] += g_before2 + g - 2.0 * g_before
            g_before2 = g_before
            g_before = g
        k_bar += t2
        if u.shape[0] > 1:
            u_bar[u.shape[0] - 2] += g_before2 - 2.0 * g_before
        if u.shape[0] > 0:
            u_bar[u.shape[0] - 1] += g_before
    return out, u_bar, k_bar
