"""Products of vectors, matrices and stacks of them, and what is built from products."""

from __future__ import annotations

import operator

import numpy as np
from srcad_runtime import arrays

from srcad.rules.arithmetic import is_complex
from srcad.rules.joining import at_rank
from srcad.rules.reductions import whole
from srcad.rules.registry import at, expansion, form, linear, multilinear, pullback, pushforward
from srcad.rules.static import einsum_adjoint, tensordot_adjoint


def matrix_pairs(r):
    """Test points of a matrix product: vectors, matrices, stacks that broadcast."""
    plain = [at(r(3), r(3)), at(r(3), r(3, 4)), at(r(2, 3), r(3)), at(r(2, 3), r(3, 4)), at(r(0, 3), r(3, 2))]
    stacks = [at(r(5, 2, 3), r(3, 4)), at(r(2, 3), r(5, 3, 4)), at(r(5, 1, 2, 3), r(4, 3, 2)), at(r(3), r(5, 3, 4))]
    return [*plain, *stacks, at(r(5, 2, 3), r(3)), at(r.complex(2, 3), r.complex(3))]


@pullback(np.matmul, operator.matmul, shapes="(n,k) (k,m)", wrt=("a", "b"), kinds="fc", examples=matrix_pairs)
def matmul_bar(a, b, *, out_bar):
    if a.ndim == 1 and b.ndim == 1:
        return out_bar * b, out_bar * a
    if a.ndim == 1 and b.ndim == 2:
        return b @ out_bar, np.outer(a, out_bar)
    if a.ndim == 2 and b.ndim == 1:
        return np.outer(out_bar, b), a.T @ out_bar
    if a.ndim == 2 and b.ndim == 2:
        return out_bar @ b.T, a.T @ out_bar
    if a.ndim == 1:
        return np.squeeze(b @ out_bar[..., None], -1), a[:, None] * out_bar[..., None, :]
    if b.ndim == 1:
        return out_bar[..., None] * b, np.squeeze(np.swapaxes(a, -1, -2) @ out_bar[..., None], -1)
    return out_bar @ np.swapaxes(b, -1, -2), np.swapaxes(a, -1, -2) @ out_bar


def dot_pairs(r):
    return [*matrix_pairs(r)[:5], at(r(), r(2, 3)), at(r(2, 3), r()), at(r(2, 3), r(4, 3, 2)), at(r(4, 2, 3), r(3))]


@pullback(np.dot, shapes="(n,k) (k,m)", wrt=("a", "b"), kinds="fc", examples=dot_pairs)
def dot_bar(a, b, *, out_bar):
    if a.ndim == 0 or b.ndim == 0:
        return out_bar * b, out_bar * a
    if a.ndim <= 2 and b.ndim <= 2:
        return matmul_bar(a, b, out_bar=out_bar)
    return tensordot_bar(a, b, ((a.ndim - 1,), (max(b.ndim - 2, 0),)), out_bar=out_bar)


@pullback(
    np.inner,
    wrt=("a", "b"),
    kinds="fc",
    examples=lambda r: [at(r(3), r(3)), at(r(2, 3), r(4, 3)), at(r(3), r(4, 3)), at(r(2, 4, 3), r(3)), at(r(), r(3))],
)
def inner_bar(a, b, *, out_bar):
    if a.ndim == 0 or b.ndim == 0 or (a.ndim == 1 and b.ndim == 1):
        return out_bar * b, out_bar * a
    return tensordot_bar(a, b, ((a.ndim - 1,), (b.ndim - 1,)), out_bar=out_bar)


def tensor_pairs(r):
    a, b = r(2, 3, 4), r(3, 4, 5)
    crossed = [
        at(a, r(4, 5, 2), axes=((2, 0), (0, 2))),
        at(a, r(5, 3), axes=(1, 1)),
        at(a, r(2, 4, 3), ([0, 1, 2], [0, 2, 1])),
    ]
    return [at(a, b), at(r(2, 3), r(3, 4), axes=1), at(r(2), r(3), axes=0), *crossed]


@pullback(np.tensordot, wrt=("a", "b"), kinds="fc", examples=tensor_pairs)
def tensordot_bar(a, b, axes=2, *, out_bar):
    over_b, over_a, order_a, order_b = tensordot_adjoint(axes, a.ndim, b.ndim)
    return (
        arranged(np.tensordot(out_bar, b, over_b), order_a),
        arranged(np.tensordot(a, out_bar, over_a), order_b),
    )


