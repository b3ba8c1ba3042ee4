"""Rearranging, where Numba lacks the function or the argument.

Called from Python each function is NumPy's own.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="call-arg"
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed
from numba.cpython.unsafe.tuple import tuple_setitem
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

from srcad_runtime.jitting import overload, register_jitable
from srcad_runtime.kernels_elements import FLOATS, by_element
from srcad_runtime.kernels_folding import Array, constant, fold

compiled = njit(cache=True, error_model="numpy")


# ---- as called from Python ----


def reshape(a: Array, shape: Any) -> Array:
    """``np.reshape``; a copy where `a` is not contiguous."""
    return np.reshape(a, shape)


def transpose(a: Array, axes: tuple[int, ...]) -> Array:
    """``np.transpose`` with axes from 0 that are known while compiling: a view."""
    return np.transpose(a, axes)


def squeeze(a: Array, axes: tuple[int, ...]) -> Array:
    """``np.squeeze`` of axes from 0, in order, that are known while compiling: a view."""
    return np.squeeze(a, axes)


def tile(a: Array, reps: Any) -> Array:
    """``np.tile`` of an array with a number of repetitions for each of its axes, or for the last."""
    return np.tile(a, reps)


def pad(a: Array, pad_width: Any, mode: str = "constant", constant_values: float = 0.0) -> Array:
    """``np.pad`` in the modes "constant", "edge", "wrap", "reflect" and "symmetric"."""
    options = {"constant_values": constant_values} if mode == "constant" else {}
    return np.pad(a, pad_width, mode, **options)  # type: ignore[call-overload]


def diagonal(a: Array, offset: int = 0) -> Array:
    """``np.diagonal`` of a matrix, as a copy."""
    return np.diagonal(a, offset).copy()


def heaviside(x: Array, at_zero: Array) -> Array:
    """``np.heaviside``."""
    return np.heaviside(x, at_zero)


def polyval(p: Array, x: Array) -> Array:
    """``np.polyval`` of coefficients, the highest power first."""
    return np.polyval(p, x)


def masked(a: Array, mask: Array) -> Array:
    """``a[mask]`` for a mask of `a`'s shape."""
    return a[mask]


def set_masked(a: Array, mask: Array, values: Array) -> None:
    """``a[mask] = values`` for a mask of `a`'s shape; writes `a`."""
    a[mask] = values


# ---- all axes at once ----


@overload(reshape)
def _compiled_reshape(a, shape):
    return lambda a, shape: np.ascontiguousarray(a).reshape(shape)


@overload(transpose, prefer_literal=True)
def _compiled_transpose(a, axes):
    permuted = _permutation(constant(axes))
    return lambda a, axes: permuted(a)


@overload(squeeze, prefer_literal=True)
def _compiled_squeeze(a, axes):
    places = constant(axes)
    index = ", ".join("0" if k in places else ":" for k in range(a.ndim))
    space: dict[str, Any] = {}
    exec(f"def first(a, axes):\n    return a[{index}]", space)
    first = register_jitable(space["first"])

    def squeezed(a, axes):
        for axis in axes:
            if a.shape[axis] != 1:
                raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
        return first(a, axes)

    return squeezed


def _permutation(order: tuple[int, ...]) -> Callable[..., Array]:
    """A compiled function that views an array with its axes in another order."""

    @intrinsic
    def permuted(typingctx, a):
        straight = order == tuple(range(a.ndim))
        turned = order == tuple(reversed(range(a.ndim))) and a.layout in "CF"
        layout = a.layout if straight else {"C": "F", "F": "C"}[a.layout] if turned else "A"

        def generate(context, builder, signature, args):
            source = make_array(a)(context, builder, args[0])
            view = make_array(signature.return_type)(context, builder)
            extents, strides = (cgutils.unpack_tuple(builder, part) for part in (source.shape, source.strides))
            populate_array(
                view,
                data=source.data,
                shape=[extents[k] for k in order],
                strides=[strides[k] for k in order],
                itemsize=source.itemsize,
                meminfo=source.meminfo,
                parent=source.parent,
            )
            return impl_ret_borrowed(context, builder, signature.return_type, view._getvalue())

        return a.copy(layout=layout)(a), generate

    return permuted  # type: ignore[no-any-return]


@compiled
def _gather(a, sources, fill):
    """(outer, m, inner) with element sources[j] of the middle axis at j, or `fill` where that is -1."""
    outer, _, inner = a.shape
    out = np.full((outer, sources.size, inner), fill, a.dtype)
    for i in range(outer):
        for j in range(sources.size):
            if sources[j] >= 0:
                for k in range(inner):
                    out[i, j, k] = a[i, sources[j], k]
    return out


