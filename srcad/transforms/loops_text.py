"""Nests as statements: `for` loops over indices, the last one innermost, as NumPy lays arrays out.

A sum along the innermost loop goes to a number of its own, so that it stays in a register, and adds up in any order
(`srcad_runtime.sums`): that is faster, and about as accurate as NumPy's sum in pairs. So does an extremum
(`srcad_runtime.extremes`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from srcad import ir, types
from srcad.dims import Dim, symbol
from srcad.naming import Names
from srcad.transforms import loops_vector_maths
from srcad.transforms.loops_extents import linear_expr
from srcad.transforms.loops_nests import Cell, Nest
from srcad.types import Abstract, Num

PLUS = "srcad_runtime.sums.plus"
EXTREMES = {"max": "srcad_runtime.extremes.larger", "min": "srcad_runtime.extremes.smaller"}
COUNTERS = "i j k l i1 j1 k1 l1 i2 j2 k2 l2".split()


class Writer:
    """Writes nests. The loop variables are the first letters from i on that the program does not use."""

    def __init__(
        self, names: Names, axes: tuple[str, ...], of: Callable[[ir.Expr], Num], vector_maths: bool = True
    ) -> None:
        self.names, self.axes, self.of, self.vector_maths = names, axes, of, vector_maths
        self.reused: dict[tuple[str, int, str], ir.Name] = {}
        self.types: dict[str, Abstract] = {}  # of the variables made here
        free = [c for c in COUNTERS if c not in names]
        self.counters = tuple(free[k] if k < len(free) else names.fresh("i") for k in range(len(axes)))
        names.take(self.counters)
        self.types |= dict.fromkeys(self.counters, types.INT)

    def statements(self, nest: Nest) -> list[ir.Stmt]:
        stmts = [_zeros(nest)] if _is_zeros(nest) else [*nest.before, *self.loops(nest), *nest.after]
        return [ir.Block(nest.note, tuple(stmts))] if nest.note else stmts

    def loops(self, nest: Nest) -> list[ir.Stmt]:
        rank = len(nest.stops)
        if not rank:
            return self.body(nest.cells)
        if self.vector_maths:
            wide = (replace(c, value=loops_vector_maths.widened(c.value, self.of)) for c in nest.cells)
            nest = replace(nest, cells=tuple(wide))
        shifts = _shifts(nest.cells, self.axes[:rank])
        cells = [self.renamed(c, shifts) for c in nest.cells]
        parts = {k: self.part(k, c) for k, c in enumerate(cells) if self.gathers(c, rank)}
        body = self.body([replace(c, target=parts[k]) if k in parts else c for k, c in enumerate(cells)])
        first: list[ir.Stmt] = [ir.Assign(p, self.begin(cells[k])) for k, p in parts.items()]
        last = [_collected(cells[k], p) for k, p in parts.items()]
        stops = [_plus(stop, shift) for stop, shift in zip(nest.stops, shifts, strict=True)]
        start = ir.Const(shifts[-1])
        loop = [*first, self.loop(rank - 1, start, stops[-1], body), *last]
        for k in range(rank - 2, -1, -1):
            loop = [self.loop(k, ir.Const(shifts[k]), stops[k], loop)]
        return loop

    def loop(self, k: int, start: ir.Expr, stop: ir.Expr, body: Sequence[ir.Stmt]) -> ir.For:
        return ir.For(ir.Name(self.counters[k]), _range(start, stop, ir.Const(1)), tuple(body))

    def name(self, base: str, number: int, kind: str = "") -> ir.Name:
        """A variable for use within one nest; the next one may use it again, for numbers of the same kind."""
        key = (base, number, kind)
        if key not in self.reused:
            self.reused[key] = ir.Name(self.names.fresh(base))
            self.types[self.reused[key].id] = Num(kind or None, ())
        return self.reused[key]

    # ---- cells ----

    def gathers(self, cell: Cell, rank: int) -> bool:
        """Whether a cell collects the innermost loop into one place, to be kept in a number meanwhile."""
        return cell.gathers and self.counters[rank - 1] not in ir.names(cell.target) and not _is_number(cell, rank)

    def part(self, k: int, cell: Cell) -> ir.Name:
        return self.name("part", k, cell.dtype)

    def begin(self, cell: Cell) -> ir.Expr:
        return cell.first if cell.op in ("+", "*") or cell.whole else cell.target

    def body(self, cells: Sequence[Cell]) -> list[ir.Stmt]:
        """The statements of the innermost loop, under their notes where there are several."""
        notes = list(dict.fromkeys(c.note for c in cells))
        stmts: list[ir.Stmt] = []
        for cell in cells:
            own = self.cell(cell)
            if len(notes) < 2:
                stmts.extend(own)
            elif stmts and isinstance(stmts[-1], ir.Block) and stmts[-1].note == cell.note:
                stmts[-1] = replace(stmts[-1], body=(*stmts[-1].body, *own))
            else:
                stmts.append(ir.Block(cell.note, tuple(own)))
        return [ir.Block(notes[0], tuple(stmts))] if notes[0] and len(notes) == 1 else stmts

    def cell(self, cell: Cell) -> list[ir.Stmt]:
        if cell.gathers and cell.op == "+" and cell.dtype == "float64" and isinstance(cell.target, ir.Name):
            return [ir.Assign(cell.target, ir.call(PLUS, cell.target, cell.value))]
        if cell.op in EXTREMES and cell.dtype in ("float64", "float32") and isinstance(cell.target, ir.Name):
            return [ir.Assign(cell.target, ir.call(EXTREMES[cell.op], cell.target, cell.value))]
        if cell.op not in EXTREMES or isinstance(cell.value, ir.Name):
            return [update(cell.target, cell.op, cell.value)]
        value = self.name("v", 0, cell.dtype)
        return [ir.Assign(value, cell.value), update(cell.target, cell.op, value)]

    def renamed(self, cell: Cell, shifts: Sequence[int]) -> Cell:
        """Placeholders become the counters, which start where the elements do."""
        moves = {a: (c, s) for a, c, s in zip(self.axes, self.counters, shifts)}
        first = _moved(cell.first, moves)
        return replace(cell, target=_moved(cell.target, moves), value=_moved(cell.value, moves), first=first)


def update(target: ir.Name | ir.Index, op: str, value: ir.Expr) -> ir.Stmt:
    """One element's statement."""
    if not op:
        return ir.Assign(target, value) if isinstance(target, ir.Name) else ir.Store(target, value)
    if op in EXTREMES:
        beyond: ir.Expr = ir.Compare((">" if op == "max" else "<",), (value, target))
        nan = ir.Compare(("!=",), (value, value))  # NaN wins, and stays
        return ir.If(ir.BoolOp("or", (beyond, nan)), (update(target, "", value),))
    if op in ("or", "and"):
        test = value if op == "or" else ir.Unary("not", value)
        return ir.If(test, (update(target, "", ir.Const(op == "or")),))
    return ir.Augment(target, op, value)


