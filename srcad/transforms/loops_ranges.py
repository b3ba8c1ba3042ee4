"""Names that hold one array after the other become several names, one for each array.

The adjoints of statements share the names of their parts (``g``, ``t``). For loops that is a chain of dependences with
no meaning: a nest that reads the first ``g`` may not move behind the one that makes the second, and no ``g`` is a mere
number as long as another nest mentions the name. Between two assignments of a name in one list of statements, whatever
it holds is private to them, and may have a name of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from srcad import ir, types
from srcad.naming import Names
from srcad.program import Program
from srcad.types import Abstract, Num


def apart(program: Program) -> Program:
    """The program with a name for each array that ends where its name is assigned again."""
    spoken_of = " ".join(text for t in program.types.values() if isinstance(t, Num) for text in _symbols(t))
    fixed = {i.name for i in program.inputs} | set(re.findall(r"\w+", spoken_of))
    ranges = Ranges(Names(program.names()), dict(program.types), fixed)
    return replace(program, body=ranges.block(program.body), types=ranges.types)


@dataclass
class Ranges:
    """types: of the program's variables, and of the new ones. fixed: variables that types speak of."""

    names: Names
    types: dict[str, Abstract]
    fixed: set[str]

    def block(self, stmts: Sequence[ir.Stmt]) -> tuple[ir.Stmt, ...]:
        stmts = tuple(self.nested(s) for s in stmts)
        flat = [*_flat(stmts)]
        for name, starts in _starts(flat).items():
            kind = self.types.get(name)
            if len(starts) > 1 and name not in self.fixed and isinstance(kind, Num) and kind.dims != ():
                self.rename(name, starts, flat)
        return _rebuilt(stmts, iter(flat))

    def nested(self, stmt: ir.Stmt) -> ir.Stmt:
        if isinstance(stmt, (ir.For, ir.While)):
            return replace(stmt, body=self.block(stmt.body))
        if isinstance(stmt, ir.If):
            return replace(stmt, body=self.block(stmt.body), orelse=self.block(stmt.orelse))
        if isinstance(stmt, (ir.Block, ir.With)):
            return replace(stmt, body=tuple(self.nested(s) for s in stmt.body))
        return stmt

    def rename(self, name: str, starts: Sequence[int], stmts: list[ir.Stmt]) -> None:
        """Rename every range of the name but the last one."""
        for start, end in zip(starts, starts[1:]):
            fresh = self.names.numbered(name.rstrip("0123456789") or name)
            self.types[fresh] = self.kind(name, stmts[start:end])
            stmts[start:end] = (_renamed(s, name, fresh) if name in ir.names(s) else s for s in stmts[start:end])

    def kind(self, name: str, stmts: Sequence[ir.Stmt]) -> Abstract:
        """The type of what the first statement assigns; that of the name where another one assigns it, too."""
        old = self.types[name]
        if any(_binds(s, name) for s in stmts[1:]):
            return old
        found = types.infer(_value(stmts[0]), self.types, [])
        if not isinstance(found, Num) or not isinstance(old, Num) or not found.dims or found.dtype != old.dtype:
            return old
        return replace(found, number=None)


def _symbols(t: Num) -> list[str]:
    return [text for d in t.dims or () if d is not None for text in d.symbols]


def _flat(stmts: Sequence[ir.Stmt]) -> Sequence[ir.Stmt]:
    """The statements, those of blocks one by one."""
    return [s for stmt in stmts for s in (_flat(stmt.body) if isinstance(stmt, ir.Block) else [stmt])]


def _starts(stmts: Sequence[ir.Stmt]) -> dict[str, list[int]]:
    """Where each name is given an array of its own."""
    found: dict[str, list[int]] = {}
    for k, stmt in enumerate(stmts):
        name = _assigned(stmt)
        if name and name not in ir.names(_value(stmt)):
            found.setdefault(name, []).append(k)
    return found


def _assigned(stmt: ir.Stmt) -> str:
    return stmt.target.id if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name) else ""


def _value(stmt: ir.Stmt) -> ir.Expr:
    return stmt.value if isinstance(stmt, ir.Assign) else ir.NONE


def _binds(stmt: ir.Stmt, name: str) -> bool:
    """Whether the statement, or one inside it, may give the name another value."""
    return any(
        isinstance(n, (ir.Assign, ir.For, ir.Augment, ir.Pop)) and n.target is not None and n.target == ir.Name(name)
        or isinstance(n, (ir.Assign, ir.For)) and isinstance(n.target, ir.Tuple) and name in ir.names(n.target)
        for n in ir.walk(stmt)
    )  # fmt: skip


def _renamed(stmt: ir.Stmt, old: str, new: str) -> ir.Stmt:
    def named(node: Any) -> Any:
        if isinstance(node, ir.Name) and node.id == old:
            return replace(node, id=new)
        if isinstance(node, (ir.Push, ir.Pop)) and node.stack == old:
            return replace(node, stack=new)
        return node

    renamed: ir.Stmt = ir.transform(stmt, named)
    return renamed


def _rebuilt(stmts: Sequence[ir.Stmt], new: Iterator[ir.Stmt]) -> tuple[ir.Stmt, ...]:
    """The blocks of before around the new statements."""
    return tuple(replace(s, body=_rebuilt(s.body, new)) if isinstance(s, ir.Block) else next(new) for s in stmts)
