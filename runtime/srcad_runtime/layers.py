"""Layers: for each a function ``<layer>_init(rng, ...)`` that makes its parameters, and ``<layer>(params, x, ...)``.

Parameters are dicts of arrays under torch's names and in its layouts; a model is a plain function of nested dicts of
them. Randomness comes from an explicit `numpy.random.Generator`, and state (batch statistics) goes in and out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srcad_runtime import functional, normalization
from srcad_runtime.initializers import (
    Initializer,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
    normal,
    orthogonal,
    uniform,
)
from srcad_runtime.recurrent import (
    gru,
    gru_cell,
    gru_init,
    lstm,
    lstm_cell,
    lstm_init,
    rnn,
    rnn_cell,
    rnn_init,
)
from srcad_runtime.windows import Size, pair, single

Array = NDArray[Any]
Params = dict[str, Any]

__all__ = [
    "batch_norm",
    "batch_norm_init",
    "conv1d",
    "conv1d_init",
    "conv2d",
    "conv2d_init",
    "conv_transpose2d",
    "conv_transpose2d_init",
    "dense",
    "dense_init",
    "dropout",
    "embedding",
    "embedding_init",
    "flatten",
    "glorot_normal",
    "glorot_uniform",
    "group_norm",
    "gru",
    "gru_cell",
    "gru_init",
    "he_normal",
    "he_uniform",
    "layer_norm",
    "lecun_normal",
    "lecun_uniform",
    "lstm",
    "lstm_cell",
    "lstm_init",
    "multi_head_attention",
    "multi_head_attention_init",
    "norm_init",
    "normal",
    "orthogonal",
    "positional_encoding",
    "residual",
    "rnn",
    "rnn_cell",
    "rnn_init",
    "transformer_block",
    "transformer_block_init",
    "uniform",
]


# ---- dense, embedding ----


def dense_init(
    rng: np.random.Generator,
    inputs: int,
    outputs: int,
    bias: bool = True,
    init: Initializer = glorot_uniform,
    dtype: Any = np.float64,
) -> Params:
    """weight (outputs, inputs) and, unless `bias` is False, bias (outputs,) of zeros."""
    return _with_bias(init(rng, (outputs, inputs), dtype), outputs, bias)


def dense(params: Params, x: Array) -> Array:
    """``x @ weight.T + bias``: x (..., inputs) gives (..., outputs)."""
    return functional.linear(x, params["weight"], _bias(params))


def embedding_init(
    rng: np.random.Generator, rows: int, features: int, init: Initializer = normal, dtype: Any = np.float64
) -> Params:
    """weight (rows, features), standard normal as in torch."""
    return {"weight": init(rng, (rows, features), dtype)}


def embedding(params: Params, indices: Array, padding_idx: int | None = None) -> Array:
    """Rows of the table: integers (...) give (..., features). The row `padding_idx` gets no gradient."""
    return functional.embedding(indices, params["weight"], padding_idx)


# ---- convolutions ----


def conv1d_init(
    rng: np.random.Generator,
    inputs: int,
    outputs: int,
    kernel_size: Size,
    groups: int = 1,
    bias: bool = True,
    init: Initializer = he_normal,
    dtype: Any = np.float64,
) -> Params:
    """weight (outputs, inputs / groups, kernel_size) and bias (outputs,)."""
    return _with_bias(init(rng, (outputs, inputs // groups, single(kernel_size)), dtype), outputs, bias)


def conv1d(
    params: Params, x: Array, stride: Size = 1, padding: Size | str = 0, dilation: Size = 1, groups: int = 1
) -> Array:
    """x (n, inputs, length) gives (n, outputs, positions); see `functional.conv1d`."""
    return functional.conv1d(x, params["weight"], _bias(params), stride, padding, dilation, groups)


def conv2d_init(
    rng: np.random.Generator,
    inputs: int,
    outputs: int,
    kernel_size: Size,
    groups: int = 1,
    bias: bool = True,
    init: Initializer = he_normal,
    dtype: Any = np.float64,
) -> Params:
    """weight (outputs, inputs / groups, *kernel_size) and bias (outputs,)."""
    return _with_bias(init(rng, (outputs, inputs // groups, *pair(kernel_size)), dtype), outputs, bias)


def conv2d(
    params: Params, x: Array, stride: Size = 1, padding: Size | str = 0, dilation: Size = 1, groups: int = 1
) -> Array:
    """x (n, inputs, h, w) gives (n, outputs, rows, cols); see `functional.conv2d`."""
    return functional.conv2d(x, params["weight"], _bias(params), stride, padding, dilation, groups)


def conv_transpose2d_init(
    rng: np.random.Generator,
    inputs: int,
    outputs: int,
    kernel_size: Size,
    groups: int = 1,
    bias: bool = True,
    init: Initializer = he_normal,
    dtype: Any = np.float64,
) -> Params:
    """weight (inputs, outputs / groups, *kernel_size) and bias (outputs,)."""
    return _with_bias(init(rng, (inputs, outputs // groups, *pair(kernel_size)), dtype), outputs, bias)


def conv_transpose2d(
    params: Params, x: Array, stride: Size = 1, padding: Size = 0, dilation: Size = 1, groups: int = 1
) -> Array:
    """x (n, inputs, h, w) gives (n, outputs, rows, cols); see `functional.conv_transpose2d`."""
    return functional.conv_transpose2d(x, params["weight"], _bias(params), stride, padding, dilation, groups)


def flatten(x: Array) -> Array:
    """x (n, ...) as rows (n, the rest)."""
    return x.reshape(x.shape[0], -1)


# ---- normalisation, dropout ----


def norm_init(features: int | tuple[int, ...], dtype: Any = np.float64) -> Params:
    """weight of ones and bias of zeros, of shape `features`: for `layer_norm` and `group_norm`."""
    return {"weight": np.ones(features, dtype), "bias": np.zeros(features, dtype)}


def layer_norm(params: Params, x: Array, eps: float = 1e-5) -> Array:
    """x (..., *features) normalised over its last axes; see `functional.layer_norm`."""
    return functional.layer_norm(x, params["weight"].shape, params["weight"], params["bias"], eps)


def group_norm(params: Params, x: Array, num_groups: int, eps: float = 1e-5) -> Array:
    """x (n, features, ...) normalised over each group of channels; see `functional.group_norm`."""
    return functional.group_norm(x, num_groups, params["weight"], params["bias"], eps)


def batch_norm_init(features: int, dtype: Any = np.float64) -> tuple[Params, Params]:
    """(params, state) of `batch_norm`: weight, bias; running_mean, running_var; each (features,)."""
    state = {"running_mean": np.zeros(features, dtype), "running_var": np.ones(features, dtype)}
    return norm_init(features, dtype), state


def batch_norm(
    params: Params, state: Params, x: Array, training: bool = False, momentum: float = 0.1, eps: float = 1e-5
) -> tuple[Array, Params]:
    """x (n, features, ...) normalised over the batch, and the next state (the given one unless `training`)."""
    mean, var = state["running_mean"], state["running_var"]
    out = functional.batch_norm(x, mean, var, params["weight"], params["bias"], training, momentum, eps)
    if not training:
        return out, state
    mean, var = normalization.batch_statistics(x, mean, var, momentum)
    return out, {"running_mean": mean, "running_var": var}


def dropout(x: Array, p: float, training: bool, rng: np.random.Generator | None) -> Array:
    """Zero elements of x with probability `p` while training; see `functional.dropout`."""
    if not training or p == 0.0:
        return x
    return functional.dropout(x, p, training, rng)


# ---- attention ----


def multi_head_attention_init(
    rng: np.random.Generator, features: int, init: Initializer = glorot_uniform, dtype: Any = np.float64
) -> Params:
    """in_proj_weight (3 * features, features), in_proj_bias, out_proj_weight (features, features), out_proj_bias."""
    return {
        "in_proj_weight": init(rng, (3 * features, features), dtype),
        "in_proj_bias": np.zeros(3 * features, dtype),
        "out_proj_weight": init(rng, (features, features), dtype),
        "out_proj_bias": np.zeros(features, dtype),
    }


def multi_head_attention(
    params: Params,
    query: Array,
    key: Array,
    value: Array,
    heads: int,
    attn_mask: Array | None = None,
    is_causal: bool = False,
) -> Array:
    """Attention in `heads` subspaces (Vaswani et al., 2017).

    Shapes: query (n, t, features), key and value (n, s, features), attn_mask broadcastable to (n, heads, t, s); returns
    (n, t, features). Masks are those of `functional.scaled_dot_product_attention`: True where attention is allowed.

    Raises:
        ValueError: if the features do not divide by the heads.
    """
    features = query.shape[2]
    if features % heads != 0:
        raise ValueError(f"multi_head_attention: {features} features do not divide by {heads} heads")
    width = features // heads
    weight, bias = params["in_proj_weight"], params["in_proj_bias"]
    q = functional.linear(query, weight[:features], bias[:features])
    k = functional.linear(key, weight[features : 2 * features], bias[features : 2 * features])
    v = functional.linear(value, weight[2 * features : 3 * features], bias[2 * features : 3 * features])
    mixed = functional.scaled_dot_product_attention(
        _split(q, heads, width), _split(k, heads, width), _split(v, heads, width), attn_mask, is_causal
    )
    joined = mixed.transpose(0, 2, 1, 3).reshape(query.shape[0], query.shape[1], features)
    return functional.linear(joined, params["out_proj_weight"], params["out_proj_bias"])


def transformer_block_init(
    rng: np.random.Generator,
    features: int,
    hidden: int,
    init: Initializer = glorot_uniform,
    dtype: Any = np.float64,
) -> Params:
    """Parameters of `transformer_block`: attention, linear1 (hidden), linear2 and two layer norms."""
    return {
        "self_attn": multi_head_attention_init(rng, features, init, dtype),
        "linear1": dense_init(rng, features, hidden, True, init, dtype),
        "linear2": dense_init(rng, hidden, features, True, init, dtype),
        "norm1": norm_init(features, dtype),
        "norm2": norm_init(features, dtype),
    }


def transformer_block(
    params: Params,
    x: Array,
    heads: int,
    attn_mask: Array | None = None,
    is_causal: bool = False,
    norm_first: bool = False,
    activation: str = "relu",
    p: float = 0.0,
    training: bool = False,
    rng: np.random.Generator | None = None,
) -> Array:
    """Self-attention and a two-layer network, each with a residual and a layer norm (torch's encoder layer).

    Shapes: x (n, t, features), attn_mask as in `multi_head_attention`; returns x's shape. `norm_first` normalises the
    input of each part instead of its sum with the residual (Xiong et al., 2020). `p`: dropout. `activation`: "relu" or
    "gelu".
    """
    if norm_first:
        attended = _attend(params, layer_norm(params["norm1"], x), heads, attn_mask, is_causal)
        x = x + dropout(attended, p, training, rng)
        fed = _feed(params, layer_norm(params["norm2"], x), activation, p, training, rng)
        return x + dropout(fed, p, training, rng)
    attended = dropout(_attend(params, x, heads, attn_mask, is_causal), p, training, rng)
    x = layer_norm(params["norm1"], x + attended)
    fed = dropout(_feed(params, x, activation, p, training, rng), p, training, rng)
    return layer_norm(params["norm2"], x + fed)


def residual(layer: Callable[..., Array], params: Params, x: Array, *args: Any, **options: Any) -> Array:
    """``x + layer(params, x, ...)``: what a layer adds to its input (He et al. 2015, https://arxiv.org/abs/1512.03385).

    Shapes: x and what `layer` gives alike.
    """
    return x + layer(params, x, *args, **options)


def positional_encoding(length: int, features: int, dtype: Any = np.float64) -> Array:
    """Sines (even features) and cosines (odd ones) of growing wavelength: (length, features). Vaswani et al., 2017."""
    frequency = np.exp(-math.log(10000.0) * np.arange(0, features, 2) / features)
    angle = np.arange(length)[:, None] * frequency
    encoding = np.empty((length, features), dtype)
    encoding[:, 0::2] = np.sin(angle)
    encoding[:, 1::2] = np.cos(angle[:, : features // 2])
    return encoding


# ---- what they share ----


def _with_bias(weight: Array, outputs: int, bias: bool) -> Params:
    if not bias:
        return {"weight": weight}
    return {"weight": weight, "bias": np.zeros(outputs, weight.dtype)}


def _bias(params: Params) -> Array | None:
    return params["bias"] if "bias" in params else None


def _split(x: Array, heads: int, width: int) -> Array:
    """(n, t, heads * width) as (n, heads, t, width)."""
    return x.reshape(x.shape[0], x.shape[1], heads, width).transpose(0, 2, 1, 3)


def _attend(params: Params, x: Array, heads: int, attn_mask: Array | None, is_causal: bool) -> Array:
    return multi_head_attention(params["self_attn"], x, x, x, heads, attn_mask, is_causal)


def _feed(
    params: Params, x: Array, activation: str, p: float, training: bool, rng: np.random.Generator | None
) -> Array:
    hidden = dense(params["linear1"], x)
    hidden = functional.gelu(hidden) if activation == "gelu" else functional.relu(hidden)
    return dense(params["linear2"], dropout(hidden, p, training, rng))
