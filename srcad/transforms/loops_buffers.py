"""Variables of the pass's own: those that nobody reads go, those that every iteration of a loop allocates anew are
allocated once, before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from srcad import ir, routines
from srcad.transforms import alias, loops_order
from srcad.transforms.liveness import live_before
from srcad.transforms.loops_memory import Memory
from srcad.types import Abstract

Stmts = tuple[ir.Stmt, ...]
ALLOCATIONS = (ir.Ref("numpy.empty"), ir.Ref("numpy.zeros"))


def unread_dropped(stmts: Stmts, results: set[str], made: set[str]) -> Stmts:
    """The statements without variables of `made` that are never read.

    Elements written into an array that was allocated under such a name are not reads of it. Loops that are empty then
    go, too, unless their counters are read behind them.
    """
    own = made - _shared(stmts)
    while True:
        read: Counter[str] = Counter()
        for stmt in stmts:
            _count_reads(stmt, own, read)
        gone = {name for name in made if not read[name]} - results
        new = _dropped(stmts, gone, loops_order.outliving(stmts, results)) if gone else stmts
        if new == stmts:
            return stmts
        stmts = new


def _shared(stmts: Stmts) -> set[str]:
    """Variables that hold something else than arrays allocated for them."""
    found = set()
    for node in ir.walk(stmts):
        if isinstance(node, ir.Assign):
            allocates = isinstance(node.value, ir.Call) and node.value.fn in ALLOCATIONS
            found |= set() if allocates else ir.names(node.target)
    return found


def _count_reads(node: Any, own: set[str], read: Counter[str]) -> None:
    """Mentions of variables, but for where they are set or elements of their own arrays are."""
    if isinstance(node, (ir.Assign, ir.Store, ir.Augment)) and isinstance(node.target, (ir.Name, ir.Index)):
        base = node.target
        if isinstance(base, ir.Index) and isinstance(base.base, ir.Name) and base.base.id in own:
            for item in base.items:
                _count_reads(item, own, read)
        elif not isinstance(base, ir.Name):
            _count_reads(base, own, read)
        _count_reads(node.value, own, read)
    elif isinstance(node, ir.Name):
        read[node.id] += 1
    else:
        read.update([node.stack] if isinstance(node, (ir.Push, ir.Pop)) else [])
        for child in ir.children(node):
            _count_reads(child, own, read)


def _dropped(stmts: Stmts, gone: set[str], lasting: set[str]) -> Stmts:
    out: list[ir.Stmt] = []
    for stmt in stmts:
        if isinstance(stmt, (ir.Assign, ir.Store, ir.Augment)) and _target(stmt) in gone:
            continue
        if isinstance(stmt, (ir.For, ir.While, ir.Block, ir.With)):
            body = _dropped(stmt.body, gone, lasting)
            lasts = isinstance(stmt, ir.For) and bool(ir.names(stmt.target) & lasting)
            if not body and isinstance(stmt, (ir.For, ir.Block)) and stmt.body and not lasts:
                continue
            stmt = replace(stmt, body=body)
        elif isinstance(stmt, ir.If):
            stmt = replace(stmt, body=_dropped(stmt.body, gone, lasting), orelse=_dropped(stmt.orelse, gone, lasting))
        out.append(stmt)
    return tuple(out)


def _target(stmt: ir.Assign | ir.Store | ir.Augment) -> str:
    """The variable that a statement sets, or sets an element of."""
    base = stmt.target.base if isinstance(stmt.target, ir.Index) else stmt.target
    return base.id if isinstance(base, ir.Name) else ""


def hoisted(
    stmts: Sequence[ir.Stmt],
    known: dict[str, Abstract],
    kept: set[str],
    memory: Memory,
    given: Sequence[str],
    live: set[str],
) -> Stmts:
    """The statements with buffers moved out of their loops. kept: arrays whose zeros at the borders stay zeros.

    given, live: variables that are set before, and read behind, the statements.
    """
    before: Stmts = ()
    found = tuple(stmts)
    while found != before:  # a buffer of one loop, moved out, may say how large another one's is
        before = found
        hoister = _Hoister(known, kept, memory, Counter([*_bound(found), *given]))
        found = hoister.block(found, live, {*given, *_certain(found)})
    return found


@dataclass
class _Hoister:
    """bound: how many statements of the program set each variable."""

    known: dict[str, Abstract]
    kept: set[str]
    memory: Memory
    bound: Counter[str]

    def block(self, stmts: Sequence[ir.Stmt], live: set[str], certain: set[str]) -> Stmts:
        out: list[ir.Stmt] = []
        for stmt in reversed(stmts):
            before = live_before((stmt,), live)
            out[:0] = self.statement(stmt, before, live, certain)
            live = before
        return tuple(out)

    def statement(self, stmt: ir.Stmt, before: set[str], after: set[str], certain: set[str]) -> list[ir.Stmt]:
        if isinstance(stmt, (ir.For, ir.While)):
            # before: at the loop's head, where it begins again
            body = self.block(stmt.body, before, certain | _certain(stmt.body))
            buffers = [
                b
                for b in _buffers(replace(stmt, body=body), self.known, self.memory)
                if self.ends(b, body, after) and ir.names(b) <= {*certain, _name(b)}
            ]
            first = [b if _name(b) in self.kept else _empty(b) for b in buffers]
            return [*first, replace(stmt, body=_without(body, buffers, self.kept))]
        if isinstance(stmt, ir.If):
            body, orelse = (self.block(part, after, certain | _certain(part)) for part in (stmt.body, stmt.orelse))
            return [replace(stmt, body=body, orelse=orelse)]
        if isinstance(stmt, (ir.Block, ir.With)):
            return [replace(stmt, body=self.block(stmt.body, after, certain))]
        return [stmt]

    def ends(self, buffer: ir.Stmt, body: Stmts, after: set[str]) -> bool:
        """Whether a loop that does not run at all leaves nothing in the variable that is read later."""
        name = _name(buffer)
        return name not in after or self.bound[name] == _bound(body).count(name)


def _certain(stmts: Sequence[ir.Stmt]) -> set[str]:
    """The variables that a block sets whatever happens: not in a loop that may not run, nor on a branch."""
    found: set[str] = set()
    for stmt in ir.flat(stmts):
        if isinstance(stmt, ir.With):
            found |= _certain(stmt.body)
        elif not isinstance(stmt, (ir.For, ir.While, ir.If)):
            found |= set(_bound(stmt))
    return found


def _buffers(loop: ir.For | ir.While, known: dict[str, Abstract], memory: Memory) -> list[ir.Stmt]:
    """Allocations in the loop's own body that are the same in every iteration and of arrays that stay in it."""
    bound = _bound(loop)
    found: list[ir.Stmt] = []
    for stmt in ir.flat(loop.body):
        if (
            not isinstance(stmt, ir.Assign)
            or not isinstance(stmt.target, ir.Name)
            or not isinstance(stmt.value, ir.Call)
        ):
            continue
        name = stmt.target.id
        made = stmt.value.fn in ALLOCATIONS
        same = sum(s == stmt for s in ir.flat(loop.body))
        fixed = not memory.used(stmt.value) & set(bound) and bound.count(name) == same and stmt not in found
        if made and fixed and not _leaves(name, loop, known):
            found.append(stmt)
    return found


