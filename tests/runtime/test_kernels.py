"""Compiled by Numba, each kernel has NumPy's values, types and shapes, for all layouts, float32, and no elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
from srcad_runtime import arrays, kernels

Function = Callable[..., Any]
R = np.random.default_rng(5)
V, M, T = R.normal(size=4), R.normal(size=(4, 3)), R.normal(size=(2, 4, 3))
P, B = R.normal(size=(3, 5)), R.normal(size=(2, 3, 5))
REPEATED, LAST = np.array([0, 2, 0, -1]), np.array([0, 2, 0, 3])
ZEROS = np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 4.0], [1.0, 5.0, 0.5]])
COUNTS = np.arange(12).reshape(4, 3)

# reductions: every axis of three, several at once, kept and dropped
REDUCTIONS: dict[str, tuple[Function, ...]] = {
    "sum": (
        lambda a: kernels.sum(a),
        lambda a: kernels.sum(a, axis=(0, 2), keepdims=True),
        lambda a: kernels.sum(a, axis=1, keepdims=True),
    ),
    "mean": (lambda a: kernels.mean(a), lambda a: kernels.mean(a, axis=0), lambda a: kernels.mean(a, axis=(0, 1))),
    "prod": (lambda a: kernels.prod(a), lambda a: kernels.prod(a, axis=-1), lambda a: kernels.prod(a, axis=(0, 2))),
    "max": (
        lambda a: kernels.max(a),
        lambda a: kernels.max(a, axis=1),
        lambda a: kernels.max(a, axis=(-1, 0), keepdims=True),
    ),
    "min": (lambda a: kernels.min(a, keepdims=True), lambda a: kernels.min(a, 0), lambda a: kernels.min(a, 2, True)),
    "ptp": (lambda a: kernels.ptp(a, axis=1),),
    "median": (lambda a: kernels.median(a), lambda a: kernels.median(a, axis=1)),
    "var": (lambda a: kernels.var(a), lambda a: kernels.var(a, axis=(0, 2), ddof=1, keepdims=True)),
    "std": (lambda a: kernels.std(a, axis=1, ddof=1), lambda a: kernels.std(a, axis=2)),
    "any": (lambda a: kernels.any(a > 1.0, axis=1), lambda a: kernels.any(a > 9.0)),
    "all": (lambda a: kernels.all(a > -1.0, axis=(0, 1)), lambda a: kernels.all(a < 9.0)),
}


def added(a: np.ndarray, index: Any, g: Any) -> np.ndarray:
    arrays.add_at(a, index, g)
    return a


def added_in_columns(a: np.ndarray, index: Any, g: Any) -> np.ndarray:
    arrays.add_at(a, (slice(None), index), g)
    return a


def added_in_pairs(a: np.ndarray, index: Any, g: Any) -> np.ndarray:
    arrays.add_at(a, (index, index), g)
    return a


def masked_out(a: np.ndarray, x: Any) -> np.ndarray:
    kernels.set_masked(a, a > 0.0, x)
    return a


CASES: dict[str, tuple[Function, tuple[Any, ...]]] = {
    "reshape": (lambda a: kernels.reshape(a.T, (2, 6)), (M,)),
    "transpose": (lambda a: kernels.transpose(a, (1, 2, 0)), (T,)),
    "transpose_reversed": (lambda a: kernels.transpose(a, (2, 1, 0)), (T,)),
    "transpose_same": (lambda a: kernels.transpose(a, (0, 1, 2)), (T,)),
    "roll": (lambda a: kernels.roll(a, -1, axis=0), (M,)),
    "roll_middle": (lambda a: kernels.roll(a, 5, 1), (T,)),
    "repeat": (lambda a: kernels.repeat(a, 2, 1), (T,)),
    "sort": (lambda a: kernels.sort(a, 0), (M,)),
    "cumprod": (lambda a: kernels.cumprod(a, 1), (T,)),
    "diff": (lambda a: kernels.diff(a, axis=0), (M,)),
    "diff_twice": (lambda a: kernels.diff(a, 2, -2), (T,)),
    "tile": (lambda a: kernels.tile(a, 3), (M,)),
    "tile_both": (lambda a: kernels.tile(a, (2, 3)), (M,)),
    "pad": (lambda a: kernels.pad(a, 1), (M,)),
    "pad_constant": (lambda a: kernels.pad(a, ((1, 2), (0, 1)), constant_values=2.0), (M,)),
    "pad_edge": (lambda a: kernels.pad(a, (2, 1), mode="edge"), (M,)),
    "pad_wrap": (lambda a: kernels.pad(a, 5, mode="wrap"), (M,)),
    "pad_reflect": (lambda a: kernels.pad(a, (7, 5), mode="reflect"), (M,)),
    "pad_symmetric": (lambda a: kernels.pad(a, (7, 5), mode="symmetric"), (M,)),
    "diagonal": (lambda a: kernels.diagonal(a), (M,)),
    "diagonal_below": (lambda a: kernels.diagonal(a, offset=-2), (M,)),
    "heaviside": (lambda a, h: kernels.heaviside(a, h), (np.array([-1.0, 0.0, 2.0, np.nan]), 0.5)),
    "polyval": (lambda p, x: kernels.polyval(p, x), (V, M)),
    "polyval_of_no_coefficients": (lambda p, x: kernels.polyval(p[:0], x), (V, M)),
    "masked": (lambda a: kernels.masked(a, a > 0.0), (M,)),
    "set_masked": (masked_out, (M, 2.0)),
    "set_masked_array": (masked_out, (M, np.arange(float((M > 0.0).sum())))),
    "matmul": (lambda a, b: kernels.matmul(a, b), (M, P)),
    "matmul_vector": (lambda a, b: kernels.matmul(a, b), (P[:, 0].copy(), P)),
    "matmul_integers": (lambda a, b: kernels.matmul(a, b), (COUNTS, COUNTS.T.copy())),
    "matmul_mixed": (lambda a, b: kernels.matmul(a, b), (COUNTS, P)),
    "matmul_batch_matrix": (lambda a, b: kernels.matmul(a, b), (T, P)),
    "matmul_batches": (lambda a, b: kernels.matmul(a, b), (T, B)),
    "matmul_broadcast": (lambda a, b: kernels.matmul(a, b), (R.normal(size=(3, 1, 4, 3)), B)),
    "matmul_matrix_batch": (lambda a, b: kernels.matmul(a, b), (M, B)),
    "dot": (lambda a, b: kernels.dot(a, b), (T, P)),
    "dot_scalar": (lambda a, b: kernels.dot(a, b), (T, 2.0)),
    "dot_batches": (lambda a, b: kernels.dot(a, b), (T, B)),
    "inner": (lambda a, b: kernels.inner(a, b), (M, T)),
    "tensordot": (lambda a, b: kernels.tensordot(a, b, (1, 2), (0, 1)), (T, M)),
    "tensordot_all": (lambda a, b: kernels.tensordot(a, b, (0, 1), (0, 1)), (M, M)),
    "einsum": (lambda a, b: kernels.einsum("ij,jk->ki", a, b), (M, P)),
    "einsum_implicit": (lambda a, b: kernels.einsum("kj, ji", a, b), (M, P)),
    "einsum_diagonal": (lambda a: kernels.einsum("ii->i", a), (ZEROS,)),
    "einsum_three": (lambda a, b, c: kernels.einsum("bij,jk,i->bk", a, b, c), (T, P, V)),
    "einsum_number": (lambda a, b: kernels.einsum("ij,ij->", a, b), (M, M)),
    "unbroadcast_rows": (lambda g, like: kernels.unbroadcast(g, like), (M, V[:3].copy())),
    "unbroadcast_column": (lambda g, like: kernels.unbroadcast(g.T, like), (M, np.ones((1, 4)))),
    "unbroadcast_both": (lambda g, like: kernels.unbroadcast(g, like), (T, np.ones((1, 3)))),
    "unbroadcast_number": (lambda g: kernels.unbroadcast(g, 1.0), (M,)),
    "unbroadcast_smaller": (lambda g, like: kernels.unbroadcast(g, like), (V[:3].copy(), M)),
    "astype": (lambda x, y: kernels.astype(x, y.dtype), (COUNTS, V)),
    "astype_number": (lambda x, y: kernels.astype(x[0, 0], y.dtype), (COUNTS, V)),
    "add_at": (added, (V, REPEATED, np.arange(4.0))),
    "add_at_number": (added, (V, REPEATED, 2.0)),
    "add_at_rows": (added, (M, REPEATED, np.arange(3.0))),
    "add_at_each_row": (added, (M, REPEATED, np.ones((4, 1)) * np.arange(3.0))),
    "add_at_one_row": (added, (M[:, ::-1], REPEATED - 2, np.arange(3.0)[None, :])),
    "add_at_one_column": (added, (M, REPEATED, np.arange(4.0)[:, None])),
    "add_at_no_row": (added, (M, REPEATED[:0], np.ones((0, 3)))),
    "add_at_grid": (added, (M, np.array([[0, 1], [1, 1]]), np.arange(3.0))),
    "add_at_mask": (added, (M, M > 0.0, 2.0)),
    "add_at_row_mask": (added, (M, M[:, 0] > 0.0, np.arange(3.0))),
    "add_at_slice": (added, (M, slice(1, 3), np.arange(3.0))),
    "add_at_columns": (added_in_columns, (M, np.array([0, 0, 2]), np.ones((4, 3)))),
    "add_at_pairs": (added_in_pairs, (M, np.array([0, 0, 2]), np.ones(3))),
    "scatter_add": (lambda a, i, g: kernels.scatter_add(a, i, g), (V, REPEATED, np.arange(4.0))),
    "written": (lambda a, i, g: kernels.written(a, i, g), (V, LAST, np.arange(4.0))),
    "last_written": (lambda a, i: kernels.last_written(a, i), (V, LAST)),
    "last_written_rows": (lambda a, i: kernels.last_written(a, i), (M, LAST)),
    "exceeds": (lambda a, b: kernels.exceeds(a, b), (V, np.array([V[0], 0.0, 9.0, -9.0]))),
    "power_slope": (lambda x, y: kernels.power_slope(x, y), (np.arange(3.0), np.array([0.0, 2.0, 3.0]))),
    "xlogy": (lambda x, y: kernels.xlogy(x, y), (np.arange(3.0), np.arange(3.0))),
    "tie_share": (lambda a: kernels.tie_share(a, kernels.max(a), None), (ZEROS,)),
    "tie_share_columns": (lambda a: kernels.tie_share(a, kernels.max(a, axis=(0, 1), keepdims=True), (0, 1)), (T,)),
    "tie_share_rows": (lambda a: kernels.tie_share(a, kernels.min(a, axis=1, keepdims=True), 1), (ZEROS,)),
    "prod_of_others": (lambda a: kernels.prod_of_others(a, 1), (ZEROS,)),
    "prod_of_others_all": (lambda a: kernels.prod_of_others(a, None), (ZEROS[:2, :2].copy(),)),
}
# a few that stand for their kind in every run
SHORT = (
    "roll",
    "transpose",
    "matmul_batch_matrix",
    "unbroadcast_rows",
    "add_at",
    "add_at_each_row",
    "einsum",
    "masked",
)


def copied(args: tuple[Any, ...]) -> list[Any]:
    return [a.copy() if isinstance(a, np.ndarray) else a for a in args]


def single(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Floating arguments as float32; numbers too, as they come in generated code."""
    as_float32 = {np.dtype(np.float64): np.float32, float: np.float32}
    return tuple(as_float32.get(getattr(a, "dtype", type(a)), lambda x: x)(a) for a in args)