def _collected(cell: Cell, part: ir.Name) -> ir.Stmt:
    """What the innermost loop has collected reaches its place."""
    if not cell.whole:
        return update(cell.target, cell.op, part)
    return update(cell.target, "", part if cell.count is None else ir.Binary("/", part, cell.count))


def _is_zeros(nest: Nest) -> bool:
    """Whether a nest allocates an array, fills it with zeros and does nothing else."""
    if len(nest.cells) != 1 or nest.after or len(nest.before) != 1:
        return False
    cell, first = nest.cells[0], nest.before[0]
    zero = isinstance(cell.value, ir.Const) and cell.value.value in (0, False) and not cell.op
    target = cell.target.base if isinstance(cell.target, ir.Index) else None
    made = isinstance(first, ir.Assign) and first.target == target and isinstance(first.value, ir.Call)
    return zero and made and first.value.fn == ir.Ref("numpy.empty")  # type: ignore[union-attr]


def _zeros(nest: Nest) -> ir.Stmt:
    first = nest.before[0]
    assert isinstance(first, ir.Assign) and isinstance(first.value, ir.Call)
    return replace(first, value=replace(first.value, fn=ir.Ref("numpy.zeros")))


def _is_number(cell: Cell, rank: int) -> bool:
    """Whether the target is a number that only the innermost loop changes."""
    return isinstance(cell.target, ir.Name) and (rank == 1 or cell.op not in ("+", "*"))


def _range(start: ir.Expr, stop: ir.Expr, step: ir.Expr) -> ir.Call:
    return ir.call("builtins.range", start, stop, step)


# ---- where the counters start ----


def _shifts(cells: Sequence[Cell], axes: tuple[str, ...]) -> list[int]:
    """For each axis, 1 if that is what the element written last has behind its counter, else 0.

    From 2 on, Numba's counters are not known to be positive, and the loop is not vectorised.
    """
    found = []
    for axis in axes:
        offsets = [o for c in cells for o in _offsets(c.target, axis)]
        found.append(1 if offsets and offsets[-1] == 1 else 0)
    return found


def _offsets(node: Any, axis: str) -> list[int]:
    if not isinstance(node, ir.Index):
        return []
    dims = [types.number(item) for item in node.items if axis in ir.names(item)]
    return [d.const for d in dims if d is not None and d.terms == ((axis, 1),)]


def _moved(node: Any, moves: dict[str, tuple[str, int]]) -> Any:
    if not ir.is_node(node) or not ir.names(node) & set(moves):
        return node
    if isinstance(node, ir.Index):
        return ir.Index(_moved(node.base, moves), tuple(_shifted(i, moves) for i in node.items))
    if isinstance(node, ir.Name):
        return _shifted(node, moves)
    return ir.rebuild(node, lambda n: _moved(n, moves))


def _shifted(expr: ir.Expr, moves: dict[str, tuple[str, int]]) -> ir.Expr:
    dim = types.number(expr)
    if dim is None or isinstance(expr, ir.Slice):
        return _moved(expr, moves) if not isinstance(expr, ir.Name) else expr
    for text, coef in dim.terms:
        if text in moves:
            counter, shift = moves[text]
            dim = dim + symbol(counter) * coef - symbol(text) * coef - shift * coef
    return plain(dim)


def _plus(expr: ir.Expr, shift: int) -> ir.Expr:
    dim = types.number(expr)
    if not shift:
        return expr if dim is None else plain(dim)
    return ir.Binary("+", expr, ir.Const(shift)) if dim is None else plain(dim + shift)


def plain(dim: Dim) -> ir.Expr:
    """A linear form over names and extents as an expression."""
    from srcad.dims import dim_expr

    return linear_expr(dim, lambda text: dim_expr(symbol(text)))
