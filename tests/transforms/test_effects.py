"""effects: values that the reverse sweep would change are copied before it; exchanged names are exchanged back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcad
from tests.transforms.in_any_order import loaded

X = np.array([1.2, 0.7, 1.5, 2.0])
Y = np.array([0.4, -1.1, 0.8, 0.3])


def elements(x):
    for i in range(1, 4):
        x[i] = x[i] * x[i - 1] * x[i]
    return x


def multiplied(x, k):
    if k < x.shape[0]:
        x[k] = x[k] * x[k] * x[k - 1]
        multiplied(x, k + 1)


def by_recursion(x):
    z = x * 1.0
    multiplied(z, 1)
    return z


@pytest.mark.parametrize("f", [elements, by_recursion])
def test_the_value_is_what_it_was_before_the_reverse_sweep(f: Callable[..., Any]) -> None:
    """In the text as it stands: what both sweeps give in one call."""
    text = srcad.differentiate(f, backend="numpy").source_for(X)
    value, gradient = loaded(text, f"{f.__name__}_grad")(X.copy(), Y)
    np.testing.assert_allclose(value, f(X.copy()), rtol=1e-14)
    h, v = 1e-6, np.cos(np.arange(4.0))
    moved = (f(X + h * v) - f(X - h * v)) @ Y / (2 * h)
    assert gradient @ v == pytest.approx(moved, rel=1e-7)


def arrays_in_turn(x, y):
    a, b, c = x.copy(), y.copy(), x * y
    s = 0.0
    for i in range(4):
        s += np.sum(a * a * a) * x[i] + b[1] * b[i] * y[i]
        a, b, c = b, c, a
    return s + a[0] * b[1]


def numbers_in_turn(x, y):
    a, b, c = x[0], y[0], x[1] * y[1]
    s = 0.0
    for i in range(4):
        s += a * a * a * x[i] + b * b * y[i]
        a, b, c = b, c, a
    return s + a * b


@pytest.mark.parametrize("f", [arrays_in_turn, numbers_in_turn])
def test_names_that_take_turns(f: Callable[..., float]) -> None:
    value, (gx, gy) = srcad.value_and_grad(f, argnums=(0, 1), backend="numpy")(X, Y)
    assert value == pytest.approx(f(X, Y), rel=1e-14)
    h, v = 1e-6, np.cos(np.arange(4.0))
    moved = (f(X + h * v, Y - h * v) - f(X - h * v, Y + h * v)) / (2 * h)
    assert gx @ v - gy @ v == pytest.approx(moved, rel=1e-7)
