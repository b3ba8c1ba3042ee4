"""reverse_calls: adjoints of calls of functions that stay functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from srcad import ir, routines, types
from srcad.cotangents import bar_type
from srcad.expressions import is_expensive
from srcad.transforms import activity
from srcad.transforms.sweep import Step

if TYPE_CHECKING:
    from srcad.transforms.reverse import Reverser


def routine_call(
    rev: Reverser, stmt: ir.Stmt, routine: routines.Routine, phase: str, args: tuple[ir.Expr, ...]
) -> Sequence[Any]:
    """A call becomes one of the forward function, its adjoint one of the reverse function."""
    from srcad import recursion

    if phase:
        routines.refuse_again(stmt)
    if not routine.active and not routine.written:
        return [Step(stmt)]
    steps, args = named_arguments(rev, args, recursion.number_inputs(routine), stmt.loc)
    target = stmt.target if isinstance(stmt, ir.Assign) else ir.Tuple(())
    items = target.items if isinstance(target, ir.Tuple) else (target,)
    targets = [t.id for t in items if isinstance(t, ir.Name)]
    tape = ir.Name(rev.names.fresh(f"{routine.name}_tape"))
    rev.shapes.types[tape.id] = types.UNKNOWN
    into = ir.Tuple((*map(ir.Name, targets), tape)) if targets else tape
    primal = ir.Assign(into, routine.call(args, "forward"), loc=stmt.loc)
    handed = [handed_bar(rev, args[k]) for k in recursion.array_inputs(routine)]
    floats = [t for t, kind in zip(targets, routine.result or (), strict=True) if types.is_float(kind)]
    seeds = [handed_bar(rev, ir.Name(t)) for t in floats]
    call = routine.call((tape, *args, *handed, *seeds), "reverse")
    numbers = recursion.number_inputs(routine)
    gs = [ir.Name(rev.pool.take(bar_type(rev.shapes.types[routine.inputs[k]]))) for k in numbers]
    back: ir.Stmt = ir.Do(call)
    if gs:
        back = ir.Assign(gs[0] if len(gs) == 1 else ir.Tuple(tuple(gs)), call)
    stmts = [back, *(rev.zero(t) for t in targets if t in rev.active)]
    pull = rev.pull(stmt.loc)
    for k, g in zip(numbers, gs, strict=True):
        if activity.flowing(args[k]) & rev.active:
            pull.run(args[k], g, rev.shapes.of(g), None)
    return [*steps, Step(primal, (*stmts, *pull.stmts, *rev.accumulate_all(pull.found)))]


def named_arguments(
    rev: Reverser, args: tuple[ir.Expr, ...], numbers: Sequence[int], loc: ir.Loc | None
) -> tuple[list[Any], tuple[ir.Expr, ...]]:
    """Numbers handed over that are expensive to compute or parts of views get names: their adjoints find the parts."""
    steps: list[Any] = []
    found = list(args)
    for k in numbers:
        arg = args[k]
        if activity.flowing(arg) & rev.active and any(is_expensive(n) or _of_a_view(n) for n in ir.walk(arg)):
            name = found[k] = rev.temporary(arg, "argument")
            steps.extend(rev.assign(ir.Assign(name, arg, loc=loc)))
    return steps, tuple(found)


def _of_a_view(node: ir.Node) -> bool:
    return isinstance(node, ir.Index) and not isinstance(node.base, ir.Name)


def handed_bar(rev: Reverser, arg: ir.Expr) -> ir.Expr:
    """The adjoint of an argument or result; of one without, zeros."""
    name = activity.root(arg)
    if name in rev.active:
        return ir.substitute_root(arg, rev.bar(name))
    return ir.ZERO if rev.shapes.of(arg).dims == () else ir.call("numpy.zeros_like", arg)
