"""What an iterable gives: items one by one where their number is known while transforming, as Python would take them.

Items are read when they are taken, so that a loop sees what its body did to the list it runs over. Iterators (``zip``,
``enumerate``, ``map``, generators, ...) are used up by whoever takes from them first; a second use is refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from srcad import eval_special, ir
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator
from srcad.eval_index import index
from srcad.eval_order import held, holding
from srcad.eval_values import constant, dyn, residual, static
from srcad.types import Num, is_scalar
from srcad.values import Dyn, Generator, Known, Lazy, Ptr, Stream, Table, Value

Items = Iterator[Value]
ONE_SHOT = frozenset("zip enumerate reversed map iter".split())


def consume(ev: Evaluator, value: Value, loc: ir.Loc | None) -> None:
    """Note that an iterator is used up; refuse it where it already was."""
    if isinstance(value, (Generator, Stream)) or isinstance(value, Lazy) and value.kind in ONE_SHOT:
        used = ev.state.frames.setdefault("#used", {})
        if str(value.serial) in used:
            raise Unsupported(
                "cannot differentiate an iterator that is taken from a second time", loc, "Make it a list first."
            )
        used[str(value.serial)] = Known(True)
    if isinstance(value, Lazy) and value.kind in ONE_SHOT:
        for part in value.args:
            consume(ev, part, loc)


def unrolled(ev: Evaluator, value: Value, ranges: bool = True) -> list[Value] | None:
    """All items at once, where their number is known while transforming; else None."""
    items = live(ev, value, ranges)
    if items is None:
        return None
    found: list[Value] = []
    while True:
        mark = len(ev.out)
        with holding(ev, [value, *found]):
            item = next(items, None)
        if item is None:
            return found
        found = [*held(ev, found, mark, None), item]


def live(ev: Evaluator, value: Value, ranges: bool = True) -> Items | None:
    """The items, each read when it is taken; None for a loop of the program. ranges: write out ranges and arrays."""
    method = eval_special.special(ev, value, "iter")
    if method is not None:
        return live(ev, eval_special.invoke(ev, value, method, [], None), ranges)
    if eval_special.is_object(ev, value):
        if eval_special.special(ev, value, "getitem") is not None:
            reason = "cannot differentiate a loop over an object that has __getitem__ but no __iter__"
            raise Unsupported(reason, None, "Loop over its indices.")
        raise TypeError(f"{eval_special.class_of(ev, value).__name__!r} object is not iterable")
    if isinstance(value, Ptr):
        return _of_keys(ev, value) if ev.state.heap[value.id].kind == "dict" else _of_box(ev, value)
    if isinstance(value, Known) and isinstance(value.value, (tuple, list, range, str, dict)):
        return iter([plain(v) for v in value.value])
    if isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.dims:
        extent = value.type.dims[0]
        return None if not ranges or extent is None or extent.terms else _of_array(ev, value, extent.const)
    if isinstance(value, Table):
        from srcad import eval_tables

        return eval_tables.items(ev, value)
    if isinstance(value, Lazy) and value.kind in _LIVE:
        return _LIVE[value.kind](ev, value, ranges)
    return None


def plain(value: Any) -> Value:
    """A Python value as the program's: numbers are numbers, all else is known."""
    return constant(value) if isinstance(value, (int, float, complex)) else Known(value)


def _of_box(ev: Evaluator, value: Ptr) -> Items:
    k = 0
    while k < len(ev.state.heap[value.id].items):
        yield ev.state.heap[value.id].items[k]
        k += 1


def _of_keys(ev: Evaluator, value: Ptr) -> Items:
    for k, key in enumerate(keys := ev.state.heap[value.id].keys):
        yield plain(key)
        if k + 1 < len(keys) and len(ev.state.heap[value.id].keys) != len(keys):
            raise RuntimeError("dictionary changed size during iteration")


def _of_array(ev: Evaluator, value: Dyn, count: int) -> Items:
    """The variable that holds the array may be given another one while the loop runs."""
    value = value if isinstance(value.expr, ir.Name) else ev.temp("items", value, value.expr.loc)
    ev.cx.boxes += 1
    frame, key = ev.frame, f"items#{ev.cx.boxes}"
    ev.state.frames[frame][key] = value
    for k in range(count):
        yield index(ev, ev.state.frames[frame][key], [constant(k)], value.expr.loc)
    ev.state.frames[frame].pop(key, None)


# ---- iterators and ranges ----


def _of_range(ev: Evaluator, value: Lazy, ranges: bool) -> Items | None:
    bounds = [static(ev, v) for v in value.args]
    if not ranges or not all(known for known, _ in bounds):
        return None
    return (constant(v) for v in range(*(v for _, v in bounds)))


