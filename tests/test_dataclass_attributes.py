"""Attributes of dataclasses that are no fields: set by `__post_init__`, later, or in a subclass."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import srcad


@dataclass
class Bare:
    n: float = 1.0

    def called(self, x):
        return self.fn(x) * self.n  # type: ignore[attr-defined]


@dataclass
class Prepared:
    n: float = 1.0

    def __post_init__(self) -> None:
        self.k: Any = 2.0 * self.n
        self.act: Any = np.sin
        self.weights = np.array([1.0, 2.0])
        self.mode = "a"
        self.items = [self.n, 3.0]

    def f(self, x):
        y = self.k * x + np.sum(self.weights * self.act(x))
        return y + self.items[0] * (1.0 if self.mode == "a" else x)


class Sub(Prepared):
    def __init__(self) -> None:
        super().__init__(2.0)
        self.extra = 1.5

    def g(self, x):
        return self.f(x) * self.extra


@dataclass(frozen=True)
class Frozen:
    n: float = 2.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", self.n**2)

    def f(self, x):
        return self.k * x * self.n  # type: ignore[attr-defined]


@dataclass
class Circle:
    n: float = 1.0

    def __post_init__(self) -> None:
        self.me, self.q = self, 3.0

    def f(self, x):
        return self.q * x * self.n


@dataclass
class Partly:
    a: float = 1.0
    b: float = field(default=2.0, compare=False)


prepared, sub, frozen, circle, bare = Prepared(3.0), Sub(), Frozen(), Circle(), Bare()


def of_a_global(x):
    return prepared.f(x) + sub.g(x)


def of_others(x):
    return frozen.f(x) + circle.f(x)


def asked_for(x):
    return x * x if hasattr(bare, "more") else x


def check(derivative: Callable[..., Any], f: Callable[[float], Any], x: float = 1.3) -> None:
    value, gradient = derivative(x)
    assert value == pytest.approx(f(x), rel=1e-12)
    assert gradient == pytest.approx((f(x + 1e-6) - f(x - 1e-6)) / 2e-6, rel=1e-6)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_they_are_read_at_every_call(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    models = (of_a_global, of_others, asked_for)
    old = [srcad.value_and_grad(f, backend=backend) for f in models]
    changes: list[dict[str, tuple[Any, Any]]] = [
        {},
        {"k": (prepared, 7.0), "extra": (sub, 2.5), "q": (circle, 5.0)},
        {"act": (prepared, np.cos), "weights": (sub, np.array([3.0]))},
        {"items": (prepared, [2.0, 1.0, 4.0]), "mode": (sub, "b")},
        {"weights": (prepared, 1.5)},
    ]
    for change in changes:
        for name, (owner, value) in change.items():
            monkeypatch.setattr(owner, name, value)
        for derivative, f in zip(old, models):
            for _ in range(3):
                check(derivative, f)
            check(srcad.value_and_grad(f, backend=backend), f)
    object.__setattr__(frozen, "k", 9.0)
    bare.more = 1.0  # type: ignore[attr-defined]
    for derivative, f in zip(old, models):
        check(derivative, f)
    del bare.more  # type: ignore[attr-defined]
    check(old[2], asked_for)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_methods_of_instances(backend: str) -> None:
    for act in (np.sin, np.cos):
        own = Bare(2.0)
        own.fn = act  # type: ignore[attr-defined]
        check(srcad.value_and_grad(own.called, backend=backend), own.called)
        own.fn = np.tanh  # type: ignore[attr-defined]
        check(srcad.value_and_grad(own.called, backend=backend), own.called)
    for bound in (Prepared(2.0).f, Sub().g, Frozen().f, Circle().f):
        check(srcad.value_and_grad(bound, backend=backend), bound)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_given_and_made(backend: str) -> None:
    def given(p, x):
        return p.f(x) * p.n

    check(lambda x: srcad.value_and_grad(given, 1, backend=backend)(prepared, x), lambda x: given(prepared, x))
    gradient = srcad.grad(given, 0, backend=backend)(Prepared(3.0), 1.3)
    assert gradient.n == pytest.approx(given(Prepared(3.0), 1.3) / 3.0)  # what was made of n counts by itself
    assert gradient.k == pytest.approx(1.3 * 3.0)

    def made(x):
        p = Prepared(x)
        q = dataclasses.replace(p, n=3 * x)
        return p.f(x) + q.k * x

    check(srcad.value_and_grad(made, backend=backend), made)


def test_replaced_ones_are_made_anew() -> None:
    def replaced(x):
        return dataclasses.replace(prepared, n=3 * x).k * x

    check(srcad.value_and_grad(replaced, backend="numpy"), replaced)


def test_fields_that_do_not_count_in_comparisons() -> None:
    def compared(x):
        return x * x if Partly(1.0, x) == Partly(1.0, 3 * x) else x

    check(srcad.value_and_grad(compared, backend="numpy"), compared)
