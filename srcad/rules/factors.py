"""Factorisations of matrices. Where vectors are fixed up to sign only, so are their derivatives.

`cholesky` and `eigh` read one triangle of their argument: the adjoint is zero in the other.
"""

from __future__ import annotations

import numpy as np
from srcad_runtime import arrays

from srcad.rules.arithmetic import is_complex
from srcad.rules.linalg import transposed
from srcad.rules.reductions import real_part
from srcad.rules.registry import at, pullback, pushforward


def adjoint(x):
    """The conjugate transpose."""
    return np.conj(transposed(x))


def halved_lower(x):
    """The lower triangle with half the diagonal: what a symmetric matrix is made of, once."""
    return np.tril(x) - 0.5 * x * np.eye(x.shape[-1], dtype=x.dtype)


def one_triangle(s, upper):
    """The adjoint of the triangle that was read, for the adjoint `s` of the whole (real part of its) matrix."""
    both = s + np.conj(transposed(s))
    return transposed(halved_lower(np.conj(both))) if upper else halved_lower(both)


def whole(a, upper):
    """The symmetric (Hermitian) matrix of which one triangle of `a` was read."""
    half = transposed(halved_lower(transposed(a))) if upper else halved_lower(a)
    return half + np.conj(transposed(half))


def hermitian(r):
    a = r.complex(3, 3)
    return [at(a @ np.conj(a.T) + np.diag(np.arange(3) * 3.0 + 1.0))]


# ---- Cholesky ----


@pullback(
    np.linalg.cholesky,
    shapes="(n,n)",
    kinds="fc",
    notes="reads the lower triangle: the adjoint is lower triangular",
    examples=lambda r: [at(r.spd(3)), at(r.spd(3, 2)), at(r.spd(3), upper=True), *hermitian(r)],
)
def cholesky_bar(a, *, upper=False, out, out_bar):
    lower, g = (adjoint(out), adjoint(out_bar)) if upper else (out, out_bar)
    inverse = np.linalg.inv(lower)
    s = transposed(inverse) @ halved_lower(transposed(lower) @ g) @ np.conj(inverse)
    return one_triangle(s, upper)


@pushforward(np.linalg.cholesky)
def cholesky_dot(a, *, upper=False, out, a_dot):
    lower = adjoint(out) if upper else out
    inverse = np.linalg.inv(lower)
    dot = lower @ halved_lower(inverse @ whole(a_dot, upper) @ adjoint(inverse))
    return adjoint(dot) if upper else dot


# ---- eigenvalues ----


def inverse_gaps(w):
    """1 / (w[j] - w[i]) at [i, j], 0 where two values agree: there the vectors turn into each other freely."""
    gaps = w[..., None, :] - w[..., :, None]
    return np.where(gaps == 0.0, 0.0, 1.0 / np.where(gaps == 0.0, 1.0, gaps))


def symmetric(r):
    return [at(r.symmetric(3)), at(r.symmetric(3, 2)), at(r.symmetric(3), UPLO="U")]


def values_of_hermitian(r):
    return [*symmetric(r), *hermitian(r)]


def on_diagonal(w, like):
    """The numbers `w` (or none) on the diagonals of matrices."""
    return 0.0 if w is None else w[..., None, :] * np.eye(like.shape[-1], dtype=np.real(like).dtype)


@pullback(np.linalg.eigh, kinds="fc", examples=symmetric, notes="reads one triangle: the adjoint is triangular")
def eigh_bar(a, UPLO="L", *, out, out_bar):
    w, v = out
    p = on_diagonal(out_bar[0], v)
    if out_bar[1] is not None:
        p = p + inverse_gaps(w) * (transposed(v) @ out_bar[1])
    return one_triangle(np.conj(v) @ p @ transposed(v), UPLO == "U")


@pushforward(np.linalg.eigh)
def eigh_dot(a, UPLO="L", *, out, a_dot):
    w, v = out
    p = adjoint(v) @ whole(a_dot, UPLO == "U") @ v
    return np.copy(real_part(np.diagonal(p, 0, -2, -1))), v @ (inverse_gaps(w) * p)


@pullback(
    np.linalg.eigvalsh, kinds="fc", examples=values_of_hermitian, notes="reads one triangle: the adjoint is triangular"
)
def eigvalsh_bar(a, UPLO="L", *, out_bar):
    _, v = np.linalg.eigh(a, UPLO)
    return one_triangle((np.conj(v) * out_bar[..., None, :]) @ transposed(v), UPLO == "U")


@pushforward(np.linalg.eigvalsh)
def eigvalsh_dot(a, UPLO="L", *, a_dot):
    _, v = np.linalg.eigh(a, UPLO)
    return real_part(np.sum(np.conj(v) * (whole(a_dot, UPLO == "U") @ v), axis=-2))


