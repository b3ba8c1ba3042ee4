# Derivative of network_as_list_of_namedtuples, written by srcad.

import numpy as np


def network_as_list_of_namedtuples_grad(
    layers_0_weight, layers_0_bias, layers_1_weight, layers_1_bias, x, out_bar=1.0
):
    """Return network_as_list_of_namedtuples(...) and its derivatives.

    With respect to layers_0_weight, layers_0_bias, layers_1_weight, layers_1_bias, x.
    Shapes: layers_0_weight (n, m), layers_0_bias (m,), layers_1_weight (k, h),
    layers_1_bias (h,), x (p, q). Records x.
    """
    # ---- forward sweep ----
    if (
        layers_0_weight.shape[1] != layers_0_bias.shape[0]
        or layers_1_weight.shape[1] != layers_1_bias.shape[0]
    ):
        raise ValueError(
            "network_as_list_of_namedtuples: shapes unlike those in the docstring"
        )
    tanh = np.tanh(x @ layers_0_weight + layers_0_bias)
    x_saved = x
    x = tanh
    t = x @ layers_1_weight
    out = np.mean((t + layers_1_bias) ** 2)

    # ---- reverse sweep ----
    # L5  return np.mean((x @ last.weight + last.bias) ** 2)
    g = 2.0 * out_bar / t.size * (t + layers_1_bias)
    t_bar = g.copy()
    layers_1_bias_bar = g.sum(axis=0)
    x_bar = np.zeros_like(x)
    x_bar += t_bar @ layers_1_weight.T
    layers_1_weight_bar = np.zeros_like(layers_1_weight)
    layers_1_weight_bar += x.T @ t_bar
    # L3  x = np.tanh(x @ layer.weight + layer.bias)
    tanh_bar = np.zeros_like(tanh)
    tanh_bar += x_bar
    x = x_saved
    # L3  x = np.tanh(x @ layer.weight + layer.bias)
    g2 = tanh_bar * (1.0 - tanh * tanh)
    x_bar = np.zeros_like(x)
    x_bar += g2 @ layers_0_weight.T
    layers_0_weight_bar = np.zeros_like(layers_0_weight)
    layers_0_weight_bar += x.T @ g2
    layers_0_bias_bar = g2.sum(axis=0)
    return (
        out,
        layers_0_weight_bar,
        layers_0_bias_bar,
        layers_1_weight_bar,
        layers_1_bias_bar,
        x_bar,
    )
