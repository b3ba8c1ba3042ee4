"""Linear systems and matrices of a structure: `scipy.linalg`'s banded, Toeplitz and Lyapunov equations."""

from __future__ import annotations

import numpy as np
from scipy import linalg
from srcad_runtime import arrays

from srcad.rules.linalg import pinv_bar as numpy_pinv_bar
from srcad.rules.linalg import pinv_dot as numpy_pinv_dot
from srcad.rules.reductions import whole
from srcad.rules.registry import at, expansion, pullback, pushforward

# ---- what NumPy has under the same name ----


@expansion(linalg.norm, examples=lambda r: [at(r(4)), at(r(3, 4)), at(r(3, 4), 1), at(r(3, 4), axis=1, keepdims=True)])
def norm(a, ord=None, axis=None, keepdims=False):
    return np.linalg.norm(a, ord, axis, keepdims)


@pullback(linalg.pinv, examples=lambda r: [at(r(4, 3)), at(r(3, 4))])
def pinv_bar(a, *, out, out_bar):
    return numpy_pinv_bar(a, out=out, out_bar=out_bar)


@pushforward(linalg.pinv)
def pinv_dot(a, *, out, a_dot):
    return numpy_pinv_dot(a, out=out, a_dot=a_dot)


@expansion(linalg.lstsq, wrt=("a", "b"), examples=lambda r: [], notes="the solution only; full rank")
def lstsq(a, b):
    x, residues, rank, s = np.linalg.lstsq(a, b)
    return x, residues, rank, s


# ---- bands ----


def bands(r):
    ab = r(3, 5)
    ab[1] += 6.0
    wide = r(4, 6)
    wide[1] += 9.0
    return [at((1, 1), ab, r(5)), at((1, 1), ab, r(5, 2)), at((2, 1), wide, r(6)), at((0, 1), ab[:2], r(5))]


@pullback(linalg.solve_banded, wrt=("ab", "b"), examples=bands)
def solve_banded_bar(l_and_u, ab, b, *, out, out_bar):
    b_bar = linalg.solve_banded((l_and_u[1], l_and_u[0]), arrays.turned_bands(l_and_u, ab), out_bar)
    return -arrays.bands_of_product(l_and_u, b_bar, out), b_bar


@pushforward(linalg.solve_banded)
def solve_banded_dot(l_and_u, ab, b, *, out, ab_dot, b_dot):
    moved = arrays.banded_product(l_and_u, whole(ab_dot, ab), out)
    return linalg.solve_banded(l_and_u, ab, b_dot - moved)


@expansion(linalg.solveh_banded, wrt=("ab", "b"), examples=lambda r: [])
def solveh_banded(ab, b, *, lower=False):
    width = ab.shape[0] - 1
    upper = arrays.turned_bands((width, 0), ab) if lower else ab
    below = arrays.turned_bands((0, width), upper)
    return linalg.solve_banded((width, width), np.concatenate((upper, below[1:])), b)


# ---- matrices of few numbers ----


@expansion(linalg.toeplitz, wrt=("c", "r"), examples=lambda r: [at(r(4)), at(r(3), r(4))])
def toeplitz(c, r=None):
    row = np.conj(c) if r is None else r
    values = np.concatenate((c[::-1], row[1:]))
    rows, columns = np.arange(c.size), np.arange(row.size)
    return values[c.size - 1 - rows[:, None] + columns]


@expansion(linalg.hankel, wrt=("c", "r"), examples=lambda r: [at(r(4)), at(r(3), r(4))])
def hankel(c, r=None):
    row = np.zeros_like(c) if r is None else r
    values = np.concatenate((c, row[1:]))
    rows, columns = np.arange(c.size), np.arange(row.size)
    return values[rows[:, None] + columns]


@expansion(linalg.circulant, examples=lambda r: [at(r(4))])
def circulant(c):
    places = np.arange(c.size)
    return c[(places[:, None] - places) % c.size]


@expansion(linalg.solve_toeplitz, wrt=("c_or_cr", "b"), examples=lambda r: [])
def solve_toeplitz(c_or_cr, b):
    if isinstance(c_or_cr, tuple):
        return linalg.solve(toeplitz(c_or_cr[0], c_or_cr[1]), b)
    return linalg.solve(toeplitz(c_or_cr), b)


@expansion(linalg.matmul_toeplitz, wrt=("c_or_cr", "x"), examples=lambda r: [])
def matmul_toeplitz(c_or_cr, x):
    if isinstance(c_or_cr, tuple):
        return toeplitz(c_or_cr[0], c_or_cr[1]) @ x
    return toeplitz(c_or_cr) @ x


# ---- Lyapunov's equations ----


@pullback(
    linalg.solve_continuous_lyapunov, wrt=("a", "q"), examples=lambda r: [at(r.regular(3), r(3, 3))], notes="real"
)
def solve_continuous_lyapunov_bar(a, q, *, out, out_bar):
    q_bar = linalg.solve_continuous_lyapunov(a.T, out_bar)
    return -q_bar @ out.T - q_bar.T @ out, q_bar


@pushforward(linalg.solve_continuous_lyapunov)
def solve_continuous_lyapunov_dot(a, q, *, out, a_dot, q_dot):
    moved = whole(a_dot, a) @ out
    turned = out @ whole(a_dot, a).T
    return linalg.solve_continuous_lyapunov(a, q_dot - moved - turned)


@pullback(linalg.solve_discrete_lyapunov, wrt=("a", "q"), examples=lambda r: [at(0.2 * r(3, 3), r(3, 3))], notes="real")
def solve_discrete_lyapunov_bar(a, q, *, out, out_bar):
    q_bar = linalg.solve_discrete_lyapunov(a.T, out_bar)
    return q_bar @ a @ out.T + q_bar.T @ a @ out, q_bar


@pushforward(linalg.solve_discrete_lyapunov)
def solve_discrete_lyapunov_dot(a, q, *, out, a_dot, q_dot):
    moved = whole(a_dot, a)
    return linalg.solve_discrete_lyapunov(a, q_dot + moved @ out @ a.T + a @ out @ moved.T)
