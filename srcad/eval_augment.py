"""Augmented assignment in the partial evaluator: what ``op=`` changes in place, and what it stores back."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from dataclasses import replace

from srcad import eval_lists, eval_special, ir
from srcad.errors import Unsupported
from srcad.eval_array_likes import beside_array
from srcad.eval_assign import changeable, check_writable, flat_of, plain, set_attribute, set_item, store_item
from srcad.eval_core import Evaluator, Restart
from srcad.eval_exprs import attribute, evaluate, sequence
from srcad.eval_index import evaluate_index, index, index_exprs
from srcad.eval_operators import binary
from srcad.eval_order import held, held_once, holding, in_order, may_be_array, owned, seen_elsewhere
from srcad.eval_values import demand, dyn, residual, static
from srcad.types import Num, Seq, is_scalar
from srcad.values import Box, Dyn, Known, Ptr, Rows, Value


def augment(ev: Evaluator, stmt: ir.Augment) -> None:
    """``target op= value``: a rebinding for numbers, a write into the array for arrays and lists.

    As in Python, the old value is read first, then `value` is evaluated, then the target is written.
    """
    target = stmt.target
    if isinstance(target, ir.Index):
        _augment_item(ev, stmt, target)
        return
    if isinstance(target, ir.Attr):
        base, old, value = in_order(
            ev,
            [
                lambda: evaluate(ev, target.base),
                lambda: attribute(ev, ev.pending[-1][0], target.name, target.loc),
                lambda: evaluate(ev, stmt.value),
            ],
            stmt.loc,
        )
        new = _updated(ev, old, stmt, value)
        if new is not old or not _attribute_is(ev, base, target.name, old):
            set_attribute(ev, base, target.name, new, stmt.loc)
        return
    assert isinstance(target, ir.Name)
    old, value = in_order(ev, [lambda: ev.lookup(target.id, stmt.loc), lambda: evaluate(ev, stmt.value)], stmt.loc)
    frame = ev.owner(target.id)
    new = _updated(ev, old, stmt, value, {(frame, target.id)})
    if new is not old or not _same(ev.state.frames[frame].get(target.id), old):
        ev.bind(target.id, new, stmt.loc)


def _updated(
    ev: Evaluator, old: Value, stmt: ir.Augment, value: Value, owners: Collection[tuple[str, str]] = ()
) -> Value:
    """What the target of ``op=`` is given: `old` itself where that is changed in place."""
    changed = eval_special.in_place(ev, stmt.op, old, value, stmt.loc)
    if changed is not None:
        return changed
    return old if changed_in_place(ev, old, stmt, value, owners) else _combined(ev, old, stmt, value)


def _same(held: Value | None, value: Value) -> bool:
    """Whether what a target holds is this very value, which then need not be stored again."""
    if isinstance(held, Dyn) and isinstance(value, Dyn):
        return held.expr == value.expr
    return held == value


def _attribute_is(ev: Evaluator, base: Value, name: str, value: Value) -> bool:
    """Whether ``base.name = value`` changes nothing and calls nothing."""
    if isinstance(base, Ptr):
        box = ev.state.heap[base.id]
        own = box.index(name) if box.kind in eval_special.OBJECTS else None
        return own is not None and not eval_special.sees_writes(box.cls, name) and _same(box.items[own], value)
    if isinstance(base, Known):
        return not eval_special.sees_writes(type(base.value), name) and _same(attribute(ev, base, name, None), value)
    return name in ("real", "imag")  # of an array: a view of it


def _item_is(ev: Evaluator, base: Value, items: list[Value], value: Value, later: Sequence[ir.Stmt]) -> bool:
    """Whether ``base[items] = value`` changes nothing and calls nothing. later: what was done since it was read."""
    if eval_special.special(ev, base, "setitem") is not None:
        return False
    if isinstance(base, Ptr):
        box, (_, key) = ev.state.heap[base.id], static(ev, items[0])
        own = box.index(key) if box.kind == "dict" or not isinstance(key, int) else key
        there = own is not None and -len(box.items) <= own < len(box.items)
        return there and box.kind in ("list", "dict") and _same(box.items[own], value)  # type: ignore[index]
    return not _changed_lists(ev, later)


def _changed_lists(ev: Evaluator, stmts: Sequence[ir.Stmt]) -> set[str]:
    """The lists of unknown length in which statements may put something else, other than those that they make."""
    found: set[str] = set()
    for node in ir.walk(tuple(stmts)):
        if isinstance(node, (ir.Push, ir.Pop)):
            found.add(node.stack)
        elif isinstance(node, ir.Store) and isinstance(node.target, ir.Index):
            found |= ir.names(node.target.base)
    made = {n for s in stmts if isinstance(s, ir.Assign) and isinstance(s.value, ir.List) for n in ir.names(s.target)}
    return {name for name in found - made if isinstance(ev.cx.types.get(name), Seq)}


def _combined(ev: Evaluator, old: Value, stmt: ir.Augment, value: Value) -> Value:
    """``old op value`` for what is a number here; an array of no axis would keep its type, so this must, too."""
    new = binary(ev, stmt.op, old, value, stmt.loc)
    if may_be_array(ev, old) and isinstance(new, Dyn) and isinstance(new.type, Num) and isinstance(old, Dyn):
        before, after = (getattr(kind, "dtype", None) for kind in (old.type, new.type))
        if before and after and before != after:
            reason = f"cannot differentiate `{stmt.op}=`, which makes {after} of an array without axes of {before}"
            raise Unsupported(reason, stmt.loc, "Use a number: float(a).")
    return new


def changed_in_place(
    ev: Evaluator, old: Value, stmt: ir.Augment, value: Value, owners: Collection[tuple[str, str]] = ()
) -> bool:
    """Whether `old` is an array or a list, which ``op=`` writes into. owners: the variables that hold it."""
    if may_be_array(ev, old) and seen_elsewhere(ev, old, owners) and not held_once(ev, old):
        reason = "cannot differentiate a change in place of an array without axes that has another name, too"
        raise Unsupported(reason, stmt.loc, "Use a number: float(a).")
    if isinstance(old, Dyn) and isinstance(old.type, Num) and old.type.dims != ():
        if old.type.dims is None:
            what = stmt.target.loc.text if stmt.target.loc else "this"
            raise Unsupported(
                f"cannot differentiate {what}, which may be an array, which `{stmt.op}=` writes into, or a number",
                stmt.loc,
                "Annotate the arguments, or write it as an assignment.",
            )
        check_writable(ev, old, stmt.loc)
        place = ir.Index(old.expr, (ir.ELLIPSIS,), loc=stmt.target.loc)
        ev.emit(ir.Augment(place, stmt.op, residual(ev, beside_array(ev, value, stmt.loc), stmt.loc), loc=stmt.loc))
        return True
    if isinstance(old, Rows) or isinstance(old, Dyn) and isinstance(old.type, Seq):
        if stmt.op == "+":
            eval_lists.extend(ev, old, value, stmt.loc)
            return True
        raise Unsupported(
            f"cannot differentiate `{stmt.op}=` of a list of unknown length", stmt.loc, "Append the items in a loop."
        )
    if not isinstance(old, Ptr) or ev.state.heap[old.id].kind in ("tuple", "namedtuple", *eval_special.OBJECTS):
        return False
    return _list_in_place(ev, old, stmt, value)


def _list_in_place(ev: Evaluator, old: Ptr, stmt: ir.Augment, value: Value) -> bool:
    box = ev.state.heap[old.id]
    changeable(ev, old, stmt.loc)
    if box.kind == "list" and stmt.op == "+":
        items = [owned(ev, item, "item", stmt.loc) for item in added(ev, box, value, stmt.loc)]
        merged = (*ev.state.heap[old.id].items, *items)
    elif box.kind == "list" and stmt.op == "*":
        merged = box.items * demand(ev, value, "how often a list is repeated", stmt.loc)
    elif box.kind == "dict" and stmt.op == "|" and isinstance(value, Ptr):
        other = ev.state.heap[value.id]
        for key, item in zip(other.keys, other.items, strict=True):
            set_item(ev, old, [plain(key)], item, stmt.loc)
        return True
    else:
        raise Unsupported(f"cannot differentiate `{stmt.op}=` of a {box.kind}", stmt.loc)
    ev.state.heap[old.id] = replace(ev.state.heap[old.id], keys=tuple(range(len(merged))), items=merged, expr=None)
    return True


def _augment_item(ev: Evaluator, stmt: ir.Augment, target: ir.Index) -> None:
    if isinstance(target.base, ir.Attr) and target.base.name == "flat":
        return _augment_flat(ev, stmt, target)
    parts = evaluate_index(ev, target)
    mark = len(ev.out)
    with holding(ev, parts):
        if _is_view(ev, parts, target.loc):
            (value,) = in_order(ev, [lambda: evaluate(ev, stmt.value)], stmt.loc)
            old = None
        else:
            read = functools.partial(index, ev, parts[0], parts[1:], target.loc)
            old, value = in_order(ev, [read, lambda: evaluate(ev, stmt.value)], stmt.loc)
    base, *items = held(ev, parts, mark, stmt.loc)
    if isinstance(base, Dyn) and isinstance(base.type, Num):
        name = target.base.id if isinstance(target.base, ir.Name) else ""
        if not is_scalar(base.type) or seen_elsewhere(ev, base, {(ev.owner(name), name)}):
            check_writable(ev, base, target.loc)
        place = ir.Index(base.expr, index_exprs(ev, items, stmt.loc), loc=target.loc)
        if old is None or isinstance(old, Dyn) and not isinstance(old.expr, ir.Name):
            ev.emit(ir.Augment(place, stmt.op, residual(ev, beside_array(ev, value, stmt.loc), stmt.loc), loc=stmt.loc))
            return
    assert old is not None
    copied = isinstance(base, Dyn) and isinstance(base.type, Num)  # what was read of an array, and may have a name
    later = ev.out[mark:]
    new = _combined(ev, old, stmt, value) if copied else _updated(ev, old, stmt, value)
    if new is not old or not _item_is(ev, base, items, old, later):
        store_item(ev, base, items, new, target.loc, stmt.loc)


def _is_view(ev: Evaluator, parts: list[Value], loc: ir.Loc | None) -> bool:
    """Whether ``base[items]`` is a view of an array, which ``op=`` writes through."""
    from srcad.transforms import alias

    base, *items = parts
    if not isinstance(base, Dyn) or not isinstance(base.type, Num):
        return False
    place = dyn(ev, ir.Index(base.expr, index_exprs(ev, items, loc)))
    scalar = isinstance(place.type, Num) and place.type.dims == ()
    assert isinstance(place.expr, ir.Index)
    return not scalar and not alias.is_selection(place.expr, ev.cx.types)


def added(ev: Evaluator, box: Box, more: Value, loc: ir.Loc | None) -> list[Value]:
    """The items that a list gets at its end; where their number is not known, the list is one of unknown length."""
    from srcad.eval_itertools import is_open

    unknown = isinstance(more, Rows) or is_open(ev, more)
    if unknown and box.growing and ("dynamic", box.site) not in ev.cx.decisions:
        raise Restart(("dynamic", box.site))
    return sequence(ev, more, loc)


def _augment_flat(ev: Evaluator, stmt: ir.Augment, target: ir.Index) -> None:
    """``x.flat[k] += value``, which writes into x whatever its layout, other than what ``x.ravel()`` may."""
    from srcad import eval_effects

    target, array = flat_of(ev, target)
    parts = evaluate_index(ev, target)
    with holding(ev, parts):
        read = functools.partial(index, ev, parts[0], parts[1:], target.loc)
        old, value = in_order(ev, [read, lambda: evaluate(ev, stmt.value)], stmt.loc)
    new = binary(ev, stmt.op, old, value, stmt.loc)
    eval_effects.put(ev, ev.env.pop(array), parts[1], new, stmt.loc)
