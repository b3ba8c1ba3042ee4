# Derivative of diffuse, written by srcad.

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def diffuse_grad(u, k, steps, out_bar=1.0):
    """Return diffuse(u, k, steps) and its derivatives with respect to u, k.

    Shapes: u (n,). diffuse writes u in place; this function works on a copy. Records
    u[1:-1]: 8 * (u.shape[0] - 2) bytes per trip.
    """
    # ---- forward sweep ----
    u = u.copy()
    u_saved = []
    for t in range(steps):
        u_saved.append(u[1:-1].copy())
        u_new = np.empty(max(u.shape[0] - 2, 0))
        for i in range(u.shape[0] - 2):
            u_new[i] = u[i + 1] + k * (u[i + 2] - 2.0 * u[i + 1] + u[i])
        for i in range(1, u.shape[0] - 1):
            u[i] = u_new[i - 1]
    out = 0.0
    for begin in range(0, u.shape[0], 512):
        part = 0.0
        for i in range(begin, min(begin + 512, u.shape[0])):
            part += u[i] * u[i]
        out += part

    # ---- reverse sweep ----
    # L4  return np.sum(u * u)
    u_bar = np.empty(u.shape[0])
    for i in range(u.shape[0]):
        u_bar[i] = 2.0 * out_bar * u[i]
    k_bar = 0.0
    for t in range(steps - 1, -1, -1):
        # L3  u[1:-1] = u[1:-1] + k * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        u[1:-1] = u_saved.pop()
        g = np.empty(max(u.shape[0] - 2, 0))
        t2 = 0.0
        for begin in range(0, u.shape[0] - 2, 512):
            part_ = 0.0
            for i in range(begin, min(begin + 512, u.shape[0] - 2)):
                g[i] = k * u_bar[i + 1]
                part_ += u_bar[i + 1] * (u[i + 2] - 2.0 * u[i + 1] + u[i])
            t2 += part_
        k_bar += t2
        for i in range(2, u.shape[0]):
            u_bar[i] += g[i - 2]
        for i in range(1, u.shape[0] - 1):
            u_bar[i] -= 2.0 * g[i - 1]
        for i in range(u.shape[0] - 2):
            u_bar[i] += g[i]
    return out, u_bar, k_bar
