"""Products of arrays of any rank and of mixed types, which Numba leaves to matrices of one floating type.

Called from Python each function is NumPy's own. Compiled, a product becomes one matrix product (BLAS) where it can,
and a loop over a batch of them, or over all indices, where it cannot.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="call-arg,call-overload,assignment,var-annotated"
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numba.cpython.unsafe.tuple import tuple_setitem

from srcad_runtime.jitting import overload, register_jitable
from srcad_runtime.kernels_folding import Array, constant, matrix, shape_without
from srcad_runtime.outlined import outlined, whole

compiled = njit(cache=True, error_model="numpy")


# ---- as called from Python ----


def matmul(a: Array, b: Array) -> Array:
    """``a @ b``."""
    return np.matmul(a, b)


def dot(a: Array, b: Array) -> Array:
    """``np.dot``."""
    return np.dot(a, b)


def inner(a: Array, b: Array) -> Array:
    """``np.inner``."""
    return np.inner(a, b)


def tensordot(a: Array, b: Array, left: tuple[int, ...], right: tuple[int, ...]) -> Array:
    """``np.tensordot`` over axes `left` of `a` and `right` of `b`, pair by pair."""
    return np.tensordot(a, b, (left, right))


def einsum(subscripts: str, *operands: Array) -> Array:
    """``np.einsum`` of a string without ellipsis."""
    return np.einsum(subscripts, *operands)


def solve(a: Array, b: Array) -> Array:
    """``np.linalg.solve`` of a matrix; Numba's takes one that is not square."""
    return np.linalg.solve(a, b)


@overload(solve)
def _solve(a, b):
    def square(a, b):
        if a.shape[0] != a.shape[1]:
            raise ValueError("Last 2 dimensions of the array must be square")
        return np.linalg.solve(a, b)

    return square


# ---- two matrices ----


def _kind(*operands: Any) -> Any:
    """The element type of a product."""
    return np.result_type(*(str(t.dtype if isinstance(t, types.Array) else t) for t in operands)).type


@compiled
def _whole_product(a, b):
    out = np.zeros((a.shape[0], b.shape[1]), a.dtype)
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            for j in range(b.shape[1]):
                out[i, j] += a[i, k] * b[k, j]
    return out


def _matrices(a: Any, b: Any) -> Callable[..., Array]:
    """A compiled product of two matrices with the element types of `a` and `b`."""
    kind = _kind(a, b)
    left, right = _converted(a, kind), _converted(b, kind)
    if not issubclass(kind, np.inexact):
        return register_jitable(lambda a, b: _whole_product(left(a), right(b)))

    @register_jitable
    def product(a, b):
        if a.shape[1] != b.shape[0]:
            raise ValueError("matmul: the inner dimensions differ")
        return np.dot(left(a), right(b))

    return product


def _converted(t: Any, kind: Any) -> Callable[..., Array]:
    """A compiled function that gives a matrix the element type `kind`."""
    if np.dtype(str(t.dtype)) == kind:
        return register_jitable(lambda a: a)
    return register_jitable(lambda a: a.astype(kind))


def _bent(ndim: int, axes: tuple[int, ...], last: bool) -> Callable[..., Array]:
    """A compiled function to a matrix: `axes` as its columns (`last`) or its rows, the other axes the other way."""
    kept = tuple(k for k in range(ndim) if k not in axes)
    order = kept + axes if last else axes + kept
    rows = len(kept) if last else len(axes)
    if order == tuple(range(ndim)):
        return register_jitable(lambda a: matrix(a, rows))
    return register_jitable(lambda a: matrix(np.transpose(a, order), rows))


