"""Functions that pick elements by position, value or order."""

from __future__ import annotations

import numpy as np
from srcad_runtime import arrays

from srcad.rules.registry import at, constant, linear, pullback, pushforward


@pullback(
    np.take,
    kinds="fc",
    examples=lambda r: [
        at(r(5), np.array([0, 3, 3])),
        at(r(3, 4), 1, axis=1),
        at(r(3, 4), np.array([[0, 5]])),
        at(r(3, 4), np.array([2, -1, 2]), 0),
    ],
)
def take_bar(a, indices, axis=None, *, out_bar):
    return arrays.take_adjoint(a, indices, axis, out_bar)


@pullback(
    np.take_along_axis,
    kinds="fc",
    examples=lambda r: [at(r(3, 4), np.array([[0, 0, 1]] * 3), 1), at(r(3, 4), np.array([[0, 1, 1, 0]]), axis=0)],
)
def take_along_axis_bar(arr, indices, axis=-1, *, out_bar):
    return arrays.take_along_axis_adjoint(arr, indices, axis, out_bar)


@pullback(
    np.sort,
    examples=lambda r: [
        at(r.distinct(5)),
        at(r.distinct(3, 4)),
        at(r.distinct(3, 4), axis=0),
        at(r.distinct(2, 3), axis=None),
    ],
)
def sort_bar(a, axis=-1, kind=None, *, out_bar):
    if axis is None:
        return arrays.take_adjoint(a, np.argsort(np.ravel(a), kind="stable"), None, out_bar)
    return arrays.take_along_axis_adjoint(a, np.argsort(a, axis=axis, kind="stable"), axis, out_bar)


@pushforward(np.sort)
def sort_dot(a, axis=-1, kind=None, *, a_dot):
    if axis is None:
        return np.take(a_dot, np.argsort(np.ravel(a), kind="stable"))
    return np.take_along_axis(a_dot, np.argsort(a, axis=axis, kind="stable"), axis)


linear(np.take, in_="a")
linear(np.take_along_axis, in_="arr")
constant(
    np.argsort, np.argpartition, np.searchsorted, np.nonzero, np.flatnonzero, np.argwhere, np.digitize, np.bincount
)
constant(np.unravel_index, np.ravel_multi_index, np.indices, np.tril_indices, np.triu_indices, np.diag_indices)
