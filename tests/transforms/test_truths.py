"""Names that hold truth values beside numbers: refused for Numba, as they are by NumPy's text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcad


def _as_number(x: Any, n: int) -> Any:
    c = 0.5
    for i in range(n):
        if i == 1:
            c = x[i] > 0.0
    return np.sum(x) * (c + (x[0] > 0.0))


def _one_after_the_other(x: Any, n: int) -> Any:
    c = 0.5
    s = c * x[0]
    c = x[1] > 0.0
    return s + np.sum(x) * (c + (x[0] > 0.0))


def _chosen(x: Any, n: int) -> Any:
    return np.sum(x) * ((0.5 if n == 1 else x[1] > 0.0) + (x[0] > 0.0))


def _in_a_list(x: Any, n: int) -> Any:
    c = [0.5]
    for i in range(n):
        c.append(x[i] > 0.0)
    return np.sum(x) * (c[n] + (x[0] > 0.0))


def _only_tested(x: Any, n: int) -> Any:
    found = 0
    for i in range(n):
        found = x[i] > 1.5
    return np.sum(x) if found else np.sum(x * x)


def _from_python(x: Any, n: int) -> Any:
    c = 0.5
    for i in range(n):
        if i == 1:
            c = n > 1
    return np.sum(x) * (c + (x[0] > 0.0))


MIXED = (_as_number, _one_after_the_other, _chosen, _in_a_list, _from_python)
X = np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize("fn", MIXED)
def test_truths_beside_numbers_are_refused_for_numba(fn: Callable[..., Any]) -> None:
    for n in (1, 3):
        assert srcad.value_and_grad(fn, backend="numpy")(X, n)[0] == fn(X, n)
    with pytest.raises(srcad.Unsupported, match="a truth value in one place and a number in another"):
        srcad.grad(fn, backend="numba")(X, 3)


def test_what_is_only_tested_compiles() -> None:
    for n in (1, 3):
        assert srcad.value_and_grad(_only_tested, backend="numba")(X, n)[0] == _only_tested(X, n)


def _difference(x: Any) -> Any:
    return np.sum(((x > 2.0) - (x > 1.0)) * x)


def _difference_in_place(x: Any) -> Any:
    found: Any = np.arange(3) > 1
    found -= x > 0.0
    return np.sum(found * x)


def _difference_of_single_ones(x: Any) -> Any:
    return ((x[1] > 0.0) - (x[0] > 0.0)) * x[0]


def _from_a_literal(x: Any) -> Any:
    return np.sum((True - (x > 1.0)) * x)


def _negative(x: Any) -> Any:
    return np.sum(-(x > 0.0) * x)


def _positive(x: Any) -> Any:
    return (+(x[0] > 0.0)) * x[0]


def _sign(x: Any) -> Any:
    return np.sum(np.sign(x > 1.0) * x)


def _numbers_made_of_truths(x: Any) -> Any:
    return np.sum((1 - (x > 1.0)) * x) + (True - True) * x[0] + np.sum(((x > 1.0) ^ (x > 2.0)) * x)


REFUSED_BY_NUMPY = (
    _difference,
    _difference_in_place,
    _difference_of_single_ones,
    _from_a_literal,
    _negative,
    _positive,
    _sign,
)


@pytest.mark.parametrize("fn", REFUSED_BY_NUMPY)
def test_differences_of_truths_raise_what_numpy_raises(fn: Callable[..., Any]) -> None:
    with pytest.raises(TypeError) as expected:
        fn(X)
    with pytest.raises(TypeError) as found:
        srcad.grad(fn, backend="numpy")(X)
    assert str(found.value) == str(expected.value)
    with pytest.raises(srcad.Unsupported, match="of truth values, for which NumPy raises"):
        srcad.grad(fn, backend="numba")(X)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_numbers_less_truths(backend: str) -> None:
    value, gradient = srcad.value_and_grad(_numbers_made_of_truths, backend=backend)(X)
    assert value == _numbers_made_of_truths(X)
    np.testing.assert_array_equal(gradient, [1.0, 1.0, 0.0])
