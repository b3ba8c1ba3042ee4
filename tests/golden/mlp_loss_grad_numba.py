# Derivative of mlp_loss, written by srcad.

import numpy as np
from numba import njit
from srcad_runtime import sums, vector_maths


@njit(cache=True, error_model="numpy")
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
    t = x @ W1
    h = np.empty((x.shape[0], W1.shape[1]))
    for i in range(x.shape[0]):
        for j in range(W1.shape[1]):
            h[i, j] = vector_maths.tanh(t[i, j] + b1[j])
    t2 = h @ W2
    p = np.empty((x.shape[0], W2.shape[1]))
    total = 0.0
    for i in range(x.shape[0]):
        part = 0.0
        for j in range(W2.shape[1]):
            p[i, j] = t2[i, j] + b2[j]
            part = sums.plus(part, (p[i, j] - y[i, j]) ** 2)
        total += part
    out = total / (x.shape[0] * W2.shape[1])

    # ---- reverse sweep ----
    p_bar = np.empty((x.shape[0], W2.shape[1]))
    b2_bar = np.zeros(W2.shape[1])
    for i in range(x.shape[0]):
        for j in range(W2.shape[1]):
            # L4  return np.mean((p - y) ** 2)
            p_bar[i, j] = 2.0 * out_bar / p.size * (p[i, j] - y[i, j])
            # L3  p = h @ W2 + b2
            b2_bar[j] += p_bar[i, j]
    # L3  p = h @ W2 + b2
    h_bar = p_bar @ W2.T
    W2_bar = h.T @ p_bar
    # L2  h = np.tanh(x @ W1 + b1)
    g = np.empty((x.shape[0], W2.shape[0]))
    b1_bar = np.zeros(W2.shape[0])
    for i in range(x.shape[0]):
        for j in range(W2.shape[0]):
            g[i, j] = h_bar[i, j] * (1.0 - h[i, j] * h[i, j])
            b1_bar[j] += g[i, j]
    W1_bar = x.T @ g
    return out, W1_bar, b1_bar, W2_bar, b2_bar