def arranged(x, order):
    if order == tuple(range(len(order))):
        return x
    return np.transpose(x, order)


@pullback(
    np.outer, shapes="(n,) (m,)", wrt=("a", "b"), kinds="fc", examples=lambda r: [at(r(2), r(3)), at(r(2, 2), r(3))]
)
def outer_bar(a, b, *, out_bar):
    if a.ndim == 1 and b.ndim == 1:
        return out_bar @ b, a @ out_bar
    return np.reshape(out_bar @ np.ravel(b), a.shape), np.reshape(np.ravel(a) @ out_bar, b.shape)


@pullback(
    np.vdot,
    wrt=("a", "b"),
    kinds="fc",
    examples=lambda r: [at(r(3), r(3)), at(r(2, 3), r(2, 3)), at(r.complex(3), r.complex(3))],
)
def vdot_bar(a, b, *, out_bar):
    return np.conj(out_bar * b), out_bar * np.conj(a)


@pullback(
    np.vecdot,
    wrt=("x1", "x2"),
    kinds="fc",
    examples=lambda r: [at(r(2, 3), r(2, 3)), at(r(3), r(4, 3)), at(r.complex(2, 3), r.complex(3))],
)
def vecdot_bar(x1, x2, *, out_bar):
    g = np.expand_dims(out_bar, -1)
    return np.conj(g * x2), g * np.conj(x1)


@form(np.vecdot, given="axis")
def vecdot_along(x1, x2, *, axis=-1):
    return np.vecdot(np.moveaxis(x1, axis, -1), np.moveaxis(x2, axis, -1))


@expansion(np.linalg.vecdot, wrt=("x1", "x2"), examples=lambda r: [at(r(2, 3), r(2, 3)), at(r(3, 2), r(3, 2), axis=0)])
def linalg_vecdot(x1, x2, *, axis=-1):
    if axis == -1:
        return np.vecdot(x1, x2)
    return np.vecdot(np.moveaxis(x1, axis, -1), np.moveaxis(x2, axis, -1))


@pullback(
    "numpy.matvec", wrt=("x1", "x2"), examples=lambda r: [at(r(3, 4), r(4)), at(r(2, 3, 4), r(4)), at(r(3, 4), r(2, 4))]
)
def matvec_bar(x1, x2, *, out_bar):
    g = np.expand_dims(out_bar, -1)
    return g * np.expand_dims(x2, -2), np.sum(g * x1, axis=-2)


@pullback(
    "numpy.vecmat", wrt=("x1", "x2"), examples=lambda r: [at(r(3), r(3, 4)), at(r(3), r(2, 3, 4)), at(r(2, 3), r(3, 4))]
)
def vecmat_bar(x1, x2, *, out_bar):
    g = np.expand_dims(out_bar, -2)
    return np.sum(g * x2, axis=-1), np.expand_dims(x1, -1) * g


@pullback(
    np.einsum,
    each="operands",
    kinds="fc",
    examples=lambda r: [
        at("ij,jk->ik", r(2, 3), r(3, 4)),
        at("ij,ij->", r(2, 3), r(2, 3)),
        at("ij->i", r(2, 3)),
        at("ii->i", r(3, 3)),
        at("ii", r(3, 3)),
        at("iij->j", r(3, 3, 2)),
        at("i,j,k->ijk", r(2), r(3), r(4)),
        at("...ij,...jk->...ik", r(5, 2, 3), r(3, 4)),
        at("b...,b->...", r(5, 2, 3), r(5)),
        at("ij,jk", r(2, 3), r(3, 4)),
        at("ij,jk,kl->il", r(2, 3), r(3, 4), r(4, 2), optimize=True),
    ],
)
def einsum_bar(subscripts, *operands, optimize=False, i, out_bar):
    spec, lost, diagonal = einsum_adjoint(subscripts, i, [a.ndim for a in operands])
    g = np.einsum(spec, out_bar, *operands[:i], *operands[i + 1 :])
    if lost:
        g = np.expand_dims(g, lost)
    if diagonal:
        g = arrays.spread_diagonals(operands[i], g, diagonal)
    return g


