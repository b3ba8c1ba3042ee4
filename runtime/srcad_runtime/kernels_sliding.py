"""Windows that slide along one axis, and their adjoint."""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="call-arg"
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numba.cpython.unsafe.tuple import tuple_setitem

from srcad_runtime.jitting import overload, register_jitable
from srcad_runtime.kernels_folding import Array, constant, fold

compiled = njit(cache=True, error_model="numpy")


def windows(a: Array, width: int, axis: int) -> Array:
    """``np.lib.stride_tricks.sliding_window_view`` along one axis from 0: the windows stand along a last axis."""
    return np.lib.stride_tricks.sliding_window_view(a, width, axis)


def windows_sum(g: Array, axis: int) -> Array:
    """The adjoint of `windows`: what lies in windows that overlap, added up."""
    from srcad_runtime.sliding import windows_adjoint

    return windows_adjoint(g, (axis,), g)


@compiled
def _windows(a, width):
    outer, n, inner = a.shape
    if width > n:
        raise ValueError("window shape cannot be larger than input array shape")
    out = np.empty((outer, n - width + 1, inner * width), a.dtype)
    for i in range(outer):
        for j in range(n - width + 1):
            for k in range(inner):
                for p in range(width):
                    out[i, j, k * width + p] = a[i, j + p, k]
    return out


@compiled
def _windows_sum(g, width):
    outer, count, inner = g.shape[0], g.shape[1], g.shape[2] // width
    out = np.zeros((outer, count + width - 1, inner), g.dtype)
    for i in range(outer):
        for j in range(count):
            for k in range(inner):
                for p in range(width):
                    out[i, j + p, k] += g[i, j, k * width + p]
    return out


def _cut(ndim: int) -> Callable[..., Any]:
    """A compiled function of a shape of `ndim` extents: the shape without its last."""
    if ndim == 1:
        return register_jitable(lambda shape: ())
    rest = _cut_after(ndim - 1)
    return register_jitable(lambda shape: rest(shape))


def _cut_after(count: int) -> Callable[..., Any]:
    last = count - 1
    if count == 1:
        return register_jitable(lambda shape: (shape[0],))
    head = _cut_after(last)
    return register_jitable(lambda shape: (*head(shape), shape[last]))


@overload(windows, prefer_literal=True)
def _compiled_windows(a, width, axis):
    only = constant(axis)
    folded = fold(a.ndim, (only,))

    def run(a, width, axis):
        shape = (*tuple_setitem(a.shape, only, a.shape[only] - width + 1), width)
        return _windows(folded(a), width).reshape(shape)

    return run


@overload(windows_sum, prefer_literal=True)
def _compiled_windows_sum(g, axis):
    only = constant(axis)
    folded, shorter = fold(g.ndim, (only,)), _cut(g.ndim)

    def run(g, axis):
        width = g.shape[-1]
        return _windows_sum(folded(g), width).reshape(tuple_setitem(shorter(g.shape), only, g.shape[only] + width - 1))

    return run
