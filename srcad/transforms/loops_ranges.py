"""Names that hold one array after the other become several names, one for each array.

The adjoints of statements share the names of their parts (``g``, ``t``). For loops that is a chain of dependences with
no meaning: a nest that reads the first ``g`` may not move behind the one that makes the second, and no ``g`` is a mere
number as long as another nest mentions the name. Between two assignments of a name in one list of statements, whatever
it holds is private to them, and may have a name of its own. So may what a loop's body assigns before it reads it, where
nobody reads it behind the iteration.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from srcad import ir, types
from srcad.naming import Names
from srcad.program import Program
from srcad.transforms.liveness import live_before
from srcad.types import Abstract, Num


def apart(program: Program) -> Program:
    """The program with a name for each array that ends where its name is assigned again."""
    spoken_of = " ".join(text for t in program.types.values() if isinstance(t, Num) for text in _symbols(t))
    fixed = {i.name for i in program.inputs} | set(re.findall(r"\w+", spoken_of))
    ranges = Ranges(Names(program.names()), dict(program.types), fixed, _mentions(program.body))
    live = ir.names(program.results) | {name for _, name in program.updates}
    return replace(program, body=ranges.block(program.body, live), types=ranges.types)


@dataclass
class Ranges:
    """types: of the program's variables, and of the new ones. fixed: variables that types speak of. mentions: how often
    each variable is mentioned in the program."""

    names: Names
    types: dict[str, Abstract]
    fixed: set[str]
    mentions: Counter[str]

    def block(self, stmts: Sequence[ir.Stmt], live: set[str]) -> tuple[ir.Stmt, ...]:
        """live: variables that are read behind the statements."""
        stmts = self.each(stmts, live)
        flat = [*ir.flat(stmts)]
        for name, starts in _starts(flat).items():
            if len(starts) > 1 and self.is_free(name):
                self.rename(name, starts, flat)
        return _rebuilt(stmts, iter(flat))

    def each(self, stmts: Sequence[ir.Stmt], live: set[str]) -> tuple[ir.Stmt, ...]:
        behind = [live]
        for stmt in reversed(stmts):
            behind.append(live_before((stmt,), behind[-1]))
        return tuple(self.nested(s, after) for s, after in zip(stmts, behind[-2::-1], strict=True))

    def nested(self, stmt: ir.Stmt, live: set[str]) -> ir.Stmt:
        if isinstance(stmt, (ir.For, ir.While)):
            head = live_before((stmt,), live)
            return replace(stmt, body=self.own(self.block(stmt.body, head), head))
        if isinstance(stmt, ir.If):
            return replace(stmt, body=self.block(stmt.body, live), orelse=self.block(stmt.orelse, live))
        if isinstance(stmt, (ir.Block, ir.With)):
            return replace(stmt, body=self.each(stmt.body, live))
        return stmt

    def own(self, body: tuple[ir.Stmt, ...], live: set[str]) -> tuple[ir.Stmt, ...]:
        """A loop's body with names of its own for arrays that live in one iteration. live: what is read behind it."""
        flat = [*ir.flat(body)]
        for name, starts in _starts(flat).items():
            own = _mentions(flat[starts[0] :])[name]
            if name not in live and self.mentions[name] > own and self.is_free(name):
                self.rename(name, [starts[0], len(flat)], flat)
                self.mentions[name] -= own
        return _rebuilt(body, iter(flat))

    def is_free(self, name: str) -> bool:
        kind = self.types.get(name)
        return name not in self.fixed and isinstance(kind, Num) and kind.dims != ()

    def rename(self, name: str, starts: Sequence[int], stmts: list[ir.Stmt]) -> None:
        """Rename every range of the name but the one that begins last."""
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


def _mentions(stmts: Sequence[ir.Stmt]) -> Counter[str]:
    return Counter(node.id for node in ir.walk(tuple(stmts)) if isinstance(node, ir.Name))


def _symbols(t: Num) -> list[str]:
    return [text for d in t.dims or () if d is not None for text in d.symbols]


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
