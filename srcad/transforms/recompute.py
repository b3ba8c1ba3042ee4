"""recompute: what an iteration computes cheaply from values that stay is computed again instead of recorded.

``v = b[k]`` in a loop that writes neither b nor k: the reverse sweep reads b[k] again, or copies ``b[k:k + 3]`` again.
If a loop around writes b, that is undone before, and what it overwrites is recorded there instead, where that is less.
Results of divisions and of functions are recorded: to compute them a second time costs more than to read them
(measured: Tapenade's choice, too).
"""

from __future__ import annotations

import collections
from collections.abc import Sequence, Set
from typing import TYPE_CHECKING, Any

from srcad import ir, types
from srcad.transforms.effects import killed
from srcad.transforms.sweep import Step, primals
from srcad.types import Num

if TYPE_CHECKING:
    from srcad.transforms.record import Recorder
    from srcad.transforms.saving import Around

MOST_NUMBER = 6  # operations on numbers that are cheaper than a value kept and read back
MOST_ARRAY = 1  # the same of arrays, whose result takes memory
_EXACT = frozenset("+ - *".split())
_OF_INTEGERS = _EXACT | {"//", "%"}
_FREE_CALLS = frozenset({"builtins.len", "numpy.copy", "numpy.roll"})


def again(recorder: Recorder, steps: Sequence[Any], own: Set[str], needed: Set[str], around: Around) -> list[ir.Assign]:
    """How the reverse sweep computes `needed` variables of an iteration again, in order; without those to be kept.

    own: the variables that live in an iteration, some of which may be computed on the way.
    """
    every = {n: s for n, s in _definitions(steps, own).items() if n not in recorder.written}
    late = _read_before_a_change(recorder, steps)
    cheap = {n: s for n, s in every.items() if n not in late and _is_cheap(recorder, s.value)}
    kept = needed & (set(every) - set(cheap))  # brought back before anything is computed
    changed = _changed(recorder) - around.counters - kept
    lasting, found = _readable(cheap, changed), _readable(cheap, _changed_in(recorder, steps) & changed)
    if len(found) == len(lasting):
        return _leading_to(lasting, needed)
    more = _leading_to(found, needed)
    given_back = {n for s in more for n in ir.names(s.value)} & changed - set(found)
    spared = [s for s in more if ir.names(s.target) <= needed and not ir.names(s.target) <= set(lasting)]
    if given_back and _pays(recorder, given_back, spared, len(around.loops)):
        return more
    return _leading_to(lasting, needed)


def _readable(cheap: dict[str, ir.Assign], changed: Set[str]) -> dict[str, ir.Assign]:
    """Definitions that read nothing that has changed when they are computed again."""
    found: dict[str, ir.Assign] = {}
    for name, stmt in cheap.items():
        if not ir.names(stmt.value) & (changed - set(found)):
            found[name] = stmt
    return found


def _pays(recorder: Recorder, given_back: Set[str], spared: Sequence[ir.Assign], loops: int) -> bool:
    """Whether to save what is overwritten of the variables `given_back`, so that they can be read in the reverse sweep,
    is less than to save the `spared` ones in each iteration of so many loops: it is done in fewer loops, counting an
    axis as one, or in as many for fewer variables."""
    if not spared or not all(_is_lasting(recorder, name) for name in given_back):
        return False
    most = max((_cost(recorder, name) for name in given_back), default=0)
    least = min(loops + len(recorder.sweep.shapes.of(s.target).dims or ()) for s in spared)
    return most < least or most == least and len(given_back) < len(spared)


def _is_lasting(recorder: Recorder, name: str) -> bool:
    """Whether a variable holds numbers of one shape throughout, under no other name."""
    kind = recorder.types.get(name)
    is_number = isinstance(kind, Num) and kind.dims is not None and kind.dtype is not None
    return is_number and not recorder.aliases.get(name) and (not kind.dims or recorder.is_steady(name))  # type: ignore[union-attr]


def _cost(recorder: Recorder, name: str) -> int:
    """The loops around, and the axes of, the largest part of a variable that a statement of a loop overwrites."""
    kind = recorder.types[name]

    def most(stmts: Sequence[ir.Stmt], depth: int) -> int:
        found = 0
        for stmt in stmts:
            if isinstance(stmt, (ir.For, ir.While)):
                own = depth + 1 if isinstance(stmt, ir.For) and name in ir.names(stmt.target) else 0
                found = max(found, own, most(stmt.body, depth + 1))
            elif isinstance(stmt, (ir.If, ir.With, ir.Block)):
                orelse = stmt.orelse if isinstance(stmt, ir.If) else ()
                found = max(found, most((*stmt.body, *orelse), depth))
            elif depth and name in set().union(*killed(stmt)):
                target = getattr(stmt, "target", None)
                place = target if isinstance(target, ir.Index) else ir.Name(name)
                own_axes = recorder.sweep.shapes.of(place).dims
                axes = getattr(kind, "dims", ()) if own_axes is None else own_axes
                found = max(found, depth + len(axes or ()))
        return found

    return most(recorder.every, 0)


