"""Activation functions: values, names and defaults of torch.nn.functional, `axis` for `dim`.

Each takes a number or an array of any shape and keeps its floating type. None overflows: at +-1000 values and
derivatives are finite. The derivatives are stated in `srcad.rules.runtime_functions`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

Array = Any  # a number or a numpy.ndarray


def erf(x: Array) -> Array:
    """The error function of each element."""
    return scipy.special.erf(x)


def relu(x: Array) -> Array:
    """``max(x, 0)``; its derivative at 0 is 0."""
    return np.maximum(x, 0.0)


def leaky_relu(x: Array, negative_slope: float = 0.01) -> Array:
    """`x` where it is positive, ``negative_slope * x`` elsewhere (Maas, Hannun and Ng, 2013)."""
    return np.where(x > 0.0, x, negative_slope * x)


def elu(x: Array, alpha: float = 1.0) -> Array:
    """`x` where it is positive, ``alpha * (exp(x) - 1)`` elsewhere (Clevert, Unterthiner and Hochreiter, 2016)."""
    return np.where(x > 0.0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def gelu(x: Array, approximate: str = "none") -> Array:
    """`x` times the normal distribution function of `x` (Hendrycks and Gimpel, 2016); or its "tanh" approximation."""
    if approximate == "tanh":
        return 0.5 * x * (1.0 + np.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))
    return 0.5 * x * (1.0 + erf(0.7071067811865476 * x))


def gelu_partial(x: Array, approximate: str = "none") -> Array:
    """The derivative of `gelu` at each element."""
    if approximate == "tanh":
        # beyond 10 the tanh is 1 in double precision, and x * x would overflow for nothing
        z = np.clip(x, -10.0, 10.0)
        t = np.tanh(0.7978845608028654 * (z + 0.044715 * z * z * z))
        slope = 0.7978845608028654 * (1.0 + 0.134145 * z * z)
        return 0.5 * (1.0 + t) + 0.5 * z * (1.0 - t * t) * slope
    z = np.clip(x, -40.0, 40.0)
    return 0.5 * (1.0 + erf(0.7071067811865476 * z)) + 0.3989422804014327 * z * np.exp(-0.5 * z * z)


def sigmoid(x: Array) -> Array:
    """``1 / (1 + exp(-x))``, accurate in both tails."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0.0, 1.0, e) / (1.0 + e)


def silu(x: Array) -> Array:
    """``x * sigmoid(x)`` (Hendrycks and Gimpel, 2016; also called swish)."""
    return x * sigmoid(x)


def softplus(x: Array, beta: float = 1.0, threshold: float = 20.0) -> Array:
    """``log(1 + exp(beta * x)) / beta``; `x` itself where ``beta * x`` exceeds `threshold`."""
    z = beta * x
    return np.where(z > threshold, x, np.logaddexp(0.0, z) / beta)


def softmax(x: Array, axis: int = -1) -> Array:
    """``exp(x) / sum(exp(x))`` along `axis`; the largest element is subtracted first."""
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def log_softmax(x: Array, axis: int = -1) -> Array:
    """The logarithm of `softmax`, without ever forming it."""
    z = x - np.max(x, axis=axis, keepdims=True)
    return z - np.log(np.sum(np.exp(z), axis=axis, keepdims=True))
