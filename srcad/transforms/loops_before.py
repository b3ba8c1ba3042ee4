"""An array that is updated in place is copied first, where that saves several arrays.

    convection[i] = u[i + 1] * (u[i + 1] - u[i])
    diffusion[i] = u[i + 2] - 2.0 * u[i + 1] + u[i]

and then ``u[i + 1] += diffusion[i] - convection[i]`` take two passes, since the second one overwrites what the first
one still reads. With the old values in ``u_before`` one pass does, and the two arrays become numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from srcad import ir
from srcad.transforms import activity
from srcad.transforms.loops_extents import Stay
from srcad.transforms.loops_fusion import is_one_element
from srcad.transforms.loops_nests import Cell, Item, Nest, allocated
from srcad.transforms.loops_room import Room
from srcad.types import Num

LEAST = 2  # arrays that are saved by one copy
MOST_AROUND = 8  # elements along an axis that are copied for nothing


def copied(items: Sequence[Item], room: Room, outside: set[str]) -> list[Item]:
    """The items of a block with nests joined over copies. outside: variables mentioned outside of the block."""
    done: list[Item] = []
    for k, item in enumerate(items):
        last = done[-1] if done else None
        if isinstance(item, Nest) and isinstance(last, Nest) and last.dims == item.dims and item.dims:
            others = [*done[:-1], *items[k + 1 :]]
            elsewhere = outside | set().union(*(room.memory.of(other).uses for other in others))
            pair = _pair(last, item, room, elsewhere)
            if pair is not None:
                done[-1:] = pair
                continue
        done.append(item)
    return done


def _pair(first: Nest, second: Nest, room: Room, elsewhere: set[str]) -> tuple[Nest, Nest] | None:
    """(nest that copies, one nest instead of the two) where that is worth it."""
    memory, cell = room.memory, second.cells[0] if len(second.cells) == 1 else None
    if cell is None or cell.gathers or cell.op not in ("", "+", "-") or not isinstance(cell.target, ir.Index):
        return None
    name = activity.root(cell.target)
    if first.after or second.before or not memory.is_alone(name) or memory.fusable(first, second):
        return None
    if memory.group(name) not in memory.of_cells(first).reads or not _is_about_as_large(name, second, room):
        return None
    if len(_shared(first, cell, room, elsewhere)) < LEAST:
        return None
    return _over_a_copy(first, second, name, room)


def _shared(first: Nest, cell: Cell, room: Room, elsewhere: set[str]) -> list[str]:
    """Arrays that hand elements from the first nest to a cell of the second one at the same index, and do no more."""
    memory, cells = room.memory, (*first.cells, cell)
    users = {n: [c for c in cells if n in memory.of_cell(c).uses] for n in allocated(first) if n not in elsewhere}
    return [n for n, own in users.items() if cell in own and is_one_element(n, own, memory, len(first.dims))]


def _is_about_as_large(name: str, nest: Nest, room: Room) -> bool:
    """Whether a nest goes over all but a few elements of an array."""
    kind = room.extents.of(ir.Name(name))
    if not isinstance(kind, Num) or kind.dtype is None or kind.dims is None or len(kind.dims) != len(nest.dims):
        return False
    rests = [None if d is None else room.extents.canonical(d) - n for d, n in zip(kind.dims, nest.dims)]
    return all(r is not None and r.is_const and 0 <= r.const <= MOST_AROUND for r in rests)


def _over_a_copy(first: Nest, second: Nest, name: str, room: Room) -> tuple[Nest, Nest] | None:
    kind = room.extents.of(ir.Name(name))
    elements = room.elements()
    try:
        view = elements.view(ir.Name(name))
    except Stay:
        return None
    copy = room.fresh(f"{name}_before", kind.dtype, view.dims)
    (cell,) = second.cells
    value = cell.value if not cell.op else ir.Binary(cell.op, cell.target, cell.value)
    cells = tuple(_reading(c, name, copy) for c in (*first.cells, replace(cell, op="", value=value)))
    early, late = replace(first, cells=cells[:-1]), replace(second, cells=cells[-1:])
    if not room.memory.fusable(early, late):
        return None
    filling = replace(room.filling(copy, view, elements, str(kind.dtype)), note=first.note)
    return filling, room.memory.joined(early, late)


def _reading(cell: Cell, name: str, copy: ir.Name) -> Cell:
    """The cell with the elements that it reads taken from the copy."""

    def change(node: Any) -> Any:
        if isinstance(node, ir.Index) and node.base == ir.Name(name):
            return replace(node, base=copy, items=tuple(map(change, node.items)))
        return ir.rebuild(node, change)

    return replace(cell, value=change(cell.value), first=change(cell.first))
