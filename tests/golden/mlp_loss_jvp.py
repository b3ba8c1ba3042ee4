# Derivative of mlp_loss, written by srcad.

import numpy as np


def mlp_loss_jvp(W1, b1, W2, b2, x, y, W1_dot, b1_dot, W2_dot, b2_dot):
    """Return mlp_loss(W1, b1, W2, b2, x, y) and its tangent along W1, b1, W2, b2.

    Shapes: W1 (n, m), b1 (m,), W2 (m, k), b2 (k,), x (h, n), y (h, k).
    """
    h = np.tanh(x @ W1 + b1)
    h_dot = (x @ W1_dot + b1_dot) * (1.0 - h * h)
    p_dot = h_dot @ W2 + h @ W2_dot + b2_dot
    p = h @ W2 + b2
    out_dot = np.mean(2.0 * p_dot * (p - y))
    out = np.mean((p - y) ** 2)
    return out, out_dot
