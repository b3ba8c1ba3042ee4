"""Loop nests as data: what one computes per element. Its loop variables have placeholder names (`Memory.axes`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias, Union

from srcad import ir
from srcad.transforms.loops_extents import Dims

Stmts: TypeAlias = tuple[ir.Stmt, ...]


@dataclass(frozen=True)
class Cell:
    """``target = value``, or with an `op` (+ * max min or and) ``target = target op value``; a target is an element or
    a number. gathers: the target collects many elements, in numbers of type `dtype`; it begins with `first`. whole: the
    innermost loop is all that goes into it, it holds nothing before, and is divided by `count` at last."""

    target: ir.Name | ir.Index
    value: ir.Expr
    op: str = ""
    gathers: bool = False
    dtype: str = ""
    first: ir.Expr = ir.ZERO
    whole: bool = False
    count: ir.Expr | None = None
    note: str = ""


@dataclass(frozen=True)
class Nest:
    """Loops over ``0 <= axis k < stops[k]``. dims: the extents in linear form. before: checks, allocations and first
    values; after: what is made of the results."""

    dims: Dims
    stops: tuple[ir.Expr, ...]
    cells: tuple[Cell, ...]
    before: Stmts = ()
    after: Stmts = ()
    note: str = ""


@dataclass(frozen=True)
class Plain:
    """A statement that is not a nest."""

    stmt: ir.Stmt
    note: str = ""


Item: TypeAlias = Union[Nest, Plain]


def joined(a: Nest, b: Nest) -> Nest:
    if a.note != b.note:
        a, b = noted(a), noted(b)
    note = a.note if a.note == b.note else ""
    return replace(a, cells=a.cells + b.cells, before=a.before + b.before, after=a.after + b.after, note=note)


def noted(nest: Nest) -> Nest:
    """The nest with its note at its cells."""
    if not nest.note:
        return nest
    return replace(nest, cells=tuple(c if c.note else replace(c, note=nest.note) for c in nest.cells), note="")


def allocated(nest: Nest) -> list[str]:
    return [
        s.target.id
        for s in nest.before
        if isinstance(s, ir.Assign) and isinstance(s.target, ir.Name) and allocates(s, s.target.id)
    ]


def allocates(stmt: ir.Stmt, name: str) -> bool:
    return (
        isinstance(stmt, ir.Assign)
        and stmt.target == ir.Name(name)
        and isinstance(stmt.value, ir.Call)
        and stmt.value.fn == ir.Ref("numpy.empty")
    )
