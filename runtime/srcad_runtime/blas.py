"""Products of matrices and vectors by BLAS in few instructions, for `srcad_runtime.lowering`.

Numba compiles eight functions for a product of arrays of new types, which takes half a second; `product` writes the
same checks and the same calls of BLAS in place. It stands for ``a @ b`` and ``np.dot(a, b)``, `product_into` for
``np.dot(a, b, out)``. Matrices with few columns are `thin`'s. What BLAS does not do is left to Numba.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs, disable-error-code="attr-defined,call-arg"

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from llvmlite import ir as llvm
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic
from numba.np import arrayobj, linalg

from srcad_runtime import thin
from srcad_runtime.making import allocated, by_numba
from srcad_runtime.raising import raise_if

_LARGEST = 2**31 - 1  # BLAS counts in C's int
_INEXACT = (types.float32, types.float64, types.complex64, types.complex128)
_NAMES = {1: "vector", 2: "matrix"}


@intrinsic
def product(typingctx, a, b):
    """``a @ b``."""
    if not _are_for_blas(a, b):
        return by_numba(typingctx, operator.matmul, a, b)
    rank = a.ndim + b.ndim - 2
    return signature(types.Array(a.dtype, rank, "C") if rank else a.dtype, a, b), _new


@intrinsic
def product_into(typingctx, a, b, out):
    """``np.dot(a, b, out)``."""
    rank = a.ndim + b.ndim - 2 if _are_for_blas(a, b) else 0
    if not rank or out != types.Array(a.dtype, rank, "C"):
        return by_numba(typingctx, np.dot, a, b, out)
    return signature(out, a, b, out), _into


def _are_for_blas(*operands: Any) -> bool:
    arrays = all(isinstance(t, types.Array) and t.ndim in _NAMES and t.dtype in _INEXACT for t in operands)
    return arrays and len({t.dtype for t in operands}) == 1


def _new(context, builder, sig, args):
    linalg.ensure_blas()
    with linalg.make_contiguous(context, builder, sig, args) as (whole, values):
        call = Call(context, builder, whole.args, values)
        if not call.extents:
            place = cgutils.alloca_once(builder, context.get_value_type(sig.return_type))
            call.multiply(place)
            return_value = builder.load(place)
        else:
            out = allocated(context, builder, sig.return_type, call.extents)
            call.multiply_or_clear(out)
            return_value = out._getvalue()
    return return_value


def _into(context, builder, sig, args):
    linalg.ensure_blas()
    kind = sig.args[2]
    pair = signature(sig.return_type, *sig.args[:2])
    with linalg.make_contiguous(context, builder, pair, args[:2]) as (whole, values):
        call = Call(context, builder, whole.args, values)
        out = arrayobj.make_array(kind)(context, builder, args[2])
        for extent, own in zip(call.extents, cgutils.unpack_tuple(builder, out.shape, kind.ndim)):
            call.refuse(
                builder.icmp_signed("!=", extent, own), ValueError, "incompatible output array size for ", "out"
            )
        call.multiply_or_clear(out)
    context.nrt.incref(builder, kind, args[2])
    return args[2]


class Call:
    """One product of contiguous arrays. extents: of the result; inner: of what is summed over."""

    def __init__(self, context, builder, kinds, values) -> None:
        self.context, self.builder, self.kinds = context, builder, kinds
        arrays = [arrayobj.make_array(t)(context, builder, v) for t, v in zip(kinds, values)]
        self.data = [a.data for a in arrays]
        self.left, self.right = (cgutils.unpack_tuple(builder, a.shape, t.ndim) for a, t in zip(arrays, kinds))
        self.inner, self.extents = self.left[-1], [*self.left[:-1], *self.right[1:]]
        self.refuse(builder.icmp_signed("!=", self.inner, self.right[0]), ValueError, "incompatible array sizes for ")
        for extent in (self.inner, *self.extents):
            too_large = builder.icmp_signed(">", extent, extent.type(_LARGEST))
            self.raised(too_large, OverflowError, "array size too large to fit in C int")

    def refuse(self, wrong, error, text, *third: str) -> None:
        ranks = " * ".join(_NAMES[t.ndim] for t in self.kinds)
        self.raised(wrong, error, f"{text}np.dot({', '.join(('a', 'b', *third))}) ({ranks})")

    def raised(self, wrong, error, text: str) -> None:
        raise_if(self.context, self.builder, wrong, error, text)

    def multiply_or_clear(self, out) -> None:
        """BLAS wants no empty arrays; a sum of nothing is zero."""
        builder, empty = self.builder, llvm.Constant(llvm.IntType(1), 0)
        for extent in (self.inner, *self.extents):
            empty = builder.or_(empty, builder.icmp_signed("==", extent, extent.type(0)))
        with builder.if_else(empty, likely=False) as (nothing, something):
            with nothing:
                cgutils.memset(builder, out.data, builder.mul(out.itemsize, out.nitems), 0)
            with something:
                self.multiply(out.data)

    def multiply(self, out) -> None:
        """A matrix of one row or column is a vector to BLAS, as it is to Numba."""
        ranks = tuple(t.ndim for t in self.kinds)
        if ranks == (2, 2):
            self.by_shape(out)
        elif ranks == (1, 1):
            self.dot(out)
        else:
            self.by_vector(ranks.index(2), out)

    def by_shape(self, out) -> None:
        one = self.inner.type(1)
        row, column = (self.builder.icmp_signed("==", extent, one) for extent in self.extents)
        with self.builder.if_else(column) as (to_column, to_matrix):
            with to_column, self.builder.if_else(row) as (number, vector):
                with number:
                    self.dot(out)
                with vector:
                    self.by_vector(0, out)
            with to_matrix, self.builder.if_else(row) as (vector, matrix):
                with vector:
                    self.by_vector(1, out)
                with matrix:
                    self.by_matrix(out)

    def dot(self, out) -> None:
        linalg.call_xxdot(self.context, self.builder, False, self.kinds[0].dtype, self.inner, *self.data, out)

    def by_vector(self, at: int, out) -> None:
        """The matrix is the left operand (at = 0) or the right one."""
        matrix = self.kinds[at]
        transposed = matrix.layout == ("C", "F")[at]  # BLAS counts by columns
        shape = (self.left, self.right)[at]
        linalg.call_xxgemv(self.context, self.builder, transposed, matrix, shape, self.data[at], self.data[1 - at], out)

    def by_matrix(self, out) -> None:
        """What has few columns takes BLAS longer than it must."""
        n, k, m = (thin.few(self.builder, extent) for extent in (self.extents[0], self.inner, self.extents[1]))
        ways = []
        if self.kinds[0].dtype in (types.float32, types.float64):
            ways.append((self.builder.and_(k, m), lambda: self.by_lanes(thin.by_rows, *self.apart(1), out)))
            if self.kinds[1].layout == "C":
                ways.append((self.builder.and_(n, m), lambda: self.by_lanes(thin.by_columns, self.data[1], out)))
        self.first_of(ways, lambda: self.by_blas(out))

    def first_of(self, ways, otherwise) -> None:
        """The first way whose condition holds."""
        if not ways:
            otherwise()
            return
        with self.builder.if_else(ways[0][0]) as (this, others):
            with this:
                ways[0][1]()
            with others:
                self.first_of(ways[1:], otherwise)

    def by_lanes(self, multiply, *operands) -> None:
        extents = self.extents[0], self.inner, self.extents[1]
        multiply(self.builder, self.context.get_data_type(self.kinds[0].dtype), (*self.apart(0), *operands), extents)

    def apart(self, at: int) -> tuple[Any, Any, Any]:
        """The place of a matrix, and what its rows and its columns are apart."""
        rows, columns = (self.left, self.right)[at]
        one = rows.type(1)
        return (self.data[at], columns, one) if self.kinds[at].layout == "C" else (self.data[at], one, rows)

    def by_blas(self, out) -> None:
        kind = types.Array(self.kinds[0].dtype, 2, "C")
        linalg.call_xxgemm(self.context, self.builder, self.kinds[0], self.left, self.data[0], self.kinds[1],
                           self.right, self.data[1], kind, self.extents, out)  # fmt: skip
