"""Loops over ``srcad.checkpoint(...)``: a two-level loop that keeps one state for each stretch of steps.

The forward sweep keeps the state before each stretch (`Segment`) and records nothing inside it; the reverse sweep
brings that state back, runs the stretch once more with everything recorded, and then its adjoint. Memory falls from n
states to about ``n / every + every`` for one more forward sweep (Griewank and Walther, Evaluating Derivatives, 2008,
chapter 12).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from srcad import ir, routines
from srcad.transforms import activity
from srcad.transforms.effects import killed
from srcad.transforms.reverse import Reverser
from srcad.transforms.saving import Around, Stmts
from srcad.transforms.sweep import Branch, Loop, Segment, Step, nested
from srcad.types import Abstract, Num, Seq

if TYPE_CHECKING:
    from srcad.transforms.record import Recorder

FIRST, ONE = ir.Const(0), ir.Const(1)
INT = Num("int64", (), True)
_DRAWS = ("numpy.random.", "random.")


# ---- reverse: one loop becomes two ----


def split(rev: Reverser, stmt: ir.For) -> Sequence[Any] | None:
    """The steps of a checkpointed loop; None where its states cannot be brought back, and all are kept instead."""
    assert isinstance(stmt.iter, ir.Call) and isinstance(stmt.target, ir.Name)
    start, stop, step = stmt.iter.args
    if stmt.stop is not None or step != ONE or not can_run_again(rev.shapes.types, stmt.body):
        return None
    every, chunk = rev.fresh("every", "int64"), rev.fresh("chunk", "int64")
    steps: list[Any] = []
    first, last = (_kept(rev, bound, name, stmt, steps) for bound, name in ((start, "start"), (stop, "stop")))
    extent = last if first == FIRST else ir.Binary("-", last, first)
    steps.append(Step(ir.Assign(ir.Name(every), _every(stmt.every, extent), loc=stmt.loc)))
    size, begin, end = ir.Name(every), ir.Name(rev.fresh("begin", "int64")), ir.Name(rev.fresh("end", "int64"))
    before = ir.Binary("*", ir.Name(chunk), size)
    bounds = (
        ir.Assign(begin, before if first == FIRST else ir.Binary("+", first, before)),
        ir.Assign(end, ir.call("builtins.min", ir.Binary("+", begin, size), last)),
    )
    inner = ir.For(stmt.target, _range(begin, end), stmt.body, pragma=stmt.pragma, loc=stmt.loc)
    before_last = ir.Const(extent.value - 1) if isinstance(extent, ir.Const) else ir.Binary("-", extent, ONE)
    count = ir.Name(rev.fresh("chunks", "int64"))
    steps.append(Step(ir.Assign(count, ir.Binary("+", ir.Binary("//", before_last, size), ONE), loc=stmt.loc)))
    outer = ir.For(ir.Name(chunk), _range(FIRST, count), (*bounds, inner), loc=stmt.loc)
    return [*steps, Loop(outer, (Segment((*map(Step, bounds), *rev.loop(inner))),))]


def _kept(rev: Reverser, bound: ir.Expr, name: str, stmt: ir.For, steps: list[Any]) -> ir.Expr:
    """A bound of the loop under a name, where its body changes what it is computed from."""
    if not ir.names(bound) & changed(stmt.body):
        return bound
    new = ir.Name(rev.fresh(name, "int64"))
    steps.append(Step(ir.Assign(new, bound, loc=stmt.loc)))
    return new


def _every(given: ir.Expr | None, extent: ir.Expr) -> ir.Expr:
    if given is None or given == ir.NONE:
        root = ir.Binary("**", ir.call("builtins.max", extent, ONE), ir.Const(0.5))
        return ir.call("builtins.int", root)
    return given if isinstance(given, ir.Const) else ir.call("builtins.max", given, ONE)


def _range(start: ir.Expr, stop: ir.Expr) -> ir.Call:
    return ir.Call(ir.Ref("builtins.range"), (start, stop, ONE))


def can_run_again(known: Mapping[str, Abstract], body: tuple[ir.Stmt, ...]) -> bool:
    """Whether running a loop's body twice gives the same: no draws, no lists that grow, no calls that write."""
    if any(isinstance(known.get(name), Seq) for name in changed(body)):
        return False
    return not any(isinstance(n, ir.Ref) and _draws(n) for n in ir.walk(body))


def _draws(ref: ir.Ref) -> bool:
    """Whether a call may draw, or may write into what it is handed: a function of the user's, a recursion."""
    return ref.path.startswith((*_DRAWS, "user:", routines.PREFIX))


def changed(body: Iterable[ir.Stmt]) -> set[str]:
    """Variables that statements set or write into."""
    found: set[str] = set()
    for node in ir.walk(tuple(body)):
        if isinstance(node, ir.For):
            found |= ir.names(node.target)
        elif not isinstance(node, (ir.Name, ir.Ref)):
            full, partial = killed(node)
            found |= full | partial
    return found


