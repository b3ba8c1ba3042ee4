"""Recursion whose depth is known only at run time: the function is evaluated once, for arguments of its types.

What it returns is found from the paths on which it does not call itself, then confirmed on all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from srcad import ir
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator, NothingYet, Restart, Unfinished, merge_types, place, shape_class
from srcad.eval_order import COUNTERS, mentioned, release
from srcad.eval_values import residual
from srcad.routines import Routine, calls, of
from srcad.transforms.inline import stored_names
from srcad.transforms.liveness import live_before
from srcad.types import Num
from srcad.values import Closure, Dyn, Known, Ptr, State, Value

WAY_OUT = "Write it as a loop."
Key = tuple[Any, ...]


def call(
    ev: Evaluator,
    function: ir.Function,
    args: list[Value],
    kwargs: dict[str, Value],
    loc: ir.Loc | None,
    parent: str | None,
    extra: Sequence[Value] = (),
    defaults: Mapping[str, Value] | None = None,
) -> Value:
    """A call of a function that stays one."""
    from srcad.eval_functions import bind_arguments

    bound = bind_arguments(ev, function, args, kwargs, loc, extra, defaults)
    key = (function.name, place(function.loc), parent, tuple(_sort(name, v, loc) for name, v in bound.items()))
    given = [(v.expr, _general(v.type)) for v in bound.values() if isinstance(v, Dyn) and isinstance(v.type, Num)]
    routine = ev.cx.defining.get(key) or ev.cx.defined.get(key)
    if routine is None:
        routine = _defined(ev, key, function, bound, parent, loc)
    _widen(ev, key, routine, [kind for _, kind in given])
    if routine.result is None:
        raise Unfinished
    return _emitted(ev, routine, [v for v in bound.values() if isinstance(v, Dyn)], loc)


def _sort(name: str, value: Value, loc: ir.Loc | None) -> Any:
    """What two calls of one routine must agree in."""
    if isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.dims is not None and value.type.dtype:
        return "number", name
    if isinstance(value, Known):
        return "known", name, id(value.value)
    if isinstance(value, Closure) and not value.defaults:
        return "closure", name, id(value.function), value.frame
    reason = f"cannot differentiate a recursion of unknown depth whose argument {name} is not a number or an array"
    raise Unsupported(reason, loc, WAY_OUT)


def _general(kind: Any) -> Num:
    """A type without what is known of the values and extents of one call."""
    assert isinstance(kind, Num) and kind.dims is not None
    return Num(kind.dtype, (None,) * len(kind.dims), kind.weak)


def _widen(ev: Evaluator, key: Key, routine: Routine, kinds: list[Num]) -> None:
    for k, (name, kind) in enumerate(zip(routine.params, kinds, strict=True)):
        own = ev.cx.types[name]
        merged = merge_types(own, kind)
        if merged != own:
            if not isinstance(merged, Num) or merged.dims is None or shape_class(kind) != shape_class(own):
                reason = "cannot differentiate a recursion whose arguments change their kind"
                raise Unsupported(reason, routine.loc, WAY_OUT)
            raise Restart(("param", key, k, merged))


# ---- the definition ----


def _defined(
    ev: Evaluator, key: Key, function: ir.Function, bound: dict[str, Value], parent: str | None, loc: ir.Loc | None
) -> Routine:
    name = ev.cx.names.fresh(function.name)
    taken = ev.root is not None and name == ev.root.function.name  # by the program that is made of the function
    printed = ev.cx.names.fresh(name) if taken else name
    routine = Routine(name, printed=printed, loc=loc, result=_known_result(ev, key), types=ev.cx.types)
    frame = f"{ev.frame}/{function.name}@routine{place(loc)[1:]}.{ev.temp_count(f'routine {function.name}', loc)}"
    before = ev.state
    outer = ev.out, ev.frame, ev.function, ev.cx.assumptions, ev.pending
    ev.state, ev.out, ev.cx.assumptions, ev.pending = before.copy(), [], [], []
    ev.state.frames[frame] = _parameters(ev, key, routine, bound)
    ev.enclose(frame, function, parent)
    ev.frame, ev.function = frame, function
    ev.cx.defining[key] = routine
    try:
        ev.block(function.body)
        value = ev.env.get("return", Known(None))
        exprs = _results(ev, value, loc)
        body, after = tuple(ev.out), ev.state
    except NothingYet:
        raise
    except Unfinished:
        raise Unsupported("cannot differentiate a recursion that never ends", loc, WAY_OUT) from None
    finally:
        ev.out, ev.frame, ev.function, ev.cx.assumptions, ev.pending = outer
        ev.state = before
        del ev.cx.defining[key]
    _refuse_changes(before, after, body, loc)
    kinds = tuple(_general(v.type) for v in exprs)
    if kinds != routine.result:
        raise Restart(("result", key, kinds))
    _close(ev, routine, body, tuple(v.expr for v in exprs))
    if set(routine.captured) <= {i.name for i in ev.cx.inputs if i.origin != "param"}:
        ev.cx.defined[key] = routine  # what it reads outside is the same wherever it is called
    return routine


def _parameters(ev: Evaluator, key: Key, routine: Routine, bound: dict[str, Value]) -> dict[str, Value]:
    env: dict[str, Value] = {}
    names: list[str] = []
    for name, value in bound.items():
        if not isinstance(value, Dyn):
            env[name] = value
            continue
        kind = _general(value.type)
        for decision in ev.cx.decisions:
            if decision[:3] == ("param", key, len(names)):
                merged = merge_types(kind, decision[3])
                assert isinstance(merged, Num)
                kind = merged
        slot = ev.cx.names.fresh(name)
        ev.cx.types[slot] = kind
        names.append(slot)
        env[name] = Dyn(ir.Name(slot), kind)
    routine.params = tuple(names)
    return env


def _known_result(ev: Evaluator, key: Key) -> tuple[Num, ...] | None:
    """What earlier rounds found that it returns."""
    found: tuple[Num, ...] | None = None
    for decision in sorted((d for d in ev.cx.decisions if d[:2] == ("result", key)), key=repr):
        kinds = decision[2]
        if found is not None and [shape_class(a) for a in found] != [shape_class(b) for b in kinds]:
            raise Unsupported("cannot differentiate a recursion that returns several kinds of values", None, WAY_OUT)
        found = kinds if found is None else tuple(merge_types(a, b) for a, b in zip(found, kinds, strict=True))  # type: ignore[misc]
    return found


def _results(ev: Evaluator, value: Value, loc: ir.Loc | None) -> list[Dyn]:
    if isinstance(value, Known) and value.value is None:
        return []
    items = ev.state.heap[value.id].items if isinstance(value, Ptr) and _is_tuple(ev, value) else (value,)
    found = [item for item in items if isinstance(item, Dyn) and isinstance(item.type, Num)]
    if len(found) < len(items) or any(v.type.dims is None or not v.type.dtype for v in found):  # type: ignore[union-attr]
        reason = "cannot differentiate a recursion of unknown depth that returns more than numbers and arrays"
        raise Unsupported(reason, loc, WAY_OUT)
    if isinstance(value, Ptr) and len(found) < 2:
        raise Unsupported("cannot differentiate a recursion that returns a tuple of one", loc, WAY_OUT)
    return found


def _is_tuple(ev: Evaluator, value: Ptr) -> bool:
    return ev.state.heap[value.id].kind == "tuple"


def _refuse_changes(before: State, after: State, body: tuple[ir.Stmt, ...], loc: ir.Loc | None) -> None:
    """The function may write into arrays, but what variables and containers outside hold stays."""
    frames = {f: env for f, env in before.frames.items() if f not in COUNTERS}
    same = all(after.frames.get(f, {}).get(n) == v for f, env in frames.items() for n, v in env.items())
    rebound = {name for node in ir.walk(body) for name in _targets(node)}
    if (
        not same
        or rebound & mentioned(before, (), ())
        or any(after.heap.get(k) != box for k, box in before.heap.items())
    ):
        reason = "cannot differentiate a recursion of unknown depth that changes variables outside of it"
        raise Unsupported(reason, loc, WAY_OUT)


def _close(ev: Evaluator, routine: Routine, body: tuple[ir.Stmt, ...], results: tuple[ir.Expr, ...]) -> None:
    """What it reads of the enclosing function is handed on from call to call."""
    assigned = {n for node in ir.walk(body) for n in _targets(node)}
    read = live_before(body, set().union(*(ir.names(e) for e in results)))
    changed = {node.stack for node in ir.walk(body) if isinstance(node, (ir.Push, ir.Pop))} - assigned
    if changed:
        reason = "cannot differentiate a recursion of unknown depth that changes a list outside of it"
        raise Unsupported(reason, routine.loc, WAY_OUT)
    routine.captured = tuple(sorted(n for n in read - set(routine.params) - assigned if n in ev.cx.types))
    more = tuple(ir.Name(name) for name in routine.captured)

    def visit(node: Any) -> Any:
        found = of(node)
        return replace(node, args=(*node.args, *more)) if found is not None and found[0] is routine else node

    routine.body, routine.results = ir.transform(body, visit), ir.transform(results, visit)
    routine.pure = not stored_names(body) and all(r is routine or r.pure for r, _, _ in calls(body))


def _targets(node: Any) -> set[str]:
    if isinstance(node, (ir.Assign, ir.For)):
        return ir.names(node.target)
    if isinstance(node, (ir.Augment, ir.Pop)) and isinstance(node.target, ir.Name):
        return {node.target.id}
    return set()


# ---- the call ----


def _emitted(ev: Evaluator, routine: Routine, given: list[Dyn], loc: ir.Loc | None) -> Value:
    args: list[ir.Expr] = []
    for value in given:
        scalar = isinstance(value.type, Num) and value.type.dims == ()
        plain = scalar or isinstance(value.expr, ir.Name)
        args.append(residual(ev, value if plain else ev.temp("part", value, loc), loc))
    args += [ir.Name(name) for name in routine.captured]
    expr = routine.call(tuple(args), loc=loc)
    assert routine.result is not None
    slots = [ev.temp_slot(f"{routine.name}_value", loc) for _ in routine.result]
    for slot, kind in zip(slots, routine.result, strict=True):
        ev.note_type(slot, kind)
    release(ev, slots, loc)
    names = tuple(ir.Name(slot) for slot in slots)
    if not names:
        ev.emit(ir.Do(expr, loc=loc))
        return Known(None)
    ev.emit(ir.Assign(names[0] if len(names) == 1 else ir.Tuple(names), expr, loc=loc))
    values = [Dyn(name, kind) for name, kind in zip(names, routine.result, strict=True)]
    return values[0] if len(values) == 1 else ev.tuple_of(values)