def _rows(ev: Evaluator, values: tuple[Value, ...], ranges: bool) -> Iterator[tuple[Value, ...]] | None:
    parts = [live(ev, v, ranges) for v in values]
    if all(part is None for part in parts):
        return None
    lengths = [_known_length(ev, value) for value in values]
    shortest = min((n for n in lengths if n is not None), default=None)
    found: list[Items] = []
    for part, value in zip(parts, values, strict=True):
        items = part if part is not None else _beside(ev, value, shortest)
        if items is None:
            return None
        found.append(items)
    return zip(*found, strict=False)


def _known_length(ev: Evaluator, value: Value) -> int | None:
    if isinstance(value, Ptr):
        return len(ev.state.heap[value.id].items)
    if isinstance(value, Known) and isinstance(value.value, (tuple, list, range, str, dict)):
        return len(value.value)
    return None


def _beside(ev: Evaluator, value: Value, count: int | None) -> Items | None:
    """Items of an array or range zipped with a container: its length must be known to be no less."""
    if isinstance(value, Lazy) and value.kind == "range":
        return _of_range(ev, value, True)
    if isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.dims:
        extent = value.type.dims[0]
        if count is None or extent is None or extent.terms or extent.const < count:
            return None
        return _of_array(ev, value, extent.const)
    return None


def as_array(ev: Evaluator, value: Ptr, loc: ir.Loc | None) -> Dyn | None:
    """A tuple or list of numbers of one kind as an array, which a loop can read by position."""
    box = ev.state.heap[value.id]
    if box.kind not in ("tuple", "list") or not box.items:
        return None
    kinds = {v.type.dtype if isinstance(v, Dyn) and is_scalar(v.type) else None for v in box.items}  # type: ignore[union-attr]
    if len(kinds) > 1 or not kinds <= {"float64", "int64"}:
        return None
    items = tuple(residual(ev, item, loc) for item in box.items)
    return ev.temp("items", dyn(ev, ir.call("numpy.array", ir.List(items))), loc)


def _of_zip(ev: Evaluator, value: Lazy, ranges: bool) -> Items | None:
    rows = _rows(ev, value.args, ranges)
    return None if rows is None else (ev.tuple_of(row) for row in rows)


def _of_enumerate(ev: Evaluator, value: Lazy, ranges: bool) -> Items | None:
    items = live(ev, value.args[0], ranges)
    known, start = static(ev, value.args[1])
    if items is None or not known:
        return None
    return (ev.tuple_of([constant(start + k), item]) for k, item in enumerate(items))


def _of_reversed(ev: Evaluator, value: Lazy, ranges: bool) -> Items | None:
    source = value.args[0]
    if isinstance(source, Ptr) and ev.state.heap[source.id].kind != "dict":
        return _of_box_backwards(ev, source)
    items = unrolled(ev, source, ranges)
    return None if items is None else iter(items[::-1])


def _of_box_backwards(ev: Evaluator, value: Ptr) -> Items:
    for k in range(len(ev.state.heap[value.id].items) - 1, -1, -1):
        if k < len(ev.state.heap[value.id].items):
            yield ev.state.heap[value.id].items[k]


def _of_map(ev: Evaluator, value: Lazy, ranges: bool) -> Items | None:
    from srcad import eval_calls

    fn, *sources = value.args
    rows = _rows(ev, tuple(sources), ranges)
    return None if rows is None else (eval_calls.dispatch(ev, fn, list(row), {}, None) for row in rows)


def _of_iter(ev: Evaluator, value: Lazy, ranges: bool) -> Items | None:
    from srcad import eval_next

    taken = eval_next.skipped(ev, value)
    if taken is None:
        return live(ev, eval_next.left(ev, value, None), ranges)
    items = live(ev, value.args[0], ranges)
    return items if items is None or not taken else itertools.islice(items, taken, None)


def _of_view(ev: Evaluator, value: Lazy, ranges: bool) -> Items | None:
    return _view_items(ev, value)


def _view_items(ev: Evaluator, value: Lazy) -> Items:
    """``d.keys()``, ``d.values()``, ``d.items()``: what the dict holds when they are looped over."""
    owner = value.args[0]
    assert isinstance(owner, Ptr)
    for k, key in enumerate(_of_keys(ev, owner)):
        item = ev.state.heap[owner.id].items[k]
        yield key if value.kind == "keys" else item if value.kind == "values" else ev.tuple_of([key, item])


_LIVE: dict[str, Callable[[Evaluator, Lazy, bool], Items | None]] = {
    "range": _of_range,
    "zip": _of_zip,
    "enumerate": _of_enumerate,
    "reversed": _of_reversed,
    "map": _of_map,
    "iter": _of_iter,
    "keys": _of_view,
    "values": _of_view,
    "items": _of_view,
}
