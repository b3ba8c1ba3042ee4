"""``itertools``, `filter`, ``functools.reduce`` and iterators of generators in the partial evaluator.

What takes all items before it gives the first (products, combinations) is written out where their number is known;
the rest are the generator functions of `rules.iteration`, read in place of the library's own.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

from srcad import eval_next, ir
from srcad.errors import Unsupported
from srcad.eval_builtins import HANDLERS, Args, Handler, Kwargs, handles, keep
from srcad.eval_core import Evaluator, place
from srcad.eval_exprs import evaluate, sequence
from srcad.eval_generators import is_stream
from srcad.eval_index import index, slice_of
from srcad.eval_iter import unrolled
from srcad.eval_order import holding, owned, steady
from srcad.eval_values import constant, demand, static
from srcad.rules import iteration
from srcad.types import Num
from srcad.values import Dyn, Known, Lazy, Ptr, Value

LIST_FIRST = "Make it a list first."


def read(ev: Evaluator, function: Any, args: Args, loc: ir.Loc | None) -> Value:
    """A call of one of the functions of `rules.iteration`."""
    from srcad import eval_calls

    return eval_calls.expanded(ev, function, args, {}, loc)


def _iterator(ev: Evaluator, rows: Iterable[tuple[Value, ...]]) -> Value:
    """An iterator over tuples: it can be used once."""
    found = ev.tuple_of([ev.tuple_of(row) for row in rows])
    ev.cx.boxes += 1
    return Lazy("iter", (found,), ev.cx.boxes)


def is_open(ev: Evaluator, value: Value) -> bool:
    """Whether how many items there are is known only at run time."""
    if isinstance(value, Lazy) and value.kind == "range":
        return not all(static(ev, bound)[0] for bound in value.args)
    if not isinstance(value, Dyn):
        return False
    dims = value.type.dims if isinstance(value.type, Num) else (None,)
    return bool(dims) and dims is not None and (dims[0] is None or bool(dims[0].terms))


def _in_place(ev: Evaluator, value: Value, name: str, loc: ir.Loc | None) -> Value:
    """Something that can be read by position; what gives items only one after the other is refused."""
    if is_stream(value) or isinstance(value, Lazy) and value.kind != "range":
        raise Unsupported(f"cannot differentiate {name} of an iterator", loc, LIST_FIRST)
    return value


def _pool(ev: Evaluator, value: Value, name: str, loc: ir.Loc | None) -> Value:
    """All items as they are now."""
    value = _in_place(ev, value, name, loc)
    if isinstance(value, Dyn) and isinstance(value.type, Num):
        return keep(ev, "numpy.copy", [value], {}, loc)
    return keep(ev, "builtins.list", [value], {}, loc) if isinstance(value, Dyn) else steady(ev, value, loc)


def _of_pool(make: Callable[..., Iterable[Any]], of_two: bool = False) -> Handler:
    """``combinations(items, r)`` and its relatives."""

    def handler(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        given = [*args[1:], *kwargs.values()]
        sizes = [demand(ev, value, "the length of combinations", loc) for value in given]
        if of_two and sizes in ([2], [3]) and is_open(ev, args[0]):
            return _few_of_many(ev, args[0], sizes[0], loc)
        items = sequence(ev, args[0], loc)
        return _iterator(ev, make(items, *sizes))

    return handler


def _few_of_many(ev: Evaluator, items: Value, size: int, loc: ir.Loc | None) -> Value:
    if isinstance(items, Lazy):
        if len(items.args) > 1 and (static(ev, items.args[0]), *map(lambda v: static(ev, v), items.args[2:])) not in (
            ((True, 0),),
            ((True, 0), (True, 1)),
        ):
            raise Unsupported("cannot differentiate combinations of such a range", loc, "Start it at 0, in steps of 1.")
        stop = items.args[0] if len(items.args) == 1 else items.args[1]
        return read(ev, iteration.pairs_below if size == 2 else iteration.triples_below, [stop], loc)
    if size == 3:
        raise Unsupported("cannot differentiate combinations of three of many", loc, "Take combinations of a range.")
    return read(ev, iteration.pairs, [_pool(ev, items, "combinations", loc)], loc)


HANDLERS.update(
    {
        "itertools.combinations": _of_pool(itertools.combinations, of_two=True),
        "itertools.combinations_with_replacement": _of_pool(itertools.combinations_with_replacement),
        "itertools.permutations": _of_pool(itertools.permutations),
    }
)


@handles("itertools.product")
def _product(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    repeat = demand(ev, kwargs["repeat"], "repeat", loc) if "repeat" in kwargs else 1
    if any(is_open(ev, value) for value in args):
        return _product_of_many(ev, args * repeat, loc)
    pools: list[list[Value]] = []
    for value in args:
        with holding(ev, [v for pool in pools for v in pool]):
            pools.append([owned(ev, item, "item", loc) for item in sequence(ev, value, loc)])
    return _iterator(ev, itertools.product(*pools, repeat=repeat))


def _product_of_many(ev: Evaluator, args: Args, loc: ir.Loc | None) -> Value:
    if len(args) not in (2, 3):
        raise Unsupported("cannot differentiate a product of so many iterables", loc, "Write nested loops.")
    pools = [_pool(ev, value, "product", loc) for value in args]
    return read(ev, iteration.product if len(args) == 2 else iteration.product_of_three, pools, loc)


# ---- what goes on from item to item ----


@handles("builtins.filter")
def _filter(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if static(ev, args[0]) == (True, None):
        return read(ev, iteration.true_ones, args[1:], loc)
    return read(ev, iteration.filtered, args, loc)


def _read_as(function: Any) -> Handler:
    def handler(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        from srcad import eval_calls

        return eval_calls.expanded(ev, function, args, kwargs, loc)

    return handler


HANDLERS.update(
    {
        "itertools.chain": _read_as(iteration.chain),
        "itertools.chain.from_iterable": _read_as(iteration.chain_from),
        "itertools.compress": _read_as(iteration.compress),
        "itertools.count": _read_as(iteration.count),
        "itertools.dropwhile": _read_as(iteration.dropwhile),
        "itertools.filterfalse": _read_as(iteration.filterfalse),
        "itertools.starmap": _read_as(iteration.starmap),
        "itertools.takewhile": _read_as(iteration.takewhile),
    }
)


@handles("itertools.accumulate")
def _accumulate(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    import operator

    function = args[1] if len(args) > 1 else kwargs.get("func", Known(None))
    if static(ev, function) == (True, None):
        function = Known(operator.add, ir.Ref("operator.add", operator.add))
    initial = kwargs.get("initial", Known(None))
    if static(ev, initial) != (True, None):
        return read(ev, iteration.accumulate_from, [args[0], function, initial], loc)
    return read(ev, iteration.accumulate, [_in_place(ev, args[0], "accumulate", loc), function], loc)


@handles("itertools.pairwise")
def _pairwise(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return read(ev, iteration.pairwise, [_in_place(ev, args[0], "pairwise", loc)], loc)


@handles("itertools.cycle")
def _cycle(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return read(ev, iteration.cycle, [_in_place(ev, args[0], "cycle", loc)], loc)


@handles("itertools.repeat")
def _repeat(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    times = [*args[1:], *kwargs.values()]
    return read(ev, iteration.repeat_times if times else iteration.repeat, [args[0], *times], loc)


@handles("itertools.islice")
def _islice(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    items, *bounds = args
    start, stop, step = (constant(0), bounds[0], constant(1)) if len(bounds) == 1 else (*bounds, constant(1))[:3]
    start, step = (constant(k) if static(ev, v) == (True, None) else v for v, k in ((start, 0), (step, 1)))
    open_end = static(ev, stop) == (True, None)
    if any(known and own is not None and own < 0 for known, own in (static(ev, v) for v in (start, stop, step))):
        raise ValueError("Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.")
    if isinstance(items, (Dyn, Ptr)):
        part = slice_of(ev, [start, None if open_end else stop, step], loc)
        return Lazy("iter", (index(ev, items, [part], loc),), _serial(ev))
    if open_end:
        return read(ev, iteration.after, [items, start, step], loc)
    if static(ev, start) == (True, 0) and static(ev, step) == (True, 1):
        return read(ev, iteration.upto, [items, stop], loc)
    return read(ev, iteration.between, [items, start, stop, step], loc)


def _serial(ev: Evaluator) -> int:
    ev.cx.boxes += 1
    return ev.cx.boxes


@handles("itertools.zip_longest")
def _zip_longest(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    columns = [unrolled(ev, value, ranges=True) for value in args]
    if any(column is None for column in columns):
        raise Unsupported("cannot differentiate zip_longest of unknown lengths", loc, "Write a loop over the indices.")
    fill = kwargs.get("fillvalue", Known(None))
    return _iterator(ev, itertools.zip_longest(*(column or [] for column in columns), fillvalue=fill))


# ---- iterators of generators ----


def zipped(ev: Evaluator, args: Args, loc: ir.Loc | None) -> Value:
    """``zip`` with a generator among its arguments: the loop takes from it, and counts for the other one."""
    if len(args) == 1:
        return read(ev, iteration.mapped, [Known(tuple_of_one, None), args[0]], loc)
    if len(args) != 2 or all(map(is_stream, args)):
        raise Unsupported("cannot differentiate zip of several generators", loc, LIST_FIRST)
    ahead = is_stream(args[0])
    other = args[1] if ahead else args[0]
    if isinstance(other, Lazy) and other.kind == "range":
        start, count, step = _range_facts(ev, other, loc)
        if ahead:
            return read(ev, iteration.zipped_before_range, [args[0], start, count, step], loc)
        return read(ev, iteration.zipped_after_range, [start, count, step, args[1]], loc)
    other = _in_place(ev, other, "zip of a generator and", loc)
    if isinstance(other, Ptr):
        from srcad.eval_iter import as_array

        array = as_array(ev, other, loc)
        if array is None:
            raise Unsupported("cannot differentiate zip of a generator and such a container", loc, LIST_FIRST)
        other = array
    pair = [args[0], other] if ahead else [other, args[1]]
    return read(ev, iteration.zipped_first if ahead else iteration.zipped_last, pair, loc)


def tuple_of_one(item: Any) -> tuple[Any]:
    return (item,)


def _range_facts(ev: Evaluator, value: Lazy, loc: ir.Loc | None) -> tuple[Value, Value, Value]:
    """Where a range starts, how many numbers it has, and its step."""
    from srcad.eval_operators import binary

    start = value.args[0] if len(value.args) > 1 else constant(0)
    stop = value.args[1] if len(value.args) > 1 else value.args[0]
    step = value.args[2] if len(value.args) > 2 else constant(1)
    if static(ev, step) != (True, 1):
        raise Unsupported("cannot differentiate zip of a generator and a range in steps", loc, LIST_FIRST)
    return start, binary(ev, "-", stop, start, loc), step


# ---- one item of an iterator ----


@handles("builtins.next")
def _next(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """The next item of an iterator of a sequence, or the first of a generator that nobody takes from afterwards."""
    if isinstance(args[0], Lazy) and args[0].kind == "iter" and not is_stream(args[0]):
        return eval_next.take(ev, args[0], args[1:], loc)
    if not is_stream(args[0]):
        raise Unsupported(
            "cannot differentiate next, which takes one item of an iterator", loc, "Index a list instead."
        )
    if len(args) == 1:
        reason = "cannot differentiate next without a default, which raises where there is no item"
        raise Unsupported(reason, loc, "Give a default: next(items, 0.0).")
    return read(ev, iteration.first, args, loc)


def reduced(ev: Evaluator, function: Value, items: Dyn, start: list[Value], loc: ir.Loc | None) -> Value:
    """``reduce(f, items, start)`` over an array or list: ``total = f(total, item)`` for every item."""
    total, source, f, k = (f"{word}#{place(loc)}" for word in ("total", "source", "function", "k"))
    ev.env[f] = function
    ev.env[source] = items if isinstance(items.expr, ir.Name) else ev.temp("items", items, loc)
    count = ir.Call(ir.Ref("builtins.len", len), (ir.Name(source),), loc=loc)
    if not start:
        text = ir.Const("reduce() of empty iterable with no initial value")
        error = ir.Raise(ir.Call(ir.Ref("builtins.TypeError", TypeError), (text,)), loc=loc)
        ev.statement(ir.If(ir.Compare(("==",), (count, ir.Const(0))), (error,), loc=loc))
    first = ir.Index(ir.Name(source), (ir.Const(0),), loc=loc)
    ev.bind(total, start[0] if start else evaluate(ev, first), loc)
    span = ir.Call(ir.Ref("builtins.range", range), (ir.Const(0 if start else 1), count), loc=loc)
    item = ir.Index(ir.Name(source), (ir.Name(k),), loc=loc)
    step = ir.Call(ir.Name(f), (ir.Name(total), item), loc=loc)
    ev.statement(ir.For(ir.Name(k), span, (ir.Assign(ir.Name(total), step, loc=loc),), loc=loc))
    del ev.env[f], ev.env[source]
    return ev.env.pop(total)
