"""Functions that pick elements by position, value or order.

Reading and writing ``x[...]`` is no function and has no rule: `reverse` and `forward` know it. Functions that write
into an argument (`np.put`, `np.put_along_axis`, `np.copyto`, `np.fill_diagonal`, `np.add.at`) become such writes.
"""

from __future__ import annotations

import numpy as np
from srcad_runtime import arrays

from srcad.rules.registry import at, constant, expansion, form, linear, pullback, pushforward


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
    np.compress,
    wrt=("a",),
    kinds="fc",
    examples=lambda r: [at(r.mask(5), r(5)), at(r.mask(3), r(3, 4), axis=0), at(r.mask(6), r(2, 3))],
)
def compress_bar(condition, a, axis=None, *, out_bar):
    return arrays.take_adjoint(a, np.flatnonzero(condition), axis, out_bar)


@pullback(np.extract, wrt=("arr",), kinds="fc", examples=lambda r: [at(r.mask(5), r(5)), at(r.mask(2, 3), r(2, 3))])
def extract_bar(condition, arr, *, out_bar):
    return arrays.take_adjoint(arr, np.flatnonzero(condition), None, out_bar)


@form(np.take, given="mode")
def take_anywhere(a, indices, axis=None, mode="raise"):
    """Places outside of the array counted round ("wrap"), or moved to the nearest end ("clip")."""
    n = a.size if axis is None else a.shape[axis]
    if mode == "wrap":
        return np.take(a, np.asarray(indices) % n, axis)
    return np.take(a, np.clip(indices, 0, n - 1) if mode == "clip" else indices, axis)


linear(np.take, np.compress, in_="a")
linear(np.take_along_axis, np.extract, in_="arr")


# ---- order: a permutation that stays the same nearby ----


def tables(r):
    return [at(r.distinct(5)), at(r.distinct(3, 4)), at(r.distinct(3, 4), axis=0), at(r.distinct(2, 3), axis=None)]


@pullback(np.sort, examples=tables)
def sort_bar(a, axis=-1, kind=None, *, out_bar):
    if axis is None:
        return arrays.take_adjoint(a, np.argsort(np.ravel(a), kind="stable"), None, out_bar)
    return arrays.take_along_axis_adjoint(a, np.argsort(a, axis=axis, kind="stable"), axis, out_bar)


@pushforward(np.sort)
def sort_dot(a, axis=-1, kind=None, *, a_dot):
    if axis is None:
        return np.take(a_dot, np.argsort(np.ravel(a), kind="stable"))
    return np.take_along_axis(a_dot, np.argsort(a, axis=axis, kind="stable"), axis)


@pullback(
    np.partition,
    examples=lambda r: [at(r.distinct(7), 3), at(r.distinct(3, 5), 1, axis=1), at(r.distinct(3, 5), (1, 3))],
)
def partition_bar(a, kth, axis=-1, *, out_bar):
    return arrays.take_along_axis_adjoint(a, np.argpartition(a, kth, axis=axis), axis, out_bar)


@pushforward(np.partition)
def partition_dot(a, kth, axis=-1, *, a_dot):
    return np.take_along_axis(a_dot, np.argpartition(a, kth, axis=axis), axis)


@pullback(
    np.unique,
    outputs=(0,),
    examples=lambda r: [at(r.distinct(5)), at(r.distinct(2, 3)), at(r.distinct(4), True, return_counts=True)],
)
def unique_bar(ar, return_index=False, return_inverse=False, return_counts=False, *, out_bar):
    first = np.unique(ar, return_index=True)[1]
    several = return_index or return_inverse or return_counts
    return arrays.take_adjoint(ar, first, None, out_bar[0] if several else out_bar)


@pushforward(np.unique)
def unique_dot(ar, return_index=False, return_inverse=False, return_counts=False, *, out, ar_dot):
    values_dot = np.take(ar_dot, np.unique(ar, return_index=True)[1])
    if not (return_index or return_inverse or return_counts):
        return values_dot
    return (values_dot, *[0.0 for _ in out[1:]])


@expansion(np.union1d, wrt=("ar1", "ar2"), examples=lambda r: [at(r.distinct(3), r.distinct(4) + 0.23)])
def union1d(ar1, ar2):
    return np.unique(np.concatenate((np.ravel(ar1), np.ravel(ar2))))


@expansion(np.setdiff1d, wrt=("ar1",), examples=lambda r: [at(r.distinct(4), np.array([0.1, 0.2]))])
def setdiff1d(ar1, ar2, assume_unique=False):
    own = np.ravel(ar1) if assume_unique else np.unique(ar1)
    return own[~np.isin(own, ar2)]


@pullback(
    "numpy.add.reduceat",
    wrt=("array",),
    kinds="fc",
    examples=lambda r: [at(r(6), np.array([0, 2, 5])), at(r(3, 4), np.array([0, 3, 1]), axis=1)],
)
def add_reduceat_bar(array, indices, axis=0, *, out_bar):
    return arrays.reduceat_adjoint(array, indices, axis, out_bar)


linear("numpy.add.reduceat", in_="array")


constant(np.argsort, np.argpartition, np.lexsort, np.searchsorted, np.nonzero, np.flatnonzero, np.argwhere, np.digitize)
constant(np.unravel_index, np.ravel_multi_index, np.indices, np.tril_indices, np.triu_indices, np.diag_indices)
constant(np.tril_indices_from, np.triu_indices_from, np.diag_indices_from)


# ---- writes that must be done one after the other, for an index may repeat ----


def multiply_at(a, indices, b):
    factors = np.broadcast_to(b, np.shape(a[indices]))
    for k in range(len(indices)):
        a[indices[k]] *= factors[k]


def divide_at(a, indices, b):
    divisors = np.broadcast_to(b, np.shape(a[indices]))
    for k in range(len(indices)):
        a[indices[k]] /= divisors[k]
