"""Left to right: what the evaluator holds stays what it was while later statements are written.

A value is held as an expression, which means what it meant only until a variable or an array that it reads changes.
`in_order` names the values of earlier operands before a later one changes what they read; `settle` does so for a value
that outlives its statement; `release` moves what else is held in a variable out of the way before it is assigned.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from srcad import ir, routines
from srcad.types import Num, is_scalar, leaf_name
from srcad.values import (
    Bound,
    Box,
    Closure,
    Dyn,
    Generator,
    Known,
    Lazy,
    Maybe,
    Partial,
    Ptr,
    Rows,
    State,
    Table,
    Text,
    Value,
)

if TYPE_CHECKING:
    from srcad.eval_core import Evaluator

_STRUCTURE = ("shape", "ndim", "size", "dtype", "itemsize", "nbytes")


def in_order(ev: Evaluator, steps: Sequence[Callable[[], Value]], loc: ir.Loc | None) -> list[Value]:
    """The values of steps taken one after the other; an earlier one is named first if a later step changes it."""
    values: list[Value] = []
    for step in steps:
        mark = len(ev.out)
        with holding(ev, values):
            value = step()
        values = held(ev, values, mark, loc)
        values.append(value)
    return values


@contextmanager
def holding(ev: Evaluator, values: list[Value]) -> Iterator[None]:
    """While something else is evaluated: the containers among `values` are in use."""
    ev.pending.append(values)
    try:
        yield
    finally:
        ev.pending.pop()


def held(ev: Evaluator, values: list[Value], mark: int, loc: ir.Loc | None) -> list[Value]:
    """Values that were there when `ev.out` was `mark` long, as they were then."""
    if len(ev.out) == mark:
        return values
    later = ev.out[mark:]
    change = changes(ev, later)
    del ev.out[mark:]
    values = [_hold(ev, value, change.reaches, loc) for value in values]
    ev.out.extend(later)
    return values


def settle(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Value:
    """A function or iterator that outlives its statement: the arrays and numbers in it get names."""
    if isinstance(value, Generator):
        env = ev.state.frames[value.frame]
        env[value.source] = steady(ev, env[value.source], loc)
        return value
    return value if ev.by_name or isinstance(value, (Dyn, Ptr)) else _hold(ev, value, _compound, loc)


def owned(ev: Evaluator, value: Value, base: str, loc: ir.Loc | None) -> Value:
    """A value that goes into a container: it is held by names from now on, a container's items included."""
    if isinstance(value, Dyn):
        return value if ev.by_name or isinstance(value.expr, (ir.Name, ir.Const)) else ev.temp(base, value, loc)
    if not isinstance(value, Ptr):
        return settle(ev, value, loc)
    box = ev.state.heap[value.id]
    if not box.bound:
        ev.state.heap[value.id] = replace(box, bound=True)
        items = tuple(owned(ev, item, leaf_name(base, key), loc) for key, item in zip(box.keys, box.items, strict=True))
        ev.state.heap[value.id] = replace(ev.state.heap[value.id], items=items)
    return value


ARRAY_OF_NO_AXES = frozenset(
    f"numpy.{name}"
    for name in "where tensordot squeeze select piecewise roll copy i0 broadcast_to array asarray zeros ones empty "
    "full zeros_like ones_like empty_like full_like real_if_close reshape".split()
)


def may_be_array(ev: Evaluator, value: Value) -> bool:
    """Whether what has no axes may be an array all the same, which ``op=`` writes into."""
    if not isinstance(value, Dyn) or not isinstance(value.type, Num) or value.type.dims != ():
        return False
    return _may_be_array(ev, value.expr)


def _may_be_array(ev: Evaluator, expr: ir.Expr) -> bool:
    if isinstance(expr, ir.Index):
        return ir.ELLIPSIS in expr.items
    if isinstance(expr, ir.Call):
        made = isinstance(expr.fn, ir.Ref) and expr.fn.path in ARRAY_OF_NO_AXES
        return made or _viewed(ev, expr) is not None
    return isinstance(expr, ir.Name) and expr.id in ev.cx.zero_d


