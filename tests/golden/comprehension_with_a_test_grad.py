# Derivative of comprehension_with_a_test, written by srcad.

import numpy as np


def comprehension_with_a_test_grad(x, out_bar=1.0):
    """Return comprehension_with_a_test(x) and its derivative with respect to x.

    Shapes: x (n,).
    """
    # ---- forward sweep ----
    total = 0
    for k in range(x.shape[0]):
        v = x[k]
        if v > 0.0:
            total = total + v**3
    total_ = 0
    for i in range(x.shape[0]):
        i_ = i
        v = x[i]
        if i_ % 2:
            total_ = total_ + 2.0 * v
    out = total + total_

    # ---- reverse sweep ----
    # L2  return sum(v**3 for v in x if v > 0.0) + sum(2.0 * v for i, v in enumerate(x) if i % 2)
    total_bar = out_bar
    total_bar_ = out_bar
    x_bar = np.zeros_like(x)
    for i in range(x.shape[0] - 1, -1, -1):
        i_ = i
        v_bar = 0.0
        if i_ % 2:
            # L2  sum(2.0 * v for i, v in enumerate(x) if i % 2)
            v_bar += 2.0 * total_bar_
        # L2  2.0 * v for i, v in enumerate(x) if i % 2
        x_bar[i] += v_bar
    for k in range(x.shape[0] - 1, -1, -1):
        v = x[k]
        v_bar = 0.0
        if v > 0.0:
            # L2  sum(v**3 for v in x if v > 0.0)
            v_bar += 3 * total_bar * v**2
        # L2  v**3 for v in x if v > 0.0
        x_bar[k] += v_bar
    return out, x_bar
