"""firsts: what is added first to an element that is zero is what it is set to, for Numba.

    w_bar = np.zeros(n)                            w_bar = np.empty(n)
    for i in range(n):                             for i in range(n):
        w_bar[i] += s_bar * x[i]                       w_bar[i] = s_bar * x[i]

Adjoints begin as zeros. Where the iterations of a loop, which is the first to know such an array, add to elements of
their own, each element need not be read; and if all elements are set, the zeros need not be written. Where an iteration
sets a stretch of its row, it sets the rest of it to zero: L_bar of a triangular solver is written once. -0.0 stays so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from srcad import algebra, bounds, ir, types
from srcad.dims import Dim
from srcad.program import Program
from srcad.transforms.iterations import ZEROS, Leaf, Walker, made_of_zeros
from srcad.transforms.loops_text import plain
from srcad.transforms.parallel_facts import bound_in
from srcad.transforms.parallel_rooms import extents
from srcad.types import Num

EMPTY = ir.Ref("numpy.empty")


def firsts(program: Program) -> Program:
    """The program with elements of adjoints set where they begin."""
    made = any(isinstance(n, ir.Call) and n.fn == ZEROS for n in ir.walk(program.body))
    return _Setting(program).run() if made else program


@dataclass(frozen=True)
class Sum:
    """``place += value`` or ``place -= value``, and what is around it. sure: whether each iteration comes to it."""

    stmt: ir.Augment
    loops: tuple[ir.For, ...]
    sure: bool

    @property
    def place(self) -> ir.Index:
        assert isinstance(self.stmt.target, ir.Index)
        return self.stmt.target

    @property
    def counters(self) -> tuple[str, ...]:
        return tuple(loop.target.id for loop in self.loops if isinstance(loop.target, ir.Name))


class _Setting(Walker):
    def leaves(self, leaves: list[Leaf | None], after: Sequence[set[str]]) -> None:
        for at, leaf in enumerate(leaves):
            name = "" if leaf is None else self.zeros(leaf.stmt)
            behind = (k for k, s in enumerate(leaves) if k > at and s is not None and name in ir.names(s.stmt))
            k = next(behind, at) if name else at
            first = leaves[k]
            begins = self.begins(first, name) if k > at else []
            if leaf is None or first is None or not begins:
                continue
            new = _set(first.stmt, {id(own.stmt) for own in begins})
            rest = () if any(self.is_whole(own, leaf.stmt) for own in begins) else self.rest(begins, leaf.stmt)
            if rest is not None:
                leaves[at] = replace(leaf, stmt=ir.transform(leaf.stmt, lambda n: EMPTY if n == ZEROS else n))
                new = replace(new, body=(*rest, *new.body)) if isinstance(new, ir.For) else new
            leaves[k] = replace(first, stmt=new)

    def zeros(self, stmt: ir.Stmt) -> str:
        """The adjoint that a statement makes of zeros; "" for others."""
        name = made_of_zeros(stmt)
        kind = self.types.get(name)
        floating = isinstance(kind, Num) and kind.dtype in ("float32", "float64", "complex64", "complex128")
        return name if floating and name in self.memory.loose else ""

    # ---- elements of their own ----

    def begins(self, leaf: Leaf | None, name: str) -> list[Sum]:
        """The first sums into the elements of an array that a loop's iterations have for themselves; none where they
        have not, or where the array is not only added to."""
        if leaf is None or not isinstance(leaf.stmt, ir.For):
            return []
        sums = [*_sums(leaf.stmt, name)]
        groups: dict[tuple[Any, ...], list[Sum]] = {}
        for own in sums:
            groups.setdefault((own.place, *map(id, own.loops)), []).append(own)
        mentions = sum(n == ir.Name(name) for n in ir.walk(leaf.stmt))
        known = mentions == len(sums) and all(own[0].sure or len(own) == 1 for own in groups.values())
        if not known or not all(map(self.is_injective, sums)):
            return []
        begins = [own[0] for own in groups.values()]
        return begins if all(self.are_apart(a, b) for k, a in enumerate(begins) for b in begins[:k]) else []

    def is_injective(self, own: Sum) -> bool:
        """Whether two iterations of the loops around add to two elements: each counter is an index of an axis of its
        own, plus or minus what does not change."""
        kind = types.infer(own.place, self.types, [])
        steady = (
            bool(own.counters) and len({*own.counters}) == len(own.loops) and isinstance(kind, Num) and kind.dims == ()
        )
        changing = {
            name
            for loop in own.loops
            for name in bound_in(loop.body) & (ir.names(own.place.items) | ir.names(loop.target))
        }
        if not steady or changing - {*own.counters[1:]} or not self.is_inside(own.place, self.ranges(own.loops)):
            return False
        terms = [dict(dim.terms) for item in own.place.items if (dim := types.number(item)) is not None]
        alone = {c for c in own.counters for t in terms if t.get(c) in (1, -1) and t.keys() & {*own.counters} == {c}}
        return alone == {*own.counters}

    def are_apart(self, one: Sum, two: Sum) -> bool:
        """Whether two sums never meet: where the counters that they share are the same, another index differs."""
        common = [a for a, b in zip(one.loops, two.loops) if a is b]
        counters = {name for loop in common for name in ir.names(loop.target)}
        pairs = [(types.number(a), types.number(b)) for a, b in zip(one.place.items, two.place.items, strict=True)]
        shared = {c for c in counters for a, b in pairs if a is not None and a == b and a.terms == ((c, 1),)}
        if shared != counters:
            return False
        for a, b in pairs:
            low, high = self.ends(a, one, counters), self.ends(b, two, counters)
            if low and high and any(self.is_positive(x - y, common) for x, y in ((low[0], high[1]), (high[0], low[1]))):
                return True
        return False

    def ends(self, number: Dim | None, own: Sum, fixed: set[str]) -> tuple[Dim, Dim] | None:
        """The least and the greatest value of an index, in terms of the counters that are fixed."""
        inner = {name: ends for name, ends in self.ranges(own.loops).items() if name not in fixed}
        if number is None or len(inner) < len(own.loops) - len(fixed):
            return None
        return bounds.extreme(number, inner, 0), bounds.extreme(number, inner, 1)

    def is_positive(self, dim: Dim, loops: Sequence[ir.For]) -> bool:
        return self.prover.not_negative(bounds.extreme(dim - 1, self.ranges(loops), 0))

    def ranges(self, loops: Sequence[ir.For]) -> dict[str, tuple[Dim, Dim]]:
        """First and last values of the counters, where they are known; of bounds that stay as they are."""
        found: dict[str, tuple[Dim, Dim]] = {}
        for loop in loops:
            ends = self.prover.range_of(loop)
            if ends is not None and not ir.names(loop.iter) & self.rebound - found.keys():
                found |= dict.fromkeys(ir.names(loop.target), ends)
        return found

    def is_whole(self, own: Sum, made: ir.Stmt) -> bool:
        """Whether a sum comes to every element of the array that is made there."""
        shape = _extents(made)
        indices = [item.id for item in own.place.items if isinstance(item, ir.Name)]
        if not own.sure or sorted(indices) != sorted(own.counters) or len(indices) != len(own.place.items):
            return False
        ranges, extents = self.ranges(own.loops), [self.prover.number(extent) for extent in shape]
        known = len(ranges) == len(extents) == len(indices) and all(loop.stop is None for loop in own.loops)
        return known and all(e is not None and ranges[c] == (Dim(0), e - 1) for c, e in zip(indices, extents))

    # ---- rows that begin or end with zeros ----

    def rest(self, begins: Sequence[Sum], made: ir.Stmt) -> tuple[ir.Stmt, ...] | None:
        """What sets the elements of a row that no sum comes to, where each iteration sets the others of its row: the
        elements of a triangle. None for all else."""
        loop, shape = begins[0].loops[0], _extents(made)
        counter, ends = loop.target, self.ranges((loop,))
        own = all(s.sure and s.loops[0] is loop and s.place.items[0] == counter for s in begins)
        rows, columns = (self.prover.number(e) for e in shape) if len(shape) == 2 else (None, None)
        early = any(around.stop is not None for s in begins for around in s.loops)
        if not own or rows is None or columns is None or early or not isinstance(counter, ir.Name):
            return None
        if ends.get(counter.id) != (Dim(0), rows - 1) or any(len(s.loops) > 2 for s in begins):
            return None
        stretch = _one_stretch([self.ends(types.number(s.place.items[1]), s, {counter.id}) for s in begins])
        if stretch is None:
            return None
        before = [(stretch[0], ir.Slice(None, plain(stretch[0])))] if stretch[0] != Dim(0) else []
        behind = [(stretch[1], ir.Slice(plain(stretch[1]), None))] if stretch[1] != columns else []
        worth_it = not (before or behind) or any(len(s.loops) > 1 for s in begins)  # else most of it stays zeros
        if not worth_it or not all(self.is_positive(bound + 1, (loop,)) for bound, _ in (*before, *behind)):
            return None
        array, zero = begins[0].place.base, ir.Const(0.0)
        return tuple(ir.Store(ir.Index(array, (counter, part)), zero) for _, part in (*before, *behind))


def _one_stretch(ends: Sequence[tuple[Dim, Dim] | None]) -> tuple[Dim, Dim] | None:
    """Where stretches begin and end that follow each other; None where they do not."""
    left = [pair for pair in ends if pair is not None]
    firsts = [a for a in left if not any(a[0] == b[1] + 1 for b in left)]
    if len(left) < len(ends) or len(firsts) != 1:
        return None
    begin, at = firsts[0][0], firsts[0][0]
    while left:
        following = [pair for pair in left if pair[0] == at]
        if not following:
            return None
        left.remove(following[0])
        at = following[0][1] + 1
    return begin, at


def _extents(made: ir.Stmt) -> tuple[ir.Expr, ...]:
    assert isinstance(made, ir.Assign) and isinstance(made.value, ir.Call)
    return extents(made.value)


def _sums(stmt: ir.Stmt, name: str, loops: tuple[ir.For, ...] = (), sure: bool = True) -> Iterator[Sum]:
    """The sums into elements of an array, in loops over ranges."""
    if isinstance(stmt, ir.Augment) and isinstance(stmt.target, ir.Index) and stmt.target.base == ir.Name(name):
        if stmt.op in ("+", "-"):
            yield Sum(stmt, loops, sure)
    elif isinstance(stmt, ir.For) and isinstance(stmt.target, ir.Name) and not stmt.orelse:
        for inner in stmt.body:
            yield from _sums(inner, name, (*loops, stmt), sure)
    elif isinstance(stmt, (ir.Block, ir.If)):
        for inner in (*stmt.body, *(stmt.orelse if isinstance(stmt, ir.If) else ())):
            yield from _sums(inner, name, loops, sure and isinstance(stmt, ir.Block))


def _set(stmt: ir.Stmt, begins: set[int]) -> ir.Stmt:
    def change(node: Any) -> Any:
        if id(node) not in begins:
            return node
        return ir.Store(node.target, node.value if node.op == "+" else algebra.negate(node.value), loc=node.loc)

    changed: ir.Stmt = ir.transform(stmt, change)
    return changed
