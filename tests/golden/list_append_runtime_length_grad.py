# Derivative of list_append_runtime_length, written by srcad.

import numpy as np
from srcad_runtime import zeros_of


def list_append_runtime_length_grad(x, n, out_bar=1.0):
    """Return list_append_runtime_length(...) and its derivative with respect to x.

    Shapes: x (m,).
    """
    # ---- forward sweep ----
    items = [x[0]]
    for i in range(n):
        items.append(np.sin(items[-1]) + x[i % 4])
    out = items[-1] * items[2] + len(items)

    # ---- reverse sweep ----
    # L5  return history[-1] * history[2] + len(history)
    items_bar = zeros_of(items)
    items_bar[-1] += out_bar * items[2]
    items_bar[2] += out_bar * items[-1]
    x_bar = np.zeros_like(x)
    for i in range(n - 1, -1, -1):
        # L4  history.append(np.sin(history[-1]) + x[i % 4])
        items.pop()
        g = items_bar.pop()
        items_bar[-1] += g * np.cos(items[-1])
        x_bar[i % 4] += g
    # L2  [x[0]]
    g = items_bar.pop()
    x_bar[0] += g
    return out, x_bar
