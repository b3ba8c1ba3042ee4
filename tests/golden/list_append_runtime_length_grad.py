# Derivative of list_append_runtime_length, written by srcad.

import numpy as np
from srcad_runtime import zeros_of


def list_append_runtime_length_grad(x, n, out_bar=1.0):
    """Return list_append_runtime_length(...) and its derivative with respect to x.

    Shapes: x (n,).
    """
    # ---- forward sweep ----
    items = [x[0]]
    history = items
    for i in range(n):
        history.append(np.sin(history[-1]) + x[i % 4])
    out = history[-1] * history[2] + len(history)

    # ---- reverse sweep ----
    # L5  return history[-1] * history[2] + len(history)
    history_bar = zeros_of(history)
    history_bar[-1] += out_bar * history[2]
    history_bar[2] += out_bar * history[-1]
    x_bar = np.zeros_like(x)
    for i in range(n - 1, -1, -1):
        # L4  history.append(np.sin(history[-1]) + x[i % 4])
        history.pop()
        g = history_bar.pop()
        history_bar[-1] += g * np.cos(history[-1])
        x_bar[i % 4] += g
    # L2  history = [x[0]]
    items_bar = zeros_of(items)
    items_bar += history_bar
    # L2  [x[0]]
    g = items_bar.pop()
    x_bar[0] += g
    return out, x_bar
