# Derivative of dense_linear_algebra, written by srcad.

import numpy as np
from srcad_runtime import cofactors


def dense_linear_algebra_grad(a, b, out_bar=1.0):
    """Return dense_linear_algebra(a, b) and its derivatives with respect to a, b.

    Shapes: a (n, n), b (n,).
    """
    # ---- forward sweep ----
    if a.shape[0] != a.shape[1] or a.shape[0] != b.shape[0]:
        raise ValueError("dense_linear_algebra: shapes unlike those in the docstring")
    x = np.linalg.solve(a, b)
    slogdet_0, slogdet_1 = np.linalg.slogdet(a)
    logdet = slogdet_1
    inv = np.linalg.inv(a)
    norm = np.linalg.norm(a)
    out = x @ x + logdet + np.sum(inv**2) + norm + np.linalg.det(a)

    # ---- reverse sweep ----
    # L4  return x @ x + logdet + np.sum(np.linalg.inv(a) ** 2) + np.linalg.norm(a) + np.linalg.det(a)
    x_bar = 2.0 * out_bar * x
    logdet_bar = out_bar
    inv_bar = 2.0 * out_bar * inv
    norm_bar = out_bar
    a_bar = out_bar * cofactors(a)
    a_bar += norm_bar * (a / np.where(norm == 0.0, 1.0, norm))
    a_bar += -inv.T @ inv_bar @ inv.T
    # L3  sign, logdet = np.linalg.slogdet(a)
    slogdet_1_bar = logdet_bar
    # L3  np.linalg.slogdet(a)
    a_bar += slogdet_1_bar * np.linalg.inv(a).T
    # L2  x = np.linalg.solve(a, b)
    b_bar_ = np.linalg.solve(a.T, x_bar)
    a_bar -= np.outer(b_bar_, x)
    b_bar = b_bar_.copy()
    return out, a_bar, b_bar
