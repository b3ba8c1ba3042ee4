"""record: a `Sweep` becomes a forward and a reverse sweep; only values that would be lost are kept.

The reverse sweep runs backwards and undoes the program as it goes: when it reaches the adjoint of a statement, every
variable that adjoint code still reads has the value it had when the statement ran. To that end a statement that
overwrites a variable still needed (read by the adjoint of an earlier statement, or of this one) saves the old value
first, and the reverse sweep restores it before the statement's adjoint. `need` is that set; it grows in program order
(Tapenade's to-be-recorded analysis: Hascoet, Naumann and Pascual, 2005). Elements saved in counted loops go to arrays
indexed by the loop counters, everything else to lists.
"""

from __future__ import annotations

import collections
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from srcad import ir
from srcad.dims import Dim, dim_expr
from srcad.facts import own_extent, rebound
from srcad.transforms import activity, recompute, replay
from srcad.transforms.alias import relation, touched
from srcad.transforms.effects import killed, permutation, place_reads, reads, reset, stored_in, written_in
from srcad.transforms.headers import Header
from srcad.transforms.inline import stored_names
from srcad.transforms.saving import Around, Saved, Saver, Stmts
from srcad.transforms.sweep import (
    Branch,
    Context,
    Loop,
    Segment,
    Step,
    Sweep,
    assigned_first,
    nested,
    primals,
    simple_steps,
)
from srcad.types import Num, Seq

PLACEHOLDER = ir.Pop(None, "")  # stands for a restore while it is being found out what must be saved


@dataclass(frozen=True)
class Recorded:
    """The two sweeps and what the record holds. first: how many statements give variables values only to be saved."""

    forward: tuple[ir.Stmt, ...]
    reverse: tuple[ir.Stmt, ...]
    saved: tuple[Saved, ...]
    first: int = 0


def record(
    sweep: Sweep, aliases: dict[str, set[str]], need: frozenset[str] = frozenset(), computes: bool = True
) -> Recorded:
    """Place the saves and restores. `aliases`: variables that may share memory at one time.

    need: variables that are to be as they were before, when the reverse sweep is through. computes: whether cheap
    values are computed again instead of kept.
    """
    recorder = Recorder(sweep, aliases, computes)
    forward, backward, _ = recorder.block(sweep.steps, need, Around(), True)
    first = recorder.placeholders()
    return Recorded((*first, *forward), tuple(backward), tuple(recorder.saved), len(first))


