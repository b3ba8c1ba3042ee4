"""effects: what statements read, write and overwrite, as the record needs to know it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from srcad import ir, routines
from srcad.transforms import activity
from srcad.transforms.inline import stored_names


def restored(stmts: Sequence[ir.Stmt]) -> set[str]:
    """Variables that statements rebind or write into."""
    found: set[str] = set()
    for node in ir.walk(tuple(stmts)):
        called = routines.called(node)
        if called is not None and called[1] == "reverse":
            found |= {activity.root(called[2][k + 1]) for k in called[0].written}
        if isinstance(node, ir.For):
            found |= ir.names(node.target)
        elif isinstance(node, (ir.Assign, ir.Store, ir.Augment, ir.Pop, ir.Do)):
            full, partial = killed(node)
            found |= full | partial
            if isinstance(node, ir.Pop) and isinstance(node.target, ir.Index):
                found.add(activity.root(node.target))
    return found


def place_reads(stmt: ir.Stmt) -> frozenset[str]:
    """Variables that the index of a write reads."""
    if not isinstance(stmt, (ir.Store, ir.Augment, ir.Pop)) or not isinstance(stmt.target, ir.Index):
        return frozenset()
    return frozenset(ir.names(stmt.target) - {activity.root(stmt.target)})


def permutation(stmt: ir.Stmt) -> dict[str, str]:
    """source -> target of an assignment that only exchanges variables."""
    if not isinstance(stmt, ir.Assign) or not isinstance(stmt.target, ir.Tuple) or not isinstance(stmt.value, ir.Tuple):
        return {}
    names = [[n.id for n in side.items if isinstance(n, ir.Name)] for side in (stmt.target, stmt.value)]
    targets, sources = names
    if len(targets) != len(stmt.value.items) or sorted(targets) != sorted(sources):
        return {}
    return dict(zip(sources, targets, strict=True))


def reset(stmts: Sequence[ir.Stmt], counters: frozenset[str] = frozenset()) -> set[str]:
    """Variables that are set by other statements than loops they count, or by loops within such a loop."""
    found: set[str] = set()
    for stmt in stmts:
        if isinstance(stmt, ir.For):
            own = ir.names(stmt.target)
            found |= own & counters | reset(stmt.body, counters | own)
        elif isinstance(stmt, (ir.While, ir.With, ir.Block)):
            found |= reset(stmt.body, counters)
        elif isinstance(stmt, ir.If):
            found |= reset((*stmt.body, *stmt.orelse), counters)
        else:
            found |= killed(stmt)[0]
    return found


def written_in(loop: ir.Stmt) -> set[str]:
    """Variables assigned or written into by a loop, its counters included."""
    found = set()
    for node in ir.walk(loop):
        if isinstance(node, ir.For):
            found |= ir.names(node.target)
        elif not isinstance(node, (ir.Name, ir.Ref)):
            full, partial = killed(node)
            found |= full
    return found


def stored_in(loop: ir.Stmt) -> set[str]:
    """Arrays and lists that a loop writes into, under the names that it uses."""
    nodes = (n for n in ir.walk(loop) if not isinstance(n, (ir.Name, ir.Ref)))
    return stored_names((loop,)) | {name for node in nodes for name in killed(node)[1]}


def killed(stmt: ir.Stmt) -> tuple[frozenset[str], frozenset[str]]:
    """(variables overwritten as a whole, variables written into)."""
    if isinstance(stmt, ir.Assign):
        return frozenset(ir.names(stmt.target)), frozenset()
    if isinstance(stmt, ir.Augment) and isinstance(stmt.target, ir.Name):
        return frozenset({stmt.target.id}), frozenset()
    if isinstance(stmt, (ir.Store, ir.Augment)):
        return frozenset(), frozenset({activity.root(stmt.target)})
    if isinstance(stmt, ir.Push):
        return frozenset(), frozenset({stmt.stack})
    if isinstance(stmt, ir.Pop):
        root = frozenset({activity.root(stmt.target)} if stmt.target is not None else ())
        whole = isinstance(stmt.target, ir.Name)
        return root if whole else frozenset(), frozenset({stmt.stack}) | (frozenset() if whole else root)
    if isinstance(stmt, ir.Do) and isinstance(stmt.value, ir.Call) and stmt.value.fn in activity.ADDING:
        return frozenset(), frozenset({activity.root(stmt.value.args[0])})
    return frozenset(), frozenset()


def reads(node: Any, found: set[str], reshaped: set[str]) -> None:
    """Variables whose values are read; an array of which only the shape matters counts only if that changes."""
    if isinstance(node, ir.Assign):
        reads(node.value, found, reshaped)
        return
    if isinstance(node, (ir.Store, ir.Augment)):
        place = node.target
        while not isinstance(place, ir.Name):
            if isinstance(place, ir.Index):
                for item in place.items:
                    reads(item, found, reshaped)
            place = place.base if isinstance(place, (ir.Index, ir.Attr)) else place.args[0]  # type: ignore[union-attr]
        reads(node.value, found, reshaped)
        return
    shape_only = isinstance(node, ir.Attr) and node.name in activity.SHAPE_ATTRIBUTES
    if isinstance(node, ir.Call) and isinstance(node.fn, ir.Ref):
        shape_only = node.fn.path in activity.SHAPE_ONLY or node.fn.path == "srcad.zero"
        if node.fn.path in activity.LIKE:
            k = activity.LIKE[node.fn.path]
            for child in (*node.args[:k], *node.args[k + 1 :], *(v for _, v in node.kwargs)):
                reads(child, found, reshaped)
            found |= ir.names(node.args[k : k + 1]) & reshaped
            return
    if shape_only:
        found |= ir.names(node) & reshaped
        return
    if isinstance(node, ir.Name):
        found.add(node.id)
    for child in ir.children(node):
        reads(child, found, reshaped)
