# Derivative of fancy_store_of_distinct_rows, written by srcad.

import numpy as np
from srcad_runtime import last_written


def fancy_store_of_distinct_rows_grad(x, rows, out_bar=1.0):
    """Return fancy_store_of_distinct_rows(...) and its derivative.

    With respect to x. Shapes: x (4,), rows (3,).
    """
    # ---- forward sweep ----
    if x.shape[0] != 4:
        raise ValueError(
            "fancy_store_of_distinct_rows: shapes unlike those in the docstring"
        )
    if rows.shape[0] != 3:
        raise ValueError(
            "fancy_store_of_distinct_rows: shapes unlike those in the docstring"
        )
    y = np.ones(4)
    y[rows] = x[:3] * x[3]
    out = np.sum(y * x)

    # ---- reverse sweep ----
    # L4  return np.sum(y * x)
    y_bar = out_bar * x
    x_bar = out_bar * y
    # L3  y[rows] = x[:3] * x[3]
    g = last_written(y_bar, rows)
    x_bar[:3] += x[3] * g
    x_bar[3] += (g * x[:3]).sum()
    return out, x_bar
