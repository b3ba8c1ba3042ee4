"""What `carried` makes of two loops: one, numbers that its iterations hand on, and what is left behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from srcad import ir, types
from srcad.dims import Dim, symbol
from srcad.naming import Names
from srcad.shapes import not_negative
from srcad.transforms import activity, unread
from srcad.transforms.loops_text import plain

ZERO = ir.Const(0.0)


@dataclass(frozen=True)
class Making:
    """The first loop, and what stands before it; places: arrays of which an iteration sets one element, and its index
    less the counter."""

    begun: tuple[ir.Stmt, ...]
    loop: ir.For
    counter: str
    begin: Dim
    end: Dim
    places: Mapping[str, int]


@dataclass(frozen=True)
class Gathering:
    """The second loop: ``place op= value``, whose index is that of the first loop's counter plus `offset`.

    counter: its own, of one axis of the place. left: how many iterations are left behind the first loop. back: the
    elements that are gathered, and how many iterations before the one that it follows they were set.
    """

    place: ir.Index
    counter: str
    op: str
    value: ir.Expr
    offset: int
    left: int
    back: Mapping[ir.Index, int]

    @property
    def array(self) -> str:
        return activity.root(self.place)

    @property
    def sources(self) -> list[str]:
        return sorted({activity.root(n) for n in self.back})

    def at(self, counter: Dim) -> ir.Index:
        """The place that the iteration behind this one of the first loop adds to."""
        own = plain(counter + self.offset)
        return replace(self.place, items=tuple(own if self.counter in ir.names(i) else i for i in self.place.items))

    def update(self, place: ir.Index, value: ir.Expr, own: ir.Expr | None) -> ir.Stmt:
        """own: what the element holds, where that is not stored."""
        if own is not None:
            return ir.Store(place, own if value == ZERO else ir.Binary(self.op, own, value))
        if self.op and isinstance(value, ir.Unary) and value.op == "-":
            return ir.Augment(place, "-" if self.op == "+" else "+", value.operand)
        return ir.Augment(place, self.op, value) if self.op else ir.Store(place, value)


class Joined:
    """One loop in place of two, and what is left behind it.

    kept: for each array, the names of the element that an iteration sets and of those of iterations before. own: the
    statement that sets the element which the second loop comes to in the next iteration: it is stored then, as a sum.
    """

    def __init__(self, making: Making, gathering: Gathering, names: Names) -> None:
        self.making, self.gathering = making, gathering
        furthest = {s: max(k for n, k in gathering.back.items() if activity.root(n) == s) for s in gathering.sources}
        self.kept = {s: [s, *(names.numbered(f"{s}_before") for _ in range(k))] for s, k in furthest.items()}
        self.names = [name for chain in self.kept.values() for name in chain]
        self.own = self.stored()
        if self.own is not None:
            last = ir.flat(making.loop.body)[-1] is self.own and isinstance(self.own.value, ir.Name)
            self.here = self.own.value if last else ir.Name(names.fresh(f"{gathering.array}_{making.counter}"))
            self.before = ir.Name(names.fresh(f"{gathering.array}_before"))
            self.names += [*ir.names((self.here, self.before))]

    def stored(self) -> ir.Store | None:
        making, array = self.making, self.gathering.array
        stores = [s for s in ir.flat(making.loop.body) if isinstance(s, ir.Store) and activity.root(s.target) == array]
        early = [s for s in stores if offset_of(s.target, making.counter) != self.gathering.offset]
        return early[0] if early else None

    def first(self, note: str) -> ir.Block:
        """The loop, and what is kept before its first iteration. note: the comment on the sums."""
        begun: list[ir.Stmt] = [ir.Assign(ir.Name(n), ZERO) for chain in self.kept.values() for n in chain[1:]]
        if self.own is not None:
            exists, first = self.exists(self.gathering.left - 1), self.gathering.at(self.making.begin)
            begun.append(ir.Assign(self.before, first if exists is None else ir.IfExp(exists, first, ZERO)))
        return ir.Block("", (*self.making.begun, *begun, self.loop(note)))

    def loop(self, note: str) -> ir.For:
        making, gathering = self.making, self.gathering
        here = gathering.at(symbol(making.counter))
        value = put(gathering.value, {n: ir.Name(self.kept[activity.root(n)][k]) for n, k in gathering.back.items()})
        update = gathering.update(here, value, None if self.own is None else self.before)
        handed = [] if self.own is None else [ir.Assign(self.before, self.here)]
        for chain in self.kept.values():
            handed += [ir.Assign(ir.Name(b), ir.Name(a)) for a, b in reversed([*zip(chain, chain[1:])])]
        noted = ir.Block(note, (update,)) if note else update
        return replace(making.loop, body=(*self.numbers(making.loop.body), noted, *handed))

    def numbers(self, body: tuple[ir.Stmt, ...]) -> tuple[ir.Stmt, ...]:
        """The first loop's statements with numbers in place of the elements that they set."""

        def change(node: Any) -> Any:
            root = activity.root(node) if isinstance(node, ir.Index) else ""
            if root in self.kept:
                return ir.Name(root)
            if not isinstance(node, ir.Store):
                return node
            own = self.own is not None and node.target == self.own.target
            target = self.here if own else node.target
            return ir.Assign(target, node.value, loc=node.loc) if isinstance(target, ir.Name) else node

        named = self.own is not None and self.here == self.own.value
        body = unread.without(body, {id(self.own)}) if named else body
        changed: tuple[ir.Stmt, ...] = ir.transform(body, change)
        return changed

    def rest(self) -> ir.Block:
        """What is left for the last elements: the zeros behind the last iteration are gone from their sums."""
        gathering, end, found = self.gathering, self.making.end, []
        for k in range(gathering.left):
            value = _without_zeros(put(gathering.value, {n: self.last(n, k) for n in gathering.back}))
            own = self.before if self.own is not None and k == 0 else None
            if value == ZERO and own is None and gathering.op:
                continue
            update, exists = gathering.update(gathering.at(end + k), value, own), self.exists(k)
            found.append(update if exists is None else ir.If(exists, (update,)))
        return ir.Block("", tuple(found))

    def last(self, element: ir.Index, k: int) -> ir.Expr:
        """An element that the k-th iteration behind the last one gathers."""
        back = self.gathering.back[element] - k
        return ir.Name(self.kept[activity.root(element)][back]) if back > 0 else ZERO

    def exists(self, k: int) -> ir.Expr | None:
        """A test whether there is a k-th iteration behind the last one; None where there always is."""
        dim = self.making.end + k - self.making.begin
        if not_negative(dim):
            return None
        return ir.Compare((">",), (plain(dim - dim.const), ir.Const(-1 - dim.const)))


