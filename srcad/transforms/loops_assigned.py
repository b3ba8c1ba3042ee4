"""What has been set to zero and is added to later is assigned.

    for i in range(1, n - 1):                  for i in range(1, n - 1):
        g[i + 1] = 0.5 * x_bar[i]                  g[i + 1] = 0.5 * x_bar[i]
        x_bar[i] = 0.0                         for i in range(1, n - 1):
    for i in range(n):                             x_bar[i] = g[i] + g[i + 2]
        x_bar[i] += g[i] + g[i + 2]            if n > 1:
                                                   x_bar[0] += g[0] + g[2]
                                                   x_bar[n - 1] += g[n - 1] + g[n + 1]

On the right nothing is stored to be read back, zero or not. This is for sums gathered from arrays between zeros, along
one axis: where that is too short for both ends, these arrays hold nothing but zeros, and there is nothing to add.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from srcad import algebra, ir, types
from srcad.dims import Dim, symbol
from srcad.transforms import activity
from srcad.transforms.loops_memory import Effects, Memory, union
from srcad.transforms.loops_nests import Cell, Item, Nest, Plain
from srcad.transforms.loops_text import plain

MOST = 4  # elements at both ends


@dataclass(frozen=True)
class Zeroed:
    """Cell number `at` of a nest sets ``array[axis + offset]`` to zero; nothing in the nest touches it after that."""

    nest: Nest
    at: int
    array: str
    offset: int


def assigned(items: Sequence[Item], memory: Memory, padded: set[str]) -> list[Item]:
    """The items of a block with sums that begin with zero assigned. padded: arrays between zeros."""
    result = list(items)
    for k in range(len(result)):
        zeroed = _zeroed(result[k], memory) if padded else None
        later = None if zeroed is None else _next_use(result, k, zeroed.array, memory)
        if zeroed is None or later is None:
            continue
        parts = _parts(zeroed, result[later], result[:later], memory, padded)
        if parts is not None:
            cells = tuple(c for n, c in enumerate(zeroed.nest.cells) if n != zeroed.at)
            result[later : later + 1] = parts
            result[k] = replace(zeroed.nest, cells=cells)
    return [item for item in result if not isinstance(item, Nest) or item.cells or item.before or item.after]


def _zeroed(item: Item, memory: Memory) -> Zeroed | None:
    if not isinstance(item, Nest) or len(item.dims) != 1:
        return None
    for at in range(len(item.cells) - 1, -1, -1):
        cell = item.cells[at]
        if cell.op or cell.gathers or not isinstance(cell.target, ir.Index) or not algebra.is_number(cell.value, 0.0):
            continue
        name, offset = activity.root(cell.target), _offset(cell.target, memory)
        rest = union([*(memory.of_cell(c) for c in item.cells[at + 1 :]), memory.of_all(item.after)])
        if offset is not None and memory.is_alone(name) and not _touches(rest, name):
            return Zeroed(item, at, name, offset)
    return None


def _offset(place: ir.Expr, memory: Memory) -> int | None:
    """c of ``array[axis + c]``."""
    if not isinstance(place, ir.Index) or len(place.items) != 1:
        return None
    dim = types.number(place.items[0])
    return dim.const if dim is not None and dim.terms == ((memory.axes[0], 1),) else None


def _next_use(items: Sequence[Item], k: int, name: str, memory: Memory) -> int | None:
    return next((n for n in range(k + 1, len(items)) if _touches(memory.of(items[n]), name)), None)


def _touches(effects: Effects, name: str) -> bool:
    """Whether something has to do with the elements of an array that shares its memory with no other."""
    return name in effects.touched | effects.binds


def _parts(
    zeroed: Zeroed, item: Item, before: Sequence[Item], memory: Memory, padded: set[str]
) -> tuple[Nest, Plain] | None:
    """(the nest that assigns, the sums at both ends) instead of a nest that adds to all elements."""
    if not isinstance(item, Nest) or len(item.dims) != 1 or len(item.cells) != 1 or item.after:
        return None
    (cell,) = item.cells
    offset = _offset(cell.target, memory)
    if offset is None or cell.op not in ("+", "-") or cell.gathers or activity.root(cell.target) != zeroed.array:
        return None
    if _touches(memory.of_all(item.before), zeroed.array) or zeroed.array in memory.of_cell(cell).reads:
        return None
    longer, low = item.dims[0] - zeroed.nest.dims[0], zeroed.offset - offset
    if not longer.is_const or not 0 <= low <= longer.const <= MOST:
        return None
    sources = {activity.root(a) for a in memory.accesses(cell.value) if isinstance(a, ir.Index)}
    if not sources or not sources <= padded or not all(_fills(s, zeroed.nest, before) for s in sources):
        return None
    value = _at(cell.value, memory.axes[0], symbol(memory.axes[0]) + low)
    value = ir.Unary("-", value) if cell.op == "-" else value
    target = _at(cell.target, memory.axes[0], symbol(memory.axes[0]) + low)
    own = replace(cell, target=target, value=value, op="")
    nest = replace(item, dims=zeroed.nest.dims, stops=zeroed.nest.stops, cells=(own,))
    return nest, _ends(item, cell, low, longer.const, memory.axes[0])


def _fills(name: str, like: Nest, items: Sequence[Item]) -> bool:
    """Whether an array is written by nests over as many elements as `like` has, and by nothing else."""
    writing = [i for i in items if isinstance(i, Nest) and any(activity.root(c.target) == name for c in i.cells)]
    others = [i.stmt for i in items if isinstance(i, Plain)]
    return bool(writing) and all(nest.dims == like.dims for nest in writing) and name not in ir.names(tuple(others))


def _ends(item: Nest, cell: Cell, low: int, count: int, axis: str) -> Plain:
    """The sums into the first `low` elements and the last ``count - low``, where the array has so many."""
    length = types.number(item.stops[0])
    assert length is not None and isinstance(cell.target, ir.Index)
    places = [*map(Dim, range(low)), *(length - k for k in range(count - low, 0, -1))]
    sums = tuple(ir.Augment(_at(cell.target, axis, p), cell.op, _at(cell.value, axis, p)) for p in places)
    test = ir.Compare((">",), (item.stops[0], ir.Const(count - 1)))
    return Plain(ir.If(test, sums), item.note)


def _at(node: Any, axis: str, place: Dim) -> Any:
    """Indices with `place` for the axis."""
    if isinstance(node, ir.Index):
        return replace(node, items=tuple(_index(i, axis, place) for i in node.items))
    return ir.rebuild(node, lambda n: _at(n, axis, place))


def _index(item: ir.Expr, axis: str, place: Dim) -> ir.Expr:
    dim = types.number(item)
    if dim is None:
        return item
    coef = dict(dim.terms).get(axis, 0)
    return plain(dim + (place - symbol(axis)) * coef)
