"""Products of vectors, matrices and stacks of them."""

from __future__ import annotations

import operator

import numpy as np
from srcad_runtime import arrays

from srcad.rules.registry import at, pullback, pushforward


def matrix_pairs(r):
    """Test points of a matrix product: vectors, matrices, stacks that broadcast."""
    plain = [at(r(3), r(3)), at(r(3), r(3, 4)), at(r(2, 3), r(3)), at(r(2, 3), r(3, 4)), at(r(0, 3), r(3, 2))]
    stacks = [at(r(5, 2, 3), r(3, 4)), at(r(2, 3), r(5, 3, 4)), at(r(5, 1, 2, 3), r(4, 3, 2)), at(r(3), r(5, 3, 4))]
    return [*plain, *stacks, at(r(5, 2, 3), r(3)), at(r.complex(2, 3), r.complex(3))]


@pullback(np.matmul, operator.matmul, shapes="(n,k) (k,m)", wrt=("a", "b"), kinds="fc", examples=matrix_pairs)
def matmul_bar(a, b, *, out_bar):
    if a.ndim == 1 and b.ndim == 1:
        return out_bar * b, out_bar * a
    if a.ndim == 1:
        return (b @ out_bar if b.ndim == 2 else np.squeeze(b @ out_bar[..., None], -1)), a[:, None] * out_bar[
            ..., None, :
        ]
    if b.ndim == 1:
        return out_bar[..., None] * b, (
            a.T @ out_bar if a.ndim == 2 else np.squeeze(a.swapaxes(-1, -2) @ out_bar[..., None], -1)
        )
    if a.ndim == 2 and b.ndim == 2:
        return out_bar @ b.T, a.T @ out_bar
    return out_bar @ np.swapaxes(b, -1, -2), np.swapaxes(a, -1, -2) @ out_bar


@pushforward(np.matmul, operator.matmul)
def matmul_dot(a, b, *, a_dot, b_dot):
    return a_dot @ b + a @ b_dot


@pullback(
    np.dot,
    shapes="(n,k) (k,m)",
    wrt=("a", "b"),
    kinds="fc",
    examples=lambda r: [
        *matrix_pairs(r)[:5],
        at(r(), r(2, 3)),
        at(r(2, 3), r()),
        at(r(2, 3), r(4, 3, 2)),
        at(r(4, 2, 3), r(3)),
    ],
)
def dot_bar(a, b, *, out_bar):
    if a.ndim == 0 or b.ndim == 0:
        return out_bar * b, out_bar * a
    if a.ndim == 1 and b.ndim == 1:
        return out_bar * b, out_bar * a
    if a.ndim == 1 and b.ndim == 2:
        return b @ out_bar, np.outer(a, out_bar)
    if a.ndim == 2 and b.ndim == 1:
        return np.outer(out_bar, b), a.T @ out_bar
    if a.ndim == 2 and b.ndim == 2:
        return out_bar @ b.T, a.T @ out_bar
    return arrays.dot_adjoint_a(b, out_bar), arrays.dot_adjoint_b(a, b, out_bar)


@pushforward(np.dot)
def dot_dot(a, b, *, a_dot, b_dot):
    return np.dot(a_dot, b) + np.dot(a, b_dot)


@pullback(
    np.outer, shapes="(n,) (m,)", wrt=("a", "b"), kinds="fc", examples=lambda r: [at(r(2), r(3)), at(r(2, 2), r(3))]
)
def outer_bar(a, b, *, out_bar):
    if a.ndim == 1 and b.ndim == 1:
        return out_bar @ b, a @ out_bar
    return np.reshape(out_bar @ np.ravel(b), a.shape), np.reshape(np.ravel(a) @ out_bar, b.shape)


@pushforward(np.outer)
def outer_dot(a, b, *, a_dot, b_dot):
    return np.outer(a_dot, b) + np.outer(a, b_dot)


@pullback(
    np.inner,
    wrt=("a", "b"),
    kinds="fc",
    examples=lambda r: [at(r(3), r(3)), at(r(2, 3), r(4, 3)), at(r(3), r(4, 3)), at(r(2, 4, 3), r(3))],
)
def inner_bar(a, b, *, out_bar):
    if a.ndim == 0 or b.ndim == 0 or (a.ndim == 1 and b.ndim == 1):
        return out_bar * b, out_bar * a
    over_b, over_a = tuple(range(a.ndim - 1, out_bar.ndim)), tuple(range(a.ndim - 1))
    return (
        np.tensordot(out_bar, b, (over_b, tuple(range(b.ndim - 1)))),
        np.tensordot(out_bar, a, (over_a, over_a)),
    )


@pushforward(np.inner)
def inner_dot(a, b, *, a_dot, b_dot):
    return np.inner(a_dot, b) + np.inner(a, b_dot)


@pullback(
    np.vdot,
    wrt=("a", "b"),
    kinds="fc",
    examples=lambda r: [at(r(3), r(3)), at(r(2, 3), r(2, 3)), at(r.complex(3), r.complex(3))],
)
def vdot_bar(a, b, *, out_bar):
    return np.conj(out_bar * b), out_bar * np.conj(a)


@pushforward(np.vdot)
def vdot_dot(a, b, *, a_dot, b_dot):
    return np.vdot(a_dot, b) + np.vdot(a, b_dot)
