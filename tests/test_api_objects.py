"""What derived and decorated callables are as objects: copied, pickled, shared by threads, looked up on classes."""

from __future__ import annotations

import copy
import functools
import pickle
import threading
from typing import Any

import numpy as np
import pytest

import srcad
from srcad import differentiate

X = np.linspace(0.1, 0.9, 5)
LIST, TABLE, OPTION, RATE = [1.0, 2.0], {"rate": 2.0, "name": "a"}, None, 2.0


@differentiate(backend="numpy")
def squares(a: Any) -> Any:
    return (a**2).sum()


def plain(a: Any) -> Any:
    return (a**2).sum()


class Model:
    def __init__(self) -> None:
        self.k = 2.0

    @differentiate(backend="numpy")
    def bound(self, a: Any) -> Any:
        return self.k * a * a

    @staticmethod
    @differentiate(backend="numpy")
    def inner_static(a: Any) -> Any:
        return a * a

    @differentiate(backend="numpy")
    @staticmethod
    def outer_static(a: Any) -> Any:
        return a * a

    @classmethod
    @differentiate(backend="numpy")
    def of_the_class(cls, a: Any) -> Any:
        return a * a


def test_copies_and_pickles_are_the_same_derivative() -> None:
    derived = srcad.grad(plain, backend="numpy")
    for again in (pickle.loads(pickle.dumps(derived)), copy.copy(derived), copy.deepcopy(derived)):
        np.testing.assert_array_equal(again(X), 2 * X)
    for same in (pickle.loads(pickle.dumps(squares)), copy.copy(squares), copy.deepcopy(squares)):
        np.testing.assert_array_equal(same.grad(X), 2 * X)
    with pytest.raises(srcad.Unsupported) as caught:
        srcad.grad(lambda a: eval("a"), backend="numpy")(1.0)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_methods_of_every_kind_are_decorated() -> None:
    model = Model()
    assert (model.bound(3.0), model.bound.grad(3.0)) == (18.0, 12.0)
    model.k = 3.0
    assert model.bound.value_and_grad(3.0) == (27.0, 18.0)
    assert Model.inner_static.grad(3.0) == Model.outer_static.grad(3.0) == model.of_the_class.grad(3.0) == 6.0
    assert "def bound_grad" in model.bound.source


def test_partials_nest() -> None:
    f = functools.partial(functools.partial(lambda a, b, c: a * b * c * c, 3.0), 2.0)
    assert srcad.grad(f, backend="numpy")(2.0) == 24.0
    assert srcad.grad(functools.partial(lambda a, b: a * a * b, b=3.0), backend="numpy")(2.0) == 12.0


def captures(a: Any) -> Any:
    start = LIST[0] if TABLE["name"] == "a" else 0.0
    return RATE * TABLE["rate"] * (a * a).sum() + start * a.sum() * (1.0 if OPTION is None else OPTION) + len(LIST)


def test_captured_values_may_change_their_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    def right() -> None:
        start = (LIST[0] if TABLE["name"] == "a" else 0.0) * (1.0 if OPTION is None else OPTION)
        np.testing.assert_allclose(gradient(X), 2.0 * RATE * TABLE["rate"] * X + start, rtol=1e-15)

    gradient = srcad.grad(captures, backend="numpy")
    right()
    for name, value in (("RATE", 3.0), ("RATE", 3), ("OPTION", 2.0), ("OPTION", None), ("LIST", [4.0, 1.0, 2.0])):
        monkeypatch.setitem(globals(), name, value)
        right()
    monkeypatch.setitem(TABLE, "rate", 7.0)
    right()
    monkeypatch.setitem(TABLE, "name", "b")
    right()


def test_threads_share_the_kernels() -> None:
    errors: list[BaseException] = []

    def work(first: int) -> None:
        try:
            for k in range(first, first + 8):
                found = srcad.grad(lambda a, k: np.sum(np.sin(a) * k), backend="numpy")(X, float(k))
                np.testing.assert_allclose(found, np.cos(X) * k, rtol=1e-14)
                power = k % 2 + 2
                found = srcad.jvp(lambda a, p=power: (a**p).sum(), (X,), (X,), backend="numpy")[1]
                np.testing.assert_allclose(found, power * (X**power).sum(), rtol=1e-14)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors[0]


def test_a_failed_check_shows_plain_numbers_and_the_generated_line() -> None:
    def doubled(v: Any) -> Any:
        return v * 2.0

    @srcad.elementwise(doubled)
    def wrong(v: Any) -> Any:
        return 3.0

    with pytest.raises(AssertionError) as caught:
        srcad.check_grads(lambda a: (a * doubled(a)).sum(), (X,), backend="numpy")
    message = str(caught.value)
    assert "with respect to a[0] is" in message and "np.float64" not in message
    assert "out_dot = " in message.splitlines()[1]


def test_modes_and_backends_that_do_not_exist() -> None:
    with pytest.raises(ValueError, match="choose one of auto, numpy, numba, cupy"):
        srcad.grad(plain, backend="jax")(X)
    with pytest.raises(ValueError, match="choose one of"):
        differentiate(backend="jax")
    with pytest.raises(ValueError, match='choose "reverse" or "forward"'):
        differentiate(mode="both")
    with pytest.raises(TypeError, match="argnames"):
        srcad.grad(plain, argnames="a")  # type: ignore[call-arg]
