"""products: the calls for sums of products, plain and compiled, against the sums written out."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import numpy as np
import pytest
from srcad_runtime import products as runtime

Matrix = np.ndarray


def matrices(n: int, m: int, p: int, layout: int, dtype: Any = float) -> tuple[Matrix, Matrix, Matrix]:
    rng = np.random.default_rng(7)

    def matrix(rows: int, columns: int, kind: int) -> Matrix:
        if kind == 1:
            return rng.random((columns, rows)).astype(dtype).T
        if kind == 2:
            return rng.random((2 * rows, 3 * columns)).astype(dtype)[::2, ::3]
        if kind == 3:
            return rng.random((rows, columns)).astype(dtype)[::-1, ::-1]
        return rng.random((rows + 1, columns + 2)).astype(dtype)[1:, 1:-1]

    return matrix(n, m, layout % 4), matrix(n, p, layout // 2 % 4), matrix(p, m, layout // 3 % 4)


def expected_sum(c: Matrix, scale: float, a: Matrix, b: Matrix, where: str = "", offset: int = 0) -> Matrix:
    i, j, k = np.ogrid[: c.shape[0], : c.shape[1], : a.shape[1]]
    chosen = eval(where.replace("=", f"= {offset} +"), {"i": i, "j": j, "k": k}) if where else True
    with np.errstate(all="ignore"):
        terms = scale * a[:, None, :] * b.T[None, :, :]
        return c + np.where(chosen, terms, 0).sum(axis=2)


@pytest.fixture(scope="module")
def compiled() -> dict[str, Any]:
    from numba import njit

    found: dict[str, Any] = {}
    for where in runtime.WHERE:
        space: dict[str, Any] = {"products": runtime}
        exec(f"def f(c, s, a, b, d):\n    products.add_where(c, s, a, b, '{where}', d)", space)
        found[where] = njit(error_model="numpy")(space["f"])
    for name in ("add_mirrored", "add_symmetric"):
        space = {"products": runtime}
        exec(f"def f(c, s, a, b, d):\n    products.{name}(c, s, a, b, d)", space)
        found[name] = njit(error_model="numpy")(space["f"])
    found[""] = njit(error_model="numpy")(lambda c, s, a, b, d: runtime.add(c, s, a, b))
    return found


@pytest.mark.parametrize("where", ["", *runtime.WHERE])
def test_sums_of_products(where: str, compiled: dict[str, Any]) -> None:
    """Shapes around the threshold and the size of a block, strides of any kind, numbers that are not finite."""
    shapes = [(3, 4, 2), (17, 13, 19), (0, 3, 4), (3, 4, 0), (100, 20, 130), (130, 120, 9), (20, 130, 100)]
    for layout, ((n, m, p), offset, special) in enumerate(itertools.product(shapes, (0, -3, 40), (False, True))):
        c, a, b = matrices(n, m, p, layout)
        scale = 0.0 if layout % 7 == 6 else -1.5
        if special and a.size and b.size:
            a[n // 2, p // 3], b[p // 2, m // 3] = np.nan, np.inf
        expected = expected_sum(c, scale, a, b, where, offset if where else 0)
        if n * m * p < 2000:
            plain = copy.deepcopy(c)
            with np.errstate(all="ignore"):
                runtime.add_where(plain, scale, a, b, where, offset) if where else runtime.add(plain, scale, a, b)
            np.testing.assert_allclose(plain, expected, rtol=1e-12)
        compiled[where](c, scale, a, b, offset)
        np.testing.assert_allclose(c, expected, rtol=1e-11)


@pytest.mark.parametrize("name", ["add_mirrored", "add_symmetric"])
def test_sums_of_two_triangles(name: str, compiled: dict[str, Any]) -> None:
    for layout, (size, offset, special) in enumerate(itertools.product((0, 3, 40, 110), (0, -1, 5), (False, True))):
        n, m, p = (size, 23, size) if name == "add_mirrored" else (size, size, 19)
        c, a, b = matrices(n, m, p, layout)
        if special and a.size and b.size:
            a[n // 2, p // 3], b[p // 2, m // 3] = np.nan, np.inf
        if name == "add_mirrored":
            half = expected_sum(c, 1.5, a, b, "k <= i", offset)
            expected = expected_sum(half, 1.5, a.T, b, "k >= i", -offset)
        else:
            half = expected_sum(c, 1.5, a, b, "j <= i", offset)
            expected = expected_sum(half, 1.5, b.T, a.T, "j <= i", offset)
        plain = copy.deepcopy(c)
        with np.errstate(all="ignore"):
            getattr(runtime, name)(plain, 1.5, a, b, offset)
        np.testing.assert_allclose(plain, expected, rtol=1e-12)
        compiled[name](c, 1.5, a, b, offset)
        np.testing.assert_allclose(c, expected, rtol=1e-11)


def test_operands_are_read_before_the_target_changes(compiled: dict[str, Any]) -> None:
    for size in (5, 40):
        x = np.random.default_rng(1).random((2 * size, size))
        expected = expected_sum(x[:size], 2.0, x[1 : size + 1], x[size:])
        compiled[""](x[:size], 2.0, x[1 : size + 1], x[size:], 0)
        np.testing.assert_allclose(x[:size], expected, rtol=1e-12)


def test_single_precision_and_mixed_types(compiled: dict[str, Any]) -> None:
    c, a, b = matrices(30, 20, 25, 0, np.float32)
    expected = expected_sum(c.astype(float), 2.0, a, b, "k <= i", 1)
    compiled["k <= i"](c, 2.0, a, b, 1)
    np.testing.assert_allclose(c, expected, rtol=1e-5)
    c, a, b = matrices(6, 7, 5, 0)
    expected = expected_sum(c, 2.0, a.astype(np.float32), b)
    compiled[""](c, 2.0, a.astype(np.float32), b, 0)
    np.testing.assert_allclose(c, expected, rtol=1e-6)


def test_shapes_that_do_not_belong_together_raise(compiled: dict[str, Any]) -> None:
    c, a, b = matrices(4, 5, 6, 0)
    for add in (compiled[""], lambda c, s, a, b, d: runtime.add(c, s, a, b)):
        with pytest.raises(IndexError):
            add(c, 1.0, a[:3], b, 0)
        add(c, 1.0, a[:3], b[:, :0], 0)  # no iteration, nothing wrong
