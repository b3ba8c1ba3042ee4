"""Finite differences, numerical integrals, and ufuncs applied along an axis or to all pairs."""

from __future__ import annotations

import numpy as np
from srcad_runtime import arrays

from srcad.rules.joining import cut
from srcad.rules.reductions import spread
from srcad.rules.registry import at, constant, expansion, form, linear, pullback, pushforward


@pullback(np.diff, kinds="fc", examples=lambda r: [at(r(5)), at(r(5), n=2), at(r(3, 4), axis=0), at(r(3, 5), 3, 1)])
def diff_bar(a, n=1, axis=-1, *, out_bar):
    return arrays.diff_adjoint(out_bar, n, axis)


linear(np.diff, in_="a")


@form(np.diff, given="prepend append")
def diff_extended(a, n=1, axis=-1, prepend=None, append=None):
    parts = [] if prepend is None else [as_line(prepend, a, axis)]
    parts = [*parts, a] if append is None else [*parts, a, as_line(append, a, axis)]
    return np.diff(np.concatenate(parts, axis=axis), n, axis)


def as_line(value, a, axis):
    """`value`, a number being one line of `a`'s along `axis`."""
    if np.ndim(value) > 0:
        return value
    k = axis % a.ndim
    return np.broadcast_to(value, (*a.shape[:k], 1, *a.shape[k + 1 :]))


@expansion(
    np.ediff1d, examples=lambda r: [at(r(5)), at(r(2, 3)), at(r(4), to_end=r(2)), at(r(4), to_begin=np.zeros(1))]
)
def ediff1d(ary, to_end=None, to_begin=None):
    a = np.ravel(ary)
    steps = a[1:] - a[:-1]
    if to_begin is not None:
        steps = np.concatenate((np.ravel(to_begin), steps))
    if to_end is not None:
        steps = np.concatenate((steps, np.ravel(to_end)))
    return steps


@expansion(
    np.trapezoid,
    wrt=("y", "x", "dx"),
    examples=lambda r: [
        at(r(5)),
        at(r(5), dx=0.3),
        at(r(5), r(5)),
        at(r(3, 5), r(5)),
        at(r(5, 3), r(5), axis=0),
        at(r(3, 5), r(3, 5)),
    ],
)
def trapezoid(y, x=None, dx=1.0, axis=-1):
    """As `numpy.trapezoid` computes it."""
    n = y.shape[axis]
    if x is None:
        d = dx
    elif x.ndim == 1:
        d = np.diff(x)
        d = d if axis == -1 or axis == y.ndim - 1 else np.reshape(d, (-1,) + (1,) * (y.ndim - 1 - axis % y.ndim))
    else:
        d = np.diff(x, axis=axis)
    return np.sum(d * (cut(y, 1, n, axis) + cut(y, 0, n - 1, axis)) / 2.0, axis=axis)


def fields(r):
    uneven = np.array([0.0, 1.0, 1.5, 3.0, 4.2])
    one = [at(r(5)), at(r(5), 0.5), at(r(5), uneven), at(r(5), edge_order=2), at(r(5), uneven, edge_order=2)]
    return [
        *one,
        at(r(4, 5)),
        at(r(4, 5), axis=1),
        at(r(4, 5), 0.5, 2.0),
        at(r(4, 5), 0.1, axis=(0, 1)),
        at(r(2, 3, 5), axis=-1),
    ]