@pullback(
    np.kron,
    wrt=("a", "b"),
    kinds="fc",
    examples=lambda r: [
        at(r(2), r(3)),
        at(r(2, 3), r(3, 2)),
        at(r(2), r(2, 3)),
        at(r(2, 3), r(2)),
        at(r(2, 1, 3), r(2, 3, 2)),
        at(r(2), r(3, 1, 2)),
    ],
)
def kron_bar(a, b, *, out_bar):
    if a.ndim == 1 and b.ndim == 1:
        blocks = np.reshape(out_bar, (a.shape[0], b.shape[0]))
        return blocks @ b, a @ blocks
    if max(a.ndim, b.ndim) > 2:
        return kron_bars(a, b, max(a.ndim, b.ndim), out_bar)
    a2, b2 = np.atleast_2d(a), np.atleast_2d(b)
    blocks = np.reshape(out_bar, (a2.shape[0], b2.shape[0], a2.shape[1], b2.shape[1]))
    a_bar, b_bar = np.einsum("ikjl,kl->ij", blocks, b2), np.einsum("ikjl,ij->kl", blocks, a2)
    return np.reshape(a_bar, a.shape), np.reshape(b_bar, b.shape)


def kron_bars(a, b, rank, out_bar):
    """The adjoints of a Kronecker product of any rank: its elements by those of `a` and of `b`, axis after axis."""
    a_full, b_full = at_rank(a, rank), at_rank(b, rank)
    blocks = np.reshape(out_bar, tuple([n for k in range(rank) for n in (a_full.shape[k], b_full.shape[k])]))
    of_a, of_b = tuple([2 * k for k in range(rank)]), tuple([2 * k + 1 for k in range(rank)])
    every = tuple(range(rank))
    a_bar, b_bar = np.tensordot(blocks, b_full, (of_b, every)), np.tensordot(blocks, a_full, (of_a, every))
    return np.reshape(a_bar, a.shape), np.reshape(b_bar, b.shape)


@pullback(
    np.cross,
    wrt=("a", "b"),
    kinds="fc",
    notes="vectors of three; of two where the program shows it",
    examples=lambda r: [at(r(3), r(3)), at(r(5, 3), r(3)), at(r(3, 4), r(3, 4), axis=0)],
)
def cross_bar(a, b, *, axis=-1, out_bar):
    return np.cross(b, out_bar, axis=axis), np.cross(out_bar, a, axis=axis)


@form(np.cross, given="axisa axisb axisc")
def cross_along(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    if axis is not None:
        return np.cross(a, b, axis=axis)
    return np.moveaxis(np.cross(np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)), -1, axisc)


def cross_in_plane(a, b):
    """`np.cross` of vectors of two."""
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


@pullback(
    np.linalg.cross, wrt=("x1", "x2"), kinds="fc", examples=lambda r: [at(r(3), r(3)), at(r(3, 4), r(3, 4), axis=0)]
)
def linalg_cross_bar(x1, x2, *, axis=-1, out_bar):
    return np.linalg.cross(x2, out_bar, axis=axis), np.linalg.cross(out_bar, x1, axis=axis)


def signals(r):
    return [
        at(r(n), r(m), mode) for mode in ("full", "same", "valid") for n, m in ((5, 3), (3, 5), (4, 2), (2, 4), (4, 4))
    ]


@pullback(np.convolve, wrt=("a", "v"), kinds="fc", examples=lambda r: [*signals(r), at(r.complex(4), r.complex(2))])
def convolve_bar(a, v, mode="full", *, out_bar):
    g = arrays.uncut(out_bar, a.size, v.size, mode)
    return np.convolve(g, v[::-1], "valid"), np.convolve(g, a[::-1], "valid")


@pullback(np.correlate, wrt=("a", "v"), kinds="fc", examples=lambda r: [*signals(r), at(r.complex(4), r.complex(2))])
def correlate_bar(a, v, mode="valid", *, out_bar):
    g = arrays.uncut(out_bar, a.size, -v.size, mode)
    return np.convolve(g, np.conj(v), "valid"), np.conj(np.convolve(g, a[::-1], "valid")[::-1])


multilinear(
    np.matmul, operator.matmul, np.dot, np.inner, np.tensordot, np.outer, np.vdot, np.kron, np.cross, in_="a, b"
)
multilinear(np.vecdot, np.linalg.cross, "numpy.matvec", "numpy.vecmat", in_="x1, x2")
multilinear(np.convolve, np.correlate, in_="a, v")
multilinear(np.einsum, in_="operands")


# ---- polynomials ----


@pullback(np.roots, examples=lambda r: [at(np.array([1.0, -3.0, 1.5, 0.2])), at(np.array([0.7, 0.3, 1.9]))])
def roots_bar(p, *, out, out_bar):
    """Roots stay roots: p'(r) r_dot + p_dot(r) = 0. Leading and last coefficients that are zero stay so."""
    slope = np.polyval(np.polyder(p), out)
    found = -np.sum((out_bar / slope)[:, None] * out[:, None] ** exponents(p.size, False, p), axis=0)
    return found if is_complex(p) else arrays.astype(np.real(found), p.dtype)