def _viewed(ev: Evaluator, expr: ir.Expr) -> str | None:
    """The variable that ``np.transpose(s)``, ``s.reshape(())`` or ``y[0, ...]`` is a view of, whatever its axes."""
    from srcad.transforms import alias

    if isinstance(expr, ir.Name):
        kind = ev.cx.types.get(expr.id)
        return expr.id if expr.id in ev.cx.zero_d or not (isinstance(kind, Num) and kind.dims == ()) else None
    if isinstance(expr, ir.Index):
        slices = any(isinstance(item, ir.Slice) or item == ir.ELLIPSIS for item in expr.items)
        return _viewed(ev, expr.base) if slices else None
    views = isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref) and expr.fn.path in alias.VIEWS | alias.MAYBE
    return _viewed(ev, expr.args[0]) if views and expr.args else None  # type: ignore[union-attr]


def note_names(ev: Evaluator, target: str, value: Dyn) -> None:
    """Remember which variables may stand for one array."""
    if isinstance(value.expr, ir.Name) and value.expr.id != target and not is_scalar(value.type):
        ev.cx.second_names |= {value.expr.id, target}


def note_no_axes(ev: Evaluator, target: str, expr: ir.Expr) -> None:
    """The same for arrays without axes, and for views of one element."""
    kind = ev.cx.types.get(target)
    if not isinstance(kind, Num) or kind.dims != () or not _may_be_array(ev, expr):
        return
    ev.cx.zero_d.add(target)
    root = _viewed(ev, expr)
    if root is not None and root != target:
        ev.cx.second_names |= {target, *({root} & ev.cx.zero_d)}
    elif isinstance(expr, ir.Index):
        ev.cx.second_names.add(target)


def seen_elsewhere(ev: Evaluator, value: Value, owners: Collection[tuple[str, str]]) -> bool:
    """Whether something else than `owners` holds the variable that `value` is, or may share its memory."""
    if not isinstance(value, Dyn) or not isinstance(value.expr, ir.Name):
        return True
    return value.expr.id in ev.cx.second_names or value.expr.id in mentioned(ev.state, owners, ())


def held_once(ev: Evaluator, value: Value) -> bool:
    """Whether one place holds the variable that `value` is: a variable of the program's, or an item of a container."""
    if not isinstance(value, Dyn) or not isinstance(value.expr, ir.Name) or value.expr.id in ev.cx.second_names:
        return False
    held = [v for frame, env in ev.state.frames.items() if frame not in COUNTERS for v in env.values()]
    held += [item for box in ev.state.heap.values() for item in box.items]
    return sum(value.expr.id in names_in(v) for v in held) <= 1


