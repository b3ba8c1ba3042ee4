"""Functions that return nothing and write their arguments: which of these are the outputs, and their derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcad

X = np.array([0.5, -1.25, 2.0])
W = np.array([1.0, -2.0, 3.0])


def rebound_behind(out, x):
    out[:] = x * x
    out = out * 3.0
    out[0] = 7.0


def two(first, x, second):
    first[:] = x * x
    second[:] = np.sin(x)


def other_name(out, x):
    z = out
    row = z
    row[:] = x * x


def added_at(out, x):
    np.add.at(out, np.array([0, 0, 2]), x * x)


def pulled(f: Callable[..., Any], *args: Any, seed: Any, at: int = 1, outputs: Any = None) -> Any:
    """The value, and the gradient by argument `at`."""
    value, pull = srcad.vjp(f, *args, argnums=at, outputs=outputs, backend="numpy")
    return value, pull(seed)


@pytest.mark.parametrize("f", [rebound_behind, other_name])
def test_what_is_filled(f: Callable[..., Any]) -> None:
    value, gradient = pulled(f, np.zeros(3), X, seed=W)
    np.testing.assert_allclose(value, X * X)
    np.testing.assert_allclose(gradient, 2.0 * X * W)


def test_what_is_added_to() -> None:
    value, gradient = pulled(added_at, np.ones(3), X, seed=W)
    np.testing.assert_allclose(value, 1.0 + np.array([X[0] ** 2 + X[1] ** 2, 0.0, X[2] ** 2]))
    np.testing.assert_allclose(gradient, 2.0 * X * W[[0, 0, 2]])


@pytest.mark.parametrize("outputs", [None, ("first", "second")])
def test_several_outputs(outputs: Any) -> None:
    value, gradient = pulled(two, np.zeros(3), X, np.zeros(3), seed=(W, X), outputs=outputs)
    np.testing.assert_allclose(value, (X * X, np.sin(X)))
    np.testing.assert_allclose(gradient, 2.0 * X * W + np.cos(X) * X)


def test_one_output_of_several() -> None:
    value, gradient = pulled(two, np.zeros(3), X, np.zeros(3), seed=W, outputs=("second",))
    np.testing.assert_allclose(value, np.sin(X))
    np.testing.assert_allclose(gradient, np.cos(X) * W)


def test_an_argument_that_is_only_read_is_no_output() -> None:
    with pytest.raises(ValueError, match="outputs names 'x', which two does not write"):
        pulled(two, np.zeros(3), X, np.zeros(3), seed=W, outputs=("x",))


def test_integers_in_a_container_have_no_derivatives() -> None:
    def f(p):
        return np.sum(p["w"][p["k"]] ** 2)

    gradient = srcad.grad(f, backend="numpy")({"w": X, "k": np.array([0, 2, 2])})
    np.testing.assert_allclose(gradient["w"], [2 * X[0], 0.0, 4 * X[2]])
    assert gradient["k"] is None
    assert "p_k_bar" not in srcad.differentiate(f, backend="numpy").source_for({"w": X, "k": np.array([0, 2, 2])})
