"""Loops of the program around loops of this pass change places where that is faster.

``for k in range(m): c[:n] += a[:n, k] * b[k]`` walks down the columns of a. If all that the body does is add to arrays
that it does not read, its iterations may come in any order, and k becomes one axis of a nest, which has its innermost
loop where most elements lie side by side: rows of a are multiplied by b.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from srcad import ir, types
from srcad.dims import Dim, symbol
from srcad.transforms.loops_extents import Dims, Extents, Stay
from srcad.transforms.loops_memory import Effects, Memory
from srcad.transforms.loops_nests import Cell, Item, Nest, Plain, noted
from srcad.transforms.loops_text import plain
from srcad.types import Num


def absorbed(loop: ir.For, items: Sequence[Item], memory: Memory, extents: Extents, outside: set[str]) -> Nest | None:
    """One nest for the loop and the items of its body; None where the order matters, or is good as it is.

    outside: variables mentioned outside of the body.
    """
    try:
        counter = _counter(loop, extents)
        body = _Body(memory, counter.name, {n for n in outside if n != counter.name})
        body.read(items)
    except Stay:
        return None
    rank = len(body.dims) + 1
    if not body.cells or rank > len(memory.axes) or not body.is_free():
        return None
    moved = dict(zip(memory.axes, memory.axes[1:]))
    inside = {old: symbol(new) for old, new in moved.items()} | {counter.name: symbol(memory.axes[0]) + counter.first}
    cells = [replace(c, target=_placed(c.target, inside), value=_placed(c.value, inside)) for c in body.cells]
    order = _order(cells, memory, rank)
    if order == [*range(rank)]:
        return None
    dims = (counter.trips, *body.dims)
    stops = (counter.stop, *body.stops)
    turned = {memory.axes[old]: symbol(memory.axes[new]) for new, old in enumerate(order)}
    cells = [replace(c, target=_placed(c.target, turned), value=_placed(c.value, turned)) for c in cells]
    inner = memory.axes[rank - 1]
    cells = [_gathering(c, inner, memory) for c in cells]
    notes = {c.note for c in cells}
    return noted_as_one(
        Nest(tuple(dims[k] for k in order), tuple(stops[k] for k in order), tuple(cells), body.before), notes
    )


def outliving(stmts: Sequence[ir.Stmt], after: set[str]) -> set[str]:
    """Loop counters that are read outside of their loops, or in `after`."""
    counters = {n for s in ir.walk(tuple(stmts)) if isinstance(s, ir.For) for n in ir.names(s.target)}
    found = counters & after

    def visit(node: Any, inside: frozenset[str]) -> None:
        if isinstance(node, ir.Name):
            found.update({node.id} & (counters - inside))
        elif isinstance(node, ir.For):
            visit(node.iter, inside)
            for part in (*node.body, *([node.stop] if node.stop is not None else [])):
                visit(part, inside | ir.names(node.target))
        elif ir.names(node) & counters:
            for child in ir.children(node):
                visit(child, inside)

    for stmt in stmts:
        visit(stmt, frozenset())
    return found


def noted_as_one(nest: Nest, notes: set[str]) -> Nest:
    """The nest under its note, if its cells have one in common."""
    if len(notes) != 1:
        return nest
    return replace(nest, note=notes.pop(), cells=tuple(replace(c, note="") for c in nest.cells))


# ---- the loop ----


@dataclass(frozen=True)
class Counter:
    """A loop's variable: `trips` values from `first` on."""

    name: str
    first: Dim
    trips: Dim
    stop: ir.Expr


def _counter(loop: ir.For, extents: Extents) -> Counter:
    if not isinstance(loop.target, ir.Name) or loop.stop is not None or loop.pragma or loop.every is not None:
        raise Stay
    if not isinstance(loop.iter, ir.Call) or len(loop.iter.args) != 3 or loop.iter.fn != ir.Ref("builtins.range"):
        raise Stay
    start, stop, step = (extents.linear(a) for a in loop.iter.args)
    if start is None or stop is None or step not in (Dim(1), Dim(-1)):
        raise Stay
    first, end = (start, stop) if step == Dim(1) else (stop + 1, start + 1)
    return Counter(loop.target.id, first, end - first, extents.spelt(end - first))


# ---- what its body does ----


