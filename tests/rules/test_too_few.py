"""Statistics of too few numbers: where NumPy's value is not finite, no derivative is."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcad

X = np.array([0.0, 1.0, 2.8])
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "var": lambda x: np.var(x, ddof=4),
    "var of one": lambda x: np.var(x[:1], ddof=1) + np.sum(x),
    "var of columns": lambda x: np.sum(np.var(np.outer(x, x), axis=0, ddof=3)),
    "std": lambda x: np.std(x, ddof=4),
    "nanvar": lambda x: np.nanvar(x, ddof=4),
    "nanstd": lambda x: np.nanstd(x, ddof=3),
    "cov": lambda x: np.sum(np.cov(x, ddof=4)),
    "cov of one": lambda x: np.sum(np.cov(x[:1])),
    "cov of counts": lambda x: np.sum(np.cov(x, fweights=np.array([1, 1, 1]), ddof=5)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_as_little_finite_as_the_value(name: str, backend: str) -> None:
    f = FUNCTIONS[name]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        value, bar = srcad.value_and_grad(f, backend=backend)(X)
        _, dot = srcad.jvp(f, (X,), (np.array([0.3, 1.0, -0.5]),), backend=backend)
        np.testing.assert_equal(value, f(X))
    assert not np.all(np.isfinite(bar)) and not np.isfinite(dot)


@pytest.mark.parametrize("f", [np.var, np.std, np.median, np.nanmedian])
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_of_nothing(f: Callable[[Any], Any], backend: str) -> None:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        value, bar = srcad.value_and_grad(lambda x: f(x), backend=backend)(np.zeros(0))
        _, dot = srcad.jvp(lambda x: f(x), (np.zeros(0),), (np.zeros(0),), backend=backend)
    assert np.isnan(value) and np.isnan(dot) and bar.shape == (0,)


@pytest.mark.parametrize("f", [np.max, np.min])
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_the_greatest_of_nothing_is_what_it_starts_from(f: Callable[..., Any], backend: str) -> None:
    def model(x, start):
        return np.sum(f(x, axis=1, initial=start) ** 2)

    value, start_bar = srcad.value_and_grad(model, argnums=1, backend=backend)(np.zeros((2, 0)), 0.5)
    assert value == 0.5 and start_bar == 2.0


def smoothed(u, f):
    u[1:-1] += f[1:-1]
    if len(u) > 3:
        e = np.zeros(len(u) // 2 + 1)
        smoothed(e, f[::2] * 1.0)
        u[::2] += e


def test_a_refused_recursion_has_a_place() -> None:
    def model(f, u):
        u = u.copy()
        smoothed(u, f)
        return u @ u

    with pytest.raises(srcad.Unsupported, match=r"test_too_few.py:\d+:\d+: cannot differentiate a call with overlap"):
        srcad.grad(model, backend="numba")(np.ones(9), np.ones(9))
