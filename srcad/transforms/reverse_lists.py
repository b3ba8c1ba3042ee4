"""reverse_lists: adjoints of lists: the list of adjoints mirrors the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from srcad import ir, types
from srcad.cotangents import Contribution
from srcad.expressions import PIECES, zeros_like
from srcad.transforms import activity
from srcad.transforms.sweep import Step

if TYPE_CHECKING:
    from srcad.transforms.reverse import Reverser


def add_items(rev: Reverser, stmt: ir.Do) -> Sequence[Any]:
    """``items[k] += g[k]`` for every k."""
    assert isinstance(stmt.value, ir.Call)
    name = activity.root(stmt.value.args[0])
    if name not in rev.active:
        return [Step(stmt)]

    def adjoint(call: ir.Expr) -> list[ir.Stmt]:
        assert isinstance(call, ir.Call)
        g, pull = call.args[1], rev.pull(stmt.loc)
        if isinstance(g, ir.Name) and isinstance(rev.shapes.types.get(g.id), types.Seq):
            return [rev.accumulate(Contribution(g, ir.Name(rev.bar(name))))] if pull.is_active(g) else []
        if isinstance(g, ir.Call) and g.fn == PIECES:
            whole, _, *axis = g.args
            joined = ir.call("numpy.concatenate", ir.Name(rev.bar(name)), *axis)
            pull.run(whole, joined, rev.shapes.of(whole), None)
        else:
            pull.run(g, ir.call("numpy.array", ir.Name(rev.bar(name))), rev.shapes.of(g), None)
        return [*pull.stmts, *rev.accumulate_all(pull.found)]

    return rev.with_hoists(stmt, adjoint)


def list_literal(rev: Reverser, stmt: ir.Assign) -> Sequence[Any]:
    assert isinstance(stmt.target, ir.Name)
    name = stmt.target.id

    def adjoint(value: ir.Expr) -> list[ir.Stmt]:
        assert isinstance(value, ir.List)
        pops = [s for item in reversed(value.items) for s in popped(rev, rev.bar(name), item, stmt.loc)]
        return [*pops, rev.zero(name)]

    return rev.with_hoists(stmt, adjoint)


def popped(rev: Reverser, bar: str, value: ir.Expr, loc: ir.Loc | None) -> list[ir.Stmt]:
    """The adjoint of an item goes where the item came from."""
    if not (activity.flowing(value) & rev.active):
        return [ir.Pop(None, bar)]
    kind, items = rev.shapes.of(value), rev.shapes.types[bar]
    if isinstance(items, types.Seq) and types.is_complex(items.element):  # so are their adjoints, of real ones too
        kind = replace(kind, dtype=items.element.dtype)
    g = rev.pool.take(kind)
    pull = rev.pull(loc)
    pull.run(value, ir.Name(g), kind, None)
    return [ir.Pop(ir.Name(g), bar), *pull.stmts, *rev.accumulate_all(pull.found)]


def list_statement(rev: Reverser, stmt: ir.Push | ir.Pop) -> Sequence[Any]:
    if isinstance(stmt, ir.Pop) and stmt.target is None:
        stmt = kept(rev, stmt)
    if stmt.stack not in rev.active:
        return [Step(stmt, forgotten(rev, stmt))]
    bar = rev.bar(stmt.stack)
    if isinstance(stmt, ir.Pop):
        return [pop(rev, stmt, bar)]
    return rev.with_hoists(stmt, lambda value: popped(rev, bar, value, stmt.loc))


def forgotten(rev: Reverser, stmt: ir.Push | ir.Pop) -> tuple[ir.Stmt, ...]:
    """The adjoint of a variable that gets a value on which no derivative depends."""
    if isinstance(stmt, ir.Push) or stmt.target is None or activity.root(stmt.target) not in rev.active:
        return ()
    name = activity.root(stmt.target)
    whole = isinstance(stmt.target, ir.Name)
    return (rev.zero(name) if whole else ir.Store(ir.substitute_root(stmt.target, rev.bar(name)), ir.ZERO),)


def kept(rev: Reverser, stmt: ir.Pop) -> ir.Pop:
    """What is dropped gets a name: it is pushed back, and an adjoint has its shape."""
    kind = rev.shapes.types[stmt.stack]
    assert isinstance(kind, types.Seq)
    name = rev.names.fresh("dropped")
    rev.shapes.types[name] = kind.element
    return replace(stmt, target=ir.Name(name))


def pop(rev: Reverser, stmt: ir.Pop, bar: str) -> Step:
    """The list of adjoints mirrors the list: what is popped from one is pushed onto the other in reverse."""
    assert stmt.target is not None
    name = activity.root(stmt.target)
    if name not in rev.active:
        kind = rev.shapes.of(stmt.target)
        return Step(stmt, (ir.Push(bar, ir.ZERO if kind.dims == () else zeros_like(stmt.target, kind)),))
    if isinstance(stmt.target, ir.Name):
        return Step(stmt, (ir.Push(bar, ir.Name(rev.bar(name))), rev.zero(name)))
    place = ir.substitute_root(stmt.target, rev.bar(name))
    read = place if rev.shapes.of(stmt.target).dims == () else ir.call("numpy.copy", place)
    return Step(stmt, (ir.Push(bar, read), ir.Store(place, ir.ZERO)))
