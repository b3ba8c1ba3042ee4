"""Scatter becomes gather: several shifted sums into one array become one pass over it.

``x[2:] += g``, ``x[1:-1] -= 2 * g`` and ``x[:-2] += g`` load and store x three times. With g between zeros as wide as
the shifts, every element of x can fetch what it gets: ``x[i] += g[i] - 2 * g[i + 1] + g[i + 2]``, one pass that the
compiler vectorises. Only sums of terms that vanish where g does qualify, of an array g that the block makes itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from srcad import ir, types
from srcad.dims import Dim
from srcad.shapes import not_negative
from srcad.transforms import activity
from srcad.transforms.loops_extents import Dims
from srcad.transforms.loops_memory import Effects, Memory
from srcad.transforms.loops_nests import Cell, Item, Nest, Plain, allocated
from srcad.transforms.loops_text import plain

Offsets = tuple[int, ...]


@dataclass(frozen=True)
class Shifted:
    """A nest that adds to ``array[..., axis k + offsets[k], ...]``; `place`: its index with the offsets left out."""

    at: int  # position among the items
    nest: Nest
    place: ir.Index
    offsets: Offsets

    @property
    def cell(self) -> Cell:
        return self.nest.cells[0]


def gathered(items: Sequence[Item], memory: Memory, elsewhere: set[str]) -> tuple[list[Item], set[str]]:
    """The items of a block with sums gathered where that can be, and the arrays that lie between zeros now.

    elsewhere: variables mentioned outside the block.
    """
    result = list(items)
    seeds = _seeds(result, memory, elsewhere)
    widths: dict[str, Offsets] = {}
    for group in _groups(result, memory, seeds):
        group = _without_center(group, result, memory)
        nest, wide = _joined(group, memory)
        for name in _terms(group, memory):
            widths[name] = tuple(map(max, widths.get(name, wide), wide))
        for member in group[:-1]:
            result[member.at] = replace(member.nest, cells=())
        result[group[-1].at] = nest
    kept = [item for item in result if not isinstance(item, Nest) or item.cells or item.before]
    return ([_padded(item, widths) for item in kept] if widths else kept), set(widths)


# ---- which sums there are ----


def _seeds(items: Sequence[Item], memory: Memory, elsewhere: set[str]) -> dict[str, Dims]:
    """Extents of the arrays that a nest of the block allocates and sets at every index, mentioned by nests alone."""
    found: dict[str, Nest] = {}
    barred = set(elsewhere)
    for item in items:
        if isinstance(item, Plain):
            barred |= memory.of(item).uses
            continue
        own = set(allocated(item))
        barred |= memory.of_all(item.after).uses | {n for s in item.before for n in ir.names(s)} - own
        found |= {name: item for name in own}
    plain_index = {n: tuple(ir.Name(a) for a in memory.axes[: len(nest.dims)]) for n, nest in found.items()}
    for item in items:
        for access, _ in memory.all_accesses(item) if isinstance(item, Nest) else ():
            name = activity.root(access)
            if name in found and not (isinstance(access, ir.Index) and access.items == plain_index[name]):
                barred.add(name)
    made = {n for n, nest in found.items() if any(c.target == ir.Index(ir.Name(n), plain_index[n]) for c in nest.cells)}
    return {n: found[n].dims for n in sorted(made - barred)}


def _groups(items: Sequence[Item], memory: Memory, seeds: dict[str, Dims]) -> list[list[Shifted]]:
    """Sums into the same array at different offsets, each of which can be moved down to the last."""
    groups: list[list[Shifted]] = []
    for at, item in enumerate(items):
        shifted = _shifted(at, item, memory, seeds)
        if shifted is None:
            continue
        home = next((g for g in groups if _joins(shifted, g, items, memory)), None)
        if home is None:
            groups.append([shifted])
        else:
            home.append(shifted)
    return [g for g in groups if len({m.offsets for m in g}) > 1]


def _shifted(at: int, item: Item, memory: Memory, seeds: dict[str, Dims]) -> Shifted | None:
    if not isinstance(item, Nest) or len(item.cells) != 1 or item.after or not item.dims:
        return None
    cell = item.cells[0]
    if cell.op not in ("+", "-") or cell.gathers or not isinstance(cell.target, ir.Index):
        return None
    axes = memory.axes[: len(item.dims)]
    zero = {name for name, dims in seeds.items() if dims == item.dims}
    if not memory.is_injective(cell.target, len(axes)) or not _is_linear(cell.value, set(axes), zero):
        return None
    offsets = [_offset(cell.target, axis) for axis in axes]
    if None in offsets or memory.group(activity.root(cell.target)) in memory.of_cell(replace(cell, op="")).reads:
        return None
    found = tuple(o for o in offsets if o is not None)
    return Shifted(at, item, moved(cell.target, dict(zip(axes, (-o for o in found)))), found)


def _offset(target: ir.Index, axis: str) -> int | None:
    """c of the index ``axis + c``."""
    for item in target.items:
        dim = types.number(item) if axis in ir.names(item) else None
        if dim is not None:
            return dim.const if dim.terms == ((axis, 1),) else None
    return None


def _is_linear(value: ir.Expr, axes: set[str], seeds: set[str]) -> bool:
    """Whether a value is made of elements of seeds, their sums and multiples, so that it vanishes with them."""
    if isinstance(value, ir.Index):
        return activity.root(value) in seeds
    if isinstance(value, ir.Unary):
        return value.op in "+-" and _is_linear(value.operand, axes, seeds)
    if not isinstance(value, ir.Binary):
        return False
    left, right = _is_linear(value.left, axes, seeds), _is_linear(value.right, axes, seeds)
    if value.op in "+-":
        return left and right
    scalar = value.right if left else value.left
    fixed = not ir.names(scalar) & axes
    return fixed and (value.op == "*" and (left or right) or value.op == "/" and left)


def _joins(new: Shifted, group: Sequence[Shifted], items: Sequence[Item], memory: Memory) -> bool:
    if new.nest.dims != group[0].nest.dims or new.place != group[0].place:
        return False
    moving = Effects()
    for k in range(group[0].at, new.at):
        member = next((m for m in group if m.at == k), None)
        if member is not None:
            moving |= memory.of_cells(member.nest)
        elif not moving.commutes(memory.of(items[k])):
            return False
    return True


def _without_center(group: list[Shifted], items: Sequence[Item], memory: Memory) -> list[Shifted]:
    """The group without the sums that another sum into the same elements, in the pass that makes the seeds, takes in.

    ``x[i] += g2 * y[i]`` stands there; ``x[i] -= 2.0 * g[i + 1]`` beside it costs no load, neither of x nor of g.
    """
    rest = [m for m in group if not any(_takes_in(at, m, group, items, memory) for at in range(len(items)))]
    return rest if len({m.offsets for m in rest}) > 1 else group


def _takes_in(at: int, member: Shifted, group: Sequence[Shifted], items: Sequence[Item], memory: Memory) -> bool:
    """Whether the item at this place sums into the elements of a member too, and may be one nest with it."""
    item = items[at]
    if not isinstance(item, Nest) or any(m.at == at for m in group) or item.dims != member.nest.dims:
        return False
    if not any(c.op in ("+", "-") and c.target == member.cell.target for c in item.cells):
        return False
    first, last = sorted((at, member.at))
    between = [memory.of(other) for other in items[first + 1 : last]]
    early, late = (item, member.nest) if at < member.at else (member.nest, item)
    moves = any(all(memory.of(one).commutes(e) for e in between) for one in (early, late))
    return moves and memory.fusable(early, late)


# ---- one pass instead ----


def _joined(group: Sequence[Shifted], memory: Memory) -> tuple[Nest, Offsets]:
    """The nest that gathers, and how far apart the offsets are along each axis."""
    rank = len(group[0].offsets)
    low = [min(m.offsets[k] for m in group) for k in range(rank)]
    wide = tuple(max(m.offsets[k] for m in group) - low[k] for k in range(rank))
    axes = memory.axes[:rank]
    terms: list[tuple[str, ir.Expr]] = []
    for member in sorted(group, key=lambda m: m.cell.op == "-"):
        term = moved(member.cell.value, {a: low[k] - member.offsets[k] for k, a in enumerate(axes)})
        terms.append((member.cell.op, term))
    (op, total), *rest = _alike_counted(terms)
    total = ir.Unary("-", total) if op == "-" else total
    for op, term in rest:
        total = ir.Binary(op, total, term)
    last = group[-1].nest
    note = "\n".join(dict.fromkeys(line for m in group for line in m.nest.note.splitlines()))
    target = moved(group[0].place, dict(zip(axes, low)))
    dims = tuple(d + w for d, w in zip(last.dims, wide, strict=True))
    stops = tuple(_plus(s, w) for s, w in zip(last.stops, wide, strict=True))
    cell = replace(last.cells[0], target=target, op="+", value=total)
    return replace(last, dims=dims, stops=stops, cells=(cell,), note=note), wide


def _alike_counted(terms: Sequence[tuple[str, ir.Expr]]) -> list[tuple[str, ir.Expr]]:
    """``- 2.0 * g - 2.0 * g`` as ``- 4.0 * g``: terms of one sign that differ in a whole number at most, as one."""
    counts: dict[tuple[str, ir.Expr], list[ir.Expr]] = {}
    for op, term in terms:
        counts.setdefault((op, _counted(term)[1]), []).append(term)
    found = []
    for (op, rest), alike in counts.items():
        number = sum(_counted(term)[0] for term in alike)
        found.append((op, alike[0] if len(alike) == 1 else ir.Binary("*", ir.Const(number), rest)))
    return found


def _counted(term: ir.Expr) -> tuple[float, ir.Expr]:
    """A whole number in front of a product, and the rest."""
    if isinstance(term, ir.Binary) and term.op == "*" and isinstance(term.left, ir.Const):
        if isinstance(term.left.value, float) and term.left.value.is_integer():
            return term.left.value, term.right
    return 1.0, term


def _terms(group: Sequence[Shifted], memory: Memory) -> set[str]:
    return {activity.root(a) for m in group for a in memory.accesses(m.cell.value) if isinstance(a, ir.Index)}


def _padded(item: Item, widths: dict[str, Offsets]) -> Item:
    """The item with the arrays that are gathered from between zeros."""
    if isinstance(item, Plain):
        return item

    def change(node: Any) -> Any:
        node = ir.rebuild(node, change)
        wide = widths.get(activity.root(node)) if isinstance(node, ir.Index) else None
        return node if wide is None else replace(node, items=tuple(map(_plus, node.items, wide)))

    cells = tuple(replace(c, target=change(c.target), value=change(c.value)) for c in item.cells)
    return replace(item, cells=cells, before=tuple(_wider(s, widths) for s in item.before))


def _wider(stmt: ir.Stmt, widths: dict[str, Offsets]) -> ir.Stmt:
    """The allocation of an array that is padded: zeros, and wider by twice the width along each axis."""
    if not isinstance(stmt, ir.Assign) or not isinstance(stmt.target, ir.Name) or stmt.target.id not in widths:
        return stmt
    assert isinstance(stmt.value, ir.Call)
    shape, wide = stmt.value.args[0], widths[stmt.target.id]
    extents = shape.items if isinstance(shape, ir.Tuple) else (shape,)
    new = tuple(_longer(e, 2 * w) for e, w in zip(extents, wide, strict=True))
    made = replace(
        stmt.value, fn=ir.Ref("numpy.zeros"), args=(new[0] if len(new) == 1 else ir.Tuple(new), *stmt.value.args[1:])
    )
    return replace(stmt, value=made)


def _longer(extent: ir.Expr, by: int) -> ir.Expr:
    """An extent plus a number; ``max(n - 2, 0) + 2`` is n where that is not negative."""
    if isinstance(extent, ir.Call) and extent.fn == ir.Ref("builtins.max") and extent.args[1] == ir.Const(0):
        dim = types.number(extent.args[0])
        if dim is not None and not_negative(dim + by):
            return plain(dim + by)
    return _plus(extent, by)


def _plus(expr: ir.Expr, number: int) -> ir.Expr:
    dim = types.number(expr)
    if dim is not None:
        return plain(dim + number)
    return ir.Binary("+", expr, ir.Const(number)) if number else expr


def moved(node: Any, by: dict[str, int]) -> Any:
    """Indices with each axis moved: ``axis + by[axis]``."""
    if isinstance(node, ir.Index):
        return replace(node, items=tuple(_index(i, by) for i in node.items))
    return ir.rebuild(node, lambda n: moved(n, by))


def _index(item: ir.Expr, by: dict[str, int]) -> ir.Expr:
    dim = types.number(item)
    if dim is None:
        return item
    for text, coef in dim.terms:
        dim = dim + Dim(by.get(text, 0) * coef)
    return plain(dim)
