"""Reductions along axes that Numba lacks, and those whose float32 sums it makes less accurate than NumPy's.

Called from Python each function is NumPy's own. Compiled, the reduced axes are folded into the middle one of three,
(outer, n, inner), and one loop over them, compiled once per element type, does the work. float32 stays float32; its
sums are accumulated in float64.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="attr-defined"
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types

from srcad_runtime.jitting import overload, register_jitable
from srcad_runtime.kernels_folding import Array, Axis, axes_of, constant, fold, shape_without

compiled = njit(cache=True, error_model="numpy")
added_up = njit(cache=True, error_model="numpy", fastmath={"reassoc", "nsz"})  # in any order


# ---- as called from Python ----


def sum(a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """``np.sum``."""
    return np.sum(a, axis=axis, keepdims=keepdims)


def mean(a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """``np.mean``."""
    return np.mean(a, axis=axis, keepdims=keepdims)


def prod(a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """``np.prod``."""
    return np.prod(a, axis=axis, keepdims=keepdims)


def max(a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """``np.max``."""
    return np.max(a, axis=axis, keepdims=keepdims)


def min(a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """``np.min``."""
    return np.min(a, axis=axis, keepdims=keepdims)


def any(a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """``np.any``."""
    return np.any(a, axis=axis, keepdims=keepdims)


def all(a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """``np.all``."""
    return np.all(a, axis=axis, keepdims=keepdims)


def ptp(a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """``np.ptp``."""
    return np.ptp(a, axis=axis, keepdims=keepdims)


def median(a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """``np.median``."""
    return np.median(a, axis=axis, keepdims=keepdims)


def var(a: Array, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Array:
    """``np.var``."""
    return np.var(a, axis=axis, ddof=ddof, keepdims=keepdims)


def std(a: Array, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Array:
    """``np.std``."""
    return np.std(a, axis=axis, ddof=ddof, keepdims=keepdims)


# ---- the loops: from (outer, n, inner) to (outer, inner) ----
# `wide` is the type in which numbers are added up, `kind` the type of the result.


@added_up
def _sum(a, wide, kind):
    outer, n, inner = a.shape
    out = np.empty((outer, inner), kind)
    for i in range(outer):
        if inner == 1:
            total = wide(0)
            for j in range(n):
                total += wide(a[i, j, 0])
            out[i, 0] = kind(total)
        else:
            totals = np.zeros(inner, wide)
            for j in range(n):
                for k in range(inner):
                    totals[k] += wide(a[i, j, k])
            for k in range(inner):
                out[i, k] = kind(totals[k])
    return out


@compiled
def _mean(a, wide, kind):
    totals = _sum(a, wide, wide)
    n = a.shape[1]
    out = np.empty(totals.shape, kind)
    for i in range(totals.shape[0]):
        for k in range(totals.shape[1]):
            out[i, k] = kind(totals[i, k] / n)
    return out


@added_up
def _var(a, wide, kind, ddof):
    outer, n, inner = a.shape
    means = _mean(a, wide, wide)
    squares = np.zeros((outer, inner), np.float64)
    for i in range(outer):
        for j in range(n):
            for k in range(inner):
                deviation = a[i, j, k] - means[i, k]
                squares[i, k] += deviation.real * deviation.real + deviation.imag * deviation.imag
    freedom = n - ddof if n > ddof else 0
    return (squares / freedom).astype(kind)


@compiled
def _std(a, wide, kind, ddof):
    return np.sqrt(_var(a, wide, kind, ddof))


@compiled
def _prod(a, wide, kind):
    outer, n, inner = a.shape
    out = np.ones((outer, inner), kind)
    for i in range(outer):
        for j in range(n):
            for k in range(inner):
                out[i, k] *= a[i, j, k]
    return out


@compiled
def _max(a, wide, kind):
    outer, n, inner = a.shape
    if n == 0:
        raise ValueError("zero-size array to reduction operation maximum which has no identity")
    out = a[:, 0, :].copy()
    for i in range(outer):
        for j in range(1, n):
            for k in range(inner):
                x = a[i, j, k]
                if x > out[i, k] or x != x:  # nan stays
                    out[i, k] = x
    return out


@compiled
def _min(a, wide, kind):
    outer, n, inner = a.shape
    if n == 0:
        raise ValueError("zero-size array to reduction operation minimum which has no identity")
    out = a[:, 0, :].copy()
    for i in range(outer):
        for j in range(1, n):
            for k in range(inner):
                x = a[i, j, k]
                if x < out[i, k] or x != x:  # nan stays
                    out[i, k] = x
    return out


@compiled
def _ptp(a, wide, kind):
    return _max(a, wide, kind) - _min(a, wide, kind)


@compiled
def _any(a, wide, kind):
    outer, n, inner = a.shape
    out = np.zeros((outer, inner), np.bool_)
    for i in range(outer):
        for j in range(n):
            for k in range(inner):
                out[i, k] |= a[i, j, k] != 0
    return out


@compiled
def _all(a, wide, kind):
    outer, n, inner = a.shape
    out = np.ones((outer, inner), np.bool_)
    for i in range(outer):
        for j in range(n):
            for k in range(inner):
                out[i, k] &= a[i, j, k] != 0
    return out


@compiled
def _median(a, wide, kind):
    outer, n, inner = a.shape
    out = np.empty((outer, inner), kind)
    for i in range(outer):
        for k in range(inner):
            line = np.sort(a[i, :, k])  # nan comes last
            middle = kind(line[n // 2]) if n else kind(np.nan)
            lower = kind(line[n // 2 - 1]) if n and n % 2 == 0 else middle
            worst = kind(line[n - 1]) if n else middle
            out[i, k] = worst if worst != worst else (lower + middle) / kind(2)
    return out


# ---- compiling a call ----


def reduced_sum(a: Array) -> Array:
    """(outer, n, inner) summed over the middle axis; only compiled code calls it."""
    return np.sum(a, axis=1)


@overload(reduced_sum)
def _reduced_sum(a):
    wide, kind = _kinds(a.dtype, _sum)
    return lambda a: _sum(a, wide, kind)


def _kinds(dtype: Any, loop: Callable[..., Array]) -> tuple[Any, Any]:
    """The types (wide, kind) for elements of a Numba type."""
    element = np.dtype(str(dtype)).type
    whole = isinstance(dtype, (types.Integer, types.Boolean))
    if loop in (_sum, _prod):
        integer = np.uint64 if isinstance(dtype, types.Integer) and not dtype.signed else np.int64
        return (integer, integer) if whole else (_wide(dtype), element)
    if loop in (_mean, _var, _std, _median):
        kind = np.float64 if whole else element
        real = np.dtype(kind).type(0).real.dtype.type
        return _wide(dtype), real if loop in (_var, _std) else kind
    return element, element


def _wide(dtype: Any) -> Any:
    return np.complex128 if isinstance(dtype, types.Complex) else np.float64


def _plan(a: Any, axis: Any, keepdims: Any, loop: Callable[..., Array]) -> tuple[Any, ...]:
    """How to reduce values of the Numba type `a`: (fold, finish, wide, kind), the first two compiled functions."""
    ndim = a.ndim if isinstance(a, types.Array) else 0
    axes, keep = axes_of(constant(axis), ndim), bool(constant(keepdims))
    shape = shape_without(ndim, axes, keep)
    if len(axes) == ndim and not keep:
        finish = register_jitable(lambda out, a: out[0, 0])
    else:
        finish = register_jitable(lambda out, a: out.reshape(shape(a.shape)))
    return fold(ndim, axes), finish, *_kinds(a.dtype if isinstance(a, types.Array) else a, loop)


def _compile(function: Callable[..., Array], loop: Callable[..., Array]) -> None:
    # few functions between the caller and the loop: Numba optimises the loop again for each
    @overload(function, prefer_literal=True)
    def _(a, axis=None, keepdims=False):
        if isinstance(a, (types.Array, types.Number, types.Boolean)):
            folded, finish, wide, kind = _plan(a, axis, keepdims, loop)
            return lambda a, axis=None, keepdims=False: finish(loop(folded(a), wide, kind), a)


for _function, _loop in ((sum, _sum), (mean, _mean), (prod, _prod), (max, _max), (min, _min), (ptp, _ptp)):
    _compile(_function, _loop)
for _function, _loop in ((any, _any), (all, _all), (median, _median)):
    _compile(_function, _loop)


def _compile_spread(function: Callable[..., Array], loop: Callable[..., Array]) -> None:
    @overload(function, prefer_literal=True)
    def _(a, axis=None, ddof=0, keepdims=False):
        if isinstance(a, (types.Array, types.Number, types.Boolean)):
            folded, finish, wide, kind = _plan(a, axis, keepdims, loop)
            return lambda a, axis=None, ddof=0, keepdims=False: finish(loop(folded(a), wide, kind, ddof), a)


_compile_spread(var, _var)
_compile_spread(std, _std)
