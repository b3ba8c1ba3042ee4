"""Defaults that are changed between two calls are noticed, in the short way and in the long one."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

import srcad


@pytest.mark.parametrize("make", [srcad.grad, srcad.jacfwd, srcad.hessian])
@pytest.mark.parametrize("calls", [1, 4])
def test_changed_defaults(make, calls) -> None:
    def f(x, power=2.0, *, factor=1.0):
        return np.sum(x**power) * factor

    derived, x = make(f, backend="numpy"), np.array([0.5, 2.0])
    first = [derived(x) for _ in range(calls)][-1]
    f.__defaults__ = (3.0,)
    np.testing.assert_allclose(derived(x), make(lambda x: np.sum(x**3.0), backend="numpy")(x))
    f.__kwdefaults__ = {"factor": 2.0}
    for _ in range(calls):
        np.testing.assert_allclose(derived(x), make(lambda x: 2.0 * np.sum(x**3.0), backend="numpy")(x))
    f.__defaults__, f.__kwdefaults__ = (2.0,), {"factor": 1.0}
    np.testing.assert_array_equal(derived(x), first)


def scaled(x, factor=2.0, *, power=2):
    return np.sum(x**power) * factor


def outer(x):
    return scaled(x)


def test_changed_defaults_of_a_function_that_is_called() -> None:
    derived, x = srcad.grad(outer, backend="numpy"), np.array([0.5, 2.0])
    try:
        for factor, power in ((2.0, 2), (3.0, 2), (3.0, 3), (4, 3)):
            scaled.__defaults__, scaled.__kwdefaults__ = (factor,), {"power": power}
            for _ in range(4):
                np.testing.assert_allclose(derived(x), factor * power * x ** (power - 1))
    finally:
        scaled.__defaults__, scaled.__kwdefaults__ = (2.0,), {"power": 2}


def test_a_function_of_a_module_without_a_file() -> None:
    made = types.ModuleType("made_by_hand")
    x = np.array([0.5, 2.0])
    sys.modules["made_by_hand"] = made
    try:
        derived = srcad.grad(lambda x: np.sum(made.f(x)), backend="numpy")
        for f, expected in ((lambda x: x * x, 2.0 * x), (lambda x: x**3, 3.0 * x**2), (np.tanh, 1.0 - np.tanh(x) ** 2)):
            made.f = f  # type: ignore[attr-defined]
            np.testing.assert_allclose(derived(x), expected)
    finally:
        del sys.modules["made_by_hand"]
