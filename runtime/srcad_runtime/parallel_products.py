"""Products beside loops that are shared out: by blocks, each of them BLAS's on one thread.

The threads of BLAS look for work for milliseconds after each product, and take the processors from those of `workers`:
attention took 30 times as long with both as on one thread. So while a product is computed here BLAS has one thread
(where it is OpenBLAS; others are left alone), and blocks are parts of a loop, whose number depends on the sizes alone:
the same bits on any number of threads, which BLAS's own do not promise. A product within a loop that is shared out is
computed by the thread that comes to it. Whoever calls BLAS first asks Python where it is, which a thread may not do:
a small product comes before each loop, or `ready`.

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
from srcad_runtime.outlined import outlined

intrinsic: Any = extending.intrinsic

BLOCK = 32  # rows or columns
LINES, TIMES = 16, 2  # rows of a matrix times a vector; what an element costs there
SHARE = 4  # how much cheaper a product is by BLAS than the loops that `threads.parts` knows
SMALL = 2**13  # multiplications for which BLAS starts no threads
_LARGEST = 2**31 - 1  # BLAS counts in C's int
_KINDS = {types.float32: "s", types.float64: "d", types.complex64: "c", types.complex128: "z"}
ROWS, COLUMNS, SUMS = range(3)  # what a part has: rows or columns of the product, or a part of all its sums
UNLIKE, LARGE = "matmul: the inner dimensions differ", "array size too large to fit in C int"


def ready() -> None:
    """Before a loop is shared out that has products within."""


@overload(ready)
def _ready():
    return lambda: workers.know_blas()


def matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """``a @ b``."""
    return a @ b


@overload(matmul)
def _matmul(a, b):
    if not all(isinstance(t, types.Array) and t.layout in "CF" for t in (a, b)) or a.dtype != b.dtype:
        return _alone
    if a.dtype not in _KINDS or a.ndim + b.ndim == 2:
        return _alone
    if a.ndim == 1:  # a @ b is b.T @ a
        return (lambda a, b: _vector(b, a, True)) if b.layout == "C" else (lambda a, b: _vector(b.T, a, False))
    if b.ndim == 1:
        return (lambda a, b: _vector(a, b, False)) if a.layout == "C" else (lambda a, b: _vector(a.T, b, True))
    if a.layout == "C":
        return (lambda a, b: _matrices(a, b, False, False)) if b.layout == "C" else _of_turned
    return (lambda a, b: _matrices(a.T, b, True, False)) if b.layout == "C" else _of_two_turned


@register_jitable
def _of_turned(a, b):
    return _matrices(a, b.T, False, True)


@register_jitable
def _of_two_turned(a, b):
    return _matrices(a.T, b.T, True, True)


@register_jitable
def _alone(a, b):
    if a.shape[-1] != b.shape[0]:  # what raises later would leave BLAS on one thread
        raise ValueError(UNLIKE)
    if a.size * (b.size // max(a.shape[-1], 1)) < SMALL:
        return a @ b
    workers.quieten()
    out = a @ b
    workers.unmute()
    return out


# ---- a matrix and a vector: as fast as the matrix comes from memory, which for two threads is up to twice as fast ----


@outlined
def _vector(a, x, turned):
    """``a @ x``, or ``a.T @ x``: each part has rows of `a`, and so elements of the result, or parts of all of them."""
    rows, columns = a.shape
    if x.shape[0] != (rows if turned else columns):
        raise ValueError(UNLIKE)
    if max(rows, columns) > _LARGEST:
        raise OverflowError(LARGE)
    size = columns if turned else rows
    if a.size == 0:
        return np.zeros(size, a.dtype)
    parts = threads.parts(rows // LINES, LINES * TIMES * columns, columns if turned else 0)
    room = np.empty((parts if turned else 1, size), a.dtype)
    small = a.size < SMALL
    if not small:
        workers.quieten()
    _rows_of_matrix(0, 0, rows if parts == 1 else 1, a, x, turned, room)
    if parts > 1:
        threads.prange_parts(_rows_of_matrix, parts, 0, rows, a, x, turned, room)
    if not small:
        workers.unmute()
    return room[0] if parts == 1 or not turned else _added(room)


@njit(error_model="numpy")
def _rows_of_matrix(part, first, last, a, x, turned, room):
    if turned:
        np.dot(x[first:last], a[first:last], room[part])
    else:
        np.dot(a[first:last], x, room[0, first:last])


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


# ---- two matrices: blocks of rows, of columns where there are few rows, or of the inner axis ----


@outlined
def _matrices(a, b, turned_a, turned_b):
    """``a @ b`` of matrices or of their transposes."""
    rows, inner = (a.shape[1], a.shape[0]) if turned_a else a.shape
    length, columns = (b.shape[1], b.shape[0]) if turned_b else b.shape
    if inner != length:
        raise ValueError(UNLIKE)
    if max(rows, inner, columns) > _LARGEST:
        raise OverflowError(LARGE)
    if rows == 0 or columns == 0 or inner == 0:
        return np.zeros((rows, columns), a.dtype)
    if columns == 1:
        return _vector(a, b.reshape(inner), turned_a).reshape(rows, 1)
    if rows == 1:
        return _vector(b, a.reshape(inner), not turned_b).reshape(1, columns)
    if rows * inner * columns < SMALL:
        return _small(a, b, turned_a, turned_b)
    way, extent = ROWS, rows
    parts = threads.parts(rows // BLOCK, BLOCK * inner * columns // SHARE)
    if parts == 1:
        way, extent = COLUMNS, columns
        parts = threads.parts(columns // BLOCK, BLOCK * inner * rows // SHARE)
    if parts == 1:
        way, extent = SUMS, inner
        parts = threads.parts(inner // BLOCK, BLOCK * rows * columns // SHARE, rows * columns)
    room = np.empty((parts if way == SUMS else 1, rows, columns), a.dtype)
    workers.quieten()
    _block(0, 0, extent if parts == 1 else 1, way, a, b, turned_a, turned_b, room)
    if parts > 1:
        threads.prange_parts(_block, parts, 0, extent, way, a, b, turned_a, turned_b, room)
    workers.unmute()
    return room[0] if way != SUMS or parts == 1 else _added(room)


@register_jitable
def _small(a, b, turned_a, turned_b):
    """For which `srcad_runtime.blas` has more than one way."""
    if turned_a:
        return a.T @ b.T if turned_b else a.T @ b
    return a @ b.T if turned_b else a @ b


@njit(error_model="numpy")
def _block(part, first, last, way, a, b, turned_a, turned_b, room):
    top, left, begin, at = 0, 0, 0, 0
    rows, columns, inner = room.shape[1], room.shape[2], a.shape[0] if turned_a else a.shape[1]
    if way == ROWS:
        top, rows = first, last - first
    elif way == COLUMNS:
        left, columns = first, last - first
    else:
        begin, inner, at = first, last - first, part
    from_a = begin * a.shape[1] + top if turned_a else top * a.shape[1] + begin
    from_b = left * b.shape[1] + begin if turned_b else begin * b.shape[1] + left
    out = room[at]
    _gemm(turned_a, turned_b, rows, columns, inner, a, from_a, b, from_b, out, top * out.shape[1] + left)


@intrinsic
def _gemm(typingctx, turned_a, turned_b, rows, columns, inner, a, from_a, b, from_b, out, from_out):
    """BLAS's product of blocks that begin at these elements. BLAS counts by columns: all is turned."""

    def generate(context, builder, signature, args):
        turned_a, turned_b, rows, columns, inner, a, from_a, b, from_b, out, from_out = args
        byte = ir.IntType(8)
        pointer = byte.as_pointer()
        dtype = signature.args[5].dtype

        def block(kind, value, begin):
            """Where it begins, and the elements from one row to the next."""
            array = arrayobj.make_array(kind)(context, builder, value)
            (_, step) = cgutils.unpack_tuple(builder, array.shape, 2)
            return builder.bitcast(builder.gep(array.data, [begin]), pointer), step

        def flag(turned):
            return builder.select(turned, byte(ord("t")), byte(ord("n")))

        one, none = (
            builder.bitcast(linalg.make_constant_slot(context, builder, dtype, value), pointer) for value in (1.0, 0.0)
        )
        word = columns.type
        kind = ir.FunctionType(
            ir.IntType(32),
            [byte, byte, byte, word, word, word, pointer, pointer, word, pointer, word, pointer, pointer, word],
        )
        gemm = cgutils.get_or_insert_function(builder.module, kind, "numba_xxgemm")
        sizes = (byte(ord(_KINDS[dtype])), flag(turned_b), flag(turned_a), columns, rows, inner)
        of_a, of_b, into = (block(signature.args[k], args[k], args[k + 1]) for k in (5, 7, 9))
        failed = builder.call(gemm, (*sizes, one, *of_b, *of_a, none, *into))
        linalg.check_blas_return(context, builder, failed)
        return context.get_dummy_value()

    linalg.ensure_blas()
    word, flag = types.int64, types.boolean
    return types.none(flag, flag, word, word, word, a, word, b, word, out, word), generate
