"""fusion: loops over one range, one behind the other, become one where no iteration needs another one, for Numba.

    for i in range(n):                                       for i in range(n):
        for k in range(rows[i], rows[i + 1]):                    y = 0.0
            y[i] += values[k] * x[columns[k]]                    for k in range(rows[i], rows[i + 1]):
    for i in range(n):                                               y += values[k] * x[columns[k]]
        total += y[i] * y[i]                                     total += y * y
    for i in range(n):                                           y_bar = 2.0 * y
        y_bar[i] = 2.0 * y[i]                                    for k in range(rows[i], rows[i + 1]):
    for i in range(n - 1, -1, -1):                                   values_bar[k] += y_bar * x[columns[k]]
        for k in range(rows[i + 1] - 1, rows[i] - 1, -1):
            values_bar[k] += y_bar[i] * x[columns[k]]

The reverse sweep of an iteration then runs right behind its forward sweep, and finds in the cache what that has read
(Hascoet, Fidanova and Held, Adjoining Independent Computations, in Automatic Differentiation of Algorithms, Springer,
2002). What one iteration makes and nothing else reads is made anew by each: a row, or a number (`fusion_rows`).

Loops are joined where one of them waits for another, both hold loops, and inner loops of both touch an array in
common; records of single numbers are as fast in loops of their own (docs/decisions/017-sweeps-apart.md), and so is
what computes functions. Of loops in a loop that hold none, those are joined that write into the same elements. All
that a joined loop touches must be free of races (`parallel_races`), so that any order of the iterations does; sums of
adjoints differ in the last digits, all other numbers are the same to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from srcad import ir
from srcad.dims import Dim, dim_expr
from srcad.program import Program
from srcad.transforms import fusion_rows
from srcad.transforms.iterations import Leaf, Walker, falls
from srcad.transforms.liveness import live_before
from srcad.transforms.loops import merged
from srcad.transforms.loops_text import EXTREMES, PLUS, plain
from srcad.transforms.parallel_facts import bound_in
from srcad.transforms.parallel_races import Free

_LIGHT = frozenset({"builtins.range", "builtins.max", "builtins.min", "builtins.abs", PLUS, *EXTREMES.values()})
BEHIND = "the forward sweep of an iteration, and its reverse sweep right behind it"


def fusion(program: Program, parallel: bool = False) -> Program:
    """The program with such loops as one. parallel: its iterations may run side by side, each with rows of its own."""
    if sum(isinstance(n, ir.For) and _is_nested(n) for n in ir.walk(program.body)) < 2:
        return program
    joining = _Joining(program)
    found = joining.run()
    return fusion_rows.narrowed(found, joining.several, parallel) if joining.several else program


@dataclass(frozen=True)
class Member:
    """A loop that is to be one with others. counter: of its own; low, high: that of all, from first to last value."""

    place: int
    loop: ir.For
    counter: str
    ends: tuple[Dim, Dim]


def innermost(program: Program) -> Program:
    """The program with loops in a loop, which write into the same elements and hold no loops, as one."""
    deep = any(sum(isinstance(s, ir.For) for s in ir.flat(n.body)) > 1 for n in ir.walk(program.body) if _is_loop(n))
    if not deep:
        return program
    found = _Joining(program, innermost=True).run()
    return replace(found, body=ir.transform(found.body, _without_note))


class _Joining(Walker):
    """several: what more than one loop mentions of those that have become one. innermost: whether those are joined
    that hold no loops. depth: the number of loops around."""

    def __init__(self, program: Program, innermost: bool = False) -> None:
        super().__init__(program)
        self.several: set[str] = set()
        self.innermost = innermost
        self.depth = 0

    def inside(self, stmt: ir.Stmt, live: set[str]) -> ir.Stmt:
        self.depth += _is_loop(stmt)
        found = super().inside(stmt, live)
        self.depth -= _is_loop(stmt)
        return found

    def leaves(self, leaves: list[Leaf | None], after: Sequence[set[str]]) -> None:
        for k in range(len(leaves)) if self.depth or not self.innermost else ():
            members = self.members(leaves, k, after)
            if members:
                last = members[-1].place
                leaves[last] = self.one(members, [leaves[m.place] for m in members])  # type: ignore[misc]
                for member in members[:-1]:
                    leaves[member.place] = None

    def members(self, leaves: Sequence[Leaf | None], start: int, after: Sequence[set[str]]) -> list[Member]:
        """The loops from `start` on that may be one, at the place of the last of them; none where it is not worth it.

        What stands between them and is none of them comes before all of them then.
        """
        first = self.member(leaves[start], start, after)
        if first is None or _is_nested(first.loop) == self.innermost:
            return []
        found = [first]
        for k in range(start + 1, len(leaves)):
            leaf = leaves[k]
            if leaf is None or all(self.commute(leaf, m) for m in found):
                continue
            new = self.member(leaf, k, after)
            if new is None or new.ends != first.ends or self.innermost and _is_nested(new.loop):
                break
            if not self.may_join([*found, new], after[k]):
                break
            found.append(new)
        while len(found) > 1 and not self.is_worth_it(found):
            found.pop()
        return found if len(found) > 1 else []

    def member(self, leaf: Leaf | None, place: int, after: Sequence[set[str]]) -> Member | None:
        loop = leaf.stmt if leaf is not None else None
        if not isinstance(loop, ir.For) or loop.stop is not None or loop.pragma or loop.every:
            return None
        if _computes(loop.body if self.innermost else _inner(loop)):
            return None
        ends = self.prover.range_of(loop)
        if ends is None or not isinstance(loop.target, ir.Name) or loop.target.id in after[place]:
            return None
        if self.rebound & ir.names(tuple(map(dim_expr, ends))):
            return None
        return Member(place, loop, loop.target.id, ends)

    def commute(self, leaf: Leaf, member: Member) -> bool:
        """Whether a statement may come before a loop, instead of behind it."""
        both = _private(member.loop) & _private(leaf.stmt)
        mine, other = (
            replace(e, binds=e.binds - both, uses=e.uses - both)
            for e in map(self.memory.of_statement, (member.loop, leaf.stmt))
        )
        if _is_check(leaf.stmt):
            other = replace(other, exits=False)  # an error is an error, whatever has been computed before
        return replace(mine, exits=False).commutes(other)

    def may_join(self, members: Sequence[Member], live: set[str]) -> bool:
        """Whether all iterations of the joined loop are free of each other, so that each may do the part of one loop
        behind the part of another."""
        counter = _counter(members)
        if counter is None:
            return False
        found = self.free(_joined(members, counter), live)
        if found is None or not self.in_any_order(found, _out_of_order(members)):
            return False
        return all(self.is_closed(m, members, found) for m in members)

    def is_closed(self, member: Member, members: Sequence[Member], found: Free) -> bool:
        """Whether a loop reads no variable that another one sets: it means what all iterations of that leave."""
        read = live_before(member.loop.body, set()) - {member.counter}
        others = set().union(*(bound_in(m.loop.body) for m in members if m is not member))
        return not read & others - {total.name for total in found.sums}

    def is_worth_it(self, members: Sequence[Member]) -> bool:
        """Whether inner loops of the last loop, and of one before it, touch an array in common; of loops that hold no
        loops, whether they write into the same elements."""
        *before, last = (_written(m) if self.innermost else self.touched_within(m.loop) for m in members)
        return bool(last & set().union(*before))

    def touched_within(self, loop: ir.For) -> set[str]:
        """The arrays that are touched by loops in a loop."""
        return {n for n in ir.names(_inner(loop)) if self.memory.is_array(n)}

    # ---- one loop of several ----

    def one(self, members: Sequence[Member], leaves: Sequence[Leaf]) -> Leaf:
        """The loop of all of them, each part under its own note."""
        counter, last = _counter(members), leaves[-1]
        assert counter is not None
        loop = _joined(members, counter, _notes([leaf.note for leaf in leaves]))
        names = [ir.names(m.loop.body) for m in members]
        self.several |= {n for k, own in enumerate(names) for n in own if any(n in other for other in names[:k])}
        apart = leaves[0].part != last.part
        return replace(last, stmt=ir.Block(BEHIND, (loop,)) if apart else loop)


def _notes(notes: Sequence[str]) -> list[str]:
    """A note for each part of a loop that stands under the last note: none where that one holds."""
    under = [*notes[-1:], *notes[:-1]]
    return ["" if note == notes[-1] == before else note for note, before in zip(notes, under)]


def _joined(members: Sequence[Member], counter: str, notes: Sequence[str] = ()) -> ir.For:
    """One loop of all bodies, over the range of all. notes: for each, or none."""
    body: list[ir.Stmt] = []
    for k, member in enumerate(members):
        own = _renamed(member.loop.body, member.counter, counter)
        body += [ir.Block(notes[k], own)] if notes and notes[k] else own
    low, high = members[0].ends
    over = ir.call("builtins.range", plain(low), plain(high + 1), ir.Const(1))
    if falls(members[0].loop):
        over = ir.call("builtins.range", plain(high), plain(low - 1), ir.Const(-1))
    return replace(members[0].loop, target=ir.Name(counter), iter=over, body=tuple(merged(body)))


def _counter(members: Sequence[Member]) -> str | None:
    """A counter of one of the loops that means nothing else in the others."""
    for own in dict.fromkeys(m.counter for m in members):
        if all(own == m.counter or own not in ir.names(m.loop.body) for m in members):
            return own
    return None


def _renamed(body: tuple[ir.Stmt, ...], old: str, new: str) -> tuple[ir.Stmt, ...]:
    if old == new:
        return body
    renamed: tuple[ir.Stmt, ...] = ir.transform(body, lambda n: ir.Name(new) if n == ir.Name(old) else n)
    return renamed


def _out_of_order(members: Sequence[Member]) -> set[str]:
    """Variables to which iterations add in another order than before: those of loops that are turned around, and those
    of several loops."""
    names = [ir.names(m.loop.body) for m in members]
    turned = [own for own, m in zip(names, members) if falls(m.loop) != falls(members[0].loop)]
    several = (own & other for k, own in enumerate(names) for other in names[:k])
    return set().union(*turned, *several)


def _private(stmt: ir.Stmt) -> set[str]:
    """Variables that each iteration of a loop sets before it reads them."""
    if not isinstance(stmt, ir.For):
        return set()
    return (bound_in((stmt,)) - live_before(stmt.body, set()) | ir.names(stmt.target)) - ir.names(stmt.iter)


def _without_note(node: Any) -> Any:
    """A loop without the note on it, where each part has one of its own, and one has this one."""
    loop = node.body[0] if isinstance(node, ir.Block) and len(node.body) == 1 else None
    parts = [s.note if isinstance(s, ir.Block) else "" for s in loop.body] if isinstance(loop, ir.For) else []
    return loop if parts and all(parts) and node.note in parts else node


def _written(member: Member) -> set[ir.Expr]:
    """The places that a loop writes into, in terms of one counter for all loops."""
    body = _renamed(member.loop.body, member.counter, "")
    return {s.target for s in ir.walk(body) if isinstance(s, (ir.Store, ir.Augment))}


def _is_loop(stmt: ir.Stmt) -> bool:
    return isinstance(stmt, (ir.For, ir.While))


def _is_nested(loop: ir.For) -> bool:
    return bool(_inner(loop))


def _inner(loop: ir.For) -> tuple[ir.For, ...]:
    return tuple(s for s in ir.walk(loop.body) if isinstance(s, ir.For))


def _computes(loops: tuple[ir.Stmt, ...]) -> bool:
    """Whether inner loops call functions: these take longer than memory does, and loops apart overlap them."""
    calls = [n.fn for n in ir.walk(loops) if isinstance(n, ir.Call)]
    return any(not isinstance(fn, ir.Ref) or fn.path not in _LIGHT for fn in calls)


def _is_check(stmt: ir.Stmt) -> bool:
    """``if x.shape != y.shape: raise ValueError(...)``"""
    return isinstance(stmt, ir.If) and not stmt.orelse and all(isinstance(s, ir.Raise) for s in stmt.body)
