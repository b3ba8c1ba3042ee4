"""Rules of helpers that are not linear: second derivatives of products, interpolation and matrix functions."""

from __future__ import annotations

import numpy as np
from srcad_runtime import arrays

from srcad.rules.linalg import per_matrix, transposed
from srcad.rules.reductions import whole
from srcad.rules.registry import at, linear, pullback, pushforward

# ---- products that leave one out ----


@pullback(
    arrays.prod_of_others,
    kinds="fc",
    examples=lambda r: [
        at(r(4), None),
        at(r(4), 0),
        at(r(2, 3), 1),
        at(r(2, 3, 2), (0, 2)),
        at(np.array([0.0, 2.0, 3.0]), 0),
    ],
)
def prod_of_others_bar(a, axis, *, out_bar):
    return arrays.prod_of_others_adjoint(a, axis, out_bar)


@pushforward(arrays.prod_of_others)
def prod_of_others_dot(a, axis, *, a_dot):
    return arrays.prod_of_others_adjoint(a, axis, a_dot)  # the second derivatives of a product are symmetric


def two_directions(r):
    zeros = np.array([0.0, 2.0, 0.0, 3.0])
    return [at(r(4), None, r(4)), at(r(2, 3), 1, r(2, 3)), at(r(2, 3, 2), (0, 2), r(2, 3, 2)), at(zeros, 0, r(4))]


@pullback(arrays.prod_of_others_adjoint, wrt=("a", "g"), kinds="fc", examples=two_directions)
def prod_of_others_adjoint_bar(a, axis, g, *, out_bar):
    return arrays.prod_of_others_second(a, axis, g, out_bar), arrays.prod_of_others_adjoint(a, axis, out_bar)


@pushforward(arrays.prod_of_others_adjoint)
def prod_of_others_adjoint_dot(a, axis, g, *, a_dot, g_dot):
    curved = arrays.prod_of_others_second(a, axis, g, whole(a_dot, a))
    return curved + arrays.prod_of_others_adjoint(a, axis, whole(g_dot, g))


@pullback(arrays.cofactors, kinds="fc", examples=lambda r: [at(r.regular(3)), at(r.regular(3, 2)), at(r.complex(3, 3))])
def cofactors_bar(a, *, out, out_bar):
    w = transposed(np.linalg.inv(a))
    return per_matrix(np.sum(out_bar * w, axis=(-2, -1))) * out - out @ transposed(out_bar) @ w


@pushforward(arrays.cofactors)
def cofactors_dot(a, *, out, a_dot):
    w = transposed(np.linalg.inv(a))
    return per_matrix(np.sum(out * a_dot, axis=(-2, -1))) * w - w @ transposed(a_dot) @ out


# ---- running products ----


def lines(r):
    return [at(r(4), r(4), 0), at(r(2, 3), r(2, 3), 1), at(np.array([2.0, 0.0, 3.0]), r(3), 0), at(r(2, 2), r(4), None)]


@pullback(arrays.cumprod_adjoint, wrt=("a", "g"), examples=lines)
def cumprod_adjoint_bar(a, g, axis, *, out_bar):
    return arrays.cumprod_second(a, out_bar, g, axis), arrays.cumprod_tangent(a, out_bar, axis)


@pushforward(arrays.cumprod_adjoint)
def cumprod_adjoint_dot(a, g, axis, *, a_dot, g_dot):
    return arrays.cumprod_second(a, whole(a_dot, a), g, axis) + arrays.cumprod_adjoint(a, whole(g_dot, g), axis)


@pullback(arrays.cumprod_tangent, wrt=("a", "moves"), examples=lambda r: lines(r)[:3])
def cumprod_tangent_bar(a, moves, axis, *, out_bar):
    return arrays.cumprod_second(a, moves, out_bar, axis), arrays.cumprod_adjoint(a, out_bar, axis)


@pushforward(arrays.cumprod_tangent)
def cumprod_tangent_dot(a, moves, axis, *, a_dot, moves_dot):
    return arrays.cumprod_mixed(a, moves, whole(a_dot, a), axis) + arrays.cumprod_tangent(a, whole(moves_dot, a), axis)


# ---- interpolation ----

KNOTS = np.array([0.0, 1.1, 2.3, 3.0])


@pullback(
    arrays.interp_slope, wrt=("xp", "fp"), inert=("x",), examples=lambda r: [at(r.between(-1, 4, 6), KNOTS, r(4))]
)
def interp_slope_bar(x, xp, fp, *, out, out_bar):
    return arrays.interp_slope_adjoint(x, xp, -out * out_bar), arrays.interp_slope_adjoint(x, xp, out_bar)


