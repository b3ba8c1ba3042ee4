"""Loops that follow one another, around loops that do not: cut into stripes, or left as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from srcad import ir
from srcad.transforms import parallel, parallel_stripes
from srcad.transforms.loops_memory import Memory
from srcad.transforms.parallel_facts import Context
from srcad.types import Num
from tests.transforms.parallel_programs import X, Y
from tests.transforms.sharing import check, program

MATRIX = np.sin(np.arange(36.0)).reshape(3, 12) + 1.5
SQUARE = np.cos(np.arange(144.0)).reshape(12, 12) + 2.0
FIRST = np.array([7, 1, 3, 0, 2, 6, 5, 4, 11, 10, 9, 8])
STRIPES = "All steps of a loop"


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "WIDTH", 1)


FREE: dict[str, tuple[str, tuple[Any, ...]]] = {
    "paths": (
        """
            total = 0.0
            for t in range(y.shape[0]):
                x[:] = x * np.exp(k * y[t] - 0.5 * k * k)
                total += np.sum(x)
            return total / y.shape[0] + np.sum(np.maximum(x - 1.0, 0.0))
        """,
        (X, MATRIX, 0.3),
    ),
    "down the columns": (
        """
            n = x.shape[0]
            for i in range(1, n):
                y[i, 1:-1] = (x[i, :-2] - 0.5 * y[i - 1, 1:-1]) / (0.3 * y[i - 1, 1:-1] + 4.0)
            for i in range(n - 2, -1, -1):
                y[i, 1:-1] = 0.4 * y[i + 1, 1:-1] * y[i, 1:-1] + x[i, 2:]
            return np.sum(y * y)
        """,
        (SQUARE, np.ones((12, 12))),
    ),
    "loops that count down, and rows that have names": (
        """
            for t in range(y.shape[0]):
                row = y[t]
                for i in range(x.shape[0] - 1, -1, -1):
                    x[i] = x[i] * row[i] + np.sin(x[i])
            return np.sum(x * x)
        """,
        (X, MATRIX),
    ),
    "loops around loops": (
        """
            s = 0.0
            for t in range(y.shape[0]):
                for r in range(t + 1):
                    for i in range(x.shape[0]):
                        x[i] += 0.1 * np.cos(x[i]) * y[r, i]
                    part = 0.0
                    for i in range(x.shape[0]):
                        part += x[i]
                    s -= 0.5 * k * part - part / 3.0
            return s
        """,
        (X, MATRIX, 0.3),
    ),
    "a sum for each step": (
        """
            s = np.zeros(y.shape[0])
            for t in range(y.shape[0]):
                for i in range(x.shape[0]):
                    x[i] = x[i] * y[t, i] * k[t]
                part = 0.0
                for i in range(x.shape[0]):
                    part += x[i] * x[i]
                s[t] += 2.0 * part
            return np.sum(s * s)
        """,
        (X, MATRIX, np.array([0.3, 0.9, 0.4])),
    ),
    "a number kept for each step": (
        """
            for t in range(y.shape[0]):
                root = np.sqrt(k + t)
                x[:] = x * root + y[t]
            return np.sum(x * x)
        """,
        (X, MATRIX, 0.3),
    ),
}


# where sums are recorded, so that a sweep stays as it is
RECORDED = {"loops around loops": 0, "a sum for each step": 1, "loops that count down, and rows that have names": 1}


@pytest.mark.parametrize("name", FREE)
def test_cut_into_stripes(name: str) -> None:
    lines, args = FREE[name]
    floating = tuple(i for i, arg in enumerate(args) if np.asarray(arg).dtype == float)
    assert STRIPES in check(program(lines, args, floating), modes=())
    text = check(program(lines, args, floating))
    assert text.count(STRIPES) >= RECORDED.get(name, 2), text


BOUND: dict[str, tuple[str, tuple[Any, ...]]] = {
    "the neighbour": (
        """
            for t in range(y.shape[0]):
                for i in range(1, x.shape[0]):
                    x[i] = x[i - 1] * y[t, i]
            return np.sum(x * x)
        """,
        (X, MATRIX),
    ),
    "the neighbour in another loop": (
        """
            z = x * 1.0
            for t in range(y.shape[0]):
                for i in range(1, x.shape[0]):
                    z[i] = x[i] * y[t, i]
                for i in range(1, x.shape[0]):
                    x[i] = z[i - 1] + 0.1
            return np.sum(x * z)
        """,
        (X, MATRIX),
    ),
    "the mean": (
        """
            for t in range(y.shape[0]):
                m = np.sum(x) / x.shape[0]
                x[:] = x * y[t] - m
            return np.sum(x * x)
        """,
        (X, MATRIX),
    ),
    "what a loop has summed up": (
        """
            for t in range(y.shape[0]):
                part = 0.0
                for i in range(x.shape[0]):
                    x[i] *= y[t, i]
                    part += x[i]
                for i in range(x.shape[0]):
                    x[i] /= part
            return np.sum(x * x)
        """,
        (X, MATRIX),
    ),
    "a sum that begins at one": (
        """
            s = 0.0
            for t in range(y.shape[0]):
                part = 1.0
                for i in range(x.shape[0]):
                    x[i] *= y[t, i]
                    part += x[i]
                s += part
            return s + np.sum(x)
        """,
        (X, MATRIX),
    ),
    "the square of a sum": (
        """
            s = 0.0
            for t in range(y.shape[0]):
                x[:] = x * y[t]
                part = np.sum(x)
                s += part * part
            return s
        """,
        (X, MATRIX),
    ),
    "a sum and something": (
        """
            s = 0.0
            for t in range(y.shape[0]):
                x[:] = x * y[t]
                s += np.sum(x) + k
            return s
        """,
        (X, MATRIX, 0.4),
    ),
    "steps that are counted": (
        """
            s = 0.0
            for t in range(y.shape[0]):
                x[:] = x * y[t]
                s += k
            return np.sum(x * x) * s
        """,
        (X, MATRIX, 0.4),
    ),
    "something for each step": (
        """
            w = np.ones(2)
            for t in range(y.shape[0]):
                x[:] = x * y[t]
                w[0] += k
            return np.sum(x * x) * w[0]
        """,
        (X, MATRIX, 0.4),
    ),
    "two stretches": (
        """
            for t in range(y.shape[0]):
                for i in range(x.shape[0]):
                    x[i] = x[i] * y[t, i]
                for i in range(1, x.shape[0] - 1):
                    x[i] = x[i] + 0.1
            return np.sum(x * x)
        """,
        (X, MATRIX),
    ),
    "a stretch that its first element tells": (
        """
            for t in range(y.shape[0]):
                for i in range(0, k[0]):
                    x[i] = x[i] * y[t, i]
                    k[i] = k[i] - 2
            return np.sum(x * x)
        """,
        (X, MATRIX, FIRST),
    ),
    "new arrays": (
        """
            for t in range(y.shape[0]):
                row = np.sort(y[t])
                for i in range(x.shape[0]):
                    row[i] = row[i] * x[i]
                for i in range(x.shape[0]):
                    x[i] = x[i] * row[i - 1]
            return np.sum(x * x)
        """,
        (X, MATRIX),
    ),
    "what the last one leaves": (
        """
            for t in range(y.shape[0]):
                for i in range(x.shape[0]):
                    last = x[i] * y[t, i]
                    x[i] = last + 0.1
                for i in range(x.shape[0]):
                    x[i] = x[i] * last
            return np.sum(x * x)
        """,
        (X, MATRIX),
    ),
    "what the last one leaves, between": (
        """
            for t in range(y.shape[0]):
                for i in range(x.shape[0]):
                    last = x[i] * y[t, i]
                    x[i] = last + 0.1
                y[t, 0] = last
            return np.sum(x * x) + np.sum(y)
        """,
        (X, MATRIX),
    ),
    "copies that an index makes": (
        """
            s = 0.0
            for t in range(y.shape[0]):
                row = y[t][k]
                for i in range(x.shape[0]):
                    row[i] = row[i] * x[i]
                    x[i] = x[i] + 0.1
                for i in range(1, x.shape[0]):
                    x[i] = x[i] * row[i - 1]
            return np.sum(x * x)
        """,
        (X, MATRIX, FIRST),
    ),
    "two that change places": (
        """
            z = x * 1.0
            for t in range(y.shape[0]):
                for i in range(1, x.shape[0]):
                    z[i] = x[i - 1] * y[t, i]
                x, z = z, x
            return np.sum(x * x)
        """,
        (X, MATRIX),
    ),
    "stretches that grow": (
        """
            for t in range(y.shape[0]):
                for i in range(t):
                    x[i] = x[i] * y[t, i]
            return np.sum(x * x)
        """,
        (X, MATRIX),
    ),
    "steps that may end": (
        """
            for t in range(y.shape[0]):
                if x[0] > 2.5:
                    break
                for i in range(x.shape[0]):
                    x[i] = x[i] * y[t, i]
            return np.sum(x * x)
        """,
        (X, MATRIX),
    ),
    "a stretch that an element tells": (
        """
            for t in range(y.shape[0]):
                for i in range(0, k[t]):
                    x[i] = x[i] * y[t, i]
                k[t + 1] = 3
            return np.sum(x * x)
        """,
        (X, MATRIX, FIRST.copy()),
    ),
    "a number kept and read": (
        """
            kept = np.ones(y.shape[0] + 1)
            for t in range(y.shape[0]):
                kept[t + 1] = kept[t] * k
                for i in range(x.shape[0]):
                    x[i] = x[i] * kept[t] + y[t, i]
            return np.sum(x * x)
        """,
        (X, MATRIX, 0.7),
    ),
    "an element of another stripe": (
        """
            for t in range(y.shape[0]):
                first = x[0]
                for i in range(x.shape[0]):
                    x[i] = x[i] * y[t, i] + first
            return np.sum(x * x)
        """,
        (X, MATRIX),
    ),
}


@pytest.mark.parametrize("name", BOUND)
def test_left_as_they_are(name: str) -> None:
    lines, args = BOUND[name]
    check(program(lines, args, (0,)))
    assert STRIPES not in check(program(lines, args, (0,)), modes=())


@pytest.mark.parametrize(
    ("name", "hole"),
    [
        ("a sum that begins at one", ("_Between", "allows")),
        ("the square of a sum", ("_Between", "allows")),
        ("steps that are counted", ("_Between", "allows")),
        ("what a loop has summed up", ("", "_may_be_turned")),
        ("what the last one leaves", ("", "_may_be_turned")),
    ],
)
def test_stripes_that_were_wrong_would_be_seen(
    name: str, hole: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = getattr(parallel_stripes, hole[0]) if hole[0] else parallel_stripes
    monkeypatch.setattr(owner, hole[1], lambda *_: True)
    with pytest.raises((AssertionError, UnboundLocalError)):
        check(program(*BOUND[name], (0,)), ())


def test_each_stripe_would_have_a_new_array_of_its_own() -> None:
    kinds = {name: Num("float64", (None, None)) for name in ("x", "row")} | {"t": Num("int64", ())}
    context = Context(kinds, Memory(kinds, ()), frozenset(), frozenset(), {}, frozenset())
    loop = ir.For(ir.Name("t"), ir.call("builtins.range", ir.Const(0), ir.Const(9), ir.Const(1)), ())
    between = parallel_stripes._Between(loop, set(), set(), context)
    row = ir.Index(ir.Name("x"), (ir.Name("t"),))
    assert between.is_the_same(ir.Assign(ir.Name("row"), row))
    assert not between.is_the_same(ir.Assign(ir.Name("row"), ir.call("numpy.copy", row)))


def test_elements_and_sums_of_wide_stripes() -> None:
    """Not those of a field that is too narrow for more than one."""
    text = check(program(*FREE["paths"], (0,)))
    assert "threads.parts(min(x.shape[0] // 1, 16), " in text
    assert Y.shape == X.shape