def _bound(code: Any) -> list[str]:
    """Variables that some code sets, once for every statement that does."""
    found: list[str] = []
    for node in ir.walk(code):
        if isinstance(node, (ir.Assign, ir.For)):
            found += sorted(ir.names(node.target))
        elif isinstance(node, (ir.Augment, ir.Pop)) and isinstance(node.target, ir.Name):
            found.append(node.target.id)
        if isinstance(node, (ir.Push, ir.Pop)):
            found.append(node.stack)
    return found


def _leaves(name: str, loop: ir.For | ir.While, known: dict[str, Abstract]) -> bool:
    """Whether the array may be kept beyond its iteration, or is read before it is allocated."""
    for node in ir.walk(loop.body):
        if isinstance(node, (ir.Assign, ir.Push)) and name in alias.shares(node.value, known):
            return True
        if (isinstance(node, (ir.Do, ir.With)) or routines.called(node) is not None) and name in ir.names(node):
            return True
    before = []
    for stmt in ir.flat(loop.body):
        if isinstance(stmt, ir.Assign) and stmt.target == ir.Name(name):
            break
        before.append(stmt)
    return name in ir.names(tuple(before))


def _without(stmts: Stmts, gone: Sequence[ir.Stmt], kept: set[str]) -> Stmts:
    """The statements without these allocations; zeros that are overwritten are set anew."""
    out: list[ir.Stmt] = []
    for stmt in stmts:
        if isinstance(stmt, ir.Block):
            out.append(replace(stmt, body=_without(stmt.body, gone, kept)))
        elif stmt not in gone:
            out.append(stmt)
        elif _is_zeros(stmt) and _name(stmt) not in kept:
            out.append(ir.Store(ir.Index(ir.Name(_name(stmt)), (ir.Slice(None, None),)), ir.ZERO))
    return tuple(out)


def _name(stmt: ir.Stmt) -> str:
    assert isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name)
    return stmt.target.id


def _is_zeros(stmt: ir.Stmt) -> bool:
    return isinstance(stmt, ir.Assign) and isinstance(stmt.value, ir.Call) and stmt.value.fn == ir.Ref("numpy.zeros")


def _empty(stmt: ir.Stmt) -> ir.Stmt:
    assert isinstance(stmt, ir.Assign) and isinstance(stmt.value, ir.Call)
    return replace(stmt, value=replace(stmt.value, fn=ir.Ref("numpy.empty")))