@dataclass
class _Body:
    """Sums into arrays, collected from the items. sums: numbers that are summed up, to be added to an element."""

    memory: Memory
    counter: str
    outside: set[str]
    dims: Dims = ()
    stops: tuple[ir.Expr, ...] = ()
    cells: list[Cell] = field(default_factory=list)
    before: tuple[ir.Stmt, ...] = ()
    sums: dict[str, Cell] = field(default_factory=dict)

    def read(self, items: Sequence[Item]) -> None:
        """Raises Stay for anything else than sums."""
        for item in items:
            if isinstance(item, Nest):
                self.nest(noted(item))
            else:
                self.addition(item)
        if self.sums:
            raise Stay

    def nest(self, nest: Nest) -> None:
        if self.dims not in ((), nest.dims) or not nest.dims or nest.after or self.counter in ir.names(nest.stops):
            raise Stay
        self.dims, self.stops = nest.dims, nest.stops
        zeros = {s.target.id for s in nest.before if _is_zero(s)}  # type: ignore[union-attr]
        if len(zeros) != len(nest.before) or zeros & self.outside:
            raise Stay
        for cell in nest.cells:
            if isinstance(cell.target, ir.Index) and cell.op in ("+", "-") and not cell.gathers:
                self.cells.append(_plus(cell))
            elif isinstance(cell.target, ir.Name) and cell.op == "+" and cell.target.id in zeros and not cell.whole:
                if cell.target.id in self.sums:
                    raise Stay
                self.sums[cell.target.id] = cell
            else:
                raise Stay

    def addition(self, item: Plain) -> None:
        """``x[k] += t``, of a number that was summed up."""
        stmt = item.stmt
        if not isinstance(stmt, ir.Augment) or not isinstance(stmt.target, ir.Index) or stmt.op not in ("+", "-"):
            raise Stay
        name = _factor(stmt.value, self.sums)
        if name is None or not isinstance(stmt.target.base, ir.Name):
            raise Stay
        cell = self.sums.pop(name)
        value = ir.substitute(stmt.value, {name: cell.value})
        self.cells.append(
            _plus(replace(cell, target=stmt.target, value=value, op=stmt.op, note=item.note or cell.note))
        )

    def is_free(self) -> bool:
        """Whether nothing that is added to is read, so that the order makes no difference but for rounding."""
        found = Effects()
        for cell in self.cells:
            found |= self.memory.of_cell(cell)
        mentioned = set().union(*(ir.names(c.value) for c in self.cells))
        return not (found.writes | found.adds) & found.reads and not mentioned & set(self.sums)


def _is_zero(stmt: ir.Stmt) -> bool:
    zero = isinstance(stmt, ir.Assign) and isinstance(stmt.value, ir.Const) and stmt.value.value == 0
    return zero and isinstance(stmt.target, ir.Name)  # type: ignore[union-attr]


def _plus(cell: Cell) -> Cell:
    return replace(cell, op="+", value=ir.Unary("-", cell.value)) if cell.op == "-" else cell


def _factor(value: ir.Expr, names: dict[str, Cell]) -> str | None:
    """The one of these numbers that a value is a multiple of."""
    if isinstance(value, ir.Name):
        return value.id if value.id in names else None
    if isinstance(value, ir.Unary) and value.op == "-":
        return _factor(value.operand, names)
    if isinstance(value, ir.Binary) and value.op == "*":
        for one, other in ((value.left, value.right), (value.right, value.left)):
            found = _factor(one, names)
            if found is not None and not ir.names(other) & set(names):
                return found
    return None


# ---- the order ----


def _order(cells: Sequence[Cell], memory: Memory, rank: int) -> list[int]:
    """The axes, the one along which most elements lie side by side innermost; as they are, where that is no better."""
    accesses = [a for c in cells for a in (c.target, *memory.accesses(c.value)) if isinstance(a, ir.Index)]
    worth = [sum(_worth(a, memory.axes[k]) for a in accesses) for k in range(rank)]
    best = max(range(rank), key=lambda k: (worth[k], k))
    return [*(k for k in range(rank) if k != best), best]


def _worth(access: ir.Index, axis: str) -> int:
    """2 if the elements along an axis are neighbours, 1 if they are one and the same."""
    where = [k for k, item in enumerate(access.items) if axis in ir.names(item)]
    if not where:
        return 1
    last = types.number(access.items[-1])
    return 2 if where == [len(access.items) - 1] and last is not None and (axis, 1) in last.terms else 0


def _gathering(cell: Cell, inner: str, memory: Memory) -> Cell:
    """A sum along the innermost loop is kept in a number meanwhile."""
    assert isinstance(cell.target, ir.Index) and isinstance(cell.target.base, ir.Name)
    if inner in ir.names(cell.target):
        return replace(cell, gathers=False)
    kind = memory.known.get(cell.target.base.id)
    return replace(cell, gathers=True, dtype=str(kind.dtype) if isinstance(kind, Num) else "", first=ir.ZERO)


def _placed(node: Any, at: dict[str, Dim]) -> Any:
    """A node with counters replaced, indices in linear form."""
    if not ir.is_node(node) or not ir.names(node) & set(at):
        return node
    if isinstance(node, ir.Index):
        return ir.Index(_placed(node.base, at), tuple(_placed(i, at) for i in node.items))
    dim = types.number(node) if not isinstance(node, ir.Slice) else None
    if dim is None or not set(dim.symbols) & set(at):
        return ir.rebuild(node, lambda n: _placed(n, at))
    new = Dim(dim.const)
    for text, coef in dim.terms:
        new = new + at.get(text, symbol(text)) * coef
    return plain(new)
