"""Indexing in the partial evaluator: of arrays, of containers by known keys, of lists of unknown length."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcad import eval_optional, eval_order, eval_special, ir, types
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator, Restart
from srcad.eval_exprs import evaluate_all
from srcad.eval_operators import known_or_constant
from srcad.eval_unused import run
from srcad.eval_values import ONE_ARRAY, bake, constant, demand, dyn, residual, static
from srcad.types import Seq
from srcad.values import Box, Dyn, Known, Lazy, Ptr, Rows, Table, Text, Value, certain

FEW = 8  # numbers of a list that become variables of their own, so that a loop over them is unrolled


def index_expr(ev: Evaluator, expr: ir.Index) -> Value:
    base, *items = evaluate_index(ev, expr)
    return index(ev, base, items, expr.loc)


def evaluate_index(ev: Evaluator, expr: ir.Index) -> list[Value]:
    parts: list[ir.Expr] = [expr.base]
    for item in expr.items:
        parts.extend(
            [p for p in (item.lower, item.upper, item.step) if p is not None] if isinstance(item, ir.Slice) else [item]
        )
    values = evaluate_all(ev, tuple(parts))
    found, rest = [values[0]], iter(values[1:])
    for item in expr.items:
        if isinstance(item, ir.Slice):
            bounds = [None if p is None else next(rest) for p in (item.lower, item.upper, item.step)]
            found.append(slice_of(ev, bounds, item.loc))
        else:
            found.append(next(rest))
    return found


def slice_of(ev: Evaluator, bounds: list[Value | None], loc: ir.Loc | None) -> Value:
    return Lazy("slice", tuple(Known(None) if b is None else b for b in bounds))


def known_slice(ev: Evaluator, items: list[Value]) -> slice | None:
    """The slice that an index is, if its bounds are known."""
    if len(items) != 1:
        return None
    known, own = static(ev, items[0])
    return own if known and isinstance(own, slice) else None


def index(ev: Evaluator, base: Value, items: list[Value], loc: ir.Loc | None) -> Value:
    base = eval_optional.present(ev, base, loc, "'NoneType' object is not subscriptable")
    method = eval_special.special(ev, base, "getitem")
    if method is not None:
        return eval_special.invoke(ev, base, method, [items[0] if len(items) == 1 else ev.tuple_of(items)], loc)
    if eval_special.is_object(ev, base):
        raise TypeError(f"{eval_special.class_of(ev, base).__name__!r} object is not subscriptable")
    if isinstance(base, Ptr):
        return _index_box(ev, base, items, loc)
    if isinstance(base, Known):
        if isinstance(base.value, (str, tuple, list, dict)):
            return known_or_constant(base.value[demand(ev, items[0], "this index", loc)], loc)
        if base.value is np.s_ or base.value is np.index_exp:
            return ev.tuple_of(items) if len(items) > 1 or base.value is np.index_exp else items[0]
        if base.value is np.r_ or base.value is np.c_:
            from srcad import eval_numpy

            return eval_numpy.joined(ev, base.value is np.c_, items, loc)
        if base.value is np.mgrid or base.value is np.ogrid:
            from srcad import eval_numpy

            return eval_numpy.gridded(ev, base.value is np.mgrid, items, loc)
        raise Unsupported(f"cannot differentiate an index into a value of type {type(base.value).__name__}", loc)
    if isinstance(base, Rows):
        from srcad import eval_rows

        return eval_rows.item(ev, base, items, loc)
    if isinstance(base, Table):
        from srcad import eval_tables

        return eval_tables.item(ev, base, items, loc)
    from srcad import eval_sequences

    if known_slice(ev, items) == slice(None, None, -1) and eval_sequences.is_unit_range(ev, base):
        return eval_sequences.reversed_range(ev, base, loc)
    if not isinstance(base, Dyn):
        raise Unsupported("cannot differentiate an index into a function or iterator", loc)
    if isinstance(base.type, Seq):
        from srcad import eval_lists

        return eval_lists.item(ev, base, items, loc)
    if (
        types.is_scalar(base.type)
        and not base.type.weak
        and items
        and all(item in (Known(None), Known(Ellipsis)) for item in items)
    ):
        from srcad.eval_builtins import keep

        axes = ev.tuple_of([constant(1)] * items.count(Known(None)))
        return keep(ev, "numpy.reshape", [base, axes], {}, loc)  # an axis of a number of NumPy's
    found = dyn(ev, ir.Index(base.expr, index_exprs(ev, items, loc), loc=loc))
    if types.is_array(found.type) and _copies(ev, items):
        from srcad.eval_builtins import keep

        return keep(ev, "numpy.copy", [found], {}, loc)
    return found


def _copies(ev: Evaluator, items: list[Value]) -> bool:
    """Whether an index holds an array of integers without axes, with which NumPy copies, as with any other array."""
    if len(items) == 1 and isinstance(items[0], Ptr):
        items = list(ev.state.heap[items[0].id].items)
    return any(eval_order.may_be_array(ev, item) for item in items)


def index_exprs(ev: Evaluator, items: list[Value], loc: ir.Loc | None) -> tuple[ir.Expr, ...]:
    if len(items) == 1 and isinstance(items[0], Ptr) and ev.state.heap[items[0].id].kind == "tuple":
        items = list(ev.state.heap[items[0].id].items)  # x[(i, j)] is x[i, j]
        if not items:
            return (ir.ELLIPSIS,)  # x[()] is all of x
    return tuple(_index_item(ev, item, loc) for item in items)


def _index_item(ev: Evaluator, item: Value, loc: ir.Loc | None) -> ir.Expr:
    if isinstance(item, Ptr):
        known, value = static(ev, item)
        if known and not value:
            return ir.call("numpy.arange", ir.Const(0))  # of an empty list NumPy makes floats
        if known:
            return ir.call("numpy.array", _listed(value))
    if isinstance(item, Known) and isinstance(item.value, bool) or isinstance(item, Dyn) and _is_truth(item.type):
        reason = "cannot differentiate an index that is one truth value, which adds an axis"
        raise Unsupported(reason, loc, "Use x[None], or an array of truth values.")
    return residual(ev, eval_optional.present(ev, item, loc), loc)


def _is_truth(kind: types.Abstract) -> bool:
    return types.is_bool(kind) and types.is_scalar(kind)


def _listed(value: Any) -> ir.Expr:
    return ir.List(tuple(map(_listed, value))) if isinstance(value, (list, tuple)) else ir.Const(value)


def _index_box(ev: Evaluator, base: Ptr, items: list[Value], loc: ir.Loc | None) -> Value:
    box = ev.state.heap[base.id]
    part = known_slice(ev, items)
    if ev.tried is not None and not box.bound and box.expr is None:
        _run_others(ev, box, items, loc)
    if part is not None and box.expr is not None:
        return ev.tuple_of(box.items[part], expr=ir.Index(box.expr, (residual(ev, items[0]),)), bound=True)
    if part is not None and box.kind in ("list", "tuple", "namedtuple"):
        return ev.tuple_of(box.items[part], box.kind if box.kind == "list" else "tuple", site=loc)
    if box.kind == "dict" and box.cls is not None and len(items) == 1:
        from srcad import eval_containers

        known, key = static(ev, items[0])
        found = eval_containers.missing(ev, base, box, key, loc) if known and box.index(key) is None else None
        if found is not None:
            return found
    position = box_position(ev, box, items, loc)
    return box.items[position]


def _run_others(ev: Evaluator, box: Box, items: list[Value], loc: ir.Loc | None) -> None:
    """What an index into a container without a name leaves out, ``f(x)[0]``, within a try that may catch its error."""
    known, key = static(ev, items[0]) if len(items) == 1 else (False, None)
    chosen: tuple[Any, ...] = (key,)
    if box.kind != "dict" and isinstance(key, (int, slice)):
        chosen = box.keys[slice(key, key + 1 or None) if isinstance(key, int) else key]
    elif not known or box.kind != "dict":
        return
    for own, item in zip(box.keys, box.items, strict=True):
        if own not in chosen:
            run(ev, item, loc)


def box_position(ev: Evaluator, box: Box, items: list[Value], loc: ir.Loc | None) -> int:
    if len(items) != 1:
        raise Unsupported(f"cannot differentiate several indices into a {box.kind}", loc)
    known, key = static(ev, items[0])
    if not known:
        unknown_key(ev, box, items[0], loc)
    if box.kind == "dict":
        position = box.index(key)
        if position is None:
            raise certain(KeyError(key))
        return position
    if not isinstance(key, int):
        raise Unsupported(f"cannot differentiate an index of type {type(key).__name__} into a {box.kind}", loc)
    if not -len(box.items) <= key < len(box.items):
        raise certain(IndexError(f"{'list' if box.kind == 'list' else 'tuple'} index out of range"), box)
    return range(len(box.items))[key]


def _stays_a_list(ev: Evaluator, box: Box, key: Value) -> bool:
    """A list of numbers that is long, or indexed in a long loop."""
    names = ir.names(key.expr) if isinstance(key, (Dyn, Text)) else ()
    loops = [ev.state.frames.get("#loops", {}).get(name) for name in names]
    trips = [ev.cx.trips.get(loop) for loop in loops if loop is not None]
    long = len(box.items) > FEW or any(n is None or n > FEW for n in trips)
    return long and all(isinstance(item, Dyn) and types.is_scalar(item.type) for item in box.items)


def unknown_key(ev: Evaluator, box: Box, key: Value, loc: ir.Loc | None) -> None:
    """A container indexed by something known only at run time.

    A long list of numbers stays a list; else the loop that the index comes from is unrolled, or the input baked in.
    """
    if box.growing and ("dynamic", box.site) not in ev.cx.decisions and _stays_a_list(ev, box, key):
        raise Restart(("dynamic", box.site))
    for part in key.args if isinstance(key, Lazy) and key.kind == "slice" else (key,):
        for name in sorted(ir.names(part.expr)) if isinstance(part, (Dyn, Text)) else ():
            loop = ev.state.frames.get("#loops", {}).get(name)
            if loop is not None and ("unroll", loop) not in ev.cx.decisions:
                raise Restart(("unroll", loop))
            origin = ev.origin_of(ir.Name(name))
            if origin is not None and isinstance(part, (Dyn, Text)) and part.expr == ir.Name(name):
                raise bake(ev, origin, "an index", loc, ONE_ARRAY)
    if box.growing and ("dynamic", box.site) not in ev.cx.decisions:
        raise Restart(("dynamic", box.site))
    word = "a dict entry under a key" if box.kind == "dict" else f"an index into a {box.kind} that is"
    raise Unsupported(f"cannot differentiate {word} known only at run time", loc, ONE_ARRAY)
