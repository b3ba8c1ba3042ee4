"""reverse_writes: adjoints of writes into arrays: elements, slices, selections, increments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from srcad import ir
from srcad.algebra import add
from srcad.cotangents import Contribution, TooLarge, key_of
from srcad.expressions import index_kind
from srcad.pull import Pull
from srcad.transforms import activity, alias
from srcad.transforms.sweep import Step

if TYPE_CHECKING:
    from srcad.transforms.reverse import Reverser


def augment(rev: Reverser, stmt: ir.Augment) -> Sequence[Any]:
    if isinstance(stmt.target, ir.Name):
        value = ir.Binary(stmt.op, stmt.target, stmt.value, loc=stmt.loc)
        steps = list(rev.assign(ir.Assign(stmt.target, value, loc=stmt.loc)))
        return [*steps[:-1], _as_written(steps[-1], stmt)]
    return write(rev, stmt, stmt.target, stmt.value)


def write(rev: Reverser, stmt: ir.Store | ir.Augment, target: ir.Expr, value: ir.Expr) -> Sequence[Any]:
    """``place = value`` or ``place op= value`` where place is an element, slice or selection of an array."""
    name = activity.root(target)
    if name not in rev.active:
        return [Step(stmt)]
    assert isinstance(target, ir.Index)

    def adjoint(value: ir.Expr) -> list[ir.Stmt]:
        full = value if isinstance(stmt, ir.Store) else ir.Binary(stmt.op, target, value, loc=stmt.loc)
        return adjoint_of_write(rev, name, target, full, stmt.loc)

    try:
        return rev.with_hoists(stmt, adjoint)
    except TooLarge:
        if isinstance(stmt, ir.Store):
            raise
        # the sum itself is wanted by value: write it as an assignment
        return write(
            rev,
            ir.Store(target, ir.Binary(stmt.op, target, value, loc=stmt.loc), loc=stmt.loc),
            target,
            ir.Binary(stmt.op, target, value, loc=stmt.loc),
        )


def adjoint_of_write(rev: Reverser, name: str, target: ir.Index, value: ir.Expr, loc: ir.Loc | None) -> list[ir.Stmt]:
    bar = rev.bar(name)
    place_bar = ir.substitute_root(target, bar)
    kind = index_kind(rev.shapes, target)
    if kind == "repeated":
        return adjoint_of_selection(rev, name, target, place_bar, value, loc)
    pull = rev.pull(loc)
    pull.run(value, place_bar, rev.shapes.of(target), None, False)
    own = [c for c in pull.found if c.name == name]
    kept = next((c for c in own if c.place == target and c.whole and c.value == place_bar), None)
    if kept is not None:
        own.remove(kept)
        return increment(rev, pull, name, place_bar, own)
    if not own:
        stmts = [*pull.stmts, *rev.accumulate_all(pull.found)]
        return [*stmts, ir.Store(place_bar, ir.ZERO)]
    return read_zero_add(rev, name, target, place_bar, value, loc)


def increment(rev: Reverser, pull: Pull, name: str, place_bar: ir.Index, own: list[Contribution]) -> list[ir.Stmt]:
    """``u[i] = u[i] + e``: the adjoint of u[i] stays. All reads of it come before all additions to u_bar.

    own: what e gives to u.
    """
    others = rev.accumulate_all([c for c in pull.found if c.name != name])
    first: list[ir.Stmt] = []
    if len(own) > 1 or rev.shapes.of(place_bar).dims != ():
        own_memory = of_memory(rev, activity.root(place_bar), pull.stmts)
        own = [named(rev, c, own_memory, first) for c in own]
    return [*pull.stmts, *others, *first, *rev.accumulate_all(own)]


def of_memory(rev: Reverser, bar: str, stmts: Sequence[ir.Stmt]) -> set[str]:
    """`bar` and the names that `stmts` give to views of it: what they show changes with it."""
    found = {bar}
    for stmt in stmts:
        if isinstance(stmt, ir.Assign) and alias.shares(stmt.value, rev.shapes.types) & found:
            found |= ir.names(stmt.target)
    return found


def named(rev: Reverser, c: Contribution, own_memory: set[str], stmts: list[ir.Stmt]) -> Contribution:
    if not own_memory & ir.names(c.value):
        return c
    kind = rev.shapes.of(c.value)
    g = rev.pool.take(kind)
    view = kind.dims != () and (isinstance(c.value, ir.Name) or alias.shares(c.value, rev.shapes.types))
    value = ir.call("numpy.copy", c.value) if view else c.value
    stmts.append(ir.Assign(ir.Name(g), value))
    return replace(c, value=ir.Name(g))


def read_zero_add(
    rev: Reverser, name: str, target: ir.Index, place_bar: ir.Index, value: ir.Expr, loc: ir.Loc | None
) -> list[ir.Stmt]:
    """Places that may coincide: read the adjoint, zero it, then add."""
    kind = rev.shapes.of(target)
    g = rev.pool.take(kind)
    read: ir.Expr = place_bar if kind.dims == () else ir.call("numpy.copy", place_bar)
    pull = rev.pull(loc)
    pull.run(value, ir.Name(g), kind, None, False)
    own = [c for c in pull.found if c.place == target and c.whole and not c.repeated]
    total: ir.Expr = own[0].value if own else ir.ZERO
    for c in own[1:]:
        total = add(total, c.value)
    rest = [c for c in pull.found if c not in own]
    first = ir.Assign(ir.Name(g), read)
    return [first, *pull.stmts, ir.Store(place_bar, total), *rev.accumulate_all(rest)]


def adjoint_of_selection(
    rev: Reverser, name: str, target: ir.Index, place_bar: ir.Index, value: ir.Expr, loc: ir.Loc | None
) -> list[ir.Stmt]:
    """``x[indices] = value``: of several writes to one element the last one counts."""
    g = rev.pool.take(rev.shapes.of(target))
    read = ir.call("srcad_runtime.last_written", place_bar.base, key_of(target))
    pull = rev.pull(loc)
    pull.run(value, ir.Name(g), rev.shapes.of(target), None, False)
    zero = ir.Store(place_bar, ir.ZERO)
    return [ir.Assign(ir.Name(g), read), *pull.stmts, zero, *rev.accumulate_all(pull.found)]


def add_at(rev: Reverser, stmt: ir.Do) -> Sequence[Any]:
    """``np.add.at(x, index, value)``: value's adjoint reads x_bar at every repetition."""
    assert isinstance(stmt.value, ir.Call)
    array, index, value = stmt.value.args
    name = activity.root(array)
    if name not in rev.active:
        return [Step(stmt)]
    if name in activity.flowing(value):  # all values are read before any of them is added
        first = ir.Assign(rev.temporary(value), ir.call("numpy.copy", value), loc=stmt.loc)
        added = replace(stmt, value=replace(stmt.value, args=(array, index, first.target)))
        return [*rev.assign(first), *add_at(rev, added)]
    items = index.items if isinstance(index, ir.Tuple) else (index,)
    place = ir.Index(array, tuple(map(_slice_item, items)))

    def adjoint(call: ir.Expr) -> list[ir.Stmt]:
        assert isinstance(call, ir.Call)
        pull = rev.pull(stmt.loc)
        pull.run(call.args[2], ir.substitute_root(place, rev.bar(name)), rev.shapes.of(place), None, False)
        return [*pull.stmts, *rev.accumulate_all(pull.found)]

    return rev.with_hoists(stmt, adjoint)


def _as_written(step: Any, stmt: ir.Augment) -> Any:
    """The step of ``s += e`` keeps the statement's own form, with what was hoisted from e."""
    if isinstance(step, Step) and isinstance(step.primal, ir.Assign) and isinstance(step.primal.value, ir.Binary):
        return replace(step, primal=replace(stmt, value=step.primal.value.right))
    return step


def _slice_item(item: ir.Expr) -> ir.Expr:
    """``slice(1, None)`` as it is written in an index."""
    if not isinstance(item, ir.Call) or item.fn != ir.Ref("builtins.slice"):
        return item
    lower, upper, step = (*(None if a == ir.NONE else a for a in item.args), None, None)[:3]
    return ir.Slice(lower, upper, step)