def same(found: Any, expected: Any, rtol: float = 1e-12) -> None:
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol)
    assert np.shape(found) == np.shape(expected)
    if np.ndim(expected):
        assert found.dtype == expected.dtype


def compare(name: str) -> None:
    function, args = CASES[name]
    compiled = numba.njit(error_model="numpy")(function)
    with np.errstate(all="ignore"):
        same(compiled(*copied(args)), function(*copied(args)))
        narrow = single(args)
        same(compiled(*copied(narrow)), function(*copied(narrow)), 1e-5)


@pytest.mark.parametrize("name", SHORT)
def test_compiled(name: str) -> None:
    compare(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CASES if name not in SHORT])
def test_all_compiled(name: str) -> None:
    compare(name)


def test_rows_to_add_to_are_there_and_fit() -> None:
    compiled = numba.njit(error_model="numpy")(added)
    for rows in ([0, 4], [-5, 1]):
        with pytest.raises(IndexError, match="out of bounds"):
            compiled(np.zeros((4, 3)), np.array(rows), np.ones((2, 3)))
    for shape in ((3, 3), (2, 2), (0, 3), (2, 4)):
        with pytest.raises(ValueError, match="broadcast"):
            compiled(np.zeros((4, 3)), np.array([0, 1]), np.ones(shape))


