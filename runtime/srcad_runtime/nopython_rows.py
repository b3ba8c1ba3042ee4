"""Numba's loops for functions of single elements and of rows: activations, normalisation, tables."""

# mypy: allow-untyped-defs, allow-untyped-calls
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import float64, types
from numba.np.numpy_support import as_dtype

from srcad_runtime import activations, attention, functional, normalization, vector_maths
from srcad_runtime.jitting import overload, register_jitable
from srcad_runtime.outlined import outlined, whole

# ---- element by element ----


def over_elements(x: Any, scalar: Callable[..., Any]) -> Callable[..., Any]:
    """A compiled function of `x` (a Numba type: an array or a number) and options that keeps x's floating type."""
    element = x.dtype if isinstance(x, types.Array) else x
    kind: Any = element if isinstance(element, types.Float) else float64

    @register_jitable
    def number(x: Any, *options: Any) -> Any:
        return kind(scalar(x, *options))

    @register_jitable
    def array(x: Any, *options: Any) -> Any:
        flat = x.ravel()
        out = np.empty(flat.size, kind)
        for i in range(flat.size):
            out[i] = scalar(flat[i], *options)
        return out.reshape(x.shape)

    return array if isinstance(x, types.Array) else number


def literal(t: Any) -> Any:
    """The value of an option that is known while compiling."""
    if isinstance(t, (types.Literal, types.Omitted)):
        return t.literal_value if isinstance(t, types.Literal) else t.value
    return t


@register_jitable
def _relu(x):
    return x if not x <= 0.0 else 0.0  # nan stays


@register_jitable
def _leaky_relu(x, negative_slope):
    return x if x > 0.0 else negative_slope * x


@register_jitable
def _elu(x, alpha):
    return x if x > 0.0 else alpha * vector_maths.expm1(x)


@register_jitable
def _gelu(x):
    return 0.5 * x * (1.0 + math.erf(0.7071067811865476 * x))


@register_jitable
def _gelu_tanh(x):
    return 0.5 * x * (1.0 + vector_maths.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))


@register_jitable
def _gelu_partial(x):
    z = min(max(x, -40.0), 40.0) if x == x else x
    return 0.5 * (1.0 + math.erf(0.7071067811865476 * z)) + 0.3989422804014327 * z * vector_maths.exp(-0.5 * z * z)


@register_jitable
def _gelu_tanh_partial(x):
    z = min(max(x, -10.0), 10.0) if x == x else x
    t = vector_maths.tanh(0.7978845608028654 * (z + 0.044715 * z * z * z))
    slope = 0.7978845608028654 * (1.0 + 0.134145 * z * z)
    return 0.5 * (1.0 + t) + 0.5 * z * (1.0 - t * t) * slope


@register_jitable
def _sigmoid(x):
    e = vector_maths.exp(-abs(x))
    return (1.0 if x >= 0.0 else e) / (1.0 + e)


@register_jitable
def _silu(x):
    return x * _sigmoid(x)


@register_jitable
def _softplus(x, beta, threshold):
    z = beta * x
    return x if z > threshold else (max(z, 0.0) + vector_maths.log1p(vector_maths.exp(-abs(z)))) / beta


@register_jitable
def _erf(x):
    return math.erf(x)


@overload(activations.erf)
def _overload_erf(x):
    run = over_elements(x, _erf)
    return lambda x: run(x)


@overload(activations.relu)
def _overload_relu(x):
    run = over_elements(x, _relu)
    return lambda x: run(x)


@overload(activations.leaky_relu)
def _overload_leaky_relu(x, negative_slope=0.01):
    run = over_elements(x, _leaky_relu)
    return lambda x, negative_slope=0.01: run(x, negative_slope)


@overload(activations.elu)
def _overload_elu(x, alpha=1.0):
    run = over_elements(x, _elu)
    return lambda x, alpha=1.0: run(x, alpha)


@overload(activations.gelu, prefer_literal=True)
def _overload_gelu(x, approximate="none"):
    run = over_elements(x, _gelu_tanh if literal(approximate) == "tanh" else _gelu)
    return lambda x, approximate="none": run(x)


@overload(activations.gelu_partial, prefer_literal=True)
def _overload_gelu_partial(x, approximate="none"):
    run = over_elements(x, _gelu_tanh_partial if literal(approximate) == "tanh" else _gelu_partial)
    return lambda x, approximate="none": run(x)


