"""Functions that reduce axes, and running sums and products."""

from __future__ import annotations

import numpy as np
from srcad_runtime import arrays

from srcad.rules.arithmetic import is_complex
from srcad.rules.registry import at, constant, expansion, form, linear, pullback, pushforward, rename
from srcad.rules.static import known


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


def counted(a, axis, where):
    """How many elements are in each reduction, the axes kept with extent 1; `where` chooses them."""
    return np.sum(np.where(where, np.ones_like(a), 0.0), axis=axis, keepdims=True)


def chosen(g, where):
    """`g` for the elements that `where` chooses, 0 for the others."""
    return g if where is None else np.where(where, g, 0.0)


def masks(r):
    """Test points of a reduction over a part of the elements."""
    a, mask = r.distinct(3, 4), np.array([[1, 0, 1, 1], [0, 1, 0, 1], [1, 1, 0, 0]], bool)
    return [at(a, where=mask), at(a, axis=1, where=mask), at(a, axis=0, keepdims=True, where=mask[:, :1])]


@pullback(
    np.sum,
    kinds="fc",
    wrt=("a", "initial"),
    examples=lambda r: [*axes(r), *masks(r), at(r(0)), at(r(0, 3), axis=0), at(r.complex(3)), at(r(3), initial=r())],
)
def sum_bar(a, axis=None, dtype=None, *, keepdims=False, initial=0, where=None, out_bar):
    return chosen(spread(out_bar, axis, keepdims), where), np.sum(out_bar)


linear(np.sum, in_="a, initial")


@pullback(np.mean, kinds="fc", examples=lambda r: [*axes(r), *masks(r), at(r.complex(3))])
def mean_bar(a, axis=None, dtype=None, *, keepdims=False, where=None, out_bar):
    if where is not None:
        return chosen(spread(out_bar, axis, keepdims) / counted(a, axis, where), where)
    return spread(out_bar / reduced_size(a, out_bar, axis), axis, keepdims)


linear(np.mean, in_="a")


def deviation(a, axis, where):
    """Distances from the mean; of complex numbers the conjugate, which times a tangent is half that of the square."""
    if is_complex(a):
        return np.conj(distance(a, axis, where))
    return distance(a, axis, where)


def distance(a, axis, where):
    if where is None:
        return a - a.mean() if axis is None else a - a.mean(axis=axis, keepdims=True)
    mean = np.sum(a, axis=axis, keepdims=True, where=where) / counted(a, axis, where)
    return np.where(where, a - mean, 0.0)


def freedom(a, out, axis, ddof, keepdims, where):
    """The divisor of a variance, in the shape of the result; 0 where `ddof` leaves nothing, as NumPy has it."""
    if where is not None:
        return np.maximum(
            np.sum(np.where(where, np.ones_like(np.real(a)), 0.0), axis=axis, keepdims=keepdims) - ddof, 0.0
        )
    if known(ddof) and ddof == 0:
        return reduced_size(a, out, axis)
    return max(reduced_size(a, out, axis) - ddof, 0)


def real_part(x):
    return np.real(x) if is_complex(x) else x


def spreads(r):
    forms = [at(r(4), ddof=1), at(r(2, 3), axis=0, ddof=1), at(r(4), correction=1)]
    return [*forms, *masks(r)[:2], at(r.complex(4)), at(r.complex(2, 3), axis=1)]


@pullback(np.var, kinds="fc", examples=lambda r: [*axes(r), *spreads(r)])
def var_bar(a, axis=None, dtype=None, *, ddof=0, keepdims=False, where=None, out_bar):
    if where is not None:
        g = 2.0 * out_bar / freedom(a, out_bar, axis, ddof, keepdims, where)
        return spread(g, axis, keepdims) * deviation(a, axis, where)
    if known(ddof) and ddof == 0:  # an empty array has no adjoint to scale
        scale = 2.0 / max(reduced_size(a, out_bar, axis), 1)
        return scale * spread(out_bar, axis, keepdims) * deviation(a, axis, where)
    g = spread(2.0 * out_bar, axis, keepdims) * deviation(a, axis, where)
    return g / freedom(a, out_bar, axis, ddof, keepdims, where)


@pushforward(np.var)
def var_dot(a, axis=None, dtype=None, *, ddof=0, keepdims=False, where=None, out, a_dot):
    moved = np.sum(real_part(deviation(a, axis, where) * a_dot), axis=axis, keepdims=keepdims)
    return 2.0 * moved / freedom(a, out, axis, ddof, keepdims, where)


