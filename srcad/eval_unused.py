"""Values that nothing reads: what may raise is run all the same."""

from __future__ import annotations

from srcad import ir, types
from srcad.eval_core import Evaluator
from srcad.eval_values import dyn
from srcad.raising import may_raise
from srcad.values import Dyn, Lazy, Ptr, Text, Value


def run(ev: Evaluator, value: Value | None, loc: ir.Loc | None) -> None:
    """``math.sqrt(x)`` as a statement becomes ``unused = math.sqrt(x)``; what cannot raise is dropped."""
    if not isinstance(value, Dyn):
        for part in _parts(ev, value):
            run(ev, part, loc)
    elif may_raise(value.expr, ev.cx.types):
        ev.temp("unused", value, loc)


def _parts(ev: Evaluator, value: Value | None) -> tuple[Value, ...]:
    """What a container, an iterator or a text holds that no variable does."""
    if isinstance(value, Ptr):
        box = ev.state.heap[value.id]
        return () if box.bound or box.expr is not None else box.items
    if isinstance(value, Text):
        return tuple(_part(ev, part) for part in ir.children(value.expr))
    return value.args if isinstance(value, Lazy) else ()


def _part(ev: Evaluator, expr: ir.Expr) -> Value:
    return dyn(ev, expr) if isinstance(types.infer(expr, ev.cx.types, []), types.Num) else Text(expr)
