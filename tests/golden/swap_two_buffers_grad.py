# Derivative of swap_two_buffers, written by srcad.

import numpy as np


def swap_two_buffers_grad(x, steps, out_bar=1.0):
    """Return swap_two_buffers(x, steps) and its derivative with respect to x.

    Shapes: x (n,). Records v: 8 * steps * 4 bytes.
    """
    # ---- forward sweep ----
    u = x.copy()
    v = np.zeros_like(x)
    v_saved = np.empty((max(steps, 0), 4))
    for k in range(steps):
        for i in range(1, 4):
            v_saved[k, i] = v[i]
            v[i] = u[i] + 0.3 * (u[i - 1] - u[i + 1]) * u[i]
        u, v = v, u
    out = np.sum(u * u) + v[1]

    # ---- reverse sweep ----
    # L8  return np.sum(u * u) + v[1]
    u_bar = 2.0 * out_bar * u
    v_bar = np.zeros_like(v)
    v_bar[1] += out_bar
    for k in range(steps - 1, -1, -1):
        # L7  u, v = v, u
        v, u = u, v
        v_bar, u_bar = u_bar, v_bar
        for i in range(3, 0, -1):
            # L6  v[i] = u[i] + 0.3 * (u[i - 1] - u[i + 1]) * u[i]
            v[i] = v_saved[k, i]
            g = 0.3 * v_bar[i] * u[i]
            u_bar[i] += v_bar[i]
            u_bar[i - 1] += g
            u_bar[i + 1] -= g
            u_bar[i] += 0.3 * v_bar[i] * (u[i - 1] - u[i + 1])
            v_bar[i] = 0.0
    # L2  u = x.copy()
    x_bar = u_bar
    return out, x_bar
