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
