"""Generator functions and expressions that loops take from: they run where the loop stands.

At each ``yield`` the body of the loop follows, among the loop's own variables, so that the two take turns as they do
in Python; what is left at the end has neither.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from srcad import eval_operators as operators
from srcad import ir
from srcad.errors import Unsupported
from srcad.eval_assign import assign
from srcad.eval_core import Evaluator, place
from srcad.eval_exprs import evaluate
from srcad.eval_iter import ONE_SHOT, consume
from srcad.eval_order import holding, owned
from srcad.eval_values import constant
from srcad.transforms import desugar
from srcad.values import Generator, Lazy, Stream, Value

Body = tuple[ir.Stmt, ...]
_OWN = os.path.dirname(__file__)


@dataclass(frozen=True)
class Receiver:
    """Who takes the items of a generator: `take` does with one what is to be done, and tells whether it is the last.

    frame, function: where the loop stands. body: the loop's own statements, its targets among them.
    """

    frame: str
    function: Any
    body: Body
    take: Callable[[Value], Value | None]


class Open(Exception):
    """An item that is given in a loop or branch of the program left: how many there are is not known."""


def is_stream(value: Value) -> bool:
    """Whether `value` is a generator, or an iterator made of one: items come only one after the other."""
    if isinstance(value, (Stream, Generator)):
        return True
    return isinstance(value, Lazy) and value.kind in ONE_SHOT and any(map(is_stream, value.args))


def create(ev: Evaluator, function: ir.Function, frame: str) -> Stream:
    """What a call of a generator function gives: nothing of its body runs yet."""
    ev.cx.boxes += 1
    return Stream(function, frame, ev.cx.boxes)


def loop(ev: Evaluator, stmt: ir.For, stream: Value) -> None:
    """``for target in generator(...)``."""

    def take(item: Value) -> Value | None:
        with holding(ev, [item]):
            assign(ev, stmt.target, item, stmt.loc)
            ev.block(stmt.body)
        return None if stmt.stop is None else operators.truth(ev, stmt.stop)

    receiver = Receiver(ev.frame, ev.function, (stmt,), take)
    run(ev, stream, receiver, stmt.stop is not None, stmt.iter.loc)


def run(ev: Evaluator, stream: Value, receiver: Receiver, stops: bool, loc: ir.Loc | None) -> None:
    """The generator's statements, with those of the receiver at each yield."""
    while isinstance(stream, Lazy):
        if stream.kind != "iter":
            raise Unsupported(f"cannot differentiate {stream.kind} of a generator", loc, "Make it a list first.")
        stream = stream.args[0]
    assert isinstance(stream, (Stream, Generator))
    consume(ev, stream, loc)
    function = stream.function if isinstance(stream, Stream) else _written_out(stream)
    mark, outer = len(ev.out), (ev.frame, ev.function)
    ev.receivers.append(receiver)
    ev.frame, ev.function = stream.frame, function
    try:
        ev.block(function.stopping if stops else function.body)
    except Unsupported as error:
        if loc is None or error.loc is None or not _is_own(error.loc):
            raise
        raise Unsupported(error.reason, loc, error.hint) from error
    finally:
        ev.frame, ev.function = outer
        ev.receivers.pop()
    if loc is not None and function.loc is not None and _is_own(function.loc):
        ev.out[mark:] = [_moved(stmt, loc) for stmt in ev.out[mark:]]


def give(ev: Evaluator, stmt: ir.Yield) -> None:
    """``yield value``: the receiver's turn, among its own variables."""
    item = evaluate(ev, stmt.value)
    receiver = ev.receivers.pop()
    outer = ev.frame, ev.function
    ev.frame, ev.function = receiver.frame, receiver.function
    try:
        last = receiver.take(item)
    finally:
        ev.frame, ev.function = outer
        ev.receivers.append(receiver)
    if stmt.stopped is not None:
        ev.bind(stmt.stopped.id, constant(False) if last is None else last, stmt.loc)


def collected(ev: Evaluator, stream: Value, loc: ir.Loc | None) -> list[Value] | None:
    """All items, where their number is known while transforming; else None, and nothing happened."""
    mark, before, out = len(ev.out), ev.state.copy(), ev.out
    env, hidden = ev.env, f"given#{place(loc)}"
    names: list[str] = []

    def take(item: Value) -> None:
        if ev.out is not out:
            raise Open
        names.append(f"{hidden}{len(names)}")
        ev.env[names[-1]] = owned(ev, item, "item", loc)

    try:
        run(ev, stream, Receiver(ev.frame, ev.function, (), take), False, loc)
    except Open:
        ev.out = out
        del out[mark:]
        ev.state = before
        return None
    del env
    return [ev.env.pop(name) for name in names]


def _written_out(generator: Generator) -> ir.Function:
    """A generator expression as the generator function that it is short for."""
    expr = generator.expr
    body: Body = (ir.Yield(expr.element, loc=expr.loc),)
    for part in reversed(expr.generators):
        for test in reversed(part.tests):
            body = (ir.If(test, body, loc=expr.loc),)
        body = (ir.For(part.target, part.iter, body, loc=part.iter.loc or expr.loc),)
    return desugar.desugar(ir.Function("<generator>", (), body, loc=expr.loc))


def _is_own(loc: ir.Loc) -> bool:
    return loc.source.file.startswith(_OWN)


def _moved(code: Any, loc: ir.Loc) -> Any:
    """`code` with the place `loc` of the program where it has one of srcad's own text."""

    def visit(node: Any) -> Any:
        own = getattr(node, "loc", None)
        return replace(node, loc=loc) if own is not None and _is_own(own) else node

    return ir.transform(code, visit)
