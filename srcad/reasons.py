"""Why a derivative is as it is: which variables are active, and what is recorded for which statement. For `explain`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from srcad import docstrings, ir, types
from srcad.transforms import activity
from srcad.transforms.record import Recorded
from srcad.transforms.sweep import Sweep


def reasons(sweep: Sweep, recorded: Recorded) -> tuple[str, ...]:
    """Sentences: what is active, what is not and why, what is recorded and why."""
    return (*_activity(sweep), *_records(sweep, recorded))


def _activity(sweep: Sweep) -> Iterator[str]:
    program = sweep.program
    inputs = [i.name for i in program.inputs]
    own = inputs + [n for n in _assigned(program.body) if n not in inputs]
    active = [name for name in own if name in sweep.bars]
    wrt = ", ".join(i.name for i in program.wrt)
    yield f"Active, depending on {wrt} and reaching the result: {_listed(active)}."
    varied = activity.varied(program.body, program.types, [i.name for i in program.wrt])
    others = [name for name in own if name not in sweep.bars]
    for why, names in (
        ("not floating-point", [n for n in others if not types.is_float(program.types.get(n, types.UNKNOWN))]),
        (f"independent of {wrt}", [n for n in others if _floats(program, n) and n not in varied]),
        ("without influence on the result", [n for n in others if _floats(program, n) and n in varied]),
    ):
        if names:
            yield f"Not active, {why}: {_listed(names)}."


def _floats(program: Any, name: str) -> bool:
    return types.is_float(program.types.get(name, types.UNKNOWN))


def _records(sweep: Sweep, recorded: Recorded) -> Iterator[str]:
    if not recorded.saved:
        yield "Records nothing: what the reverse sweep reads is still there, or can be computed again."
        return
    readers = _readers(sweep)
    for saved in recorded.saved:
        where = f"overwritten at L{saved.line}" if saved.line else "set anew in every iteration"
        lines = readers.get(saved.name, [])
        lines = [line for line in lines if line <= saved.line] or lines
        why = f"the adjoint of L{', L'.join(map(str, lines))} reads its old value" if lines else "it is needed again"
        size = docstrings.size(saved)
        yield f"Records {saved.place}{f', {size}' if size else ''}: {where}, and {why}."


def _readers(sweep: Sweep) -> dict[str, list[int]]:
    """Lines whose adjoints read a variable."""
    found: dict[str, list[int]] = {}
    for step in _simple(sweep.steps):
        line = step.primal.loc.line if step.primal.loc is not None else 0
        for name in sorted(set().union(*(activity.reads(s) for s in step.adjoint))):
            if line and line not in found.setdefault(name, []):
                found[name].append(line)
    return {name: sorted(lines) for name, lines in found.items()}


def _simple(steps: Iterable[Any]) -> Iterator[Any]:
    for step in steps:
        if hasattr(step, "adjoint"):
            yield step
        yield from _simple([*getattr(step, "body", ()), *getattr(step, "orelse", ())])


def _assigned(body: tuple[ir.Stmt, ...]) -> list[str]:
    found: dict[str, None] = {}
    for node in ir.walk(body):
        if isinstance(node, (ir.Assign, ir.For)):
            found.update(dict.fromkeys(sorted(ir.names(node.target))))
    return list(found)


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "nothing"
