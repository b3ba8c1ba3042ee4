"""Machine integers: which arithmetic is replaced by kernels that raise where 64 bits do not hold the result."""

from __future__ import annotations

import math

import numpy as np
import pytest

import srcad
from srcad import emit, overflow
from tests.transforms.lowered import primal

ARGS = {"n": 5, "m": 7, "x": np.ones(4)}


def checked(body: str) -> str:
    """The text of a function body, over `ARGS`, with its integers checked."""
    lines = "\n".join("    " + line for line in body.splitlines())
    program = primal(f"import numpy as np\n\ndef f({', '.join(ARGS)}):\n{lines}\n", tuple(ARGS.values()))
    return emit.module([overflow.checked(program).function()])


@pytest.mark.parametrize(
    ("body", "kernel"),
    [
        ("k = n * m\nreturn x[0] * k", "product(n, m)"),
        ("k = n * 3\nreturn x[0] * k", "product(n, 3)"),
        ("k = n + m\nreturn x[0] * k", "total(n, m)"),
        ("k = n - m\nreturn x[0] * k", "difference(n, m)"),
        ("k = n ** 2\nreturn x[0] * k", "power(n, 2)"),
        ("k = 2 ** n\nreturn x[0] * k", "power(2, n)"),
        ("k = 2 ** x.shape[0]\nreturn x[0] * k", "power(2, x.shape[0])"),
        ("k = 1 << n\nreturn x[0] * k", "shifted(1, n)"),
        ("k = int(x[0] * 3.0)\nreturn x[0] * k", "whole(x[0] * 3.0)"),
        ("k = np.floor(x[0])\nreturn x[1] * round(k)", "whole(k)"),
        ("k = n >> m\nreturn x[0] * k", "natural(m, 63)"),
        ("k = np.arange(4) ** n\nreturn np.sum(x * k)", "natural(n, 2147483648)"),
        ("k = 2 ** np.arange(4)\nreturn np.sum(x * k)", "naturals(np.arange(4), 2147483648)"),
        ("k = np.arange(4)\nk <<= n\nreturn np.sum(x * k)", "natural(n, 63)"),
        ("k = np.power(np.arange(4), np.arange(4))\nreturn np.sum(x * k)", "naturals(np.arange(4), 2147483648)"),
        ("k = np.right_shift(np.arange(4), n)\nreturn np.sum(x * k)", "natural(n, 63)"),
        ("k = 1\nfor i in range(n):\n    k *= m\nreturn x[0] * k", "product(k, m)"),
        ("k = 1\nfor i in range(n):\n    k += k\nreturn x[0] * k", "total(k, k)"),
        ("k = 0\nfor i in range(n):\n    j = n * m + k\n    k = i * j\nreturn x[0] * k", "product(i, j)"),
        ("s = 0.0\nfor i in range(n):\n    i = i * i\n    s += i * i * x[0]\nreturn s", "product(i, i)"),
        ("k = x.shape[0] * (n // 2)\nreturn x[0] * k", "product(x.shape[0], n // 2)"),
        ("k = x.shape[0] * (n - 3)\nreturn x[0] * k", "product(x.shape[0], n - 3)"),
        ("k = x.shape[0] * (n * m)\nreturn x[0] * k", "product(n, m)"),
    ],
)
def test_checked(body: str, kernel: str) -> None:
    assert f"kernels.{kernel}" in checked(body)


@pytest.mark.parametrize(
    "body",
    [
        "s = 0.0\nfor i in range(n):\n    s += x[0] * (i * i + 1)\nreturn s",
        "k = x.shape[0] * x.size\nreturn x[0] * k",
        "k = n + 1\nreturn x[0] * k",
        "k = n - 1\nreturn x[0] * k",
        "k = len(x) * (x.size - 1)\nreturn x[0] * k",
        "k = n // m + n % 3\nreturn x[0] * (n * 1.5)",
        "return x[0] * x[1] + x[2] ** 2",
        "k = np.arange(4) ** 2 + (np.arange(4) << 3)\nreturn np.sum(x * k)",
        "return x[0] * len(x) ** -1",
    ],
)
def test_what_fits_is_left_alone(body: str) -> None:
    text = checked(body)
    assert "kernels" not in text or "total(n // m, n % 3)" in text


def strided(x, n):
    width = x.shape[0] // 4
    total = 0.0
    for i in range(width):
        total += x[2 * i] * x[2 * width - 1 - i] * n
    square = n * n
    n = 3
    return total * (square + n * n)


def test_multiples_of_counters_and_of_what_is_computed_from_extents_are_not_checked():
    gradient = srcad.value_and_grad(strided, backend="numba")
    text = srcad.differentiate(backend="numba")(strided).source_for(np.arange(8.0), 2)
    assert text.count("kernels.product") == 1 and "kernels.product(n, n)" in text
    assert gradient(np.arange(8.0), 2)[0] == strided(np.arange(8.0), 2)
    with pytest.raises(OverflowError):
        gradient(np.arange(8.0), 2**40)


def in_place_division(x):
    k = np.arange(4)
    k[1:] /= 2
    return np.sum(k * x)


def powers_below_one(x):
    k = np.arange(1, 5) ** -1
    return np.sum(k * x)


def shifted_by_too_much(x, n):
    return np.sum(x * (np.arange(4) >> n))


def shifted_back(x, n):
    return x[0] * (9 >> n)


def test_numpy_refuses_fractions_in_arrays_of_integers() -> None:
    with pytest.raises(srcad.Unsupported, match="which would make float64 of an array of int64"):
        srcad.grad(in_place_division, backend="numba")(ARGS["x"])
    with pytest.raises(TypeError, match="Cannot cast ufunc 'divide'"):
        srcad.grad(in_place_division)(ARGS["x"])


@pytest.mark.parametrize("backend", ["numpy", "numba", "auto"])
def test_negative_powers_and_shifts_raise_what_the_program_raises(backend: str) -> None:
    with pytest.raises(ValueError, match="Integers to negative integer powers are not allowed"):
        srcad.grad(powers_below_one, backend=backend)(ARGS["x"])
    with pytest.raises(ValueError, match="negative shift count"):
        srcad.grad(shifted_back, backend=backend)(ARGS["x"], -1)


def test_shifts_by_more_bits_than_there_are() -> None:
    assert np.all(srcad.grad(shifted_by_too_much)(ARGS["x"], 70) == 0.0)
    with pytest.raises(OverflowError):
        srcad.grad(shifted_by_too_much, backend="numba")(ARGS["x"], 70)


def integers_of(x):
    return x[0] * int(x[1] * 2.0) + math.floor(x[2]) - math.ceil(x[3]) + round(x[1])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("place", [1, 2, 3])
def test_what_has_no_integer(value: float, place: int) -> None:
    x = np.array([0.5, 1.5, 2.5, 3.5])
    assert srcad.value_and_grad(integers_of, backend="numba")(x)[0] == integers_of(x)
    x[place] = value
    if abs(value) < np.inf:
        assert srcad.value_and_grad(integers_of)(x)[0] == integers_of(x)
        return
    with pytest.raises((ValueError, OverflowError)) as expected:
        integers_of(x)
    with pytest.raises(type(expected.value), match=str(expected.value)):
        srcad.grad(integers_of, backend="numba")(x)