def _leading_to(found: dict[str, ir.Assign], needed: Set[str]) -> list[ir.Assign]:
    """Those of the definitions, in order, that the needed ones take."""
    wanted = set(needed)
    for name in reversed(found):
        wanted |= ir.names(found[name].value) if name in wanted else set()
    return [stmt for name, stmt in found.items() if name in wanted]


def _changed(recorder: Recorder) -> set[str]:
    """Variables that the outermost loop at hand sets, or whose arrays it writes into."""
    stored = recorder.stored
    return recorder.moving | stored | {a for name in stored for a in recorder.aliases.get(name, ())}


def _changed_in(recorder: Recorder, steps: Sequence[Any]) -> set[str]:
    """Variables that steps set, or whose arrays they write into."""
    found: set[str] = set()
    for node in (
        n for step in steps for s in primals(step) for n in ir.walk(s) if not isinstance(n, (ir.Name, ir.Ref))
    ):
        full, partial = killed(node)
        found |= full | _counter(node) | {a for name in partial for a in (name, *recorder.aliases.get(name, ()))}
    return found


def _definitions(steps: Sequence[Any], names: Set[str]) -> dict[str, ir.Assign]:
    """The one assignment to each of `names` that has no other, where it stands in the iteration itself."""

    every = [s for step in steps for s in primals(step)]
    counts = collections.Counter(n for s in every for n in (killed(s)[0] | _counter(s)))
    own = [s.primal for s in steps if isinstance(s, Step) and isinstance(s.primal, ir.Assign)]
    single = {s.target.id: s for s in own if isinstance(s.target, ir.Name)}
    return {name: stmt for name, stmt in single.items() if name in names and counts[name] == 1}


def _read_before_a_change(recorder: Recorder, steps: Sequence[Any]) -> set[str]:
    """Variables set from a list that a later step of the iteration changes: at its end ``len(items)`` is another."""
    found: set[str] = set()
    changed: set[str] = set()
    for step in reversed(steps):
        if isinstance(step, Step) and isinstance(step.primal, ir.Assign) and ir.names(step.primal.value) & changed:
            found |= ir.names(step.primal.target)
        stacks = {n.stack for s in primals(step) for n in ir.walk(s) if isinstance(n, (ir.Push, ir.Pop))}
        changed |= stacks | {other for stack in stacks for other in recorder.aliases.get(stack, ())}
    return found


def _counter(stmt: ir.Stmt) -> frozenset[str]:
    return frozenset(ir.names(stmt.target)) if isinstance(stmt, ir.For) else frozenset()


def may_be_again(expr: ir.Expr) -> bool:
    """Whether the reverse sweep might compute this again, in a loop."""
    calls = [n for n in ir.walk(expr) if isinstance(n, ir.Call)]
    return all(isinstance(n.fn, ir.Ref) and n.fn.path in _FREE_CALLS for n in calls)


def _is_cheap(recorder: Recorder, expr: ir.Expr) -> bool:
    kind = recorder.sweep.shapes.of(expr)
    if not isinstance(kind, Num) or kind.dims is None:
        return False
    indices = {id(n) for place in ir.walk(expr) if isinstance(place, ir.Index) for n in ir.walk(place.items)}
    most = MOST_ARRAY if kind.dims else MOST_NUMBER
    operations = 0
    for node in ir.walk(expr):
        if isinstance(node, (ir.Binary, ir.Unary)):
            of_integers = types.is_integer(kind) or id(node) in indices
            if (
                node.op not in (_OF_INTEGERS if of_integers else _EXACT)
                or isinstance(node, ir.Unary)
                and node.op != "-"
            ):
                return False
            operations += not kind.dims or id(node) not in indices  # where an array begins costs nothing beside it
        elif isinstance(node, ir.Call):
            if not isinstance(node.fn, ir.Ref) or node.fn.path not in _FREE_CALLS:
                return False
        elif not isinstance(node, (ir.Name, ir.Const, ir.Index, ir.Slice, ir.Attr, ir.Ref, ir.Tuple)):
            return False
    return operations <= most and not selects(recorder, expr)


def selects(recorder: Recorder, expr: ir.Expr) -> bool:
    """Whether an index is an array: what it selects is a copy."""
    indices = [item for n in ir.walk(expr) if isinstance(n, ir.Index) for item in n.items]
    kinds = [recorder.sweep.shapes.of(i) for i in indices if not isinstance(i, (ir.Slice, ir.Const, ir.Tuple))]
    return any(not isinstance(k, Num) or k.dims != () for k in kinds)
