"""Running along one axis, where Numba lacks the function or the argument: from (outer, n, inner) to (outer, m, inner).

Called from Python each function is NumPy's own.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="call-arg"
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numba.cpython.unsafe.tuple import tuple_setitem

from srcad_runtime.jitting import overload, register_jitable
from srcad_runtime.kernels_folding import Array, axes_of, constant, fold

compiled = njit(cache=True, error_model="numpy")


def roll(a: Array, shift: int, axis: int) -> Array:
    """``np.roll`` along one axis."""
    return np.roll(a, shift, axis)


def repeat(a: Array, repeats: int, axis: int) -> Array:
    """``np.repeat`` along one axis, each element as often."""
    return np.repeat(a, repeats, axis)


def sort(a: Array, axis: int = -1) -> Array:
    """``np.sort``."""
    return np.sort(a, axis)


def argsort(a: Array, axis: int = -1) -> Array:
    """``np.argsort``; equal elements stay in order, so that ties are broken alike on every backend."""
    return np.argsort(a, axis, kind="stable")


def cumprod(a: Array, axis: int) -> Array:
    """``np.cumprod`` along one axis."""
    return np.cumprod(a, axis)


def diff(a: Array, n: int = 1, axis: int = -1) -> Array:
    """``np.diff``."""
    return np.diff(a, n, axis)


@compiled
def _roll(a, shift):
    outer, n, inner = a.shape
    out = np.empty_like(a)
    for i in range(outer):
        for j in range(n):
            for k in range(inner):
                out[i, (j + shift) % n, k] = a[i, j, k]
    return out


@compiled
def _repeat(a, repeats):
    outer, n, inner = a.shape
    out = np.empty((outer, n * repeats, inner), a.dtype)
    for i in range(outer):
        for j in range(n * repeats):
            for k in range(inner):
                out[i, j, k] = a[i, j // repeats, k]
    return out


@compiled
def _sort(a):
    out = np.empty_like(a)
    for i in range(a.shape[0]):
        for k in range(a.shape[2]):
            line = np.sort(a[i, :, k])
            for j in range(a.shape[1]):
                out[i, j, k] = line[j]
    return out


@compiled
def _argsort(a):
    out = np.empty(a.shape, np.int64)
    for i in range(a.shape[0]):
        for k in range(a.shape[2]):
            line = np.argsort(a[i, :, k], kind="mergesort")
            for j in range(a.shape[1]):
                out[i, j, k] = line[j]
    return out


@compiled
def _cumprod(a):
    out = a.copy()
    for i in range(a.shape[0]):
        for j in range(1, a.shape[1]):
            for k in range(a.shape[2]):
                out[i, j, k] *= out[i, j - 1, k]
    return out


@compiled
def _diff(a, times):
    out = a.copy()
    for done in range(times):
        for i in range(a.shape[0]):
            for j in range(a.shape[1] - 1 - done):
                for k in range(a.shape[2]):
                    out[i, j, k] = out[i, j + 1, k] - out[i, j, k]
    return out[:, : max(a.shape[1] - times, 0), :].copy()


def _along(a: Any, axis: Any) -> tuple[Callable[..., Array], Callable[..., Array]]:
    """Compiled functions that fold an array at one axis, and that unfold (outer, m, inner) again."""
    [only] = axes_of(constant(axis), a.ndim)
    unfold = register_jitable(lambda out, a: out.reshape(tuple_setitem(a.shape, only, out.shape[1])))
    return fold(a.ndim, (only,)), unfold


@overload(roll, prefer_literal=True)
def _compiled_roll(a, shift, axis):
    folded, unfold = _along(a, axis)
    return lambda a, shift, axis: unfold(_roll(folded(a), shift), a)


@overload(repeat, prefer_literal=True)
def _compiled_repeat(a, repeats, axis):
    folded, unfold = _along(a, axis)
    return lambda a, repeats, axis: unfold(_repeat(folded(a), repeats), a)


@overload(sort, prefer_literal=True)
def _compiled_sort(a, axis=-1):
    folded, unfold = _along(a, axis)
    return lambda a, axis=-1: unfold(_sort(folded(a)), a)


@overload(argsort, prefer_literal=True)
def _compiled_argsort(a, axis=-1):
    if a.ndim == 1:
        return lambda a, axis=-1: np.argsort(a, kind="mergesort")
    folded, unfold = _along(a, axis)
    return lambda a, axis=-1: unfold(_argsort(folded(a)), a)


@overload(cumprod, prefer_literal=True)
def _compiled_cumprod(a, axis):
    folded, unfold = _along(a, axis)
    return lambda a, axis: unfold(_cumprod(folded(a)), a)


@overload(diff, prefer_literal=True)
def _compiled_diff(a, n=1, axis=-1):
    folded, unfold = _along(a, axis)
    return lambda a, n=1, axis=-1: unfold(_diff(folded(a), n), a)
