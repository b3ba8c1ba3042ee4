"""Functions that stay functions: a recursion whose depth is known only at run time.

A `Routine` is called by statements ``t = f(args)`` of a program. Its arrays are handed over as they are, and it may
write into them. In reverse mode it becomes a pair (`Phase`): the forward one returns what the reverse one needs, the
reverse one undoes what was written, adds to the adjoints of the arrays in place and returns those of the numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from srcad import ir
from srcad.errors import Unsupported
from srcad.types import Abstract, Num

PREFIX = "srcad.routine:"


@dataclass(eq=False)
class Routine:
    """A function between `inline` and `emit`; filled in step by step.

    inputs: variables for its parameters and for what it reads of the enclosing function, in the order of a call's
    arguments. written: positions of arrays that it writes into. active: positions of inputs that have adjoints.
    result: the types of what it returns, None while nothing is known.
    """

    name: str
    params: tuple[str, ...] = ()
    captured: tuple[str, ...] = ()
    body: tuple[ir.Stmt, ...] = ()
    results: tuple[ir.Expr, ...] = ()
    result: tuple[Num, ...] | None = None
    types: dict[str, Abstract] = field(default_factory=dict)
    aliases: dict[str, set[str]] = field(default_factory=dict)
    written: frozenset[int] = frozenset()
    active: frozenset[int] = frozenset()
    pure: bool = False  # certainly writes into nothing
    loc: ir.Loc | None = None
    phases: dict[str, Any] = field(default_factory=dict)  # name of the phase -> the program that it became
    printed: str = ""  # what it is called where it is not differentiated

    @property
    def inputs(self) -> tuple[str, ...]:
        return (*self.params, *self.captured)

    def name_of(self, phase: str) -> str:
        """What the function of a phase is called."""
        return f"{self.name}_{phase}" if phase else self.printed or self.name

    def call(self, args: tuple[ir.Expr, ...], phase: str = "", loc: ir.Loc | None = None) -> ir.Call:
        """A call of it, or of what it became: phase "forward", "reverse" or "jvp"."""
        name = self.name_of(phase)
        return ir.Call(ir.Ref(PREFIX + name, Phase(self, phase)), args, loc=loc)


@dataclass(frozen=True, eq=False)
class Phase:
    routine: Routine
    name: str


def called(stmt: object) -> tuple[Routine, str, tuple[ir.Expr, ...]] | None:
    """(routine, phase, arguments) of a statement that is a call of one."""
    value = stmt.value if isinstance(stmt, (ir.Assign, ir.Do)) else None
    return of(value)


def of(value: Any) -> tuple[Routine, str, tuple[ir.Expr, ...]] | None:
    if isinstance(value, ir.Call) and isinstance(value.fn, ir.Ref) and value.fn.path.startswith(PREFIX):
        phase = value.fn.obj
        assert isinstance(phase, Phase)
        return phase.routine, phase.name, value.args
    return None


def calls(code: Any) -> Iterator[tuple[Routine, str, tuple[ir.Expr, ...]]]:
    """All calls of routines in some code."""
    for node in ir.walk(code):
        found = of(node)
        if found is not None:
            yield found


def reachable(code: Any) -> tuple[Routine, ...]:
    """The routines that some code calls, and those that they call."""
    found: list[Routine] = []
    todo = [routine for routine, _, _ in calls(code)]
    while todo:
        routine = todo.pop(0)
        if routine not in found:
            found.append(routine)
            todo += [r for r, _, _ in calls((routine.body, routine.results))]
    return tuple(found)


def refuse_again(code: Any) -> None:
    """Refuse to differentiate twice, or inside a model, what calls routines: their tapes have no derivative."""
    call = next((n for n in ir.walk(code) if of(n) is not None), None)
    if call is not None:
        reason = "cannot differentiate a recursion of unknown depth a second time, or inside a model"
        raise Unsupported(reason, call.loc, "Write it as a loop.")


def written_roots(value: Any) -> set[str]:
    """Variables that a call writes into."""
    from srcad.transforms import activity

    found = of(value)
    if found is None:
        return set()
    routine, phase, args = found
    if phase in ("reverse", "jvp"):  # it undoes what was written and adds to adjoints, or writes tangents, too
        return {activity.root(a) for a in args if isinstance(a, (ir.Name, ir.Index, ir.Attr))} - {""}
    lists = range(len(routine.inputs), len(args))  # of what is recorded
    return {activity.root(args[k]) for k in (*routine.written, *lists) if k < len(args)}
