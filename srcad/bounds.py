"""Index ranges: which programs provably read and write inside their arrays, so that compiled code need not check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from srcad import ir, types
from srcad.dims import Dim
from srcad.facts import Shapes
from srcad.shapes import not_negative
from srcad.types import Num, Seq

Ranges = Mapping[str, tuple[Dim, Dim]]  # loop counter -> its first and last value, in symbols


def in_range(body: Sequence[ir.Stmt], shapes: Shapes) -> bool:
    """Whether every index by a number is proven to lie inside its array."""
    return _Prover(shapes).block(body, {})


class _Prover:
    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes

    def block(self, body: Sequence[ir.Stmt], ranges: Ranges) -> bool:
        return all(self.statement(stmt, ranges) for stmt in body)

    def statement(self, stmt: ir.Stmt, ranges: Ranges) -> bool:
        if isinstance(stmt, ir.For):
            if not self.expressions((stmt.iter, *([stmt.stop] if stmt.stop else [])), ranges):
                return False
            assert isinstance(stmt.target, ir.Name)
            own = self.range_of(stmt)
            inner = {k: v for k, v in ranges.items() if k != stmt.target.id}
            return self.block(stmt.body, inner if own is None else {**inner, stmt.target.id: own})
        if isinstance(stmt, (ir.If, ir.While)):
            tests = (stmt.test, *([stmt.stop] if isinstance(stmt, ir.While) and stmt.stop else []))
            orelse = stmt.orelse if isinstance(stmt, ir.If) else ()
            return self.expressions(tests, ranges) and self.block(stmt.body, ranges) and self.block(orelse, ranges)
        if isinstance(stmt, (ir.Block, ir.With)):
            return self.block(stmt.body, ranges)
        return self.expressions((stmt,), ranges)

    def range_of(self, loop: ir.For) -> tuple[Dim, Dim] | None:
        """First and last value of a counter whose bounds are linear; None where they are not."""
        if not isinstance(loop.iter, ir.Call) or len(loop.iter.args) != 3:
            return None
        start, stop = (self.number(e) for e in loop.iter.args[:2])
        step = loop.iter.args[2]
        if start is None or stop is None or step not in (ir.Const(1), ir.Const(-1)):
            return None
        return (start, stop - 1) if step == ir.Const(1) else (stop + 1, start)

    def number(self, expr: ir.Expr) -> Dim | None:
        return self.shapes.of(expr).number

    def expressions(self, nodes: Sequence[object], ranges: Ranges) -> bool:
        return all(self.index(n, ranges) for n in ir.walk(tuple(nodes)) if isinstance(n, ir.Index))

    def index(self, place: ir.Index, ranges: Ranges) -> bool:
        base = self.shapes.types.get(place.base.id) if isinstance(place.base, ir.Name) else self.shapes.of(place.base)
        if isinstance(place.base, ir.Attr) and place.base.name == "shape":
            return True
        if isinstance(base, Seq) or not isinstance(base, Num) or base.dims is None:
            return False
        dims = self.shapes.dims(base)
        assert dims is not None
        items = [i for i in place.items if i != ir.NONE]
        if ir.ELLIPSIS in items:
            at = items.index(ir.ELLIPSIS)
            items = [*items[:at], *[ir.ELLIPSIS] * (len(dims) - len(items) + 1), *items[at + 1 :]]
        return all(
            isinstance(item, ir.Slice) or item == ir.ELLIPSIS or self.inside(item, dim, ranges)
            for item, dim in zip(items, dims, strict=False)
        )

    def inside(self, item: ir.Expr, extent: Dim | None, ranges: Ranges) -> bool:
        number = self.number(item)
        if number is None or extent is None or types.is_array(self.shapes.of(item)):
            return False
        low, high = _extreme(number, ranges, 0), _extreme(number, ranges, 1)
        below, above = not_negative(low), not_negative(extent - 1 - high)
        return below and above


def _extreme(number: Dim, ranges: Ranges, end: int) -> Dim:
    """The least (0) or greatest (1) value of a linear form when its loop counters run over their ranges."""
    for _ in range(len(ranges) + 1):
        inner = next((s for s, _ in reversed(number.terms) if s in ranges), None)
        if inner is None:
            break
        coef = dict(number.terms)[inner]
        bound = ranges[inner][end if coef > 0 else 1 - end]
        rest = Dim(number.const, tuple(t for t in number.terms if t[0] != inner))
        number = rest + bound * coef
    return number
