"""Rules of the helpers that generated code calls, so that generated code can be differentiated again.

A helper without a rule is inlined where it is called: the evaluator reads it like a user's function.
"""

from __future__ import annotations

import numpy as np
from srcad_runtime import arrays

from srcad.rules.registry import at, constant, elementwise, linear, multilinear, pullback

TWICE = np.array([0, 2, 2])

# ---- types, shapes, accumulation ----


@pullback(arrays.astype, kinds="fc", examples=lambda r: [at(r(3), np.dtype("float64")), at(r(), np.dtype("float64"))])
def astype_bar(x, dtype, *, out_bar):
    return out_bar


@pullback(
    arrays.unbroadcast,
    inert=("like",),
    kinds="fc",
    examples=lambda r: [at(r(2, 3), r(3)), at(r(2, 3), r(2, 1)), at(r(2, 3), r())],
)
def unbroadcast_bar(g, like, *, out_bar):
    return out_bar


@pullback(
    arrays.scatter_add,
    inert=("like",),
    kinds="fc",
    wrt=("g",),
    examples=lambda r: [at(r(3), TWICE, r(3)), at(r(3, 2), TWICE, r(3, 2))],
)
def scatter_add_bar(like, index, g, *, out_bar):
    return out_bar[index]


linear(arrays.astype, in_="x")
linear(arrays.unbroadcast, arrays.scatter_add, in_="g")


# ---- element by element ----


@elementwise(arrays.power_slope, domain=((0.3, 3), (-2, 3)), kinks={(0.0, 0.0): (0.0, None)})
def power_slope(x, y, out):
    return np.where(y == 0.0, 0.0, y * arrays.power_slope(x, y - 1.0)), np.power(x, y - 1.0) + arrays.xlogy(out, x)


@elementwise(arrays.xlogy, domain=(0.3, 3))
def xlogy(x, y):
    return np.log(y), x / y


constant(arrays.exceeds, arrays.tie_share, arrays.falling, arrays.first_and_others, arrays.inserted_order)


# ---- linear helpers: the adjoint of an adjoint is the function itself ----


@pullback(
    arrays.take_adjoint,
    inert=("a",),
    wrt=("g",),
    kinds="fc",
    examples=lambda r: [at(r(3), TWICE, 0, r(3)), at(r(3), TWICE, None, r(3))],
)
def take_adjoint_bar(a, indices, axis, g, *, out_bar):
    return np.take(out_bar, indices, axis)


@pullback(
    arrays.take_along_axis_adjoint,
    inert=("a",),
    wrt=("g",),
    kinds="fc",
    examples=lambda r: [at(r(2, 3), np.array([TWICE, TWICE]), 1, r(2, 3)), at(r(3), TWICE, None, r(3))],
)
def take_along_axis_adjoint_bar(a, indices, axis, g, *, out_bar):
    return np.take_along_axis(out_bar, indices, axis)


@pullback(arrays.diff_adjoint, kinds="fc", examples=lambda r: [at(r(4), 1, 0), at(r(3, 4), 2, 1)])
def diff_adjoint_bar(g, n, axis, *, out_bar):
    return np.diff(out_bar, n, axis)


@pullback(
    arrays.diagonal_adjoint,
    inert=("a",),
    wrt=("g",),
    kinds="fc",
    examples=lambda r: [at(r(3, 4), r(3), 1, 0, 1), at(r(2, 3, 3), r(2, 3), 0, 1, 2), at(r(2, 3, 3), r(2, 1), 0, 1, 2)],
)
def diagonal_adjoint_bar(a, g, offset, axis1, axis2, *, out_bar):
    return np.diagonal(out_bar, offset, axis1, axis2)


@pullback(
    arrays.spread_diagonals,
    inert=("a",),
    wrt=("g",),
    kinds="fc",
    examples=lambda r: [at(r(3, 3), r(3), "ii->i"), at(r(2, 3, 3), r(2, 1), "bii->bi")],
)
def spread_diagonals_bar(a, g, subscripts, *, out_bar):
    return np.einsum(subscripts, out_bar)


@pullback(
    arrays.repeat_adjoint,
    inert=("a",),
    wrt=("g",),
    kinds="fc",
    examples=lambda r: [at(r(2), r(6), 3, None), at(r(2, 2), r(2, 6), 3, 1), at(r(3), r(3), (1, 0, 2), 0)],
)
def repeat_adjoint_bar(a, g, repeats, axis, *, out_bar):
    return np.repeat(out_bar, repeats, axis)


@pullback(
    arrays.tile_adjoint,
    inert=("a",),
    wrt=("g",),
    kinds="fc",
    examples=lambda r: [at(r(3), r(6), 2), at(r(2, 3), r(4, 3), (2, 1))],
)
def tile_adjoint_bar(a, g, reps, *, out_bar):
    return np.tile(out_bar, reps)


