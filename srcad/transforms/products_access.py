"""Whether two accesses to elements meet, and which element holds what: questions about all iterations of loops."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from srcad import ir
from srcad.dims import Dim, is_extent, symbol
from srcad.polyhedra import is_empty
from srcad.transforms.products_loops import Access, Leaf, Loop, Nest, augmented, mentions


def conflict(first: Access, second: Access, group: Callable[[str], str], shared: int = 0) -> bool:
    """Whether the first access may come before the second one to the same element, and the two may not be exchanged.

    shared: in one iteration of so many of the loops around both.
    """
    if group(first.array) != group(second.array) or first.kind == second.kind == "read":
        return False
    if first.array != second.array:
        return True
    if first.kind == second.kind == "add":
        return False
    moved = {loop.counter: symbol(f"{loop.counter}'") for loop in second.where.path}
    zero = [
        a - put(b, moved) for a, b in zip(first.items, second.items, strict=True) if a is not None and b is not None
    ]
    bounds = [*bounds_of(first.where.path), *bounds_of(second.where.path, moved)]
    bounds += [symbol(text) for row in (*bounds, *zero) for text in row.symbols if is_extent(text)]
    return any(
        not is_empty([*bounds, *rows], [*zero, *same]) for rows, same in [*_earlier(first, second, moved)][shared:]
    )


def bounds_of(path: Sequence[Loop], moved: Mapping[str, Dim] = MappingProxyType({})) -> Iterator[Dim]:
    """What is at least zero in the loops of a path. moved: other names of counters."""
    for loop in path:
        counter = symbol(loop.counter)
        yield from (put(counter - loop.low, moved), put(loop.high - 1 - counter, moved))


def _earlier(first: Access, second: Access, moved: Mapping[str, Dim]) -> Iterator[tuple[list[Dim], list[Dim]]]:
    """(forms that are at least zero, forms that are zero) in iterations of the first before those of the second."""
    same: list[Dim] = []
    for one, other in zip(first.where.path, second.where.path):
        if one is not other:
            break
        ahead = (moved[one.counter] - symbol(one.counter)) * one.step
        yield [ahead - 1], list(same)
        same.append(ahead)
    if first.where.at < second.where.at:
        yield [], same


def put(row: Dim, moved: Mapping[str, Dim]) -> Dim:
    """A linear form with other forms for some of its symbols."""
    total = Dim(row.const)
    for text, coef in row.terms:
        total += moved.get(text, symbol(text)) * coef
    return total


# ---- vectors that hold one row after the other ----


def definition(nest: Nest, read: Access) -> Leaf | None:
    """The statement of the nest that has given a vector's element its value, in the same iteration of the outer loop.

    It must be ``v[j] = value``, or ``v[j] += value`` of an element that is zero in the beginning of every iteration.
    """
    writes = [leaf for leaf in nest.leaves if any(a.array == read.array and a.kind != "read" for a in leaf.accesses)]
    first = writes[0] if writes else None
    if first is None or len(first.where.path) != 2 or first.where.at >= read.where.at or read.items[:1] == (None,):
        return None
    own = next(a for a in first.accesses if a.array == read.array and a.kind != "read")
    inner = first.where.path[1]
    if own.items != (symbol(inner.counter),) or len(read.where.path) < 2 or inner in read.where.path:
        return None
    if own.kind != "write" and not (own.kind == "add" and _starts_with_zeros(nest, read.array, writes, inner)):
        return None
    others = [a for leaf in writes[1:] for a in leaf.accesses if a.array == read.array and a.kind != "read"]
    if nest.memory.is_alone(read.array) and _is_inside(nest, read, inner):
        return None if any(conflict(a, read, nest.memory.group, 1) for a in others) else first
    return None


def _is_inside(nest: Nest, read: Access, inner: Loop) -> bool:
    """Whether an index lies within the values of a counter."""
    (item,), bounds = read.items, [nest.same(row) for row in bounds_of(read.where.path)]
    assert item is not None
    low, high = nest.same(item - inner.low), nest.same(item - inner.high)
    return is_empty([*bounds, -low - 1]) and is_empty([*bounds, high])


def _starts_with_zeros(nest: Nest, array: str, writes: Sequence[Leaf], inner: Loop) -> bool:
    """Whether a vector is made of zeros, and of zeros again at the end of each iteration."""
    last = augmented(writes[-1].stmt)
    if len(writes) != 2 or not isinstance(last, ir.Store) or last.value not in (ir.ZERO, ir.Const(0)):
        return False
    path = writes[-1].where.path
    place = nest.access(last.target, writes[-1].where, "write")
    if len(path) != 2 or place.items != (symbol(path[1].counter),):
        return False
    if nest.same(path[1].low) != nest.same(inner.low) or nest.same(path[1].high) != nest.same(inner.high):
        return False
    made = [n for n in ir.walk(nest.program.body) if isinstance(n, ir.Assign) and array in ir.names(n.target)]
    zeros = len(made) == 1 and isinstance(made[0].value, ir.Call) and made[0].value.fn == ir.Ref("numpy.zeros")
    everywhere = mentions((*nest.program.body, *nest.program.results))[array]
    return zeros and everywhere == mentions((nest.root,))[array] + 1
