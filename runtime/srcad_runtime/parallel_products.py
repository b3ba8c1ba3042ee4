"""Matrix products beside loops that are shared out: by blocks of rows, each of them BLAS's on one thread.

The threads of BLAS look for work for milliseconds after each product, and take the processors from those of `workers`:
attention took 30 times as long with both as on one thread. So while a product is computed here BLAS has one thread
(where it is OpenBLAS; others are left alone), and blocks of rows are parts of a loop, whose number depends on the sizes
alone: the same bits on any number of threads, which BLAS's own do not promise.

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

BLOCK = 32  # rows
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
    return _by_rows if a.ndim == b.ndim == 2 and a.dtype in _KINDS else _alone


@register_jitable
def _alone(a, b):
    if a.size * (b.size // max(a.shape[-1], 1)) < SMALL:  # BLAS starts no threads
        return a @ b
    if a.shape[-1] != b.shape[0]:  # what raises meanwhile would leave BLAS on one thread
        raise ValueError("matmul: the inner dimensions differ")
    workers.quieten()
    out = a @ b
    workers.unmute()
    return out


def _by_rows(a, b):
    if a.shape[1] != b.shape[0]:
        raise ValueError("matmul: the inner dimensions differ")
    if max(a.shape[0], a.shape[1], b.shape[1]) > _LARGEST:
        raise OverflowError("array size too large to fit in C int")
    rows = a.shape[0]
    parts = threads.parts(rows // BLOCK, BLOCK * a.shape[1] * b.shape[1] // SHARE)
    if parts == 1 or b.shape[1] == 1:
        return _alone(a, b)
    out = np.empty((rows, b.shape[1]), a.dtype)
    workers.quieten()
    _block_of_rows(0, 0, a, b, out)  # whoever calls BLAS first asks Python where it is: a thread may not
    threads.prange(_block_of_rows, parts, 0, rows, (a, b, out))
    workers.unmute()
    return out


@njit(error_model="numpy")
def _block_of_rows(first, last, a, b, out):
    """``out[first:last] = a[first:last] @ b``."""
    _gemm(first, last, a, b, out)


@intrinsic
def _gemm(typingctx, first, last, a, b, out):
    def generate(context, builder, signature, args):
        first, last, *arrays = args
        left, right, result = (
            arrayobj.make_array(kind)(context, builder, value) for kind, value in zip(signature.args[2:], arrays)
        )
        (m, k), (_, n) = (cgutils.unpack_tuple(builder, one.shape, 2) for one in (left, right))
        byte = ir.IntType(8)
        pointer = byte.as_pointer()

        def moved(array, elements):
            return builder.bitcast(builder.gep(array.data, [elements]), pointer)

        def turned(kind, row):
            """Whether BLAS, which counts by columns, has to turn a matrix, and its leading extent."""
            return (byte(ord("n")), row[1]) if kind.layout == "C" else (byte(ord("t")), row[0])

        zero = m.type(0)
        flag_a, lead_a = turned(a, (m, k))
        flag_b, lead_b = turned(b, (k, n))
        begin = builder.mul(first, k) if a.layout == "C" else first
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
        sizes = (byte(ord(_KINDS[a.dtype])), flag_b, flag_a, n, builder.sub(last, first), k)
        factors = (one, moved(right, zero), lead_b, moved(left, begin), lead_a, none)
        failed = builder.call(gemm, (*sizes, *factors, moved(result, builder.mul(first, n)), n))
        linalg.check_blas_return(context, builder, failed)
        return context.get_dummy_value()

    linalg.ensure_blas()
    return types.none(types.int64, types.int64, a, b, out), generate