@pullback(
    arrays.piece_of,
    inert=("arrays",),
    wrt=("whole",),
    kinds="fc",
    examples=lambda r: [
        at(r(5), (r(2), r(3)), 1, 0),
        at(r(3, 5), (r(3, 2), r(3, 3)), 0, -1),
        at(r(6), (r(2), r(2, 2)), 1, None),
    ],
)
def piece_of_bar(whole, arrays, item, axis, *, out_bar):
    before, after = pieces_around(whole, arrays, item, axis)
    if axis is None:
        return np.concatenate((before, np.ravel(out_bar), after))
    return np.concatenate((before, out_bar, after), axis)


def pieces_around(whole, pieces, item, axis):
    """Zeros in the shape of what stands before and after a piece."""
    before, after = [np.zeros_like(p) for p in pieces[:item]], [np.zeros_like(p) for p in pieces[item + 1 :]]
    empty = whole[:0] if axis is None else np.take(whole, np.arange(0), axis)
    return np.concatenate((empty, *before), axis), np.concatenate((empty, *after), axis)


@pullback(
    arrays.uncut,
    kinds="fc",
    examples=lambda r: [
        at(r(5), 5, 3, "same"),
        at(r(3), 5, 3, "valid"),
        at(r(5), 3, -5, "same"),
        at(r(7), 5, 3, "full"),
    ],
)
def uncut_bar(g, n, m, mode, *, out_bar):
    return arrays.cut(out_bar, n, m, mode)


@pullback(
    arrays.cut,
    kinds="fc",
    examples=lambda r: [at(r(7), 5, 3, "same"), at(r(7), 5, 3, "valid"), at(r(7), 3, -5, "same")],
)
def cut_bar(g, n, m, mode, *, out_bar):
    return arrays.uncut(out_bar, n, m, mode)


@pullback(
    arrays.pad_adjoint,
    inert=("array",),
    wrt=("g",),
    kinds="fc",
    examples=lambda r: [at(r(3), 1, "constant", r(5)), at(r(2, 3), ((1, 0), (0, 2)), "reflect", r(3, 5))],
)
def pad_adjoint_bar(array, pad_width, mode, g, *, out_bar):
    return np.pad(out_bar, pad_width, mode)


def coordinates(r):
    return [at(r(4), np.array([0.0, 1.0, 1.5, 3.0]), 0, 1), at(r(2, 5), np.array([0.0, 1.0, 1.5, 3.0, 4.0]), -1, 2)]


@pullback(arrays.gradient_on, wrt=("f",), examples=lambda r: [*coordinates(r), at(r(2), np.array([0.0, 0.7]), 0, 1)])
def gradient_on_bar(f, x, axis, edge_order, *, out_bar):
    return arrays.gradient_on_adjoint(out_bar, x, axis, edge_order)


@pullback(arrays.gradient_on_adjoint, wrt=("g",), examples=coordinates)
def gradient_on_adjoint_bar(g, x, axis, edge_order, *, out_bar):
    return arrays.gradient_on(out_bar, x, axis, edge_order)


@pullback(arrays.resized, kinds="fc", examples=lambda r: [at(r(3, 4), 2, 0), at(r(3), 5, -1)])
def resized_bar(g, n, axis, *, out_bar):
    return arrays.resized(out_bar, g.shape[axis], axis)


@pullback(arrays.fitted, kinds="fc", examples=lambda r: [at(r(3, 4), (2, 6)), at(r(3), (3,))])
def fitted_bar(g, shape, *, out_bar):
    return arrays.fitted(out_bar, g.shape)


@pullback(
    arrays.half_spectrum_adjoint, kinds="fc", examples=lambda r: [at(r.complex(3), 4, 0), at(r.complex(2, 3), 5, 1)]
)
def half_spectrum_adjoint_bar(x, n, axis, *, out_bar):
    return arrays.half_spectrum_adjoint(out_bar, n, axis)


@pullback(arrays.last_written, kinds="fc", examples=lambda r: [at(r(4), np.array([1, 3, 1])), at(r(3, 2), (TWICE,))])
def last_written_bar(a, index, *, out_bar):
    return arrays.written(a, index, out_bar)


@pullback(
    arrays.written,
    inert=("like",),
    wrt=("g",),
    kinds="fc",
    examples=lambda r: [at(r(4), np.array([1, 3, 1]), r(3)), at(r(3, 2), (TWICE,), r(3, 2))],
)
def written_bar(like, index, g, *, out_bar):
    return arrays.last_written(out_bar, index)


@pullback(
    arrays.reduceat_adjoint,
    inert=("array",),
    wrt=("g",),
    examples=lambda r: [at(r(6), np.array([0, 2, 5]), 0, r(3)), at(r(3, 4), np.array([0, 3, 1]), 1, r(3, 3))],
)
def reduceat_adjoint_bar(array, indices, axis, g, *, out_bar):
    return np.add.reduceat(out_bar, indices, axis)


linear(arrays.reduceat_adjoint, in_="g")


def quantile_points(r):
    return [
        at(r.distinct(2, 5), 0.3, 1, "linear", False, r(2)),
        at(r.distinct(6), np.array([0.2, 0.7]), None, "hazen", True, r(2)),
    ]


