"""Functions that move, repeat or join elements without changing them."""

from __future__ import annotations

import numpy as np
from srcad_runtime.arrays import (
    diagonal_adjoint,
    repeat_adjoint,
    tile_adjoint,
    unbroadcast,
)

from srcad.rules.registry import at, expansion, linear, pullback, rename
from srcad.rules.static import inverse_axes

# ---- the same elements in another shape ----


@pullback(
    np.reshape, kinds="fc", examples=lambda r: [at(r(2, 6), (3, 4)), at(r(2, 6), -1), at(r(2, 6), (3, -1), order="F")]
)
def reshape_bar(a, shape, order="C", *, copy=None, out_bar):
    if np.ndim(a) == 0:
        return np.sum(out_bar)
    if order == "C":
        return np.reshape(out_bar, a.shape)
    return np.reshape(out_bar, a.shape, order=order)


rename(np.reshape, newshape="shape")


@pullback(np.ravel, kinds="fc", examples=lambda r: [at(r(2, 3)), at(r(2, 3), order="F"), at(r())])
def ravel_bar(a, order="C", *, out_bar):
    if np.ndim(a) == 0:
        return np.sum(out_bar)
    if order == "C":
        return np.reshape(out_bar, a.shape)
    return np.reshape(out_bar, a.shape, order=order)


@pullback(
    np.transpose, kinds="fc", examples=lambda r: [at(r(2, 3)), at(r(2, 3, 4), (1, 2, 0)), at(r(2, 3, 4), (-1, 0, 1))]
)
def transpose_bar(a, axes=None, *, out_bar):
    if axes is None:
        return out_bar.T
    return np.transpose(out_bar, inverse_axes(axes))


@pullback(np.matrix_transpose, np.linalg.matrix_transpose, kinds="fc", examples=lambda r: [at(r(2, 3)), at(r(2, 3, 4))])
def matrix_transpose_bar(x, *, out_bar):
    return np.swapaxes(out_bar, -1, -2)


@pullback(np.swapaxes, kinds="fc", examples=lambda r: [at(r(2, 3, 4), 0, -1)])
def swapaxes_bar(a, axis1, axis2, *, out_bar):
    return np.swapaxes(out_bar, axis1, axis2)


@pullback(np.moveaxis, kinds="fc", examples=lambda r: [at(r(2, 3, 4), 0, -1), at(r(2, 3, 4), (0, 1), (2, 0))])
def moveaxis_bar(a, source, destination, *, out_bar):
    return np.moveaxis(out_bar, destination, source)


@pullback(np.rollaxis, kinds="fc", examples=lambda r: [at(r(2, 3, 4), 2), at(r(2, 3, 4), 0, 3), at(r(2, 3, 4), -1, -2)])
def rollaxis_bar(a, axis, start=0, *, out_bar):
    axis = axis % a.ndim
    start = start + a.ndim if start < 0 else start
    return np.moveaxis(out_bar, start - 1 if axis < start else start, axis)


@pullback(
    np.expand_dims, kinds="fc", examples=lambda r: [at(r(2, 3), 0), at(r(2, 3), -1), at(r(3), (0, 2)), at(r(), 0)]
)
def expand_dims_bar(a, axis, *, out_bar):
    if np.ndim(a) == 0:
        return np.sum(out_bar)
    return np.squeeze(out_bar, axis)


@pullback(
    np.squeeze,
    kinds="fc",
    examples=lambda r: [at(r(2, 1, 3)), at(r(1, 3, 1), axis=0), at(r(1, 3, 1), (0, 2)), at(r(1))],
)
def squeeze_bar(a, axis=None, *, out_bar):
    return np.reshape(out_bar, a.shape)


@pullback(np.broadcast_to, kinds="fc", examples=lambda r: [at(r(3), (2, 3)), at(r(2, 1), (4, 2, 3)), at(r(), (2, 2))])
def broadcast_to_bar(array, shape, *, out_bar):
    return unbroadcast(out_bar, array)


@pullback(np.atleast_1d, np.atleast_2d, np.atleast_3d, kinds="fc", examples=lambda r: [at(r()), at(r(3)), at(r(2, 3))])
def atleast_bar(arys, *, out_bar):
    if np.ndim(arys) == 0:
        return np.sum(out_bar)
    return np.reshape(out_bar, arys.shape)


@pullback(np.copy, kinds="fc", examples=lambda r: [at(r(2, 3)), at(r())])
def copy_bar(a, order="K", *, out_bar):
    return out_bar


@pullback(
    np.array,
    np.asarray,
    np.asanyarray,
    np.ascontiguousarray,
    np.asfortranarray,
    kinds="fc",
    examples=lambda r: [at(r(2, 3)), at(r(2, 3), np.dtype("float64"))],
)
def array_bar(a, dtype=None, *, order="K", copy=True, out_bar):
    return np.reshape(out_bar, a.shape) if out_bar.ndim != a.ndim else out_bar


linear(
    np.reshape, np.ravel, np.transpose, np.permute_dims, np.swapaxes, np.moveaxis, np.rollaxis, np.expand_dims, in_="a"
)
linear(np.squeeze, np.copy, np.array, np.asarray, np.ascontiguousarray, np.asfortranarray, np.asanyarray, in_="a")
linear(np.atleast_1d, np.atleast_2d, np.atleast_3d, in_="arys")
linear(np.matrix_transpose, np.linalg.matrix_transpose, in_="x")
linear(np.broadcast_to, in_="array")


# ---- the same elements in another order ----