@pushforward(np.roots)
def roots_dot(p, *, out, p_dot):
    return -np.polyval(p_dot, out) / np.polyval(np.polyder(p), out)


@pullback(
    np.polyval,
    wrt=("p", "x"),
    kinds="fc",
    examples=lambda r: [at(r(4), r(3)), at(r(3), r()), at(r(1), r(2)), at(r(4), r(2, 3))],
)
def polyval_bar(p, x, *, out_bar):
    p_bar = np.ravel(out_bar) @ (np.reshape(x, (-1, 1)) ** exponents(p.size, False, p))
    return p_bar, out_bar * polynomial_slope(p, x)


@pushforward(np.polyval)
def polyval_dot(p, x, *, p_dot, x_dot):
    return np.polyval(whole(p_dot, p), x) + polynomial_slope(p, x) * x_dot


def polynomial_slope(p, x):
    """The derivative of the polynomial `p` at `x`."""
    return np.polyval(p[:-1] * arrays.falling(p.size - 1, p), x)


@pullback(np.polyder, kinds="fc", examples=lambda r: [at(r(4)), at(r(2))])
def polyder_bar(p, *, out_bar):
    return np.append(out_bar * arrays.falling(p.size - 1, out_bar), np.zeros(1, out_bar.dtype))


@pullback(np.polyint, kinds="fc", examples=lambda r: [at(r(4)), at(r(1))])
def polyint_bar(p, *, out_bar):
    return out_bar[:-1] / arrays.falling(p.size, out_bar)


def exponents(count, increasing, like):
    order = np.arange(count, dtype=like.dtype)
    return order if increasing else order[::-1]


@pullback(np.vander, kinds="fc", examples=lambda r: [at(r(3)), at(r(3), 4), at(r(3), N=2, increasing=True)])
def vander_bar(x, N=None, increasing=False, *, out_bar):
    count = x.size if N is None else N
    order = exponents(count, increasing, x)
    return np.sum(out_bar * arrays.power_slope(x[:, None], order), axis=1)


@pushforward(np.vander)
def vander_dot(x, N=None, increasing=False, *, x_dot):
    count = x.size if N is None else N
    order = exponents(count, increasing, x)
    return x_dot[:, None] * arrays.power_slope(x[:, None], order)


linear(np.polyder, np.polyint, in_="p")


@expansion(
    np.polyadd, wrt=("a1", "a2"), examples=lambda r: [at(r(3), r(2)), at(r(2), r(4)), at(r(3), r()), at(r(), r(3))]
)
def polyadd(a1, a2):
    n = max(np.size(a1), np.size(a2))
    return lengthened(a1, n) + lengthened(a2, n)


@expansion(
    np.polysub, wrt=("a1", "a2"), examples=lambda r: [at(r(3), r(2)), at(r(2), r(4)), at(r(3), r()), at(r(), r(3))]
)
def polysub(a1, a2):
    n = max(np.size(a1), np.size(a2))
    return lengthened(a1, n) - lengthened(a2, n)


def lengthened(p, n):
    """The polynomial `p` with zeros for the powers that it lacks."""
    p = at_rank(p, 1)
    return np.concatenate((np.zeros(n - p.size, p.dtype), p))


@expansion(
    np.polyfit,
    wrt=("x", "y"),
    notes="the coefficients only; full rank",
    examples=lambda r: [at(r(6), r(6), 2), at(r(5), r(5, 2), 1), at(r(6), r(6), 1, w=r.positive(6))],
)
def polyfit(x, y, deg, *, w=None):
    """As `numpy.polyfit` computes it."""
    lhs, rhs = np.vander(x, deg + 1), y
    if w is not None:
        lhs = lhs * w[:, None]
        rhs = rhs * (w if y.ndim == 1 else w[:, None])
    scale = np.sqrt(np.sum(lhs * lhs, axis=0))
    c = np.linalg.lstsq(lhs / scale, rhs, x.size * 2.220446049250313e-16)[0]
    return (c.T / scale).T


# ---- interpolation, covariance ----


