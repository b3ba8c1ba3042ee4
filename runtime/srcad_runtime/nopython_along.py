"""Numba's loops for products along many directions: the innermost loop is over these, or BLAS's."""

# mypy: allow-untyped-defs, allow-untyped-calls
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

import numpy as np
from numba.np.numpy_support import as_dtype

from srcad_runtime import along
from srcad_runtime.jitting import overload, register_jitable
from srcad_runtime.outlined import outlined, whole

LARGE = 1 << 12  # multiplications in one call of BLAS from which on it is faster than a loop


@outlined
def _product(x, a):
    n, k, directions = x.shape
    m = a.shape[1]
    if a.shape[0] != k:
        raise ValueError("matmul: the inner dimensions differ")
    out = np.zeros((n, m, directions), x.dtype)
    if k * m * directions >= LARGE:
        turned = np.ascontiguousarray(a.T)
        for i in range(n):
            np.dot(turned, x[i], out[i])
        return out
    for i in range(n):
        for j in range(k):
            for c in range(m):
                factor = a[j, c]
                for d in range(directions):
                    out[i, c, d] += x[i, j, d] * factor
    return out


@outlined
def _product_of(a, x):
    n, k = a.shape
    if x.shape[0] != k:
        raise ValueError("matmul: the inner dimensions differ")
    size = x.shape[1] * x.shape[2]
    columns = x.reshape((k, size))
    out = np.zeros((n, size), x.dtype)
    if n * k * size >= LARGE:
        np.dot(a, columns, out)
    else:
        for i in range(n):
            for j in range(k):
                factor = a[i, j]
                for c in range(size):
                    out[i, c] += factor * columns[j, c]
    return out.reshape((n, x.shape[1], x.shape[2]))


def _in_one_piece(array, kind):
    """A compiled function that gives kernels an array of theirs: in one piece, of the type of the product."""
    if as_dtype(array.dtype) == kind:
        return register_jitable(lambda array: whole(array))
    return register_jitable(lambda array: whole(array.astype(kind)))


@overload(along.product)
def _overload_product(x, a):
    kind = np.result_type(as_dtype(x.dtype), as_dtype(a.dtype))
    first, second = _in_one_piece(x, kind), _in_one_piece(a, kind)
    return lambda x, a: _product(first(x), second(a))


@overload(along.product_of)
def _overload_product_of(a, x):
    kind = np.result_type(as_dtype(x.dtype), as_dtype(a.dtype))
    first, second = _in_one_piece(a, kind), _in_one_piece(x, kind)
    if a.ndim == 1:
        return lambda a, x: _product_of(first(a).reshape((1, a.size)), second(x))[0]
    return lambda a, x: _product_of(first(a), second(x))
