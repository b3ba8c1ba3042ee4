"""What a model reads of objects, classes, modules and containers may change between two calls: each change is noticed.

After every change the derivative that was called before and a new one are compared with differences. An answer may be
refused; it may not be that of yesterday's model.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcad

X, V = np.array([0.3, 0.7]), np.array([0.4, -1.2])


class Unit:
    factor = 2.0
    shape = staticmethod(np.sin)

    def __init__(self) -> None:
        self.w, self.n, self.flag, self.name = np.array([0.5, 0.25]), 2, True, "a"
        self.act: Any = np.sin
        self.items: list[Any] = [1.0, 2.0]
        self.table = {"k": 1.0}
        self.chain: list[Any] = [np.sin, np.cos]
        self.below: Any = None
        self.scale: Any = None

    def __call__(self, x):
        return np.sum(self.act(x * self.w)) * self.n

    def plain(self, x):
        return np.sum(self.act(x)) + np.sum(self.shape(x)) * self.factor

    @staticmethod
    def fixed(x):
        return np.sum(np.tanh(x))

    @classmethod
    def of_class(cls, x):
        return np.sum(np.cos(x)) * cls.factor

    @property
    def double(self):
        return self.n * 1.5

    def run(self, x):
        y = x * 1.0
        for k in range(self.n):
            y = y * x + k
        if self.flag:
            y = np.sin(y)
        if self.name == "a":
            y = y * 2.0
        for v in self.items:
            y = y + v * x
        for key, v in self.table.items():
            y = y * v + len(key)
        for f in self.chain:
            y = f(y)
        if self.below is not None:
            y = y + self.below.run(x)
        return np.sum(y if self.scale is None else y * self.scale) * self.double


class Derived(Unit):
    def plain(self, x):
        return super().plain(x) + np.sum(x)


one, derived = Unit(), Derived()
listed: list[Any] = [Unit(), Derived()]
named: dict[str, Any] = {"a": Unit(), "l": [Unit()]}
space = types.SimpleNamespace(act=np.sin, n=2, unit=Unit(), below=types.SimpleNamespace(act=np.cos))
module = types.ModuleType("changed_objects_elsewhere")
module.__dict__.update(C=2.0, f=np.sin, unit=Unit())
sys.modules[module.__name__] = module
mode, count, function = "sin", 2, np.sin


def globals_and_objects(x):
    y = np.sin(x) if mode == "sin" else np.cos(x)
    for _ in range(count):
        y = function(y) * x
    return np.sum(y) + one.run(x) + one(x) + derived.plain(x) + derived.fixed(x) + Derived.of_class(x)


def parts(x):
    return sum(u(x) + u.plain(x) for u in listed) + named["a"].run(x) + named["l"][0].plain(x) + named["a"].fixed(x)


def spaces(x):
    inner = np.sum(space.below.act(x)) + np.sum(module.f(x)) * module.C
    return np.sum(space.act(x)) * space.n + space.unit(x) + inner + module.unit.plain(x)


def given(x, u, us, s):
    return u.run(x) + u(x) + us[0].plain(x) * us[1]["k"].n + us[1]["k"].fixed(x) + np.sum(s.act(x)) + s.unit(x)


def nothing(*_: Any) -> None:
    pass


GIVEN = (Unit(), [Unit(), {"k": Unit()}], types.SimpleNamespace(act=np.cos, unit=Unit()))
MODELS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (globals_and_objects, ()),
    (parts, ()),
    (spaces, ()),
    (given, GIVEN),
]
UNITS = [one, derived, *listed, named["a"], named["l"][0], space.unit, module.unit]
UNITS += [GIVEN[0], GIVEN[1][0], GIVEN[1][1]["k"], GIVEN[2].unit]


def each(change: Callable[[Any], Any]) -> Callable[[], None]:
    def run() -> None:
        for unit in UNITS:
            change(unit)

    return run


def setting(**values: Any) -> Callable[[], None]:
    return each(lambda unit: unit.__dict__.update(values))


def of(owner: Any, name: str, value: Any) -> Callable[[], None]:
    return lambda: setattr(owner, name, value)


def of_globals(**values: Any) -> Callable[[], None]:
    return lambda: globals().update(values)


CHANGES: list[tuple[str, Callable[[], Any]]] = [
    ("nothing", nothing),
    ("an array in place", each(lambda unit: unit.w.__setitem__(0, 2.0))),
    ("another array", setting(w=np.array([1.0, -1.0]))),
    ("an array of integers", setting(w=np.array([2, 1]))),
    ("a number instead", setting(w=1.5)),
    ("an array of one", setting(w=np.array([2.0]))),
    ("an integer", setting(n=3)),
    ("a truth value", setting(flag=False)),
    ("a text", setting(name="b")),
    ("an item", each(lambda unit: unit.items.__setitem__(0, 9.0))),
    ("a longer list", each(lambda unit: unit.items.append(0.5))),
    ("another list", setting(items=[])),
    ("an entry", each(lambda unit: unit.table.update(key=0.5))),
    ("an entry less", each(lambda unit: unit.table.pop("k"))),
    ("a function of NumPy's", setting(act=np.tanh)),
    ("a function of the user's", setting(act=lambda x: x * x)),
    ("another one", setting(act=lambda x: x * x * x)),
    ("a function in a list", each(lambda unit: unit.chain.__setitem__(1, np.tanh))),
    ("one more", each(lambda unit: unit.chain.append(np.sin))),
    ("an object below", setting(below=Unit())),
    ("no object below", setting(below=None)),
    ("a scale", setting(scale=2.0)),
    ("a scale that is an array", setting(scale=np.array([1.0, 3.0]))),
    ("a method of the object's own", each(lambda unit: setattr(unit, "fixed", np.sum))),
    ("not any more", each(lambda unit: delattr(unit, "fixed"))),
    ("a space's function", lambda: [of(s, "act", np.exp)() for s in (space, space.below, GIVEN[2])]),
    ("a space's own function", lambda: [of(s, "act", lambda x: x**4)() for s in (space, space.below, GIVEN[2])]),
    ("a space's number", of(space, "n", 5)),
    ("a space's object", of(space, "unit", Unit())),
    ("a module's number", of(module, "C", 5.0)),
    ("a module's function", of(module, "f", np.cosh)),
    ("a module's object", of(module, "unit", Derived())),
    ("an object in a list", lambda: listed.__setitem__(0, Unit())),
    ("an object of another class in a list", lambda: listed.__setitem__(0, Derived())),
    ("a longer list of objects", lambda: listed.append(Unit())),
    ("an object in a dict", lambda: named.update(a=Derived())),
    ("a given list", lambda: GIVEN[1].__setitem__(0, Derived())),
    ("a global text", of_globals(mode="cos")),
    ("a global integer", of_globals(count=3)),
    ("a global function", of_globals(function=np.exp)),
    ("a class's number", of(Unit, "factor", 7.0)),
    ("a number of the class derived", of(Derived, "factor", 3.0)),
    ("a class's static function", of(Unit, "shape", staticmethod(np.exp))),
    ("a class's own static function", of(Unit, "shape", staticmethod(lambda x: x**3))),
    ("a static method", of(Unit, "fixed", staticmethod(lambda x: np.sum(x**4)))),
    ("a class method", of(Unit, "of_class", classmethod(lambda cls, x: np.sum(x**5)))),
    ("a property", of(Unit, "double", property(lambda self: 7.0))),
    ("a method", of(Unit, "plain", lambda self, x: np.sum(x**2) * self.n)),
    ("a call", of(Unit, "__call__", lambda self, x: np.sum(x**3) * self.n)),
    ("a method of the class derived", of(Derived, "fixed", staticmethod(lambda x: np.sum(x)))),
    ("another class", each(lambda unit: setattr(unit, "__class__", Derived))),
]


def by_differences(f: Callable[..., Any], x: np.ndarray, *args: Any) -> np.ndarray:
    h = 1e-6
    return np.array([(f(x + h * e, *args) - f(x - h * e, *args)) / (2 * h) for e in np.eye(2)])


def _gradient(f: Callable[..., Any], backend: str) -> Callable[..., Any]:
    return srcad.grad(f, backend=backend)


def _tangent(f: Callable[..., Any], backend: str) -> Callable[..., Any]:
    return lambda x, *args: srcad.jvp(f, (x, *args), (V, *(None for _ in args)), backend=backend)[1]


def _pulled(f: Callable[..., Any], backend: str) -> Callable[..., Any]:
    return lambda x, *args: srcad.vjp(f, x, *args, backend=backend)[1](1.0)[0]


def _value(f: Callable[..., Any], backend: str) -> Callable[..., Any]:
    derived = srcad.value_and_grad(f, backend=backend)
    return lambda x, *args: derived(x, *args)[0]


KINDS = {
    "grad": (_gradient, by_differences),
    "jvp": (_tangent, lambda f, x, *args: by_differences(f, x, *args) @ V),
    "vjp": (_pulled, by_differences),
    "value": (_value, lambda f, x, *args: f(x, *args)),
}


@pytest.fixture
def restored():
    """The changes are undone afterwards."""
    classes = [
        (cls, {k: v for k, v in vars(cls).items() if k[:2] != "__" or k == "__call__"}) for cls in (Unit, Derived)
    ]
    objects = [(unit, type(unit), dict(vars(unit)), unit.w.copy()) for unit in UNITS]
    others = [(s, dict(vars(s))) for s in (space, space.below, GIVEN[2], module)]
    kept = list(listed), dict(named), list(GIVEN[1]), (mode, count, function)
    for unit in UNITS:
        unit.items, unit.table, unit.chain = list(unit.items), dict(unit.table), list(unit.chain)
    yield
    for cls, members in classes:
        for name in [k for k in vars(cls) if k[:2] != "__" and k not in members]:
            delattr(cls, name)
        for name, member in members.items():
            setattr(cls, name, member)
    for unit, cls, attributes, w in objects:
        unit.__class__ = cls
        unit.__dict__.clear()
        unit.__dict__.update(attributes, w=w)
    for owner, attributes in others:
        owner.__dict__.update(attributes)
    listed[:], GIVEN[1][:] = kept[0], kept[2]
    named.update(kept[1])
    globals().update(zip(("mode", "count", "function"), kept[3]))


def wrong_after(changes: list[tuple[str, Callable[[], Any]]], kind: str, backend: str) -> list[str]:
    """What is wrong after which change, in a derivative that was there before or a new one."""
    make, expected = KINDS[kind]
    before = [make(f, backend) for f, _ in MODELS]
    found = []
    for name, change in changes:
        change()
        for old, (f, args) in zip(before, MODELS):
            right = expected(f, X, *args)
            for derivative in (old, old, old, make(f, backend)):
                try:
                    got = derivative(X, *args)
                except srcad.Unsupported as error:
                    found.append(f"{name}: {f.__name__} is refused: {error}")
                    break
                if not np.allclose(got, right, rtol=1e-5, atol=1e-6):
                    found.append(f"{name}: {f.__name__} is {got} instead of {right}")
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_change_is_noticed(kind: str, restored: None) -> None:
    assert wrong_after(CHANGES, kind, "numpy") == []


@pytest.mark.slow
def test_every_change_is_noticed_compiled(restored: None) -> None:
    assert wrong_after(CHANGES, "grad", "numba") == []


def test_some_changes_compiled(restored: None) -> None:
    some = {"nothing", "a function of NumPy's", "a space's function", "an object in a list", "a call"}
    assert wrong_after([c for c in CHANGES if c[0] in some], "grad", "numba") == []


def test_an_object_that_is_differentiated_itself(restored: None) -> None:
    old = srcad.grad(one, backend="numpy")
    for change in (nothing, of(one, "act", np.cos), of(Unit, "__call__", lambda self, x: np.sum(x**3) * self.n)):
        change()
        for gradient in (old, old, old, srcad.grad(one, backend="numpy")):
            np.testing.assert_allclose(gradient(X), by_differences(one, X), rtol=1e-6)


def test_keywords_of_a_partial(restored: None) -> None:
    part = functools.partial(lambda x, w=3.0, act=np.tanh: np.sum(act(x * x)) * w, w=2.0, act=np.sin)

    def model(x):
        return part(x) + np.sum(x)

    old, itself = srcad.grad(model, backend="numpy"), srcad.grad(part, backend="numpy")
    for change in (
        nothing,
        lambda: part.keywords.update(w=5.0),
        lambda: part.keywords.update(act=np.cos),
        lambda: part.keywords.pop("w"),
        lambda: part.keywords.clear(),
        lambda: part.keywords.update(w=7.0),
    ):
        change()
        for gradient in (old, old, old, srcad.grad(model, backend="numpy")):
            np.testing.assert_allclose(gradient(X), by_differences(model, X), rtol=1e-6)
            np.testing.assert_allclose(itself(X), by_differences(part, X), rtol=1e-6)


def test_attributes_below_parts_cannot_be_set(restored: None) -> None:
    def counting(x):
        listed[0].n += 1
        return listed[0](x)

    def writing(x):
        named["a"].w[0] = 1.0
        return named["a"](x)

    for f in (counting, writing):
        with pytest.raises(srcad.Unsupported, match="assignment|in-place write|change of the global"):
            srcad.grad(f, backend="numpy")(X)
