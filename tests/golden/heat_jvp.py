# Derivative of heat, written by srcad.

import numpy as np


def heat_jvp(u, alpha, steps, u_dot, alpha_dot):
    """Return heat(u, alpha, steps) and its tangent along u, alpha.

    Shapes: u (n,). heat writes u in place; this function works on a copy.
    """
    u_dot = u_dot.copy()
    u = u.copy()
    n = u.shape[0]
    for t in range(steps):
        for i in range(1, n - 1):
            u_dot[i] = u_dot[i] + (
                alpha_dot * (u[i - 1] - 2.0 * u[i] + u[i + 1])
                + alpha * (u_dot[i - 1] - 2.0 * u_dot[i] + u_dot[i + 1])
            )
            u[i] = u[i] + alpha * (u[i - 1] - 2.0 * u[i] + u[i + 1])
    out_dot = np.sum(2.0 * u * u_dot)
    out = np.sum(u * u)
    return out, out_dot
