"""`numpy.linalg`: inverses, solutions, determinants, norms. Stacks of matrices are taken where NumPy takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from srcad_runtime import arrays

from srcad.rules.arithmetic import is_complex
from srcad.rules.reductions import spread, whole
from srcad.rules.registry import at, constant, expansion, multilinear, pullback, pushforward


def transposed(a):
    """The transpose of a matrix, or of each matrix of a stack."""
    return a.T if a.ndim == 2 else np.swapaxes(a, -1, -2)


def per_matrix(g):
    """A number per matrix, ready to be multiplied with the matrices."""
    return g if g.ndim == 0 else g[..., None, None]


# ---- inverses and solutions ----


def square(r):
    return [at(r.regular(3)), at(r.regular(3, 2)), at(r.complex(3, 3))]


@pullback(np.linalg.inv, shapes="(n,n)", kinds="fc", examples=square)
def inv_bar(a, *, out, out_bar):
    return -transposed(out) @ out_bar @ transposed(out)


@pushforward(np.linalg.inv)
def inv_dot(a, *, out, a_dot):
    return -out @ a_dot @ out


def systems(r):
    plain = [at(r.regular(3), r(3)), at(r.regular(3), r(3, 2)), at(r.regular(3, 2), r(2, 3, 4))]
    return [*plain, at(r.regular(3, 2), r(3, 2)), at(r.regular(3, 2), r(3)), at(r.complex(3, 3), r.complex(3))]


@pullback(np.linalg.solve, shapes="(n,n) (n,) or (n,n) (n,m)", wrt=("a", "b"), kinds="fc", examples=systems)
def solve_bar(a, b, *, out, out_bar):
    if a.ndim == 2 and b.ndim == 1:
        b_bar = np.linalg.solve(a.T, out_bar)
        return -np.outer(b_bar, out), b_bar
    if b.ndim == 1:
        b_bar = np.linalg.solve(transposed(a), out_bar[..., None])
        return -b_bar * out[..., None, :], b_bar[..., 0]
    b_bar = np.linalg.solve(transposed(a), out_bar)
    return -b_bar @ transposed(out), b_bar


@pushforward(np.linalg.solve)
def solve_dot(a, b, *, out, a_dot, b_dot):
    if a.ndim > 2 and b.ndim == 1:
        return np.linalg.solve(a, whole(b_dot, b)) - np.linalg.solve(a, whole(a_dot, a) @ out[..., None])[..., 0]
    return np.linalg.solve(a, b_dot - whole(a_dot, a) @ out)


def check_whole(a, p, rcond):
    """The inverse is that of all of `a`: the derivative does not know of singular values that `rcond` cuts off."""
    if rcond is not None and np.max(np.abs(a - a @ (p @ a))) > 1e-7 * np.max(np.abs(a)):
        raise ValueError("np.linalg.pinv: rcond cuts off singular values that are not zero, which has no derivative")


def check_rank(a, p, rank):
    if np.sum(np.real(p * transposed(a))) > rank + 0.5:  # the trace of a projector
        raise ValueError("np.linalg.lstsq: rcond cuts off singular values that are not zero, which has no derivative")


@pullback(
    np.linalg.pinv,
    kinds="fc",
    examples=lambda r: [at(r(4, 3)), at(r(3, 4)), at(r.regular(3)), at(r(2, 4, 3)), at(r.complex(4, 3))],
)
def pinv_bar(a, rcond=None, *, out, out_bar):
    check_whole(a, out, rcond)
    out_t, g_t = transposed(out), np.conj(transposed(out_bar))
    x = g_t @ np.conj(out) @ out_t
    y = out_t @ np.conj(out) @ g_t
    return -out_t @ out_bar @ out_t + (x - np.conj(a) @ (np.conj(out) @ x)) + (y - (y @ np.conj(out)) @ np.conj(a))


@pushforward(np.linalg.pinv)
def pinv_dot(a, rcond=None, *, out, a_dot):
    check_whole(a, out, rcond)
    out_t, dot_t = np.conj(transposed(out)), np.conj(transposed(a_dot))
    x = out @ out_t @ dot_t
    y = dot_t @ out_t @ out
    return -out @ a_dot @ out + (x - (x @ a) @ out) + (y - out @ (a @ y))


@pullback(
    np.linalg.lstsq,
    wrt=("a", "b"),
    outputs=(0, 1, 3),
    notes="full rank",
    examples=lambda r: [at(r(5, 3), r(5)), at(r(5, 3), r(5, 2)), at(r(3, 5), r(3))],
)
def lstsq_bar(a, b, rcond=None, *, out, out_bar):
    x, p = out[0], np.linalg.pinv(a)
    check_rank(a, p, out[2])
    a_bar: Any = 0.0
    b_bar: Any = 0.0
    if out_bar[0] is not None:
        p_bar = np.outer(out_bar[0], b) if b.ndim == 1 else out_bar[0] @ b.T
        a_bar, b_bar = pinv_bar(a, out=p, out_bar=p_bar), p.T @ out_bar[0]
    if out_bar[1] is not None:  # the sums of squares are stationary in x
        moved = 2.0 * (b - a @ x) * of_every_column(out_bar[1], b)
        a_bar = a_bar - (np.outer(moved, x) if b.ndim == 1 else moved @ x.T)
        b_bar = b_bar + moved
    if out_bar[3] is not None:
        u, _, vh = np.linalg.svd(a, full_matrices=False)
        a_bar = a_bar + (u * out_bar[3]) @ vh
    return a_bar, b_bar


def of_every_column(g, b):
    """The adjoint of the sums of squares, of which there are none unless `a` is tall: zero then."""
    return np.sum(g) if b.ndim == 1 else np.concatenate((g, np.zeros(b.shape[1] - g.shape[0], g.dtype)))


@pushforward(np.linalg.lstsq)
def lstsq_dot(a, b, rcond=None, *, out, a_dot, b_dot):
    x, p = out[0], np.linalg.pinv(a)
    check_rank(a, p, out[2])
    a_dot = whole(a_dot, a)
    squares = np.sum(2.0 * (b - a @ x) * (b_dot - a_dot @ x), axis=0)
    squares = squares * np.ones_like(out[1]) if b.ndim == 1 else squares[: out[1].shape[0]]
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    return pinv_dot(a, out=p, a_dot=a_dot) @ b + p @ b_dot, squares, 0.0, np.sum(u * (a_dot @ vh.T), axis=0)


def powers(r):
    return [at(r(3, 3), 0), at(r(3, 3), 1), at(r(3, 3), 2), at(r(3, 3), 5), at(r.regular(3), -2), at(r(2, 3, 3), 3)]


@pullback(np.linalg.matrix_power, kinds="fc", examples=powers)
def matrix_power_bar(a, n, *, out_bar):
    return arrays.matrix_power_adjoint(a, n, out_bar)


@pushforward(np.linalg.matrix_power)
def matrix_power_dot(a, n, *, a_dot):
    return arrays.matrix_power_adjoint(transposed(a), n, a_dot)


def chains(r):
    ends = [at((r(2), r(2, 3), r(3))), at((r(2), r(2, 3))), at((r(2, 3), r(3, 4), r(4)))]
    return [at((r(2, 3), r(3, 4))), at((r(2, 3), r(3, 4), r(4, 2))), *ends]


@pullback(np.linalg.multi_dot, each="arrays", kinds="fc", examples=chains)
def multi_dot_bar(arrays, *, i, out_bar):
    first, last = arrays[0], arrays[-1]
    g = out_bar[None] if first.ndim == 1 else out_bar
    g = g[..., None] if last.ndim == 1 else g
    for factor in arrays[:i]:
        g = np.atleast_2d(factor).T @ g
    for factor in arrays[:i:-1]:
        g = g @ (factor[None] if factor.ndim == 1 else factor.T)
    return np.reshape(g, arrays[i].shape)


multilinear(np.linalg.multi_dot, in_="arrays")


# ---- determinants ----


@pullback(np.linalg.det, shapes="(n,n)", kinds="fc", examples=lambda r: [*square(r), at(np.diag([0.0, 2.0, 3.0]))])
def det_bar(a, *, out_bar):
    return per_matrix(out_bar) * arrays.cofactors(a)


@pushforward(np.linalg.det)
def det_dot(a, *, a_dot):
    return np.sum(arrays.cofactors(a) * a_dot, axis=(-2, -1))


@pullback(np.linalg.slogdet, shapes="(n,n)", kinds="fc", examples=square)
def slogdet_bar(a, *, out, out_bar):
    inverse_t = transposed(np.linalg.inv(a))
    g = 0.0 if out_bar[1] is None else per_matrix(out_bar[1])
    if is_complex(a) and out_bar[0] is not None:
        g = g - 1j * per_matrix(np.real(1j * out_bar[0] * out[0]))
    return g * inverse_t


@pushforward(np.linalg.slogdet)
def slogdet_dot(a, *, out, a_dot):
    log_dot = np.sum(transposed(np.linalg.inv(a)) * a_dot, axis=(-2, -1))
    if is_complex(a):
        return 1j * np.imag(log_dot) * out[0], np.real(log_dot)
    return 0.0 * out[0], log_dot


# ---- tensors as matrices ----


@expansion(np.linalg.tensorsolve, wrt=("a", "b"), examples=lambda r: [at(r.regular(3), r(3)), at(r(2, 3, 6), r(2, 3))])
def tensorsolve(a, b):
    shape = a.shape[b.ndim :]
    return np.reshape(np.linalg.solve(np.reshape(a, (b.size, -1)), np.ravel(b)), shape)


@expansion(np.linalg.tensorinv, examples=lambda r: [at(r.regular(4), ind=1), at(r(4, 6, 8, 3))])
def tensorinv(a, ind=2):
    rows = np.prod(a.shape[ind:])
    return np.reshape(np.linalg.inv(np.reshape(a, (rows, -1))), a.shape[ind:] + a.shape[:ind])


# ---- norms ----


def norms(r):
    vector, matrix = r.distinct(4), r.distinct(3, 4)
    orders = [at(vector, ord=p) for p in (None, 1, 2, 3, 0.5, np.inf, -np.inf)]
    orders += [at(matrix, ord=p) for p in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)]
    lines = [at(matrix, axis=0), at(matrix, 1, axis=1), at(matrix, 3, -1, True), at(matrix, np.inf, 0, keepdims=True)]
    stack = r.distinct(2, 3, 4)
    planes = [at(stack, axis=(0, 2)), at(stack, "nuc", axis=(1, 2)), at(stack, 1, axis=(2, 0), keepdims=True)]
    rest = [at(r.complex(3)), at(r.complex(3), 1), at(stack), at(r(3), keepdims=True)]
    rest += [at(r.complex(3, 4), ord=p) for p in ("nuc", 1, 2, np.inf)]
    return [*orders, *lines, *planes, *rest]


def is_matrix_norm(x, ord, axis):
    """Whether `np.linalg.norm` treats two axes as a matrix, and not one axis (or all of them) as a vector."""
    if axis is None:
        return ord is not None and x.ndim == 2
    return isinstance(axis, tuple) and len(axis) == 2


@pullback(np.linalg.norm, kinds="fc", examples=norms)
def norm_bar(x, ord=None, axis=None, keepdims=False, *, out, out_bar):
    return spread(out_bar, axis, keepdims) * norm_slope(x, ord, axis, spread(out, axis, keepdims))


@pushforward(np.linalg.norm)
def norm_dot(x, ord=None, axis=None, keepdims=False, *, out, x_dot):
    slope = norm_slope(x, ord, axis, spread(out, axis, keepdims))
    return np.sum(np.real(slope * x_dot), axis=axis, keepdims=keepdims)


@pullback(
    np.linalg.vector_norm,
    kinds="fc",
    examples=lambda r: [at(r(4)), at(r(2, 3)), at(r(2, 3), axis=1, ord=1), at(r(2, 3), axis=0, keepdims=True, ord=3)],
)
def vector_norm_bar(x, *, axis=None, keepdims=False, ord=2, out, out_bar):
    return spread(out_bar, axis, keepdims) * vector_norm_slope(x, ord, axis, spread(out, axis, keepdims))


@pushforward(np.linalg.vector_norm)
def vector_norm_dot(x, *, axis=None, keepdims=False, ord=2, out, x_dot):
    slope = vector_norm_slope(x, ord, axis, spread(out, axis, keepdims))
    return np.sum(np.real(slope * x_dot), axis=axis, keepdims=keepdims)


def norm_slope(x, ord, axis, out):
    """The derivative of a norm by each element of `x`; `out` is the norm, broadcastable against `x`."""
    if is_matrix_norm(x, ord, axis) and ord is not None and ord != "fro":
        return matrix_norm_slope(x, ord, (0, 1) if axis is None else axis, out)
    return vector_norm_slope(x, 2 if ord is None or ord == "fro" else ord, axis, out)


@expansion(
    np.linalg.matrix_norm,
    examples=lambda r: [at(r(3, 4)), at(r(2, 3, 4)), at(r(2, 3, 3), ord=1, keepdims=True), at(r(3, 3), ord="nuc")],
)
def matrix_norm(x, *, keepdims=False, ord="fro"):
    return np.linalg.norm(x, ord, axis=(-2, -1), keepdims=keepdims)


def vector_norm_slope(x, ord, axis, out):
    if ord == 0:
        return np.zeros_like(x)
    if ord == 2:
        return np.conj(x) / np.where(out == 0.0, 1.0, out) if is_complex(x) else x / np.where(out == 0.0, 1.0, out)
    size = np.abs(x)
    if ord == 1:
        return unit(x, size)
    if ord == np.inf or ord == -np.inf:
        return unit(x, size) * arrays.tie_share(size, extreme(size, ord, axis), axis)
    return unit(x, size) * arrays.power_slope(size / np.where(out == 0.0, 1.0, out), ord) / ord


def unit(x, size):
    """The derivative of the absolute values `size` by each element."""
    return np.conj(x) / np.where(size == 0.0, 1.0, size) if is_complex(x) else np.sign(x)


def matrix_norm_slope(x, ord, axis, out):
    if ord == "nuc" or ord == 2 or ord == -2:
        return spectral_slope(x, ord, axis)
    summed, other = axis if ord == 1 or ord == -1 else (axis[1], axis[0])
    sums = np.sum(np.abs(x), axis=summed, keepdims=True)
    return unit(x, np.abs(x)) * arrays.tie_share(sums, extreme(sums, ord, other), other)


def extreme(sizes, ord, axis):
    """The norm again, to the bit one of `sizes`: another sum of the same numbers may differ in its last digit."""
    return np.max(sizes, axis=axis, keepdims=True) if ord > 0 else np.min(sizes, axis=axis, keepdims=True)


def spectral_slope(x, ord, axis):
    """Of the sum, the largest or the smallest of the singular values."""
    u, _, vh = np.linalg.svd(np.moveaxis(x, axis, (-2, -1)), full_matrices=False)
    if ord == 2:
        u, vh = u[..., :1], vh[..., :1, :]
    if ord == -2:
        u, vh = u[..., -1:], vh[..., -1:, :]
    slope = np.moveaxis(u @ vh, (-2, -1), axis)
    return np.conj(slope) if is_complex(x) else slope


@expansion(
    np.linalg.cond, examples=lambda r: [at(r(3, 3)), at(r(4, 3)), at(r(3, 3), -2), at(r(3, 3), 1), at(r(3, 3), "fro")]
)
def cond(x, p=None):
    """As `numpy.linalg.cond` computes it."""
    if p is None or p == 2:
        s = np.linalg.svd(x, compute_uv=False)
        return s[..., 0] / s[..., -1]
    if p == -2:
        s = np.linalg.svd(x, compute_uv=False)
        return s[..., -1] / s[..., 0]
    inverse = np.linalg.inv(x)
    return np.linalg.norm(x, p, axis=(-2, -1)) * np.linalg.norm(inverse, p, axis=(-2, -1))


constant(np.linalg.matrix_rank)