# ---- record: what a stretch keeps, and how it is run again ----


def replayed(
    recorder: Recorder, step: Segment, need: frozenset[str], around: Around, final: bool
) -> tuple[Stmts, Stmts, frozenset[str]]:
    """As `Recorder.block`, of a stretch that is run again."""
    primal = tuple(s for child in step.body for s in nested(child))
    touched = changed(primal)
    if any(recorder.aliases.get(name) for name in touched):
        return recorder.block(step.body, need, around, final)
    outer, moving, before = recorder.storage, recorder.moving, set(recorder.defined)
    again, back, read = recorder.block(step.body, need, Around(), final)
    recorder.storage, recorder.moving, recorder.defined = outer, moving, before
    if not back:
        return list(primal), [], need
    state = frozenset(exposed(step.body)[0])
    after = (need | state | read) - touched
    lost = sorted(touched & (need | state))
    if not final:
        return [], back, after
    saves, restores = [], []
    rebound = _rebound(primal)
    for name in lost:
        place = ir.Name(name) if name in rebound else ir.Index(ir.Name(name), (ir.ELLIPSIS,))
        save, restore = recorder.save_place(name, place, around, False, "kept")
        saves.append(save)
        restores.append(restore)
    again = [ir.Block("the steps again, from what was kept", tuple(leading_to(ir.names(tuple(back)), silent(again))))]
    return [*saves, *primal], [*restores, *again, *back], after


def leading_to(names: Set[str], stmts: Sequence[ir.Stmt]) -> Stmts:
    """Of statements that run again, those that make something which a later one reads, or that is among `names`."""
    live = set(names)
    found: Stmts = []
    for stmt in reversed(stmts):
        if isinstance(stmt, ir.Assign):
            targets = ir.names(stmt.target)
            if not targets & live:
                continue
            live -= targets if isinstance(stmt.target, (ir.Name, ir.Tuple)) else set()
            live |= ir.names(stmt.value)
        elif not isinstance(stmt, (ir.Store, ir.Augment)) or activity.root(stmt.target) in live:
            live |= ir.names(stmt)
        else:
            continue
        found.append(stmt)
    return found[::-1]


def _rebound(body: tuple[ir.Stmt, ...]) -> set[str]:
    """Variables that are set, and not only written into."""
    targets = [n.target for n in ir.walk(body) if isinstance(n, (ir.Assign, ir.Augment, ir.For))]
    return {name for target in targets if not isinstance(target, ir.Index) for name in ir.names(target)}


def exposed(steps: Sequence[Any], known: frozenset[str] = frozenset()) -> tuple[set[str], frozenset[str]]:
    """(variables that steps may read before they set them, variables that are set for certain after them)."""

    found: set[str] = set()
    for step in steps:
        if isinstance(step, Step):
            full, _ = killed(step.primal)
            own = step.primal.target if isinstance(step.primal, ir.Assign) else None
            found |= ir.names(step.primal.value if own is not None else step.primal) - known  # type: ignore[union-attr]
            known |= full
        elif isinstance(step, Branch):
            arms = [exposed(arm, known) for arm in (step.body, step.orelse)]
            found |= (ir.names(step.primal.test) - known) | arms[0][0] | arms[1][0]
            known |= arms[0][1] & arms[1][1]
        elif isinstance(step, Loop):
            head = step.primal.iter if isinstance(step.primal, ir.For) else step.primal.test
            counter = ir.names(step.primal.target) if isinstance(step.primal, ir.For) else frozenset()
            inside, _ = exposed(step.body, known | counter)
            found |= (ir.names(head) - known) | inside
            found |= ir.names(step.primal.stop) - known - counter if step.primal.stop is not None else set()
        else:
            inside, known = exposed(step.body, known)
            found |= inside
    return found, known


def silent(stmts: Sequence[ir.Stmt]) -> Stmts:
    """Without what prints: it was printed the first time."""

    def quiet(body: tuple[ir.Stmt, ...]) -> tuple[ir.Stmt, ...]:
        return tuple(s for s in body if not _prints(s))

    def visit(node: Any) -> Any:
        if isinstance(node, (ir.For, ir.While, ir.Block, ir.With)):
            return replace(node, body=quiet(node.body))
        if isinstance(node, ir.If):
            return replace(node, body=quiet(node.body), orelse=quiet(node.orelse))
        return node

    return [ir.transform(s, visit) for s in stmts if not _prints(s)]


def _prints(stmt: ir.Stmt) -> bool:
    call = stmt.value if isinstance(stmt, ir.Do) else None
    return isinstance(call, ir.Call) and isinstance(call.fn, ir.Ref) and call.fn not in activity.ADDING
