"""loops_reductions: a matrix that is made for one product with a vector is not stored."""

from __future__ import annotations

import numpy as np
import pytest

import srcad
from srcad.transforms.loops import loops
from tests.transforms.lowered import load, outcome, primal, same, text_of

HEAD = "import numpy as np\n\n\ndef f(w, v, x, y, a):\n    return "
MADE = {
    "a multiple": "(a * w) @ x",
    "a vector first": "y @ (w + v)",
    "transposed": "(a * w).T @ y",
    "transposed, a vector first": "x @ (w - v).T",
    "transposed twice": "(w * v).T.T @ x",
    "by its name": "np.dot(w - a * v, x)",
    "matmul": "np.matmul(-(w * v), 2.0 * x)",
    "rows times a vector": "(w * x) @ x + y",
    "two sums": "(a * w) @ x + (2.0 * v) @ x",
}
LEFT = {
    "a matrix that is there": "w @ x",
    "elementary functions": "np.exp(w) @ x",
    "quotients": "(w / (2.0 + v * v)) @ x",
    "a product in it": "(w @ v.T * a) @ y",
    "another matrix": "(a * w) @ v.T",
    "integers": "(np.arange(12).reshape(3, 4) * 2) @ np.arange(4)",
}
SHAPES = [(5, 4), (1, 4), (5, 1), (0, 4), (5, 0)]


def arguments(shape: tuple[int, int] = (5, 4)) -> tuple[object, ...]:
    rng = np.random.default_rng(3)
    w, v = rng.standard_normal((2, *shape))
    return w, v, rng.standard_normal(shape[1]), rng.standard_normal(shape[0]), 0.7


def programs(value: str):
    program = primal(f"{HEAD}{value}\n", arguments())
    return program, loops(program)


@pytest.mark.parametrize("name", MADE)
def test_made(name: str) -> None:
    before, after = programs(MADE[name])
    assert "@" in text_of(before) or "np.dot" in text_of(before) or "np.matmul" in text_of(before)
    assert "np.empty((" not in text_of(after) and " @ " not in text_of(after) and "np.dot" not in text_of(after)


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    _, after = programs(LEFT[name])
    assert " @ " in text_of(after)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("value", [*MADE.values(), *LEFT.values()], ids=[*MADE, *LEFT])
def test_same_numbers(value: str, shape: tuple[int, int]) -> None:
    before, after = programs(value)
    expected, found = outcome(load(before), arguments(shape)), outcome(load(after), arguments(shape))
    assert isinstance(found, ValueError) or same(found, expected)  # an extent of 1: NumPy's text answers
    assert shape != (5, 4) or same(found, expected)


@pytest.mark.parametrize("value", MADE.values(), ids=[*MADE])
def test_lengths_that_do_not_match(value: str) -> None:
    before, after = programs(value)
    w, v, x, y, a = arguments()
    args = (w, v, x[1:], y[1:], a)
    assert isinstance(outcome(load(before), args), ValueError)
    assert isinstance(outcome(load(after), args), ValueError)


def scaled(w, v, x, y, a):
    z = (a * w + v) @ x
    return z @ y + np.sum((w - v).T @ (y * y)) + np.sum(np.sin(z) @ (a * v))


def test_a_gradient() -> None:
    args = arguments()
    directions = [np.random.default_rng(k).standard_normal(np.shape(p)) for k, p in enumerate(args)]
    f = srcad.differentiate(argnums=(0, 1, 2, 3, 4), backend="numba")(scaled)
    value, bars = f.value_and_grad(*args)
    assert value == pytest.approx(scaled(*args), rel=1e-13)
    moved = scaled(*(p + 1e-30j * d for p, d in zip(args, directions))).imag / 1e-30
    assert sum(np.sum(b * d) for b, d in zip(bars, directions)) == pytest.approx(moved, rel=1e-11)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("np.max(w * v)", "= extremes.larger("),
        ("np.min(w, axis=1) * y", "= extremes.smaller("),
        ("np.max((w * 10.0).astype(int))", "if v_ > "),
        ("np.max(w, axis=0) * x", " > t["),
    ],
)
def test_extremes_are_one_operation_where_numbers_collect_them(value: str, text: str) -> None:
    before, after = programs(value)
    assert text in text_of(after) and "np.max" not in text_of(after) and "np.min" not in text_of(after)
    assert same(outcome(load(after), arguments()), outcome(load(before), arguments()))
