"""split: what the forward sweep hands over, and what the reverse sweep copies before it writes."""

from __future__ import annotations

from typing import Any

import pytest

from srcad import ir
from srcad.errors import Unsupported
from srcad.pipeline import Input
from srcad.program import FORWARD, REVERSE, Program
from srcad.transforms.split import split
from srcad.types import BOOL, FLOAT, INT, Num, Seq

C, U, V, X, OUT, X_BAR, OUT_BAR = (ir.Name(n) for n in ("c", "u", "v", "x", "out", "x_bar", "out_bar"))
VECTOR = Num("float64", (None,))
TYPES = {
    **dict.fromkeys(("u", "v", "x", "x_bar"), VECTOR),
    **dict.fromkeys(("out", "out_bar", "a"), FLOAT),
    **{"c": BOOL, "k": INT, "s": Seq(FLOAT)},
}
ZEROS = ir.Assign(X_BAR, ir.call("numpy.zeros", ir.Const(3)))
SQUARE = ir.Assign(OUT, ir.call("numpy.dot", X, X))
COPY = ir.Assign(U, ir.call("numpy.copy", X))


def halves(
    first: tuple[Any, ...], second: tuple[Any, ...], *behind: Any, inputs: str = "xc"
) -> tuple[Program, Program]:
    given = tuple(Input("param", (name,), name) for name in inputs)
    body = (ir.Block(FORWARD, first), ir.Block(REVERSE, second), *behind)
    program = Program("f_grad", given, body, (OUT, X_BAR), TYPES, FLOAT, given[:1], (ir.Param("out_bar"),))
    return split(program, 1)


def add(value: ir.Expr) -> ir.Stmt:
    return ir.Augment(X_BAR, "+", value)


def test_what_is_left_behind_the_sweeps_goes_to_the_one_that_it_belongs_to() -> None:
    doubled = ir.Assign(OUT, ir.Binary("*", OUT, ir.Const(2.0)))
    halved = ir.Assign(X_BAR, ir.Binary("*", X_BAR, ir.Const(0.5)))
    forward, reverse = halves((SQUARE,), (ZEROS, add(X)), doubled, halved)
    assert forward.body == (SQUARE, doubled)
    assert reverse.body == (ZEROS, add(X), halved)


def test_an_adjoint_begins_in_the_reverse_sweep() -> None:
    forward, reverse = halves((ZEROS, SQUARE), (add(X),))
    assert forward.body == (SQUARE,) and reverse.body == (ZEROS, add(X))


@pytest.mark.parametrize(("shape", "moves"), [(COPY.target, False), (X, True)])
def test_an_array_as_long_as_what_changes_later_begins_before_that(shape: ir.Expr, moves: bool) -> None:
    zeros = ir.Assign(X_BAR, ir.call("numpy.zeros", ir.Index(ir.Attr(shape, "shape"), (ir.Const(0),))))
    forward, reverse = halves((COPY, zeros, SQUARE, ir.Assign(U, ir.Name("c"))), (add(X),))
    assert (zeros in reverse.body) is moves and (zeros in forward.body) is not moves


def test_what_one_path_sets_has_a_value_on_the_other() -> None:
    square = ir.Assign(ir.Name("a"), ir.Index(X, (ir.Const(0),)))
    forward, _ = halves((SQUARE, ir.If(C, (square,))), (ZEROS, ir.If(C, (add(ir.Name("a")),))))
    assert ir.Assign(ir.Name("a"), ir.Const(0.0)) in forward.body
    assert ir.Name("a") in forward.results


def test_what_is_handed_over_is_no_memory_of_the_caller() -> None:
    forward, _ = halves((SQUARE,), (ZEROS, add(X)))
    assert forward.results == (OUT, ir.call("numpy.copy", X))


@pytest.mark.parametrize(
    "write",
    [ir.Store(ir.Index(U, (ir.Const(0),)), OUT_BAR), ir.Pop(ir.Index(U, (ir.Const(0),)), "s")],
    ids=["stored", "popped"],
)
def test_arrays_that_the_reverse_sweep_writes_are_copied(write: ir.Stmt) -> None:
    _, reverse = halves((COPY, ir.Assign(ir.Name("s"), ir.List(())), SQUARE), (ZEROS, write, add(U)))
    assert ir.Assign(U, ir.call("numpy.copy", U)) in reverse.body


def test_a_derivative_is_no_memory_of_what_is_kept() -> None:
    _, reverse = halves((COPY, SQUARE), (ir.Assign(X_BAR, U),))
    assert reverse.results == (ir.call("numpy.copy", X_BAR),)


def test_two_names_of_one_array_are_refused() -> None:
    view = ir.Assign(V, ir.Index(U, (ir.Slice(ir.Const(1), None),)))
    write = ir.Store(ir.Index(U, (ir.Const(0),)), OUT_BAR)
    with pytest.raises(Unsupported, match="u and v, which may be one array"):
        halves((COPY, view, SQUARE), (ZEROS, write, add(U), add(V)))
