"""headers: how the loops of the forward sweep run backwards, and the counts of their rounds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from srcad import ir
from srcad.dims import Dim, dim_expr, symbol
from srcad.shapes import not_negative
from srcad.transforms.sweep import Loop
from srcad.types import Num

if TYPE_CHECKING:
    from srcad.transforms.record import Recorder
    from srcad.transforms.saving import Around, Stmts


class Header:
    """How a loop runs backwards."""

    def __init__(self, recorder: Recorder, step: Loop) -> None:
        self.r, self.step, self.primal = recorder, step, step.primal
        self.counter = step.primal.target.id if isinstance(step.primal, ir.For) else None  # type: ignore[union-attr]
        self.bounds: tuple[ir.Expr, ...] = ()
        if isinstance(step.primal, ir.For):
            bounds = list(step.primal.iter.args)  # type: ignore[union-attr]
            for k, name in step.bounds:
                bounds[k] = ir.Name(name)
            self.bounds = tuple(bounds)

    def counted(self, around: Around) -> tuple[str, ir.Expr, ir.Expr] | None:
        """(counter, first value, count) of a ``range`` of step 1 or -1 with bounds steady in the outermost loop.

        Bounds that move with the counters around count as their extremes: a triangle is kept in its square.
        """
        if self.counter is None or self.step.bounds or self.counter in self.r.reset:
            return None
        start, stop, step = self.bounds
        if step not in (ir.Const(1), ir.Const(-1)):
            return None
        calls = [
            n for e in (start, stop) for n in ir.walk(e) if isinstance(n, (ir.Index, ir.Call)) and not _is_shape(n)
        ]
        if step == ir.Const(-1):
            start, stop = (
                _simplified(ir.Binary("+", stop, ir.Const(1))),
                _simplified(ir.Binary("+", start, ir.Const(1))),
            )
        if (ir.names(start) | ir.names(stop)) & self.r.moving:
            return self.enclosed(start, stop, around)
        if calls:
            return None
        if isinstance(start, ir.Const) and isinstance(start.value, int) and 0 <= start.value <= 3:
            count: ir.Expr = stop if _is_nonnegative(stop) else ir.call("builtins.max", stop, ir.Const(0))
            return self.counter, ir.Const(0), count
        extent = _simplified(ir.Binary("-", stop, start))
        return self.counter, start, ir.call("builtins.max", extent, ir.Const(0))

    def enclosed(self, start: ir.Expr, stop: ir.Expr, around: Around) -> tuple[str, ir.Expr, ir.Expr] | None:
        """The counter with a range from 0 that holds all its values, whatever the counters around are."""
        lowest, highest = self.extreme(start, around, 0), self.extreme(stop, around, 1)
        if self.counter is None or lowest is None or highest is None or not not_negative(lowest):
            return None
        count = dim_expr(highest)
        return (
            self.counter,
            ir.Const(0),
            count if not_negative(highest) else ir.call("builtins.max", count, ir.Const(0)),
        )

    def extreme(self, bound: ir.Expr, around: Around, end: int) -> Dim | None:
        """The least (0) or greatest (1) value of a bound that is linear in steady numbers and the counters around."""
        number = self.r.sweep.shapes.of(bound).number
        for loop in reversed(around.loops):
            coef = dict(number.terms).get(loop[0], 0) if loop is not None and number is not None else 0
            if loop is None or number is None or not coef or loop[0] in self.r.reset:
                continue
            first, count = (self.r.extent(e) for e in loop[1:])
            if first is None or count is None:
                return None
            last = first if (coef > 0) != bool(end) else first + count - 1
            number = number + (last - symbol(loop[0])) * coef
        return None if number is None or set(number.symbols) & self.r.moving else number

    def kept(self) -> frozenset[str]:
        """What the reverse loop itself reads: its bounds and its trip count."""
        own = frozenset({self.step.trips}) if self.step.trips else frozenset()
        return own.union(*(ir.names(b) for b in self.bounds))

    def assemble(self, f: Stmts, b: Stmts, need: frozenset[str], own: set[str], around: Around) -> tuple[Stmts, Stmts]:
        forward: Stmts = []
        restores: Stmts = []
        first = [ir.Assign(ir.Name(n), self.primal.iter.args[k]) for k, n in self.step.bounds]  # type: ignore[union-attr]
        if self.step.trips is not None:
            first.append(ir.Assign(ir.Name(self.step.trips), ir.Const(0)))
            f = [ir.Augment(ir.Name(self.step.trips), "+", ir.Const(1)), *f]
        for stmt in first:
            self.r.keep(stmt, need, around, True, forward, restores)
            forward.append(stmt)
        for name in [*([self.counter] if self.counter else []), *sorted(own)]:
            self.r.keep(ir.Assign(ir.Name(name), ir.Const(0)), need, around, True, forward, restores)
        forward.append(self.forward_loop(f))
        return forward, [*self.backward_loop(b), *restores[::-1]]

    def forward_loop(self, f: Stmts) -> ir.Stmt:
        if isinstance(self.primal, ir.For):
            return replace(self.primal, iter=replace(self.primal.iter, args=self.bounds), body=tuple(f))  # type: ignore[arg-type]
        return replace(self.primal, body=tuple(f))

    def backward_loop(self, b: Stmts) -> Stmts:
        loc = self.primal.loc
        trips = self.step.trips
        if self.counter is None:
            assert trips is not None
            return [ir.For(ir.Name("_"), _range(ir.Const(0), ir.Name(trips), ir.Const(1)), tuple(b), loc=loc)]
        start, stop, step = self.bounds
        target = ir.Name(self.counter)
        if trips is None and step in (ir.Const(1), ir.Const(-1)):
            unit = step
            first, last = _minus(stop, unit), _minus(start, unit)
            back = ir.Const(-1) if step == ir.Const(1) else ir.Const(1)
            return [ir.For(target, _range(first, last, back), tuple(b), loc=loc)]
        count: ir.Expr = ir.Name(trips) if trips else ir.call("builtins.len", _range(start, stop, step))
        if start == ir.Const(0) and step == ir.Const(1):
            return [ir.For(target, _range(_minus(count, ir.Const(1)), ir.Const(-1), ir.Const(-1)), tuple(b), loc=loc)]
        k = ir.Name(self.r.names.fresh("k"))
        self.r.types[k.id] = Num("int64", (), True)
        moved = k if step == ir.Const(1) else ir.Binary("*", k, step)
        value = moved if start == ir.Const(0) else ir.Binary("+", start, moved)
        body = (ir.Assign(target, value), *b)
        return [ir.For(k, _range(_minus(count, ir.Const(1)), ir.Const(-1), ir.Const(-1)), body, loc=loc)]


def _minus(e: ir.Expr, unit: ir.Expr) -> ir.Expr:
    return _simplified(ir.Binary("-", e, unit))


def _simplified(e: ir.Expr) -> ir.Expr:
    """``n - 1 + 1`` is n, ``3 - 1`` is 2: constants at the end of a sum are added up."""
    base, total = e, 0
    while (
        isinstance(base, ir.Binary)
        and base.op in "+-"
        and isinstance(base.right, ir.Const)
        and base.right.kind == "int"
    ):
        total += base.right.value if base.op == "+" else -base.right.value
        base = base.left
    if (
        isinstance(base, ir.Binary)
        and base.op in "+-"
        and isinstance(base.right, ir.Unary)
        and isinstance(base.right.operand, ir.Const)
    ):
        value = -base.right.operand.value
        total += value if base.op == "+" else -value
        base = base.left
    if isinstance(base, ir.Const) and base.kind == "int":
        return ir.Const(base.value + total)
    if total == 0:
        return base
    return ir.Binary("+" if total > 0 else "-", base, ir.Const(abs(total)))


def _range(start: ir.Expr, stop: ir.Expr, step: ir.Expr) -> ir.Call:
    return ir.Call(ir.Ref("builtins.range"), (start, stop, step))


def _is_shape(n: Any) -> bool:
    if isinstance(n, ir.Call):
        return isinstance(n.fn, ir.Ref) and n.fn.path in ("builtins.len", "builtins.max", "builtins.min")
    return isinstance(n.base, ir.Attr) and n.base.name == "shape"


def _is_nonnegative(e: ir.Expr) -> bool:
    if isinstance(e, ir.Const):
        return bool(e.value >= 0)
    return isinstance(e, ir.Index) and _is_shape(e) or isinstance(e, ir.Call) and e.fn == ir.Ref("builtins.len")
