"""picked: what an array of indices picks is picked once, for Numba.

    t = v[corners[:, 0]]                           t = v[corners[:, 0]]
    ...                                            ...
    t2 = v[corners[:, 0]]                          u_bar += g * t
    u_bar += g * t2

A product with such an array needs it again in its adjoint. Where nothing that it is read from changes on the way, and
nobody writes into the copies, the second one is the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from srcad import ir
from srcad.program import Program
from srcad.transforms import alias
from srcad.transforms.iterations import Leaf, Walker
from srcad.transforms.loops_memory import Effects


def picked(program: Program) -> Program:
    """The program with one copy in place of two that are equal."""
    values = Counter(s.value for s in ir.walk(program.body) if _is_by_index(s))
    return _Picking(program).run() if any(count > 1 for count in values.values()) else program


class _Picking(Walker):
    """instead: names that go, and those that stand for them."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.instead: dict[str, str] = {}
        everything = self.memory.of_all(program.body)
        self.written = everything.writes | everything.adds
        self.kept = ir.names(program.results) | {name for _, name in program.updates} | self.rebound

    def run(self) -> Program:
        program = super().run()

        def change(node: Any) -> Any:
            return ir.Name(self.instead[node.id]) if isinstance(node, ir.Name) and node.id in self.instead else node

        return replace(program, body=ir.transform(program.body, change)) if self.instead else program

    def leaves(self, leaves: list[Leaf | None], after: Sequence[set[str]]) -> None:
        known: dict[ir.Expr, str] = {}
        for k, leaf in enumerate(leaves):
            if leaf is None:
                continue
            name = self.copied_to(leaf.stmt)
            value = leaf.stmt.value if name and isinstance(leaf.stmt, ir.Assign) else None
            if value is not None and value in known:
                self.instead[name], leaves[k] = known[value], None
                continue
            effects = self.memory.of_statement(leaf.stmt)
            known = {expr: own for expr, own in known.items() if not self.changes(effects, expr)}
            if value is not None:
                known[value] = name

    def copied_to(self, stmt: ir.Stmt) -> str:
        """The variable that a statement sets, once and for all, to what an array of indices picks; "" for others."""
        if not isinstance(stmt, ir.Assign) or not _is_by_index(stmt) or not isinstance(stmt.target, ir.Name):
            return ""
        assert isinstance(stmt.value, ir.Index)
        name = stmt.target.id
        fixed = name not in self.kept and self.memory.group(name) not in self.written
        return name if fixed and alias.is_selection(stmt.value, self.types) else ""

    def changes(self, effects: Effects, expr: ir.Expr) -> bool:
        """Whether a statement changes what is read there."""
        names = ir.names(expr)
        memory = {self.memory.group(name) for name in names if self.memory.is_array(name)}
        return bool(effects.binds & names or (effects.writes | effects.adds) & memory)


def _is_by_index(stmt: Any) -> bool:
    """``t = x[...]``, of variables alone."""
    value = stmt.value if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name) else None
    return isinstance(value, ir.Index) and not any(isinstance(n, ir.Call) for n in ir.walk(value))
