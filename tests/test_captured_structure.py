"""Values that decide the structure (None, strings, slices, dtypes, axes), captured or handed over."""

from __future__ import annotations

import enum
import functools
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from srcad_runtime import functional as F

import srcad

W = np.array([[1.0, 2.0, -1.0], [3.0, 5.0, 0.5]])


class Options:
    def __init__(self, **options: Any) -> None:
        vars(self).update(options)

    def summed(self, w: Any) -> Any:
        return np.sum(np.sum(w, axis=self.axis) ** 2)

    def cast(self, w: Any) -> Any:
        return np.sum(w.astype(self.dtype) ** 2)


def taken(w: Any, option: Any) -> Any:
    return np.sum(w[option] ** 2)


def summed(w: Any, option: Any) -> Any:
    return np.sum(np.sum(w, axis=option) ** 2)


def turned(w: Any, option: Any) -> Any:
    return np.sum(np.transpose(w, option)[0] ** 2)


def gelu(w: Any, option: Any) -> Any:
    return np.sum(F.gelu(w, option))


def pooled(w: Any, option: Any) -> Any:
    return np.sum(F.max_pool2d(w[None, None], 2, option) ** 2)


def zeros(w: Any, option: Any) -> Any:
    return np.sum((np.zeros(3, option) + w) ** 2)


def in_order(w: Any, option: Any) -> Any:
    return sum(w[i, 0] ** 2 for i in option)


def entry(w: Any, option: Any) -> Any:
    return np.sum(w[option["where"]] ** 2)


def by_type(w: Any, option: Any) -> Any:
    return np.sum(w**2) if option == np.float64 else np.sum(w)


def looked_up(w: Any, option: Any) -> Any:
    return np.sum(w**2) if 1 in option else np.sum(w**3)


def looked_up_inside(w: Any, option: Any) -> Any:
    return looked_up(w, option["there"][0])


def compared(w: Any, option: Any) -> Any:
    return np.sum(w**2) if option == 1 else np.sum(w**3)


def called(w: Any, option: Any) -> Any:
    return np.sum(option(w) ** 2)


def called_twice(w: Any, option: Any) -> Any:
    return np.sum(option(0.1 * w, 0.2 * w) ** 2)


class Axis(enum.IntEnum):
    ROWS, COLUMNS = 0, 1


class Color(enum.Enum):
    RED, BLUE = 1, 2


def is_red(w: Any, option: Any) -> Any:
    return np.sum(w**2) if option is Color.RED else np.sum(w**3)


class Word(str):
    pass


def is_word(w: Any, option: Any) -> Any:
    return np.sum(w**2) if option == "red" else np.sum(w**3)


def by_default(k: Any) -> Any:
    def total(w: Any, axis: Any = k, *, power: Any = k + 1) -> Any:
        return np.sum(w, axis=axis) ** power

    return total


def by_default_set(k: Any) -> Any:
    def total(w: Any, wanted: Any = frozenset([k])) -> Any:
        return looked_up(w, wanted)

    return total


def mixed(a: Any, b: Any) -> Any:
    return np.sum(np.sin(a) * b**3)


CASES = [
    (looked_up, [{0}, {1}, frozenset([1]), frozenset([2])]),
    (looked_up_inside, [{"there": ({0}, 5)}, {"there": ({1}, 5)}]),
    (compared, [Fraction(1, 2), Fraction(1), Decimal(1), Decimal(2), Axis.COLUMNS, Axis.ROWS]),
    (is_red, [Color.RED, Color.BLUE]),
    (is_word, [Word("red"), Word("blue"), "red"]),
    (summed, [np.int64(0), np.int64(1), np.int32(1), Axis.ROWS, Axis.COLUMNS]),
    (called, [by_default(0), by_default(1), by_default_set(0), by_default_set(1)]),
    (called, [functools.partial(summed, option=0), functools.partial(summed, option=1)]),
    (called, [functools.partial(np.sum, axis=0), functools.partial(np.mean, axis=1), functools.partial(np.power, 2.0)]),
    (called_twice, [srcad.grad(mixed, k, backend="numpy") for k in (0, 1)]),
    (taken, [slice(0, 1), Ellipsis, slice(1, 2), 0, slice(None, None, -1), 1]),
    (taken, [(slice(0, 1), 0), (slice(1, 2), 1), (slice(1, 2), slice(0, 2))]),
    (entry, [{"where": slice(0, 1)}, {"where": slice(1, 2)}]),
    (in_order, [range(1), range(2)]),
    (summed, [None, 0, (0, 1), (1,)]),
    (turned, [(1, 0), (0, 1)]),
    (gelu, ["tanh", "none"]),
    (pooled, [None, 1, (2, 1)]),
    (zeros, [np.dtype("float64"), np.float64, float]),
    (by_type, [np.dtype("float64"), np.dtype("float32"), np.float64, np.float32]),
]