@pullback(arrays.quantile_adjoint, inert=("a",), wrt=("g",), examples=quantile_points)
def quantile_adjoint_bar(a, q, axis, method, skip_nan, g, *, out_bar):
    return np.reshape(arrays.quantile_tangent(a, q, axis, method, skip_nan, out_bar), np.shape(g))


@pullback(
    arrays.quantile_tangent,
    inert=("a",),
    wrt=("a_dot",),
    examples=lambda r: [at(*e.args[:5], r(*e.args[0].shape)) for e in quantile_points(r)],
)
def quantile_tangent_bar(a, q, axis, method, skip_nan, moves, *, out_bar):
    return arrays.quantile_adjoint(a, q, axis, method, skip_nan, out_bar)


linear(arrays.resized, arrays.fitted, arrays.written, arrays.quantile_adjoint, arrays.pad_adjoint, in_="g")
linear(arrays.gradient_on, in_="f")
linear(arrays.gradient_on_adjoint, in_="g")
linear(arrays.half_spectrum_adjoint, in_="x")
linear(arrays.last_written, in_="a")
linear(arrays.quantile_tangent, in_="moves")
constant(arrays.count_numbers, arrays.last_change, arrays.fractions)


linear(arrays.take_adjoint, arrays.take_along_axis_adjoint, arrays.diff_adjoint, arrays.diagonal_adjoint, in_="g")
linear(arrays.spread_diagonals, arrays.repeat_adjoint, arrays.tile_adjoint, arrays.uncut, arrays.cut, in_="g")
linear(arrays.piece_of, in_="whole")


# ---- bands of matrices ----


def banded(r):
    return [at((1, 1), r(3, 5), r(5)), at((2, 1), r(4, 5), r(5, 2))]


@pullback(arrays.turned_bands, wrt=("ab",), examples=lambda r: [at((1, 1), r(3, 5)), at((2, 1), r(4, 5))])
def turned_bands_bar(l_and_u, ab, *, out_bar):
    return arrays.turned_bands((l_and_u[1], l_and_u[0]), out_bar)


@pullback(arrays.banded_product, wrt=("ab", "x"), examples=banded)
def banded_product_bar(l_and_u, ab, x, *, out_bar):
    turned = (l_and_u[1], l_and_u[0])
    return (
        arrays.bands_of_product(l_and_u, out_bar, x),
        arrays.banded_product(turned, arrays.turned_bands(l_and_u, ab), out_bar),
    )


@pullback(
    arrays.bands_of_product, wrt=("g", "x"), examples=lambda r: [at((1, 1), r(5), r(5)), at((2, 1), r(5, 2), r(5, 2))]
)
def bands_of_product_bar(l_and_u, g, x, *, out_bar):
    turned = (l_and_u[1], l_and_u[0])
    return (
        arrays.banded_product(l_and_u, out_bar, x),
        arrays.banded_product(turned, arrays.turned_bands(l_and_u, out_bar), g),
    )


linear(arrays.turned_bands, in_="ab")
multilinear(arrays.banded_product, in_="ab, x")
multilinear(arrays.bands_of_product, in_="g, x")
constant(arrays.row_order)


# ---- convolutions ----


@pullback(
    arrays.within_full,
    wrt=("g",),
    examples=lambda r: [
        at(r(6), (6,), (3,), "same"),
        at(r(4, 2), (5, 3), (2, 2), "valid"),
        at(r(8), (6,), (3,), "full"),
    ],
)
def within_full_bar(g, first, second, mode, *, out_bar):
    return arrays.part_of_full(out_bar, first, second, mode)


@pullback(
    arrays.part_of_full, wrt=("full",), examples=lambda r: [at(r(8), (6,), (3,), "same"), at(r(8), (6,), (3,), "valid")]
)
def part_of_full_bar(full, first, second, mode, *, out_bar):
    return arrays.within_full(out_bar, first, second, mode)


@pullback(
    arrays.lagged_products, wrt=("g", "x"), examples=lambda r: [at(r(5), r(5), 3, -1), at(r(4, 2), r(4, 2), 2, 0)]
)
def lagged_products_bar(g, x, count, axis, *, out_bar):
    return arrays.filtered(x, out_bar, axis), arrays.filtered_back(g, out_bar, axis)


@pullback(arrays.filtered, wrt=("x", "weights"), examples=lambda r: [at(r(5), r(3), -1), at(r(4, 2), r(2), 0)])
def filtered_bar(x, weights, axis, *, out_bar):
    return arrays.filtered_back(out_bar, weights, axis), arrays.lagged_products(out_bar, x, weights.size, axis)


@pullback(arrays.filtered_back, wrt=("g", "weights"), examples=lambda r: [at(r(5), r(3), -1), at(r(4, 2), r(2), 0)])
def filtered_back_bar(g, weights, axis, *, out_bar):
    return arrays.filtered(out_bar, weights, axis), arrays.lagged_products(g, out_bar, weights.size, axis)


linear(arrays.within_full, in_="g")
linear(arrays.part_of_full, in_="full")
multilinear(arrays.lagged_products, in_="g, x")
multilinear(arrays.filtered, in_="x, weights")
multilinear(arrays.filtered_back, in_="g, weights")
