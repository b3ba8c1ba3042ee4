"""Builtins that make or use up iterables: ``range``, ``zip``, ``map``, ``list``, ``sum``, ``max``, ``any``, ..."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from srcad import eval_extents, eval_generators, eval_itertools, eval_next, eval_try, ir
from srcad.errors import Unsupported
from srcad.eval_builtins import HANDLERS, Args, Handler, Kwargs, handles, keep
from srcad.eval_comprehensions import expand, taking
from srcad.eval_core import Evaluator, list_site
from srcad.eval_exprs import attribute, sequence
from srcad.eval_iter import ONE_SHOT, consume, live, plain, unrolled
from srcad.eval_operators import binary, boolean
from srcad.eval_order import disturbed, owned, steady
from srcad.eval_values import constant, demand, dyn, raise_where, residual, static
from srcad.rules import iteration
from srcad.types import Num, Seq
from srcad.values import Dyn, Generator, Known, Lazy, Partial, Ptr, Stream, Table, Value, certain

# ---- iterators ----


def lazy(ev: Evaluator, kind: str, args: Sequence[Value]) -> Lazy:
    ev.cx.boxes += 1
    return Lazy(kind, tuple(args), ev.cx.boxes)


@handles("builtins.range", "numba.prange", "numba.misc.special.prange")
def _range(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return Lazy("range", tuple(args))


@handles("numpy.ndindex")
def _ndindex(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """All indices of a shape, given as one tuple or as several extents."""
    shape = sequence(ev, args[0], loc) if len(args) == 1 and not isinstance(args[0], Dyn) else args
    return Lazy("ndindex", tuple(shape))


@handles("numpy.ndenumerate")
def _ndenumerate(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """Every index with its element, the last axis running fastest."""
    extents = sequence(ev, attribute(ev, args[0], "shape", loc), loc)
    return Lazy("zip", (Lazy("ndindex", tuple(extents)), attribute(ev, args[0], "flat", loc)))


@handles("numpy.nditer")
def _nditer(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """One array, read in C order; by default the order is that of its memory, which an argument is asked for."""
    order = demand(ev, kwargs.get("order", Known("K")), "the argument order", loc)
    one = len(args) == 1 and not set(kwargs) - {"order"}
    kind = args[0].type if one and isinstance(args[0], Dyn) else None
    if not isinstance(kind, Num) or not (order == "C" or order == "K" and _in_c_order(ev, args[0], loc)):
        raise Unsupported(ONE_READ, loc, ONE_BY_ONE)
    if not all(dim and not dim.terms and dim.const > 0 for dim in kind.dims or ()):
        nothing = ir.Compare(("==",), (residual(ev, attribute(ev, args[0], "size", loc), loc), ir.const(0)))
        raise_where(ev, nothing, "ValueError", "Iteration of zero-sized operands is not enabled", loc)
    return attribute(ev, args[0], "flat", loc)


ONE_READ = "cannot differentiate np.nditer but of one array that is read in C order"
ONE_BY_ONE = "Give order='C', or loop over np.ndindex(y.shape) and write y[i]."


def _in_c_order(ev: Evaluator, value: Value, loc: ir.Loc | None) -> bool:
    """Whether an array lies in C order: an argument in the call at hand, any other where it is made so."""
    from srcad.pipeline import NeedValue
    from srcad.transforms.layouts import IN_C_ORDER

    origin = ev.origin_of(value.expr) if isinstance(value, Dyn) else None
    if origin is None:
        made = [s.value for s in ev.out if isinstance(s, ir.Assign) and s.target == getattr(value, "expr", None)]
        return len(made) == 1 and isinstance(made[0], ir.Call) and getattr(made[0].fn, "path", "") in IN_C_ORDER
    place = ("layout", origin.path)
    if origin.origin != "param":
        return False
    if place not in ev.cx.baked:
        raise NeedValue(*place, Unsupported(ONE_READ, loc, ONE_BY_ONE))
    ev.cx.used_baked[place] = ev.cx.baked[place]
    return bool(ev.cx.baked[place] == "C")


@handles("builtins.zip")
def _zip(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if "strict" in kwargs and demand(ev, kwargs["strict"], "the argument strict of zip", loc):
        with eval_try.too_early(ev, loc):
            _ended(ev, args, {}, loc)
    if any(map(eval_generators.is_stream, args)):
        return eval_itertools.zipped(ev, args, loc)
    return lazy(ev, "zip", args)


@handles("srcad.zipped_to_the_end")
def _ended(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """What zip(strict=True) finds when it comes to the end of the shortest."""
    for k, other in enumerate(args[1:], 2):
        _refuse_unequal(ev, args[0], other, k, loc)
    return Known(None)


def _refuse_unequal(ev: Evaluator, one: Value, other: Value, position: int, loc: ir.Loc | None) -> None:
    shorter, longer = (_length(ev, value, loc) for value in (one, other))
    if shorter.expr == longer.expr:
        return
    tests = []
    for op, word in ((">", "shorter"), ("<", "longer")):
        text = f"zip() argument {position} is {word} than argument{'s 1-' if position > 2 else ' '}{position - 1}"
        error = ir.Raise(ir.Call(ir.Ref("builtins.ValueError", ValueError), (ir.Const(text),)), loc=loc)
        test = ir.Compare((op,), (shorter.expr, longer.expr), loc=loc)
        known, holds = static(ev, dyn(ev, test))
        if known and holds:
            raise certain(ValueError(text))
        tests += [] if known else [ir.If(test, (error,), loc=loc)]
    for stmt in tests:
        ev.emit(stmt)


def _length(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Dyn:
    if isinstance(value, Lazy) and unrolled(ev, value, False) is None or isinstance(value, (Generator, Stream)):
        raise Unsupported("cannot differentiate zip(strict=True) of iterators", loc, "Compare the lengths first.")
    items = unrolled(ev, value, False)
    found = constant(len(items)) if items is not None else HANDLERS["builtins.len"](ev, [value], {}, loc)
    assert isinstance(found, Dyn)
    return found


@handles("builtins.enumerate")
def _enumerate(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    start = args[1] if len(args) > 1 else kwargs.get("start", constant(0))
    if eval_generators.is_stream(args[0]):
        return eval_itertools.read(ev, iteration.numbered, [args[0], start], loc)
    return lazy(ev, "enumerate", (args[0], start))


@handles("builtins.reversed")
def _reversed(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    value = args[0]
    if isinstance(value, Lazy) and value.kind in ONE_SHOT or isinstance(value, (Generator, Stream)):
        raise TypeError("the argument of reversed() must be a sequence")
    return (
        lazy(ev, "iter", (reversed_range(ev, value, loc),)) if is_unit_range(ev, value) else lazy(ev, "reversed", args)
    )


def is_unit_range(ev: Evaluator, value: Value) -> bool:
    if not isinstance(value, Lazy) or value.kind != "range":
        return False
    known, step = static(ev, value.args[2]) if len(value.args) == 3 else (True, 1)
    return known and abs(step) == 1


def reversed_range(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Value:
    assert isinstance(value, Lazy)
    bounds = list(value.args)
    start, stop = (constant(0), bounds[0]) if len(bounds) == 1 else (bounds[0], bounds[1])
    by = static(ev, bounds[2])[1] if len(bounds) == 3 else 1
    unit = constant(by)
    return Lazy("range", (binary(ev, "-", stop, unit, loc), binary(ev, "-", start, unit, loc), constant(-by)))


@handles("builtins.iter")
def _iter(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if len(args) > 1:
        raise Unsupported("cannot differentiate iter with a sentinel", loc, "Write a while loop.")
    once = isinstance(args[0], (Generator, Stream)) or isinstance(args[0], Lazy) and args[0].kind in ONE_SHOT
    return args[0] if once else eval_next.begin(ev, lazy(ev, "iter", args))


@handles("srcad.checkpoint", "srcad.api.checkpoint")
def _checkpoint(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return args[0]


@handles("builtins.map")
def _map(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if len(args) == 2 and eval_generators.is_stream(args[1]):
        return eval_itertools.read(ev, iteration.mapped, args, loc)
    return lazy(ev, "map", [steady(ev, value, loc) for value in args])


@handles("functools.reduce")
def _reduce(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad import eval_calls, eval_itertools

    if isinstance(args[1], Dyn) and unrolled(ev, args[1], ranges=False) is None:
        return eval_itertools.reduced(ev, args[0], args[1], args[2:3], loc)
    items = [*args[2:3], *items_of(ev, args[1], loc)]
    if not items:
        raise TypeError("reduce() of empty iterable with no initial value")
    total = items[0]
    for item in items[1:]:
        total = eval_calls.dispatch(ev, args[0], [total, item], {}, loc)
    return total


@handles("functools.partial")
def _partial(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    given = tuple(owned(ev, value, "t", loc) for value in args[1:])
    return Partial(args[0], given, tuple((name, owned(ev, value, name, loc)) for name, value in kwargs.items()))


# ---- containers ----


def items_of(ev: Evaluator, value: Value, loc: ir.Loc | None) -> list[Value]:
    """All items of an iterable whose length is known while transforming."""
    if isinstance(value, Stream):
        found = eval_generators.collected(ev, value, loc)
        if found is None:
            raise Unsupported("cannot differentiate a generator of unknown length here", loc, "Write a loop.")
        return found
    if not isinstance(value, Generator):
        return sequence(ev, value, loc)
    with taking(ev, value, loc) as expr:
        items = expand(ev, expr)
    if items is None:
        eval_extents.settle(ev, value)
        raise Unsupported(
            "cannot differentiate a generator of unknown length here", loc, "Write a list comprehension, or a loop."
        )
    return items


@handles("builtins.tuple")
def _tuple(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return ev.tuple_of(items_of(ev, args[0], loc) if args else [], "tuple", site=loc)


@handles("builtins.list")
def _list(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad import eval_lists

    site = list_site(ev, loc)
    if args and isinstance(args[0], Table):
        from srcad import eval_tables

        return eval_tables.method(ev, args[0], "copy", [], loc)
    if args and isinstance(args[0], Dyn) and isinstance(args[0].type, Seq):
        return eval_lists.collected(ev, args[0], loc)
    if args and isinstance(args[0], Stream):
        items = eval_generators.collected(ev, args[0], loc)
        return eval_lists.collected(ev, args[0], loc) if items is None else ev.tuple_of(items, "list", site=site)
    if args and isinstance(args[0], Generator) and any(part.tests for part in args[0].expr.generators):
        return _picked(ev, args[0], loc)
    if args and (isinstance(args[0], Dyn) and eval_itertools.is_open(ev, args[0]) or _is_long(ev, args[0])):
        return eval_lists.collected(ev, args[0], loc)
    items = items_of(ev, args[0], loc) if args else []
    if ("dynamic", site) in ev.cx.decisions:
        return eval_lists.new(ev, items, loc)
    return ev.tuple_of(items, "list", site=site)


def _picked(ev: Evaluator, value: Generator, loc: ir.Loc | None) -> Value:
    """``list(e for v in items if test)``: what the test lets through of many items is picked out by a loop."""
    from srcad import eval_lists

    with taking(ev, value, loc) as expr:
        items = expand(ev, expr)
        if items is None:
            return eval_lists.from_comprehension(ev, replace(expr, kind="list"))
    return ev.tuple_of(items, "list", site=list_site(ev, loc))


def _is_long(ev: Evaluator, value: Value) -> bool:
    """Whether it takes a loop to collect what an iterator gives, even where its number of items can be had."""
    if not isinstance(value, Lazy) or live(ev, value) is not None:
        return False
    eval_extents.settle(ev, value)
    return True


@handles("builtins.set", "builtins.frozenset")
def _set(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    raise Unsupported("cannot differentiate a set, whose order is not defined", loc, "Use a list or a tuple.")


@handles("builtins.dict")
def _dict(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    entries: dict[Any, Value] = {}
    if args and isinstance(args[0], Ptr) and ev.state.heap[args[0].id].kind == "dict":
        box = ev.state.heap[args[0].id]
        entries.update(zip(box.keys, box.items, strict=True))
    elif args:
        for pair in items_of(ev, args[0], loc):
            key, value = sequence(ev, pair, loc)
            entries[demand(ev, key, "a dict's key", loc)] = value
    entries.update(kwargs)
    return ev.box("dict", tuple(entries), tuple(entries.values()))


# ---- from many to one ----


def known_items(ev: Evaluator, value: Value, loc: ir.Loc | None) -> list[Value] | None:
    """The items that are taken from `value`; None where a loop has to take them."""
    if isinstance(value, Stream):
        return eval_generators.collected(ev, value, loc)
    if isinstance(value, Generator):
        frame, ev.frame = ev.frame, value.frame
        try:
            items = expand(ev, value.expr)
        finally:
            ev.frame = frame
    else:
        items = unrolled(ev, value, ranges=False)
    if items is not None:
        consume(ev, value, loc)
    return items


@handles("builtins.sum")
def _sum(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    start = args[1] if len(args) > 1 else kwargs.get("start", constant(0))
    items = known_items(ev, args[0], loc)
    if items is None:
        from srcad import eval_lists

        return eval_lists.total(ev, args[0], start, loc)
    if len(items) > 1 and static(ev, start) == (True, 0) and _adds_to_zero(items[0]):
        start, *items = items
    for item in items:
        start = binary(ev, "+", start, item, loc)
    return start


def _adds_to_zero(value: Value) -> bool:
    """Whether ``0 + value`` can be left out: of integers (a truth value would become one, a floating -0.0 is 0.0)."""
    kind = value.type if isinstance(value, Dyn) else None
    return isinstance(kind, Num) and kind.dtype is not None and np.dtype(kind.dtype).kind in "iu"


def _extreme(path: str) -> Handler:
    def extreme(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        from srcad import eval_sorting

        if kwargs:
            return eval_sorting.extreme_with(ev, path, args, kwargs, loc)
        items = known_items(ev, args[0], loc) if len(args) == 1 else args
        if items is None:
            return open_extreme(ev, path, args[0], loc)
        return closed_extreme(ev, path, items, loc)

    return extreme


def open_extreme(ev: Evaluator, path: str, value: Value, loc: ir.Loc | None) -> Value:
    """Of items whose number is known only at run time."""
    from srcad import eval_lists

    if isinstance(value, Dyn) and isinstance(value.type, Num) and len(value.type.dims or ()) == 1:
        return keep(ev, f"numpy.{path.rpartition('.')[2]}", [value], {}, loc)
    return eval_lists.extreme(ev, value, path, loc)


def closed_extreme(ev: Evaluator, path: str, items: list[Value], loc: ir.Loc | None) -> Value:
    name = path.rpartition(".")[2]
    if not items:
        raise ValueError(f"{name}() arg is an empty sequence")
    known = [static(ev, item) for item in items]
    if all(k for k, _ in known):
        return plain((max if name == "max" else min)(v for _, v in known))
    best = items[0]
    for item in items[1:]:
        best = keep(ev, path, [best, item], {}, loc)
    return best


HANDLERS["builtins.max"] = _extreme("builtins.max")
HANDLERS["builtins.min"] = _extreme("builtins.min")


def _quantifier(op: str) -> Handler:
    """``any`` and ``all``: what follows a deciding item is not evaluated."""

    def quantify(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        from srcad import eval_lists

        before, mark = ev.state.copy(), len(ev.out)
        items = known_items(ev, args[0], loc)
        if items is not None:
            if len(items) > 1 and disturbed(ev, before, mark):
                word = "all" if op == "and" else "any"
                reason = f"cannot differentiate {word} over values whose computation changes something"
                raise Unsupported(reason, loc, "Write a loop that stops.")
            return boolean(ev, op, items, loc)
        value = args[0]
        if isinstance(value, Dyn) and isinstance(value.type, Num) and len(value.type.dims or ()) == 1:
            return keep(ev, "numpy.all" if op == "and" else "numpy.any", args, {}, loc)
        return eval_lists.quantified(ev, value, op, loc)

    return quantify


HANDLERS["builtins.all"] = _quantifier("and")
HANDLERS["builtins.any"] = _quantifier("or")
