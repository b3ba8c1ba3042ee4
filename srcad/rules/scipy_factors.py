"""Factorisations of `scipy.linalg`: those NumPy has too, with SciPy's arguments, and LU.

Vectors that are fixed up to sign have SciPy's signs: where NumPy calls another routine the rule is stated again.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg
from srcad_runtime import arrays

from srcad.rules.factors import eigh_bar as numpy_eigh_bar
from srcad.rules.factors import eigh_dot as numpy_eigh_dot
from srcad.rules.factors import inverse_gaps, on_diagonal, one_triangle
from srcad.rules.factors import qr_bar as numpy_qr_bar
from srcad.rules.factors import qr_dot as numpy_qr_dot
from srcad.rules.factors import svd_bar as numpy_svd_bar
from srcad.rules.factors import svd_dot as numpy_svd_dot
from srcad.rules.linalg import transposed
from srcad.rules.reductions import whole
from srcad.rules.registry import at, expansion, form, pullback, pushforward
from srcad.rules.scipy_linalg import corner

# ---- LU ----


def square(r):
    return [at(r.regular(3)), at(r(4, 4)), at(r(2, 2))]


@pullback(linalg.lu, examples=square, notes="square matrices; the rows keep their order")
def lu_bar(a, *, out, out_bar):
    p, lower, upper = out
    g = np.zeros_like(a)
    if out_bar[1] is not None:
        g = g + np.tril(lower.T @ out_bar[1], -1)
    if out_bar[2] is not None:
        g = g + np.triu(out_bar[2] @ upper.T)
    return p @ both_sides(lower, upper, g)


def both_sides(lower, upper, g):
    """``inv(lower).T @ g @ inv(upper).T``: from the adjoint between the factors to that of the permuted matrix."""
    left = linalg.solve_triangular(lower, g, 1, True)
    return linalg.solve_triangular(upper, left.T, 0, False).T


def between(lower, upper, moved):
    """``inv(lower) @ moved @ inv(upper)``."""
    left = linalg.solve_triangular(lower, moved, 0, True)
    return linalg.solve_triangular(upper, left.T, 1, False).T


@pushforward(linalg.lu)
def lu_dot(a, *, out, a_dot):
    p, lower, upper = out
    f = between(lower, upper, p.T @ whole(a_dot, a))
    return np.zeros_like(p), lower @ np.tril(f, -1), np.triu(f) @ upper


@form(linalg.lu, given="permute_l")
def lu_permuted(a, permute_l=False):
    p, lower, upper = linalg.lu(a)
    if not permute_l:
        return p, lower, upper
    return p @ lower, upper


@pullback(linalg.lu_factor, outputs=(0,), examples=square, notes="square matrices; the rows keep their order")
def lu_factor_bar(a, *, out, out_bar):
    lower, upper = unpacked(out[0])
    g = np.tril(lower.T @ np.tril(out_bar[0], -1), -1) + np.triu(np.triu(out_bar[0]) @ upper.T)
    return both_sides(lower, upper, g)[np.argsort(arrays.row_order(out[1]))]


@pushforward(linalg.lu_factor)
def lu_factor_dot(a, *, out, a_dot):
    lower, upper = unpacked(out[0])
    f = between(lower, upper, whole(a_dot, a)[arrays.row_order(out[1])])
    return lower @ np.tril(f, -1) + np.triu(f) @ upper, 0.0


def unpacked(lu):
    """The factors that `scipy.linalg.lu_factor` keeps in one matrix."""
    return np.tril(lu, -1) + np.eye(lu.shape[0], dtype=lu.dtype), np.triu(lu)


@expansion(linalg.lu_solve, wrt=("lu_and_piv", "b"), examples=lambda r: [])
def lu_solve(lu_and_piv, b, trans=0):
    lu, piv = lu_and_piv
    order = arrays.row_order(piv)
    if trans == 0:
        first = linalg.solve_triangular(lu, b[order], lower=True, unit_diagonal=True)
        return linalg.solve_triangular(lu, first)
    first = linalg.solve_triangular(lu, b, 1)
    return linalg.solve_triangular(lu, first, 1, True, True)[np.argsort(order)]


# ---- QR and singular values: LAPACK's routines that NumPy calls, too ----


@pullback(linalg.qr, examples=lambda r: [at(r.separated(3, 3)), at(r.separated(3, 5))], notes="no pivoting")
def qr_bar(a, *, out, out_bar):
    return numpy_qr_bar(a, out=out, out_bar=out_bar)


@pushforward(linalg.qr)
def qr_dot(a, *, out, a_dot):
    return numpy_qr_dot(a, out=out, a_dot=a_dot)


@form(linalg.qr, given="mode")
def qr_in_mode(a, *, mode="full"):
    if mode == "economic":
        q, r = np.linalg.qr(a)
        return q, r
    if mode == "r":
        return (np.linalg.qr(a, "r"),)
    return linalg.qr(a)


def rectangles(r):
    thin = [at(r.separated(*shape), full_matrices=False) for shape in ((3, 3), (4, 3), (3, 4))]
    return [*thin, at(r.separated(3, 3)), at(r.separated(4, 3), compute_uv=False)]


@pullback(linalg.svd, examples=rectangles)
def svd_bar(a, full_matrices=True, compute_uv=True, *, out, out_bar):
    return numpy_svd_bar(a, full_matrices, compute_uv, out=out, out_bar=out_bar)


@pushforward(linalg.svd)
def svd_dot(a, full_matrices=True, compute_uv=True, *, out, a_dot):
    return numpy_svd_dot(a, full_matrices, compute_uv, out=out, a_dot=a_dot)


@expansion(linalg.svdvals, examples=lambda r: [at(r(3, 4)), at(r(4, 3))])
def svdvals(a):
    return np.linalg.svdvals(a)


# ---- eigenvalues ----


def symmetric(r):
    """Near the diagonal: elsewhere LAPACK's routine may turn a vector round from one call to the next."""
    near = np.diag([1.0, 2.5])
    return [at(near + 0.1 * r.symmetric(2)), at(near + 0.1 * r.symmetric(2), lower=False)]


