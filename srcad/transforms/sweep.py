"""sweep: the program as steps, each statement beside its adjoint: what `reverse` hands to `record`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from srcad import ir
from srcad.facts import Shapes
from srcad.naming import Names
from srcad.program import Program


@dataclass(frozen=True)
class Step:
    """A statement and its adjoint, both in order of execution. intact: it overwrites no element still needed."""

    primal: ir.Stmt
    adjoint: tuple[ir.Stmt, ...] = ()
    intact: bool = False


@dataclass(frozen=True)
class Branch:
    primal: ir.If
    body: tuple[Any, ...]
    orelse: tuple[Any, ...]
    flag: str | None = None  # holds the test's truth where it cannot be tested again


@dataclass(frozen=True)
class Loop:
    """A loop: `body` as steps. A `For` whose trip count is not its range's, and every `While`, counts into `trips`."""

    primal: ir.For | ir.While
    body: tuple[Any, ...]
    trips: str | None = None
    bounds: tuple[tuple[int, str], ...] = ()  # bounds (0 start, 1 stop, 2 step) to be kept under a name


@dataclass(frozen=True)
class Segment:
    """Steps that run twice: the forward sweep keeps the state before them, the reverse sweep starts from it again."""

    body: tuple[Any, ...]


@dataclass(frozen=True)
class Context:
    """``with``: both sweeps of the body run inside it."""

    primal: ir.With
    body: tuple[Any, ...]


@dataclass(frozen=True)
class Sweep:
    """The program as steps. bars: variable -> its adjoint's name; results: expressions of the value's leaves."""

    program: Program
    steps: tuple[Any, ...]
    bars: dict[str, str]
    results: tuple[ir.Expr, ...]
    seeds: tuple[ir.Param, ...]
    shapes: Shapes
    names: Names = field(compare=False)
    parts: frozenset[str] = frozenset()


def simple_steps(step: Any) -> list[Step]:
    """The simple steps of a step, in order."""
    if isinstance(step, Step):
        return [step]
    inner = (*step.body, *(step.orelse if isinstance(step, Branch) else ()))
    return [found for child in inner for found in simple_steps(child)]


def primals(step: Any) -> tuple[ir.Stmt, ...]:
    """The statements of a step, with what was hoisted from them."""
    if isinstance(step, Step):
        return (step.primal,)
    if isinstance(step, Branch):
        inner = tuple(s for part in (step.body, step.orelse) for child in part for s in primals(child))
        return (ir.Do(step.primal.test), *inner)
    inner = tuple(s for child in step.body for s in primals(child))
    if isinstance(step, Loop):
        head = replace(step.primal, body=())
        return (head, *inner)
    return inner


def nested(step: Any) -> tuple[ir.Stmt, ...]:
    """A step as the statements it came from, loops and branches kept."""
    if isinstance(step, Step):
        return (step.primal,)
    body = tuple(s for child in step.body for s in nested(child))
    if isinstance(step, Segment):
        return body
    if isinstance(step, Branch):
        orelse = tuple(s for child in step.orelse for s in nested(child))
        return (replace(step.primal, body=body, orelse=orelse),)
    return (replace(step.primal, body=body),)


def assigned_first(steps: Sequence[Any]) -> set[str]:
    """Variables that a block sets, always, before anything in it reads them."""
    found: set[str] = set()
    seen: set[str] = set()
    for step in steps:
        if isinstance(step, Step) and isinstance(step.primal, ir.Assign):
            reads = ir.names(step.primal.value)
            found |= ir.names(step.primal.target) - reads - seen
            seen |= reads
        elif isinstance(step, Branch):
            both = assigned_first(step.body) & assigned_first(step.orelse)
            found |= both - seen - ir.names(step.primal.test) | ({step.flag} if step.flag is not None else set())
        elif isinstance(step, Loop):
            found |= {name for _, name in step.bounds} | ({step.trips} if step.trips else set())
        seen |= {n for s in primals(step) for n in ir.names(s)}
    return found