def _contraction(a: Any, b: Any, left: tuple[int, ...], right: tuple[int, ...]) -> Callable[..., Array]:
    """A compiled product that sums over axes `left` of `a` and `right` of `b`, pair by pair."""
    matrices = _matrices(a, b)
    rows, columns = _bent(a.ndim, left, last=True), _bent(b.ndim, right, last=False)
    multiply = register_jitable(lambda a, b: matrices(rows(a), columns(b)))
    if len(left) > 1:  # as matrices (3, 2) and (2, 3) have as many columns as rows
        multiply = _checked(multiply, left, right)
    if len(left) == a.ndim and len(right) == b.ndim:
        return register_jitable(lambda a, b: multiply(a, b)[0, 0])
    first, second = shape_without(a.ndim, left, False), shape_without(b.ndim, right, False)
    return register_jitable(lambda a, b: multiply(a, b).reshape(first(a.shape) + second(b.shape)))


def _checked(multiply: Callable[..., Array], left: tuple[int, ...], right: tuple[int, ...]) -> Callable[..., Array]:
    """The product behind a check of each pair of axes."""
    tests = " or ".join(f"a.shape[{i}] != b.shape[{j}]" for i, j in zip(left, right))
    lines = ("def run(a, b):", f"    if {tests}:", "        raise ValueError('shape-mismatch for sum')")
    space: dict[str, Any] = {"multiply": multiply}
    exec("\n".join((*lines, "    return multiply(a, b)")), space)
    checked: Callable[..., Array] = register_jitable(space["run"])
    return checked


@overload(tensordot, prefer_literal=True)
def _tensordot(a, b, left, right):
    pairs = tuple(k % a.ndim for k in constant(left)), tuple(k % b.ndim for k in constant(right))
    product = _contraction(a, b, *pairs)
    return lambda a, b, left, right: product(a, b)


@overload(dot)
def _dot(a, b):
    if not isinstance(a, types.Array) or not isinstance(b, types.Array) or 0 in (a.ndim, b.ndim):
        return lambda a, b: a * b
    product = _contraction(a, b, (a.ndim - 1,), (max(b.ndim - 2, 0),))
    return lambda a, b: product(a, b)


@overload(inner)
def _inner(a, b):
    if not isinstance(a, types.Array) or not isinstance(b, types.Array) or 0 in (a.ndim, b.ndim):
        return lambda a, b: a * b
    product = _contraction(a, b, (a.ndim - 1,), (b.ndim - 1,))
    return lambda a, b: product(a, b)


# ---- batches of matrices ----


# Shapes stand for their leading extents, all but the last two: Numba does not index an empty tuple.


@register_jitable
def _batch_index(k, batch, shape):
    """Which matrix of an array of `shape` stands at place `k` of a broadcast batch."""
    index, stride = 0, 1
    skipped = len(batch) - len(shape)
    for axis in range(len(batch) - 3, -1, -1):
        place = k % batch[axis]
        k //= batch[axis]
        if axis >= skipped:
            extent = shape[axis - skipped]
            index += stride * (place if extent > 1 else 0)
            stride *= extent
    return index


@register_jitable
def _broadcast(a, b, n, m):
    """The shape of products (n, m) of two batches, `a` the longer shape; extents must be the same or 1."""
    shape = tuple_setitem(tuple_setitem(a, len(a) - 2, n), len(a) - 1, m)
    for k in range(len(b) - 2):
        at = len(a) - len(b) + k
        if b[k] != 1:
            if a[at] != 1 and a[at] != b[k]:
                raise ValueError("matmul: the batch dimensions do not match")
            shape = tuple_setitem(shape, at, b[k])
    return shape


@register_jitable
def _count(shape):
    """How many matrices there are in an array."""
    n = 1
    for k in range(len(shape) - 2):
        n *= shape[k]
    return n


@outlined
def _batch_of_products(a, b, shape_a, shape_b, batch):
    """a (p, n, k) and b (q, k, m), the matrices of arrays of these shapes, give an array of the shape `batch`."""
    n, m = a.shape[1], b.shape[2]
    if b.shape[1] != a.shape[2]:
        raise ValueError("matmul: the inner dimensions differ")
    out = np.empty(batch, a.dtype)
    count = _count(batch)
    products = out.reshape((count, n, m))
    for k in range(count):
        i, j = _batch_index(k, batch, shape_a), _batch_index(k, batch, shape_b)
        product_into(a[i], b[j], products[k])
    return out


