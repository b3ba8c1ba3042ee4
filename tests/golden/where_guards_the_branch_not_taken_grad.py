# Derivative of where_guards_the_branch_not_taken, written by srcad.

import numpy as np


def where_guards_the_branch_not_taken_grad(x, out_bar=1.0):
    """Return where_guards_the_branch_not_taken(...) and its derivative.

    With respect to x. Shapes: x (n,).
    """
    # ---- forward sweep ----
    where = np.where(x > 0.0, x, 1.0)
    out = np.sum(np.where(x > 0.0, np.log(where), x * x))

    # ---- reverse sweep ----
    # L2  return np.sum(np.where(x > 0.0, np.log(np.where(x > 0.0, x, 1.0)), x * x))
    where_bar = np.where(x > 0.0, out_bar / where, 0.0)
    x_bar = 2.0 * np.where(x > 0.0, 0.0, out_bar * x)
    x_bar += np.where(x > 0.0, where_bar, 0.0)
    return out, x_bar
