"""Normalisation layers as torch.nn.functional has them. Each is `standardize` on a suitable view of its input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def standardize(x: Array, eps: float) -> Array:
    """Shift and scale each of the rows to mean 0 and variance 1.

    x: (outer, rows, inner); the statistics of a row are taken over `outer` and `inner`. Returns the same shape.
    """
    centred = x - np.mean(x, axis=(0, 2), keepdims=True)
    variance = np.mean(centred * centred, axis=(0, 2), keepdims=True)
    return centred / np.sqrt(variance + eps)


def standardize_pullback(x: Array, y: Array, v: Array, eps: float) -> Array:
    """The Jacobian of ``y = standardize(x, eps)`` times `v`. It is symmetric, so this is the pushforward as well.

    Shapes: x, y, v and the result (outer, rows, inner).
    """
    scale = 1.0 / np.sqrt(np.var(x, axis=(0, 2), keepdims=True) + eps)
    mean = np.mean(v, axis=(0, 2), keepdims=True)
    return scale * (v - mean - y * np.mean(v * y, axis=(0, 2), keepdims=True))


def layer_norm(
    x: Array,
    normalized_shape: int | tuple[int, ...],
    weight: Array | None = None,
    bias: Array | None = None,
    eps: float = 1e-5,
) -> Array:
    """Normalise over the last axes, whose extents are `normalized_shape` (Ba, Kiros and Hinton, 2016).

    Shapes: x (..., *normalized_shape), weight and bias normalized_shape; returns x's shape.
    """
    if isinstance(normalized_shape, int):
        inner = normalized_shape
    elif len(normalized_shape) == 1:
        inner = normalized_shape[0]
    else:
        inner = int(np.prod(np.array(normalized_shape)))
    out = standardize(x.reshape(1, -1, inner), eps).reshape(x.shape)
    return _scale_shift(out, weight, bias)


def group_norm(
    x: Array, num_groups: int, weight: Array | None = None, bias: Array | None = None, eps: float = 1e-5
) -> Array:
    """Normalise each group of channels of each sample (Wu and He, 2018).

    Shapes: x (n, c, ...) with c a multiple of num_groups, weight and bias (c,); returns x's shape.
    """
    n, c = x.shape[0], x.shape[1]
    out = standardize(x.reshape(1, n * num_groups, -1), eps).reshape(n, c, -1)
    return _scale_shift(out, _column(weight), _column(bias)).reshape(x.shape)


def batch_norm(
    x: Array,
    running_mean: Array | None,
    running_var: Array | None,
    weight: Array | None = None,
    bias: Array | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Array:
    """Normalise each channel, with the batch's statistics if `training`, else with the running ones.

    Shapes: x (n, c, ...), the others (c,); returns x's shape. Ioffe and Szegedy, 2015. The running statistics are
    read, never written: `batch_statistics` returns their next values, for which `momentum` is meant.
    """
    flat = x.reshape(x.shape[0], x.shape[1], -1)
    if training or running_mean is None or running_var is None:
        out = standardize(flat, eps)
    else:
        out = (flat - running_mean[:, None]) / np.sqrt(running_var[:, None] + eps)
    return _scale_shift(out, _column(weight), _column(bias)).reshape(x.shape)


def batch_statistics(x: Array, running_mean: Array, running_var: Array, momentum: float = 0.1) -> tuple[Array, Array]:
    """The running mean and variance after one more batch x (n, c, ...): (c,), (c,). They are constants to a gradient.

    As in torch the variance enters with Bessel's correction.
    """
    flat = x.reshape(x.shape[0], x.shape[1], -1)
    count = flat.shape[0] * flat.shape[2]
    mean = np.mean(flat, axis=(0, 2))
    variance = np.var(flat, axis=(0, 2)) * (count / max(count - 1, 1))
    return running_mean + momentum * (mean - running_mean), running_var + momentum * (variance - running_var)


def _column(parameter: Array | None) -> Array | None:
    return None if parameter is None else parameter[:, None]


def _scale_shift(out: Array, weight: Array | None, bias: Array | None) -> Array:
    if weight is not None:
        out = out * weight
    return out if bias is None else out + bias
