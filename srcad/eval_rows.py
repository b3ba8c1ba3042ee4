"""Lists of unknown length whose items are tuples (or dicts, ...) of numbers and arrays: a list for each part.

``history.append((mean, variance))`` appends to two lists. All items have the structure of the first one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from srcad import eval_lists, ir
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator
from srcad.eval_values import ONE_ARRAY, constant, dyn
from srcad.types import Num, Seq, leaf_name
from srcad.values import ROW, Dyn, Known, Lazy, Ptr, Rows, Value

Template = tuple[str, tuple[Any, ...], Any]  # kind, keys and class of an item


def template_of(ev: Evaluator, item: Value) -> Template | None:
    """The structure of an item that holds nothing but numbers and arrays."""
    box = ev.state.heap[item.id] if isinstance(item, Ptr) else None
    if box is None or box.kind == "object" or not box.items:
        return None
    plain = all(isinstance(part, Dyn) and isinstance(part.type, Num) for part in box.items)
    return (box.kind, box.keys, box.cls) if plain else None


def new(ev: Evaluator, template: Template, items: Sequence[Value], base: str, loc: ir.Loc | None) -> Rows:
    """A list literal of such items."""
    kind, keys, cls = template
    parts = [_parts(ev, template, item, loc) for item in items]
    columns, bases = [], [leaf_name(base, key) for key in keys]
    for k, own in enumerate(bases):
        own = f"{own}#{k}" if own in bases[:k] else own  # "r_" and "r"
        column = eval_lists.new(ev, [row[k] for row in parts], loc, own)
        assert isinstance(column, Dyn)
        columns.append(column)
    return Rows(tuple(columns), kind, keys, cls)


def _parts(ev: Evaluator, template: Template, item: Value, loc: ir.Loc | None) -> tuple[Value, ...]:
    box = ev.state.heap[item.id] if isinstance(item, Ptr) else None
    if box is None or template_of(ev, item) != template:
        reason = "cannot differentiate a list of unknown length whose items differ in structure"
        raise Unsupported(reason, loc, ONE_ARRAY)
    if box.kind not in ("tuple", "namedtuple") and (box.bound or box.site == ROW):
        reason = f"cannot differentiate a list of unknown length that holds a {box.kind} with another name"
        raise Unsupported(reason, loc, "Append a tuple, or make the container where it is appended.")
    return box.items


def method(ev: Evaluator, rows: Rows, name: str, args: list[Value], loc: ir.Loc | None) -> Value:
    if name == "append":
        parts = _parts(ev, (rows.kind, rows.keys, rows.cls), args[0], loc)
        for column, part in zip(rows.columns, parts, strict=True):
            eval_lists.method(ev, column, "append", [part], loc)
        return Known(None)
    if name == "extend" and len(args) == 1:
        eval_lists.extend(ev, rows, args[0], loc)
        return Known(None)
    if name == "pop" and not args:
        return _box(ev, rows, [eval_lists.method(ev, c, "pop", [], loc, f"_{k}") for k, c in enumerate(rows.columns)])
    raise Unsupported(f"cannot differentiate the method {name} of a list of unknown length", loc, ONE_ARRAY)


def item(ev: Evaluator, rows: Rows, items: list[Value], loc: ir.Loc | None) -> Value:
    """``rows[k]``: a new container of what each list holds there."""
    if len(items) == 1 and isinstance(items[0], Lazy) and items[0].kind == "slice":
        return eval_lists.sliced(ev, rows, items[0], loc)
    if len(items) != 1 or isinstance(items[0], (Known, Lazy)):
        raise Unsupported("cannot differentiate such an index into a list of tuples", loc, "Index it with a number.")
    return _box(ev, rows, [eval_lists.item(ev, column, items, loc) for column in rows.columns])


def _box(ev: Evaluator, rows: Rows, items: Sequence[Value]) -> Ptr:
    return ev.box(rows.kind, rows.keys, items, cls=rows.cls, site=ROW)


def length(ev: Evaluator, rows: Rows, loc: ir.Loc | None) -> Dyn:
    return dyn(ev, ir.Call(ir.Ref("builtins.len"), (rows.columns[0].expr,), loc=loc))


def array(ev: Evaluator, rows: Rows, loc: ir.Loc | None) -> Value:
    """``np.array(rows)`` of tuples of numbers: a column for each part."""
    from srcad.eval_builtins import keep

    kinds = [ev.cx.types.get(c.expr.id, c.type) if isinstance(c.expr, ir.Name) else c.type for c in rows.columns]
    if rows.kind not in ("tuple", "list") or not all(isinstance(k, Seq) and k.element.dims == () for k in kinds):
        raise Unsupported("cannot differentiate an array of these items", loc, "Make an array of each part.")
    columns = [keep(ev, "numpy.array", [column], {}, loc) for column in rows.columns]
    return keep(ev, "numpy.stack", [ev.tuple_of(columns)], {"axis": constant(1)}, loc)


def columns(ev: Evaluator, rows: Rows, loc: ir.Loc | None) -> Value:
    """``zip(*rows)``: the parts, each as a list of its own."""
    places = [None if loc is None else replace(loc, col=loc.col + k) for k in range(len(rows.columns))]
    found = [eval_lists.collected(ev, column, at) for column, at in zip(rows.columns, places, strict=True)]
    return ev.tuple_of(found)