@pullback(
    np.interp,
    wrt=("x", "xp", "fp", "left", "right"),
    examples=lambda r: [
        at(r.between(-1, 4, 6), np.array([0.0, 1.1, 2.3, 3.0]), r(4)),
        at(r.between(0, 3), np.array([0.0, 1.1, 2.3, 3.0]), r(4)),
        at(r.between(-1, 4, 6), np.array([0.0, 1.1, 2.3, 3.0]), r(4), left=0.0, right=1.0),
    ],
)
def interp_bar(x, xp, fp, left=None, right=None, *, out_bar):
    slope_bar = out_bar * arrays.interp_slope(x, xp, fp)
    fp_bar = arrays.interp_adjoint(x, xp, out_bar, left is None, right is None)
    left_bar, right_bar = np.where(x < xp[0], out_bar, 0.0), np.where(x > xp[-1], out_bar, 0.0)
    return slope_bar, arrays.interp_adjoint(x, xp, -slope_bar, False, False), fp_bar, left_bar, right_bar


@pushforward(np.interp)
def interp_dot(x, xp, fp, left=None, right=None, *, x_dot, xp_dot, fp_dot, left_dot, right_dot):
    moved = arrays.interp_slope(x, xp, fp) * (x_dot - np.interp(x, xp, whole(xp_dot, xp)))
    below, above = None if left is None else left_dot, None if right is None else right_dot
    return moved + np.interp(x, xp, whole(fp_dot, fp), below, above)


@form(np.interp, given="period")
def interp_around(x, xp, fp, left=None, right=None, *, period):
    """As `numpy.interp` computes it: everything moved into one period, with a point of the next on either side."""
    if period is None:
        return np.interp(x, xp, fp, left, right)
    if period == 0:
        raise ValueError("period must be a non-zero value")
    period = abs(period)
    places, knots = x % period, xp % period
    order = np.argsort(knots)
    knots, values = knots[order], fp[order]
    knots = np.concatenate((knots[-1:] - period, knots, knots[:1] + period))
    return np.interp(places, knots, np.concatenate((values[-1:], values, values[:1])))


@expansion(
    np.cov,
    wrt=("m", "y"),
    examples=lambda r: [
        at(r(3, 5)),
        at(r(5)),
        at(r(5, 3), rowvar=False),
        at(r(5), r(5)),
        at(r(2, 5), bias=True),
        at(r(2, 5), r(2, 5), ddof=0),
    ],
)
def cov(m, y=None, rowvar=True, bias=False, ddof=None):
    """As `numpy.cov` computes it."""
    x = as_rows(m, rowvar)
    if y is not None:
        x = np.concatenate((x, as_rows(y, rowvar)), axis=0)
    if ddof is None:
        ddof = 0 if bias else 1
    x = x - np.mean(x, axis=1)[:, None]
    c = np.dot(x, np.conj(x.T)) * np.true_divide(1.0, max(x.shape[1] - ddof, 0))
    return c[0, 0] if m.ndim == 1 and y is None else c


@form(np.cov, given="aweights fweights")
def weighted_cov(m, y=None, rowvar=True, bias=False, ddof=None, *, aweights=None, fweights=None):
    """As `numpy.cov` computes it."""
    x = as_rows(m, rowvar)
    if y is not None:
        x = np.concatenate((x, as_rows(y, rowvar)), axis=0)
    if ddof is None:
        ddof = 0 if bias else 1
    w = np.ones(x.shape[1]) if fweights is None else np.asarray(fweights) * 1.0
    if aweights is not None:
        w = w * np.asarray(aweights)
    total = np.sum(w)
    if ddof == 0:
        freedom = total
    elif aweights is None:
        freedom = total - ddof
    else:
        freedom = total - ddof * np.sum(w * np.asarray(aweights)) / total
    x = x - (np.sum(x * w, axis=1) / total)[:, None]
    c = np.dot(x, np.conj((x * w).T)) * (1.0 / np.maximum(freedom, 0.0))
    return c[0, 0] if m.ndim == 1 and y is None else c


def as_rows(m, rowvar):
    if m.ndim == 1:
        return m[None, :]
    return m if rowvar else m.T


@expansion(np.corrcoef, wrt=("x", "y"), examples=lambda r: [at(r(3, 5)), at(r(5, 3), rowvar=False), at(r(5), r(5))])
def corrcoef(x, y=None, rowvar=True):
    """As `numpy.corrcoef` computes it."""
    c = cov(x, y, rowvar)
    if c.ndim == 0:
        return c / c
    scale = np.sqrt(np.diagonal(c))
    return np.clip(c / scale[:, None] / scale[None, :], -1.0, 1.0)
