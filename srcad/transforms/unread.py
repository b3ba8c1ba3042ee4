"""unread: what is recorded and brought back, but read by nobody, goes.

Before: the two sweeps as `record` leaves them. After: the same without restores of variables that get another value
before they are read, without the saves that only such restores ask for, and without the first values that variables had
to be given for these saves. `record` decides loop by loop; that the inner loop brings back its own value before the one
of the outer loop is read shows only when all is in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from srcad import ir
from srcad.transforms.liveness import Liveness

Stmts = tuple[ir.Stmt, ...]


def unread(
    forward: Stmts, backward: Stmts, records: Iterable[str], live: set[str], first: int = 0
) -> tuple[Stmts, Stmts]:
    """The two sweeps without unread records. live: variables read behind them. first: how many of the first statements
    do nothing but give variables a value."""
    names = set(records)
    while True:
        liveness = Liveness(ir.names)
        liveness.block((*forward, *backward), live)
        after = liveness.found
        dead = [s for s in ir.walk((*forward, *backward)) if _restores(s, names) and _target(s) not in after[id(s)]]
        dead += [s for s in forward[:first] if _target(s) not in after[id(s)]]
        gone = _unneeded((*forward, *backward), names, dead)
        if not gone:
            return forward, backward
        first -= sum(id(s) in gone for s in forward[:first])
        forward, backward = without(forward, gone), without(backward, gone)


def _restores(stmt: Any, records: set[str]) -> bool:
    """``x = x_saved.pop()``, ``x = x_saved[k]``."""
    if isinstance(stmt, ir.Pop):
        return stmt.stack in records and isinstance(stmt.target, ir.Name)
    return isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name) and _record(stmt.value) in records


def _record(value: ir.Expr) -> str:
    element = isinstance(value, ir.Index) and isinstance(value.base, ir.Name)
    return value.base.id if element else value.id if isinstance(value, ir.Name) else ""  # type: ignore[union-attr]


def _target(stmt: Any) -> str:
    return stmt.target.id if isinstance(stmt, (ir.Assign, ir.Pop)) and isinstance(stmt.target, ir.Name) else ""


def _unneeded(stmts: Stmts, records: set[str], dead: Sequence[ir.Stmt]) -> set[int]:
    """Which of the dead statements can go, by identity, and the saves that go with them.

    A value is taken from a list even if nobody reads it: the next one is behind it. So all go, or none.
    """
    gone, idle = {id(s) for s in dead if not isinstance(s, ir.Pop)}, {id(s) for s in dead}
    uses = _uses(stmts, records)
    for name in sorted(records - ir.names(heads(stmts))):
        takes = [s for s in uses[name] if not _saves(s, name)]
        if uses[name] and all(id(s) in gone or id(s) in idle for s in takes):
            gone |= {id(s) for s in uses[name]}
    return gone


def _uses(stmts: Stmts, records: set[str]) -> dict[str, list[ir.Stmt]]:
    """The simple statements that mention each of the records."""
    found: dict[str, list[ir.Stmt]] = {name: [] for name in records}
    for node in ir.walk(stmts):
        if is_simple(node):
            for name in records & ir.names(node):
                found[name].append(node)
    return found


def is_simple(node: Any) -> bool:
    return isinstance(node, (ir.Assign, ir.Store, ir.Augment, ir.Push, ir.Pop, ir.Do, ir.Raise, ir.Assert, ir.Return))


def heads(stmts: Stmts) -> tuple[ir.Expr, ...]:
    """What compound statements read themselves."""
    found: list[ir.Expr] = []
    for node in ir.walk(stmts):
        if isinstance(node, ir.For):
            found += [node.iter, *([node.stop] if node.stop is not None else [])]
        elif isinstance(node, (ir.While, ir.If)):
            found.append(node.test)
            found += [node.stop] if isinstance(node, ir.While) and node.stop is not None else []
        elif isinstance(node, ir.With):
            found += [item for item, _ in node.items]
    return tuple(found)


def _saves(stmt: ir.Stmt, name: str) -> bool:
    """Whether the statement makes the record, or puts something into it, and reads it not."""
    if isinstance(stmt, ir.Push):
        return stmt.stack == name and name not in ir.names(stmt.value)
    if isinstance(stmt, ir.Store):
        return isinstance(stmt.target, ir.Index) and stmt.target.base == ir.Name(name) and name not in ir.names(
            (stmt.target.items, stmt.value)
        )  # fmt: skip
    return isinstance(stmt, ir.Assign) and stmt.target == ir.Name(name) and name not in ir.names(stmt.value)


def without(stmts: Sequence[ir.Stmt], gone: set[int]) -> Stmts:
    """The statements but for those of these identities, and for loops and branches that have no others."""
    out: list[ir.Stmt] = []
    for stmt in stmts:
        if id(stmt) not in gone:
            out.extend(_left(stmt, gone))
    return tuple(out)


def _left(stmt: ir.Stmt, gone: set[int]) -> Stmts:
    """What is left of a statement: nothing of a loop or branch without statements."""
    if isinstance(stmt, (ir.For, ir.While, ir.With, ir.Block)):
        body = without(stmt.body, gone)
        if body == stmt.body:
            return (stmt,)
        return (replace(stmt, body=body),) if body or isinstance(stmt, (ir.While, ir.With)) else ()
    if isinstance(stmt, ir.If):
        body, orelse = without(stmt.body, gone), without(stmt.orelse, gone)
        if (body, orelse) == (stmt.body, stmt.orelse):
            return (stmt,)
        if not body and orelse:
            return (replace(stmt, test=ir.Unary("not", stmt.test), body=orelse, orelse=()),)
        return (replace(stmt, body=body, orelse=orelse),) if body else ()
    return (stmt,)
