"""Comprehensions and generator expressions of the partial evaluator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from srcad import eval_extents, eval_next, ir
from srcad.errors import Unsupported
from srcad.eval_assign import assign
from srcad.eval_core import Evaluator, list_site, place
from srcad.eval_exprs import evaluate
from srcad.eval_iter import consume, live
from srcad.eval_operators import truth
from srcad.eval_order import changes_nothing, held, holding, steady
from srcad.eval_values import ONE_ARRAY, static, static_truth
from srcad.values import Dyn, Generator, Lazy, Ptr, Value

_UNKNOWN_KEYS = "cannot differentiate a dict whose keys are known only at run time"


def comprehension(ev: Evaluator, expr: ir.Comprehension) -> Value:
    if expr.kind == "set":
        raise Unsupported("cannot differentiate a set, whose order is not defined", expr.loc, "Use a list or a tuple.")
    if expr.kind == "generator":
        return _generator(ev, expr)
    if expr.kind == "dict":
        return _dict_comprehension(ev, expr)
    site = list_site(ev, expr.loc)
    items = None if ("dynamic", site) in ev.cx.decisions else expand(ev, expr)
    if items is not None:
        return ev.tuple_of(items, "list", site=site)
    from srcad import eval_lists

    return eval_lists.from_comprehension(ev, expr)


def _generator(ev: Evaluator, expr: ir.Comprehension) -> Value:
    """What it runs over is evaluated now, all else when items are taken, with the variables as they are then."""
    first, *rest = expr.generators
    source = evaluate(ev, first.iter)
    ev.cx.boxes += 1
    serial = ev.cx.boxes
    name = ir.Name(f"items#{serial}", loc=first.iter.loc)
    if isinstance(source, Dyn) and not isinstance(source.expr, (ir.Name, ir.Const)):
        source = ev.temp("items", source, first.iter.loc)
    ev.env[name.id] = source
    return Generator(replace(expr, generators=(replace(first, iter=name), *rest)), ev.frame, serial)


@contextmanager
def taking(ev: Evaluator, value: Generator, loc: ir.Loc | None) -> Iterator[ir.Comprehension]:
    """Take the items of a generator: among the variables of where it was written."""
    consume(ev, value, loc)
    frame, ev.frame = ev.frame, value.frame
    try:
        yield value.expr
    finally:
        ev.frame = frame


def _dict_comprehension(ev: Evaluator, expr: ir.Comprehension) -> Value:
    items = expand(ev, expr)
    if items is None:
        eval_extents.settle(ev, evaluate(ev, expr.generators[0].iter))
        raise Unsupported(_UNKNOWN_KEYS, expr.loc, ONE_ARRAY)
    entries = {}
    for item in items:
        assert isinstance(item, Ptr)
        key, value = ev.state.heap[item.id].items
        known, own = static(ev, key)
        if not known:
            raise Unsupported(_UNKNOWN_KEYS, expr.loc, ONE_ARRAY)
        entries[own] = value
    return ev.box("dict", tuple(entries), tuple(entries.values()))


def expand(ev: Evaluator, expr: ir.Comprehension, depth: int = 0) -> list[Value] | None:
    """The items of a comprehension over containers; None where it runs over something of unknown length."""
    if depth == len(expr.generators):
        return [evaluate(ev, expr.element)]
    mark, before = len(ev.out), ev.state.copy()
    found = _expanded(ev, expr, depth)
    if found is None:
        del ev.out[mark:]
        ev.state = before
    return found


def _expanded(ev: Evaluator, expr: ir.Comprehension, depth: int) -> list[Value] | None:
    generator = expr.generators[depth]
    source = eval_next.rest(ev, evaluate(ev, generator.iter), generator.iter.loc)
    if not _is_plain(expr):
        source = steady(ev, source, generator.iter.loc)
    written_out = ("unroll", (ev.frame, place(expr.loc))) in ev.cx.decisions
    if written_out:
        eval_extents.settle(ev, source)
    items = live(ev, source, written_out or _small(ev, source))
    if items is None:
        return None
    consume(ev, source, generator.iter.loc)
    found: list[Value] = []
    mark = len(ev.out)
    for item in items:
        with holding(ev, [source, *found]):
            inner = _inner_items(ev, expr, depth, item)
        if inner is None:
            return None
        found = [*held(ev, found, mark, expr.loc), *inner]
        mark = len(ev.out)
    return found


def _inner_items(ev: Evaluator, expr: ir.Comprehension, depth: int, item: Value) -> list[Value] | None:
    generator = expr.generators[depth]
    _bind_target(ev, generator.target, item, _is_plain(expr))
    for test in generator.tests:
        known, holds = static_truth(ev, truth(ev, test))
        if not known:
            reason = "cannot differentiate a comprehension whose condition is known only at run time"
            raise Unsupported(reason, test.loc or expr.loc, "Write a loop that appends.")
        if not holds:
            return []
    return expand(ev, expr, depth + 1)


def _is_plain(expr: ir.Comprehension) -> bool:
    """Whether it calls nothing but library functions, so that no item changes while another is computed."""
    nodes = list(ir.walk((expr.element, expr.generators)))
    return not any(isinstance(n, ir.Walrus) or isinstance(n, ir.Call) and not changes_nothing(n) for n in nodes)


def _small(ev: Evaluator, value: Value) -> bool:
    """Ranges up to 16 long are written out in a comprehension, as in ``np.array([f(i) for i in range(3)])``."""
    if isinstance(value, Lazy) and value.kind == "range":
        bounds = [static(ev, v) for v in value.args]
        return all(known for known, _ in bounds) and len(range(*(v for _, v in bounds))) <= 16
    return False


def _bind_target(ev: Evaluator, target: ir.Expr, item: Value, plain: bool) -> None:
    """Bind a comprehension's variable without an assignment where the item is a name, constant or element."""
    if isinstance(target, ir.Name):
        if plain and (not isinstance(item, Dyn) or isinstance(item.expr, (ir.Name, ir.Const, ir.Index))):
            ev.env[target.id] = item
            return
    if isinstance(target, (ir.Tuple, ir.List)) and isinstance(item, Ptr) and plain:
        box = ev.state.heap[item.id]
        if len(box.items) == len(target.items) and not any(isinstance(t, ir.Starred) for t in target.items):
            for t, v in zip(target.items, box.items, strict=True):
                _bind_target(ev, t, v, plain)
            return
    assign(ev, target, item, None)