@pullback(np.flip, kinds="fc", examples=lambda r: [at(r(2, 3)), at(r(2, 3), axis=1), at(r(2, 3, 4), (0, -1))])
def flip_bar(m, axis=None, *, out_bar):
    return np.flip(out_bar, axis)


@pullback(np.fliplr, kinds="fc", examples=lambda r: [at(r(2, 3))])
def fliplr_bar(m, *, out_bar):
    return np.fliplr(out_bar)


@pullback(np.flipud, kinds="fc", examples=lambda r: [at(r(2, 3)), at(r(3))])
def flipud_bar(m, *, out_bar):
    return np.flipud(out_bar)


@pullback(np.rot90, kinds="fc", examples=lambda r: [at(r(2, 3)), at(r(2, 3, 4), 3, (1, 2)), at(r(2, 3), k=2)])
def rot90_bar(m, k=1, axes=(0, 1), *, out_bar):
    return np.rot90(out_bar, -k, axes)


@pullback(
    np.roll,
    kinds="fc",
    examples=lambda r: [
        at(r(5), 2),
        at(r(2, 3), 1),
        at(r(2, 3), -1, axis=1),
        at(r(2, 3), (1, 2), (0, 1)),
        at(r(2, 4), (1, 2), 1),
        at(r(2, 4), (1,), (0, 1)),
    ],
)
def roll_bar(a, shift, axis=None, *, out_bar):
    back = tuple([-s for s in shift]) if isinstance(shift, (tuple, list)) else -shift
    return np.roll(out_bar, back, axis)


linear(np.flip, np.fliplr, np.flipud, np.rot90, in_="m")
linear(np.roll, in_="a")


# ---- triangles and diagonals ----


@pullback(np.tril, kinds="fc", examples=lambda r: [at(r(3, 3)), at(r(2, 3), k=1), at(r(2, 3, 3), -1)])
def tril_bar(m, k=0, *, out_bar):
    return np.tril(out_bar, k)


@pullback(np.triu, kinds="fc", examples=lambda r: [at(r(3, 3)), at(r(2, 3), k=1), at(r(2, 3, 3), -1)])
def triu_bar(m, k=0, *, out_bar):
    return np.triu(out_bar, k)


@pullback(
    np.diag, kinds="fc", examples=lambda r: [at(r(3)), at(r(3), 1), at(r(3, 3)), at(r(3, 4), k=-1), at(r(4, 3), k=1)]
)
def diag_bar(v, k=0, *, out_bar):
    if v.ndim == 1:
        return np.diagonal(out_bar, k)
    return diagonal_adjoint(v, out_bar, k, 0, 1)


@pullback(np.diagflat, kinds="fc", examples=lambda r: [at(r(3)), at(r(2, 2), 1)])
def diagflat_bar(v, k=0, *, out_bar):
    return np.reshape(np.diagonal(out_bar, k), v.shape)


@pullback(
    np.diagonal,
    kinds="fc",
    examples=lambda r: [at(r(3, 3)), at(r(3, 4), 1), at(r(2, 3, 4), 0, 1, 2), at(r(3, 2, 4), -1, 2, 0)],
)
def diagonal_bar(a, offset=0, axis1=0, axis2=1, *, out_bar):
    return diagonal_adjoint(a, out_bar, offset, axis1, axis2)


@pullback(
    np.trace,
    kinds="fc",
    examples=lambda r: [
        at(r(3, 3)),
        at(r(3, 4), 1),
        at(r(3, 4), 1, 1, 0),
        at(r(3, 4), 1, -1, -2),
        at(r(3, 3, 2)),
        at(r(2, 3, 3), 0, 1, 2),
        at(r(2, 3, 4), 1, 2, 1),
    ],
)
def trace_bar(a, offset=0, axis1=0, axis2=1, *, out_bar):
    if a.ndim == 2:
        above = -offset if axis1 in (1, -1) else offset
        return out_bar * np.eye(a.shape[0], a.shape[1], above, a.dtype)
    return diagonal_adjoint(a, np.expand_dims(out_bar, -1), offset, axis1, axis2)


@expansion(np.linalg.trace, examples=lambda r: [at(r(3, 3)), at(r(2, 3, 4), offset=1)])
def linalg_trace(x, *, offset=0):
    return np.trace(x, offset, -2, -1)


@expansion(np.linalg.diagonal, examples=lambda r: [at(r(3, 3)), at(r(2, 3, 4), offset=1)])
def linalg_diagonal(x, *, offset=0):
    return np.diagonal(x, offset, -2, -1)


linear(np.tril, np.triu, in_="m")
linear(np.diag, np.diagflat, in_="v")
linear(np.diagonal, np.trace, in_="a")


# ---- repeating ----


@pullback(
    np.repeat, kinds="fc", examples=lambda r: [at(r(3), 2), at(r(2, 3), 2, axis=1), at(r(3), [1, 0, 2]), at(r(2, 3), 2)]
)
def repeat_bar(a, repeats, axis=None, *, out_bar):
    if np.ndim(a) == 0:
        return np.sum(out_bar)
    return repeat_adjoint(a, out_bar, repeats, axis)


@pullback(
    np.tile,
    kinds="fc",
    examples=lambda r: [at(r(3), 2), at(r(3), (2, 2)), at(r(2, 3), (2, 1)), at(r(2, 3), 2), at(r(), 3)],
)
def tile_bar(A, reps, *, out_bar):
    return tile_adjoint(A, out_bar, reps)


linear(np.repeat, in_="a")
linear(np.tile, in_="A")