def product_into(a: Array, b: Array, out: Array) -> None:
    """``out[:] = a @ b`` of matrices; only compiled code calls it."""
    np.dot(a, b, out)


@overload(product_into)
def _product_into(a, b, out):
    if isinstance(a.dtype, (types.Float, types.Complex)):
        return lambda a, b, out: np.dot(a, b, out)

    def product(a, b, out):
        for i in range(out.shape[0]):
            for j in range(out.shape[1]):
                total = 0
                for k in range(a.shape[1]):
                    total += a[i, k] * b[k, j]
                out[i, j] = total

    return product


@overload(matmul)
def _matmul(a, b):
    if a.ndim == 1 or b.ndim <= 2:
        product = _contraction(a, b, (a.ndim - 1,), (max(b.ndim - 2, 0),))
        return lambda a, b: product(a, b)
    kind = _kind(a, b)
    left, right = _converted(a, kind), _converted(b, kind)
    if a.ndim >= b.ndim:
        broadcast = register_jitable(lambda a, b: _broadcast(a.shape, b.shape, a.shape[-2], b.shape[-1]))
    else:
        broadcast = register_jitable(lambda a, b: _broadcast(b.shape, a.shape, a.shape[-2], b.shape[-1]))

    def batched(a, b):
        batch = broadcast(a, b)
        first = whole(left(a)).reshape((_count(a.shape), a.shape[-2], a.shape[-1]))
        second = whole(right(b)).reshape((_count(b.shape), b.shape[-2], b.shape[-1]))
        return _batch_of_products(first, second, a.shape, b.shape, batch)

    return batched


# ---- any sum of products ----


def einsum_source(subscripts: str, scalars: bool, numbers: tuple[int, ...] = ()) -> str:
    """The text of a function (operands, kind) that computes an einsum by nested loops; `numbers` are no arrays."""
    inputs, _, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if "->" not in subscripts:
        output = "".join(sorted(c for c in set(inputs) - {","} if inputs.count(c) == 1))
    places = [(c, f"operands[{k}].shape[{at}]") for k, term in enumerate(terms) for at, c in enumerate(term)]
    extents = dict(places)
    summed = [c for c in dict.fromkeys("".join(terms)) if c not in output]
    factors = [f"operands[{k}][{', '.join(term) or '()'}]" for k, term in enumerate(terms)]
    product = " * ".join(f"operands[{k}]" if k in numbers else factor for k, factor in enumerate(factors))
    shape = "".join(f"{extents[c]}, " for c in output)
    lines = ["def run(operands, kind):"]
    for c, place in places:
        if place != extents[c]:
            lines += [
                f"    if {place} != {extents[c]}:",
                "        raise ValueError('operands could not be broadcast together')",
            ]
    lines.append(f"    out = np.zeros(({shape}), kind)")
    for depth, c in enumerate([*output, *summed]):
        lines.append(f"{'    ' * (depth + 1)}for {c} in range({extents[c]}):")
    place = ", ".join(output) or "()"
    lines += [f"{'    ' * (len(output) + len(summed) + 1)}out[{place}] += {product}"]
    return "\n".join([*lines, "    return out" + ("[()]" if scalars else "")])


@overload(einsum, prefer_literal=True)
def _einsum(subscripts, *operands):
    text = str(constant(subscripts))
    operands = operands[0] if len(operands) == 1 and isinstance(operands[0], types.BaseTuple) else operands
    if "." in text:
        return None
    kind, space = _kind(*operands), {"np": np}
    numbers = tuple(k for k, t in enumerate(operands) if not isinstance(t, types.Array))
    letters = text.replace(",", "").replace(" ", "")
    scalar = text.endswith("->") or "->" not in text and all(letters.count(c) > 1 for c in letters)
    exec(einsum_source(text, scalar, numbers), space)
    run = register_jitable(space["run"])
    return lambda subscripts, *operands: run(operands, kind)
