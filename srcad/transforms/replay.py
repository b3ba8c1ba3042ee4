"""replay: a step of a loop that makes several arrays is run again from its state instead of recorded.

The steps of an explicit scheme compute slopes, fluxes and faces from one state. Keeping the state takes one array per
step; the rest is a few operations an element, cheaper to compute again than to write to memory behind the caches and to
read back (decision 028). The mechanism is that of checkpoints (`segments`), with stretches of one step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from typing import TYPE_CHECKING

from srcad import ir
from srcad.transforms import recompute, segments
from srcad.transforms.sweep import Loop, primals
from srcad.types import Num

if TYPE_CHECKING:
    from srcad.transforms.record import Recorder

LEAST = 2  # arrays that a step must spare
MOST = 12  # operations an element for each array that is spared
_WEIGHT = {"/": 4}  # what a division costs
_ARITHMETIC = frozenset("+ - * / < <= > >= == != not".split())
_CALLS = {
    f"numpy.{name}" for name in "abs copy empty empty_like maximum minimum roll square where zeros zeros_like".split()
}
_PLAIN = (ir.Name, ir.Const, ir.Ref, ir.Attr, ir.Index, ir.Slice, ir.Tuple)


def pays(recorder: Recorder, step: Loop, kept: Set[str], need: Set[str]) -> bool:
    """Whether the iterations of a loop are to be run again.

    kept: variables of an iteration that would be recorded; need: what the reverse sweep reads after the loop's own.
    What a step begins with must be as large as what it spares: a table of all steps is kept row by row elsewhere.
    """
    loop = step.primal
    if not recorder.computes or not isinstance(loop, ir.For) or loop.stop is not None:
        return False
    body = tuple(s for child in step.body for s in primals(child))
    if not segments.can_run_again(recorder.types, body):  # all of it: a state may be read that nothing kept leads to
        return False
    changed = segments.changed(body)
    if any(recorder.aliases.get(name) for name in changed):
        return False
    state = _arrays(recorder, changed & (segments.exposed(step.body)[0] | need))
    record = _arrays(recorder, kept)
    spared = len(record) - len(state)
    alike = all(any(_are_alike(recorder, one, other) for other in record) for one in state)
    return alike and spared >= LEAST and _cost(recorder, segments.leading_to(kept, body)) <= MOST * spared


def _arrays(recorder: Recorder, names: Iterable[str]) -> list[Num]:
    kinds = [recorder.types.get(name) for name in names]
    return [kind for kind in kinds if isinstance(kind, Num) and kind.dims != ()]


def _are_alike(recorder: Recorder, one: Num, other: Num) -> bool:
    """Whether two arrays have as many elements, but for their borders."""
    a, b = map(recorder.sweep.shapes.dims, (one, other))
    if a is None or b is None or len(a) != len(b):
        return False
    return all(m is not None and n is not None and not (m - n).terms for m, n in zip(a, b))


def _cost(recorder: Recorder, body: Sequence[ir.Stmt]) -> float:
    """Operations an element, of all statements; infinite where one does more (branches, loops, draws, lists)."""
    total = 0.0
    for stmt in body:
        if not isinstance(stmt, (ir.Assign, ir.Store, ir.Augment)):
            return float("inf")
        for node in ir.walk((stmt.target, stmt.value)):
            total += _operations(recorder, node)
    return total


def _operations(recorder: Recorder, node: ir.Expr) -> float:
    if isinstance(node, _PLAIN):
        return float("inf") if isinstance(node, ir.Index) and recompute.selects(recorder, node) else 0
    if isinstance(node, ir.Call):
        return 1 if isinstance(node.fn, ir.Ref) and node.fn.path in _CALLS else float("inf")
    if not isinstance(node, (ir.Binary, ir.Unary, ir.Compare)):
        return float("inf")
    ops = node.ops if isinstance(node, ir.Compare) else (node.op,)
    if not _ARITHMETIC.issuperset(ops):
        return float("inf")
    is_array = bool(getattr(recorder.sweep.shapes.of(node), "dims", None))
    return sum(_WEIGHT.get(op, 1) for op in ops) if is_array else 0
