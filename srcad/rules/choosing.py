"""Functions that choose between values, functions with two results, and functions of several numbers."""

from __future__ import annotations

import builtins
import math

import numpy as np

from srcad.rules.registry import at, expansion, linear, multilinear, pullback, pushforward

# ---- choosing ----


@expansion(
    np.select,
    wrt=("choicelist",),
    examples=lambda r: [
        at([r.mask(4), r.mask(4)], [r(4), r(4)]),
        at([r.mask(4)], [r(4)], 1.5),
        at([r.mask(2, 3)], [r(3)]),
    ],
)
def select(condlist, choicelist, default=0):
    chosen = default
    for condition, choice in reversed(list(zip(condlist, choicelist))):
        chosen = np.where(condition, choice, chosen)
    return chosen


@expansion(
    np.piecewise,
    wrt=("x",),
    examples=lambda r: [
        at(r(5), [r.mask(5), r.mask(5)], [1.0, lambda v: v * v]),
        at(r(5), [r.mask(5)], [lambda v: 2.0 * v, lambda v: -v]),
    ],
)
def piecewise(x, condlist, funclist):
    """As `numpy.piecewise`, with every function applied to all of `x`."""
    values = [f(x) if callable(f) else f for f in funclist]
    chosen = values[-1] if len(values) > len(condlist) else np.zeros_like(x)
    for condition, value in zip(condlist, values):
        chosen = np.where(condition, value, chosen)
    return chosen


@expansion(
    np.choose,
    wrt=("choices",),
    examples=lambda r: [at(np.array([0, 1, 1]), (r(3), r(3))), at(np.array([2, 0, 1]), [r(3), r(3), r()])],
)
def choose(a, choices, *, mode="raise"):
    places, count = np.asarray(a), len(choices)
    if mode == "wrap":
        places = places % count
    if mode == "clip":
        places = np.clip(places, 0, count - 1)
    if mode == "raise" and np.any((places < 0) | (places >= count)):
        raise ValueError("invalid entry in choice array")
    chosen = choices[0]
    for k in range(1, count):
        chosen = np.where(places == k, choices[k], chosen)
    return chosen


# ---- two results ----


@expansion(np.divmod, builtins.divmod, wrt=("x1", "x2"), examples=lambda r: [at(7.5, 2.0), at(-7.5, 2.0)])
def divmod_parts(x1, x2):
    return x1 // x2, x1 % x2


@pullback(np.modf, math.modf, wrt=("x",), examples=lambda r: [at(2.7), at(-2.7)])
def modf_bar(x, *, out_bar):
    return 0.0 if out_bar[0] is None else out_bar[0]


@pushforward(np.modf, math.modf)
def modf_dot(x, *, x_dot):
    return x_dot, 0.0


@pullback(np.frexp, math.frexp, wrt=("x",), outputs=(0,), examples=lambda r: [at(2.7), at(-0.3)])
def frexp_bar(x, *, out, out_bar):
    return np.ldexp(out_bar[0], -out[1])


@pushforward(np.frexp, math.frexp)
def frexp_dot(x, *, out, x_dot):
    return np.ldexp(x_dot, -out[1]), 0


# ---- several numbers ----


def numbers(r):
    return [at((r(), r(), r())), at((r(),))]


@pullback(math.fsum, examples=lambda r: [at(r(3)), at(r(1))])
def fsum_bar(seq, *, out_bar):
    return out_bar


linear(math.fsum, in_="seq")


@pullback(math.prod, each="iterable", examples=numbers)
def prod_bar(iterable, *, i, out_bar):
    return out_bar * math.prod([*iterable[:i], *iterable[i + 1 :]])


multilinear(math.prod, in_="iterable")


@pullback(math.hypot, each="coordinates", examples=lambda r: [at(r(), r()), at(r(), r(), r())])
def hypot_bar(*coordinates, i, out, out_bar):
    return out_bar * coordinates[i] / np.where(out == 0.0, 1.0, out)


@pushforward(math.hypot)
def hypot_dot(*coordinates, out, coordinates_dot):
    moved = [x * x_dot for x, x_dot in zip(coordinates, coordinates_dot)]
    return sum(moved) / np.where(out == 0.0, 1.0, out)


@pullback(math.dist, wrt=("p", "q"), examples=lambda r: [at(r(3), r(3)), at(r(1), r(1))])
def dist_bar(p, q, *, out, out_bar):
    g = out_bar / np.where(out == 0.0, 1.0, out) * (p - q)
    return g, -g


@pushforward(math.dist)
def dist_dot(p, q, *, out, p_dot, q_dot):
    return np.sum((p - q) * (p_dot - q_dot)) / np.where(out == 0.0, 1.0, out)


# ---- phases ----


@pullback(np.unwrap, examples=lambda r: [at(r(6) * 4.0), at(r(2, 5), axis=0)])
def unwrap_bar(p, discont=None, axis=-1, *, period=6.283185307179586, out_bar):
    return out_bar


@pushforward(np.unwrap)
def unwrap_dot(p, discont=None, axis=-1, *, period=6.283185307179586, p_dot):
    return p_dot


@pullback(np.real_if_close, examples=lambda r: [at(r(3)), at(r(2, 3), 10)])
def real_if_close_bar(a, tol=100, *, out_bar):
    return out_bar


@pushforward(np.real_if_close)
def real_if_close_dot(a, tol=100, *, a_dot):
    return a_dot
