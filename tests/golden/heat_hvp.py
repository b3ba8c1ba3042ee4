# Derivative of heat, written by srcad.

import numpy as np


def heat_hvp(u, alpha, steps, out_bar, u_dot, alpha_dot):
    """Return heat(...), its gradient, and their tangent along u, alpha.

    Shapes: u (n,). heat writes u in place; this function works on a copy.
    """
    # ---- forward sweep ----
    u_dot = u_dot.copy()
    u = u.copy()
    n = u.shape[0]
    u_saved = np.empty((max(steps, 0), max(n - 1, 0)), u.dtype)
    u_saved_dot = np.zeros_like(u_saved)
    for t in range(steps):
        for i in range(1, n - 1):
            u_saved_dot[t, i] = u_dot[i]
            u_saved[t, i] = u[i]
            u_dot[i] = u_dot[i] + (
                alpha_dot * (u[i - 1] - 2.0 * u[i] + u[i + 1])
                + alpha * (u_dot[i - 1] - 2.0 * u_dot[i] + u_dot[i + 1])
            )
            u[i] = u[i] + alpha * (u[i - 1] - 2.0 * u[i] + u[i + 1])
    out_dot = np.sum(2.0 * u * u_dot)
    out = np.sum(u * u)

    # ---- reverse sweep ----
    # L6  return np.sum(u * u)
    u_bar_dot = 2.0 * out_bar * u_dot
    u_bar = 2.0 * out_bar * u
    alpha_bar = 0.0
    alpha_bar_dot = 0.0
    for t in range(steps - 1, -1, -1):
        for i in range(n - 2, 0, -1):
            # L5  u[i] = u[i] + alpha * (u[i - 1] - 2.0 * u[i] + u[i + 1])
            u_dot[i] = u_saved_dot[t, i]
            u[i] = u_saved[t, i]
            g_dot = alpha_dot * u_bar[i] + alpha * u_bar_dot[i]
            g = alpha * u_bar[i]
            alpha_bar_dot += (
                u_bar_dot[i] * (u[i - 1] - 2.0 * u[i] + u[i + 1])
                + (u_dot[i - 1] - 2.0 * u_dot[i] + u_dot[i + 1]) * u_bar[i]
            )
            alpha_bar += u_bar[i] * (u[i - 1] - 2.0 * u[i] + u[i + 1])
            u_bar_dot[i - 1] += g_dot
            u_bar[i - 1] += g
            u_bar_dot[i] -= 2.0 * g_dot
            u_bar[i] -= 2.0 * g
            u_bar_dot[i + 1] += g_dot
            u_bar[i + 1] += g
    return out, u_bar, alpha_bar, out_dot, u_bar_dot, alpha_bar_dot
