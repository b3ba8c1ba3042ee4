"""Inputs that would have one name in the generated function: parts of containers, attributes, globals elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import srcad
from tests import names_elsewhere


def a_part_and_an_argument(p, p_n):
    return p["n"] * 2.0 + p_n**2


def an_argument_and_a_part(p_0, p):
    return p[0] * 3.0 + p_0**2 * p[1]


def three(p, p_n, p_n_):
    return p["n"] * p_n * p_n_


def parts_of_parts(p):
    return p["a_b"] * 2.0 + p["a"]["b"] ** 2 * p["a"]["b_c"] + p["a_b_c"]


def arrays(p, p_w, p_w_):
    return np.sum(p["w"] * 2) * np.sum(p_w**2) * np.sum(np.outer(p_w_, p["w"]))


def counts(p, p_n, n):
    s = 0.0
    for i in range(p["n"]):
        s = s + p["w"][i] * p_n
    for i in range(n):
        s = s * p["w"][i]
    return s + np.sum(np.zeros(p["n"]) + p["w"][0])


def counts_of_both(p, p_n):
    return np.sum(np.ones(p["n"]) * p["w"][0] * (np.ones(p_n) * p["w"][1]))


def set_again(p, p_n):
    for _ in range(2):
        p_n = p_n * p["n"]
        p["n"] = p["n"] + p_n
    return p_n * p["n"]


def of_another_module(x, n):
    s = 0.0
    for i in range(x.shape[0]):
        s = s + x[i] ** 2
    return s + names_elsewhere.helper(x, n) + np.sum(np.ones(n) * x[0])


class Holder:
    def __init__(self, n: int, w: Any = None) -> None:
        self.n, self.w = n, w

    def ones(self, t):
        return np.ones(self.n) * t


FEW, MANY = Holder(1, 1.5), Holder(3, np.array([1.0, 2.0]))
HOLDERS = [Holder(3, 0.5), Holder(1, np.array([2.0, 1.0]))]


def attributes(x):
    return np.sum(FEW.ones(x[0]) * MANY.ones(x[1]) + MANY.ones(x[1]))


def attributes_of_arguments(x, a, b):
    return np.sum(a.ones(x[0]) * b.ones(x[1]))


def a_number_and_an_array(x):
    return np.sum(np.sin(x * FEW.w)) + np.sum(np.sin(x * MANY.w))


def parts_of_a_list(x):
    return sum(np.sum(np.sin(x * h.w)) + np.sum(h.ones(x[0])) for h in HOLDERS)


A = np.array
CASES = [
    (a_part_and_an_argument, ({"n": 1.5}, 2.5)),
    (an_argument_and_a_part, (2.5, (1.5, 3.5))),
    (three, ({"n": 1.5}, 2.5, 3.5)),
    (parts_of_parts, ({"a_b": 1.5, "a": {"b": 2.5, "b_c": 0.5}, "a_b_c": 4.0},)),
    (arrays, ({"w": A([1.0, 2.0, 3.0])}, A([1.0, 2.0]), A([4.0]))),
    (arrays, ({"w": A([1.0, 2.0])}, A([1.0, 2.0]), A([4.0, 1.0]))),
    (counts, ({"n": 3, "w": A([1.0, 2.0, 3.0])}, 1.5, 2)),
    (counts_of_both, ({"n": 3, "w": A([1.0, 2.0])}, 1)),
    (counts_of_both, ({"n": 1, "w": A([1.0, 2.0])}, 3)),
    (counts_of_both, ({"n": 2, "w": A([1.0, 2.0])}, 2)),
    (set_again, ({"n": 1.5}, 2.5)),
    (of_another_module, (A([0.5, 0.6]), 3)),
    (attributes, (A([0.5, 0.6]),)),
    (attributes_of_arguments, (A([0.5, 0.6]), Holder(3), Holder(1))),
    (attributes_of_arguments, (A([0.5, 0.6]), Holder(1), Holder(3))),
    (attributes_of_arguments, (A([0.5, 0.6]), Holder(2), Holder(2))),
    (a_number_and_an_array, (A([0.5, 0.6]),)),
    (parts_of_a_list, (A([0.5, 0.6]),)),
]


def moved(value: Any, way: Any, h: float) -> Any:
    """The argument, its floating parts moved by h along a direction of the same structure."""
    if isinstance(value, dict):
        return {key: moved(item, way[key], h) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(moved(item, step, h) for item, step in zip(value, way))
    return value + h * way if isinstance(value, (float, np.ndarray)) else value


def direction(value: Any, rng: np.random.Generator) -> Any:
    if isinstance(value, dict):
        return {key: direction(item, rng) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(direction(item, rng) for item in value)
    return rng.normal(size=np.shape(value)) if isinstance(value, (float, np.ndarray)) else 0.0


def along(gradient: Any, way: Any) -> float:
    if isinstance(way, dict):
        return sum(along(gradient[key], step) for key, step in way.items() if gradient[key] is not None)
    if isinstance(way, tuple):
        return sum(along(g, step) for g, step in zip(gradient, way) if g is not None)
    return float(np.sum(gradient * way))


def check(f: Any, args: tuple[Any, ...], backend: str) -> None:
    wanted = tuple(k for k, a in enumerate(args) if not isinstance(a, (int, Holder)))
    rng = np.random.default_rng(5)
    ways = [direction(a, rng) for a in args]
    value, gradients = srcad.value_and_grad(f, wanted, backend=backend)(*moved_all(args, ways, 0.0))
    h = 1e-6
    expected = (f(*moved_all(args, ways, h)) - f(*moved_all(args, ways, -h))) / (2 * h)
    assert value == pytest.approx(f(*moved_all(args, ways, 0.0)), rel=1e-12)
    assert sum(along(g, ways[k]) for g, k in zip(gradients, wanted)) == pytest.approx(expected, rel=1e-6)


def moved_all(args: tuple[Any, ...], ways: list[Any], h: float) -> list[Any]:
    return [a if isinstance(a, (int, Holder)) else moved(a, way, h) for a, way in zip(args, ways)]


@pytest.mark.parametrize("k", range(len(CASES)))
def test_each_has_a_variable_of_its_own(k: int) -> None:
    check(*CASES[k], "numpy")


@pytest.mark.parametrize("k", [0, 4, 8, 11, 12, 14])
def test_compiled(k: int) -> None:
    check(*CASES[k], "numba")


@pytest.mark.parametrize("k", range(4, len(CASES)))
def test_forward(k: int) -> None:
    f, args = CASES[k]
    rng = np.random.default_rng(6)
    ways = [direction(a, rng) for a in args]
    tangents = tuple(None if isinstance(a, (int, Holder)) else _whole(way, a) for a, way in zip(args, ways))
    _, tangent = srcad.jvp(f, tuple(moved_all(args, ways, 0.0)), tangents, backend="numpy")
    h = 1e-6
    expected = (f(*moved_all(args, ways, h)) - f(*moved_all(args, ways, -h))) / (2 * h)
    assert tangent == pytest.approx(expected, rel=1e-6)


def _whole(way: Any, value: Any) -> Any:
    """A tangent: None for what is no floating number."""
    if isinstance(value, dict):
        return {key: _whole(way[key], item) for key, item in value.items()}
    return None if isinstance(value, int) else way
