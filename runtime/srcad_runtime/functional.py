"""Layers as plain functions: names, argument order, layouts and defaults of torch.nn.functional, `axis` for `dim`.

They are plain NumPy, so srcad differentiates what is made of them; `srcad.rules.runtime_functions` states the
derivatives of those that have a better one than the chain rule finds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from srcad_runtime.activations import (
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
)
from srcad_runtime.attention import scaled_dot_product_attention
from srcad_runtime.convolution import conv1d, conv2d, conv_transpose2d
from srcad_runtime.normalization import batch_norm, group_norm, layer_norm
from srcad_runtime.pooling import adaptive_avg_pool2d, avg_pool2d, max_pool2d

__all__ = [
    "adaptive_avg_pool2d",
    "avg_pool2d",
    "batch_norm",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "dropout",
    "elu",
    "embedding",
    "embedding_pullback",
    "gelu",
    "group_norm",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "max_pool2d",
    "one_hot",
    "relu",
    "scaled_dot_product_attention",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
]

Array = NDArray[Any]


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """``x @ weight.T + bias``.

    Shapes: x (..., k), weight (m, k), bias (m,); returns (..., m).

    Raises:
        ValueError: if the last axis of x is not that of weight, or bias does not fit.
    """
    if x.shape[-1] != weight.shape[1]:
        raise ValueError(
            f"linear: x {x.shape} has {x.shape[-1]} features, weight {weight.shape} takes {weight.shape[1]}"
        )
    if bias is None:
        return x @ weight.T
    if bias.shape[0] != weight.shape[0]:
        raise ValueError(f"linear: bias {bias.shape} does not fit weight {weight.shape}")
    return x @ weight.T + bias


def embedding(indices: Array, weight: Array, padding_idx: int | None = None) -> Array:
    """Rows of a table: ``weight[indices]``. The row `padding_idx` gets no gradient.

    Shapes: indices integers of any shape (...), weight (rows, m); returns (..., m).

    Raises:
        IndexError: if an index is out of range.
    """
    return weight[indices]


def embedding_pullback(indices: Array, weight: Array, g: Array, padding_idx: int | None = None) -> Array:
    """The adjoint of the table `weight` (rows, m) from that of ``embedding(indices, weight)``, `g` (..., m).

    Equal indices are brought together by sorting, and their rows summed.
    """
    weight_bar = np.zeros(weight.shape, g.dtype)
    flat = indices.reshape(-1) % weight.shape[0]  # as indexing does, -1 is the last row
    if flat.size > 0:
        order = np.argsort(flat, kind="stable")
        ordered = flat[order]
        starts = np.flatnonzero(np.concatenate((np.ones(1, np.bool_), ordered[1:] != ordered[:-1])))
        weight_bar[ordered[starts]] = np.add.reduceat(g.reshape(-1, weight.shape[1])[order], starts, axis=0)
    if padding_idx is not None:
        weight_bar[padding_idx] = 0.0
    return weight_bar


def dropout(x: Array, p: float = 0.5, training: bool = True, rng: np.random.Generator | None = None) -> Array:
    """Zero each element with probability `p` and divide the others by ``1 - p``; `x` itself when not `training`.

    rng: where the draws come from; without it NumPy's global generator (`np.random.seed`). Srivastava et al., 2014.

    Raises:
        ValueError: if p is not in [0, 1].
    """
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout: p is a probability, not {p}")
    if not training or p == 0.0:
        return x
    if p == 1.0:
        return x * 0.0
    draws = np.random.random(x.shape) if rng is None else rng.random(x.shape)
    return np.where(draws >= p, x * (1.0 / (1.0 - p)), 0.0)


def one_hot(labels: Array, num_classes: int) -> Array:
    """Labels (...) as rows of an identity matrix: float64 (..., num_classes)."""
    return 1.0 * (labels[..., None] == np.arange(num_classes))
