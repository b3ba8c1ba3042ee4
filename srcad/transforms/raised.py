"""raised: what Python's numbers raise is raised by compiled code, too, where no result depends on their value.

Compiled code gives inf or nan where Python raises. In results that is seen, and Python is asked; in what nobody reads
it is not. Before: ``y = math.sqrt(x)``, and nothing reads y. After: ``if x < 0.0: raise ValueError`` stands above it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from typing import Any, TypeGuard

from srcad import ir, raising, types
from srcad.program import Program
from srcad.transforms.liveness import Liveness
from srcad.transforms.tidy import reached
from srcad.transforms.unread import heads, is_simple, without
from srcad.types import Num

NOT_FINITE = "a value that nothing reads is not finite"  # whether Python raises then, only Python can say
_TEXTS: dict[type[BaseException], str] = {
    ValueError: "math domain error",
    OverflowError: "math range error",
    ZeroDivisionError: "division by zero",
}
Body = tuple[ir.Stmt, ...]


def raised(program: Program) -> Program:
    """The program with checks of what may raise without a trace in the results."""
    if not any(_is_open(stmt, program.types) for stmt in reached(program.body)):
        return program
    return replace(program, body=_checked(program.body, _idle(program), program.types))


def _is_open(stmt: Any, known: Mapping[str, Any]) -> bool:
    return _names(stmt) and bool(_checks(stmt, known))


def _names(stmt: Any) -> TypeGuard[ir.Assign]:
    return isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name)


# ---- what no result depends on ----


def _idle(program: Program) -> set[int]:
    """Assignments that no result, test or write depends on, by identity."""
    outputs = ir.names(program.results) | {name for _, name in program.updates}
    used, body, idle = _used(program.body, outputs), program.body, set[int]()
    while True:
        liveness = Liveness(ir.names)
        liveness.block(body, outputs)
        named = [stmt for stmt in reached(body) if _names(stmt)]
        found = {id(s) for s in named if not ir.names(s.target) & used & liveness.found.get(id(s), set())}
        if not found:
            return idle
        idle |= found
        body = without(body, found)


def _used(body: Body, outputs: Set[str]) -> set[str]:
    """Variables that results, tests and writes are computed from, in whatever order."""
    plain = [stmt for stmt in reached(body) if _names(stmt)]
    others = [node for node in ir.walk(body) if is_simple(node) and not _names(node)]
    used = {*outputs, *ir.names((*others, *heads(body)))}
    while True:
        more = {n for stmt in plain if ir.names(stmt.target) & used for n in ir.names(stmt.value)} - used
        if not more:
            return used
        used |= more


# ---- checks ----


def _checked(body: Body, idle: Set[int], known: Mapping[str, Any]) -> Body:
    out: list[ir.Stmt] = []
    for stmt in body:
        blocks = {f: _checked(getattr(stmt, f), idle, known) for f in ("body", "orelse") if getattr(stmt, f, ())}
        found = list(_checks(stmt, known)) if id(stmt) in idle and _names(stmt) else []
        out += [check for check, above in found if above]
        out.append(replace(stmt, **blocks) if blocks else stmt)  # type: ignore[arg-type]
        out += [check for check, above in found if not above]
    return tuple(out)


def _checks(stmt: ir.Assign, known: Mapping[str, Any]) -> list[tuple[ir.Stmt, bool]]:
    """Checks of a statement, and whether they stand above it."""
    found = raising.reasons(stmt.value, known)
    if found is not None and all(test is not None for _, test in found):
        return [(_check(test, error, _TEXTS.get(error, ""), stmt), True) for error, test in found if test is not None]
    return [(check, False) for check in _finite(stmt, known)] if raising.may_raise(stmt.value, known) else []


def _finite(stmt: ir.Assign, known: Mapping[str, Any]) -> Iterator[ir.Stmt]:
    """A check of a number that says when Python is to be asked."""
    kind = types.infer(stmt.value, known, [])
    if isinstance(kind, Num) and kind.dims == () and types.is_float(kind):
        test = ir.Unary("not", ir.call("numpy.isfinite", stmt.target))
        yield _check(test, FloatingPointError, NOT_FINITE, stmt)


def _check(test: ir.Expr, error: type[BaseException], text: str, stmt: ir.Stmt) -> ir.Stmt:
    exception = ir.Call(ir.Ref(f"builtins.{error.__name__}", error), (ir.Const(text),) if text else ())
    return ir.If(test, (ir.Raise(exception, loc=stmt.loc),), loc=stmt.loc)
