"""Copies within one array: what is not refused, NumPy does as if it copied first; and not too much is refused."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from srcad import ir
from srcad.dims import Dim
from srcad.transforms import overtaken
from srcad.types import Num

N = 8
BOUNDS = ("", "0", "1", "2", "3", "5", "-1", "-3")
STEPS = ("", "2", "3", "-1", "-2")
KNOWN = {"x": Num("float64", (Dim(N),)), "a": Num("float64", (Dim(4), Dim(4)))}


def place(text: str) -> ir.Index:
    """``x[1:, 0]`` as it comes out of the parser."""
    node = ast.parse(text, mode="eval").body
    assert isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name)
    items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return ir.Index(ir.Name(node.value.id), tuple(map(_item, items)))


def _item(node: ast.expr) -> ir.Expr:
    if isinstance(node, ast.Slice):
        lower, upper, step = (None if e is None else _item(e) for e in (node.lower, node.upper, node.step))
        return ir.Slice(lower, upper, step)
    if isinstance(node, ast.UnaryOp):
        return ir.Const(-ast.literal_eval(node.operand))
    return ir.Const(ast.literal_eval(node))


def is_as_if_copied(written: str, read: str) -> bool | None:
    """None where the parts are of different sizes."""
    name = written[0]
    first = np.arange(float(N)) if name == "x" else np.arange(16.0).reshape(4, 4)
    one, other = first.copy(), first.copy()
    try:
        exec(f"{written} = {read}", {"x": one, "a": one})
        exec(f"{written} = {read}.copy()", {"x": other, "a": other})
    except ValueError:
        return None
    return np.array_equal(one, other)


def slices() -> list[str]:
    return [f"{first}:{last}:{step}" for first, last, step in itertools.product(BOUNDS, ("", "4", "6", "-1"), STEPS)]


def lines() -> Iterator[str]:
    for k, cut in itertools.product((0, 1, 3, -1), ("", "1:", ":2", "1:3", "::-1")):
        yield f"a[{k}, {cut or ':'}]"
        yield f"a[{cut or ':'}, {k}]"


def pairs(name: str) -> list[tuple[str, str]]:
    if name == "a":
        return [(one, other) for one in lines() for other in lines()]
    return [(f"x[{one}]", f"x[{other}]") for one, other in itertools.product(slices(), repeat=2)][::7]


@pytest.mark.parametrize("name", ["x", "a"])
def test_what_is_not_refused_is_as_if_copied_first(name: str) -> None:
    seen = allowed = 0
    for written, read in pairs(name):
        right = is_as_if_copied(written, read)
        if right is None:
            continue
        seen += 1
        if not overtaken.may_be(place(written), place(read), KNOWN):
            allowed += 1
            assert right, f"{written} = {read}"
    assert seen > 500 and allowed > 0.4 * seen


@pytest.mark.parametrize(
    ("written", "read"),
    [("x[1:]", "x[:-1]"), ("x[:4]", "x[::2]"), ("x[::-1]", "x[:]"), ("a[0]", "a[:, 0]"), ("a[1, :2]", "a[2:, 3]")],
)
def test_what_is_certain(written: str, read: str) -> None:
    assert not overtaken.may_be(place(written), place(read), KNOWN)


@pytest.mark.parametrize(
    ("written", "read"), [("x[::2]", "x[:4]"), ("x[1:5]", "x[::2]"), ("a[1]", "a[:, 2]"), ("a[:, 2]", "a[1]")]
)
def test_what_numpy_overtakes(written: str, read: str) -> None:
    assert not is_as_if_copied(written, read)
    assert overtaken.may_be(place(written), place(read), KNOWN)
