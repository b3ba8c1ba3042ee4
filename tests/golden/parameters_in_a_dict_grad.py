# Derivative of parameters_in_a_dict, written by srcad.

import numpy as np


def parameters_in_a_dict_grad(params_w, params_b, x, out_bar=1.0):
    """Return parameters_in_a_dict(...) and its derivatives.

    With respect to params_w, params_b, x. Shapes: params_w (n,), x (m, n).
    """
    # ---- forward sweep ----
    tanh = np.tanh(x @ params_w + params_b)
    out = np.sum(tanh**2)

    # ---- reverse sweep ----
    # L2  return np.sum(np.tanh(x @ params["w"] + params["b"]) ** 2)
    tanh_bar = 2.0 * out_bar * tanh
    g = tanh_bar * (1.0 - tanh * tanh)
    x_bar = np.outer(g, params_w)
    params_w_bar = x.T @ g
    params_b_bar = g.sum()
    return out, params_w_bar, params_b_bar, x_bar