def _each_axis(ndim: int, sources: Callable[..., Any]) -> Callable[..., Array]:
    """A compiled function of (a, option, fill) that gathers ``sources(axis)(n, option)`` along each axis."""
    run = register_jitable(lambda a, option, fill: a)
    for axis in range(ndim):
        run = _one_more_axis(run, fold(ndim, (axis,)), axis, sources(axis))
    return run


def _one_more_axis(
    before: Callable[..., Array], folded: Callable[..., Array], axis: int, sources: Callable[..., Any]
) -> Callable[..., Array]:
    @register_jitable
    def run(a, option, fill):
        a = before(a, option, fill)
        out = _gather(folded(a), sources(a.shape[axis], option), fill)
        return out.reshape(tuple_setitem(a.shape, axis, out.shape[1]))

    return run


@overload(tile)
def _compiled_tile(a, reps):
    ndim = a.ndim
    count = len(reps) if isinstance(reps, types.BaseTuple) else 1
    if count > ndim:
        return None
    single = not isinstance(reps, types.BaseTuple)

    def sources(axis):
        k = axis - ndim + count
        if k < 0:
            return register_jitable(lambda n, reps: np.arange(n))
        if single:
            return register_jitable(lambda n, reps: np.arange(n * reps) % n)
        return register_jitable(lambda n, reps: np.arange(n * reps[k]) % n)

    run = _each_axis(ndim, sources)
    return lambda a, reps: run(a, reps, 0)


@compiled
def _outside(n, before, after, mode):
    """For a padded axis of n elements, the element that each place repeats; -1: none."""
    out = np.arange(-before, n + after)
    for k in range(out.size):
        j = out[k]
        if 0 <= j < n:
            continue
        if mode == 0:
            out[k] = -1
        elif mode == 1:
            out[k] = min(max(j, 0), n - 1)
        elif mode == 2:
            out[k] = j % n
        else:
            period = max(2 * n - 2, 1) if mode == 3 else 2 * n
            j %= period
            out[k] = j if j < n else period - j if mode == 3 else period - 1 - j
    return out


_MODES = {"constant": 0, "edge": 1, "wrap": 2, "reflect": 3, "symmetric": 4}


@overload(pad, prefer_literal=True)
def _compiled_pad(a, pad_width, mode="constant", constant_values=0.0):
    code, nested = _MODES.get(str(constant(mode))), isinstance(pad_width, types.BaseTuple)
    if code is None:
        return None

    def sources(axis):
        if not nested:
            return register_jitable(lambda n, width: _outside(n, width, width, code))
        if not isinstance(pad_width[0], types.BaseTuple):
            return register_jitable(lambda n, width: _outside(n, width[0], width[1], code))
        k = axis if len(pad_width) > 1 else 0
        return register_jitable(lambda n, width: _outside(n, width[k][0], width[k][1], code))

    run = _each_axis(a.ndim, sources)
    return lambda a, pad_width, mode="constant", constant_values=0.0: run(a, pad_width, constant_values)


@overload(diagonal, prefer_literal=True)
def _compiled_diagonal(a, offset=0):
    if a.ndim == 2:
        return lambda a, offset=0: _diagonal(a, offset)


@compiled
def _diagonal(a, offset):
    row, column = max(-offset, 0), max(offset, 0)
    n = max(min(a.shape[0] - row, a.shape[1] - column), 0)
    out = np.empty(n, a.dtype)
    for i in range(n):
        out[i] = a[row + i, column + i]
    return out


def _heaviside(x, at_zero):
    return x if x != x else 0.0 if x < 0 else at_zero if x == 0 else 1.0


by_element(heaviside, _heaviside, FLOATS)


@overload(polyval)
def _compiled_polyval(p, x):
    def horner(p, x):
        y = 0 * x + p.dtype.type(0)  # all there is of no coefficients
        for k in range(p.size):
            y = y * x + p[k]
        return y

    return horner


@overload(masked)
def _compiled_masked(a, mask):
    def read(a, mask):
        if a.shape != mask.shape:
            raise ValueError("operands could not be broadcast together")
        return a.ravel()[mask.ravel()]

    return read


@overload(set_masked)
def _compiled_set_masked(a, mask, values):
    if isinstance(values, types.Array):
        return lambda a, mask, values: _set_masked(a, mask, values.ravel())
    return lambda a, mask, values: _set_masked(a, mask, np.full(1, values))


@compiled
def _set_masked(a, mask, values):
    k, flags = 0, mask.ravel()
    if a.shape != mask.shape or values.size != 1 and values.size != flags.sum():
        raise ValueError("operands could not be broadcast together")
    for i in range(flags.size):
        if flags[i]:
            a.flat[i] = values[k if values.size > 1 else 0]
            k += 1
