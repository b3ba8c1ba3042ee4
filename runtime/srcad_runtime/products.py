"""Sums of matrix products into a matrix, for loops that are a product in disguise.

``add(c, scale, a, b)`` is ``c += scale * a @ b``, for matrices with strides of any kind. ``add_where`` leaves out the
triples (i, j, k) of ``c[i, j] += scale * a[i, k] * b[k, j]`` that lie beyond a diagonal, and reads no element that is
not asked for, so that an infinity or NaN on the other side goes nowhere. What is added is computed from `a` and `b` as
they are before, even if they share memory with `c`.

Compiled, the work is done by BLAS (gemm): large triangles by blocks of rows, each a rectangle and a small triangle,
which is padded with zeros. Small products, and triangles beside numbers that are not finite, are loops.

Only code compiled with Numba imports this module.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="call-arg"
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.np.linalg import _BLAS

from srcad_runtime.jitting import overload, register_jitable
from srcad_runtime.outlined import outlined

strided = outlined(layout="A")
WHERE = ("j <= i", "j >= i", "k <= i", "k >= i", "k <= j", "k >= j")
_LEAST = 2000  # multiplications from which on a call of BLAS pays
_BLOCK = 96  # rows of a triangle that are done at a time

Matrix = np.ndarray
Shape = tuple[int, int, int]


def add(c: Matrix, scale: float, a: Matrix, b: Matrix, shape: Shape | None = None) -> None:
    """``c += scale * a @ b``, c (n, m), a (n, p), b (p, m).

    shape: n, m, p, for matrices that may be cut short because they are slices.

    Raises:
        IndexError: the shapes do not belong together, and none of n, m, p is 0.
    """
    if _fits(c.shape, a.shape, b.shape) if shape is None else _has(shape, c.shape, a.shape, b.shape):
        c += scale * (a @ b)


def add_where(
    c: Matrix, scale: float, a: Matrix, b: Matrix, where: str, offset: int = 0, shape: Shape | None = None
) -> None:
    """``c[i, j] += scale * a[i, k] * b[k, j]`` for the triples that satisfy `where`, one of `WHERE`.

    offset: what is added to the right side of `where`. shape: as of `add`.

    Raises:
        IndexError: as `add`.
    """
    if not (_fits(c.shape, a.shape, b.shape) if shape is None else _has(shape, c.shape, a.shape, b.shape)):
        return
    total = np.zeros_like(c)
    for i in range(c.shape[0]):
        for j in range(c.shape[1]):
            chosen = [k for k in range(a.shape[1]) if _holds(where, offset, i, j, k)]
            total[i, j] = sum((a[i, k] * b[k, j] for k in chosen), start=c.dtype.type(0))
    c += scale * total


def add_mirrored(c: Matrix, scale: float, a: Matrix, b: Matrix, offset: int = 0, shape: Shape | None = None) -> None:
    """``c += scale * (low + low.T) @ b``, `low` the elements ``k <= i + offset`` of the square matrix a.

    shape: as of `add`.

    Raises:
        IndexError: as `add`.
    """
    if not (_fits(c.shape, a.shape, b.shape) if shape is None else _has(shape, c.shape, a.shape, b.shape)):
        return
    b = b.copy() if np.may_share_memory(b, c) else b
    a = a.copy() if np.may_share_memory(a, c) else a
    add_where(c, scale, a, b, "k <= i", offset)
    add_where(c, scale, a.T, b, "k >= i", -offset)


def add_symmetric(c: Matrix, scale: float, a: Matrix, b: Matrix, offset: int = 0, shape: Shape | None = None) -> None:
    """``c[i, j] += scale * (p[i, j] + p[j, i])`` for ``j <= i + offset``, p = a @ b, c square.

    shape: as of `add`.

    Raises:
        IndexError: as `add`.
    """
    if _fits(c.shape, a.shape, b.shape) if shape is None else _has(shape, c.shape, a.shape, b.shape):
        product = a @ b
        c += np.where(np.tri(len(c), k=offset, dtype=bool), scale * (product + product.T), 0)


def _holds(where: str, offset: int, i: int, j: int, k: int) -> bool:
    left, op, right = where.split()
    at = {"i": i, "j": j, "k": k}
    difference = at[left] - at[right] - offset
    return difference <= 0 if op == "<=" else difference >= 0


@register_jitable
def _fits(c, a, b):
    """Whether there is anything to do for matrices of these shapes."""
    if 0 in (c[0], c[1], a[0], a[1], b[0], b[1]):
        return False
    if c[0] != a[0] or c[1] != b[1] or a[1] != b[0]:
        raise IndexError("a loop reaches beyond the end of an array")
    return True


@register_jitable
def _has(shape, c, a, b):
    """`_fits` for matrices that must have these extents."""
    n, m, p = shape
    if n <= 0 or m <= 0 or p <= 0:
        return False
    if c[0] != n or c[1] != m or a[0] != n or a[1] != p or b[0] != p or b[1] != m:
        raise IndexError("a loop reaches beyond the end of an array")
    return True


# ---- by loops ----


@register_jitable
def _limits(kind, offset, first, last, extent):
    """(start, stop) of what some of the rows ``first <= i <= last`` ask for, then (start, stop) of what all of them do.

    `extent`: of the other index, which is at most i + offset in the odd kinds, at least that in the even ones.
    """
    if kind % 2:
        low, high = min(max(first + offset + 1, 0), extent), min(max(last + offset + 1, 0), extent)
        return low, high, 0, low
    low, high = min(max(first + offset, 0), extent), min(max(last + offset, 0), extent)
    return low, high, high, extent


@register_jitable
def _loops(c, scale, a, b, kind, offset):
    """The sum one product after the other. kind: 0 for all of them, then as in `WHERE`."""
    for i in range(c.shape[0]):
        first, last, start, stop = 0, c.shape[1], 0, a.shape[1]
        if kind in (1, 2):
            _, _, first, last = _limits(kind, offset, i, i, last)
        elif kind in (3, 4):
            _, _, start, stop = _limits(kind, offset, i, i, stop)
        for k in range(start, stop):
            factor = scale * a[i, k]
            for j in range(first, last):
                c[i, j] += factor * b[k, j]


# ---- by BLAS ----


def _gemm(c, scale, a, b):
    """``c += scale * a @ b`` of matrices that `_is_packed` holds of, `c` by rows; only compiled code calls it."""
    raise NotImplementedError


@overload(_gemm)
def _call_of_gemm(c, scale, a, b):
    dtype = np.dtype(str(c.dtype))
    gemm = _BLAS().numba_xxgemm(c.dtype)
    kind, plain, turned, size = ord("s" if dtype.itemsize == 4 else "d"), ord("n"), ord("t"), dtype.itemsize

    def call(c, scale, a, b):
        # BLAS counts by columns: c.T += scale * b.T @ a.T
        factors = np.ones(2, dtype)
        factors[0] = scale
        turn_b, ld_b = (plain, b.strides[0]) if _is_by_rows(b) else (turned, b.strides[1])
        turn_a, ld_a = (plain, a.strides[0]) if _is_by_rows(a) else (turned, a.strides[1])
        n, m, p, ld_c, one = c.shape[0], c.shape[1], a.shape[1], c.strides[0] // size, factors[1:]
        place_a, place_b, place_c = a.ctypes, b.ctypes, c.ctypes
        ld_a, ld_b = ld_a // size, ld_b // size
        gemm(kind, turn_b, turn_a, m, n, p, factors.ctypes, place_b, ld_b, place_a, ld_a, one.ctypes, place_c, ld_c)

    return call


@register_jitable
def _is_by_rows(x):
    """Whether elements of a row are neighbours, and rows do not overlap, so that BLAS can walk along them."""
    return x.strides[1] == x.itemsize and x.strides[0] >= x.shape[1] * x.itemsize


@register_jitable
def _packed(x):
    """The matrix, or a copy of it, by rows or by columns."""
    return x if _is_by_rows(x) or _is_by_rows(x.T) else _copied(x)


@strided
def _copied(x):
    new = np.empty(x.shape, x.dtype)
    _put(x, new)
    return new


@register_jitable
def _put(x, place):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            place[i, j] = x[i, j]


@strided
def _sum_product(c, scale, a, b, i, j, row, column, start, end, n, m, p):
    """``c += scale * a @ b`` of parts of matrices with any strides, `c` apart from the others.

    The parts: (n, m) from (i, j) of c, (n, p) from (row, start) of a, (p, m) from (end, column) of b.
    """
    c, a, b = c[i : i + n, j : j + m], a[row : row + n, start : start + p], b[end : end + p, column : column + m]
    if n * m * p < _LEAST or scale == 0:  # BLAS reads nothing where the factor is zero
        _loops(c, scale, a, b, 0, 0)
        return 0
    if not _is_by_rows(c):
        c, a, b = c.T, b.T, a.T
    total = c if _is_by_rows(c) else _copied(c)
    _gemm(total, scale, _packed(a), _packed(b))
    if not _is_by_rows(c):
        _put(total, c)
    return 0


# ---- triangles ----


@register_jitable
def _is_finite(x, start, stop):
    """Whether no element of these rows is infinite or NaN: zero times such a number is not zero."""
    for i in range(start, stop):
        total = 0.0
        for j in range(x.shape[1]):
            total += x[i, j] * 0
        if total != 0:
            return False
    return True


@register_jitable
def _sum_in_triangle(c, scale, a, b, kind, offset):
    """Blocks of rows of c, its elements on one side of a diagonal."""
    m, p = b.shape[1], b.shape[0]
    for i in range(0, c.shape[0], _BLOCK):
        n = min(_BLOCK, c.shape[0] - i)
        low, high, start, stop = _limits(kind, offset, i, i + n - 1, m)
        _sum_product(c, scale, a, b, i, start, i, start, 0, 0, n, stop - start, p)
        square = np.zeros((n, high - low), c.dtype)
        _sum_product(square, scale, a, b, 0, 0, i, low, 0, 0, n, high - low, p)
        for row in range(i, i + n):
            _, _, start, stop = _limits(kind, offset, row, row, m)
            for j in range(max(start, low), min(stop, high)):
                c[row, j] += square[row - i, j - low]


@strided
def _sum_of_triangle(c, scale, a, b, kind, offset):
    """Blocks of rows of a, of which the elements on one side of a diagonal count."""
    m, p = b.shape[1], b.shape[0]
    for i in range(0, c.shape[0], _BLOCK):
        n = min(_BLOCK, c.shape[0] - i)
        low, high, start, stop = _limits(kind, offset, i, i + n - 1, p)
        _sum_product(c, scale, a, b, i, 0, i, 0, start, start, n, m, stop - start)
        padded = _is_finite(b, low, high)
        square = np.zeros((n, high - low), c.dtype)
        for row in range(i, i + n):
            _, _, start, stop = _limits(kind, offset, row, row, p)
            start, stop = max(start, low), min(stop, high)
            if not padded:
                _sum_product(c, scale, a, b, row, 0, row, 0, start, start, 1, m, max(stop - start, 0))
                continue
            for k in range(start, stop):
                square[row - i, k - low] = a[row, k]
        if padded:
            _sum_product(c, scale, square, b, i, 0, 0, 0, 0, low, n, m, high - low)
    return 0


@register_jitable
def _ends(x):
    """The addresses between which a matrix lies."""
    low = high = np.int64(x.ctypes.data)
    for axis in range(2):
        reach = (x.shape[axis] - 1) * x.strides[axis]
        low, high = low + min(reach, 0), high + max(reach, 0)
    return low, high + x.itemsize


@register_jitable
def _apart(x, c):
    """The matrix, or a copy of it where it may share memory with `c`."""
    one, other = _ends(x), _ends(c)
    return _copied(x) if one[0] < other[1] and other[0] < one[1] else x


@strided
def _sum_of_all(c, scale, a, b):
    _sum_product(c, scale, _apart(a, c), _apart(b, c), 0, 0, 0, 0, 0, 0, c.shape[0], c.shape[1], a.shape[1])
    return 0


@strided
def _sum_where(c, scale, a, b, kind, offset):
    a, b = _apart(a, c), _apart(b, c)
    if kind > 4:  # of b: c.T += scale * b.T @ a.T
        c, a, b, kind = c.T, b.T, a.T, kind - 2
    if kind < 3:
        _sum_in_triangle(c, scale, a, b, kind, offset)
    else:
        _sum_of_triangle(c, scale, a, b, kind, offset)
    return 0


@strided
def _sum_mirrored(c, scale, a, b, offset):
    a, b = _apart(a, c), _apart(b, c)
    n, m = c.shape
    if offset < 0 and not _is_finite(b, 0, n):
        _sum_of_triangle(c, scale, a, b, 3, offset)
        _sum_of_triangle(c, scale, a.T, b, 4, -offset)
        return 0
    square = np.zeros((n, n), c.dtype)
    for i in range(n):
        for k in range(min(i + offset + 1, n)):
            square[i, k] += a[i, k]
            square[k, i] += a[i, k]
    _sum_product(c, scale, square, b, 0, 0, 0, 0, 0, 0, n, m, n)
    return 0


@strided
def _sum_symmetric(c, scale, a, b, offset):
    n, p = a.shape
    square = np.zeros((n, n), c.dtype)
    _sum_product(square, scale, a, b, 0, 0, 0, 0, 0, 0, n, n, p)
    for i in range(n):
        for j in range(min(i + offset + 1, n)):
            c[i, j] += square[i, j] + square[j, i]
    return 0


# ---- as compiled code calls it ----


def _can_be_outlined(c: Any, a: Any, b: Any) -> bool:
    """Whether BLAS has a product of such matrices."""
    kinds = {str(t.dtype) for t in (c, a, b)}
    return len(kinds) == 1 and kinds <= {"float64", "float32"} and all(t.aligned for t in (c, a, b))


def _check(shape: Any) -> Any:
    """The check of shapes, as a function (shape, c, a, b)."""
    if isinstance(shape, types.BaseTuple):
        return _has
    return register_jitable(lambda shape, c, a, b: _fits(c, a, b))


@overload(add)
def _add(c, scale, a, b, shape=None):
    check = _check(shape)
    if _can_be_outlined(c, a, b):
        run = _sum_of_all
    else:
        run = register_jitable(lambda c, scale, a, b: _loops(c, scale, a, b, 0, 0))

    def product(c, scale, a, b, shape=None):
        if check(shape, c.shape, a.shape, b.shape):
            run(c, np.float64(scale), a, b)

    return product


@overload(add_where, prefer_literal=True)
def _add_where(c, scale, a, b, where, offset=0, shape=None):
    check, kind = _check(shape), WHERE.index(where.literal_value) + 1
    run = _sum_where if _can_be_outlined(c, a, b) else _loops_where

    def product(c, scale, a, b, where, offset=0, shape=None):
        if check(shape, c.shape, a.shape, b.shape):
            run(c, np.float64(scale), a, b, kind, np.int64(offset))

    return product


def _of_two(fast: Any, slow: Any) -> Any:
    """What makes the compiled form of a function (c, scale, a, b, offset, shape)."""

    def make(c, scale, a, b, offset=0, shape=None):
        check, run = _check(shape), fast if _can_be_outlined(c, a, b) else slow

        def product(c, scale, a, b, offset=0, shape=None):
            if check(shape, c.shape, a.shape, b.shape):
                run(c, np.float64(scale), a, b, np.int64(offset))

        return product

    return make


@register_jitable
def _loops_mirrored(c, scale, a, b, offset):
    _loops(c, scale, a, b, 3, offset)
    _loops(c, scale, a.T, b, 4, -offset)


@register_jitable
def _loops_symmetric(c, scale, a, b, offset):
    _loops(c, scale, a, b, 1, offset)
    _loops(c, scale, b.T, a.T, 1, offset)


overload(add_mirrored)(_of_two(_sum_mirrored, _loops_mirrored))
overload(add_symmetric)(_of_two(_sum_symmetric, _loops_symmetric))


@register_jitable
def _loops_where(c, scale, a, b, kind, offset):
    """Matrices of other element types."""
    if kind > 4:
        _loops(c.T, scale, b.T, a.T, kind - 2, offset)
    else:
        _loops(c, scale, a, b, kind, offset)
