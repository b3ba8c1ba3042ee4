"""zeroing: adjoints are not set to zero for nobody.

The adjoint of ``new[1:-1] = f(p)`` ends with ``new_bar[1:-1] = 0.0``: those elements had another value before. Where
the variable gets its array in the same iteration, nobody reads `new_bar` again, and the zeros need not be written.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from srcad import algebra, ir
from srcad.program import Program
from srcad.transforms import activity, alias
from srcad.transforms.liveness import live_after_writes
from srcad.transforms.unread import without


def zeroing(program: Program, bars: Set[str]) -> Program:
    """The program without zeros that are stored into the adjoints `bars` and not read."""
    zeros = [n for n in ir.walk(program.body) if _is_zero(n, bars)]
    live = live_after_writes(program) if zeros else {}
    zeros = [n for n in zeros if activity.root(n.target) not in live[id(n)]]
    if not zeros:
        return program
    sharing = _Sharing(program)
    sharing.run()
    unread = {id(n) for n in zeros if not sharing.found[id(n)] & live[id(n)]}
    return replace(program, body=without(program.body, unread))


class _Sharing(alias.Checker):
    """`found`: for every store, by its identity, the variables that may share memory with the array at that place."""

    def __init__(self, program: Program) -> None:
        super().__init__(program, refuse=False)
        self.found: dict[int, set[str]] = {}

    def statement(self, stmt: ir.Stmt) -> None:
        if isinstance(stmt, ir.Store):
            self.found.setdefault(id(stmt), set()).update(self.near(activity.root(stmt.target)))
        super().statement(stmt)

    def write(self, name: str, stmt: ir.Stmt) -> None:
        """Nothing is refused here."""

    def grow(self, stmt: ir.Push | ir.Pop) -> None:
        """Nor here."""

    def routine_writes(self, *call: object) -> None:
        """Nor here."""


def _is_zero(node: object, bars: Set[str]) -> bool:
    return isinstance(node, ir.Store) and activity.root(node.target) in bars and algebra.is_number(node.value, 0.0)
