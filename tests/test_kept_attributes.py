"""Attributes that a model sets are there in the next call, whatever the object is, and whether or not it had them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import srcad


@dataclass
class Counter:
    n: int = 0

    def method(self, x):
        self.n += 1
        return x * self.n

    def __call__(self, x):
        self.n += 2
        return x * self.n


@dataclass
class Weights:
    w: np.ndarray

    def decaying(self, x):
        self.w = self.w * 0.9
        return x * np.sum(self.w)

    def written(self, x):
        self.w *= 0.9
        return x * np.sum(self.w)


class Plain:
    n: Any = 0

    def adding(self, x):
        self.n = self.n + x
        return x * self.n

    def halves(self, x):
        self.n = self.n + 0.5
        return x * self.n

    def an_array(self, x):
        self.n = np.ones(2) * x
        return np.sum(self.n)

    def begins_late(self, x):
        if not hasattr(self, "k"):
            self.k = 2.0
        self.k += 1.0
        return x * self.k

    def may_have_it(self, x):
        return x * getattr(self, "k", 1.0)

    def is_tried(self, x):
        try:
            return x * self.k
        except AttributeError:
            return x


def first_argument(o, x):
    o.n += 1
    return x * o.n


MODELS = {
    "dataclass": (Counter, lambda o: o.method),
    "callable": (Counter, lambda o: o),
    "partial": (Counter, lambda o: functools.partial(first_argument, o)),
    "array": (lambda: Weights(np.ones(2)), lambda o: o.decaying),
    "sum": (Plain, lambda o: o.adding),
    "halves": (Plain, lambda o: o.halves),
    "other kind": (Plain, lambda o: o.an_array),
    "begins late": (Plain, lambda o: o.begins_late),
}


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("name", MODELS)
def test_they_are_kept(name, backend) -> None:
    make, choose = MODELS[name]
    own, other = make(), make()
    model = srcad.value_and_grad(choose(own), backend=backend)
    for x in (1.3, 0.7, 2.0):
        value, _ = model(x)
        assert value == pytest.approx(choose(other)(x), rel=1e-14)
    kept, wanted = vars(own), vars(other)
    assert kept.keys() == wanted.keys()
    for key in kept:
        np.testing.assert_allclose(kept[key], wanted[key], rtol=1e-14)
        assert isinstance(kept[key], np.ndarray) == isinstance(wanted[key], np.ndarray)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("name", ["may_have_it", "is_tried"])
def test_an_attribute_that_comes_and_goes(name, backend) -> None:
    o = Plain()
    model = srcad.grad(getattr(o, name), backend=backend)
    assert model(1.3) == 1.0
    o.k = 5.0
    assert model(1.3) == 5.0
    del o.k
    assert model(1.3) == 1.0


def of_a_function(x):
    return x * getattr(of_a_function, "k", 1.0)


class Shared:
    scale = 2.0

    def of_the_class(self, x):
        type(self).scale = 7.0
        return self.scale * x


def added(one: Counter, other: Counter, x):
    one.n += 1
    return other.n * x


def test_what_is_not_followed_is_refused() -> None:
    with pytest.raises(srcad.Unsupported, match="attribute scale of a class"):
        srcad.grad(Shared().of_the_class, backend="numpy")(1.0)
    counter = Counter()
    with pytest.raises(srcad.Unsupported, match="one Counter as one and as other"):
        srcad.grad(functools.partial(added, counter), argnums=1, backend="numpy")(counter, 1.0)
    with pytest.raises(srcad.Unsupported, match="outlives the call"):
        srcad.grad(Weights(np.ones(2)).written, backend="numpy")(1.0)
    with pytest.raises(srcad.Unsupported, match="attribute k of a function"):
        srcad.grad(of_a_function, backend="numpy")(1.0)
