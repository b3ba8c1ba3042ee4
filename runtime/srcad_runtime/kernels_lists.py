"""Arrays made of lists whose length is known only at run time, and such lists made of arrays.

Called from Python each function is NumPy's own.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="call-arg"
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.cpython.unsafe.tuple import tuple_setitem

from srcad_runtime.elements import pieces
from srcad_runtime.jitting import overload
from srcad_runtime.kernels_folding import Array, axes_of, constant, split

compiled = njit(cache=True, error_model="numpy")


def array_of(items: Any) -> Array:
    """``np.array`` of a list of numbers; Numba would take the loop that made the list apart, and fails at some."""
    return np.array(items)


def joined(items: Any, axis: int = 0) -> Array:
    """``np.concatenate`` of a list of arrays whose length is known only at run time."""
    return np.concatenate(items, axis)


@compiled
def _stacked(items):
    if len(items) == 0:
        raise ValueError("an empty list makes an array of one axis")
    first = items[0]
    out = np.empty((len(items), first.size), first.dtype)
    for k in range(len(items)):
        if items[k].shape != first.shape:
            raise ValueError("setting an array element with a sequence: the arrays have several shapes")
        line = np.ascontiguousarray(items[k]).reshape(first.size)
        for j in range(first.size):
            out[k, j] = line[j]
    return out.reshape((len(items),) + first.shape)


@overload(joined, prefer_literal=True)
def _compiled_joined(items, axis=0):
    if not isinstance(items, (types.List, types.ListType)) or not isinstance(items.dtype, types.Array):
        return None
    [only] = axes_of(constant(axis), items.dtype.ndim)

    def join(items, axis=0):
        if len(items) == 0:
            raise ValueError("need at least one array to concatenate")
        n = 0
        for item in items:
            n += item.shape[only]
        first = split(items[0], only, only + 1)
        out = np.empty((first.shape[0], n, first.shape[2]), items[0].dtype)
        start = 0
        for item in items:
            if tuple_setitem(item.shape, only, 0) != tuple_setitem(items[0].shape, only, 0):
                raise ValueError("all the input array dimensions except for the concatenation axis must match exactly")
            start += _put(out, split(item, only, only + 1), start)
        return out.reshape(tuple_setitem(items[0].shape, only, n))

    return join


@compiled
def _put(out, part, start):
    """Write `part` into the middle axis of `out` from `start`; how many places that takes."""
    for i in range(part.shape[0]):
        for j in range(part.shape[1]):
            for k in range(part.shape[2]):
                out[i, start + j, k] = part[i, j, k]
    return part.shape[1]


@overload(pieces, prefer_literal=True)
def _compiled_pieces(g, items, axis=0):
    if not isinstance(items, (types.List, types.ListType)) or not isinstance(items.dtype, types.Array):
        return None
    [only] = axes_of(constant(axis), items.dtype.ndim)

    def cut(g, items, axis=0):
        whole = split(g, only, only + 1)
        start = 0
        found = []
        for item in items:
            n = item.shape[only]
            found.append(whole[:, start : start + n, :].copy().reshape(item.shape))
            start += n
        return found

    return cut


@overload(array_of)
def _array_of(items):
    if not isinstance(items, (types.List, types.ListType)):
        return None
    if isinstance(items.dtype, types.Array):
        return lambda items: _stacked(items)
    if not isinstance(items.dtype, types.Number):
        return None
    kind: Any = items.dtype

    def made(items):
        out = np.empty(len(items), kind)
        for k in range(len(items)):
            out[k] = items[k]
        return out

    return made
