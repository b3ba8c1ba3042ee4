"""turned: loops that count down count up where the order of their iterations makes no difference, for Numba.

    for k in range(rows[i + 1] - 1, rows[i] - 1, -1):        for k in range(rows[i], rows[i + 1]):
        values_bar[k] += y_bar_i * x[columns[k]]                 values_bar[k] += y_bar_i * x[columns[k]]

The reverse sweep of a loop counts down, and many need not. Memory is read ahead best in its own order, and LLVM's
vectors are not turned around. Sums of adjoints differ in the last digits; other sums stay in their order.
"""

from __future__ import annotations

from dataclasses import replace

from srcad import ir, types
from srcad.program import Program
from srcad.transforms.iterations import Walker
from srcad.transforms.loops_text import plain


def turned(program: Program) -> Program:
    """The program with such loops the other way round."""
    loops = (n for n in ir.walk(program.body) if isinstance(n, ir.For))
    return _Turning(program).run() if any(map(_falls, loops)) else program


class _Turning(Walker):
    def loop(self, loop: ir.For, live: set[str]) -> ir.For:
        call = loop.iter
        if loop.stop is not None or loop.pragma or loop.every or not isinstance(call, ir.Call) or len(call.args) != 3:
            return loop
        high, low, _ = call.args
        found = self.free(loop, live) if _falls(loop) else None
        if found is None or not self.in_any_order(found, ir.names(loop.body)):
            return loop
        up = ir.call("builtins.range", _plus_one(low), _plus_one(high), ir.Const(1))
        return replace(loop, iter=up)


def _falls(loop: ir.For) -> bool:
    """Whether this is a loop over a range with a step of -1."""
    steps = loop.iter.args[2:] if isinstance(loop.iter, ir.Call) else ()
    return steps in ((ir.Const(-1),), (ir.Unary("-", ir.Const(1)),))


def _plus_one(bound: ir.Expr) -> ir.Expr:
    """``n`` of ``n - 1``"""
    if isinstance(bound, ir.Binary) and bound.op == "-" and bound.right == ir.Const(1):
        return bound.left
    dim = types.number(bound)
    return plain(dim + 1) if dim is not None else ir.Binary("+", bound, ir.Const(1))
