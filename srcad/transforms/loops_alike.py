"""Arrays that hold the same elements become one.

The adjoint of a sum hands one seed to each of its terms, and each term makes an array of it: ``g = 0.5 * u_bar`` and
``g2 = 0.5 * u_bar``. One of them will do where both are written once and nothing in between changes what they are made
of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from srcad import ir, routines
from srcad.transforms import activity
from srcad.transforms.loops_memory import Memory
from srcad.transforms.loops_nests import Item, Nest, Plain, allocated, allocates


@dataclass(frozen=True)
class Made:
    """A nest that allocates `name` and fills it, and does nothing else."""

    at: int
    name: str
    nest: Nest


def merged(items: Sequence[Item], memory: Memory, elsewhere: set[str]) -> list[Item]:
    """The items of a block without arrays that are like earlier ones. elsewhere: variables mentioned outside of it."""
    result = list(items)
    written = _written(items)
    made = [m for k, item in enumerate(items) if (m := _made(k, item)) and written.count(m.name) == 1]
    made = [m for m in made if memory.is_alone(m.name) and m.name not in elsewhere]
    for n, second in enumerate(made):
        first = next((f for f in made[:n] if _same(f, second, items, memory)), None)
        if first is None:
            continue
        result[second.at] = replace(second.nest, cells=(), before=(), note="")
        result = [_renamed(item, second.name, first.name) for item in result]
        made = [replace(m, nest=_renamed(m.nest, second.name, first.name)) for m in made]
    return [item for item in result if not isinstance(item, Nest) or item.cells or item.before or item.after]


def _written(items: Sequence[Item]) -> list[str]:
    """Variables that are set, and arrays that elements are written into, once for each place where they are.

    The nest that makes an array counts once: for the elements, not for the allocation.
    """
    found = []
    for item in items:
        made = allocated(item) if isinstance(item, Nest) else []
        nodes: tuple[Any, ...] = (item.stmt,) if isinstance(item, Plain) else (*item.before, *item.after)
        for node in ir.walk(nodes):
            if isinstance(node, (ir.Store, ir.Augment, ir.Pop)) and node.target is not None:
                found.append(activity.root(node.target))
            elif isinstance(node, (ir.Assign, ir.For)):
                names = sorted(ir.names(node.target))
                found += [n for n in names if n not in made or not allocates(node, n)]
            if isinstance(node, (ir.Do, ir.With)) or routines.called(node) is not None:
                found += sorted(ir.names(node)) * 2
        found += [activity.root(c.target) for c in item.cells] if isinstance(item, Nest) else []
    return found


def _made(at: int, item: Item) -> Made | None:
    if not isinstance(item, Nest) or len(item.cells) != 1 or len(item.before) != 1 or item.after:
        return None
    cell, names = item.cells[0], allocated(item)
    whole = isinstance(cell.target, ir.Index) and not cell.op and not cell.gathers and bool(names)
    return Made(at, names[0], item) if whole and activity.root(cell.target) == names[0] else None


def _same(first: Made, second: Made, items: Sequence[Item], memory: Memory) -> bool:
    """Whether the second array would hold the same if it were made where the first one is."""
    one, two = first.nest, second.nest
    if one.dims != two.dims or one.cells[0].value != two.cells[0].value:
        return False
    if _renamed(two, second.name, first.name).cells[0].target != one.cells[0].target or second.name == first.name:
        return False
    if one.before != _renamed(two, second.name, first.name).before:
        return False
    reads = memory.of_cells(two)
    return all(memory.of(items[k]).commutes(reads) for k in range(first.at + 1, second.at))


def _renamed(item: Any, old: str, new: str) -> Any:
    def change(node: Any) -> Any:
        return ir.substitute(node, {old: ir.Name(new)})

    if isinstance(item, Plain):
        return replace(item, stmt=change(item.stmt)) if old in ir.names(item.stmt) else item
    cells = tuple(replace(c, target=change(c.target), value=change(c.value), first=change(c.first)) for c in item.cells)
    return replace(item, cells=cells, before=change(item.before), after=change(item.after), stops=change(item.stops))