@expansion(np.gradient, wrt=("f",), examples=fields)
def gradient(f, *varargs, axis=None, edge_order=1):
    """As `numpy.gradient` computes it: central differences inside, one-sided ones at the ends."""
    axes = tuple(range(f.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
    spacing = (
        [1.0 for _ in axes] if len(varargs) == 0 else [varargs[k if len(varargs) > 1 else 0] for k in range(len(axes))]
    )
    slopes = tuple([gradient_along(f, h, k, edge_order) for h, k in zip(spacing, axes)])
    return slopes[0] if len(slopes) == 1 else slopes


TOO_SMALL = (
    "Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) elements are required."
)


def gradient_along(f, h, axis, edge_order):
    """The derivative along one axis; `h` a distance or the coordinates."""
    n = f.shape[axis]
    if n < edge_order + 1:
        raise ValueError(TOO_SMALL)
    if np.ndim(h) == 1:
        return gradient_on_places(f, h, axis, edge_order)
    inner = (cut(f, 2, n, axis) - cut(f, 0, n - 2, axis)) / (2.0 * h)
    if edge_order == 1:
        first = (cut(f, 1, 2, axis) - cut(f, 0, 1, axis)) / h
        last = (cut(f, n - 1, n, axis) - cut(f, n - 2, n - 1, axis)) / h
    else:
        ends = (cut(f, 0, 1, axis), cut(f, 1, 2, axis), cut(f, 2, 3, axis))
        first = (-1.5 / h) * ends[0] + (2.0 / h) * ends[1] + (-0.5 / h) * ends[2]
        ends = (cut(f, n - 3, n - 2, axis), cut(f, n - 2, n - 1, axis), cut(f, n - 1, n, axis))
        last = (0.5 / h) * ends[0] + (-2.0 / h) * ends[1] + (1.5 / h) * ends[2]
    return np.concatenate((first, inner, last), axis=axis)


def gradient_on_places(f, x, axis, edge_order):
    """The derivative along one axis of values at coordinates `x`."""
    axis = axis % f.ndim
    n = f.shape[axis]
    d = np.reshape(np.diff(x), (1,) * axis + (-1,) + (1,) * (f.ndim - 1 - axis))
    left, right = cut(d, 0, n - 2, axis), cut(d, 1, n - 1, axis)
    inner = -right / (left * (left + right)) * cut(f, 0, n - 2, axis)
    inner = inner + (right - left) / (left * right) * cut(f, 1, n - 1, axis)
    inner = inner + left / (right * (left + right)) * cut(f, 2, n, axis)
    first, last = cut(d, 0, 1, axis), cut(d, n - 2, n - 1, axis)
    if edge_order == 1:
        head = (cut(f, 1, 2, axis) - cut(f, 0, 1, axis)) / first
        tail = (cut(f, n - 1, n, axis) - cut(f, n - 2, n - 1, axis)) / last
        return np.concatenate((head, inner, tail), axis=axis)
    second, before = cut(d, 1, 2, axis), cut(d, n - 3, n - 2, axis)
    head = -(2.0 * first + second) / (first * (first + second)) * cut(f, 0, 1, axis)
    head = head + (first + second) / (first * second) * cut(f, 1, 2, axis)
    head = head + -first / (second * (first + second)) * cut(f, 2, 3, axis)
    tail = last / (before * (before + last)) * cut(f, n - 3, n - 2, axis)
    tail = tail + -(last + before) / (before * last) * cut(f, n - 2, n - 1, axis)
    tail = tail + (2.0 * last + before) / (last * (before + last)) * cut(f, n - 1, n, axis)
    return np.concatenate((head, inner, tail), axis=axis)


# ---- methods of ufuncs ----


@expansion(
    "numpy.add.reduce",
    examples=lambda r: [at(r(3)), at(r(2, 3)), at(r(2, 3), axis=1, keepdims=True), at(r(2, 3), None)],
)
def add_reduce(array, axis=0, *, keepdims=False):
    return np.sum(array, axis=axis, keepdims=keepdims)


@expansion("numpy.multiply.reduce", examples=lambda r: [at(r(3)), at(r(2, 3)), at(r(2, 3), axis=1)])
def multiply_reduce(array, axis=0, *, keepdims=False):
    return np.prod(array, axis=axis, keepdims=keepdims)


@expansion("numpy.maximum.reduce", examples=lambda r: [at(r(3)), at(r(2, 3)), at(r(2, 3), axis=1)])
def maximum_reduce(array, axis=0, *, keepdims=False):
    return np.max(array, axis=axis, keepdims=keepdims)


@expansion("numpy.minimum.reduce", examples=lambda r: [at(r(3)), at(r(2, 3)), at(r(2, 3), axis=1)])
def minimum_reduce(array, axis=0, *, keepdims=False):
    return np.min(array, axis=axis, keepdims=keepdims)


@form("numpy.add.reduce", given="initial where")
def add_reduce_of_part(array, axis=0, *, keepdims=False, initial=0.0, where=True):
    return np.sum(array, axis=axis, keepdims=keepdims, initial=initial, where=where)


@form("numpy.multiply.reduce", given="initial where")
def multiply_reduce_of_part(array, axis=0, *, keepdims=False, initial=1.0, where=True):
    return np.prod(array, axis=axis, keepdims=keepdims, initial=initial, where=where)


@form("numpy.maximum.reduce", given="initial where")
def maximum_reduce_of_part(array, axis=0, *, keepdims=False, initial, where=True):
    return np.max(array, axis=axis, keepdims=keepdims, initial=initial, where=where)


@form("numpy.minimum.reduce", given="initial where")
def minimum_reduce_of_part(array, axis=0, *, keepdims=False, initial, where=True):
    return np.min(array, axis=axis, keepdims=keepdims, initial=initial, where=where)


@expansion("numpy.add.accumulate", examples=lambda r: [at(r(4)), at(r(2, 3)), at(r(2, 3), axis=1)])
def add_accumulate(array, axis=0):
    return np.cumsum(array, axis=axis)


@expansion("numpy.multiply.accumulate", examples=lambda r: [at(r(4)), at(r(2, 3)), at(r(2, 3), axis=1)])
def multiply_accumulate(array, axis=0):
    return np.cumprod(array, axis=axis)


@pullback("numpy.logaddexp.reduce", examples=lambda r: [at(r(4)), at(r(2, 3)), at(r(2, 3), axis=1)])
def logaddexp_reduce_bar(array, axis=0, *, keepdims=False, out, out_bar):
    if axis is None or keepdims:
        return out_bar * np.exp(array - out)
    return np.expand_dims(out_bar, axis) * np.exp(array - np.expand_dims(out, axis))


@pushforward("numpy.logaddexp.reduce")
def logaddexp_reduce_dot(array, axis=0, *, keepdims=False, out, array_dot):
    top = out if axis is None or keepdims else np.expand_dims(out, axis)
    return np.sum(np.exp(array - top) * array_dot, axis=axis, keepdims=keepdims)


@pullback(
    "numpy.maximum.accumulate",
    "numpy.minimum.accumulate",
    examples=lambda r: [at(r.distinct(5)), at(r.distinct(3, 4), axis=1)],
)
def extreme_accumulate_bar(array, axis=0, *, out, out_bar):
    return arrays.take_along_axis_adjoint(array, arrays.last_change(out, axis), axis, out_bar)


@pushforward("numpy.maximum.accumulate", "numpy.minimum.accumulate")
def extreme_accumulate_dot(array, axis=0, *, out, array_dot):
    return np.take_along_axis(array_dot, arrays.last_change(out, axis), axis)


def facing(A, B):
    """`A` with an axis for every axis of `B`: against it, each element meets each."""
    return np.reshape(A, np.shape(A) + (1,) * np.ndim(B))


def pairs(r):
    return [at(r(3), r(2)), at(r(2, 3), r(2)), at(r(3), r())]


@expansion("numpy.add.outer", wrt=("A", "B"), examples=pairs)
def add_outer(A, B):
    return facing(A, B) + B


@expansion("numpy.subtract.outer", wrt=("A", "B"), examples=pairs)
def subtract_outer(A, B):
    return facing(A, B) - B


@expansion("numpy.multiply.outer", wrt=("A", "B"), examples=pairs)
def multiply_outer(A, B):
    return facing(A, B) * B


@expansion("numpy.divide.outer", wrt=("A", "B"), examples=pairs)
def divide_outer(A, B):
    return facing(A, B) / B


@expansion("numpy.power.outer", wrt=("A", "B"), examples=lambda r: [at(r.positive(3), r(2))])
def power_outer(A, B):
    return facing(A, B) ** B


@expansion("numpy.maximum.outer", wrt=("A", "B"), examples=pairs)
def maximum_outer(A, B):
    return np.maximum(facing(A, B), B)


@expansion("numpy.minimum.outer", wrt=("A", "B"), examples=pairs)
def minimum_outer(A, B):
    return np.minimum(facing(A, B), B)


@expansion("numpy.hypot.outer", wrt=("A", "B"), examples=pairs)
def hypot_outer(A, B):
    return np.hypot(facing(A, B), B)


@expansion("numpy.arctan2.outer", wrt=("A", "B"), examples=lambda r: [at(r.positive(3), r.positive(2))])
def arctan2_outer(A, B):
    return np.arctan2(facing(A, B), B)


@expansion("numpy.logaddexp.outer", wrt=("A", "B"), examples=pairs)
def logaddexp_outer(A, B):
    return np.logaddexp(facing(A, B), B)


@expansion("numpy.remainder.outer", wrt=("A", "B"), examples=lambda r: [at(r(3), r.positive(2))])
def remainder_outer(A, B):
    return np.remainder(facing(A, B), B)


constant(*(f"numpy.{name}.outer" for name in "less less_equal greater greater_equal equal not_equal".split()))
constant(*(f"numpy.{name}.outer" for name in "logical_and logical_or floor_divide".split()))


@pullback("numpy.subtract.reduce", examples=lambda r: [at(r(4)), at(r(2, 3)), at(r(2, 3), axis=1, keepdims=True)])
def subtract_reduce_bar(array, axis=0, *, keepdims=False, out_bar):
    return spread(out_bar, axis, keepdims) * arrays.first_and_others(array, axis)


linear("numpy.subtract.reduce", in_="array")


@pullback("numpy.hypot.reduce", examples=lambda r: [at(r(4)), at(r(2, 3)), at(r(2, 3), axis=1, keepdims=True)])
def hypot_reduce_bar(array, axis=0, *, keepdims=False, out, out_bar):
    return spread(out_bar / np.where(out == 0.0, 1.0, out), axis, keepdims) * array


@pushforward("numpy.hypot.reduce")
def hypot_reduce_dot(array, axis=0, *, keepdims=False, out, array_dot):
    return np.sum(array * array_dot, axis=axis, keepdims=keepdims) / np.where(out == 0.0, 1.0, out)