def variants(a: np.ndarray) -> list[np.ndarray]:
    """The array in all layouts and types, also with nan, and without elements where that is allowed."""
    holes = a.copy()
    holes[0, 1, 2] = np.nan
    return [a, np.asfortranarray(a), a[:, ::-1], a.astype(np.float32), holes, (10 * a).astype(np.int64)]


def compare_reduction(function: Function, arrays: list[np.ndarray]) -> None:
    compiled = numba.njit(error_model="numpy")(function)
    for a in arrays:
        same(compiled(a), function(a), 1e-6 if a.dtype == np.float32 else 1e-12)


def test_a_reduction_along_axes_is_numpys() -> None:
    compare_reduction(REDUCTIONS["max"][2], [T, T.astype(np.float32)])


@pytest.mark.slow
@pytest.mark.parametrize("function", [f for functions in REDUCTIONS.values() for f in functions])
def test_reductions_are_numpys(function: Function) -> None:
    compare_reduction(function, variants(T))


def test_float32_is_summed_no_less_accurately_than_numpy_does() -> None:
    a = R.uniform(size=200_000).astype(np.float32)
    exact = a.astype(np.float64).sum()
    total = numba.njit(lambda a: kernels.sum(a))(a)
    assert abs(total - exact) <= abs(float(np.sum(a)) - exact) + 1e-3


