"""Derivatives taken inside a model, in every mix of modes, against the same model with them worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcad

X = np.array([0.4, -0.7, 1.1])
V = np.array([0.3, 0.5, -0.2])
M = np.array([[1.0, 0.2, 0.0], [0.1, -0.5, 0.3], [0.4, 0.0, 0.8]])


def potential(x: Any) -> Any:
    return np.sum(np.sin(x) * x * x)


def force(x: Any) -> Any:
    return np.cos(x) * x * x + 2.0 * x * np.sin(x)


def stiffness(x: Any) -> Any:
    return (2.0 - x * x) * np.sin(x) + 4.0 * x * np.cos(x)


def layer(x: Any) -> Any:
    return np.tanh(M @ x)


def slopes(x: Any) -> Any:
    t = np.tanh(M @ x)
    return (1.0 - t * t)[:, None] * M


def by_grad(x: Any) -> Any:
    v = V
    for _ in range(2):
        v = v - 0.1 * srcad.grad(potential)(x)
        x = x + 0.1 * v
    return np.sum(x * v * v)


def by_grad_by_hand(x: Any) -> Any:
    v = V
    for _ in range(2):
        v = v - 0.1 * force(x)
        x = x + 0.1 * v
    return np.sum(x * v * v)


def by_value_and_grad(x: Any) -> Any:
    value, g = srcad.value_and_grad(potential)(x)
    return value * np.sum(g * g)


def by_vjp(x: Any) -> Any:
    out, pull = srcad.vjp(layer, x)
    return np.sum(pull(V * x)[0] * out)


def by_jvp(x: Any) -> Any:
    out, out_dot = srcad.jvp(layer, (x,), (x * x,))
    return np.sum(out * out_dot)


def by_jacobians(x: Any) -> Any:
    a, b = srcad.jacfwd(layer)(x), srcad.jacrev(layer)(x)
    return np.sum(a * b * b)


def by_hessian(x: Any) -> Any:
    return np.sum(srcad.hessian(potential)(x) @ V * x)


def by_hvp(x: Any) -> Any:
    return np.sum(srcad.hvp(potential, (x,), (V * x,))[0])


def by_vmap(x: Any) -> Any:
    return np.sum(srcad.vmap(srcad.grad(lambda s: np.sin(s) * s * s))(x) ** 2)


def by_descent(x: Any) -> Any:
    y = x * 0.5
    for _ in range(3):
        y = y - 0.1 * srcad.grad(lambda z: np.sum((z - x) ** 4))(y)
    return np.sum(y * y)


def by_descent_by_hand(x: Any) -> Any:
    y = x * 0.5
    for _ in range(3):
        y = y - 0.4 * (y - x) ** 3
    return np.sum(y * y)


def by_two_of_them(x: Any) -> Any:
    return np.sum(srcad.jacfwd(srcad.grad(potential))(x) @ x)


PAIRS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "grad in a time step": (by_grad, by_grad_by_hand),
    "value_and_grad": (by_value_and_grad, lambda x: potential(x) * np.sum(force(x) * force(x))),
    "vjp": (by_vjp, lambda x: np.sum((slopes(x).T @ (V * x)) * layer(x))),
    "jvp": (by_jvp, lambda x: np.sum(layer(x) * (slopes(x) @ (x * x)))),
    "jacobians": (by_jacobians, lambda x: np.sum(slopes(x) ** 3)),
    "hessian": (by_hessian, lambda x: np.sum(stiffness(x) * V * x)),
    "hvp": (by_hvp, lambda x: np.sum(stiffness(x) * V * x)),
    "vmap of grad": (by_vmap, lambda x: np.sum(force(x) ** 2)),
    "descent in a loss": (by_descent, by_descent_by_hand),
    "jacfwd of grad": (by_two_of_them, lambda x: np.sum(stiffness(x) * x)),
}
OUTER: dict[str, Callable[[Callable[..., Any], str], Any]] = {
    "grad": lambda f, b: srcad.grad(f, backend=b)(X),
    "jvp": lambda f, b: srcad.jvp(f, (X,), (V,), backend=b)[1],
    "hvp": lambda f, b: srcad.hvp(f, (X,), (V,), backend=b)[0],
    "hessian": lambda f, b: srcad.hessian(f, backend=b)(X),
    "jacrev of grad": lambda f, b: srcad.jacrev(srcad.grad(f), backend=b)(X),
    "vmap of grad": lambda f, b: srcad.vmap(srcad.grad(f), backend=b)(np.stack([X, 2.0 * X])),
}


def compare(name: str, outer: str, backend: str) -> None:
    model, by_hand = PAIRS[name]
    expected = OUTER[outer](by_hand, "numpy")
    np.testing.assert_allclose(OUTER[outer](model, backend), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("outer", ["grad", "hvp"])
@pytest.mark.parametrize("name", PAIRS)
def test_mixes_of_modes(name: str, outer: str) -> None:
    compare(name, outer, "numpy")


@pytest.mark.parametrize("outer", ["jvp", "hessian", "jacrev of grad", "vmap of grad"])
def test_outer_modes(outer: str) -> None:
    compare("descent in a loss", outer, "numpy")


@pytest.mark.slow
@pytest.mark.parametrize("outer", OUTER)
@pytest.mark.parametrize("name", PAIRS)
def test_every_mix_of_modes(name: str, outer: str) -> None:
    compare(name, outer, "numpy")


@pytest.mark.parametrize(("name", "outer"), [("grad in a time step", "hvp"), ("jacobians", "grad")])
def test_compiled(name: str, outer: str) -> None:
    compare(name, outer, "numba")


@pytest.mark.slow
@pytest.mark.parametrize("outer", ["grad", "jvp", "hvp"])
@pytest.mark.parametrize("name", PAIRS)
def test_every_mix_compiled(name: str, outer: str) -> None:
    compare(name, outer, "numba")


def test_third_and_fourth_order() -> None:
    derivative = lambda x: np.sin(x) * x**3  # noqa: E731
    for _ in range(3):
        derivative = srcad.grad(derivative)
    x = 0.7
    third = 6.0 * np.sin(x) + 18.0 * x * np.cos(x) - 9.0 * x * x * np.sin(x) - x**3 * np.cos(x)
    assert derivative(x) == pytest.approx(third, rel=1e-13)
    fourth = 24.0 * np.cos(x) - 36.0 * x * np.sin(x) - 12.0 * x * x * np.cos(x) + x**3 * np.sin(x)
    assert srcad.grad(derivative, backend="numpy")(x) == pytest.approx(fourth, rel=1e-12)


def test_perturbations_are_not_confused() -> None:
    assert srcad.grad(lambda x: x * srcad.grad(lambda y: x + y)(1.0), backend="numpy")(3.0) == 1.0
    inner = lambda x: x * srcad.jvp(lambda y: x * y, (2.0,), (1.0,))[1]  # noqa: E731
    assert srcad.jvp(inner, (3.0,), (1.0,), backend="numpy")[1] == 6.0
