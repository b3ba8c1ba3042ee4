"""How Numba compiles the array helpers of `srcad_runtime.arrays` that generated gradients call most."""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="call-arg,attr-defined"
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.cpython.unsafe.tuple import tuple_setitem

from srcad_runtime import arrays
from srcad_runtime.jitting import overload, register_jitable
from srcad_runtime.kernels_elements import FLOATS, NUMBERS, by_element
from srcad_runtime.kernels_folding import axes_of, constant, fold, split
from srcad_runtime.kernels_reductions import sum as total_of
from srcad_runtime.outlined import outlined, whole


def _rank(t: Any) -> int:
    return t.ndim if isinstance(t, types.Array) else 0


# ---- shapes and types ----


@overload(arrays.unbroadcast)
def _unbroadcast(g, like):
    extra, rank = _rank(g) - _rank(like), _rank(like)
    if _rank(g) == 0:
        return lambda g, like: g
    if rank == 0:
        return lambda g, like: total_of(g)
    zero, offset = _wide_zero(g.dtype), max(-extra, 0)
    if extra <= 0:
        return lambda g, like: _stretched(whole(g), like.shape[offset:], zero)

    def summed(g, like):
        lines = whole(g).reshape((_extent(g.shape, 0, extra), _extent(g.shape, extra, g.ndim)))
        return _stretched(_summed(lines, zero).reshape(g.shape[extra:]), like.shape, zero)

    return summed


def _wide_zero(dtype: Any) -> Any:
    """The zero that elements of a Numba type are added up from."""
    return 0.0 if isinstance(dtype, types.Float) else 0j if isinstance(dtype, types.Complex) else 0


@register_jitable
def _extent(shape, first, end):
    """How many elements axes from `first` to before `end` have together."""
    n = 1
    for axis in range(first, end):
        n *= shape[axis]
    return n


@register_jitable
def _stretched(g, shape, zero):
    """`g` summed over axes along which `shape` is 1 and it is not."""
    for axis in range(g.ndim):
        if shape[axis] == 1 and g.shape[axis] != 1:
            return _folded(g, shape, zero)
    return g


@outlined
def _summed(lines, zero):
    """The sum of the rows of a matrix."""
    out = np.empty(lines.shape[1], lines.dtype)
    totals = np.full(lines.shape[1], zero)
    for i in range(lines.shape[0]):
        for k in range(lines.shape[1]):
            totals[k] += lines[i, k]
    for k in range(lines.shape[1]):
        out[k] = totals[k]
    return out


@outlined
def _folded(g, shape, zero):
    """`_stretched` where there is something to sum."""
    for axis in range(g.ndim):
        if shape[axis] == 1 and g.shape[axis] != 1:
            n = g.shape[axis]
            outer, inner = _extent(g.shape, 0, axis), _extent(g.shape, axis + 1, g.ndim)
            lines = g.reshape((outer, n, inner))
            out = np.empty((outer, inner), g.dtype)
            totals = np.full(inner, zero)
            for i in range(outer):
                for k in range(inner):
                    totals[k] = zero
                for j in range(n):
                    for k in range(inner):
                        totals[k] += lines[i, j, k]
                for k in range(inner):
                    out[i, k] = totals[k]
            g = out.reshape(tuple_setitem(g.shape, axis, 1))
    return g


@overload(arrays.astype, prefer_literal=True)
def _astype(x, dtype):
    if isinstance(x, types.Array):
        return lambda x, dtype: x.astype(dtype)
    if isinstance(dtype, types.StringLiteral):
        kind = np.dtype(dtype.literal_value).type
    elif isinstance(dtype, (types.NumberClass, types.DType)):
        kind = np.dtype(str(dtype.dtype)).type
    else:
        return lambda x, dtype: dtype(x)
    return lambda x, dtype: kind(x)


# ---- lists ----


@overload(arrays.zeros_of)
def _zeros_of(items):
    if isinstance(items.dtype, types.Array):
        return lambda items: [np.zeros_like(v) for v in items]
    kind = np.dtype(str(items.dtype)).type
    return lambda items: [kind(0) for _ in items]


@overload(arrays.empty_list)
def _empty_list(like):
    return lambda like: [like for _ in range(0)]


@overload(arrays.add_items)
def _add_items(items, g):
    def add(items, g):
        for k in range(len(items)):
            items[k] = items[k] + g[k]

    return add


# ---- scattering: a[index] with repetitions ----


def _is_plain(index: Any) -> bool:
    """Integers and slices only: no element can be meant twice."""
    items = index.types if isinstance(index, types.BaseTuple) else (index,)
    return not any(isinstance(t, (types.Array, types.List, types.Sequence)) for t in items)


def _positions(a: Any, index: Any) -> Any:
    """A compiled function of (a, index): where in the flattened `a` the elements of ``a[index]`` are."""
    if isinstance(index, types.Array) and isinstance(index.dtype, types.Boolean) and index.ndim == a.ndim:

        def chosen(a, index):
            if a.shape != index.shape:
                raise ValueError("operands could not be broadcast together")
            return np.nonzero(index.ravel())[0]

        return register_jitable(chosen)
    if isinstance(index, types.Array) and isinstance(index.dtype, types.Integer) and a.ndim == 1:
        return register_jitable(lambda a, index: index)
    return register_jitable(lambda a, index: np.arange(a.size).reshape(a.shape)[index])


@njit(cache=True)
def _add(a, positions, g):
    values, places = np.broadcast_to(g, positions.shape), positions.flat
    for k, value in enumerate(values.flat):
        if not -a.size <= places[k] < a.size:
            raise IndexError("index is out of bounds")
        a.flat[places[k] if places[k] >= 0 else places[k] + a.size] += value