@pullback(np.std, kinds="fc", examples=lambda r: [*axes(r)[:-1], *spreads(r)])
def std_bar(a, axis=None, dtype=None, *, ddof=0, keepdims=False, where=None, out, out_bar):
    g = out_bar / (freedom(a, out_bar, axis, ddof, keepdims, where) * np.where(out == 0.0, 1.0, out))
    return spread(g, axis, keepdims) * deviation(a, axis, where)


@pushforward(np.std)
def std_dot(a, axis=None, dtype=None, *, ddof=0, keepdims=False, where=None, out, a_dot):
    scale = freedom(a, out, axis, ddof, keepdims, where) * np.where(out == 0.0, 1.0, out)
    return np.sum(real_part(deviation(a, axis, where) * a_dot), axis=axis, keepdims=keepdims) / scale


rename(np.var, correction="ddof")
rename(np.std, correction="ddof")


# ---- extremes: ties share equally ----


@pullback(np.max, np.min, examples=axes)
def extreme_bar(a, axis=None, *, keepdims=False, out, out_bar):
    return spread(out_bar, axis, keepdims) * arrays.tie_share(a, spread(out, axis, keepdims), axis)


@pushforward(np.max, np.min)
def extreme_dot(a, axis=None, *, keepdims=False, out, a_dot):
    return np.sum(arrays.tie_share(a, spread(out, axis, keepdims), axis) * a_dot, axis=axis, keepdims=keepdims)


@form(np.max, given="initial where")
def max_of_chosen(a, axis=None, *, keepdims=False, initial=None, where=None):
    if a.size == 0:
        return np.sum(a, axis=axis, keepdims=keepdims) + initial
    x = a if where is None else np.where(where, a, initial)
    return np.maximum(np.max(x, axis=axis, keepdims=keepdims), initial)


@form(np.min, given="initial where")
def min_of_chosen(a, axis=None, *, keepdims=False, initial=None, where=None):
    if a.size == 0:
        return np.sum(a, axis=axis, keepdims=keepdims) + initial
    x = a if where is None else np.where(where, a, initial)
    return np.minimum(np.min(x, axis=axis, keepdims=keepdims), initial)


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


def factors(a, where):
    """What is multiplied: 1 where `where` does not choose."""
    return a if where is None else np.where(where, a, 1.0)


@pullback(
    np.prod,
    kinds="fc",
    examples=lambda r: [*axes(r), *masks(r), at(r.complex(3)), at(np.array([0.0, 2.0])), at(r(3), initial=2.0)],
)
def prod_bar(a, axis=None, dtype=None, *, keepdims=False, initial=1, where=None, out_bar):
    if known(initial) and initial == 1 and where is None:
        return spread(out_bar, axis, keepdims) * arrays.prod_of_others(a, axis)
    g = initial * spread(out_bar, axis, keepdims)
    return chosen(g * arrays.prod_of_others(factors(a, where), axis), where)


@pushforward(np.prod)
def prod_dot(a, axis=None, dtype=None, *, keepdims=False, initial=1, where=None, a_dot):
    if known(initial) and initial == 1 and where is None:
        return np.sum(arrays.prod_of_others(a, axis) * a_dot, axis=axis, keepdims=keepdims)
    others = arrays.prod_of_others(factors(a, where), axis)
    return initial * np.sum(chosen(others * a_dot, where), axis=axis, keepdims=keepdims)


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


@expansion(np.cumulative_sum, examples=lambda r: [at(r(4)), at(r(2, 3), axis=1, include_initial=True)])
def cumulative_sum(x, *, axis=None, include_initial=False):
    sums = np.cumsum(x, axis=0 if axis is None else axis)
    return joined_behind(np.zeros_like, sums, axis) if include_initial else sums


@expansion(np.cumulative_prod, examples=lambda r: [at(r(4)), at(r(2, 3), axis=1, include_initial=True)])
def cumulative_prod(x, *, axis=None, include_initial=False):
    products = np.cumprod(x, axis=0 if axis is None else axis)
    return joined_behind(np.ones_like, products, axis) if include_initial else products


def joined_behind(first, a, axis):
    """`a` behind one more line of zeros or ones."""
    k = 0 if axis is None else axis
    return np.concatenate((first(np.take(a, np.arange(1), k)), a), axis=k)


constant(np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.all, np.any, np.count_nonzero)