class Recorder(Saver):
    def __init__(self, sweep: Sweep, aliases: dict[str, set[str]], computes: bool = True) -> None:
        self.every = every = tuple(s for step in sweep.steps for s in nested(step))
        inputs = {i.name for i in sweep.program.inputs}
        super().__init__(sweep, rebound(every, inputs), touched(every, stored_names(every), sweep.shapes.types))
        self.computes = computes
        self.aliases = relation(replace(sweep.program, body=every, types=self.types))
        self.bars = set(sweep.bars.values())
        self.moving: set[str] = set()  # variables set in the outermost loop at hand
        self.stored: set[str] = set()  # arrays and lists written into there
        self.occurrences = _mentions(sweep.program.body)
        self.counters = {n.target.id for n in ir.walk(every) if isinstance(n, ir.For) and isinstance(n.target, ir.Name)}
        self.reset = reset(every)
        self.reshaped = {name for name in self.rebound if not self.is_steady(name)}
        self.reshaped |= {n.stack for n in ir.walk(every) if isinstance(n, (ir.Push, ir.Pop))}  # `len` of a list
        # adjoint -> its variable, where that holds arrays of several shapes: zeros of the adjoint are shaped by it
        arrays = {name for name in self.reshaped if isinstance(self.types.get(name), Num)}
        self.shaped = {bar: v for v, bar in sweep.bars.items() if v in arrays}

    def is_steady(self, name: str) -> bool:
        """Whether a variable, whatever it holds, has one shape throughout."""
        kind = self.types.get(name)
        if not isinstance(kind, Num) or kind.dims is None or kind.dtype is None:
            return False
        extents = [None if d is None else self.sweep.shapes.canonical(d) for d in kind.dims]
        return all(d is not None and all(map(self.is_constant, d.symbols)) for d in extents)

    def is_constant(self, symbol: str) -> bool:
        """Whether a number has one value throughout: an extent has that is the same of all its variable is set to."""
        changing = ir.names(dim_expr(Dim(0, ((symbol, 1),)))) & (self.rebound | self.counters)
        return not changing or own_extent(self.types, symbol)

    # ---- steps ----

    def block(
        self, steps: Sequence[Any], need: frozenset[str], around: Around, final: bool
    ) -> tuple[Stmts, Stmts, frozenset[str]]:
        """(forward statements, reverse statements, what is needed after). `final`: the result will be used."""
        forward: Stmts = []
        backward: list[Stmts] = []
        for step in steps:
            f, b, need = self.step(step, need, around, final)
            forward.extend(f)
            if b:
                backward.append(b)
        return forward, merged([s for part in reversed(backward) for s in part]), need

    def step(self, step: Any, need: frozenset[str], around: Around, final: bool) -> tuple[Stmts, Stmts, frozenset[str]]:
        if isinstance(step, Step):
            return self.simple(step, need, around, final)
        if isinstance(step, Branch):
            return self.branch(step, need, around, final)
        if isinstance(step, Loop):
            return self.loop(step, need, around, final)
        if isinstance(step, Segment):
            from srcad.transforms import segments

            return segments.replayed(self, step, need, around, final)
        assert isinstance(step, Context)
        f, b, need = self.block(step.body, need, around, final)
        items = step.primal
        return [replace(items, body=tuple(f))] if f else [], [replace(items, body=tuple(b))] if b else [], need

    def simple(
        self, step: Step, need: frozenset[str], around: Around, final: bool
    ) -> tuple[Stmts, Stmts, frozenset[str]]:
        primal = step.primal
        if (swap := permutation(primal)) and self.reads(step.adjoint) <= set(swap):  # at most their shapes
            return self.swap(step, swap, need | self.reads(step.adjoint))
        reads = self.reads(step.adjoint)
        full, partial = killed(primal)
        partial = frozenset() if step.intact else partial
        after: frozenset[str] = frozenset()
        if isinstance(primal, (ir.Assign, ir.Pop)):  # an adjoint that reads the target means its new value
            own = full - ir.names(primal.value) if isinstance(primal, ir.Assign) else full
            after, reads = reads & own, reads - own
        if isinstance(primal, ir.Pop) and self.touches(primal.stack, need):  # what was popped is pushed back
            after, reads = full, reads | (ir.names(primal.target) - full)
        need = need | reads
        lost = {n for n in full if n in need} | {n for n in partial if self.touches(n, need)}
        if partial & lost:  # the restore finds the place again by what its indices read
            need = need | place_reads(primal) | (partial & lost)
        shared = self.shared(lost & full, need)
        named = shared | self.named_otherwise(primal, need)
        save, restore = self.save(primal, lost, around, final, named) if lost else ([], [])
        forward = [*save, *([] if isinstance(primal, ir.Return) else [primal])]
        backward = self.quoted(primal, (*restore, *step.adjoint)) if step.adjoint else restore
        if after & lost:  # the adjoint reads the new value: it comes before the old one is brought back
            backward = [*self.quoted(primal, step.adjoint), *restore]
        self.defined |= full
        return forward, backward, (need | self.holds(shared)) - full | after

    def swap(self, step: Step, swap: dict[str, str], need: frozenset[str]) -> tuple[Stmts, Stmts, frozenset[str]]:
        """``u, v = v, u`` loses nothing: the reverse sweep swaps back."""
        after = frozenset(swap.get(n, n) for n in need)
        back = ir.Assign(ir.Tuple(tuple(ir.Name(n) for n in swap)), ir.Tuple(tuple(ir.Name(n) for n in swap.values())))
        undo = (back,) if need & set(swap) else ()
        backward = self.quoted(step.primal, (*undo, *step.adjoint)) if step.adjoint else [*undo]
        return [step.primal], backward, after

    def touches(self, name: str, need: frozenset[str]) -> bool:
        return name in need or bool(self.aliases.get(name, set()) & need)

    def shared(self, names: set[str] | frozenset[str], need: frozenset[str]) -> set[str]:
        """Lists, and arrays of which the reverse sweep needs another name, too: they are saved as they are, not copied.

        A write through one name is undone through it, and must be undone for the other.
        """
        lists = {n for n in names if isinstance(self.types.get(n), Seq)}
        return lists | {n for n in names if any(a in need or saved(a) in need for a in self.aliases.get(n, ()))}

    def named_otherwise(self, primal: ir.Stmt, need: frozenset[str]) -> frozenset[str]:
        """What is popped, if the reverse sweep needs it under further names: it is pushed back as it is."""
        if not isinstance(primal, ir.Pop) or not isinstance(primal.target, ir.Name):
            return frozenset()
        others = self.aliases.get(primal.target.id, set()) - {primal.stack}
        return frozenset({primal.target.id} if any(a in need or saved(a) in need for a in others) else ())

    def holds(self, shared: set[str]) -> frozenset[str]:
        """What is needed once these are saved as they are: writes through other names are to be undone."""
        return frozenset(a for n in shared for a in (saved(n), *self.aliases.get(n, ())))

    def quoted(self, primal: ir.Stmt, adjoint: tuple[ir.Stmt, ...]) -> Stmts:
        if not adjoint:
            return []
        return [ir.Block(quote(primal, self.sweep.program.loc), adjoint)]

    def reads(self, stmts: Sequence[ir.Stmt]) -> frozenset[str]:
        """Primal variables whose values the statements read."""
        found: set[str] = set()
        for stmt in stmts:
            reads(stmt, found, self.reshaped)
        return frozenset(found - self.bars) | self.shapes_of(stmts)

    def shapes_of(self, stmts: Sequence[ir.Stmt]) -> frozenset[str]:
        """Variables of changing shape whose adjoints occur: these are zeros of that shape before they are added to."""
        return frozenset(v for bar, v in self.shaped.items() if any(bar in ir.names(s) for s in stmts))

    def shapes_around(self, step: Branch | Loop) -> frozenset[str]:
        """The same for a branch or loop: zeros of adjoints that it does not always reach are made around it."""
        if not self.shaped:
            return frozenset()
        return self.shapes_of([s for inner in simple_steps(step) for s in inner.adjoint])

    # ---- branches and loops ----

    def branch(
        self, step: Branch, need: frozenset[str], around: Around, final: bool
    ) -> tuple[Stmts, Stmts, frozenset[str]]:
        loc, before, around_it = step.primal.loc, set(self.defined), self.shapes_around(step)
        need = need | around_it
        f1, b1, need1 = self.arm(step.body, need, around, final)
        defined, self.defined = self.defined, set(before)
        f2, b2, need2 = self.arm(step.orelse, need, around, final)
        self.defined &= defined
        test: ir.Expr = step.primal.test
        if not b1 and not b2:
            return [replace(step.primal, body=tuple(f1), orelse=tuple(f2))], [], need1 | need2 | around_it
        forward: Stmts = []
        restores: Stmts = []
        if step.flag is not None:
            flag = ir.Assign(ir.Name(step.flag), test, loc=loc)
            self.keep(flag, need, around, final, forward, restores)
            forward.append(flag)
            test = ir.Name(step.flag)
        forward.append(ir.If(test, tuple(f1), tuple(f2), loc=loc))
        back = ir.If(test, tuple(b1), tuple(b2), loc=loc) if b1 else ir.If(_negated(test), tuple(b2), loc=loc)
        return forward, [back, *restores], need1 | need2 | ir.names(test) | around_it

    def arm(
        self, steps: Sequence[Any], need: frozenset[str], around: Around, final: bool
    ) -> tuple[Stmts, Stmts, frozenset[str]]:
        """A branch; variables that live in it alone are saved at its end when a loop will come by again."""
        own = self.private(steps) if around.loops else set()
        f, b, out = self.block(steps, need - own, around, final)
        kept, again = self.split(steps, own, own & out, around)
        shared = self.shared(kept, out)
        f, b = self.keep_own(kept, shared, f, [*again, *b], around, final)
        return f, b, (out | self.holds(shared) | _operands(again)) - own

    def split(
        self, steps: Sequence[Any], own: Set[str], needed: Set[str], around: Around
    ) -> tuple[set[str], list[ir.Assign]]:
        """Of an iteration's `own` variables, those `needed` that are to be kept, and how the others are computed."""
        again = recompute.again(self, steps, own, needed, around) if needed and self.computes else []
        return set(needed) - {name for stmt in again for name in ir.names(stmt.target)}, again

    def private(self, steps: Sequence[Any]) -> set[str]:
        """Variables of a block that occur nowhere else."""
        inside = _mentions(tuple(s for step in steps for s in primals(step)))
        return {n for n in assigned_first(steps) if inside[n] == self.occurrences[n] or n not in self.occurrences}

    def keep_own(
        self, names: set[str], shared: set[str], f: Stmts, b: Stmts, around: Around, final: bool
    ) -> tuple[Stmts, Stmts]:
        """Save at the end of a block what its reverse reads, and bring it back at the start of the reverse."""
        if not names:
            return f, b
        if not final:
            return f, [PLACEHOLDER, *b]
        saves, restores = [], []
        self.line = 0
        for name in sorted(names):
            save, restore = self.save_place(name, ir.Name(name), around, name in shared)
            saves.append(save)
            restores.append(restore)
        return [*f, *saves], [*restores, *b]

    def keep(
        self, stmt: ir.Assign, need: frozenset[str], around: Around, final: bool, forward: Stmts, restores: Stmts
    ) -> None:
        """Save what a variable of the sweeps' own holds before it is set, if that is still needed."""
        lost = ir.names(stmt.target) & need
        if lost:
            save, restore = self.save(stmt, lost, around, final, self.shared(lost, need))
            forward.extend(save)
            restores.extend(restore)

    def loop(
        self, step: Loop, need: frozenset[str], around: Around, final: bool
    ) -> tuple[Stmts, Stmts, frozenset[str]]:
        outermost = not around.loops
        if outermost:
            (whole,) = nested(step)  # with the values that were named on the way
            self.storage, self.stored = [], stored_in(whole)
            lists = {name for name in self.stored if isinstance(self.types.get(name), Seq)}
            self.moving = written_in(whole) | lists  # `len` of a list moves
        header = Header(self, step)
        counter = {header.counter} if header.counter else set()
        inside = Around((*around.loops, header.counted(around)), around.counters | (counter - self.reset))
        before = set(self.defined)
        own = self.local(step)
        around_it = self.shapes_around(step) - own
        need = need | around_it
        head = need - counter - own
        while True:  # what a later iteration needs is needed when an earlier one overwrites it
            self.defined = before | counter
            _, b, out = self.block(step.body, head, inside, False)
            kept, again = self.split(step.body, own, own & out, inside)
            shared = self.shared(kept, out)
            _, b = self.keep_own(kept, shared, [], [*again, *b], inside, False)
            out |= self.holds(shared) | _operands(again)
            if head | (out - counter - own) == head:
                break
            head = head | (out - counter - own)
        if outermost and replay.pays(self, step, kept, need):
            self.defined = before
            return self.loop(replace(step, body=(Segment(step.body),)), need, around, final)
        self.defined = before | counter
        if not b:
            f, _, _ = self.block(step.body, head, inside, final)
            self.defined = before
            return self.ahead_only(replace(step.primal, body=tuple(f)), own | counter, need | head, around, final)
        after = (need | head | around_it | header.kept() | self.holds(self.shared(own & need, need))) - own
        if not final:
            self.defined = before
            return [], [PLACEHOLDER], after
        f, b, out = self.block(step.body, head, inside, True)
        f, b = self.keep_own(kept, shared, f, [*again, *b], inside, True)
        self.defined = before
        forward, backward = header.assemble(f, b, need, own & need, around)
        if outermost:  # storage is as large as the loop is long: its bounds have their names by then
            at = len(forward) - 1 if step.bounds else 0
            forward, self.storage = [*forward[:at], *self.storage, *forward[at:]], []
        return forward, backward, after

    def ahead_only(
        self, loop: ir.Stmt, sets: set[str], need: frozenset[str], around: Around, final: bool
    ) -> tuple[Stmts, Stmts, frozenset[str]]:
        """A loop that the reverse sweep leaves out: what it sets in every iteration has its earlier value back."""
        forward: Stmts = []
        restores: Stmts = []
        for name in sorted(sets & need):
            self.keep(ir.Assign(ir.Name(name), ir.Const(0)), need, around, final, forward, restores)
        return [*forward, loop], restores[::-1], need - sets

    def local(self, step: Loop) -> set[str]:
        """Variables that every iteration sets before it reads them."""
        own = assigned_first(step.body) - self.of_two_shapes(step)
        return own - ir.names(step.primal.test) if isinstance(step.primal, ir.While) else own

    def of_two_shapes(self, step: Loop) -> set[str]:
        """Variables that an iteration gives arrays of several shapes: its last one shapes zeros for the next one."""
        if not self.shaped:
            return set()
        bound = [s.primal.target for s in simple_steps(step) if isinstance(s.primal, ir.Assign)]
        count = collections.Counter(name for target in bound for name in ir.names(target))
        return {name for name in self.shaped.values() if count[name] > 1}

    def placeholders(self) -> Stmts:
        """Values for variables that are saved once before the program gives them one."""
        out: Stmts = []
        for name in sorted(self.undefined):
            kind = self.types[name]
            if isinstance(kind, Seq):
                out.append(ir.Assign(ir.Name(name), ir.List(())))
                continue
            assert isinstance(kind, Num)
            zero = {"i": 0, "u": 0, "b": False}.get((kind.dtype or "float64")[0], 0.0)
            value: ir.Expr = ir.Const(zero)
            if kind.dims:
                value = self.typed(ir.Tuple((ir.Const(0),) * len(kind.dims)), kind)
            out.append(ir.Assign(ir.Name(name), value))
        return out

    # ---- saving ----

    def save(self, stmt: ir.Stmt, lost: set[str], around: Around, final: bool, shared: Set[str]) -> tuple[Stmts, Stmts]:
        """Statements that save what `stmt` is about to overwrite, and those that bring it back."""
        if not final:
            return [], [PLACEHOLDER]
        saves: Stmts = []
        restores: Stmts = []
        self.line = stmt.loc.line if stmt.loc is not None else 0
        for name in sorted(lost):
            place: ir.Expr = ir.Name(name)
            if isinstance(stmt, (ir.Store, ir.Augment, ir.Pop)):
                place = stmt.target or place
            elif isinstance(stmt, ir.Do):
                assert isinstance(stmt.value, ir.Call)
                place = ir.Index(stmt.value.args[0], (ir.ELLIPSIS,))
            if isinstance(stmt, ir.Push):
                restores.append(ir.Pop(None, stmt.stack))
                continue
            if isinstance(stmt, ir.Pop) and name == stmt.stack:
                assert stmt.target is not None
                popped = stmt.target if activity.root(stmt.target) in shared else self.owned(stmt.target)
                restores.insert(0, ir.Push(stmt.stack, popped))
                continue
            save, restore = self.save_place(name, place, around, name in shared)
            saves.append(save)
            restores.append(restore)
        return saves, restores


