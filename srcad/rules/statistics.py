"""Averages, quantiles and the reductions that leave out NaN."""

from __future__ import annotations

import numpy as np
from srcad_runtime import arrays

from srcad.rules.reductions import axes, lines, spread, whole
from srcad.rules.registry import at, expansion, form, linear, pullback, pushforward

# ---- averages ----


def weighted(r):
    a = r(2, 3, 4)
    return [
        at(a),
        at(a, axis=1),
        at(r(5), weights=r.positive(5)),
        at(a, weights=r.positive(2, 3, 4), axis=(0, 2)),
        at(a, 1, r.positive(3)),
    ]


@expansion(np.average, wrt=("a", "weights"), examples=weighted)
def average(a, axis=None, weights=None, *, keepdims=False):
    """As `numpy.average` computes it."""
    if weights is None:
        return np.mean(a, axis=axis, keepdims=keepdims)
    if weights.ndim != a.ndim:
        if weights.shape[0] != a.shape[axis]:
            raise ValueError("Shape of weights must be consistent with shape of a along specified axis.")
        weights = np.swapaxes(np.broadcast_to(weights, (a.ndim - 1) * (1,) + weights.shape), -1, axis)
    elif weights.shape != a.shape:
        raise TypeError("Axis must be specified when shapes of a and weights differ.")
    total = np.sum(weights, axis=axis, keepdims=keepdims)
    if np.any(total == 0.0):
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
    return np.sum(a * weights, axis=axis, keepdims=keepdims) / total


@form(np.average, given="returned")
def average_and_weight(a, axis=None, weights=None, *, returned=False, keepdims=False):
    mean = average(a, axis, weights, keepdims=keepdims)
    if not returned:
        return mean
    if weights is None:
        total = np.full(np.shape(mean), a.size / np.size(mean))
    else:
        total = np.broadcast_to(np.sum(weights, axis=None if weights.ndim == 1 else axis), np.shape(mean))
    return mean, total


# ---- quantiles: a mean of two elements, of which the order is fixed nearby ----


@pullback(np.median, examples=axes)
def median_bar(a, axis=None, *, keepdims=False, out_bar):
    return arrays.quantile_adjoint(a, 0.5, axis, "linear", False, out_bar)


@pushforward(np.median)
def median_dot(a, axis=None, *, keepdims=False, out, a_dot):
    return like_result(arrays.quantile_tangent(a, 0.5, axis, "linear", False, a_dot), out)


def numbers(a, a_dot):
    """The tangent of what is not left out, 0 for the rest: what NaN was computed from may be anything."""
    return np.where(np.isnan(a), 0.0, a_dot)


@pullback(np.nanmedian, examples=lambda r: gaps(r))
def nanmedian_bar(a, axis=None, *, keepdims=False, out_bar):
    return arrays.quantile_adjoint(a, 0.5, axis, "linear", True, out_bar)


@pushforward(np.nanmedian)
def nanmedian_dot(a, axis=None, *, keepdims=False, out, a_dot):
    return like_result(arrays.quantile_tangent(a, 0.5, axis, "linear", True, numbers(a, a_dot)), out)


def column(dot, q):
    """The tangent of the places `q`, one a row."""
    return dot if np.ndim(q) == 0 else np.reshape(dot, (-1, 1))


def like_result(dots, out):
    """Tangents in rows of one quantile each, in the shape of the result."""
    return dots[0, 0] if np.ndim(out) == 0 else np.reshape(dots, out.shape)


def moved_by_place(a, q, axis, method, skip_nan, out_bar):
    """The adjoint of `q`, in its shape: of each quantile's place in the order."""
    slope = arrays.quantile_slope(a, q, axis, method, skip_nan)
    places = np.sum(slope * np.reshape(out_bar, slope.shape), axis=1)
    return places[0] if np.ndim(q) == 0 else np.reshape(places, np.shape(q))


def fractions(scale, r):
    """Test points of quantiles; `scale` is 1 or 100."""
    a, several = r.distinct(3, 5), np.array([0.1, 0.55, 0.95]) * scale
    kinds = ("lower", "higher", "nearest", "midpoint", "hazen", "weibull", "median_unbiased", "normal_unbiased")
    methods = [at(r.distinct(7), 0.37 * scale, method=kind) for kind in (*kinds, "interpolated_inverted_cdf")]
    forms = [at(a, 0.3 * scale), at(a, several), at(a, several, axis=1), at(a, 0.25 * scale, axis=0, keepdims=True)]
    forms.append(at(a, int(scale), axis=1))
    return [*forms, at(r.distinct(2, 3, 4), several, axis=(0, 2)), *methods]