def pairs(r):
    near = np.diag([1.0, 2.5])
    return [*symmetric(r), at(near + 0.1 * r.symmetric(2), np.eye(2) + 0.1 * r.symmetric(2))]


@pullback(linalg.eigh, wrt=("a", "b"), examples=pairs, notes="reads one triangle: the adjoint is triangular")
def eigh_bar(a, b=None, *, lower=True, out, out_bar):
    if b is None:
        return numpy_eigh_bar(a, "L" if lower else "U", out=out, out_bar=out_bar), 0.0
    w, v = out
    own = on_diagonal(out_bar[0], v)
    turned = np.zeros_like(v) if out_bar[1] is None else v.T @ out_bar[1]
    p = own + inverse_gaps(w) * turned
    q = -p * w - 0.5 * np.diag(np.diag(turned))  # v.T @ b @ v stays one
    return one_triangle(v @ p @ v.T, not lower), one_triangle(v @ q @ v.T, not lower)


@pushforward(linalg.eigh)
def eigh_dot(a, b=None, *, lower=True, out, a_dot, b_dot):
    if b is None:
        return numpy_eigh_dot(a, "L" if lower else "U", out=out, a_dot=a_dot)
    w, v = out
    q = v.T @ one_half_mirrored(whole(b_dot, b), lower) @ v
    p = v.T @ one_half_mirrored(whole(a_dot, a), lower) @ v - q * w
    return np.diag(p), v @ (inverse_gaps(w) * p - 0.5 * np.diag(np.diag(q)))


@form(linalg.eigh, given="eigvals_only")
def eigh_of_a_pair(a, b=None, *, lower=True, eigvals_only=False):
    """``a v = w b v`` as the problem of ``inv(c) a inv(c).T`` for the Cholesky factor c of b."""
    if not eigvals_only:
        return linalg.eigh(a, b, lower=lower)
    if b is None:
        return linalg.eigvalsh(a, lower=lower)
    factor = linalg.cholesky(transposed(b) if lower else b, False).T
    left = linalg.solve_triangular(factor, one_half_mirrored(a, lower), 0, True)
    inner = linalg.solve_triangular(factor, left.T, 0, True)
    return linalg.eigvalsh(inner)


def one_half_mirrored(a, lower):
    """The symmetric matrix of which one triangle is read."""
    half = np.tril(a, -1) if lower else np.triu(a, 1)
    return half + half.T + np.diag(np.diag(a))


@expansion(linalg.eigvalsh, examples=symmetric)
def eigvalsh(a, *, lower=True):
    return np.linalg.eigvalsh(a, "L" if lower else "U")


@expansion(linalg.eigvals, examples=lambda r: [at(r.regular(3) * np.arange(1, 4))], kinds="fc")
def eigvals(a):
    return np.linalg.eigvals(a) + 0j  # complex whatever they are, where NumPy's are real if all are


@expansion(linalg.eig, examples=lambda r: [at(r.regular(3) * np.arange(1, 4))], kinds="fc")
def eig(a):
    w, v = np.linalg.eig(a)
    return w + 0j, v


# ---- functions of matrices ----


@pullback(linalg.logm, shapes="(n,n)", examples=lambda r: [at(r.spd(3)), at(r.regular(3))])
def logm_bar(A, *, out_bar):
    return corner(linalg.logm, A.T, out_bar)


@pushforward(linalg.logm)
def logm_dot(A, *, A_dot):
    return corner(linalg.logm, A, A_dot)


@pullback(linalg.cosm, shapes="(n,n)", examples=lambda r: [at(r(3, 3))])
def cosm_bar(A, *, out_bar):
    return corner(linalg.cosm, A.T, out_bar)


@pushforward(linalg.cosm)
def cosm_dot(A, *, A_dot):
    return corner(linalg.cosm, A, A_dot)


@pullback(linalg.sinm, shapes="(n,n)", examples=lambda r: [at(r(3, 3))])
def sinm_bar(A, *, out_bar):
    return corner(linalg.sinm, A.T, out_bar)


@pushforward(linalg.sinm)
def sinm_dot(A, *, A_dot):
    return corner(linalg.sinm, A, A_dot)
