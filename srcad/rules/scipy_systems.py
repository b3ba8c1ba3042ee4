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


def half_bands(r):
    upper, narrow = r(3, 6), r(2, 5)
    upper[2] += 9.0
    narrow[1] += 6.0
    lower = np.stack((narrow[1], narrow[0]))
    plain = [at(upper, r(6)), at(narrow, r(5, 2)), at(narrow[1:], r(5))]
    return [*plain, at(lower, r(5), lower=True), at(upper[::-1].copy(), r(6, 2), lower=True)]


@pullback(linalg.solveh_banded, wrt=("ab", "b"), examples=half_bands)
def solveh_banded_bar(ab, b, *, lower=False, out, out_bar):
    b_bar = linalg.solveh_banded(ab, out_bar, lower=lower)
    l_and_u = half_width(ab, lower)
    both = arrays.bands_of_product(l_and_u, b_bar, out) + arrays.bands_of_product(l_and_u, out, b_bar)
    return -off_diagonal(both, lower, 0.5), b_bar


@pushforward(linalg.solveh_banded)
def solveh_banded_dot(ab, b, *, lower=False, out, ab_dot, b_dot):
    l_and_u, dot = half_width(ab, lower), whole(ab_dot, ab)
    one = arrays.banded_product(l_and_u, dot, out)
    turned = arrays.turned_bands(l_and_u, off_diagonal(dot, lower, 0.0))
    other = arrays.banded_product((l_and_u[1], l_and_u[0]), turned, out)
    return linalg.solveh_banded(ab, b_dot - one - other, lower=lower)


def half_width(ab, lower):
    """How many bands are below and above the diagonal."""
    return (ab.shape[0] - 1, 0) if lower else (0, ab.shape[0] - 1)


def off_diagonal(ab, lower, share):
    """The bands, with `share` of the diagonal."""
    rows = np.arange(ab.shape[0])
    return np.where((rows == (0 if lower else ab.shape[0] - 1))[:, None], share * ab, ab)


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
