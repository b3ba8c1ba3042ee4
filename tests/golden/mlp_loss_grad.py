# Derivative of mlp_loss, written by srcad.

import numpy as np


def mlp_loss_grad(W1, b1, W2, b2, x, y, out_bar=1.0):
    """Return mlp_loss(...) and its derivatives with respect to W1, b1, W2, b2.

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
    p = h @ W2 + b2
    out = np.mean((p - y) ** 2)

    # ---- reverse sweep ----
    # L4  return np.mean((p - y) ** 2)
    p_bar = 2.0 * out_bar / p.size * (p - y)
    # L3  p = h @ W2 + b2
    h_bar = p_bar @ W2.T
    W2_bar = h.T @ p_bar
    b2_bar = p_bar.sum(axis=0)
    # L2  h = np.tanh(x @ W1 + b1)
    g = h_bar * (1.0 - h * h)
    W1_bar = x.T @ g
    b1_bar = g.sum(axis=0)
    return out, W1_bar, b1_bar, W2_bar, b2_bar
