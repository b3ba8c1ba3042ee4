"""Methods of every kind, by way of an instance, a class and `super`; attributes of a class are read at each call.

Everything is compared with central differences of the function itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import srcad


class Base:
    rate = 2.0

    def __init__(self) -> None:
        self.scale = 3.0

    def loss(self, a: Any) -> Any:
        return self.scale * a * a + self.rate * a

    @property
    def doubled(self) -> float:
        return self.scale * 2

    @staticmethod
    def seventh(a: Any) -> Any:
        return a * a * 7.0

    @classmethod
    def rated(cls, a: Any) -> Any:
        return cls.rate * a * cls.seventh(a)


class Derived(Base):
    rate = 5.0

    def loss(self, a: Any) -> Any:
        return super().loss(a) * a + super(Derived, self).loss(a) + self.seventh(a) + self.rated(a)  # noqa: UP008

    def through_property(self, a: Any) -> Any:
        return self.doubled * a * super().doubled

    def through_type(self, a: Any) -> Any:
        return type(self).rate * a + self.__class__.seventh(a)

    def makes_another(self, a: Any) -> Any:
        other = type(self)()
        other.scale = a
        return other.loss(a)

    @classmethod
    def rated(cls, a: Any) -> Any:
        return super().rated(a) * a


def of_a_class(a: Any, cls: Any) -> Any:
    return cls.rate * a


CASES = {
    "inherited class method": (lambda o: type(o).rated, ()),
    "class method of an instance": (lambda o: o.rated, ()),
    "static method": (lambda o: o.seventh, ()),
    "super": (lambda o: o.loss, ()),
    "property": (lambda o: o.through_property, ()),
    "class of the instance": (lambda o: o.through_type, ()),
    "another instance": (lambda o: o.makes_another, ()),
    "a class as argument": (lambda o: of_a_class, (Derived,)),
}


def difference(f: Callable[..., Any], a: float, *rest: Any) -> float:
    return (f(a + 1e-4, *rest) - f(a - 1e-4, *rest)) / 2e-4


@pytest.mark.parametrize("case", CASES)
def test_methods(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find, rest = CASES[case]
    owner = Derived()
    f = find(owner)
    gradient = srcad.grad(f, backend="numpy")
    assert gradient(2.0, *rest) == pytest.approx(difference(f, 2.0, *rest), rel=1e-6)
    monkeypatch.setattr(Derived, "rate", 11.0)
    owner.scale = 4.0
    assert gradient(2.0, *rest) == pytest.approx(difference(f, 2.0, *rest), rel=1e-6)


def test_compiled() -> None:
    owner = Derived()
    assert srcad.grad(owner.loss, backend="numba")(2.0) == pytest.approx(difference(owner.loss, 2.0), rel=1e-6)


def test_a_super_that_has_no_class_is_refused() -> None:
    def outside(a: Any) -> Any:
        return super().loss(a)  # type: ignore[misc]

    with pytest.raises(srcad.Unsupported, match="super"):
        srcad.grad(outside, backend="numpy")(2.0)


class Scaled:
    factor = 2.0

    @srcad.differentiate(backend="numpy")
    def square(self, x):
        return self.factor * x * x

    @classmethod
    @srcad.differentiate(backend="numpy")
    def of_class(cls, x):
        return cls.factor * x * x

    @srcad.differentiate(backend="numpy")
    @classmethod
    def around(cls, x):
        return cls.factor * x * x

    @staticmethod
    @srcad.differentiate(backend="numpy")
    def alone(x):
        return 2.0 * x * x


@pytest.mark.parametrize("name", ["square", "of_class", "around", "alone"])
def test_decorated_methods_are_functions_for_all_that_takes_one(name: str) -> None:
    model = Scaled()
    for _ in range(3):
        f = getattr(model, name)
        assert srcad.grad(f, backend="numpy")(3.0) == f.grad(3.0) == 12.0
        assert srcad.jvp(f, (3.0,), (1.0,), backend="numpy") == (18.0, 12.0)
        assert srcad.vjp(f, 3.0, backend="numpy")[1](1.0) == (12.0,)
        assert srcad.hvp(f, (3.0,), (1.0,), backend="numpy") == (4.0,)
    srcad.check_grads(f, (3.0,))
    if name == "square":
        model.factor = 5.0
        assert srcad.grad(model.square, backend="numpy")(3.0) == 30.0
        assert srcad.jvp(Scaled().square, (3.0,), (1.0,), backend="numpy") == (18.0, 12.0)
