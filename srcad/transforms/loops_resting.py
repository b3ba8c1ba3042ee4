"""An adjoint that every iteration finds zero, and leaves zero, is the iteration's own.

    x_bar = np.zeros(n)                            for _ in range(steps):
    for _ in range(steps):                             own = np.empty(n - 2)
        for i in range(n):                             for i in range(n - 2):
            x_bar[i] += g[i] + g[i + 2]                    own[i] = g[i + 1] + g[i + 3]
        for i in range(1, n - 1):                          h[i] = 0.5 * own[i]
            h[i - 1] = 0.5 * x_bar[i]
            x_bar[i] = 0.0

Elements that are set to zero last are zero whenever the next iteration begins, and those around them are added to and
never read. What is left is assigned, not added; where one pass makes and uses it, it becomes a number.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from srcad import algebra, ir, types
from srcad.transforms import activity
from srcad.transforms.loops_gather import moved
from srcad.transforms.loops_memory import Memory
from srcad.transforms.loops_nests import Cell, Item, Nest
from srcad.transforms.loops_room import Room

Offsets = tuple[int, ...]


@dataclass(frozen=True)
class Rest:
    """``array[axis + low]`` is set to zero by cell number `at` of `nest`, item number `last`, and not touched behind;
    item number `first` is the first that touches the array in an iteration."""

    array: str
    first: int
    last: int
    nest: Nest
    at: int

    @property
    def place(self) -> ir.Index:
        target = self.nest.cells[self.at].target
        assert isinstance(target, ir.Index)
        return target


def zeros_made(body: Sequence[ir.Stmt], memory: Memory) -> frozenset[str]:
    """Arrays that are made of zeros, in one place, and share their memory with no other variable."""
    made = [n.target.id for n in ir.walk(tuple(body)) if _makes_zeros(n)]
    return frozenset(name for name in made if made.count(name) == 1 and memory.is_alone(name))


def _makes_zeros(node: Any) -> bool:
    made = isinstance(node, ir.Assign) and isinstance(node.target, ir.Name) and isinstance(node.value, ir.Call)
    return made and node.value.fn in (ir.Ref("numpy.zeros"), ir.Ref("numpy.zeros_like"))


def own(items: Sequence[Item], room: Room, names: Set[str], changing: Set[str]) -> tuple[list[Item], set[str]]:
    """The items of a loop's body over arrays of its own, and the arrays that nobody needs then.

    names: of arrays that hold zeros before the loop and are mentioned nowhere else. changing: variables that may not
    have the same value in all iterations.
    """
    result, gone = list(items), set[str]()
    for name in sorted(names):
        rest = _rest(result, name, room.memory, changing)
        if rest is not None:
            result = _over_own(result, rest, room)
            gone.add(name)
    return result, gone


# ---- which arrays ----


def _rest(items: Sequence[Item], name: str, memory: Memory, changing: Set[str]) -> Rest | None:
    using = [k for k, item in enumerate(items) if _mentions(item, name, memory)]
    if len(using) < 2:
        return None
    last = items[using[-1]]
    if not isinstance(last, Nest) or ir.names(last.stops) & changing:
        return None
    at = max((k for k, c in enumerate(last.cells) if name in memory.of_cell(c).uses), default=-1)
    cell = last.cells[at] if at >= 0 else None
    if cell is None or cell.op or cell.gathers or not algebra.is_number(cell.value, 0.0):
        return None
    if not isinstance(cell.target, ir.Index) or _offsets(cell.target, last, memory) is None:
        return None
    rest = Rest(name, using[0], using[-1], last, at)
    fits = _covers(items[rest.first], rest, memory)
    return rest if fits and all(_stays(items[k], rest, memory) for k in using[1:]) else None


def _mentions(item: Item, name: str, memory: Memory) -> bool:
    effects = memory.of(item)
    return name in effects.uses | effects.touched


def _offsets(place: ir.Expr, nest: Nest, memory: Memory) -> Offsets | None:
    """c, d of ``array[axis_0 + c, axis_1 + d]``; None for another kind of place."""
    if not isinstance(place, ir.Index) or len(place.items) != len(nest.dims):
        return None
    found = []
    for item, axis in zip(place.items, memory.axes):
        dim = types.number(item)
        if dim is None or dim.terms != ((axis, 1),):
            return None
        found.append(dim.const)
    return tuple(found)


def _covers(item: Item, rest: Rest, memory: Memory) -> bool:
    """Whether an item adds to all the elements that rest, and has nothing else to do with the array."""
    if not isinstance(item, Nest) or len(item.cells) != 1 or len(item.dims) != len(rest.nest.dims) or item.after:
        return False
    (cell,) = item.cells
    if cell.op not in ("+", "-") or cell.gathers or activity.root(cell.target) != rest.array:
        return False
    around = memory.of_all(item.before).uses | ir.names(item.stops) | memory.of_cell(replace(cell, op="")).reads
    return rest.array not in around and _lower(item, rest, memory) is not None


def _lower(item: Nest, rest: Rest, memory: Memory) -> Offsets | None:
    """How far into the loops of `item` the elements that rest begin; None where they are not all inside."""
    begin, zeroed = _offsets(item.cells[0].target, item, memory), _offsets(rest.place, rest.nest, memory)
    if begin is None or zeroed is None:
        return None
    lower = tuple(z - b for z, b in zip(zeroed, begin, strict=True))
    beyond = [longer - own - low for longer, own, low in zip(item.dims, rest.nest.dims, lower, strict=True)]
    inside = all(d.is_const and d.const >= 0 for d in beyond) and min(lower) >= 0
    return lower if inside else None


def _stays(item: Item, rest: Rest, memory: Memory) -> bool:
    """Whether an item accesses the elements that rest, one in each iteration, and no others."""
    if not isinstance(item, Nest) or item.dims != rest.nest.dims:
        return False
    around = memory.of_all(item.before).uses | memory.of_all(item.after).uses | ir.names(item.stops)
    return rest.array not in around and all(rest.array not in _elsewhere(c, rest.place) for c in item.cells)


def _elsewhere(cell: Cell, place: ir.Index) -> set[str]:
    """What a cell mentions, but for the array at this place."""

    def hidden(node: Any) -> Any:
        return ir.ZERO if node == place else ir.rebuild(node, hidden)

    return set().union(*(ir.names(hidden(e)) for e in (cell.target, cell.value, cell.first)))


# ---- without them ----


def _over_own(items: Sequence[Item], rest: Rest, room: Room) -> list[Item]:
    """The items with an array that the first of them makes."""
    kind, dims = room.extents.of(ir.Name(rest.array)), rest.nest.dims
    made = room.fresh(rest.array, kind.dtype, dims)
    place = ir.Index(made, tuple(ir.Name(axis) for axis in room.memory.axes[: len(dims)]))
    result = [_using(item, rest, place) for item in items]
    result[rest.first] = _making(items[rest.first], rest, place, ir.Assign(made, room.empty(dims, kind.dtype)), room)
    left = replace(rest.nest, cells=tuple(c for k, c in enumerate(rest.nest.cells) if k != rest.at))
    result[rest.last] = _using(left, rest, place)
    return [item for item in result if not isinstance(item, Nest) or item.cells or item.before or item.after]


def _making(item: Item, rest: Rest, place: ir.Index, allocation: ir.Stmt, room: Room) -> Nest:
    """The sums into the elements that rest, assigned to those of the new array."""
    assert isinstance(item, Nest)
    lower = _lower(item, rest, room.memory)
    assert lower is not None
    (cell,) = item.cells
    value = moved(cell.value, dict(zip(room.memory.axes, lower)))
    value = ir.Unary("-", value) if cell.op == "-" else value
    own = replace(cell, target=place, value=value, op="")
    return replace(item, dims=rest.nest.dims, stops=rest.nest.stops, cells=(own,), before=(*item.before, allocation))


def _using(item: Item, rest: Rest, place: ir.Index) -> Item:
    if not isinstance(item, Nest):
        return item

    def change(node: Any) -> Any:
        return place if node == rest.place else ir.rebuild(node, change)

    cells = (replace(c, target=change(c.target), value=change(c.value), first=change(c.first)) for c in item.cells)
    return replace(item, cells=tuple(cells))
