"""Arrays as three axes, (outer, n, inner), the middle one holding the axes that a kernel runs over."""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="call-arg,call-overload"
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import errors, njit, types
from numba.cpython.unsafe.tuple import tuple_setitem

from srcad_runtime.jitting import register_jitable

Array = Any
Axis = Any  # None, an int, or a tuple of ints; known while compiling


def constant(t: Any) -> Any:
    """The value of an argument that is known while compiling.

    Raises RequireLiteralValue if it is not known.
    """
    if isinstance(t, types.Omitted):
        return t.value
    if isinstance(t, types.Literal):
        return t.literal_value
    if isinstance(t, types.NoneType):
        return None
    if isinstance(t, types.BaseTuple):
        return tuple(map(constant, t))
    if isinstance(t, types.Type):
        raise errors.RequireLiteralValue(f"an axis must be a constant, not {t}")
    return t


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes meant, from 0 and in order."""
    chosen = range(ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    return tuple(sorted(a % ndim for a in chosen))


@njit(cache=True)
def split(a, first, end):
    """`a` as (outer, n, inner), the axes from `first` to before `end` in the middle."""
    outer = n = inner = 1
    for i in range(first):
        outer *= a.shape[i]
    for i in range(first, end):
        n *= a.shape[i]
    for i in range(end, a.ndim):
        inner *= a.shape[i]
    return np.ascontiguousarray(a).reshape((outer, n, inner))


@njit(cache=True)
def matrix(a, rows):
    """`a` with its first `rows` axes as one and the others as another."""
    m = n = 1
    for i in range(rows):
        m *= a.shape[i]
    for i in range(rows, a.ndim):
        n *= a.shape[i]
    return np.ascontiguousarray(a).reshape((m, n))


@njit(cache=True)
def _single(a):
    return np.full((1, 1, 1), a)


def fold(ndim: int, axes: tuple[int, ...]) -> Callable[..., Array]:
    """A compiled function that gives an array of `ndim` axes the shape (outer, n, inner), `axes` in the middle."""
    if ndim == 0:
        return _single
    first, end = (axes[0], axes[-1] + 1) if axes else (ndim, ndim)
    if end - first == len(axes):
        return register_jitable(lambda a: split(a, first, end))
    order, kept = tuple(a for a in range(ndim) if a not in axes) + axes, ndim - len(axes)
    return register_jitable(lambda a: split(np.transpose(a, order), kept, ndim))


def shape_without(ndim: int, axes: tuple[int, ...], keepdims: bool) -> Callable[..., Any]:
    """A compiled function of a shape that drops `axes`, or sets their extents to 1."""
    if keepdims:
        return _with_ones(axes)
    kept = [a for a in range(ndim) if a not in axes]
    if not kept:
        return register_jitable(lambda shape: ())
    return _taken(tuple(kept))


def _with_ones(axes: tuple[int, ...]) -> Callable[..., Any]:
    if not axes:
        return register_jitable(lambda shape: shape)
    first, rest = axes[0], _with_ones(axes[1:])
    return register_jitable(lambda shape: tuple_setitem(rest(shape), first, 1))


def _taken(kept: tuple[int, ...]) -> Callable[..., Any]:
    head = kept[0]
    if len(kept) == 1:
        return register_jitable(lambda shape: (shape[head],))
    tail = _taken(kept[1:])
    return register_jitable(lambda shape: (shape[head], *tail(shape)))