@overload(activations.sigmoid)
def _overload_sigmoid(x):
    run = over_elements(x, _sigmoid)
    return lambda x: run(x)


@overload(activations.silu)
def _overload_silu(x):
    run = over_elements(x, _silu)
    return lambda x: run(x)


@overload(activations.softplus)
def _overload_softplus(x, beta=1.0, threshold=20.0):
    run = over_elements(x, _softplus)
    return lambda x, beta=1.0, threshold=20.0: run(x, beta, threshold)


# ---- row by row ----


@register_jitable
def _less_greatest(rows):
    """Subtract from each row its greatest element, in place; nan stays."""
    if rows.shape[1] == 0 and rows.shape[0] > 0:
        raise ValueError("zero-size array to reduction operation maximum which has no identity")
    for i in range(rows.shape[0]):
        top = rows[i, 0]
        for j in range(1, rows.shape[1]):
            if rows[i, j] > top or rows[i, j] != rows[i, j]:
                top = rows[i, j]
        for j in range(rows.shape[1]):
            rows[i, j] -= top


@register_jitable
def _exponentials(rows):
    """exp of every element, all rows in one loop."""
    out = np.empty(rows.shape, rows.dtype)
    flat, given = out.reshape(-1), rows.reshape(-1)
    for k in range(flat.size):
        flat[k] = vector_maths.exp(given[k])
    return out


@register_jitable
def _normalised(rows):
    """Divide each row by its sum, in place."""
    for i in range(rows.shape[0]):
        total = 0.0
        for j in range(rows.shape[1]):
            total += rows[i, j]
        for j in range(rows.shape[1]):
            rows[i, j] = rows[i, j] / total


@outlined
def _softmax_rows(matrix):
    shifted = matrix.copy()
    _less_greatest(shifted)
    out = _exponentials(shifted)
    _normalised(out)
    return out


@outlined
def _log_softmax_rows(matrix):
    out = matrix.copy()
    _less_greatest(out)
    powers = _exponentials(out)
    for i in range(out.shape[0]):
        total = 0.0
        for j in range(out.shape[1]):
            total += powers[i, j]
        total = math.log(total)
        for j in range(out.shape[1]):
            out[i, j] -= total
    return out


def _over_rows(x, axis, kernel):
    """A compiled function that runs a kernel of rows along `axis` (a Numba type) of x."""
    if x.ndim <= 2 and literal(axis) in (-1, x.ndim - 1):

        def last(x, axis=-1):
            return kernel(whole(x).reshape(-1, x.shape[-1])).reshape(x.shape)

        return last

    def any_axis(x, axis=-1):
        turned = whole(np.swapaxes(x, axis % x.ndim, x.ndim - 1))
        out = kernel(turned.reshape(-1, turned.shape[-1])).reshape(turned.shape)
        return whole(np.swapaxes(out, axis % x.ndim, x.ndim - 1))

    return any_axis


@overload(activations.softmax, prefer_literal=True)
def _overload_softmax(x, axis=-1):
    return _over_rows(x, axis, _softmax_rows)


@overload(activations.log_softmax, prefer_literal=True)
def _overload_log_softmax(x, axis=-1):
    return _over_rows(x, axis, _log_softmax_rows)


@outlined
def _masked_softmax_rows(scores, seen):
    """Rows of which nothing is seen are zero."""
    out = scores.copy()
    blind = np.zeros(out.shape[0], np.bool_)
    for i in range(out.shape[0]):
        blind[i] = True
        for j in range(out.shape[1]):
            if not seen[i, j]:
                out[i, j] = -np.inf
            blind[i] = blind[i] and out[i, j] == -np.inf
        if blind[i]:
            out[i] = 0.0
    _less_greatest(out)
    out = _exponentials(out)
    _normalised(out)
    for i in range(out.shape[0]):
        if blind[i]:
            out[i] = 0.0
    return out


@overload(attention.masked_softmax)
def _overload_masked_softmax(scores, allowed):
    def masked_softmax(scores, allowed):
        width = scores.shape[-1]
        seen = np.broadcast_to(allowed, scores.shape).copy().reshape(-1, width)
        return _masked_softmax_rows(whole(scores).reshape(-1, width), seen).reshape(scores.shape)

    return masked_softmax


# ---- statistics over (outer, rows, inner) ----


