"""`scipy.linalg`: the functions NumPy has under other names, triangular systems, matrix functions."""

from __future__ import annotations

import numpy as np
from scipy import linalg
from srcad_runtime import arrays

from srcad.rules.arithmetic import is_complex
from srcad.rules.factors import halved_lower, one_triangle, whole
from srcad.rules.linalg import transposed as turned_over
from srcad.rules.reductions import whole as whole_matrix
from srcad.rules.registry import at, expansion, form, linear, pullback, pushforward

# ---- inverses, determinants, solutions ----


@pullback(linalg.inv, shapes="(n,n)", kinds="fc", examples=lambda r: [at(r.regular(3)), at(r.complex(3, 3))])
def inv_bar(a, *, out, out_bar):
    return -out.T @ out_bar @ out.T


@pushforward(linalg.inv)
def inv_dot(a, *, out, a_dot):
    return -out @ a_dot @ out


@pullback(linalg.det, shapes="(n,n)", kinds="fc", examples=lambda r: [at(r.regular(3)), at(r.complex(3, 3))])
def det_bar(a, *, out_bar):
    return out_bar * arrays.cofactors(a)


@pushforward(linalg.det)
def det_dot(a, *, a_dot):
    return np.sum(arrays.cofactors(a) * a_dot)


@pullback(
    linalg.solve,
    shapes="(n,n) (n,) or (n,n) (n,m)",
    wrt=("a", "b"),
    kinds="fc",
    notes="assume_a='gen'",
    examples=lambda r: [at(r.regular(3), r(3)), at(r.regular(3), r(3, 2)), at(r.complex(3, 3), r.complex(3))],
)
def solve_bar(a, b, *, out, out_bar):
    b_bar = linalg.solve(a.T, out_bar)
    return (-np.outer(b_bar, out) if b.ndim == 1 else -b_bar @ out.T), b_bar


@pushforward(linalg.solve)
def solve_dot(a, b, *, out, a_dot, b_dot):
    return linalg.solve(a, b_dot - whole_matrix(a_dot, a) @ out)


@form(linalg.solve, given="assume_a lower transposed")
def solve_assuming(a, b, lower=False, *, assume_a=None, transposed=False):
    """Of a matrix that is assumed to be symmetric one triangle is read; a definite one is factored, or raises."""
    if transposed and is_complex(a):
        raise NotImplementedError("scipy.linalg.solve can currently not solve a^T x = b for complex matrices.")
    if assume_a in ("pos", "positive definite"):
        return cho_solve((linalg.cholesky(a, lower), lower), b)
    if assume_a in ("lower triangular", "upper triangular"):
        return linalg.solve_triangular(a, b, 1 if transposed else 0, assume_a == "lower triangular")
    return linalg.solve(assumed(a.T if transposed else a, lower != transposed, assume_a), b)


def assumed(a, lower, assume_a):
    """The matrix that is meant where only a part of `a` is read."""
    half = np.tril(a, -1) if lower else np.triu(a, 1)
    if assume_a in ("sym", "symmetric"):
        return half + half.T + np.diag(np.diag(a))
    if assume_a in ("her", "hermitian"):
        return half + np.conj(half.T) + np.diag(np.real(np.diag(a)))
    if assume_a in ("diagonal", "tridiagonal"):
        width = 0 if assume_a == "diagonal" else 1
        return np.triu(np.tril(a, width), -width)
    return a


def triangles(r):
    upper, lower = np.triu(r.regular(3)), np.tril(r.regular(3))
    plain = [at(upper, r(3)), at(lower, r(3), lower=True), at(upper, r(3, 2)), at(r.regular(3), r(3))]
    return [*plain, at(lower, r(3), "T", True), at(upper, r(3), 1), at(r.regular(3), r(3), unit_diagonal=True)]


@pullback(
    linalg.solve_triangular, wrt=("a", "b"), examples=triangles, notes="reads one triangle; the adjoint is triangular"
)
def solve_triangular_bar(a, b, trans=0, lower=False, unit_diagonal=False, *, out, out_bar):
    turned = trans in (1, 2, "T", "C")
    b_bar = linalg.solve_triangular(a, out_bar, 0 if turned else 1, lower, unit_diagonal)
    a_bar = -np.outer(b_bar, out) if b.ndim == 1 else -b_bar @ out.T
    return read_part(a_bar.T if turned else a_bar, lower, unit_diagonal), b_bar