def put(value: ir.Expr, instead: Mapping[ir.Index, ir.Expr]) -> ir.Expr:
    changed: ir.Expr = ir.transform(value, lambda n: instead.get(n, n) if isinstance(n, ir.Index) else n)
    return changed


def _without_zeros(expr: ir.Expr) -> ir.Expr:
    """A sum without the terms that are zero, whatever they are multiplied by: these elements are not there."""
    if isinstance(expr, ir.Unary) and expr.op == "-":
        inner = _without_zeros(expr.operand)
        return ZERO if inner == ZERO else ir.Unary("-", inner)
    if not isinstance(expr, ir.Binary):
        return expr
    left, right = _without_zeros(expr.left), _without_zeros(expr.right)
    if expr.op == "*" and ZERO in (left, right) or expr.op == "/" and left == ZERO:
        return ZERO
    if expr.op not in ("+", "-"):
        return expr
    if right == ZERO:
        return left
    if left == ZERO:
        return right if expr.op == "+" else ir.Unary("-", right)
    return ir.Binary(expr.op, left, right)


def elements_of(name: str, nodes: Any) -> list[ir.Index] | None:
    """All mentions of an array, if each has an index."""
    found = [n for n in ir.walk(tuple(nodes)) if isinstance(n, ir.Index) and n.base == ir.Name(name)]
    return found if found and len(found) == count_of(name, nodes) else None


def count_of(name: str, nodes: Any) -> int:
    return sum(n == ir.Name(name) for n in ir.walk(tuple(nodes)))


def offset_of(place: ir.Index, counter: str) -> int | None:
    """k of ``x[counter + k]``, or of ``x[j, counter + k]``."""
    own = [item for item in place.items if counter in ir.names(item)]
    dim = types.number(own[0]) if len(own) == 1 else None
    return dim.const if dim is not None and dim.terms == ((counter, 1),) else None


def beside(place: ir.Index, counter: str) -> tuple[ir.Expr | None, ...]:
    """The other indices of an element, where they are numbers."""
    return tuple(None if counter in ir.names(item) else item for item in place.items)