@njit(cache=True)
def _add_rows(a, rows, g):
    """`_add` to rows of a matrix: only these are visited."""
    n, width = a.shape
    if g.shape[0] not in (1, rows.shape[0]) or g.shape[1] not in (1, width):
        raise ValueError("operands could not be broadcast together")
    one_row, one_column = g.shape[0] == 1, g.shape[1] == 1
    for k in range(rows.shape[0]):
        row = rows[k]
        if not -n <= row < n:
            raise IndexError("index is out of bounds")
        for j in range(width):
            a[row, j] += g[0 if one_row else k, 0 if one_column else j]


def _are_rows(a: Any, index: Any, g: Any) -> bool:
    """Whether a row of g is added to each of some rows of a."""
    vector = isinstance(index, types.Array) and isinstance(index.dtype, types.Integer) and index.ndim == 1
    return vector and _rank(a) == _rank(g) == 2


@overload(arrays.add_at)
def _add_at(a, index, g):
    if _are_rows(a, index, g):
        return lambda a, index, g: _add_rows(a, index, g)
    if _is_plain(index):

        def plain(a, index, g):
            a[index] = a[index] + g  # whose shapes Numba checks

        return plain
    positions = _positions(a, index)
    if isinstance(g, types.Array):
        return lambda a, index, g: _add(a, positions(a, index), g)
    return lambda a, index, g: _add(a, positions(a, index), np.full((), g))


@overload(arrays.scatter_add)
def _scatter_add(like, index, g):
    kind = np.dtype(str(g.dtype if isinstance(g, types.Array) else g)).type

    def scatter(like, index, g):
        total = np.zeros(like.shape, kind)
        arrays.add_at(total, index, g)
        return total

    return scatter


@overload(arrays.written)
def _written(like, index, g):
    kind = np.dtype(str(g.dtype if isinstance(g, types.Array) else g)).type

    def write(like, index, g):
        total = np.zeros(like.shape, kind)
        total[index] = g
        return total

    return write


@overload(arrays.last_written)
def _last_written(a, index):
    positions = _positions(a, index)

    def last(a, index):
        places = positions(a, index)
        kept = a[index]
        seen = np.zeros(a.size, np.bool_)
        flat, order = kept.reshape(kept.size), places.ravel()
        for k in range(order.size - 1, -1, -1):
            if seen[order[k]]:
                flat[k] = 0
            seen[order[k]] = True
        return kept

    return last


# ---- element by element ----


def _exceeds(a, b):
    return 1.0 if a > b else 0.5 if a == b else 0.0


def _power_slope(x, y):
    return y * x ** (y - 1) if y != 0 else 0 * x


def _xlogy(x, y):
    return x * np.log(y) if x != 0 else 0 * x


by_element(arrays.exceeds, _exceeds, FLOATS)
by_element(arrays.power_slope, _power_slope, NUMBERS)
by_element(arrays.xlogy, _xlogy, NUMBERS)


# ---- extremes and products along axes ----


@outlined
def _shares(lines, top):
    """`tie_share` of (outer, n, inner) and (outer, 1, inner) along the middle."""
    outer, n, inner = lines.shape
    if top.shape[0] != outer or top.shape[1] != 1 or top.shape[2] != inner:
        raise ValueError("operands could not be broadcast together")
    out = np.empty(lines.shape, lines.dtype)
    ties = np.empty(inner, lines.dtype)
    for i in range(outer):
        for k in range(inner):
            ties[k] = 0
        for j in range(n):
            for k in range(inner):
                ties[k] += lines[i, j, k] == top[i, 0, k]
        for j in range(n):
            for k in range(inner):
                out[i, j, k] = (lines[i, j, k] == top[i, 0, k]) / ties[k]
    return out


@overload(arrays.tie_share, prefer_literal=True)
def _tie_share(a, top, axis):
    if isinstance(a, types.Number):
        return lambda a, top, axis: a - a + 1
    axes = axes_of(constant(axis), a.ndim)
    whole_tops = isinstance(top, types.Array) and top.ndim == a.ndim and isinstance(a.dtype, types.Float)
    if whole_tops and axes and axes[-1] + 1 - axes[0] == len(axes):
        folded = fold(a.ndim, axes)
        return lambda a, top, axis: _shares(folded(a), folded(top)).reshape(a.shape)

    def share(a, top, axis):
        chosen = (a == top).astype(a.dtype)
        return chosen / total_of(chosen, axis, True)

    return share


@njit(cache=True, error_model="numpy")
def _others(lines):
    outer, n, inner = lines.shape
    out = np.ones(lines.shape, lines.dtype)
    for i in range(outer):
        before, after = np.ones(inner, lines.dtype), np.ones(inner, lines.dtype)
        for j in range(n):
            out[i, j] *= before
            out[i, n - 1 - j] *= after
            before *= lines[i, j]
            after *= lines[i, n - 1 - j]
    return out


@overload(arrays.prod_of_others, prefer_literal=True)
def _prod_of_others(a, axis):
    if not isinstance(a, types.Array):
        return lambda a, axis: a * 0 + 1
    axes = axes_of(constant(axis), a.ndim)
    if axes and axes[-1] + 1 - axes[0] == len(axes):
        folded = fold(a.ndim, axes)
        return lambda a, axis: _others(folded(a)).reshape(a.shape)
    kept = a.ndim - len(axes)
    order = tuple(k for k in range(a.ndim) if k not in axes) + axes
    back = tuple(map(order.index, range(a.ndim)))

    def moved(a, axis):
        turned = np.transpose(a, order)
        lines = _others(split(turned, kept, kept + len(axes))).reshape(turned.shape)
        return np.ascontiguousarray(np.transpose(lines, back))

    return moved
