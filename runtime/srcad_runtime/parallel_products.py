"""Products beside loops that are shared out: by blocks, each of them BLAS's on one thread.

The threads of BLAS look for work for milliseconds after each product, and take the processors from those of `workers`:
attention took 30 times as long with both as on one thread. So while a product is computed here BLAS has one thread
(where it is OpenBLAS; others are left alone), and blocks are parts of a loop, whose number depends on the sizes alone:
the same bits on any number of threads, which BLAS's own do not promise. Whoever calls BLAS first asks Python where it
is, which a thread may not do: a small product comes before each loop.

Called from Python `matmul` is ``a @ b``. Only code compiled with Numba imports this module.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="call-arg,attr-defined,misc"

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import extending, njit, types
from numba.core import cgutils
from numba.np import arrayobj, linalg

from srcad_runtime import threads, workers
from srcad_runtime.jitting import overload, register_jitable

intrinsic: Any = extending.intrinsic

BLOCK = 32  # rows or columns
LINES, TIMES = 16, 2  # rows of a matrix times a vector; what an element costs there
SHARE = 4  # how much cheaper a product is by BLAS than the loops that `threads.parts` knows
SMALL = 2**13  # multiplications
_LARGEST = 2**31 - 1  # BLAS counts in C's int
_KINDS = {types.float32: "s", types.float64: "d", types.complex64: "c", types.complex128: "z"}


def matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """``a @ b``."""
    return a @ b


@overload(matmul)
def _matmul(a, b):
    if not all(isinstance(t, types.Array) and t.layout in "CF" for t in (a, b)) or a.dtype != b.dtype:
        return _alone
    if a.dtype not in _KINDS or a.ndim + b.ndim == 2:
        return _alone
    if a.ndim == b.ndim:
        return _of_matrices
    if a.ndim == 1:
        return _with_rows if b.layout == "C" else lambda a, b: _with_columns(b.T, a)
    return _with_columns if a.layout == "C" else lambda a, b: _with_rows(b, a.T)


@register_jitable
def _alone(a, b):
    if a.shape[-1] != b.shape[0]:  # what raises later would leave BLAS on one thread
        raise ValueError("matmul: the inner dimensions differ")
    if a.size * (b.size // max(a.shape[-1], 1)) < SMALL:  # BLAS starts no threads
        return a @ b
    workers.quieten()
    out = a @ b
    workers.unmute()
    return out


# ---- matrices and vectors: as fast as a matrix comes from memory, which for two threads is twice as fast ----


@register_jitable
def _with_columns(a, b):
    """A matrix times a vector: each part has rows of its own."""
    rows = a.shape[0]
    parts = threads.parts(rows // LINES, LINES * TIMES * a.shape[1])
    if parts == 1 or a.shape[1] != b.shape[0]:
        return _alone(a, b)
    out = np.empty(rows, a.dtype)
    workers.quieten()
    _columns(0, 1, a, b, out)  # finds BLAS
    threads.prange(_columns, parts, 0, rows, (a, b, out))
    workers.unmute()
    return out


@register_jitable
def _with_rows(a, b):
    """A vector times a matrix: each part has a sum over rows, which are added up in their order."""
    rows = b.shape[0]
    parts = threads.parts(rows // LINES, LINES * TIMES * b.shape[1], b.shape[1])
    if parts == 1 or a.shape[0] != rows:
        return _alone(a, b)
    room = np.empty((parts, b.shape[1]), b.dtype)
    workers.quieten()
    _rows(0, 0, 1, a, b, room)  # finds BLAS
    threads.prange_parts(_rows, parts, 0, rows, (a, b, room))
    workers.unmute()
    return _added(room)


@njit(error_model="numpy")
def _columns(first, last, a, b, out):
    np.dot(a[first:last], b, out[first:last])


@njit(error_model="numpy")
def _rows(part, first, last, a, b, room):
    np.dot(a[first:last], b[first:last], room[part])


@register_jitable
def _added(room):
    """The sum of what the parts have, in their order."""
    out = room[0].copy()
    total = out.reshape(out.size)
    for part in range(1, room.shape[0]):
        own = room[part].reshape(out.size)
        for k in range(total.size):
            total[k] += own[k]
    return out


# ---- two matrices: blocks of rows, or of columns where there are few rows, or of both's inner axis ----


@register_jitable
def _of_matrices(a, b):
    rows, inner, columns = a.shape[0], a.shape[1], b.shape[1]
    if inner != b.shape[0]:
        raise ValueError("matmul: the inner dimensions differ")
    if max(rows, inner, columns) > _LARGEST:
        raise OverflowError("array size too large to fit in C int")
    if columns == 1:
        return _alone(a, b)
    parts = threads.parts(rows // BLOCK, BLOCK * inner * columns // SHARE)
    if parts > 1:
        return _by_rows(parts, a, b)
    parts = threads.parts(columns // BLOCK, BLOCK * inner * rows // SHARE)
    if parts > 1:
        return _by_columns(parts, a, b)
    parts = threads.parts(inner // BLOCK, BLOCK * rows * columns // SHARE, rows * columns)
    if parts > 1:
        return _by_sums(parts, a, b)
    return _alone(a, b)


@register_jitable
def _by_rows(parts, a, b):
    out = np.empty((a.shape[0], b.shape[1]), a.dtype)
    workers.quieten()
    _block_of_rows(0, 0, a, b, out)  # finds BLAS
    threads.prange(_block_of_rows, parts, 0, a.shape[0], (a, b, out))
    workers.unmute()
    return out


@register_jitable
def _by_columns(parts, a, b):
    out = np.empty((a.shape[0], b.shape[1]), a.dtype)
    workers.quieten()
    _block_of_columns(0, 0, a, b, out)  # finds BLAS
    threads.prange(_block_of_columns, parts, 0, b.shape[1], (a, b, out))
    workers.unmute()
    return out


@register_jitable
def _by_sums(parts, a, b):
    room = np.empty((parts, a.shape[0], b.shape[1]), a.dtype)
    workers.quieten()
    _gemm(0, 0, 0, 0, 0, 0, a, b, room[0])  # finds BLAS
    threads.prange_parts(_part_of_sums, parts, 0, a.shape[1], (a, b, room))
    workers.unmute()
    return _added(room)


@njit(error_model="numpy")
def _block_of_rows(first, last, a, b, out):
    """``out[first:last] = a[first:last] @ b``."""
    _gemm(first, last, 0, a.shape[1], 0, b.shape[1], a, b, out)


@njit(error_model="numpy")
def _block_of_columns(first, last, a, b, out):
    """``out[:, first:last] = a @ b[:, first:last]``."""
    _gemm(0, a.shape[0], 0, a.shape[1], first, last, a, b, out)


@njit(error_model="numpy")
def _part_of_sums(part, first, last, a, b, room):
    """``room[part] = a[:, first:last] @ b[first:last]``."""
    _gemm(0, a.shape[0], first, last, 0, b.shape[1], a, b, room[part])


@intrinsic
def _gemm(typingctx, top, bottom, begin, end, first, last, a, b, out):
    """``out[top:bottom, first:last] = a[top:bottom, begin:end] @ b[begin:end, first:last]``."""

    def generate(context, builder, signature, args):
        top, bottom, begin, end, first, last, *arrays = args
        left, right, result = (
            arrayobj.make_array(kind)(context, builder, value) for kind, value in zip(signature.args[6:], arrays)
        )
        (m, k), (_, n) = (cgutils.unpack_tuple(builder, one.shape, 2) for one in (left, right))
        byte = ir.IntType(8)
        pointer = byte.as_pointer()

        def place(array, layout, row, column, extents):
            """Where an element is."""
            along, across, extent = (row, column, extents[1]) if layout == "C" else (column, row, extents[0])
            elements = builder.add(builder.mul(along, extent), across)
            return builder.bitcast(builder.gep(array.data, [elements]), pointer)

        def turned(kind, row):
            """Whether BLAS, which counts by columns, has to turn a matrix, and its leading extent."""
            return (byte(ord("n")), row[1]) if kind.layout == "C" else (byte(ord("t")), row[0])

        flag_a, lead_a = turned(a, (m, k))
        flag_b, lead_b = turned(b, (k, n))
        one, none = (
            builder.bitcast(linalg.make_constant_slot(context, builder, a.dtype, value), pointer)
            for value in (1.0, 0.0)
        )
        word = m.type
        kind = ir.FunctionType(
            ir.IntType(32),
            [byte, byte, byte, word, word, word, pointer, pointer, word, pointer, word, pointer, pointer, word],
        )
        gemm = cgutils.get_or_insert_function(builder.module, kind, "numba_xxgemm")
        extents = (builder.sub(*pair) for pair in ((last, first), (bottom, top), (end, begin)))
        sizes = (byte(ord(_KINDS[a.dtype])), flag_b, flag_a, *extents)
        of_b = place(right, b.layout, begin, first, (k, n)), lead_b
        of_a = place(left, a.layout, top, begin, (m, k)), lead_a
        into = place(result, "C", top, first, (m, n)), n
        failed = builder.call(gemm, (*sizes, one, *of_b, *of_a, none, *into))
        linalg.check_blas_return(context, builder, failed)
        return context.get_dummy_value()

    linalg.ensure_blas()
    return types.none(*[types.int64] * 6, a, b, out), generate
