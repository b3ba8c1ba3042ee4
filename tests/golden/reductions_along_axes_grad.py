# Derivative of reductions_along_axes, written by srcad.

import numpy as np
from srcad_runtime import prod_of_others, tie_share


def reductions_along_axes_grad(a, out_bar=1.0):
    """Return reductions_along_axes(a) and its derivative with respect to a.

    Shapes: a (n, m).
    """
    # ---- forward sweep ----
    mean = a.mean(axis=0)
    sum2 = a.sum(axis=0)
    u = sum2 * mean
    max2 = a.max(axis=1)
    min2 = a.min(axis=1)
    v = max2 - min2
    std = a.std(axis=1, keepdims=True)
    w = np.prod(a, axis=1, keepdims=True) + std
    sum3 = v.sum()
    sum4 = u.sum()
    out = sum4 * sum3 + np.var(a) + np.sum(w * a)

    # ---- reverse sweep ----
    # L5  return np.sum(u) * np.sum(v) + np.var(a) + np.sum(w * a)
    sum4_bar = sum3 * out_bar
    sum3_bar = sum4 * out_bar
    a_bar = 2.0 / max(a.size, 1) * out_bar * (a - a.mean())
    w_bar = (out_bar * a).sum(axis=1, keepdims=True)
    a_bar += out_bar * w
    u_bar = np.full_like(u, sum4_bar)
    v_bar = np.full_like(v, sum3_bar)
    # L4  w = np.prod(a, axis=1, keepdims=True) + np.std(a, axis=1, keepdims=True)
    a_bar += w_bar * prod_of_others(a, 1)
    std_bar = w_bar
    a_bar += (
        std_bar
        / (a.shape[1] * np.where(std == 0.0, 1.0, std))
        * (a - a.mean(axis=1, keepdims=True))
    )
    # L3  v = a.max(axis=1) - a.min(axis=1)
    max2_bar = v_bar.copy()
    min2_bar = -v_bar
    a_bar += np.expand_dims(min2_bar, 1) * tie_share(a, np.expand_dims(min2, 1), 1)
    a_bar += np.expand_dims(max2_bar, 1) * tie_share(a, np.expand_dims(max2, 1), 1)
    # L2  u = a.sum(axis=0) * a.mean(axis=0)
    sum2_bar = u_bar * mean
    mean_bar = u_bar * sum2
    a_bar += np.expand_dims(sum2_bar, 0)
    a_bar += np.expand_dims(mean_bar / a.shape[0], 0)
    return out, a_bar
