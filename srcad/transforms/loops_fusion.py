"""Neighbouring nests become one; arrays that then live inside one nest only become numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from srcad import ir
from srcad.transforms import activity
from srcad.transforms.loops_memory import Effects, Memory
from srcad.transforms.loops_nests import Cell, Item, Nest, allocated, allocates
from srcad.types import Abstract, Num

LARGEST = 256  # cells of one nest: LLVM's time for a block of code grows with the square of its length


def fused(items: Sequence[Item], memory: Memory) -> list[Item]:
    """Every nest moved up into the nearest earlier one of the same extents that it may join and has an array in common
    with: one pass over an array instead of two."""
    done: list[tuple[Item, Effects]] = []
    for item in items:
        effects = memory.of(item)
        if not isinstance(item, Nest) or not _moved_up(done, item, effects, memory):
            done.append((item, effects))
    return [item for item, _ in done]


def _moved_up(done: list[tuple[Item, Effects]], nest: Nest, effects: Effects, memory: Memory) -> bool:
    """Join `nest` to an earlier one; statements in between that it depends on (allocations) move in front of both."""
    carried: list[int] = []
    for at in range(len(done) - 1, -1, -1):
        other, theirs = done[at]
        moving = [done[k][1] for k in carried]
        if isinstance(other, Nest) and other.dims == nest.dims and all(theirs.commutes(e) for e in moving):
            small = len(other.cells) + len(nest.cells) <= LARGEST
            if small and memory.share(other, nest) and memory.fusable(other, nest):
                both = memory.joined(other, nest)
                before = [done[k] for k in reversed(carried)]
                rest = [done[k] for k in range(at + 1, len(done)) if k not in carried]
                done[at:] = [*before, (both, memory.of(both)), *rest]
                return True
        if all(theirs.commutes(e) for e in (effects, *moving)):
            continue
        single = isinstance(other, Nest) and not other.dims  # one element
        if theirs.exits or not single and (isinstance(other, Nest) or theirs.writes or theirs.adds):
            return False
        carried.append(at)
    return False


# ---- arrays that live in one nest ----


def scalarised(nest: Nest, memory: Memory, elsewhere: set[str]) -> Nest:
    """Arrays that this nest allocates, writes and reads at one index, and nobody mentions elsewhere, become numbers."""
    around = [(s, ir.names(s)) for s in (*nest.before, *nest.after)]
    fixed = ir.names(nest.stops) | elsewhere
    cells, using = list(nest.cells), _users(nest, memory)
    numbers: set[str] = set()
    for name in allocated(nest):
        mentioned = name in fixed or any(name in names and not allocates(s, name) for s, names in around)
        own = using.get(name, [])
        if mentioned or not own or cells[own[0]].op:
            continue
        if is_one_element(name, [cells[k] for k in own], memory, len(nest.dims)):
            place = cells[own[0]].target
            numbers.add(name)
            for k in own:
                cells[k] = _replaced(cells[k], place, ir.Name(name))
    before = tuple(s for s in nest.before if not any(allocates(s, name) for name in ir.names(s) & numbers))
    return replace(nest, before=before, cells=tuple(cells)) if numbers else nest


def _users(nest: Nest, memory: Memory) -> dict[str, list[int]]:
    """Where the cells that mention a variable stand."""
    found: dict[str, list[int]] = {}
    for k, cell in enumerate(nest.cells):
        for name in memory.of_cell(cell).uses:
            found.setdefault(name, []).append(k)
    return found


def is_one_element(name: str, cells: Sequence[Cell], memory: Memory, rank: int) -> bool:
    """Whether these cells, all that mention the array, set and read the element of their iteration and no other."""
    accesses = [a for c in cells for a, _ in memory.facts(c).accesses if activity.root(a) == name]
    if not accesses or _rounds(memory.known.get(name)) and sum(activity.root(c.target) == name for c in cells) > 1:
        return False
    place = cells[0].target
    whole = all(a == place for a in accesses) and memory.is_injective(place, rank)
    return whole and not _names_array(cells, name, place)


def needed(nest: Nest, elsewhere: set[str]) -> Nest:
    """The nest without elements that are computed for nobody."""
    while True:
        own = {n for s in nest.before for n in ir.names(s) if not allocates(s, n)} | ir.names(nest.after)
        read = own | elsewhere | set().union(*(_read_by(c) for c in nest.cells))
        begun = {
            c.target.id for c in nest.cells if isinstance(c.target, ir.Name) and not c.op
        }  # others come from outside
        unread = begun - read
        cells = tuple(c for c in nest.cells if not isinstance(c.target, ir.Name) or c.target.id not in unread)
        if cells == nest.cells:
            return nest
        nest = replace(nest, cells=cells)


def _read_by(cell: Cell) -> set[str]:
    target = ir.names(cell.target.items) if isinstance(cell.target, ir.Index) else set()
    return ir.names(cell.value) | ir.names(cell.first) | target


def _rounds(t: Abstract | None) -> bool:
    """Whether storing into an array of this type may change a number."""
    return not isinstance(t, Num) or t.dtype not in ("float64", "complex128")


def _names_array(cells: Sequence[Cell], name: str, place: ir.Expr) -> bool:
    """Whether the array is mentioned other than by this element of it."""

    def hidden(node: Any) -> Any:
        return ir.Const(0) if node == place else ir.rebuild(node, hidden)

    return any(name in ir.names(hidden(e)) for c in cells for e in (c.target, c.value)) or any(
        name in ir.names(c.first) for c in cells
    )


def _replaced(cell: Cell, place: ir.Expr, by: ir.Name) -> Cell:
    def change(node: Any) -> Any:
        return by if node == place else ir.rebuild(node, change)

    return replace(cell, target=change(cell.target), value=change(cell.value))


# ---- sums into one place ----


def summed(nest: Nest, memory: Memory) -> Nest:
    """``x[i] += a`` and ``x[i] -= b`` as ``x[i] += a - b``: one load and one store."""
    cells: list[Cell] = []
    for cell in nest.cells:
        at = _earlier(cells, cell, memory)
        if at is None:
            cells.append(cell)
        else:
            cells[at] = _added(cells[at], cell)
    return replace(nest, cells=tuple(cells))


def _earlier(cells: Sequence[Cell], cell: Cell, memory: Memory) -> int | None:
    """The last cell that sets the same place, if nothing in between is in the way of adding both at once."""
    if cell.gathers or cell.op not in ("+", "-") or _touches(cell.value, cell.target, memory):
        return None
    effects = memory.of_cell(cell)
    for at in range(len(cells) - 1, -1, -1):
        other = cells[at]
        if other.target == cell.target:
            return at if other.op in ("", "+", "-") and not other.gathers else None
        if not memory.of_cell(other).commutes(effects):
            return None
    return None


def _touches(value: ir.Expr, target: ir.Expr, memory: Memory) -> bool:
    if isinstance(target, ir.Name):
        return target.id in ir.names(value)
    return memory.group(activity.root(target)) in memory.of_cell(Cell(ir.Name("_"), value)).reads


def _added(first: Cell, second: Cell) -> Cell:
    op = second.op if first.op != "-" else "+" if second.op == "-" else "-"
    if not first.op and isinstance(first.value, ir.Const) and first.value.value == 0:
        return replace(first, value=second.value if op == "+" else ir.Unary("-", second.value), note=second.note)
    return replace(first, value=ir.Binary(op, first.value, second.value))