def steady(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Value:
    """What is about to be looped over: its containers hold what they hold now, whatever the loop does."""
    if isinstance(value, Lazy):
        return replace(value, args=tuple(steady(ev, v, loc) for v in value.args))
    return owned(ev, value, "items", loc) if isinstance(value, Ptr) else value


def _compound(expr: ir.Expr) -> bool:
    return not isinstance(expr, ir.Name)


# ---- what statements change ----


@dataclass(frozen=True)
class Change:
    """Variables that get new values, and whether an array or list is written that was there before."""

    rebound: frozenset[str]
    wrote: bool
    known: dict[str, Any]

    def reaches(self, expr: ir.Expr) -> bool:
        """Whether `expr`, evaluated afterwards, may give something else (a name of an array is the array itself)."""
        if ir.names(expr) & self.rebound:
            return True
        return self.wrote and not isinstance(expr, ir.Name) and any(self._has_memory(n) for n in _contents(expr))

    def _has_memory(self, name: str) -> bool:
        kind = self.known.get(name)
        return not (isinstance(kind, Num) and kind.dims == ())


def changes(ev: Evaluator, stmts: Sequence[ir.Stmt]) -> Change:
    from srcad.transforms import alias

    rebound: set[str] = set()
    fresh: set[str] = set()
    written: set[str] = set()
    for node in ir.walk(tuple(stmts)):
        for target, value in alias.assignments(node):
            rebound.add(target)
            if alias.shares(value, ev.cx.types) <= fresh and target not in written:
                fresh.add(target)
            else:
                fresh.discard(target)
        written |= _written(node)
        rebound |= _rebound(node)
    return Change(frozenset(rebound), bool(written - fresh), ev.cx.types)


def changes_nothing(call: ir.Call) -> bool:
    """Whether a call is certainly of a library function that only computes."""
    from srcad.eval_effects import writes

    library = isinstance(call.fn, ir.Ref) and call.fn.path.startswith(("numpy.", "math.", "builtins."))
    return library and not writes(call.fn.path) and all(key != "out" for key, _ in call.kwargs)  # type: ignore[union-attr]


def disturbed(ev: Evaluator, before: State, mark: int) -> bool:
    """Whether what was written since `mark`, or done to containers meanwhile, can be seen from outside."""
    if changes(ev, ev.out[mark:]).wrote:
        return True
    now = ev.state
    for frame, env in before.frames.items():
        if frame not in COUNTERS and any(now.frames.get(frame, {}).get(name) != v for name, v in env.items()):
            return True
    return any(now.heap.get(key, box) != box for key, box in before.heap.items())


def _rebound(node: Any) -> set[str]:
    if isinstance(node, (ir.Assign, ir.For)):
        return ir.names(node.target)
    if isinstance(node, (ir.Augment, ir.Pop)) and isinstance(node.target, ir.Name):
        return {node.target.id}
    return set()


def _written(node: Any) -> set[str]:
    found = routines.called(node)
    if found is not None:
        return set() if found[0].pure else set().union(*(ir.names(a) for a in found[2]))
    if isinstance(node, (ir.Push, ir.Pop)):
        return {node.stack}
    target: Any = None
    if isinstance(node, (ir.Store, ir.Augment)):
        target = node.target
    elif isinstance(node, ir.Do) and isinstance(node.value, ir.Call) and node.value.fn == ir.Ref("numpy.add.at"):
        target = ir.Index(node.value.args[0], ())
    if isinstance(target, (ir.Index, ir.Attr, ir.Call)):
        while isinstance(target, (ir.Index, ir.Attr, ir.Call)):
            target = target.args[0] if isinstance(target, ir.Call) else target.base
        return ir.names(target)
    return set()


def _contents(expr: ir.Expr) -> Iterator[str]:
    """Variables whose elements an expression reads; a shape is not among them."""
    if (
        isinstance(expr, ir.Attr)
        and expr.name in _STRUCTURE
        or isinstance(expr, ir.Call)
        and expr.fn == ir.Ref("builtins.len")
    ):
        return
    if isinstance(expr, ir.Name):
        yield expr.id
    for child in ir.children(expr):
        yield from _contents(child)


# ---- names for what is held ----


def _hold(ev: Evaluator, value: Value, reached: Callable[[ir.Expr], bool], loc: ir.Loc | None) -> Value:
    """`value` with a variable of its own for each expression in it that is reached by a change."""
    if isinstance(value, Dyn):
        if isinstance(value.expr, ir.Const) or not reached(value.expr):
            return value
        return replace(value, expr=value.const) if value.const is not None else ev.temp("t", value, loc)
    if isinstance(value, Text):
        return Text(_held_text(ev, value.expr, reached, loc))
    if isinstance(value, Lazy):
        return replace(value, args=tuple(_hold(ev, v, reached, loc) for v in value.args))
    if isinstance(value, Bound):
        return replace(value, owner=_hold(ev, value.owner, reached, loc))
    if isinstance(value, Table):
        return replace(value, prefix=tuple(_hold(ev, v, reached, loc) for v in value.prefix))  # type: ignore[misc]
    if isinstance(value, Maybe):
        return Maybe(_hold(ev, value.absent, reached, loc), _hold(ev, value.value, reached, loc))  # type: ignore[arg-type]
    if isinstance(value, Partial):
        args = tuple(_hold(ev, v, reached, loc) for v in value.args)
        kwargs = tuple((k, _hold(ev, v, reached, loc)) for k, v in value.kwargs)
        return Partial(_hold(ev, value.fn, reached, loc), args, kwargs, value.derivative)
    if isinstance(value, Ptr):
        _hold_items(ev, value, reached, loc)
    if isinstance(value, Generator):
        env = ev.state.frames[value.frame]
        env[value.source] = _hold(ev, env[value.source], reached, loc)
    return value


def _hold_items(ev: Evaluator, value: Ptr, reached: Callable[[ir.Expr], bool], loc: ir.Loc | None) -> None:
    """The items of a new container: one that has variables is left to `release`."""
    box = ev.state.heap[value.id]
    if box.bound:
        return
    items = tuple(_hold(ev, item, reached, loc) for item in box.items)
    if any(new is not old for new, old in zip(items, box.items, strict=True)):
        ev.state.heap[value.id] = replace(box, items=items, expr=None)


def _held_text(ev: Evaluator, expr: ir.Expr, reached: Callable[[ir.Expr], bool], loc: ir.Loc | None) -> ir.Expr:
    """A message with the numbers that it shows named."""
    from srcad.eval_values import dyn

    def part(node: Any) -> Any:
        if isinstance(node, (ir.Const, ir.Ref)) or not ir.names(node):
            return node
        if isinstance(node, (ir.FString, ir.Attr, ir.Tuple)) or isinstance(node, ir.Call) and _is_text(node):
            return ir.rebuild(node, part)
        return ev.temp("t", dyn(ev, node), loc).expr if reached(node) else node

    return part(expr)  # type: ignore[no-any-return]


def _is_text(call: ir.Call) -> bool:
    return isinstance(call.fn, ir.Attr) or call.fn in [ir.Ref(f"builtins.{f}") for f in ("str", "repr", "format")]


# ---- variables that are assigned while something else is held in them ----


def release(
    ev: Evaluator,
    targets: Iterable[str],
    loc: ir.Loc | None,
    owners: Collection[tuple[str, str]] = (),
    also: Sequence[Value] = (),
) -> None:
    """Give what else is held in `targets` variables of its own.

    owners: (frame, name) of the Python variables that are assigned. also: values not in the state yet.
    """
    if ev.by_name:
        return
    wanted = set(targets)
    roots = [*also, *(p for values in ev.pending for v in values for p in pointers_in(v))]
    occupied = mentioned(ev.state, owners, roots) & wanted if _occurs(ev.state, wanted) else set()
    moved: dict[str, ir.Expr] = {}
    for name in sorted(occupied):
        twin = _twin(ev, name)
        if twin is not None:
            moved[name] = ir.Name(twin)
            continue
        kept = ev.temp_slot(f"{name}_before", loc)
        ev.cx.types[kept] = ev.cx.types[name]
        ev.cx.set_aside.add(kept)
        ev.out.append(ir.Assign(ir.Name(kept), ir.Name(name), loc=loc))
        moved[name] = ir.Name(kept)
    if moved:
        _move(ev.state, moved)


def _twin(ev: Evaluator, name: str) -> str | None:
    """Another variable that the block at hand gave the same value or array, neither having been set since."""
    from srcad.eval_core import shape_class

    changed: set[str] = set()
    for stmt in reversed(ev.out):
        if isinstance(stmt, ir.Assign) and stmt.value == ir.Name(name) and isinstance(stmt.target, ir.Name):
            twin = stmt.target.id
            if not changed & {twin, name} and shape_class(ev.cx.types[twin]) == shape_class(ev.cx.types[name]):
                return twin
        changed |= _set_by(stmt)
        if name in changed:
            return None
    return None


def _set_by(stmt: ir.Stmt) -> set[str]:
    """Variables that a statement sets, or that one inside it sets."""
    found: set[str] = set()
    for node in ir.walk(stmt):
        if isinstance(node, (ir.Assign, ir.Augment, ir.For, ir.Pop)) and node.target is not None:
            found |= ir.names(node.target)
    return found


def _occurs(state: State, wanted: set[str]) -> bool:
    frames = (v for frame, env in state.frames.items() if frame not in COUNTERS for v in env.values())
    boxes = (v for box in state.heap.values() for v in (*box.items, *([Known(None, box.expr)] if box.expr else ())))
    return any(name in wanted for values in (frames, boxes) for value in values for name in names_in(value))


COUNTERS = ("#temps", "#loops", "#used")


def mentioned(state: State, owners: Collection[tuple[str, str]], also: Sequence[Value]) -> set[str]:
    """Variables in which something is held that can still be reached."""
    found: set[str] = set()
    seen: set[int] = set()
    todo: list[Value] = [v for v in also]
    for frame, env in state.frames.items():
        if frame not in COUNTERS:
            todo += [v for name, v in env.items() if (frame, name) not in owners]
    while todo:
        value = todo.pop()
        found.update(names_in(value))
        for pointer in pointers_in(value):
            if pointer.id not in seen:
                seen.add(pointer.id)
                box = state.heap[pointer.id]
                # a container without variables is still being evaluated: `held` sees to what it reads
                todo += box.items if box.bound else [p for item in box.items for p in pointers_in(item)]
                found |= ir.names(box.expr) if box.expr is not None else set()
    return found


def reachable(ev: Evaluator) -> set[int]:
    """The containers that the program can still get at."""
    todo = [p for values in ev.pending for v in values for p in pointers_in(v)]
    for frame, env in ev.state.frames.items():
        if frame not in COUNTERS:
            todo += [p for value in env.values() for p in pointers_in(value)]
    found: set[int] = set()
    while todo:
        pointer = todo.pop()
        if pointer.id not in found:
            found.add(pointer.id)
            todo += [p for item in ev.state.heap[pointer.id].items for p in pointers_in(item)]
    return found


def names_in(value: Value) -> Iterable[str]:
    if isinstance(value, Dyn):
        return (value.expr.id,) if isinstance(value.expr, ir.Name) else ir.names(value.expr)
    if isinstance(value, (Known, Text)):
        return () if value.expr is None or isinstance(value.expr, ir.Ref) else ir.names(value.expr)
    return [name for part in _parts(value) for name in names_in(part)]


def _parts(value: Value) -> tuple[Value, ...]:
    if isinstance(value, Lazy):
        return value.args
    if isinstance(value, Bound):
        return (value.owner,)
    if isinstance(value, Maybe):
        return (value.absent, value.value)
    if isinstance(value, Table):
        return (value.array, *value.prefix)
    if isinstance(value, Rows):
        return value.columns
    if isinstance(value, Partial):
        return (value.fn, *value.args, *(v for _, v in value.kwargs))
    if isinstance(value, Closure):
        return tuple(v for _, v in value.defaults)
    return ()


def pointers_in(value: Value) -> list[Ptr]:
    """The containers that a value holds directly."""
    if isinstance(value, Ptr):
        return [value]
    return [pointer for part in _parts(value) for pointer in pointers_in(part)]


def _move(state: State, moved: dict[str, ir.Expr]) -> None:
    for frame, env in state.frames.items():
        if frame not in COUNTERS:
            env.update({name: _moved(value, moved) for name, value in env.items()})
    for key, box in state.heap.items():
        state.heap[key] = _moved_box(box, moved) if box.bound else box


def _moved_box(box: Box, moved: dict[str, ir.Expr]) -> Box:
    expr = box.expr if box.expr is None else ir.substitute(box.expr, moved)
    return replace(box, items=tuple(_moved(item, moved) for item in box.items), expr=expr)


def _moved(value: Value, moved: dict[str, ir.Expr]) -> Value:
    if isinstance(value, Dyn):
        return replace(value, expr=ir.substitute(value.expr, moved)) if set(names_in(value)) & set(moved) else value
    if isinstance(value, (Known, Text)):
        return replace(value, expr=ir.substitute(value.expr, moved)) if set(names_in(value)) & set(moved) else value
    if isinstance(value, Lazy):
        return replace(value, args=tuple(_moved(v, moved) for v in value.args))
    if isinstance(value, Bound):
        return replace(value, owner=_moved(value.owner, moved))
    if isinstance(value, Rows):
        return replace(value, columns=tuple(_moved(c, moved) for c in value.columns))  # type: ignore[misc]
    if isinstance(value, Table):
        array, *prefix = (_moved(v, moved) for v in (value.array, *value.prefix))
        return replace(value, array=array, prefix=tuple(prefix))  # type: ignore[arg-type]
    if isinstance(value, Maybe):
        return Maybe(_moved(value.absent, moved), _moved(value.value, moved))  # type: ignore[arg-type]
    if isinstance(value, Partial):
        kwargs = tuple((k, _moved(v, moved)) for k, v in value.kwargs)
        return Partial(_moved(value.fn, moved), tuple(_moved(v, moved) for v in value.args), kwargs, value.derivative)
    if isinstance(value, Closure) and value.defaults:
        return replace(value, defaults=tuple((k, _moved(v, moved)) for k, v in value.defaults))
    return value