@register_jitable
def _moments(x, r):
    """Mean and variance of row r, in double precision."""
    outer, _, inner = x.shape
    count = outer * inner
    total = 0.0
    for i in range(outer):
        for j in range(inner):
            total += x[i, r, j]
    mean = total / count
    squares = 0.0
    for i in range(outer):
        for j in range(inner):
            squares += (x[i, r, j] - mean) ** 2
    return mean, squares / count


@outlined
def _standardize(x, eps):
    out = np.empty(x.shape, x.dtype)
    for r in range(x.shape[1]):
        mean, variance = _moments(x, r)
        scale = 1.0 / math.sqrt(variance + eps)
        for i in range(x.shape[0]):
            for j in range(x.shape[2]):
                out[i, r, j] = (x[i, r, j] - mean) * scale
    return out


@outlined
def _standardize_pullback(x, y, v, eps):
    out = np.empty(v.shape, v.dtype)
    count = x.shape[0] * x.shape[2]
    for r in range(x.shape[1]):
        _, variance = _moments(x, r)
        scale = 1.0 / math.sqrt(variance + eps)
        along, across = 0.0, 0.0
        for i in range(x.shape[0]):
            for j in range(x.shape[2]):
                along += v[i, r, j]
                across += v[i, r, j] * y[i, r, j]
        along, across = along / count, across / count
        for i in range(x.shape[0]):
            for j in range(x.shape[2]):
                out[i, r, j] = scale * (v[i, r, j] - along - y[i, r, j] * across)
    return out


@overload(normalization.standardize)
def _overload_standardize(x, eps):
    return lambda x, eps: _standardize(whole(x), eps)


@overload(normalization.standardize_pullback)
def _overload_standardize_pullback(x, y, v, eps):
    def standardize_pullback(x, y, v, eps):
        return _standardize_pullback(whole(x), whole(y), whole(v), eps)

    return standardize_pullback


# ---- products and tables ----


@outlined
def _linear(x, weight, bias):
    """x (n, k), weight (m, k), bias (m,) or None give (n, m)."""
    out = np.dot(x, weight.T)
    if bias is not None:
        for i in range(out.shape[0]):
            row = out[i]
            for j in range(row.size):
                row[j] += bias[j]
    return out


@overload(functional.linear)
def _overload_linear(x, weight, bias=None):
    parts = [as_dtype(part.dtype) for part in (x, weight, bias) if isinstance(part, types.Array)]
    common = np.result_type(*parts)
    if any(part != common for part in parts):  # BLAS takes one type

        def mixed(x, weight, bias=None):
            if bias is None:
                return functional.linear(x.astype(common), weight.astype(common))
            return functional.linear(x.astype(common), weight.astype(common), bias.astype(common))

        return mixed

    def linear(x, weight, bias=None):
        if x.shape[-1] != weight.shape[1]:
            raise ValueError("linear: the last axis of x does not fit weight")
        if bias is not None and bias.shape[0] != weight.shape[0]:
            raise ValueError("linear: bias does not fit weight")
        flat = whole(x).reshape(-1, weight.shape[1])
        out = _linear(flat, whole(weight), whole(bias))
        return out.reshape(x.shape[:-1] + (weight.shape[0],))

    return linear


@overload(functional.embedding)
def _overload_embedding(indices, weight, padding_idx=None):
    def embedding(indices, weight, padding_idx=None):
        flat = indices.ravel()
        out = np.empty((flat.size, weight.shape[1]), weight.dtype)
        for i in range(flat.size):
            if not -weight.shape[0] <= flat[i] < weight.shape[0]:
                raise IndexError("embedding: an index is out of range")
            for j in range(weight.shape[1]):
                out[i, j] = weight[flat[i], j]
        return out.reshape(indices.shape + (weight.shape[1],))

    return embedding


@overload(functional.embedding_pullback)
def _overload_embedding_pullback(indices, weight, g, padding_idx=None):
    def embedding_pullback(indices, weight, g, padding_idx=None):
        weight_bar = np.zeros(weight.shape, g.dtype)
        flat = indices.ravel()
        lines = whole(g).reshape(-1, weight.shape[1])
        for i in range(flat.size):
            for j in range(weight.shape[1]):
                weight_bar[flat[i], j] += lines[i, j]
        if padding_idx is not None:
            weight_bar[padding_idx] = 0.0
        return weight_bar

    return embedding_pullback
