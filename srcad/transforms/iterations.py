"""Walks a program for passes that change the order of iterations, with what is known where each loop stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from srcad import bounds, ir
from srcad.facts import rebound
from srcad.program import Program
from srcad.transforms import loops_memory
from srcad.transforms.liveness import Liveness
from srcad.transforms.loops_types import trusted
from srcad.transforms.parallel_facts import Context, Serial, as_allocated, in_one_piece
from srcad.transforms.parallel_races import Free, examine

ZEROS = ir.Ref("numpy.zeros")


@dataclass(frozen=True)
class Leaf:
    """A statement under comments. note: that of the innermost one; part: that of the outermost, a sweep's."""

    stmt: ir.Stmt
    note: str = ""
    part: str = ""


class Walker:
    """Goes through the blocks of a program, inner ones first; `leaves` and `loop` are what a pass does there."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.types = dict(program.types)
        self.memory = loops_memory.memory(program.body, self.types, ())
        self.rebound = rebound(program.body, {i.name for i in program.inputs})
        self.prover = prover(program)
        self.whole = in_one_piece(program)
        self.liveness = Liveness(ir.names)

    def leaves(self, leaves: list[Leaf | None], after: Sequence[set[str]]) -> None:
        """Change the statements of a block; None: gone. after: the variables that are read behind each."""

    def loop(self, loop: ir.For, live: set[str]) -> ir.For:
        """What becomes of a loop, behind which the variables `live` are read."""
        return loop

    def run(self) -> Program:
        results = ir.names(self.program.results) | {name for _, name in self.program.updates}
        return replace(self.program, body=self.block(self.program.body, results))

    def block(self, body: Sequence[ir.Stmt], live: set[str]) -> tuple[ir.Stmt, ...]:
        """live: variables that are read behind the block."""
        stmts = list(_leaves(body))
        after = [live]
        for leaf in reversed(stmts[1:]):
            after.insert(0, self.liveness.before(leaf.stmt, after[0]))
        found: list[Leaf | None] = [replace(s, stmt=self.inside(s.stmt, a)) for s, a in zip(stmts, after)]
        self.leaves(found, after)
        return tuple(_rebuilt(body, iter(found)))

    def inside(self, stmt: ir.Stmt, live: set[str]) -> ir.Stmt:
        if isinstance(stmt, (ir.For, ir.While)):
            again = self.liveness.before(stmt, live) | (ir.names(stmt.stop) if stmt.stop is not None else set())
            new = replace(stmt, body=self.block(stmt.body, live | again))
            return self.loop(new, live) if isinstance(new, ir.For) else new
        if isinstance(stmt, ir.If):
            return replace(stmt, body=self.block(stmt.body, live), orelse=self.block(stmt.orelse, live))
        if isinstance(stmt, ir.With):
            return replace(stmt, body=self.block(stmt.body, live))
        return stmt

    def free(self, loop: ir.For, live: set[str]) -> Free | None:
        """What makes the iterations free of each other, if they certainly are."""
        try:
            found = examine(loop, Context(self.types, self.memory, frozenset(), live, {}, self.whole))
        except Serial:
            return None
        return None if found.guards or found.rooms else found

    def in_any_order(self, found: Free, names: set[str]) -> bool:
        """Whether what iterations add to, of these variables, may be added up in any order: sums of adjoints may; what
        the program itself adds up may decide something."""
        ordered = {total.name for total in found.sums if total.op != "+"} & names
        return not ordered and names & {*found.added, *(total.name for total in found.sums)} <= self.memory.loose

    def is_inside(self, place: ir.Index, ranges: bounds.Ranges) -> bool:
        """Whether the element exists in every iteration."""
        self.prover.open.clear()
        self.prover.index(place, ranges)
        return not self.prover.open


def made_of_zeros(node: Any) -> str:
    """The array that a statement makes of zeros; "" for others."""
    if not isinstance(node, ir.Assign) or not isinstance(node.value, ir.Call) or node.value.fn != ZEROS:
        return ""
    return node.target.id if isinstance(node.target, ir.Name) else ""


def prover(program: Program) -> bounds.Prover:
    """What is known of extents from the assignments alone: those that are taken to be equal may not be."""
    sure = replace(program, types=trusted(program), assumptions=())
    known = as_allocated(sure, rebound(program.body, {i.name for i in program.inputs}))
    return bounds.Prover(replace(sure, types={**sure.types, **known}))


def falls(loop: ir.For) -> bool:
    """Whether the counter of a loop over a range with a step of 1 or -1 falls."""
    assert isinstance(loop.iter, ir.Call)
    return loop.iter.args[2] != ir.Const(1)


def _leaves(body: Sequence[ir.Stmt], note: str = "", part: str = "") -> Iterator[Leaf]:
    """The statements under comments, one by one."""
    for stmt in body:
        if isinstance(stmt, ir.Block):
            sweep = stmt.note.startswith("----")
            yield from _leaves(stmt.body, "" if sweep else stmt.note, stmt.note if sweep else part)
        else:
            yield Leaf(stmt, note, part)


def _rebuilt(body: Sequence[ir.Stmt], leaves: Iterator[Leaf | None]) -> Iterator[ir.Stmt]:
    """The statements with what has become of each, under the same comments."""
    for stmt in body:
        if isinstance(stmt, ir.Block):
            yield replace(stmt, body=tuple(_rebuilt(stmt.body, leaves)))
        elif (leaf := next(leaves)) is not None:
            yield leaf.stmt
