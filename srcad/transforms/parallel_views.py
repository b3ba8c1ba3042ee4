"""A stretch of an innermost loop counts from zero, over views of the arrays that begin where it does.

Numba counts negative indices from the other end, which LLVM cannot vectorise; of a counter that begins at 0 it knows
that it is not negative, of one that begins anywhere it does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from srcad import bounds, ir, types
from srcad.dims import Dim, symbol
from srcad.shapes import not_negative
from srcad.transforms.loops_text import plain
from srcad.types import Abstract, Num

Key = tuple[str, tuple[ir.Expr, ...]]  # an array and all its indices but the last


@dataclass(frozen=True)
class Stretch:
    """Iterations `first` to ``last - 1`` of a loop that runs upwards. low: the least value of its counter; ranges:
    those of the counters around; bound: what the body sets."""

    loop: ir.For
    first: ir.Name
    last: ir.Name
    low: ir.Expr
    bound: Set[str]
    ranges: bounds.Ranges
    types: Mapping[str, Abstract]

    @property
    def counter(self) -> str:
        return self.loop.target.id  # type: ignore[union-attr]


def from_zero(stretch: Stretch, fresh: Callable[[str, Num], ir.Name]) -> tuple[ir.Stmt, ...]:
    """The loop with the views it needs before it; as it is where another loop is within, or nothing gains by it.

    fresh: a new variable of this name and type.
    """
    loop = stretch.loop
    if any(isinstance(n, (ir.For, ir.While)) for n in ir.walk(loop.body)):
        return (loop,)
    lowest = _lowest(stretch)
    if not lowest:
        return (loop,)
    mentions = Counter(n.id for n in ir.walk(loop.body) if isinstance(n, ir.Name))
    accesses = Counter(key for _, key, _ in _accesses(stretch))
    views: dict[Key, str] = {}
    before: list[ir.Stmt] = []
    for (array, others), rest in lowest.items():
        alone = not others and accesses[array, others] == mentions[array]
        kind = stretch.types[array]
        assert isinstance(kind, Num)
        view = views[array, others] = array if alone else fresh(array, replace(kind, dims=(None,))).id
        start = plain(symbol(stretch.first.id) + rest)
        before.append(ir.Assign(ir.Name(view), ir.Index(ir.Name(array), (*others, ir.Slice(start, None)))))
    counted = (*before, _counted(stretch, views, lowest))
    if not any(others for _, others in views):
        return counted
    return (ir.If(ir.Compare((">",), (stretch.last, stretch.first)), counted),)  # else there may be no such row


def _counted(stretch: Stretch, views: Mapping[Key, str], lowest: Mapping[Key, Dim]) -> ir.For:
    places = {index: (key, rest) for index, key, rest in _accesses(stretch) if key in views}
    counter = symbol(stretch.counter)

    def visit(node: Any) -> Any:
        if isinstance(node, ir.Index) and node in places:
            key, rest = places[node]
            return ir.Index(ir.Name(views[key]), (plain(counter + (rest - lowest[key])),), loc=node.loc)
        if node == ir.Name(stretch.counter):
            return ir.Binary("+", stretch.first, node)
        return ir.rebuild(node, visit)

    over = ir.call("builtins.range", ir.Const(0), ir.Binary("-", stretch.last, stretch.first), ir.Const(1))
    return replace(stretch.loop, iter=over, body=tuple(map(visit, stretch.loop.body)))


def _lowest(stretch: Stretch) -> dict[Key, Dim]:
    """For arrays that are accessed along their last axis: where the views begin, behind the counter."""
    found: dict[Key, list[Dim]] = {}
    for _, key, rest in _accesses(stretch):
        found.setdefault(key, []).append(rest)
    lowest: dict[Key, Dim] = {}
    low = types.number(stretch.low)
    for key, rests in found.items():
        least = min(rests, key=lambda rest: (rest - rests[0]).const)
        if all((rest - rests[0]).is_const for rest in rests) and low is not None:
            if not_negative(bounds.extreme(low + least, stretch.ranges, 0)):
                lowest[key] = least
    return lowest


def _accesses(stretch: Stretch) -> Iterator[tuple[ir.Index, Key, Dim]]:
    """(place, key, rest) for places in arrays from outside, at the counter plus `rest` along the last axis."""
    inside = {*stretch.bound, stretch.counter}
    for node in ir.walk(stretch.loop.body):
        if not isinstance(node, ir.Index) or not isinstance(node.base, ir.Name) or node.base.id in inside:
            continue
        kind = stretch.types.get(node.base.id)
        if not isinstance(kind, Num) or not kind.dims or len(kind.dims) != len(node.items) or not _plain(node.items):
            continue
        last = types.number(node.items[-1])
        if last is None or dict(last.terms).get(stretch.counter) != 1 or ir.names(node.items[:-1]) & inside:
            continue
        if not ir.names(node.items[-1]) & set(stretch.bound):
            yield node, (node.base.id, node.items[:-1]), last - symbol(stretch.counter)


def _plain(items: Sequence[ir.Expr]) -> bool:
    return not any(isinstance(item, ir.Slice) or item in (ir.ELLIPSIS, ir.NONE) for item in items)
