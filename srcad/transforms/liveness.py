"""liveness: which variables are read before they get a new value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from srcad import ir
from srcad.program import Program
from srcad.transforms import activity

Reads = Callable[[Any], set[str]]


def live_before(body: Sequence[ir.Stmt], live: set[str]) -> set[str]:
    """Variables named in `body` or after it (`live`) before they get a new value."""
    return Liveness(ir.names).block(body, live)


def live_after_writes(program: Program) -> dict[int, set[str]]:
    """For every simple statement, by its identity, the variables whose values are read later."""
    liveness = Liveness(activity.reads)
    liveness.block(program.body, ir.names(program.results) | {v for _, v in program.updates})
    return liveness.found


@dataclass
class Liveness:
    """reads: the variables that a node reads. found: what is live after each simple statement."""

    reads: Reads
    found: dict[int, set[str]] = field(default_factory=dict)

    def block(self, body: Sequence[ir.Stmt], live: set[str]) -> set[str]:
        for stmt in reversed(body):
            live = self.before(stmt, live)
        return live

    def before(self, stmt: ir.Stmt, live: set[str]) -> set[str]:
        if isinstance(stmt, ir.If):
            return self.block(stmt.body, live) | self.block(stmt.orelse, live) | self.reads(stmt.test)
        if isinstance(stmt, (ir.For, ir.While)):
            return self.loop(stmt, live)
        if isinstance(stmt, (ir.With, ir.Block)):
            return self.block(stmt.body, live)
        self.found[id(stmt)] = self.found.get(id(stmt), set()) | live
        return (live - assigned_by(stmt)) | self.read_by(stmt)

    def read_by(self, stmt: ir.Stmt) -> set[str]:
        if isinstance(stmt, ir.Pop) and isinstance(stmt.target, ir.Name):
            return {stmt.stack}
        return self.reads(stmt.value if isinstance(stmt, ir.Assign) else stmt)

    def loop(self, stmt: ir.For | ir.While, live: set[str]) -> set[str]:
        own = ir.names(stmt.target) if isinstance(stmt, ir.For) else set()  # set before each iteration reads it
        stop = self.reads(stmt.stop) if stmt.stop is not None else set()
        live = live | self.reads(stmt.iter if isinstance(stmt, ir.For) else stmt.test)
        while True:
            new = live | (self.block(stmt.body, live | stop) - own) | (stop - own)
            if new == live:
                return live
            live = new


def assigned_by(node: object) -> set[str]:
    """Variables that a statement itself gives a new value."""
    if isinstance(node, (ir.Assign, ir.For)):
        return ir.names(node.target)
    if isinstance(node, (ir.Augment, ir.Pop)) and isinstance(node.target, ir.Name):
        return {node.target.id}
    return set()
