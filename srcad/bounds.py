"""Index ranges: which programs provably read and write inside their arrays, so that compiled code need not check."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from srcad import ir, types
from srcad.dims import Dim, combine, is_extent, symbol
from srcad.facts import Shapes, found_equal, rebound
from srcad.program import Program
from srcad.shapes import Assumption, not_negative
from srcad.types import Num, Seq

Ranges = Mapping[str, tuple[Dim, Dim]]  # loop counter -> its first and last value, in symbols


def in_range(program: Program) -> bool:
    """Whether every index by a number is proven to lie inside its array, by what the program itself has checked."""
    return not open_questions(replace(program, assumptions=_made_sure(program)))


def _made_sure(program: Program) -> tuple[Assumption, ...]:
    """Of the assumptions those that a check before the first loop raises for; a loop may rely on no other."""
    ahead = itertools.takewhile(lambda s: not isinstance(s, (ir.For, ir.While)), _flat(program.body))
    checked = {frozenset(map(types.number, test.items)) for stmt in ahead for test in found_equal(stmt)}
    known = (a for a in program.assumptions if a.op in (">=", "=="))
    return tuple(a for a in known if a.op == ">=" or frozenset((a.left, a.right)) in checked)


def _flat(body: Sequence[ir.Stmt]) -> Iterator[ir.Stmt]:
    for stmt in body:
        yield from _flat(stmt.body) if isinstance(stmt, ir.Block) else (stmt,)


def open_questions(program: Program, slices: bool = False) -> list[Dim | None]:
    """Linear forms that must not be negative for every index by a number to lie inside its array, and are not proven to
    be so; None for an index of which nothing is known. slices: also for the bounds of slices not to be clipped."""
    prover = Prover(program, slices)
    prover.block(program.body, {})
    prover.expressions(program.results, {})
    return prover.open


class Prover:
    """Walks (parts of) a program; `open` is what it could not prove so far; `places` are the arrays and axes where
    that depends on more than extents."""

    def __init__(self, program: Program, slices: bool = False) -> None:
        inputs = {i.name for i in program.inputs}
        sure = [a for a in program.assumptions if a.op != "="]  # NumPy may find out that these fail after the loop ran
        self.shapes, self.slices = Shapes(program.types, sure, rebound(program.body, inputs)), slices
        shapes = self.shapes
        self.least = {s: Dim(n) - symbol(s) for s, n in shapes.least.items()}
        self.open: list[Dim | None] = []
        self.places: set[tuple[str, int]] = set()
        self.quotients: dict[str, tuple[Dim, int]] = {}  # symbols of ``n // 2``: n and 2

    def block(self, body: Sequence[ir.Stmt], ranges: Ranges) -> None:
        for stmt in body:
            self.statement(stmt, ranges)

    def statement(self, stmt: ir.Stmt, ranges: Ranges) -> None:
        if isinstance(stmt, ir.For):
            self.expressions((stmt.iter, *([stmt.stop] if stmt.stop else [])), ranges)
            assert isinstance(stmt.target, ir.Name)
            own = self.range_of(stmt)
            inner = {k: v for k, v in ranges.items() if k != stmt.target.id}
            self.block(stmt.body, inner if own is None else {**inner, stmt.target.id: own})
        elif isinstance(stmt, (ir.If, ir.While)):
            tests = (stmt.test, *([stmt.stop] if isinstance(stmt, ir.While) and stmt.stop else []))
            orelse = stmt.orelse if isinstance(stmt, ir.If) else ()
            self.expressions(tests, ranges)
            self.block((*stmt.body, *orelse), ranges)
        elif isinstance(stmt, (ir.Block, ir.With)):
            self.block(stmt.body, ranges)
        else:
            self.expressions((stmt,), ranges)

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
        """An integer in linear form; a quotient by a positive constant is a symbol in it."""
        found = self.shapes.of(expr).number
        if found is not None or not isinstance(expr, ir.Binary):
            return found
        left, right = self.number(expr.left), self.number(expr.right)
        if expr.op != "//" or left is None or right is None or not right.is_const or right.const < 1:
            return combine(expr.op, left, right)
        name = f"(({left}) // {right.const})"
        self.quotients[name] = left, right.const
        return symbol(name)

    def expressions(self, nodes: Sequence[object], ranges: Ranges) -> None:
        for node in ir.walk(tuple(nodes)):
            if isinstance(node, ir.Index):
                self.index(node, ranges)

    def index(self, place: ir.Index, ranges: Ranges) -> None:
        base = self.shapes.types.get(place.base.id) if isinstance(place.base, ir.Name) else self.shapes.of(place.base)
        if isinstance(place.base, ir.Attr) and place.base.name == "shape":
            return
        if isinstance(base, Seq) or not isinstance(base, Num) or base.dims is None:
            self.open.append(None)
            return
        dims = self.shapes.dims(base)
        assert dims is not None
        items = [i for i in place.items if i != ir.NONE]
        if ir.ELLIPSIS in items:
            at = items.index(ir.ELLIPSIS)
            items = [*items[:at], *[ir.ELLIPSIS] * (len(dims) - len(items) + 1), *items[at + 1 :]]
        for axis, (item, dim) in enumerate(zip(items, dims, strict=False)):
            before = len(self.open)
            if isinstance(item, ir.Slice):
                self.slice(item, dim, ranges)
            elif item != ir.ELLIPSIS:
                self.inside(item, dim, ranges)
            unknown = any(dim is None or not all(map(is_extent, dim.symbols)) for dim in self.open[before:])
            if unknown and isinstance(place.base, ir.Name):
                self.places.add((place.base.id, axis))

    def inside(self, item: ir.Expr, extent: Dim | None, ranges: Ranges) -> None:
        number = self.number(item)
        if number is None or extent is None or types.is_array(self.shapes.of(item)):
            self.open.append(None)
            return
        low, high = extreme(number, ranges, 0), extreme(number, ranges, 1)
        self.open += [d for d in (low, extent - 1 - high) if not self.not_negative(d)]

    def not_negative(self, dim: Dim) -> bool:
        dim = self.without_quotients(dim)
        return not_negative(dim) or not_negative(
            sum((self.least.get(s, Dim(0)) * c for s, c in dim.terms if c > 0), dim)
        )

    def without_quotients(self, dim: Dim) -> Dim:
        """A multiple, or less: n - 1 or n, as the sign asks, in place of ``2 * (n // 2)``."""
        while any(name in self.quotients for name in dim.symbols):
            name, coef = next((s, c) for s, c in dim.terms if s in self.quotients)
            numerator, divisor = self.quotients[name]
            rest = (dim - symbol(name) * coef) * divisor
            dim = rest + (numerator - (divisor - 1 if coef > 0 else 0)) * coef
        return dim

    def slice(self, item: ir.Slice, extent: Dim | None, ranges: Ranges) -> None:
        for bound in (item.lower, item.upper) if self.slices else ():
            number = None if bound is None else self.number(bound)
            if number is not None and extent is not None and number.terms:
                low, high = extreme(number, ranges, 0), extreme(number, ranges, 1)
                self.open += [d for d in (low, extent - high) if not self.not_negative(d)]


def extreme(number: Dim, ranges: Ranges, end: int) -> Dim:
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
