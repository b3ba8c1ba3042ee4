"""Functions that reduce axes, and running sums and products."""

from __future__ import annotations

import numpy as np
from srcad_runtime import arrays

from srcad.rules.registry import at, constant, linear, pullback, pushforward


def spread(g, axis, keepdims):
    """`g`, shaped like a reduction's result, with the reduced axes back as extent 1."""
    if axis is None or keepdims or g is None:
        return g
    return np.expand_dims(g, axis)


def whole(dot, like):
    """A tangent in the shape of its argument, for functions that need it so; `dot` is 0.0 for an inactive one."""
    return np.zeros_like(like) + dot


def reduced_size(a, out_bar, axis):
    """How many elements of `a` go into each element of the result."""
    if axis is None:
        return a.size
    if isinstance(axis, int):
        return a.shape[axis]
    return a.size // max(out_bar.size, 1)


def axes(r):
    """Test points of a reduction: every form of `axis`, with and without `keepdims`."""
    a = r.distinct(2, 3, 4)
    forms = [at(a), at(a, axis=1), at(a, axis=-1, keepdims=True), at(a, axis=(0, 2)), at(a, keepdims=True)]
    return [*forms, at(a, axis=(-1, 0), keepdims=True), at(r.distinct(3)), at(r.distinct(3), axis=0), at(r.distinct())]


# ---- sums and means ----


@pullback(np.sum, kinds="fc", examples=lambda r: [*axes(r), at(r(0)), at(r(0, 3), axis=0), at(r.complex(3))])
def sum_bar(a, axis=None, dtype=None, *, keepdims=False, where=True, out_bar):
    if where is True:
        return spread(out_bar, axis, keepdims)
    return np.where(where, spread(out_bar, axis, keepdims), 0.0)


linear(np.sum, in_="a")


@pullback(np.mean, kinds="fc", examples=lambda r: [*axes(r), at(r.complex(3))])
def mean_bar(a, axis=None, dtype=None, *, keepdims=False, out_bar):
    return spread(out_bar / reduced_size(a, out_bar, axis), axis, keepdims)


linear(np.mean, in_="a")


@pullback(np.var, examples=lambda r: [*axes(r), at(r(4), ddof=1), at(r(2, 3), axis=0, ddof=1)])
def var_bar(a, axis=None, dtype=None, *, ddof=0, keepdims=False, out_bar):
    scale = 2.0 / (reduced_size(a, out_bar, axis) - ddof)
    return scale * spread(out_bar, axis, keepdims) * (a - a.mean(axis=axis, keepdims=True))


@pushforward(np.var)
def var_dot(a, axis=None, dtype=None, *, ddof=0, keepdims=False, out, a_dot):
    scale = 2.0 / (reduced_size(a, out, axis) - ddof)
    return scale * np.sum((a - a.mean(axis=axis, keepdims=True)) * a_dot, axis=axis, keepdims=keepdims)


@pullback(np.std, examples=lambda r: [*axes(r)[:-1], at(r(4), ddof=1), at(r(2, 3), axis=0, ddof=1)])
def std_bar(a, axis=None, dtype=None, *, ddof=0, keepdims=False, out, out_bar):
    g = out_bar / ((reduced_size(a, out_bar, axis) - ddof) * np.where(out == 0.0, 1.0, out))
    return spread(g, axis, keepdims) * (a - a.mean(axis=axis, keepdims=True))


@pushforward(np.std)
def std_dot(a, axis=None, dtype=None, *, ddof=0, keepdims=False, out, a_dot):
    scale = (reduced_size(a, out, axis) - ddof) * np.where(out == 0.0, 1.0, out)
    return np.sum((a - a.mean(axis=axis, keepdims=True)) * a_dot, axis=axis, keepdims=keepdims) / scale


# ---- extremes: ties share equally ----


@pullback(np.max, np.min, examples=axes)
def extreme_bar(a, axis=None, *, keepdims=False, out, out_bar):
    return spread(out_bar, axis, keepdims) * arrays.tie_share(a, spread(out, axis, keepdims), axis)


@pushforward(np.max, np.min)
def extreme_dot(a, axis=None, *, keepdims=False, out, a_dot):
    return np.sum(arrays.tie_share(a, spread(out, axis, keepdims), axis) * a_dot, axis=axis, keepdims=keepdims)


@pullback(np.ptp, examples=axes)
def ptp_bar(a, axis=None, *, keepdims=False, out_bar):
    high = arrays.tie_share(a, np.max(a, axis=axis, keepdims=True), axis)
    low = arrays.tie_share(a, np.min(a, axis=axis, keepdims=True), axis)
    return spread(out_bar, axis, keepdims) * (high - low)


@pushforward(np.ptp)
def ptp_dot(a, axis=None, *, keepdims=False, a_dot):
    high = arrays.tie_share(a, np.max(a, axis=axis, keepdims=True), axis)
    low = arrays.tie_share(a, np.min(a, axis=axis, keepdims=True), axis)
    return np.sum((high - low) * a_dot, axis=axis, keepdims=keepdims)


# ---- products ----


@pullback(np.prod, kinds="fc", examples=lambda r: [*axes(r), at(r.complex(3)), at(np.array([0.0, 2.0]))])
def prod_bar(a, axis=None, dtype=None, *, keepdims=False, out_bar):
    return spread(out_bar, axis, keepdims) * arrays.prod_of_others(a, axis)


@pushforward(np.prod)
def prod_dot(a, axis=None, dtype=None, *, keepdims=False, a_dot):
    return np.sum(arrays.prod_of_others(a, axis) * a_dot, axis=axis, keepdims=keepdims)


# ---- running sums and products ----


def lines(r):
    """Test points of a function that works along one axis."""
    a = r(2, 3, 4)
    return [at(r(5)), at(a, axis=0), at(a, axis=1), at(a, axis=-1)]


@pullback(np.cumsum, kinds="fc", examples=lambda r: [*lines(r), at(r(2, 3)), at(r(0)), at(r.complex(4))])
def cumsum_bar(a, axis=None, dtype=None, *, out_bar):
    if axis is None:
        return np.reshape(np.flip(np.cumsum(np.flip(out_bar))), a.shape)
    return np.flip(np.cumsum(np.flip(out_bar, axis), axis=axis), axis)


linear(np.cumsum, in_="a")


@pullback(np.cumprod, kinds="fc", examples=lambda r: [*lines(r), at(r(2, 3)), at(np.array([2.0, 0.0, 3.0]))])
def cumprod_bar(a, axis=None, dtype=None, *, out_bar):
    return arrays.cumprod_adjoint(a, out_bar, axis)


@pushforward(np.cumprod)
def cumprod_dot(a, axis=None, dtype=None, *, a_dot):
    return arrays.cumprod_tangent(a, a_dot, axis)


constant(np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.all, np.any, np.count_nonzero)