def slope(f: Any, w: np.ndarray) -> np.ndarray:
    steps = 1e-6 * np.eye(w.size).reshape(w.size, *w.shape)
    return np.array([(f(w + step) - f(w - step)) / 2e-6 for step in steps]).reshape(w.shape)


@pytest.mark.parametrize("backend", ["numpy", pytest.param("numba", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("function", "options"), CASES, ids=lambda part: getattr(part, "__name__", ""))
def test_a_captured_option_is_read_at_each_call(function: Any, options: list[Any], backend: str) -> None:
    option: Any = None

    def by_name(w: Any) -> Any:
        return function(w, option)

    gradient = srcad.grad(by_name, backend=backend)
    for chosen in [*options, options[0]]:
        option = chosen
        np.testing.assert_allclose(gradient(W), slope(by_name, W), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("backend", ["numpy", pytest.param("numba", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("function", "options"), CASES, ids=lambda part: getattr(part, "__name__", ""))
def test_an_option_that_is_handed_over(function: Any, options: list[Any], backend: str) -> None:
    gradient = srcad.grad(function, backend=backend)
    for option in [*options, options[0]]:
        expected = slope(lambda w, option=option: function(w, option), W)
        np.testing.assert_allclose(gradient(W, option), expected, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize(("function", "options"), CASES, ids=lambda part: getattr(part, "__name__", ""))
def test_an_option_of_a_function_made_anew(function: Any, options: list[Any]) -> None:
    def made(option: Any) -> Any:
        return lambda w: function(w, option)

    for option in [*options, options[0]]:
        expected = slope(made(option), W)
        np.testing.assert_allclose(srcad.grad(made(option), backend="numpy")(W), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("axis", [np.int64(0), Axis.ROWS, Fraction(1, 2), Color.RED, {1}])
def test_an_option_that_is_an_attribute(axis: Any) -> None:
    """Of an object that a function made anew captures; the last of the options is another than those before."""

    def made(option: Any) -> Any:
        return lambda w: is_red(w, option.axis) + (taken(w, 0) if option.axis == Axis.ROWS else taken(w, 1))

    for chosen in (axis, Color.BLUE, {2}, axis):
        options = Options(axis=chosen)
        found = srcad.grad(made(options), backend="numpy")(W)
        np.testing.assert_allclose(found, slope(made(options), W), rtol=1e-6, atol=1e-6)


def test_numbers_of_own_classes_are_refused() -> None:
    class Count(int):
        pass

    with pytest.raises(TypeError, match="option is a number of the class Count: pass int"):
        srcad.grad(summed, backend="numpy")(W, Count(1))


def test_the_value_of_a_library_call_alone() -> None:
    """Not differentiated, the call stays as it is written, but for the captured name."""
    kind, nothing = "tanh", None
    value, _ = srcad.vjp(lambda w: F.gelu(w, kind), W, backend="numpy")
    np.testing.assert_array_equal(value, F.gelu(W, "tanh"))
    value, _ = srcad.vjp(lambda w: F.max_pool2d(w[None, None], 2, nothing), W, backend="numpy")
    np.testing.assert_array_equal(value, F.max_pool2d(W[None, None], 2, None))


def test_attributes_of_an_object() -> None:
    options = Options(axis=(0,), dtype=np.float64)
    for axis in ((0,), (1,), (0, 1)):
        options.axis = axis
        np.testing.assert_allclose(srcad.grad(options.summed, backend="numpy")(W), slope(options.summed, W), rtol=1e-7)
    np.testing.assert_allclose(srcad.grad(options.cast, backend="numpy")(W), 2.0 * W)


def product(p: Any, x: Any) -> Any:
    return p * x


def square(p: Any, x: Any) -> Any:
    return p * p * x


def test_functions_that_an_installed_function_was_made_of() -> None:
    """A trainer's objective is the runtime's function, and holds the user's model: another model is another program."""
    from srcad_runtime import _objective, losses

    from srcad.fingerprint import fingerprint

    p, x = np.array([3.0, 4.0]), np.array([1.0, 2.0])
    for model, expected in ((product, x * (p * x - x)), (square, 2.0 * p * x * (p * p * x - x))):
        for aux in (False, True):
            objective = _objective.objective(model, losses.mse, aux)
            _, gradient = srcad.value_and_grad(objective, has_aux=aux, backend="numpy")(p, x, x)
            np.testing.assert_allclose(gradient, expected)
    made = [_objective.objective(model, losses.mse, False) for model in (product, square)]
    assert fingerprint(made[0]) != fingerprint(made[1])
    assert fingerprint(np.vectorize(product)) != fingerprint(np.vectorize(square))


# ---- functions with numbers of their own ----


def scaled_by(k: float) -> Any:
    return lambda w: k * w


class Scale:
    def __init__(self, k: float) -> None:
        self.k = k

    def __call__(self, w: Any) -> Any:
        return self.k * w

    def method(self, w: Any) -> Any:
        return self.k * w


def times(k: Any, w: Any) -> Any:
    return k * w


def multiplied(w: Any, k: Any) -> Any:
    return k * w


MADE = {
    "closure": scaled_by,
    "partial": lambda k: functools.partial(times, k),
    "keyword": lambda k: functools.partial(multiplied, k=k),
    "object": Scale,
    "method": lambda k: Scale(k).method,
}


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_functions_of_one_text_with_other_numbers(make: Any) -> None:
    """The text is the same, so is the program; the numbers are those of the function at hand."""
    three, four = make(3.0), make(4.0)
    function = three

    def captured(w: Any) -> Any:
        return np.sum(function(w))

    def given(w: Any, f: Any) -> Any:
        return np.sum(f(w))

    by_name, by_argument = srcad.grad(captured, backend="numpy"), srcad.grad(given, backend="numpy")
    for chosen, k in ((three, 3.0), (four, 4.0), (three, 3.0), (make(5.0), 5.0), (four, 4.0)):
        function = chosen
        np.testing.assert_array_equal(by_name(W), np.full(W.shape, k))
        np.testing.assert_array_equal(by_argument(W, chosen), np.full(W.shape, k))


def test_a_cell_that_changes() -> None:
    k = 3.0

    def inner(w: Any) -> Any:
        return k * w

    gradient = srcad.grad(lambda w, f: np.sum(f(w)), backend="numpy")
    for k in (3.0, 4.0):
        np.testing.assert_array_equal(gradient(W, inner), np.full(W.shape, k))


def test_a_class_that_is_given_another_method_or_property() -> None:
    class Model:
        k = 3.0

        def method(self, w: Any) -> Any:
            return self.k * w

        @property
        def more(self) -> float:
            return self.k + 1.0

    def given(w: Any, o: Any) -> Any:
        return np.sum(o.method(w)) * o.more

    model = Model()
    by_name = srcad.grad(lambda w: np.sum(model.method(w)) * model.more, backend="numpy")
    by_argument = srcad.grad(given, backend="numpy")
    changes = ({}, {"k": 4.0}, {"method": lambda self, w: w * w}, {"more": property(lambda self: 0.5)})
    for change in changes:
        for name, value in change.items():
            setattr(Model, name, value)
        expected = slope(lambda w: given(w, model), W)
        np.testing.assert_allclose(by_name(W), expected, rtol=1e-6)
        np.testing.assert_allclose(by_argument(W, model), expected, rtol=1e-6)
        np.testing.assert_allclose(by_argument(W, Model()), expected, rtol=1e-6)
