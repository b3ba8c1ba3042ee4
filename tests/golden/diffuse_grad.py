# Derivative of diffuse, written by srcad.

import numpy as np


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
        u[1:-1] = u[1:-1] + k * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    out = np.sum(u * u)

    # ---- reverse sweep ----
    # L4  return np.sum(u * u)
    u_bar = 2.0 * out_bar * u
    k_bar = 0.0
    for t in range(steps - 1, -1, -1):
        # L3  u[1:-1] = u[1:-1] + k * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        u[1:-1] = u_saved.pop()
        g = k * u_bar[1:-1]
        k_bar += (u_bar[1:-1] * (u[2:] - 2.0 * u[1:-1] + u[:-2])).sum()
        u_bar[2:] += g
        u_bar[1:-1] -= 2.0 * g
        u_bar[:-2] += g
    return out, u_bar, k_bar