@pushforward(linalg.solve_triangular)
def solve_triangular_dot(a, b, trans=0, lower=False, unit_diagonal=False, *, out, a_dot, b_dot):
    moved = read_part(whole_matrix(a_dot, a), lower, unit_diagonal)
    moved = moved.T if trans in (1, 2, "T", "C") else moved
    return linalg.solve_triangular(a, b_dot - moved @ out, trans, lower, unit_diagonal)


def read_part(a, lower, unit_diagonal):
    """The part of a triangular matrix that is read."""
    k = 1 if unit_diagonal else 0
    return np.tril(a, -k) if lower else np.triu(a, k)


# ---- Cholesky ----


@pullback(linalg.cholesky, notes="reads one triangle", examples=lambda r: [at(r.spd(3)), at(r.spd(3), lower=True)])
def cholesky_bar(a, lower=False, *, out, out_bar):
    factor, g = (out, out_bar) if lower else (out.T, out_bar.T)
    inverse = np.linalg.inv(factor)
    s = inverse.T @ halved_lower(factor.T @ g) @ inverse
    return 0.5 * one_triangle(s + s.T, not lower)


@pushforward(linalg.cholesky)
def cholesky_dot(a, lower=False, *, out, a_dot):
    factor = out if lower else out.T
    inverse = np.linalg.inv(factor)
    dot = factor @ halved_lower(inverse @ whole(a_dot, not lower) @ inverse.T)
    return dot if lower else dot.T


@expansion(linalg.cho_factor, examples=lambda r: [])
def cho_factor(a, lower=False):
    return linalg.cholesky(a, lower), lower


@expansion(linalg.cho_solve, wrt=("c_and_lower", "b"), examples=lambda r: [])
def cho_solve(c_and_lower, b):
    c, lower = c_and_lower
    first = linalg.solve_triangular(c, b, 0 if lower else 1, lower)
    return linalg.solve_triangular(c, first, 1 if lower else 0, lower)


# ---- matrix functions, by the derivative in a corner of the function of a block matrix ----


def corner(f, a, e):
    """The derivative of `f` at `a` in the direction `e`; matrices, or stacks of them."""
    n = a.shape[-1]
    top = np.concatenate((a, e), axis=-1)
    bottom = np.concatenate((np.zeros_like(a), a), axis=-1)
    return f(np.concatenate((top, bottom), axis=-2))[..., :n, n:]


@pullback(
    linalg.expm, shapes="(n,n)", kinds="fc", examples=lambda r: [at(r(3, 3)), at(r.complex(2, 2)), at(r(2, 3, 3))]
)
def expm_bar(A, *, out_bar):
    return corner(linalg.expm, turned_over(A), out_bar)


@pushforward(linalg.expm)
def expm_dot(A, *, A_dot):
    return corner(linalg.expm, A, A_dot)


@pullback(linalg.sqrtm, shapes="(n,n)", examples=lambda r: [at(r.spd(3)), at(r.regular(3))])
def sqrtm_bar(A, *, out, out_bar):
    return linalg.solve_sylvester(out.T, out.T, out_bar)


@pushforward(linalg.sqrtm)
def sqrtm_dot(A, *, out, A_dot):
    return linalg.solve_sylvester(out, out, A_dot)


@pullback(linalg.solve_sylvester, wrt=("a", "b", "q"), examples=lambda r: [at(r.regular(3), r.regular(2), r(3, 2))])
def solve_sylvester_bar(a, b, q, *, out, out_bar):
    q_bar = linalg.solve_sylvester(a.T, b.T, out_bar)
    return -q_bar @ out.T, -out.T @ q_bar, q_bar


@pushforward(linalg.solve_sylvester)
def solve_sylvester_dot(a, b, q, *, out, a_dot, b_dot, q_dot):
    return linalg.solve_sylvester(a, b, q_dot - whole_matrix(a_dot, a) @ out - out @ whole_matrix(b_dot, b))


# ---- layouts ----


@pullback(linalg.block_diag, each="arrs", kinds="fc", examples=lambda r: [at(r(2, 2), r(1, 3)), at(r(2, 3), r(2))])
def block_diag_bar(*arrs, i, out_bar):
    rows = sum([np.atleast_2d(a).shape[0] for a in arrs[:i]])
    columns = sum([np.atleast_2d(a).shape[1] for a in arrs[:i]])
    own = np.atleast_2d(arrs[i])
    return np.reshape(out_bar[rows : rows + own.shape[0], columns : columns + own.shape[1]], arrs[i].shape)


linear(linalg.block_diag, in_="arrs")
