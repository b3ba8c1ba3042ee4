"""copies: what inlined functions hand on keeps one name."""

import numpy as np
import pytest

import srcad
from srcad import ir
from srcad.pipeline import Input
from srcad.program import Program
from srcad.transforms.copies import copies
from srcad.types import FLOAT, Seq


def mean(e):
    return np.mean(e)


def scaled(x):
    squares = x * x
    loss = mean(squares)
    return 3.0 * loss * squares[0]


def handed_on_and_read_again(x):
    first = np.sin(x)
    second = first
    third = mean(second)
    return third * first[0] * second[1]


def lines(f, *args):
    return [line.strip() for line in srcad.differentiate(f, backend="numpy").source_for(*args).splitlines()]


def test_the_caller_names_what_a_function_returns():
    text = lines(scaled, np.ones(3))
    assert "loss = np.mean(squares)" in text
    assert not [line for line in text if line.startswith("out = loss") or line == "loss = out"]


def test_names_that_are_read_elsewhere_stay():
    x = np.array([0.3, -1.2, 0.7])
    value, gradient = srcad.value_and_grad(handed_on_and_read_again, backend="numpy")(x)
    assert value == handed_on_and_read_again(x)
    moved = [handed_on_and_read_again(x + 1e-20j * e).imag / 1e-20 for e in np.eye(3)]
    np.testing.assert_allclose(gradient, moved, rtol=1e-13)


# ---- the pass by itself ----

HERE, ELSEWHERE = (ir.Loc(ir.Source(file, ""), 1, 0, 1, 1) for file in ("model.py", "other.py"))
A, B, X = (ir.Name(name) for name in "abx")
COMPUTED = ir.Binary("*", X, X)


def joined(*body, result=B, inputs=("x",), types=None, **facts):
    given = tuple(Input("param", (name,), name) for name in inputs)
    made = copies(Program("f", given, body, (result,), types or {}, FLOAT, loc=HERE, **facts))
    return made.body, made.results[0]


def named(first=A, at=None):
    return ir.Assign(first, COMPUTED, loc=at), ir.Assign(B, first, loc=at)


def test_the_second_name_stays():
    assert joined(*named()) == ((ir.Assign(B, COMPUTED),), B)
    assert joined(*named(at=HERE)) == ((ir.Assign(B, COMPUTED),), B)


def test_the_name_from_the_file_of_the_function_stays():
    first, second = ir.Assign(A, COMPUTED, loc=HERE), ir.Assign(B, A, loc=ELSEWHERE)
    assert joined(first, second) == ((first,), A)


@pytest.mark.parametrize(
    "inputs, facts",
    [("xa", {}), ("x", {"unstable": frozenset("a")}), ("x", {"parts": frozenset("a")}), ("x", {"flat": {"a": "x"}})],
    ids=["input", "unstable", "part", "flat"],
)
def test_names_with_a_meaning_stay(inputs, facts):
    assert joined(*named(), inputs=tuple(inputs), **facts) == (named(), B)


def test_names_of_lists_that_are_pushed_to_stay():
    body = (*named(), ir.Push("a", X))
    assert joined(*body) == (body, B)


LISTS = {"a": Seq(FLOAT), "b": Seq(FLOAT)}
EMPTY, AGAIN = ir.Assign(A, ir.List(())), ir.Assign(B, A)


def test_a_list_that_goes_on_under_another_name_keeps_the_first():
    body, result = joined(EMPTY, ir.Push("a", X), AGAIN, ir.Push("b", X), types=LISTS)
    assert body == (EMPTY, ir.Push("a", X), ir.Push("a", X)) and result == A


@pytest.mark.parametrize(
    "body",
    [
        (EMPTY, AGAIN, ir.Push("b", X), ir.Push("a", X)),
        (ir.Assign(B, ir.List(())), ir.Push("b", X), EMPTY, ir.Push("a", X), AGAIN, ir.Push("b", X)),
        (EMPTY, ir.Push("a", X), AGAIN, ir.Assign(B, ir.List((X,)))),
    ],
    ids=["the first lives", "another list before", "set again"],
)
def test_lists_of_two_lives_keep_two_names(body):
    assert joined(*body, types=LISTS) == (body, B)