def _mentions(stmts: tuple[ir.Stmt, ...]) -> collections.Counter[str]:
    """How often each variable is named, lists that something is put on or taken from included."""
    nodes = [n for n in ir.walk(stmts) if isinstance(n, (ir.Name, ir.Push, ir.Pop))]
    return collections.Counter(n.id if isinstance(n, ir.Name) else n.stack for n in nodes)


def merged(stmts: Stmts) -> Stmts:
    """Adjacent blocks of one statement of the user's under one note."""
    out: Stmts = []
    for stmt in stmts:
        last = out[-1] if out else None
        if isinstance(stmt, ir.Block) and isinstance(last, ir.Block) and stmt.note == last.note:
            out[-1] = replace(last, body=(*last.body, *stmt.body))
        else:
            out.append(stmt)
    return out


def _negated(test: ir.Expr) -> ir.Expr:
    return test.operand if isinstance(test, ir.Unary) and test.op == "not" else ir.Unary("not", test)


def saved(name: str) -> str:
    """Stands, in what is needed, for an array that was saved as it is when it was called `name`."""
    return "&" + name


def _operands(stmts: Sequence[ir.Assign]) -> frozenset[str]:
    return frozenset(name for stmt in stmts for name in ir.names(stmt.value))


def quote(stmt: ir.Stmt, home: ir.Loc | None) -> str:
    """``L5  u[i] = ...``: the line and text of a statement of the user's, and its file where that is another."""
    if stmt.loc is None:
        return ""
    file = stmt.loc.source.file
    elsewhere = f" of {Path(file).name}" if home is not None and file != home.source.file else ""
    return f"L{stmt.loc.line}{elsewhere}  {stmt.loc.text}"