@pytest.mark.slow
def test_without_elements_results_and_errors_are_numpys() -> None:
    nothing = np.zeros((2, 0, 3))
    total = numba.njit(error_model="numpy")(lambda a: kernels.sum(a, axis=1, keepdims=True))
    mean = numba.njit(error_model="numpy")(lambda a: kernels.mean(a, axis=1))
    top = numba.njit(error_model="numpy")(lambda a: kernels.max(a, axis=1))
    same(total(nothing), np.zeros((2, 1, 3)))
    assert np.isnan(mean(nothing)).all()
    with pytest.raises(ValueError, match="zero-size array to reduction operation maximum which has no identity"):
        top(nothing)
    with pytest.raises(ValueError, match="dimensions"):
        numba.njit(lambda a, b: kernels.matmul(a, b))(np.ones((2, 3)), np.ones((2, 3)))


def test_called_from_python_they_are_numpys() -> None:
    same(kernels.max(T, axis=(0, 2), keepdims=True), np.max(T, axis=(0, 2), keepdims=True))
    same(kernels.std(M, 1, ddof=1), np.std(M, 1, ddof=1))
    same(kernels.pad(M, 2, mode="edge"), np.pad(M, 2, mode="edge"))
    same(kernels.tensordot(T, M, (1, 2), (0, 1)), np.tensordot(T, M, ((1, 2), (0, 1))))
    same(masked_out(M.copy(), 0.0), np.where(M > 0.0, 0.0, M))
    assert kernels.unbroadcast is arrays.unbroadcast
