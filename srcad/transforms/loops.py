"""loops: array statements become loop nests, for Numba, which compiles loops fast and to fast code.

Before: a core program after all differentiation. After: the same program in which elementwise statements, reductions,
running sums and writes through slices are `for` loops over elements, neighbours joined where that is legal; what is
not certain to be the same as a loop stays as it is. Results differ from the array program's by rounding at most, and
only in sums. A mismatch of shapes raises before a loop runs; where extents are expected to be equal, one that happens
to be 1 (a slice of a short array) raises too instead of being broadcast.

How: `loops_records` makes arrays of recorded lists. Statement by statement (`loops_statements`, `loops_reductions`,
`loops_writes`), with `loops_elements` for the element of an expression and `loops_extents` for what is known of
shapes, blocks become nests (`loops_nests`). `loops_gather` turns scattered sums around, `loops_fusion` joins neighbours
where `loops_memory` finds nothing against it, `loops_before` copies what is in the way of that, `loops_assigned` drops
zeros that are added to, `loops_resting` those that every iteration finds and leaves, `loops_text` writes the `for`
loops, and `loops_buffers` moves allocations out of the program's own loops.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from srcad import ir
from srcad.facts import rebound
from srcad.program import Program
from srcad.transforms import (
    loops_alike,
    loops_assigned,
    loops_before,
    loops_buffers,
    loops_fusion,
    loops_gather,
    loops_order,
    loops_ranges,
    loops_records,
    loops_resting,
    loops_statements,
)
from srcad.transforms.loops_extents import Extents
from srcad.transforms.loops_memory import Memory
from srcad.transforms.loops_nests import Item, Nest, Plain, allocated
from srcad.transforms.loops_room import Room
from srcad.transforms.loops_text import Writer
from srcad.types import Num

PARTS = frozenset(
    {"assigned", "before", "ranges", "gather", "order", "resting", "vector_maths"}
)  # of this pass, which can be left out


def loops(program: Program, off: frozenset[str] = frozenset()) -> Program:
    """The program with loops for what loops can do. off: the parts to be left out, of `PARTS`."""
    if not any(isinstance(t, Num) and t.dims != () for t in program.types.values()):
        return program
    program = program if "ranges" in off else loops_ranges.apart(program)
    program, records = loops_records.unlisted(program, extents_of(program))
    program = _without_others(program)
    extents = extents_of(program)
    extents.known |= records
    lowering = Lowering(program, extents, off)
    values = [*named_results(program, lowering)]
    lowering.extents.other_spelling.clear()  # the results do not exist yet
    body = lowering.block((*program.body, *(stmt for stmt, _ in values if stmt is not None)))
    known = lowering.types()
    results = ir.names(tuple(e for _, e in values)) | {name for _, name in program.updates}
    made = {n for n in known if n not in program.types} | set(records) | lowering.rested
    body = loops_buffers.unread_dropped(body, results, made)
    given = [*(i.name for i in program.inputs), *(s.name for s in program.seeds)]
    body = loops_buffers.hoisted(body, known, lowering.padded, lowering.memory, given, results)
    return replace(program, body=body, results=tuple(e for _, e in values), types=known)


def _without_others(program: Program) -> Program:
    """Without the types of names that are in use no more: new variables get those names, and have their own types."""
    used = program.names() | {name for name, _ in program.updates}
    return replace(program, types={name: kind for name, kind in program.types.items() if name in used})


def extents_of(program: Program) -> Extents:
    return Extents(program, rebound(program.body, {i.name for i in program.inputs}))


def named_results(program: Program, lowering: Lowering) -> Iterator[tuple[ir.Stmt | None, ir.Expr]]:
    """(statement that computes it, name) of each result that is an expression over arrays."""
    for expr in program.results:
        kind = lowering.extents.of(expr)
        if isinstance(expr, (ir.Name, ir.Const)) or not lowering.mentions_array(expr) or kind.dims is None:
            yield None, expr
            continue
        name = lowering.numbered("out")
        lowering.extents.declare(name, kind, kind.dims)
        lowering.mentions[name] += 2
        yield ir.Assign(ir.Name(name), expr, loc=program.return_loc), ir.Name(name)


class Lowering(Room):
    """Walks the program once; `items` are the statements and nests of the block at hand."""

    def __init__(self, program: Program, extents: Extents, off: frozenset[str] = frozenset()) -> None:
        super().__init__(program, extents)
        self.program, self.off = program, off
        self.writer = Writer(self.names, self.axes, extents.of, "vector_maths" not in off)
        self.padded: set[str] = set()  # arrays between zeros
        self.numbers: set[str] = set()  # arrays that have become numbers
        self.zeros = loops_resting.zeros_made(program.body, self.memory)
        loops = (s for s in ir.walk(program.body) if isinstance(s, ir.For))
        self.counters = frozenset(n for s in loops for n in ir.names(s.target))
        self.rested: set[str] = set()  # arrays that loops have their own in place of
        self.counted: dict[int, tuple[ir.Stmt, Counter[str]]] = {}
        self.mentions = self.counts(program.body) + _mentions(program.results)
        self.mentions.update(name for _, name in program.updates)
        self.outliving = loops_order.outliving(
            program.body, ir.names(program.results) | {n for _, n in program.updates}
        )

    def attempt(self, stmt: ir.Stmt) -> None:
        loops_statements.attempt(self, stmt)

    def inner(self, value: ir.Expr) -> ir.Expr:
        return loops_statements.inner(self, value)

    def types(self) -> dict[str, Any]:
        """Types of the program's variables and of the new ones."""
        new = {
            n: replace(t, dims=t.dims and (None,) * len(t.dims))
            for n, t in self.extents.known.items()
            if isinstance(t, Num)
        }
        found = {**self.writer.types, **{n: t for n, t in new.items() if n not in self.axes}, **self.program.types}
        return {n: replace(t, dims=()) if n in self.numbers and isinstance(t, Num) else t for n, t in found.items()}

    def mentions_array(self, expr: ir.Expr) -> bool:
        return any(self.memory.is_array(name) for name in ir.names(expr))

    # ---- blocks ----

    def block(self, stmts: Sequence[ir.Stmt]) -> tuple[ir.Stmt, ...]:
        return tuple(self.written(*self.lowered(stmts)))

    def lowered(self, stmts: Sequence[ir.Stmt], repeated: bool = False) -> tuple[list[Item], set[str]]:
        """The items of a block, and the variables mentioned outside of it. repeated: whether it is a loop's body."""
        outer, self.items = self.items, []
        note, self.note = self.note, ""
        for stmt in stmts:
            self.statement(stmt)
        here = self.counts(stmts)
        outside = {name for name, count in self.mentions.items() if count > here[name]}
        canonical = [self.canonical(item) for item in self.items]
        items, padded = loops_alike.merged(canonical, self.memory, outside), set[str]()
        if "gather" not in self.off:
            items, padded = loops_gather.gathered(items, self.memory, outside)
        self.padded |= padded
        if repeated and "resting" not in self.off:
            items = self.resting(items, here)
        items = loops_fusion.fused(items, self.memory)
        items = items if "before" in self.off else loops_before.copied(items, self, outside)
        items = items if "assigned" in self.off else loops_assigned.assigned(items, self.memory, padded)
        self.items, self.note = outer, note
        return items, outside

    def resting(self, items: list[Item], here: Counter[str]) -> list[Item]:
        """The items of a loop's body without arrays that hold zeros whenever an iteration begins."""
        names = {n for n in self.zeros & here.keys() if self.mentions[n] == here[n] + 1}  # 1: where it is made
        items, gone = loops_resting.own(items, self, names, self.extents.rebound | self.counters)
        self.rested |= gone
        return items

    def canonical(self, item: Item) -> Item:
        """Extents that the block has found equal are one."""
        return replace(item, dims=tuple(map(self.extents.canonical, item.dims))) if isinstance(item, Nest) else item

    def counts(self, stmts: Sequence[ir.Stmt]) -> Counter[str]:
        """How often each variable is mentioned in statements of the program."""
        found: Counter[str] = Counter()
        for stmt in stmts:
            known = self.counted.get(id(stmt))
            if known is None:
                known = self.counted[id(stmt)] = stmt, self._count(stmt)
            found.update(known[1])
        return found

    def _count(self, stmt: ir.Stmt) -> Counter[str]:
        if isinstance(stmt, ir.If):
            return _mentions([stmt.test]) + self.counts(stmt.body + stmt.orelse)
        if isinstance(stmt, (ir.For, ir.While, ir.With, ir.Block)):
            return _mentions([replace(stmt, body=())]) + self.counts(stmt.body)
        return _mentions([stmt])

    def written(self, items: Sequence[Item], outside: set[str]) -> list[ir.Stmt]:
        """The items as statements, those of one note together. outside: variables mentioned outside of the block."""
        stmts: list[ir.Stmt] = []
        uses = Counter(name for item in items for name in self.memory.of(item).uses)
        for item in items:
            if isinstance(item, Nest):
                own = self.memory.of(item).uses
                others = {name for name, count in uses.items() if count > (name in own)}
                arrays = allocated(item)
                item = loops_fusion.scalarised(item, self.memory, outside | others)
                self.numbers |= set(arrays) - set(allocated(item))
                item = loops_fusion.summed(loops_fusion.needed(item, outside | others), self.memory)
                self.extents.unspell(set(arrays) - set(allocated(item)))
                new = self.writer.statements(item) if item.cells else [*item.before, *item.after]
            else:
                new = [ir.Block(item.note, (item.stmt,))] if item.note else [item.stmt]
            stmts.extend(new)
        return merged(stmts)

    def statement(self, stmt: ir.Stmt) -> None:
        if isinstance(stmt, ir.Block):
            self.note_block(stmt)
        elif isinstance(stmt, (ir.For, ir.While)):
            self.loop(stmt)
        elif isinstance(stmt, ir.If):
            test = self.inner(stmt.test)
            body, orelse = self.nested(stmt.body), self.nested(stmt.orelse)
            self.keep(replace(stmt, test=test, body=body, orelse=orelse))
            loops_statements.learn_check(self, stmt)
        elif isinstance(stmt, ir.With):
            self.keep(replace(stmt, body=self.nested(stmt.body)))
        else:
            self.attempt(stmt)
            self.note_sharing(stmt)

    def nested(self, stmts: Sequence[ir.Stmt]) -> tuple[ir.Stmt, ...]:
        """A block whose findings do not hold behind it."""
        with self.apart():
            return self.block(stmts)

    @contextlib.contextmanager
    def apart(self) -> Iterator[None]:
        """What is found while this is open does not hold behind it."""
        state, owned = self.extents.state(), set(self.owned)
        self.fresh_arrays.clear()
        yield
        self.fresh_arrays.clear()
        self.extents.restore(state)
        self.owned = owned

    def note_block(self, stmt: ir.Block) -> None:
        if stmt.blank_before or stmt.note.startswith("----"):
            self.add(Plain(replace(stmt, body=self.block(stmt.body))))  # what it has found still holds behind it
            return
        outer, self.note = self.note, stmt.note or self.note
        for inner in stmt.body:
            self.statement(inner)
        self.note = outer

    def loop(self, stmt: ir.For | ir.While) -> None:
        changed = set(self.memory.of_statement(stmt).binds)
        bounds = None
        if isinstance(stmt, ir.For) and isinstance(stmt.iter, ir.Call) and len(stmt.iter.args) == 3:
            bounds = [self.extents.linear(a) for a in stmt.iter.args]
        self.extents.rebind(changed)
        counter = stmt.target if isinstance(stmt, ir.For) and isinstance(stmt.target, ir.Name) else None
        if counter is None or bounds is None or counter.id in _set_in(stmt.body, self.memory):
            counter = None
        with self.apart():
            if counter is not None and bounds is not None:  # runs in its range here
                self.extents.bound(counter, bounds)
            items, outside = self.lowered(stmt.body, repeated=True)
            nest = None
            if counter is not None and counter.id not in self.outliving and "order" not in self.off:
                assert isinstance(stmt, ir.For)
                nest = loops_order.absorbed(stmt, items, self.memory, self.extents, outside)
            loop = Plain(stmt if nest is not None else replace(stmt, body=tuple(self.written(items, outside))))
        self.extents.rebind(changed)
        if nest is None:
            self.add(loop)
        else:
            self.items.append(replace(nest, note=self.note or nest.note))


def _set_in(body: Sequence[ir.Stmt], memory: Memory) -> set[str]:
    return set().union(*(memory.of_statement(s).binds for s in body))


def _mentions(nodes: Any) -> Counter[str]:
    """How often each variable is mentioned."""
    found: Counter[str] = Counter()
    for node in ir.walk(tuple(nodes)):
        if isinstance(node, ir.Name):
            found[node.id] += 1
        elif isinstance(node, (ir.Push, ir.Pop)):
            found[node.stack] += 1
    return found


def merged(stmts: Sequence[ir.Stmt]) -> list[ir.Stmt]:
    """Adjacent blocks of one note as one."""
    out: list[ir.Stmt] = []
    for stmt in stmts:
        last = out[-1] if out else None
        if (
            isinstance(stmt, ir.Block)
            and isinstance(last, ir.Block)
            and stmt.note == last.note
            and not stmt.blank_before
        ):
            out[-1] = replace(last, body=(*last.body, *stmt.body))
        else:
            out.append(stmt)
    return out