@pullback(np.quantile, examples=lambda r: fractions(1.0, r))
def quantile_bar(a, q, axis=None, *, method="linear", keepdims=False, out_bar):
    a_bar = arrays.quantile_adjoint(a, q, axis, method, False, out_bar)
    return a_bar, moved_by_place(a, q, axis, method, False, out_bar)


@pushforward(np.quantile, wrt=("a", "q"))
def quantile_dot(a, q, axis=None, *, method="linear", keepdims=False, out, a_dot, q_dot):
    moves = arrays.quantile_tangent(a, q, axis, method, False, whole(a_dot, a))
    places = arrays.quantile_slope(a, q, axis, method, False) * column(q_dot, q)
    return like_result(moves + places, out)


@pullback(np.percentile, examples=lambda r: fractions(100.0, r))
def percentile_bar(a, q, axis=None, *, method="linear", keepdims=False, out_bar):
    a_bar = arrays.quantile_adjoint(a, np.divide(q, 100), axis, method, False, out_bar)
    return a_bar, moved_by_place(a, np.divide(q, 100), axis, method, False, out_bar) / 100.0


@pushforward(np.percentile, wrt=("a", "q"))
def percentile_dot(a, q, axis=None, *, method="linear", keepdims=False, out, a_dot, q_dot):
    moves = arrays.quantile_tangent(a, np.divide(q, 100), axis, method, False, whole(a_dot, a))
    places = arrays.quantile_slope(a, np.divide(q, 100), axis, method, False) * column(q_dot, q) / 100.0
    return like_result(moves + places, out)


@pullback(np.nanquantile, examples=lambda r: [at(e.args[0], 0.3, **e.kwargs) for e in gaps(r)])
def nanquantile_bar(a, q, axis=None, *, method="linear", keepdims=False, out_bar):
    a_bar = arrays.quantile_adjoint(a, q, axis, method, True, out_bar)
    return a_bar, moved_by_place(a, q, axis, method, True, out_bar)


@pushforward(np.nanquantile, wrt=("a", "q"))
def nanquantile_dot(a, q, axis=None, *, method="linear", keepdims=False, out, a_dot, q_dot):
    moves = arrays.quantile_tangent(a, q, axis, method, True, numbers(a, whole(a_dot, a)))
    places = arrays.quantile_slope(a, q, axis, method, True) * column(q_dot, q)
    return like_result(moves + places, out)


@pullback(np.nanpercentile, examples=lambda r: [at(e.args[0], 30.0, **e.kwargs) for e in gaps(r)])
def nanpercentile_bar(a, q, axis=None, *, method="linear", keepdims=False, out_bar):
    a_bar = arrays.quantile_adjoint(a, np.divide(q, 100), axis, method, True, out_bar)
    return a_bar, moved_by_place(a, np.divide(q, 100), axis, method, True, out_bar) / 100.0


@pushforward(np.nanpercentile, wrt=("a", "q"))
def nanpercentile_dot(a, q, axis=None, *, method="linear", keepdims=False, out, a_dot, q_dot):
    moves = arrays.quantile_tangent(a, np.divide(q, 100), axis, method, True, numbers(a, whole(a_dot, a)))
    places = arrays.quantile_slope(a, np.divide(q, 100), axis, method, True) * column(q_dot, q) / 100.0
    return like_result(moves + places, out)


# ---- leaving out NaN ----


def gaps(r):
    """Test points with some NaN, in every form of `axis`."""
    a = r.distinct(2, 3, 4)
    a[0, 1, 2] = a[1, 0, 0] = np.nan
    forms = [at(a), at(a, axis=1), at(a, axis=-1, keepdims=True), at(a, axis=(0, 2)), at(a, keepdims=True)]
    return [*forms, at(np.array([1.0, np.nan, 3.0]), axis=0)]


@pullback(np.nansum, examples=gaps)
def nansum_bar(a, axis=None, dtype=None, *, keepdims=False, out_bar):
    return np.where(np.isnan(a), 0.0, spread(out_bar, axis, keepdims))


@pushforward(np.nansum)
def nansum_dot(a, axis=None, dtype=None, *, keepdims=False, a_dot):
    return np.sum(np.where(np.isnan(a), 0.0, a_dot), axis=axis, keepdims=keepdims)


@pullback(np.nanmean, examples=gaps)
def nanmean_bar(a, axis=None, dtype=None, *, keepdims=False, out_bar):
    return np.where(np.isnan(a), 0.0, spread(out_bar, axis, keepdims) / arrays.count_numbers(a, axis))


@pushforward(np.nanmean)
def nanmean_dot(a, axis=None, dtype=None, *, keepdims=False, a_dot):
    return np.sum(np.where(np.isnan(a), 0.0, a_dot) / arrays.count_numbers(a, axis), axis=axis, keepdims=keepdims)


def deviations(a, axis):
    """Distances from the mean, 0 for NaN."""
    return np.where(np.isnan(a), 0.0, a - np.nanmean(a, axis=axis, keepdims=True))


