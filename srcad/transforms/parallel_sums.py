"""Numbers that all iterations of a loop change, in a way that can be done part by part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from srcad import ir, types
from srcad.transforms.loops_text import EXTREMES, PLUS, update
from srcad.transforms.parallel_facts import Context, Serial, is_number

_OF_TWO = {path: op for op, path in EXTREMES.items()}


@dataclass(frozen=True)
class Sum:
    """A number that iterations change by ``s += e`` (op "+"), ``s *= e``, or by a statement: ``if e > s: s = e``, or
    ``s = larger(s, e)``."""

    name: str
    op: str
    step: ir.Stmt | None = None

    def adding(self, value: ir.Expr) -> ir.Stmt:
        """The statement that makes a partial result part of the number."""
        if self.step is None:
            return ir.Augment(ir.Name(self.name), self.op, value)
        if isinstance(self.step, ir.Assign) and isinstance(self.step.value, ir.Call):
            return replace(self.step, value=replace(self.step.value, args=(ir.Name(self.name), value)))
        assert isinstance(self.step, ir.If) and isinstance(self.step.body[0], ir.Assign)
        old = self.step.body[0].value
        new: ir.Stmt = ir.transform(self.step, lambda node: value if node == old else node)
        return new


def sum_of(name: str, body: Sequence[ir.Stmt], context: Context) -> Sum:
    found = {_step(stmt, name): stmt for stmt in _mentioning(body, name)}
    kind = context.types.get(name)
    if len(found) != 1 or None in found or not is_number(kind) or not types.is_scalar(kind or types.UNKNOWN):
        raise Serial(f"{name} is carried from one iteration to the next")
    ((op, step),) = found.items()
    return Sum(name, str(op), step if op not in ("+", "*") else None)


def _mentioning(body: Sequence[ir.Stmt], name: str) -> Iterator[ir.Stmt]:
    """The innermost statements that mention a variable, those that change it by a test whole."""
    for stmt in body:
        if name not in ir.names(stmt):
            continue
        inner: tuple[ir.Stmt, ...] = ()
        if isinstance(stmt, (ir.For, ir.While, ir.Block)):
            inner = stmt.body if name not in ir.names(replace(stmt, body=())) else ()
        elif isinstance(stmt, ir.If) and name not in ir.names(stmt.test):
            inner = (*stmt.body, *stmt.orelse)
        if inner:
            yield from _mentioning(inner, name)
        else:
            yield stmt


def _step(stmt: ir.Stmt, name: str) -> str | None:
    """How a statement changes a number: "+", "*", the text of a test (``max``); None for anything else."""
    target = ir.Name(name)
    match stmt:
        case ir.Augment(ir.Name(id), op, value) if id == name and name not in ir.names(value):
            return "+" if op in "+-" else op if op == "*" else None
        case ir.Assign(ir.Name(id), ir.Call(ir.Ref(path), (first, value))) if id == name and path == PLUS:
            return "+" if first == target and name not in ir.names(value) else None
        case ir.Assign(ir.Name(id), ir.Call(ir.Ref(path), (first, value))) if id == name and path in _OF_TWO:
            return _OF_TWO[path] if first == target and name not in ir.names(value) else None
        case ir.Assign(ir.Name(id), ir.Binary("+" | "-" | "*" as op, left, right)) if id == name:
            if left == target and name not in ir.names(right):
                return "*" if op == "*" else "+"
            return op if op in "+*" and right == target and name not in ir.names(left) else None
        case ir.If(test, (ir.Assign(ir.Name(id), ir.Name() as value),), ()) if id == name and value != target:
            return next((op for op in ("max", "min") if stmt == update(target, op, value)), None) or _bare(
                test, value, target
            )
        case ir.If(test, (ir.Assign(ir.Name(id), value),), ()) if id == name and name not in ir.names(value):
            return _bare(test, value, target)
    return None


def _bare(test: ir.Expr, value: ir.Expr, target: ir.Name) -> str | None:
    """``value > s``, and its like: the greatest or the least."""
    tests = {op + side: ir.Compare((op,), pair) for op in "<>" for side, pair in
             (("s", (value, target)), ("e", (target, value)))}  # fmt: skip
    return next((text for text, known in tests.items() if known == test), None)
