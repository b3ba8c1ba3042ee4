"""Arrays that each iteration fills before it reads them, so that each part of a shared-out loop may have its own.

`loops` makes buffers once, outside of all loops. Iterations that run side by side would meet in them; what they leave
there nobody reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

from srcad import ir, types
from srcad.program import Program
from srcad.transforms import alias
from srcad.transforms.parallel_facts import set_by

Rooms = Mapping[str, ir.Call]  # an array, and the ``np.empty(...)`` that makes it

EMPTY = ir.Ref("numpy.empty")


def made_once(program: Program, rebound: Set[str]) -> dict[str, ir.Call]:
    """Arrays that are made once, of extents that stay, and that the program does not return."""
    found = {
        stmt.target.id: stmt.value
        for stmt in ir.walk(program.body)
        if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name)
        if isinstance(stmt.value, ir.Call) and stmt.value.fn == EMPTY and not ir.names(stmt.value) & rebound
    }
    kinds = dict(program.types)
    kept = rebound | ir.names(program.results) | {name for _, name in program.updates}
    shared = {n for s in ir.walk(program.body) for _, v in alias.assignments(s) for n in alias.shares(v, kinds)}
    return {name: call for name, call in found.items() if name not in kept | shared}


def mentions(nodes: object) -> Counter[str]:
    return Counter(n.id for n in ir.walk(nodes) if isinstance(n, ir.Name))


def filled_in(loop: ir.For, made: Rooms, everywhere: Counter[str]) -> dict[str, ir.Call]:
    """Of the arrays `made` those that only this loop mentions, and each iteration fills before it reads them.

    everywhere: how often the program mentions a variable; once where it is made.
    """
    here = mentions((loop,))
    own = {name: call for name, call in made.items() if here[name] and here[name] + 1 == everywhere[name]}
    return {name: call for name, call in own.items() if _is_filled(name, extents(call), loop.body)}


def without_unmentioned(body: Sequence[ir.Stmt], made: Set[str]) -> tuple[ir.Stmt, ...]:
    """The statements without those that make arrays which nothing mentions any more."""
    counts = mentions(tuple(body))
    gone = {name for name in made if counts[name] == 1}

    def without(stmts: Sequence[ir.Stmt]) -> tuple[ir.Stmt, ...]:
        return tuple(inside(s) for s in stmts if not (isinstance(s, ir.Assign) and ir.names(s.target) & gone))

    def inside(stmt: ir.Stmt) -> ir.Stmt:
        if isinstance(stmt, ir.If):
            return replace(stmt, body=without(stmt.body), orelse=without(stmt.orelse))
        if isinstance(stmt, (ir.For, ir.While, ir.With, ir.Block)):
            return replace(stmt, body=without(stmt.body))
        return stmt

    return without(body) if gone else tuple(body)


def extents(call: ir.Call) -> tuple[ir.Expr, ...]:
    """Those of what ``np.empty(shape)`` makes, or ``np.zeros(shape)``."""
    return call.args[0].items if isinstance(call.args[0], ir.Tuple) else call.args[:1]


def _is_filled(name: str, extents: Sequence[ir.Expr], body: Sequence[ir.Stmt]) -> bool:
    """Whether the first statement that mentions the array writes all of it, and reads no element before that."""
    mentioning = [stmt for stmt in body if name in ir.names(stmt)]
    if not mentioning:
        return False
    stmt = mentioning[0]
    if isinstance(stmt, ir.Block):
        return _is_filled(name, extents, stmt.body)
    if isinstance(stmt, ir.Store):
        single = all(extent == ir.Const(1) for extent in extents)
        return _is_set(name, stmt) or single and _is_stored(name, stmt, ())
    if not isinstance(stmt, ir.For):
        return False
    if _is_filled_by(name, extents, (stmt,), ()):
        return True
    within = len(mentioning) == 1 and name not in ir.names(replace(stmt, body=()))
    return within and _is_filled(name, extents, stmt.body)  # by each iteration of a loop within


def _is_set(name: str, stmt: ir.Store) -> bool:
    """``name[:] = 0.0``"""
    place = stmt.target
    whole = isinstance(place, ir.Index) and place.base == ir.Name(name) and set(place.items) == {ir.Slice(None, None)}
    return whole and isinstance(stmt.value, ir.Const)


def _is_filled_by(
    name: str, extents: Sequence[ir.Expr], body: Sequence[ir.Stmt], counters: tuple[ir.Expr, ...]
) -> bool:
    """Whether a nest of loops, one for each axis, sets each element before anything else is done to it.

    counters: those of the loops around, which run over the first axes.
    """
    at = next((k for k, stmt in enumerate(body) if name in ir.names(stmt)), len(body))
    if at == len(body):
        return False
    stmt, depth = body[at], len(counters)
    if isinstance(stmt, ir.Block):
        body = (*body[:at], *stmt.body, *body[at + 1 :])
        return _is_filled_by(name, extents, body, counters)
    while depth < len(extents) and extents[depth] == ir.Const(1) and not _is_over(stmt, extents[depth]):
        counters, depth = (*counters, ir.Const(0)), depth + 1  # no loop for an axis of one element
    if depth == len(extents):
        rest = (*body[at + 1 :], *([stmt.value] if isinstance(stmt, ir.Store) else []))
        return isinstance(stmt, ir.Store) and _is_stored(name, stmt, counters) and _only_at(name, counters, rest)
    if not _is_over(stmt, extents[depth]):
        return False
    assert isinstance(stmt, ir.For)
    inner = (*counters, stmt.target)
    behind = all(isinstance(c, ir.Const) for c in counters) or _only_at(name, (), body[at + 1 :])
    bound = {n for s in ir.walk(stmt.body) for n in set_by(s)}
    return behind and not bound & ir.names(inner) and _is_filled_by(name, extents, stmt.body, inner)


def _is_stored(name: str, stmt: ir.Store, counters: tuple[ir.Expr, ...]) -> bool:
    """``name[i, j] = ...``; without counters ``name[0, 0] = ...``, of something else."""
    place = stmt.target
    if not isinstance(place, ir.Index) or place.base != ir.Name(name) or name in ir.names(stmt.value):
        return False
    return place.items == counters if counters else all(item == ir.Const(0) for item in place.items)


def _only_at(name: str, counters: tuple[ir.Expr, ...], nodes: Sequence[object]) -> bool:
    """Whether all that is mentioned of the array is the element at these counters; nothing, where there are none."""
    places = [n for n in ir.walk(tuple(nodes)) if isinstance(n, ir.Index) and n.base == ir.Name(name)]
    return mentions(tuple(nodes))[name] == len(places) and all(counters and p.items == counters for p in places)


def _is_over(loop: ir.Stmt, extent: ir.Expr) -> bool:
    """Whether it is ``for j in range(extent)``."""
    if (
        not isinstance(loop, ir.For)
        or loop.stop is not None
        or not isinstance(loop.iter, ir.Call)
        or len(loop.iter.args) != 3
        or not isinstance(loop.target, ir.Name)
    ):
        return False
    start, stop, step = loop.iter.args
    return start == ir.Const(0) and step == ir.Const(1) and (stop == extent or _same(stop, extent))


def _same(a: ir.Expr, b: ir.Expr) -> bool:
    known = types.number(a), types.number(b)
    return None not in known and known[0] == known[1]