def left_over(a, axis, ddof):
    """The divisor of a variance of what is not NaN; 0 where there is none."""
    return np.maximum(arrays.count_numbers(a, axis) - ddof, 0.0)


@pullback(np.nanvar, examples=lambda r: [*gaps(r), at(np.array([1.0, np.nan, 3.0, 7.0]), ddof=1)])
def nanvar_bar(a, axis=None, dtype=None, *, ddof=0, keepdims=False, out_bar):
    return spread(out_bar, axis, keepdims) * (2.0 / left_over(a, axis, ddof)) * deviations(a, axis)


@pushforward(np.nanvar)
def nanvar_dot(a, axis=None, dtype=None, *, ddof=0, keepdims=False, a_dot):
    slope = (2.0 / left_over(a, axis, ddof)) * deviations(a, axis)
    return np.sum(slope * np.where(np.isnan(a), 0.0, a_dot), axis=axis, keepdims=keepdims)


@pullback(np.nanstd, examples=lambda r: [*gaps(r), at(np.array([1.0, np.nan, 3.0, 7.0]), ddof=1)])
def nanstd_bar(a, axis=None, dtype=None, *, ddof=0, keepdims=False, out, out_bar):
    std = spread(np.where(out == 0.0, 1.0, out), axis, keepdims)
    return spread(out_bar, axis, keepdims) * deviations(a, axis) / (left_over(a, axis, ddof) * std)


@pushforward(np.nanstd)
def nanstd_dot(a, axis=None, dtype=None, *, ddof=0, keepdims=False, out, a_dot):
    std = spread(np.where(out == 0.0, 1.0, out), axis, keepdims)
    slope = deviations(a, axis) / (left_over(a, axis, ddof) * std)
    return np.sum(slope * np.where(np.isnan(a), 0.0, a_dot), axis=axis, keepdims=keepdims)


@pullback(np.nanmax, np.nanmin, examples=gaps)
def nan_extreme_bar(a, axis=None, *, keepdims=False, out, out_bar):
    return spread(out_bar, axis, keepdims) * arrays.tie_share(a, spread(out, axis, keepdims), axis)


@pushforward(np.nanmax, np.nanmin)
def nan_extreme_dot(a, axis=None, *, keepdims=False, out, a_dot):
    return np.sum(
        arrays.tie_share(a, spread(out, axis, keepdims), axis) * numbers(a, a_dot), axis=axis, keepdims=keepdims
    )


@expansion(np.nanprod, examples=gaps)
def nanprod(a, axis=None, *, keepdims=False):
    return np.prod(np.where(np.isnan(a), 1.0, a), axis=axis, keepdims=keepdims)


@expansion(np.nancumsum, examples=lambda r: [*lines(r), at(np.array([1.0, np.nan, 2.0]))])
def nancumsum(a, axis=None):
    return np.cumsum(np.where(np.isnan(a), 0.0, a), axis=axis)


@expansion(np.nancumprod, examples=lambda r: [*lines(r), at(np.array([1.0, np.nan, 2.0]))])
def nancumprod(a, axis=None):
    return np.cumprod(np.where(np.isnan(a), 1.0, a), axis=axis)


# ---- counts: steps in what is counted, linear in the weights ----


@pullback(
    np.bincount, wrt=("weights",), examples=lambda r: [at(np.array([0, 2, 2, 1]), r(4)), at(np.array([1, 1]), r(2), 5)]
)
def bincount_bar(x, weights=None, minlength=0, *, out_bar):
    return out_bar[x]


linear(np.bincount, in_="weights")


@pullback(
    np.histogram,
    wrt=("weights",),
    inert=("a", "range"),
    outputs=(0,),
    notes="the counts: zero by what is counted",
    examples=lambda r: [at(r(9), 4, (-2.0, 1.0), weights=r(9)), at(r(9), np.array([-1.0, 0.0, 2.0]), weights=r(9))],
)
def histogram_bar(a, bins=10, range=None, *, weights=None, out, out_bar):
    edges = out[1]
    place = np.clip(np.searchsorted(edges, a, "right") - 1, 0, edges.size - 2)
    return np.where((a >= edges[0]) & (a <= edges[-1]), out_bar[0][place], 0.0)


def whole_range(a):
    """Without a range the edges lie between the least and the greatest element, and move with them."""
    return np.min(a), np.max(a)


def edges_within(range, bins):
    return np.linspace(range[0], range[1], bins + 1)


def density(counts, edges):
    return counts / np.diff(edges) / np.sum(counts)


@pushforward(np.histogram)
def histogram_dot(a, bins=10, range=None, *, weights=None, out, weights_dot):
    return np.histogram(a, out[1], weights=weights_dot)[0], 0.0
