"""Adjoints and tangents of order statistics: each quantile is a mean of two elements, whose order is fixed nearby."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from srcad_runtime.elements import Array


def count_numbers(a: np.ndarray, axis: Any) -> np.ndarray:
    """How many elements along `axis` (int, tuple or None) are not NaN, in `a`'s type, the axis kept with extent 1."""
    a = np.asarray(a)
    return (~np.isnan(a)).astype(a.dtype).sum(axis=axis, keepdims=True)


def quantile_adjoint(a: np.ndarray, q: Any, axis: Any, method: str, skip_nan: bool, g: Array) -> np.ndarray:
    """The adjoint of ``np.quantile(a, q, axis, method=method)`` for the adjoint `g` of its value, in `a`'s shape.

    skip_nan: as ``np.nanquantile`` does. Each quantile is a mean of two elements, which share its adjoint.
    """
    a = np.asarray(a)
    if a.size == 0:
        return np.zeros_like(a)
    lines, order, low, high, t = _order_places(a, q, axis, method, skip_nan)
    g = np.asarray(g).reshape(t.shape)
    total = np.zeros(lines.shape, g.dtype)
    columns = np.broadcast_to(np.arange(lines.shape[1]), t.shape)
    np.add.at(total, (order[low, columns], columns), (1.0 - t) * g)
    np.add.at(total, (order[high, columns], columns), t * g)
    return _from_lines(total, a, axis)


def quantile_tangent(a: np.ndarray, q: Any, axis: Any, method: str, skip_nan: bool, moves: np.ndarray) -> np.ndarray:
    """The tangent of ``np.quantile(a, q, axis, method=method)`` for the tangent `moves` of `a`; (q.size, lines)."""
    a = np.asarray(a)
    if a.size == 0:  # quantiles of nothing are NaN
        return np.full((np.size(q), np.size(np.sum(a, axis=axis))), np.nan, a.dtype)
    lines, order, low, high, t = _order_places(a, q, axis, method, skip_nan)
    columns = np.broadcast_to(np.arange(lines.shape[1]), t.shape)
    dots = _to_lines(moves, axis)
    return (1.0 - t) * dots[order[low, columns], columns] + t * dots[order[high, columns], columns]


def quantile_slope(a: np.ndarray, q: Any, axis: Any, method: str, skip_nan: bool) -> np.ndarray:
    """The derivative of ``np.quantile(a, q, axis, method=method)`` by `q`; (q.size, lines), 0 beyond both ends."""
    a = np.asarray(a)
    lines, order, low, high, t = _order_places(a, q, axis, method, skip_nan)
    alpha, beta = _PLOTTING.get(method, (None, 0.0))
    if alpha is None:  # a step from element to element
        return np.zeros(t.shape, t.dtype)
    columns = np.broadcast_to(np.arange(lines.shape[1]), t.shape)
    count = (~np.isnan(lines)).sum(axis=0) if skip_nan else lines.shape[0]
    gap = lines[order[high, columns], columns] - lines[order[low, columns], columns]
    within = _virtual_place(np.asarray(q).ravel()[:, None], np.broadcast_to(np.asarray(count), t.shape), method) >= 0.0
    return np.where(within, (count + 1.0 - alpha - beta) * gap, 0.0).astype(t.dtype)


def _order_places(a: np.ndarray, q: Any, axis: Any, method: str, skip_nan: bool) -> tuple[np.ndarray, ...]:
    """`a` as columns, their sorting order, and for each quantile the two places in it and the weight of the second."""
    lines = _to_lines(a, axis)
    count = (~np.isnan(lines)).sum(axis=0) if skip_nan else np.full(lines.shape[1], lines.shape[0])
    place = _virtual_place(np.asarray(q).ravel()[:, None], count, method)
    low = np.clip(np.floor(place).astype(np.int64), 0, np.maximum(count - 1, 0))
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    t = np.clip(place - low, 0.0, 1.0).astype(a.dtype)
    return lines, np.argsort(lines, axis=0, kind="stable"), low, high, t


_PLOTTING = {
    "linear": (1.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "interpolated_inverted_cdf": (0.0, 1.0),
    "median_unbiased": (1.0 / 3.0, 1.0 / 3.0),
    "normal_unbiased": (3.0 / 8.0, 3.0 / 8.0),
}


def _virtual_place(q: np.ndarray, count: np.ndarray, method: str) -> np.ndarray:
    """Where a quantile lies among `count` sorted values, from 0.

    Source: R. J. Hyndman and Y. Fan, Sample quantiles in statistical packages, The American Statistician 50 (1996).
    """
    if method in _PLOTTING:
        alpha, beta = _PLOTTING[method]
        return count * q + (alpha + q * (1.0 - alpha - beta)) - 1.0
    if method in ("inverted_cdf", "averaged_inverted_cdf", "closest_observation"):
        return _step_place(count * q, method)
    place = (count - 1) * q
    if method == "midpoint":
        return 0.5 * (np.floor(place) + np.ceil(place))
    return {"lower": np.floor, "higher": np.ceil, "nearest": np.rint}[method](place)


def _step_place(nq: np.ndarray, method: str) -> np.ndarray:
    """The first three of Hyndman and Fan's definitions, which step from element to element; nq: count times q."""
    if method == "closest_observation":
        j = np.floor(nq - 0.5)
        return np.where((nq - 0.5 == j) & (j % 2 == 0), j - 1.0, j)
    on_step = (nq == np.floor(nq)) & (method == "averaged_inverted_cdf")
    return np.where(on_step, nq - 0.5, np.ceil(nq) - 1.0)


def _to_lines(a: np.ndarray, axis: Any) -> np.ndarray:
    """The reduced axes as rows, all others as columns."""
    a = np.asarray(a)  # compiled code hands a number over as Python's
    axes = range(a.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    front = tuple(k % a.ndim for k in axes)
    moved = np.moveaxis(a, front, tuple(range(len(front))))
    rows = math.prod(moved.shape[: len(front)])
    return moved.reshape(rows, -1) if a.size else moved.reshape(rows, 0)


def _from_lines(lines: np.ndarray, a: np.ndarray, axis: Any) -> np.ndarray:
    """Undo `_to_lines`: back to the shape of `a`."""
    axes = range(a.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    front = tuple(k % a.ndim for k in axes)
    shape = np.moveaxis(a, front, tuple(range(len(front)))).shape
    return np.moveaxis(lines.reshape(shape), tuple(range(len(front))), front)
