"""Helpers of single elements and places: types, broadcasting, accumulation, ties."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any  # a number or a numpy.ndarray


def astype(x: Array, dtype: Any) -> Array:
    """`x` (number or array of any shape) with elements of type `dtype`, always a new value."""
    return x.astype(dtype) if hasattr(x, "__array_function__") else np.dtype(dtype).type(x)


def unbroadcast(g: Array, like: Array) -> Array:
    """Sum `g` over the axes that broadcasting gave it, so that it fits `like`.

    g: shape (..., *like.shape) up to axes of extent 1; like: any shape. Axes that `g` lacks, or has with extent 1, are
    left alone: the result broadcasts against `like`.
    """
    extra = np.ndim(g) - np.ndim(like)
    if extra > 0:
        g = g.sum(axis=tuple(range(extra)))
    offset = np.ndim(like) - np.ndim(g)
    shape = np.shape(like)
    stretched = tuple(i for i, n in enumerate(np.shape(g)) if shape[i + offset] == 1 and n != 1)
    return g.sum(axis=stretched, keepdims=True) if stretched else g


def add_at(a: np.ndarray, index: Any, g: Array) -> None:
    """``a[index] += g`` with every repetition of an index counted; writes `a`."""
    np.add.at(a, index, g)


def scatter_add(like: np.ndarray, index: Any, g: Array) -> np.ndarray:
    """Zeros of `like`'s shape with `g` added at `index`, every repetition counted: the adjoint of ``like[index]``."""
    total = np.zeros_like(g, shape=np.shape(like))
    np.add.at(total, index, g)
    return total


def last_written(a: np.ndarray, index: Any) -> np.ndarray:
    """``a[index]`` with 0 at every repetition of an index but its last: what a write ``a[index] = v`` leaves of v."""
    kept = a[index]
    order = np.cumsum(np.ones_like(kept, dtype=np.int64)).reshape(np.shape(kept))
    writer = np.zeros_like(a, dtype=np.int64)
    writer[index] = order
    return np.where(writer[index] == order, kept, 0.0)


def written(like: np.ndarray, index: Any, g: Array) -> np.ndarray:
    """Zeros of `like`'s shape after ``[index] = g``: of several values for one element the last one counts."""
    total = np.zeros_like(g, shape=np.shape(like))
    total[index] = g
    return total


def exceeds(a: Array, b: Array) -> Array:
    """How much of ``maximum(a, b)`` is `a`'s: 1 where a > b, 0.5 where they are equal, 0 elsewhere.

    The result has the shape and the floating type of ``a - b``.
    """
    dtype = np.result_type(a, b)
    if dtype.kind not in "fc":
        dtype = np.dtype(np.float64)
    return np.where(np.equal(a, b), dtype.type(0.5), np.greater(a, b).astype(dtype))[()]


def power_slope(x: Array, y: Array) -> Array:
    """``y * x ** (y - 1)``, the derivative of ``x ** y`` by x; 0 where y is 0, also at x = 0."""
    x = np.float64(x) if isinstance(x, float) else x  # powers of Python's are complex, or raise, where NumPy's are nan
    if np.ndim(y) == 0:
        y = int(y) if isinstance(y, np.integer) else y  # narrow integers would wrap
        return y * x ** (y - 1) if y != 0 else 0.0 * x
    y = y if hasattr(y, "dtype") else np.asarray(y)
    lower = np.subtract(y, 1, dtype=np.result_type(x, y)) if y.dtype.kind in "iu" else y - 1
    return y * x ** np.where(np.equal(y, 0), 1, lower)


def xlogy(x: Array, y: Array) -> Array:
    """``x * log(y)``, 0 where x is 0 whatever y is."""
    zero = np.equal(x, 0)
    return np.where(zero, 0, x * np.log(np.where(zero, 1, y)))[()]


def zeros_of(items: list) -> list:
    """A list of zeros like the numbers or arrays of `items`; floating ones also for integers."""
    return [_zeros_like(v) if hasattr(v, "__array_function__") else 0.0 for v in items]  # CuPy's as well


def _zeros_like(array: Array) -> Array:
    return np.zeros_like(array, dtype=float if array.dtype.kind in "iub" else None)


def pieces(g: np.ndarray, items: list, axis: int = 0) -> list:
    """`g` cut into arrays of the extents of `items`: the adjoint of ``np.concatenate(items, axis)``."""
    before = (slice(None),) * (axis % g.ndim)
    found, start = [], 0
    for item in items:
        stop = start + item.shape[axis]
        found.append(g[(*before, slice(start, stop))])
        start = stop
    return found


def empty_list(like: Any) -> list[Any]:
    """An empty list for values like this one, whose type compiled code has to know."""
    return []


def add_items(items: list, g: np.ndarray) -> None:
    """``items[k] += g[k]`` for every k: the adjoint of making an array of a list; writes `items`."""
    for k in range(len(items)):
        items[k] = items[k] + g[k]
