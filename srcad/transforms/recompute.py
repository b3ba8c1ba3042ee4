"""recompute: what an iteration computes cheaply from values that stay is computed again instead of recorded.

``v = b[k]`` in a loop that writes neither b nor k: the reverse sweep reads b[k] again. Results of divisions and of
functions are recorded: to compute them a second time costs more than to read them (measured: Tapenade's choice, too).
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
    from srcad.transforms.record import Around, Recorder

MOST_NUMBER = 4  # operations on numbers that are cheaper than a value kept and read back
MOST_ARRAY = 1  # the same of arrays, whose result takes memory
_EXACT = frozenset("+ - *".split())
_OF_INTEGERS = _EXACT | {"//", "%"}
_FREE_CALLS = frozenset({"builtins.len"})


def again(recorder: Recorder, steps: Sequence[Any], own: Set[str], needed: Set[str], around: Around) -> list[ir.Assign]:
    """How the reverse sweep computes `needed` variables of an iteration again, in order; without those to be kept.

    own: the variables that live in an iteration, some of which may be computed on the way.
    """
    changed = _changed(recorder) - around.counters
    found: dict[str, ir.Assign] = {}
    for name, stmt in _definitions(steps, own).items():
        reads = ir.names(stmt.value)
        if not reads & (changed - set(found)) and name not in recorder.written:
            if _is_cheap(recorder, stmt.value):
                found[name] = stmt
    return _leading_to(found, needed)


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


def _definitions(steps: Sequence[Any], names: Set[str]) -> dict[str, ir.Assign]:
    """The one assignment to each of `names` that has no other, where it stands in the iteration itself."""

    every = [s for step in steps for s in primals(step)]
    counts = collections.Counter(n for s in every for n in (killed(s)[0] | _counter(s)))
    own = [s.primal for s in steps if isinstance(s, Step) and isinstance(s.primal, ir.Assign)]
    single = {s.target.id: s for s in own if isinstance(s.target, ir.Name)}
    return {name: stmt for name, stmt in single.items() if name in names and counts[name] == 1}


def _counter(stmt: ir.Stmt) -> frozenset[str]:
    return frozenset(ir.names(stmt.target)) if isinstance(stmt, ir.For) else frozenset()


def _is_cheap(recorder: Recorder, expr: ir.Expr) -> bool:
    kind = recorder.sweep.shapes.of(expr)
    if not isinstance(kind, Num) or kind.dims is None:
        return False
    allowed = _OF_INTEGERS if types.is_integer(kind) else _EXACT
    most = MOST_ARRAY if kind.dims else MOST_NUMBER
    operations = 0
    for node in ir.walk(expr):
        if isinstance(node, (ir.Binary, ir.Unary)):
            if node.op not in allowed or isinstance(node, ir.Unary) and node.op != "-":
                return False
            operations += 1
        elif isinstance(node, ir.Call):
            if not isinstance(node.fn, ir.Ref) or node.fn.path not in _FREE_CALLS:
                return False
        elif not isinstance(node, (ir.Name, ir.Const, ir.Index, ir.Slice, ir.Attr, ir.Ref, ir.Tuple)):
            return False
    return operations <= most and not _selects(recorder, expr)


def _selects(recorder: Recorder, expr: ir.Expr) -> bool:
    """Whether an index is an array: what it selects is a copy."""
    indices = [item for n in ir.walk(expr) if isinstance(n, ir.Index) for item in n.items]
    kinds = [recorder.sweep.shapes.of(i) for i in indices if not isinstance(i, (ir.Slice, ir.Const, ir.Tuple))]
    return any(not isinstance(k, Num) or k.dims != () for k in kinds)