@pushforward(arrays.interp_slope)
def interp_slope_dot(x, xp, fp, *, out, xp_dot, fp_dot):
    return arrays.interp_slope(x, xp, whole(fp_dot, fp)) - out * arrays.interp_slope(x, xp, whole(xp_dot, xp))


@pullback(
    arrays.interp_slope_adjoint,
    wrt=("xp", "g"),
    inert=("x",),
    examples=lambda r: [at(r.between(-1, 4, 6), KNOTS, r(6)), at(1.7, KNOTS, r())],
)
def interp_slope_adjoint_bar(x, xp, g, *, out_bar):
    slope = arrays.interp_slope(x, xp, out_bar)
    return arrays.interp_slope_adjoint(x, xp, -g * slope), slope


@pushforward(arrays.interp_slope_adjoint)
def interp_slope_adjoint_dot(x, xp, g, *, xp_dot, g_dot):
    return arrays.interp_slope_adjoint(x, xp, g_dot - g * arrays.interp_slope(x, xp, whole(xp_dot, xp)))


@pullback(
    arrays.interp_adjoint,
    wrt=("x", "xp", "g"),
    examples=lambda r: [at(r.between(-1, 4, 6), KNOTS, r(6), True, False), at(r.between(0, 3), KNOTS, r(), True, True)],
)
def interp_adjoint_bar(x, xp, g, below, above, *, out_bar):
    x_bar = g * arrays.interp_slope(x, xp, out_bar)
    g_bar = np.interp(x, xp, out_bar, None if below else 0.0, None if above else 0.0)
    return x_bar, arrays.interp_adjoint(x, xp, -x_bar, False, False), g_bar


@pushforward(arrays.interp_adjoint)
def interp_adjoint_dot(x, xp, g, below, above, *, x_dot, xp_dot, g_dot):
    moved = arrays.interp_slope_adjoint(x, xp, g * (x_dot - np.interp(x, xp, whole(xp_dot, xp))))
    return moved + arrays.interp_adjoint(x, xp, g_dot, below, above)


# ---- matrix powers ----


def powers(r):
    return [at(r(3, 3), 3, r(3, 3)), at(r(3, 3), 1, r(3, 3)), at(r(2, 3, 3), 2, r(2, 3, 3))]


@pullback(arrays.matrix_power_adjoint, wrt=("a", "g"), kinds="fc", examples=powers)
def matrix_power_adjoint_bar(a, n, g, *, out_bar):
    return arrays.matrix_power_second(a, n, g, out_bar), arrays.matrix_power_adjoint(transposed(a), n, out_bar)


@pushforward(arrays.matrix_power_adjoint)
def matrix_power_adjoint_dot(a, n, g, *, a_dot, g_dot):
    return arrays.matrix_power_second(a, n, g, whole(a_dot, a)) + arrays.matrix_power_adjoint(a, n, whole(g_dot, g))


# ---- eigenvectors ----


def vectors(r):
    columns = np.linalg.eig(r.complex(3, 3))[1]
    return [at(columns, r.complex(3, 3)), at(np.linalg.eig(r.symmetric(3))[1], r(3, 3))]


@pullback(arrays.normalized_tangent, wrt=("moves",), kinds="fc", examples=vectors)
def normalized_tangent_bar(v, moves, *, out_bar):
    return arrays.normalized_adjoint(v, out_bar)


@pullback(arrays.normalized_adjoint, wrt=("g",), kinds="fc", examples=vectors)
def normalized_adjoint_bar(v, g, *, out_bar):
    return arrays.normalized_tangent(v, out_bar)


linear(arrays.normalized_tangent, in_="moves")
linear(arrays.normalized_adjoint, in_="g")


# ---- signs of complex numbers ----


def turning(x):
    """One over the size of `x`; 0 at 0, where its sign has no derivative."""
    size = np.abs(x)
    return np.where(size == 0.0, 0.0, 1.0 / np.where(size == 0.0, 1.0, size))


@pullback(arrays.complex_sign, kinds="c", examples=lambda r: [at(r.complex(3)), at(r.complex(2, 3)), at(r.complex())])
def complex_sign_bar(x, *, out, out_bar):
    return turning(x) * (out_bar - np.real(out_bar * out) * np.conj(out))


@pushforward(arrays.complex_sign)
def complex_sign_dot(x, *, out, x_dot):
    return turning(x) * (x_dot - np.real(np.conj(out) * x_dot) * out)
