"""``copy.copy``, ``copy.deepcopy``, ``dataclasses.replace``: new objects of what the program itself makes.

An object that is there before the call is no container of the program's: a copy of it would be the object.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeGuard

from srcad import eval_objects, eval_special, ir, leaves, library, types
from srcad.errors import Unsupported
from srcad.eval_builtins import Args, Kwargs, handles, keep
from srcad.eval_core import Evaluator
from srcad.eval_order import changes, may_be_array
from srcad.eval_values import dyn
from srcad.transforms import alias
from srcad.types import Abstract, Seq, is_scalar
from srcad.values import Bound, Box, Dyn, Generator, Known, Lazy, Partial, Ptr, Rows, Stream, Table, Value

_HOOKS = ("copy", "deepcopy", "getstate", "setstate", "reduce", "reduce_ex")


@handles("copy.copy")
def _copy(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    value = _asked(args, kwargs, loc)
    if isinstance(value, Ptr):
        return _like(ev, ev.state.heap[value.id], loc)
    return _copied(ev, value, loc)


@handles("copy.deepcopy")
def _deepcopy(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    value = _asked(args, kwargs, loc)
    arrays = _arrays(ev, value, set())
    counts = Counter(array.id for array in arrays if isinstance(array, ir.Name))
    others = [array for array in arrays if not isinstance(array, ir.Name)]
    ev.cx.copied_at_once.append(((*map(ir.Name, counts), *others), loc))
    return _deep(ev, value, {}, {name for name, count in counts.items() if count > 1}, loc)


def _asked(args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if len(args) + len(kwargs) != 1 or set(kwargs) - {"x"}:
        raise Unsupported("cannot differentiate a copy with a memo", loc, "Leave it out.")
    return args[0] if args else kwargs["x"]


def _like(ev: Evaluator, box: Box, loc: ir.Loc | None) -> Ptr:
    """A container of the same items."""
    for name in _HOOKS:
        own = eval_special.written(box.cls, name)
        if own is not None and own.__module__ != "dataclasses":  # frozen ones with slots have a __getstate__
            reason = f"cannot differentiate a copy of an object whose class defines __{name}__"
            raise Unsupported(reason, loc, "Build a new one from its attributes.")
    return ev.box(box.kind, box.keys, box.items, cls=box.cls, site=loc)


def _copied(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Value:
    """A copy of what is no container; of what nobody can change, the value itself."""
    if _is_array(value, ev):
        if isinstance(value.type, Seq):
            return keep(ev, "builtins.list", [value], {}, loc)
        return dyn(ev, ir.copy_of(value.expr, types.rank(value.type)))
    if isinstance(value, (Rows, Table)):
        raise Unsupported("cannot differentiate a copy of a list of containers here", loc, "Build it anew in a loop.")
    if isinstance(value, (Generator, Stream)) or isinstance(value, Lazy) and value.kind not in ("range", "slice"):
        raise Unsupported("cannot differentiate a copy of an iterator", loc, "Make it a list first.")
    if isinstance(value, Known) and leaves.is_generator(value.value):
        raise Unsupported("cannot differentiate a copy of a random generator", loc, "Copy it before the call.")
    if isinstance(value, Known) and library.has_state(value.value):
        reason = "cannot differentiate a copy of an object that is there before the call"
        raise Unsupported(reason, loc, "Copy it before the call, or build a new one from its attributes.")
    return value


def _deep(ev: Evaluator, value: Value, done: dict[Any, Value], twice: set[str], loc: ir.Loc | None) -> Value:
    """What occurs twice is copied once; `done` maps a container's identity or an array's variable to its copy."""
    if isinstance(value, Ptr):
        if value.id not in done:
            box = ev.state.heap[value.id]
            made = done[value.id] = _like(ev, box, loc)
            items = tuple(_deep(ev, item, done, twice, loc) for item in box.items)
            ev.state.heap[made.id] = ev.state.heap[made.id].with_items(items)
        return done[value.id]
    if isinstance(value, (Bound, Partial)):
        raise Unsupported("cannot differentiate a deep copy of a method or a partial", loc, "Copy what it is made of.")
    name = _original(ev, value)
    if name is None:
        return _copied(ev, value, loc)
    if name not in done:
        copy = _copied(ev, value, loc)
        if name in twice and isinstance(copy, Dyn):  # one array under several keys has one name
            copy = ev.temp("copied", copy, loc)
        done[name] = copy
    return done[name]


def _is_array(value: Value, ev: Evaluator) -> TypeGuard[Dyn]:
    """Whether a value is an array or a run-time list: what changes it is seen through its other names."""
    return isinstance(value, Dyn) and (not is_scalar(value.type) or may_be_array(ev, value))


def _arrays(ev: Evaluator, value: Value, seen: set[int]) -> list[ir.Expr]:
    """The arrays in a container and those within, as often as they stand there."""
    if isinstance(value, Ptr) and value.id not in seen:
        seen.add(value.id)
        return [array for item in ev.state.heap[value.id].items for array in _arrays(ev, item, seen)]
    if not _is_array(value, ev):
        return []
    name = _original(ev, value)
    return [value.expr if name is None else ir.Name(name)]


def _original(ev: Evaluator, value: Value) -> str | None:
    """The first variable of an array, as far as the block at hand tells: ``y`` after ``items_0 = y``."""
    if not _is_array(value, ev) or not isinstance(value.expr, ir.Name):
        return None
    name, rebound = value.expr.id, set[str]()
    for stmt in reversed(ev.out):
        targets = changes(ev, [stmt]).rebound
        if name in targets:
            if not isinstance(stmt, ir.Assign) or not isinstance(stmt.value, ir.Name) or stmt.value.id in rebound:
                return name
            name = stmt.value.id
        rebound |= targets
    return name


# ---- arrays that may be one ----


def settle(ev: Evaluator, stmts: tuple[ir.Stmt, ...], inputs: Sequence[str]) -> tuple[str, ...]:
    """Refuse deep copies of two arrays that may be one, of which Python makes one copy, and the program two.

    Gives the `inputs` of which a deep copy is right if the caller has them in memory of their own.
    """
    if not any(len(arrays) > 1 for arrays, _ in ev.cx.copied_at_once):
        return ()
    known, apart = ev.cx.types, set[str]()
    group = _groups(stmts, known)
    for arrays, loc in ev.cx.copied_at_once:
        found = [{group(name) for name in _itself(array, known)} for array in arrays]
        if sum(map(len, found)) > len(set().union(*found)):
            raise Unsupported("cannot differentiate a deep copy of arrays that may be one", loc, "Copy each array.")
        copied = {name for name in inputs if any(group(name) in groups for groups in found)}
        apart |= copied if len(copied) > 1 else set()
    return tuple(name for name in inputs if name in apart)


def _groups(stmts: tuple[ir.Stmt, ...], known: dict[str, Abstract]) -> Callable[[str], str]:
    """What tells of a variable which others may be the same array, wherever the program stands."""
    leaders: dict[str, str] = {}

    def leader(name: str) -> str:
        while name in leaders:
            name = leaders[name]
        return name

    for target, value in (pair for node in ir.walk(stmts) for pair in _given(node)):
        for source in _itself(value, known):
            one, other = leader(target), leader(source)
            if one != other:
                leaders[one] = other
    return leader


def _given(node: object) -> list[tuple[str, ir.Expr]]:
    """(variable, what it is given) in a statement, of a call that gives several values the call."""
    if isinstance(node, ir.For):
        return [(name, node.iter) for name in ir.names(node.target)]
    if isinstance(node, ir.Assign) and isinstance(node.target, ir.Tuple) and not isinstance(node.value, ir.Tuple):
        return [(name, node.value) for name in ir.names(node.target)]
    return alias.assignments(node)


def _itself(expr: ir.Expr, known: dict[str, Abstract]) -> set[str]:
    """The variables whose array `expr` may give: a part of an array is another array, an item of a list is not."""
    if isinstance(expr, ir.Index) and not isinstance(types.infer(expr.base, known, []), Seq):
        return set()
    return alias.shares(expr, known)


@handles("dataclasses.replace")
def _replace(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """A new instance, made like any other."""
    if not isinstance(args[0], Ptr):
        raise Unsupported("cannot differentiate dataclasses.replace of this value", loc)
    box = ev.state.heap[args[0].id]
    given = [f.name for f in dataclasses.fields(box.cls) if f.init] if dataclasses.is_dataclass(box.cls) else box.keys
    fields = {key: item for key, item in zip(box.keys, box.items, strict=True) if key in given}
    return eval_objects.construct(ev, Known(box.cls), [], {**fields, **kwargs}, loc)
