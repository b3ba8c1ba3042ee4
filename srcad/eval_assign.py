"""Assignment in the partial evaluator: to names, elements, attributes and several at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from srcad import eval_cached, eval_special, ir
from srcad.errors import Unsupported
from srcad.eval_array_likes import as_array
from srcad.eval_core import Evaluator, place
from srcad.eval_exprs import evaluate, sequence
from srcad.eval_index import box_position, evaluate_index, index_exprs, unknown_key
from srcad.eval_order import held, holding, may_be_array, owned, reachable, seen_elsewhere
from srcad.eval_values import ONE_ARRAY, constant, dyn, raise_where, residual, static
from srcad.naming import identifier
from srcad.types import Num, Seq, is_scalar
from srcad.values import ROW, Box, Dyn, Known, Lazy, Ptr, Table, Value, certain


def plain(key: Any) -> Value:
    return constant(key) if isinstance(key, (int, float)) else Known(key)


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
        raise Unsupported("cannot differentiate an assignment to this target", loc)


def assign_tuple(ev: Evaluator, stmt: ir.Assign) -> None:
    """Parallel assignment of names, or unpacking."""
    value = evaluate(ev, stmt.value)
    assert isinstance(stmt.target, ir.Tuple)
    _unpack(ev, stmt.target.items, value, stmt.loc)


def _unpack(ev: Evaluator, targets: tuple[ir.Expr, ...], value: Value, loc: ir.Loc | None) -> None:
    items = _array_items(ev, value, targets, loc) or sequence(ev, value, loc)
    star = next((k for k, t in enumerate(targets) if isinstance(t, ir.Starred)), None)
    _check_count(len(items), len(targets), star is not None)
    if star is not None:
        after = len(targets) - star - 1
        middle = ev.tuple_of(items[star : len(items) - after], "list", site=loc)
        items = [*items[:star], middle, *items[len(items) - after :]]
        targets = tuple(t.value if isinstance(t, ir.Starred) else t for t in targets)
    if all(isinstance(t, ir.Name) and isinstance(v, Dyn) for t, v in zip(targets, items, strict=True)):
        _bind_together(ev, targets, items, loc)
        return
    for k, target in enumerate(targets):
        mark = len(ev.out)
        with holding(ev, items):
            assign(ev, target, items[k], loc)
        items = held(ev, items, mark, loc)


def _check_count(given: int, names: int, starred: bool) -> None:
    if given > names and not starred:
        raise certain(ValueError(f"too many values to unpack (expected {names})"))
    if given < names - starred:
        least = f"at least {names - 1}" if starred else f"{names}"
        raise certain(ValueError(f"not enough values to unpack (expected {least}, got {given})"))


def _array_items(ev: Evaluator, value: Value, targets: tuple[ir.Expr, ...], loc: ir.Loc | None) -> list[Value] | None:
    """``x, y, z = s`` of an array whose extent is known at run time only: as many items as names, and a check."""
    if not isinstance(value, Dyn) or not isinstance(value.type, Num) or not value.type.dims:
        return None
    extent = value.type.dims[0]
    if extent is not None and not extent.terms or any(isinstance(t, ir.Starred) for t in targets):
        return None
    value = value if isinstance(value.expr, ir.Name) else ev.temp("items", value, loc)
    length = ir.Index(ir.Attr(value.expr, "shape"), (ir.Const(0),))
    text = f"cannot unpack the array into {len(targets)} names"
    raise_where(ev, ir.Compare(("!=",), (length, ir.Const(len(targets)))), "ValueError", text, loc)
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
    ev.put(pairs, loc, {(frame, name) for frame, name, _ in bound})
    for frame, name, value in bound:
        ev.state.frames[frame][name] = value


def _assign_item(ev: Evaluator, target: ir.Index, value: Value, loc: ir.Loc | None) -> None:
    if isinstance(target.base, ir.Attr) and target.base.name == "flat":
        return _assign_flat(ev, target, value, loc)
    mark = len(ev.out)
    with holding(ev, [value]):
        base, *items = evaluate_index(ev, target)
    (value,) = held(ev, [value], mark, loc)
    if not _assign_only(ev, target, base, items, value, loc):
        store_item(ev, base, items, value, target.loc or loc, loc)


def _assign_only(
    ev: Evaluator, target: ir.Index, base: Value, items: list[Value], value: Value, loc: ir.Loc | None
) -> bool:
    """``x[()] = value`` of an array without axes that has no other name: x is that number from now on."""
    if not may_be_array(ev, base) or not isinstance(target.base, ir.Name) or not isinstance(value, Dyn):
        return False
    name, kinds = target.base.id, (getattr(base, "type", None), value.type)
    whole = index_exprs(ev, items, loc) in ((), (ir.ELLIPSIS,), (ir.Tuple(()),))
    alike = all(isinstance(t, Num) and t.dims == () and t.dtype == "float64" for t in kinds)
    if not whole or not alike or seen_elsewhere(ev, base, {(ev.owner(name), name)}):
        return False
    ev.bind(name, value, loc)
    return True


def _assign_flat(ev: Evaluator, target: ir.Index, value: Value, loc: ir.Loc | None) -> None:
    """``x.flat[k] = value``."""
    from srcad import eval_effects

    mark = len(ev.out)
    with holding(ev, [value]):
        target, array = flat_of(ev, target)
        _, *items = evaluate_index(ev, target)
    (value,) = held(ev, [value], mark, loc)
    eval_effects.put(ev, ev.env.pop(array), items[0], value, loc, in_order=True)


def flat_of(ev: Evaluator, target: ir.Index) -> tuple[ir.Index, str]:
    """``x.flat[k]`` with a name for the array, which is evaluated once, and that name."""
    assert isinstance(target.base, ir.Attr)
    name = f"flat#{place(target.loc)}"
    ev.env[name] = evaluate(ev, target.base.base)
    return replace(target, base=replace(target.base, base=ir.Name(name, loc=target.base.loc))), name


def store_item(
    ev: Evaluator, base: Value, items: list[Value], value: Value, place: ir.Loc | None, loc: ir.Loc | None
) -> None:
    """``base[items] = value``; place: where the target stands."""
    method = eval_special.special(ev, base, "setitem")
    if method is not None:
        key = items[0] if len(items) == 1 else ev.tuple_of(items)
        eval_special.invoke(ev, base, method, [key, value], loc)
        return
    if isinstance(base, Ptr):
        set_item(ev, base, items, value, place)
        return
    if isinstance(base, Table):
        from srcad import eval_tables

        eval_tables.set_item(ev, base, items, value, loc)
        return
    if not isinstance(base, Dyn):
        raise Unsupported("cannot differentiate a write into a value that is not an array or container", place)
    if isinstance(base.type, Seq):
        from srcad import eval_lists

        eval_lists.set_item(ev, base, items, value, loc)
        return
    check_writable(ev, base, place)
    target = ir.Index(base.expr, index_exprs(ev, items, loc), loc=place)
    ev.emit(ir.Store(target, residual(ev, as_array(ev, value, loc), loc), loc=loc))


def check_writable(ev: Evaluator, base: Dyn, loc: ir.Loc | None) -> None:
    """Refuse a write into an array that is there after the call, too, and into one without axes."""
    from srcad.transforms import alias

    if is_scalar(base.type):
        reason = "cannot differentiate a write into an array without axes"
        raise Unsupported(reason, loc, "Use a number, and assign to its name.")
    root: ir.Expr = base.expr
    while isinstance(root, (ir.Index, ir.Attr)) or (isinstance(root, ir.Call) and root.args):
        root = root.args[0] if isinstance(root, ir.Call) else root.base
    eval_cached.note_write(ev, root, loc)
    origin = ev.origin_of(root)
    what = alias.outliving(origin.origin, origin.path) if origin is not None else ""
    if what:
        reason = f"cannot differentiate an in-place write to {what}, which outlives the call"
        raise Unsupported(reason, loc, alias.COPY_FIRST)


def changeable(ev: Evaluator, container: Ptr, loc: ir.Loc | None) -> None:
    """Refuse a change of a container that outlives the call, or that may be one of several."""
    from srcad.transforms import alias, inline

    box = ev.state.heap[container.id]
    site: Any = box.site
    origin, path = site if isinstance(site, tuple) and len(site) == 2 else ("", ("",))
    if box.site == eval_cached.KEPT:
        raise Unsupported(f"cannot differentiate a change of a {box.kind} that a cache keeps", loc, "Change a copy.")
    what = alias.outliving(origin, path, box.kind) if origin in ("global", "closure", "attribute") else ""
    if origin == "param" and ev.root is not None and path[0] in inline.lasting(ev.root):
        what = f"the default value of {path[0]}"
    if what:
        reason = f"cannot differentiate a change of {what}, which outlives the call"
        raise Unsupported(reason, loc, "Return the value as well, and keep it outside.")
    if box.site == ROW:
        reason = f"cannot differentiate a change of a {box.kind} that is an item of a list of unknown length"
        raise Unsupported(reason, loc, "Keep what changes in a list or array of its own.")
    if box.maybe & reachable(ev):
        raise Unsupported(
            f"cannot differentiate a change of a {box.kind} that may be one of several",
            loc,
            "Change it inside the branch that chooses it, or change a copy.",
        )


def set_item(ev: Evaluator, base: Ptr, items: list[Value], value: Value, loc: ir.Loc | None) -> None:
    box = ev.state.heap[base.id]
    if box.kind in ("tuple", "namedtuple"):
        raise certain(TypeError(f"{(box.cls or tuple).__name__!r} object does not support item assignment"))
    changeable(ev, base, loc)
    if isinstance(items[0], Lazy):
        reason = f"cannot differentiate an assignment to a slice of a {box.kind}"
        raise Unsupported(reason, loc, "Build a new list from its parts.")
    known, key = static(ev, items[0]) if len(items) == 1 else (False, None)
    if not known:
        if box.kind == "dict":
            raise Unsupported(
                "cannot differentiate a write into a dict under a key known only at run time", loc, ONE_ARRAY
            )
        unknown_key(ev, box, items[0], loc)
    if box.kind == "dict" and box.index(key) is None:
        new = _owned(ev, box, key, value, loc)
        box = ev.state.heap[base.id]
        ev.state.heap[base.id] = replace(box, keys=(*box.keys, key), items=(*box.items, new), expr=None)
        return
    position = box_position(ev, box, items, loc)
    new = _owned(ev, box, box.keys[position], value, loc, position)
    ev.state.heap[base.id] = ev.state.heap[base.id].with_item(position, new)


def _owned(ev: Evaluator, box: Box, key: Any, value: Value, loc: ir.Loc | None, position: int | None = None) -> Value:
    """A number put into a container whose numbers have variables gets one too."""
    if not box.bound or not isinstance(value, Dyn):
        return owned(ev, value, "item", loc)
    old = box.items[position] if position is not None else None
    base = old.expr.id if isinstance(old, Dyn) and isinstance(old.expr, ir.Name) else identifier("item", key)
    new = f"{base}#{box.site}#{key!r}"  # "a-b" and "a_b", 1 and "1" have one name
    slot = ev.own_slot(base, value.type) or ev.slot(new if old is None else base, value.type, "#box")
    ev.note_type(slot, value.type)
    ev.put([(slot, value.expr)], loc)
    return Dyn(ir.Name(slot), value.type, value.const)


def _assign_attribute(ev: Evaluator, target: ir.Attr, value: Value, loc: ir.Loc | None) -> None:
    mark = len(ev.out)
    with holding(ev, [value]):
        base = evaluate(ev, target.base)
    (value,) = held(ev, [value], mark, loc)
    set_attribute(ev, base, target.name, value, loc)


def set_attribute(ev: Evaluator, base: Value, name: str, value: Value, loc: ir.Loc | None) -> None:
    """``base.name = value``."""
    if isinstance(base, Ptr) and ev.state.heap[base.id].kind in (*eval_special.OBJECTS, "namedtuple"):
        if eval_special.set_attribute(ev, base, name, value, loc):
            return
        changeable(ev, base, loc)
        box = ev.state.heap[base.id]
        position = box.index(name)
        new = _owned(ev, box, name, value, loc, position)
        box = ev.state.heap[base.id]
        if position is None:
            ev.state.heap[base.id] = replace(box, keys=(*box.keys, name), items=(*box.items, new))
        else:
            ev.state.heap[base.id] = box.with_item(position, new)
        return
    if isinstance(base, Known):
        from srcad import eval_objects

        if eval_special.set_attribute(ev, base, name, value, loc):
            return
        eval_objects.rebind(ev, base, name, value, loc)
        return
    if name == "flat" and isinstance(base, Dyn) and isinstance(base.type, Num) and base.type.dims:
        from srcad import eval_effects

        every = Lazy("slice", (Known(None),) * 3)
        eval_effects.put(ev, base, every, value, loc, in_order=True)
        return
    way_out = "Use np.reshape." if name == "shape" else "Make a new value, and assign it to a name."
    raise Unsupported(f"cannot differentiate an assignment to the attribute {name}", loc, way_out)
