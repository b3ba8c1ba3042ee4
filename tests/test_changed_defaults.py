"""Defaults that are changed between two calls are noticed, in the short way and in the long one."""

from __future__ import annotations

import functools
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


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("calls", [1, 4])
def test_defaults_by_keyword_that_are_changed_in_place(backend: str, calls: int) -> None:
    def helper(x, *, p=2.0):
        return x * p

    def f(x, *, q=1.0):
        return helper(x) * q

    derived = srcad.grad(f, backend=backend)
    for p, q in ((2.0, 1.0), (5.0, 1.0), (5.0, 3.0), (0.0, 3.0), (2.0, 1.0)):
        helper.__kwdefaults__["p"], f.__kwdefaults__["q"] = p, q
        for _ in range(calls):
            assert derived(1.0) == p * q
            assert srcad.vjp(f, 1.0)[1](1.0) == (p * q,)
    del f.__kwdefaults__["q"]
    with pytest.raises(TypeError, match="missing.*'q'"):
        derived(1.0)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("calls", [1, 4])
def test_code_that_is_replaced(backend: str, calls: int) -> None:
    def helper(x):
        return x * 2.0

    def other(x):
        return x * 3.0

    class Model:
        def method(self, x):
            return x * 2.0

    def outer(x):
        return helper(x) * 7.0

    class Other:
        def method(self, x):
            return x * 3.0

    model, first, own = Model(), helper.__code__, Model.method.__code__
    made = [srcad.grad(f, backend=backend) for f in (helper, outer, functools.partial(helper), model.method)]
    for code, slope in ((first, 2.0), (other.__code__, 3.0), (first, 2.0)):
        helper.__code__ = code
        Model.method.__code__ = Other.method.__code__ if code is other.__code__ else own
        for _ in range(calls):
            assert [float(g(1.0)) for g in made] == [slope, 7.0 * slope, slope, slope]
            assert srcad.jvp(outer, (1.0,), (1.0,), backend=backend)[1] == 7.0 * slope
            assert srcad.grad(lambda x: srcad.grad(outer)(x) * x, backend=backend)(1.0) == 7.0 * slope


def test_defaults_that_are_not_equal_to_themselves() -> None:
    q = np.array([np.nan, 1.0])

    def helper(x, *, p=np.nan, q=q):
        return x * q[1] if p != p else x

    derived = srcad.grad(lambda x: helper(x), backend="numpy")
    assert [derived(1.0) for _ in range(4)] == [1.0] * 4


@pytest.mark.parametrize("calls", [1, 4])
def test_changed_defaults_of_a_function_that_is_wrapped(calls: int) -> None:
    def inner(x, p=2.0, *, q=1.0):
        return x * p * q

    @functools.wraps(inner)
    def wrapper(*args, **kwargs):
        return inner(*args, **kwargs)

    derived = srcad.grad(wrapper, backend="numpy")
    assert [derived(1.0) for _ in range(calls)] == [2.0] * calls
    inner.__defaults__ = (5.0,)
    assert [derived(1.0) for _ in range(calls)] == [5.0] * calls
    inner.__kwdefaults__["q"] = 3.0
    assert [derived(1.0) for _ in range(calls)] == [15.0] * calls


# ---- defaults that are functions and objects, and what is given instead ----


class Scale:
    def __init__(self, by: float, after=np.sin) -> None:
        self.by, self.after = by, after


COMMON = Scale(2.0)


def inner(x, scale=COMMON, *, act=np.tanh):
    return np.sum(x * x) * scale.by + np.sum(act(x)) + np.sum(scale.after(x))


def model(x, scale=COMMON, *, act=np.sin):
    return inner(x, scale) + inner(x) + inner(x, act=act) + inner(2.0 * x, scale, act=act)


def again(x, depth, act=np.sin):
    return np.sum(act(x)) + (again(2.0 * x, depth - 1) if depth else 0.0)


X = np.array([0.3, 0.7])


def by_differences(f, *args, **kwargs):
    h = 1e-6
    return np.array([(f(X + h * e, *args, **kwargs) - f(X - h * e, *args, **kwargs)) / (2 * h) for e in np.eye(2)])


def agrees(derived, f, *args, **kwargs) -> None:
    for _ in range(3):  # as a new call, and the short way
        np.testing.assert_allclose(derived(X, *args, **kwargs), by_differences(f, *args, **kwargs), rtol=1e-6)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_what_is_given_instead_of_an_object_or_a_function(backend: str) -> None:
    derived = srcad.grad(model, backend=backend)
    for _ in range(2):
        agrees(derived, model)
        agrees(derived, model, Scale(3.0))
        agrees(derived, model, Scale(3.0, np.cos), act=np.exp)
        agrees(derived, model, scale=Scale(0.5), act=np.cosh)
        agrees(derived, model, act=np.cos)
    agrees(srcad.grad(model, backend=backend), model, Scale(5.0))


def test_objects_and_functions_that_become_defaults() -> None:
    derived = srcad.grad(model, backend="numpy")
    kept = model.__defaults__, model.__kwdefaults__, inner.__defaults__, inner.__kwdefaults__
    try:
        agrees(derived, model)
        model.__defaults__ = (Scale(7.0),)
        agrees(derived, model)
        inner.__defaults__, inner.__kwdefaults__ = (Scale(9.0, np.cos),), {"act": np.exp}
        agrees(derived, model)
        agrees(derived, model, Scale(1.0))
        COMMON.by = 4.0
        agrees(derived, model, COMMON)
        model.__kwdefaults__ = {"act": np.tanh}
        agrees(derived, model)
    finally:
        COMMON.by = 2.0
        model.__defaults__, model.__kwdefaults__, inner.__defaults__, inner.__kwdefaults__ = kept
    agrees(derived, model)


def test_a_recursion_takes_its_default_where_nothing_is_given() -> None:
    derived = srcad.grad(again, backend="numpy")
    try:
        agrees(derived, again, 2, np.exp)
        agrees(derived, again, 2)
        again.__defaults__ = (np.cosh,)
        agrees(derived, again, 2, np.exp)
        agrees(derived, again, 2)
        agrees(srcad.grad(again, backend="numpy"), again, 2, np.exp)
    finally:
        again.__defaults__ = (np.sin,)
