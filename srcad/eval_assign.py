"""Assignment in the partial evaluator: to names, elements, attributes and several at once; augmented assignment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from srcad import ir
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator
from srcad.eval_exprs import evaluate, sequence
from srcad.eval_index import box_position, evaluate_index, index, index_exprs, unknown_key
from srcad.eval_operators import binary
from srcad.eval_order import held
from srcad.eval_values import dyn, residual, static
from srcad.types import Num, Seq
from srcad.values import Box, Dyn, Known, Ptr, Value


def assign(ev: Evaluator, target: ir.Expr, value: Value, loc: ir.Loc | None) -> None:
    if isinstance(target, ir.Name):
        ev.bind(target.id, value, loc)
    elif isinstance(target, ir.Index):
        _assign_item(ev, target, value, loc)
    elif isinstance(target, ir.Attr):
        _assign_attribute(ev, target, value, loc)
    elif isinstance(target, (ir.Tuple, ir.List)):
        _unpack(ev, target.items, value, loc)
    else:
        raise Unsupported("an assignment to this target", loc)


def assign_tuple(ev: Evaluator, stmt: ir.Assign) -> None:
    """Parallel assignment of names, or unpacking."""
    value = evaluate(ev, stmt.value)
    assert isinstance(stmt.target, ir.Tuple)
    _unpack(ev, stmt.target.items, value, stmt.loc)


def _unpack(ev: Evaluator, targets: tuple[ir.Expr, ...], value: Value, loc: ir.Loc | None) -> None:
    items = _array_items(ev, value, targets, loc) or sequence(ev, value, loc)
    star = next((k for k, t in enumerate(targets) if isinstance(t, ir.Starred)), None)
    if star is None and len(items) != len(targets):
        raise ValueError(f"cannot unpack {len(items)} values into {len(targets)} names")
    if star is not None:
        after = len(targets) - star - 1
        middle = ev.tuple_of(items[star : len(items) - after], "list", site=loc)
        items = [*items[:star], middle, *items[len(items) - after :]]
        targets = tuple(t.value if isinstance(t, ir.Starred) else t for t in targets)
    if all(isinstance(t, ir.Name) and isinstance(v, Dyn) for t, v in zip(targets, items, strict=True)):
        _bind_together(ev, targets, items, loc)
        return
    for target, item in zip(targets, items, strict=True):
        assign(ev, target, item, loc)


def _array_items(ev: Evaluator, value: Value, targets: tuple[ir.Expr, ...], loc: ir.Loc | None) -> list[Value] | None:
    """``x, y, z = s`` of an array whose extent is known at run time only: as many items as names, and a check."""
    if not isinstance(value, Dyn) or not isinstance(value.type, Num) or not value.type.dims:
        return None
    extent = value.type.dims[0]
    if extent is not None and not extent.terms or any(isinstance(t, ir.Starred) for t in targets):
        return None
    value = value if isinstance(value.expr, ir.Name) else ev.temp("items", value, loc)
    length = ir.Index(ir.Attr(value.expr, "shape"), (ir.Const(0),))
    error = ir.Call(ir.Ref("builtins.ValueError"), (ir.Const(f"cannot unpack the array into {len(targets)} names"),))
    ev.emit(ir.If(ir.Compare(("!=",), (length, ir.Const(len(targets)))), (ir.Raise(error),), loc=loc))
    return [dyn(ev, ir.Index(value.expr, (ir.Const(k),), loc=loc)) for k in range(len(targets))]


def _bind_together(ev: Evaluator, targets: tuple[ir.Expr, ...], items: list[Value], loc: ir.Loc | None) -> None:
    pairs, bound = [], []
    for target, item in zip(targets, items, strict=True):
        assert isinstance(target, ir.Name) and isinstance(item, Dyn)
        frame = ev.owner(target.id)
        slot = ev.slot(target.id, item.type, frame)
        ev.note_type(slot, item.type)
        const = item.const or (item.expr if isinstance(item.expr, ir.Const) else None)
        pairs.append((slot, item.expr))
        bound.append((frame, target.id, Dyn(ir.Name(slot), item.type, const)))
    ev.assign_parallel(pairs, loc)
    for frame, name, value in bound:
        ev.state.frames[frame][name] = value


def _assign_item(ev: Evaluator, target: ir.Index, value: Value, loc: ir.Loc | None) -> None:
    mark = len(ev.out)
    base, *items = evaluate_index(ev, target)
    (value,) = held(ev, [value], mark, loc)
    if isinstance(base, Ptr):
        set_item(ev, base, items, value, target.loc or loc)
        return
    if not isinstance(base, Dyn):
        raise Unsupported("a write into a value that is not an array or container", target.loc or loc)
    if isinstance(base.type, Seq):
        from srcad import eval_lists

        eval_lists.set_item(ev, base, items, value, loc)
        return
    place = ir.Index(base.expr, index_exprs(ev, items, loc), loc=target.loc)
    check_writable(ev, base, target.loc or loc)
    ev.emit(ir.Store(place, residual(ev, value, loc), loc=loc))


def check_writable(ev: Evaluator, base: Dyn, loc: ir.Loc | None) -> None:
    root: ir.Expr = base.expr
    while isinstance(root, (ir.Index, ir.Attr)) or (isinstance(root, ir.Call) and root.args):
        root = root.args[0] if isinstance(root, ir.Call) else root.base
    origin = ev.origin_of(root)
    if origin is not None and origin.origin != "param":
        what = "an attribute" if origin.origin == "attribute" else "a captured array"
        raise Unsupported(
            f"a write into {what}, {origin.path[-1]}", loc, "pass the array as an argument, or write into a copy."
        )


def set_item(ev: Evaluator, base: Ptr, items: list[Value], value: Value, loc: ir.Loc | None) -> None:
    box = ev.state.heap[base.id]
    if box.kind in ("tuple", "namedtuple"):
        raise TypeError("'tuple' object does not support item assignment")
    known, key = static(ev, items[0]) if len(items) == 1 else (False, None)
    if not known:
        if box.kind == "dict":
            raise Unsupported(
                "cannot differentiate a write into a dict under a key known only at run time",
                loc,
                "srcad differentiates floats, arrays and containers of them; hold the entries in one array.",
            )
        unknown_key(ev, box, items[0], loc)
    if box.kind == "dict" and box.index(key) is None:
        ev.state.heap[base.id] = replace(
            box, keys=(*box.keys, key), items=(*box.items, _owned(ev, box, key, value, loc)), expr=None
        )
        return
    position = box_position(ev, box, items, loc)
    ev.state.heap[base.id] = box.with_item(position, _owned(ev, box, box.keys[position], value, loc, position))


def _owned(ev: Evaluator, box: Box, key: Any, value: Value, loc: ir.Loc | None, position: int | None = None) -> Value:
    """A number put into a container whose numbers have variables gets one too."""
    if not box.bound or not isinstance(value, Dyn):
        return value
    old = box.items[position] if position is not None else None
    base = old.expr.id if isinstance(old, Dyn) and isinstance(old.expr, ir.Name) else f"item_{key}"
    slot = ev.slot(f"{base}#{box.site}" if old is None else base, value.type, "#box")
    ev.note_type(slot, value.type)
    if value.expr != ir.Name(slot):
        ev.emit(ir.Assign(ir.Name(slot), value.expr, loc=loc))
    return Dyn(ir.Name(slot), value.type, value.const)


def _assign_attribute(ev: Evaluator, target: ir.Attr, value: Value, loc: ir.Loc | None) -> None:
    base = evaluate(ev, target.base)
    if isinstance(base, Ptr):
        box = ev.state.heap[base.id]
        if box.kind in ("dataclass", "object"):
            position = box.index(target.name)
            if position is None:
                new = _owned(ev, box, target.name, value, loc)
                ev.state.heap[base.id] = replace(box, keys=(*box.keys, target.name), items=(*box.items, new))
            else:
                new = _owned(ev, box, target.name, value, loc, position)
                ev.state.heap[base.id] = box.with_item(position, new)
            return
    if isinstance(base, Known):
        from srcad import eval_objects

        eval_objects.rebind(ev, base, target.name, value, loc)
        return
    raise Unsupported(f"an assignment to the attribute {target.name}", loc)


def augment(ev: Evaluator, stmt: ir.Augment) -> None:
    """``target op= value``: a rebinding for numbers, a write into the array for arrays."""
    target = stmt.target
    if isinstance(target, ir.Name):
        _augment_name(ev, stmt, target)
        return
    if isinstance(target, ir.Attr):
        base = evaluate(ev, target)
        value = binary(ev, stmt.op, base, evaluate(ev, stmt.value), stmt.loc)
        if isinstance(base, Dyn) and isinstance(base.type, Num) and base.type.dims != ():
            check_writable(ev, base, stmt.loc)
            ev.emit(ir.Store(ir.Index(base.expr, (ir.ELLIPSIS,)), residual(ev, value), loc=stmt.loc))
            return
        _assign_attribute(ev, target, value, stmt.loc)
        return
    assert isinstance(target, ir.Index)
    base, *items = evaluate_index(ev, target)
    if isinstance(base, Ptr):
        old = index(ev, base, items, target.loc)
        if isinstance(old, Dyn) and isinstance(old.type, Num) and old.type.dims != ():
            _augment_whole(ev, old, stmt)
            return
        set_item(ev, base, items, binary(ev, stmt.op, old, evaluate(ev, stmt.value), stmt.loc), target.loc)
        return
    if not isinstance(base, Dyn) or isinstance(base.type, Seq):
        _assign_item(
            ev,
            target,
            binary(ev, stmt.op, index(ev, base, items, target.loc), evaluate(ev, stmt.value), stmt.loc),
            stmt.loc,
        )
        return
    check_writable(ev, base, target.loc)
    place = ir.Index(base.expr, index_exprs(ev, items, stmt.loc), loc=target.loc)
    ev.emit(ir.Augment(place, stmt.op, residual(ev, evaluate(ev, stmt.value), stmt.loc), loc=stmt.loc))


def _augment_name(ev: Evaluator, stmt: ir.Augment, target: ir.Name) -> None:
    old = ev.lookup(target.id, stmt.loc)
    if isinstance(old, Ptr) and stmt.op == "+" and ev.state.heap[old.id].kind == "list":
        items = sequence(ev, evaluate(ev, stmt.value), stmt.loc)
        box = ev.state.heap[old.id]
        merged = (*box.items, *items)
        ev.state.heap[old.id] = replace(box, keys=tuple(range(len(merged))), items=merged, expr=None)
        return
    value = evaluate(ev, stmt.value)
    old = ev.lookup(target.id, stmt.loc)
    if isinstance(old, Dyn) and isinstance(old.type, Num) and old.type.dims != ():
        if old.type.dims is None:
            raise Unsupported(
                f"{target.id} may be an array, which `{stmt.op}=` writes into, or a number",
                stmt.loc,
                "annotate the arguments, or write it as an assignment.",
            )
        _augment_whole(ev, old, stmt, value)
        return
    result = binary(ev, stmt.op, old, value, stmt.loc)
    ev.bind(target.id, result, stmt.loc)


def _augment_whole(ev: Evaluator, old: Dyn, stmt: ir.Augment, value: Value | None = None) -> None:
    check_writable(ev, old, stmt.loc)
    value = evaluate(ev, stmt.value) if value is None else value
    place = ir.Index(old.expr, (ir.ELLIPSIS,), loc=stmt.target.loc)
    ev.emit(ir.Augment(place, stmt.op, residual(ev, value, stmt.loc), loc=stmt.loc))