def separated(r):
    rotation = np.array([[1.0, 2.0, 0.0], [-2.0, 1.0, 0.5], [0.3, 0.0, 4.0]])
    return [at(r.regular(3) * np.arange(1, 4)), at(rotation), at(r.complex(3, 3))]


@pullback(np.linalg.eigvals, kinds="fc", examples=separated)
def eigvals_bar(a, *, out_bar):
    _, v = np.linalg.eig(a)
    return transposed(np.linalg.inv(v)) @ (out_bar[..., None] * transposed(v))


@pushforward(np.linalg.eigvals)
def eigvals_dot(a, *, a_dot):
    _, v = np.linalg.eig(a)
    return np.copy(np.diagonal(np.linalg.inv(v) @ a_dot @ v, 0, -2, -1))


@pullback(
    np.linalg.eig,
    kinds="fc",
    examples=separated,
    notes="vectors of length 1 whose largest component is real; of vectors the first derivative only",
)
def eig_bar(a, *, out, out_bar):
    w, v = out
    p = on_diagonal(out_bar[0], v)
    if out_bar[1] is not None:
        p = p + inverse_gaps(w) * (transposed(v) @ arrays.normalized_adjoint(v, out_bar[1]))
    return transposed(np.linalg.inv(v)) @ p @ transposed(v)


@pushforward(np.linalg.eig)
def eig_dot(a, *, out, a_dot):
    w, v = out
    p = np.linalg.inv(v) @ a_dot @ v
    return np.copy(np.diagonal(p, 0, -2, -1)), arrays.normalized_tangent(v, v @ (inverse_gaps(w) * p))


# ---- singular values ----


def rectangles(r):
    shapes = [(3, 3), (4, 3), (3, 4), (4, 3, 2)]
    thin = [at(r.separated(*shape), full_matrices=False) for shape in shapes]
    return [*thin, at(r.separated(3, 3)), *[at(r.separated(*shape), compute_uv=False) for shape in shapes]]


def turned(s, u, u_bar):
    """The Hermitian matrix that tells how the adjoint of singular vectors turns them into each other."""
    j = inverse_gaps(s * s) * (adjoint(u) @ u_bar)
    return j + adjoint(j)


def leaving(s, u, u_bar, full):
    """The adjoint of singular vectors for what leaves their span, divided by the values; for `full`, all vectors."""
    k = s.shape[-1]
    inner = u[..., :k]
    g = u_bar[..., :k] - inner @ (adjoint(inner) @ u_bar[..., :k])
    if full:
        g = g - u[..., k:] @ (adjoint(u_bar[..., k:]) @ inner)
    return g / s[..., None, :]


def phases(v, v_bar, s):
    """What turns pairs of complex singular vectors by one phase: imaginary numbers on a diagonal; none of real ones."""
    if not is_complex(v):
        return 0.0
    return on_diagonal(-1j * np.imag(np.sum(np.conj(v) * v_bar, axis=-2)) / s, v)


def complex_rectangles(r):
    return [at(r.complex(3, 4), compute_uv=False), at(r.complex(2, 4, 3), compute_uv=False)]


@pullback(np.linalg.svd, kinds="fc", examples=lambda r: [*rectangles(r), *complex_rectangles(r)])
def svd_bar(a, full_matrices=True, compute_uv=True, *, out, out_bar):
    if not compute_uv:
        return svdvals_bar(a, out_bar=out_bar)
    u, s, v = out[0], out[1], adjoint(out[2])
    k = s.shape[-1]
    inner_u, inner_vh = u[..., :k], adjoint(v[..., :k])
    a_bar = 0.0 if out_bar[1] is None else (inner_u * out_bar[1][..., None, :]) @ inner_vh
    if out_bar[0] is not None:
        u_bar = np.conj(out_bar[0])
        core = turned(s, inner_u, u_bar[..., :k]) * s[..., None, :]
        a_bar = a_bar + (inner_u @ core + leaving(s, u, u_bar, full_matrices)) @ inner_vh
    if out_bar[2] is not None:
        v_bar = transposed(out_bar[2])
        core = s[..., :, None] * turned(s, v[..., :k], v_bar[..., :k]) + phases(v[..., :k], v_bar[..., :k], s)
        a_bar = a_bar + inner_u @ (core @ inner_vh + adjoint(leaving(s, v, v_bar, full_matrices)))
    return np.conj(a_bar)


