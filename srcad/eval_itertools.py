"""``itertools`` and ``functools.reduce`` in the partial evaluator.

What takes all items before it gives the first (products, combinations) is written out; `reduce` is a loop.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

from srcad import ir
from srcad.eval_builtins import HANDLERS, Args, Handler, Kwargs, handles
from srcad.eval_core import Evaluator, place
from srcad.eval_exprs import evaluate, sequence
from srcad.eval_order import holding, owned
from srcad.eval_values import demand
from srcad.values import Dyn, Lazy, Value

Rows = Callable[[list[list[Value]], list[int]], Iterable[tuple[Value, ...]]]


def _iterator(ev: Evaluator, rows: Iterable[tuple[Value, ...]]) -> Value:
    """An iterator over tuples: it can be used once."""
    found = ev.tuple_of([ev.tuple_of(row) for row in rows])
    ev.cx.boxes += 1
    return Lazy("iter", (found,), ev.cx.boxes)


def _of_pool(make: Callable[..., Iterable[Any]]) -> Handler:
    """``combinations(items, r)`` and its relatives."""

    def handler(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        items = sequence(ev, args[0], loc)
        given = [*args[1:], *kwargs.values()]
        sizes = [demand(ev, value, "the length of combinations", loc) for value in given]
        return _iterator(ev, make(items, *sizes))

    return handler


HANDLERS.update(
    {
        "itertools.combinations": _of_pool(itertools.combinations),
        "itertools.combinations_with_replacement": _of_pool(itertools.combinations_with_replacement),
        "itertools.permutations": _of_pool(itertools.permutations),
    }
)


@handles("itertools.product")
def _product(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    repeat = demand(ev, kwargs["repeat"], "repeat", loc) if "repeat" in kwargs else 1
    pools: list[list[Value]] = []
    for value in args:
        with holding(ev, [v for pool in pools for v in pool]):
            pools.append([owned(ev, item, "item", loc) for item in sequence(ev, value, loc)])
    return _iterator(ev, itertools.product(*pools, repeat=repeat))


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
