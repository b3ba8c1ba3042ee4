"""copies: a value that is named only to be given its name at once, ``out = np.mean(e); loss = out``, is named once.

Inlined functions leave such pairs: what a function returns gets a name there, and another where it is called. The name
that stays is the second, unless the first is from the file of the function itself and the second is not.

Before and after: a first-order program. Only neighbours are joined, and only where one of the two names occurs nowhere
else, so that nothing is computed in another order and no name for an array is lost that it is changed by.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from srcad import ir
from srcad.program import Program
from srcad.types import Seq

_PARTS = ("body", "orelse", "final")  # of a statement, that are blocks


def copies(program: Program, joins: bool = True) -> Program:
    """The program with such pairs joined. joins: whether they are; lists get their names in any case."""
    program = _lists_named_anew(program)
    if not joins:
        return program
    joiner = _Joiner(program)
    body = joiner.block(program.body)
    body, results = joiner.renamed((body, program.results))
    types = {name: kind for name, kind in program.types.items() if name not in joiner.gone}
    return replace(program, body=body, results=results, types=types)


def _lists_named_anew(program: Program) -> Program:
    """A list that has another name from some statement on, and its first one no more, keeps the first throughout.

    The adjoint of a list is as long as the list is at the time: one name has one adjoint.
    """
    code = (program.body, program.results)
    pair = _second_name(program.body, program, _mentions(code))
    if pair is None:
        return program
    one, other = pair
    body, results = _with_name(code, other, one)
    types = {name: kind for name, kind in program.types.items() if name != other}
    body = _without(body, ir.Assign(ir.Name(one), ir.Name(one)))
    return _lists_named_anew(replace(program, body=body, results=results, types=types))


def _second_name(body: Sequence[ir.Stmt], program: Program, counts: Counter[str]) -> tuple[str, str] | None:
    """The two names of a list, where a block has one before some statement alone, and the other behind it alone.

    counts: how often names occur in the whole program.
    """
    for k, stmt in enumerate(body):
        names = _names_of_a_list(stmt, program)
        if names is not None:
            one, other = names
            before, behind = _mentions(body[:k]), _mentions((body[k + 1 :], program.results))
            again = any(other in _assigned(n) for n in ir.walk(tuple(body[k + 1 :])))
            if not again and before[one] + 1 == counts[one] and behind[other] + 1 == counts[other]:
                return names
        for part in _PARTS:
            found = _second_name(getattr(stmt, part, ()), program, counts)
            if found is not None:
                return found
    return None


def _names_of_a_list(stmt: ir.Stmt, program: Program) -> tuple[str, str] | None:
    """(a, b) of ``b = a``, both lists of the program's own."""
    if not isinstance(stmt, ir.Assign) or not isinstance(stmt.target, ir.Name) or not isinstance(stmt.value, ir.Name):
        return None
    names = stmt.value.id, stmt.target.id
    kept = {i.name for i in program.inputs} | {name for _, name in program.updates} | set(program.written)
    lists = all(isinstance(program.types.get(name), Seq) for name in names)
    return names if lists and not kept & set(names) else None


def _mentions(code: Any) -> Counter[str]:
    nodes = list(ir.walk(tuple(code)))
    found = Counter(n.id for n in nodes if isinstance(n, ir.Name))
    found.update(n.stack for n in nodes if isinstance(n, (ir.Push, ir.Pop)))
    return found


def _without(body: Sequence[ir.Stmt], gone: ir.Stmt) -> tuple[ir.Stmt, ...]:
    kept: list[Any] = [stmt for stmt in body if stmt != gone]
    parts = [{f: _without(getattr(s, f), gone) for f in _PARTS if getattr(s, f, ())} for s in kept]
    return tuple(replace(stmt, **own) if own else stmt for stmt, own in zip(kept, parts, strict=True))


def _with_name(code: Any, old: str, new: str) -> Any:
    def visit(node: Any) -> Any:
        if isinstance(node, ir.Name) and node.id == old:
            return replace(node, id=new)
        return replace(node, stack=new) if isinstance(node, (ir.Push, ir.Pop)) and node.stack == old else node

    return ir.transform(code, visit)


class _Joiner:
    """gone: names that no longer occur; new: for those of them that were read elsewhere, the names that stay."""

    def __init__(self, program: Program) -> None:
        nodes = list(ir.walk((program.body, program.results)))
        counts = Counter(n.id for n in nodes if isinstance(n, ir.Name))
        values = Counter(name for n in nodes for name in _assigned(n))
        kept = {i.name for i in program.inputs} | {name for _, name in program.updates} | set(program.written)
        kept |= program.parts | program.unstable | set(program.flat) | set(program.flat.values())
        kept |= {n.stack for n in nodes if isinstance(n, (ir.Push, ir.Pop))}
        self.once = {name for name, count in counts.items() if count == 2} - kept
        self.single = {name for name, count in values.items() if count == 1} - kept
        self.home = program.loc.source.file if program.loc is not None else None
        self.gone: set[str] = set()
        self.new: dict[str, str] = {}

    def block(self, stmts: tuple[ir.Stmt, ...]) -> tuple[ir.Stmt, ...]:
        done: list[ir.Stmt] = []
        for stmt in stmts:
            parts: dict[str, Any] = {f: self.block(getattr(stmt, f)) for f in _PARTS if getattr(stmt, f, ())}
            stmt = replace(stmt, **parts) if parts else stmt
            if not (done and self.joins(done, stmt)):
                done.append(stmt)
        return tuple(done)

    def joins(self, done: list[ir.Stmt], second: ir.Stmt) -> bool:
        """Whether a statement only names anew what the one before it, the last of `done`, has named."""
        first = done[-1]
        if not isinstance(first, ir.Assign) or not isinstance(second, ir.Assign) or second.value != first.target:
            return False
        if not isinstance(first.target, ir.Name) or not isinstance(second.target, ir.Name):
            return False
        one, other = first.target.id, second.target.id
        if one not in self.once:
            return False
        if other in self.single and self.at_home(first) and not self.at_home(second):
            self.new[other] = one
            self.once -= {one}
            self.gone.add(other)
        else:
            done[-1] = replace(first, target=second.target)
            self.gone.add(one)
        return True

    def at_home(self, stmt: ir.Assign) -> bool:
        return stmt.loc is not None and stmt.loc.source.file == self.home

    def renamed(self, code: Any) -> Any:
        def visit(node: Any) -> Any:
            while isinstance(node, ir.Name) and node.id in self.new:
                node = replace(node, id=self.new[node.id])
            return node

        return ir.transform(code, visit) if self.new else code


def _assigned(node: Any) -> set[str]:
    if (
        isinstance(node, (ir.Assign, ir.For))
        or isinstance(node, (ir.Augment, ir.Pop))
        and isinstance(node.target, ir.Name)
    ):
        return ir.names(node.target)
    return set()
