# Derivative of mlp_loss, written by srcad.

import numpy as np


def mlp_loss_hvp(W1, b1, W2, b2, x, y, out_bar, W1_dot, b1_dot, W2_dot, b2_dot):
    """Return mlp_loss(...), its gradient, and their tangent along W1, b1, W2, b2.

    Shapes: W1 (n, m), b1 (m,), W2 (m, k), b2 (k,), x (h, n), y (h, k).
    """
    # ---- forward sweep ----
    if (
        W1.shape[1] != b1.shape[0]
        or W2.shape[1] != b2.shape[0]
        or x.shape[0] != y.shape[0]
        or W2.shape[1] != y.shape[1]
    ):
        raise ValueError("mlp_loss: shapes unlike those in the docstring")
    h = np.tanh(x @ W1 + b1)
    h_dot = (x @ W1_dot + b1_dot) * (1.0 - h * h)
    p_dot = h_dot @ W2 + h @ W2_dot + b2_dot
    p = h @ W2 + b2
    out_dot = np.mean(2.0 * p_dot * (p - y))
    out = np.mean((p - y) ** 2)

    # ---- reverse sweep ----
    # L4  return np.mean((p - y) ** 2)
    p_bar_dot = 2.0 * out_bar / p.size * p_dot
    p_bar = 2.0 * out_bar / p.size * (p - y)
    # L3  p = h @ W2 + b2
    h_bar_dot = p_bar_dot @ W2.T + p_bar @ W2_dot.T
    h_bar = p_bar @ W2.T
    W2_bar_dot = h_dot.T @ p_bar + h.T @ p_bar_dot
    W2_bar = h.T @ p_bar
    b2_bar_dot = p_bar_dot.sum(axis=0)
    b2_bar = p_bar.sum(axis=0)
    # L2  h = np.tanh(x @ W1 + b1)
    g_dot = h_bar_dot * (1.0 - h * h) - 2.0 * h_bar * h * h_dot
    g = h_bar * (1.0 - h * h)
    W1_bar_dot = x.T @ g_dot
    W1_bar = x.T @ g
    b1_bar_dot = g_dot.sum(axis=0)
    b1_bar = g.sum(axis=0)
    return (
        out,
        W1_bar,
        b1_bar,
        W2_bar,
        b2_bar,
        out_dot,
        W1_bar_dot,
        b1_bar_dot,
        W2_bar_dot,
        b2_bar_dot,
    )
