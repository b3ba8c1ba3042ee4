"""Which loops have iterations that may run side by side, and why others have not.

Two iterations do not meet if every array that one of them writes is accessed, in the whole body, at indices of which
one is the loop's counter (times a number, plus something that stays the same), so that each has elements of its own. A
number or an array to which all iterations only add is no hindrance either: they may add up in parts. What is not proven
is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from srcad import ir, types
from srcad.dims import Dim
from srcad.transforms.liveness import Liveness
from srcad.transforms.loops_text import plain
from srcad.transforms.parallel_facts import FRESH, TURNED, Context, Serial, bound_in, is_number, is_product
from srcad.transforms.parallel_places import ADD, READ, WRITE, Accesses, Space, refuse_sharing, singles_in, spans_in
from srcad.transforms.parallel_sums import Sum, sum_of
from srcad.types import Seq

SCALARS = ("builtins.", "math.", "numpy.", "scipy.special.", "srcad_runtime.")  # of numbers, all without effects


@dataclass(frozen=True)
class Free:
    """What was found of a loop that may be shared out.

    low, high: its counter runs from `low` to ``high - 1``. sums: numbers that iterations add up. added: arrays that
    they only add to. own: arrays of which each writes elements of its own. guards: what must not be negative for
    that. rising: arrays of integers that must rise for that, and begin with no negative one. private: variables that
    each iteration sets before it reads them; rooms: arrays that it fills before. backwards: the counter falls.
    """

    counter: str
    low: ir.Expr
    high: ir.Expr
    sums: tuple[Sum, ...]
    added: tuple[str, ...]
    own: tuple[str, ...]
    guards: tuple[Dim, ...]
    rising: tuple[str, ...]
    private: frozenset[str]
    rooms: tuple[str, ...]
    backwards: bool


def examine(loop: ir.For, context: Context) -> Free:
    """What makes the loop free.

    Raises Serial, with the reason, where it is not proven to be.
    """
    counter, low, high, backwards = head(loop)
    for node in ir.walk(loop.body):
        _allow(node, context)
    bound = bound_in(loop.body)
    if counter in bound:
        raise Serial(f"{counter} is set within")
    carried = Liveness(ir.names).block(loop.body, set()) & bound
    sums = tuple(sum_of(name, loop.body, context) for name in sorted(carried))
    lasting = sorted((bound - carried | {counter}) & context.live)
    if lasting:
        raise Serial(f"the last value of {lasting[0]} is read behind it")
    accesses = Accesses(context, frozenset(bound))
    accesses.block(loop.body)
    space = Space(counter, low, high, bound, singles_in(loop.body, bound - carried, context), context)
    own, added, rooms, guards, rising = [], [], [], list[Dim](), list[str]()
    touched = accesses.shared()
    read = {name for name, found in touched if {kind for _, kind in found} == {READ}}
    spans = spans_in(loop.body, counter, read) if context.asks else {}
    for name, found in touched:
        if not {kind for _, kind in found} & {WRITE, ADD}:
            continue
        refuse_sharing(name, loop.body, bound, context)
        guard = space.apart(name, [items for items, _ in found])
        if guard is not None:
            own.append(name)
            guards += guard
        elif (steps := space.between([items for items, _ in found], spans)) is not None:
            own.append(name)
            rising.append(steps)
        elif {kind for _, kind in found} == {ADD} and name in context.whole and is_number(context.types.get(name)):
            added.append(name)
        elif name in context.rooms and name in context.fresh:
            rooms.append(name)
        else:
            raise Serial(f"iterations may meet in {name}")
    private, checks = frozenset(bound - carried), tuple(dict.fromkeys(guards))
    ordered = tuple(dict.fromkeys(rising))
    return Free(counter, low, high, sums, tuple(added), tuple(own), checks, ordered, private, tuple(rooms), backwards)


def head(loop: ir.For) -> tuple[str, ir.Expr, ir.Expr, bool]:
    """The counter, its least value, the number behind its greatest, and whether it falls."""
    if loop.stop is not None:
        raise Serial("it may end early")
    call = loop.iter
    if not isinstance(loop.target, ir.Name) or not isinstance(call, ir.Call) or len(call.args) != 3:
        raise Serial("it is no loop over a range")
    start, stop, step = call.args
    if step == ir.Const(1):
        return loop.target.id, start, stop, False
    if step in (ir.Const(-1), ir.Unary("-", ir.Const(1))):
        return loop.target.id, _plus_one(stop), _plus_one(start), True
    raise Serial("its step is not 1")


def _plus_one(expr: ir.Expr) -> ir.Expr:
    dim = types.number(expr)
    return ir.Binary("+", expr, ir.Const(1)) if dim is None else plain(dim + 1)


# ---- what a body may do ----


def _allow(node: Any, context: Context) -> None:
    """Raise Serial for what cannot be done by several threads at once, or is not known to be."""
    if isinstance(node, (ir.Push, ir.Pop)):
        raise Serial(f"it uses the list {node.stack}")
    if isinstance(node, (ir.Do, ir.With, ir.Return, ir.Define)):
        raise Serial("it may have further effects")
    if isinstance(node, ir.Name) and isinstance(context.types.get(node.id), Seq):
        raise Serial(f"it uses the list {node.id}")
    if isinstance(node, ir.Binary) and node.op == "@" and not (context.multiplies and is_product(node, context.types)):
        raise Serial("it has a product of matrices")
    if isinstance(node, ir.Call):
        _allow_call(node, context)


def _allow_call(call: ir.Call, context: Context) -> None:
    if isinstance(call.fn, ir.Attr):
        if call.fn.name == "copy" and not call.args:
            return
        raise Serial(f"it calls {call.fn.name}")
    path = call.fn.path if isinstance(call.fn, ir.Ref) else ""
    if path in FRESH or path in ("builtins.range", "builtins.len") or path.endswith("Error"):
        return
    if path in TURNED and context.multiplies:
        return
    numbers = all(types.is_scalar(types.infer(a, context.types)) for a in (*call.args, *(v for _, v in call.kwargs)))
    if not path.startswith(SCALARS) or path.startswith("numpy.random.") or not numbers:
        raise Serial(f"it calls {path.rpartition('.')[2].removeprefix('routine:') or 'a function'}")