@pushforward(np.linalg.svd)
def svd_dot(a, full_matrices=True, compute_uv=True, *, out, a_dot):
    if not compute_uv:
        return svdvals_dot(a, x_dot=a_dot)
    u, s, v = out[0], out[1], adjoint(out[2])
    k = s.shape[-1]
    p = adjoint(u[..., :k]) @ a_dot @ v[..., :k]
    right, left = p * s[..., None, :], s[..., :, None] * p
    turn = inverse_gaps(s * s) * (right + adjoint(right)) + phase_of(p, s)
    u_dot = moved_vectors(u, s, turn, a_dot @ v[..., :k], full_matrices)
    turn = inverse_gaps(s * s) * (left + adjoint(left))
    v_dot = moved_vectors(v, s, turn, adjoint(a_dot) @ u[..., :k], full_matrices)
    return u_dot, np.copy(real_part(np.diagonal(p, 0, -2, -1))), adjoint(v_dot)


def phase_of(p, s):
    """The phases that the left singular vectors turn by, the right ones being held; none of real ones."""
    return on_diagonal(1j * np.imag(np.diagonal(p, 0, -2, -1)) / s, p) if is_complex(p) else 0.0


def moved_vectors(u, s, turn, image, full):
    """The tangent of singular vectors that turn into each other by `turn` and leave their span along `image`."""
    k = s.shape[-1]
    inner = u[..., :k]
    u_dot = inner @ turn + (image - inner @ (adjoint(inner) @ image)) / s[..., None, :]
    if full:
        u_dot = np.concatenate((u_dot, -inner @ (adjoint(u_dot) @ u[..., k:])), axis=-1)
    return u_dot


@pullback(np.linalg.svdvals, kinds="fc", examples=lambda r: [at(r(3, 4)), at(r(2, 4, 3)), at(r.complex(3, 4))])
def svdvals_bar(x, *, out_bar):
    u, _, vh = np.linalg.svd(x, full_matrices=False)
    return (np.conj(u) * out_bar[..., None, :]) @ np.conj(vh)


@pushforward(np.linalg.svdvals)
def svdvals_dot(x, *, x_dot):
    u, _, vh = np.linalg.svd(x, full_matrices=False)
    return real_part(np.sum(np.conj(u) * (x_dot @ adjoint(vh)), axis=-2))


# ---- QR ----


def mirrored_lower(m):
    """The Hermitian matrix with the lower triangle of `m`."""
    below = np.tril(m, -1)
    return below + adjoint(below) + on_diagonal(real_part(np.diagonal(m, 0, -2, -1)), m)


def check_determined(q, a, mode):
    """All columns of Q are determined, up to signs, where there are as many in `a`, or more."""
    if mode == "complete" and q.shape[-1] > a.shape[-1]:
        raise ValueError(
            "np.linalg.qr: with mode='complete' some columns of Q are not determined, and have no derivative"
        )


def tall_and_wide(r):
    plain = [at(r.separated(*n), m) for n in ((3, 3), (4, 3), (3, 5), (4, 3, 2)) for m in ("reduced", "r")]
    return [*plain, at(r.complex(3, 3)), at(r.complex(4, 3), "r"), at(r.complex(3, 4))]


@pullback(np.linalg.qr, kinds="fc", examples=tall_and_wide)
def qr_bar(a, mode="reduced", *, out, out_bar):
    if mode == "r":
        q, r = np.linalg.qr(a)
        q_bar, r_bar = None, out_bar
    else:
        (q, r), (q_bar, r_bar) = out, out_bar
    check_determined(q, a, mode)
    k = q.shape[-1]
    q_bar = np.zeros_like(q) if q_bar is None else np.conj(q_bar)
    r_bar = np.zeros_like(r) if r_bar is None else np.conj(r_bar)
    # columns beyond the square part are q @ r exactly: they act on q as data do
    q_bar = q_bar + a[..., k:] @ adjoint(r_bar[..., k:])
    m = r[..., :k] @ adjoint(r_bar[..., :k]) - adjoint(q_bar) @ q
    x_bar = adjoint(np.linalg.solve(r[..., :k], adjoint(q_bar + q @ mirrored_lower(m))))
    return np.conj(np.concatenate((x_bar, q @ r_bar[..., k:]), axis=-1))


@pushforward(np.linalg.qr)
def qr_dot(a, mode="reduced", *, out, a_dot):
    q, r = np.linalg.qr(a) if mode == "r" else out
    check_determined(q, a, mode)
    k = q.shape[-1]
    x = a_dot[..., :k] @ np.linalg.inv(r[..., :k])
    within = adjoint(q) @ x
    low = np.tril(within, -1)
    turn = low - adjoint(low) + phase_of(within, 1.0)
    q_dot = q @ (turn - within) + x
    u_dot = (within - turn) @ r[..., :k]
    r_dot = np.concatenate((u_dot, adjoint(q_dot) @ a[..., k:] + adjoint(q) @ a_dot[..., k:]), axis=-1)
    return r_dot if mode == "r" else (q_dot, r_dot)
