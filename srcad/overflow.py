"""Machine integers: on Numba, products, powers and sums that may leave 64 bits are checked.

Python's integers have no end. Extents, loop counters and literals are small (a computer could not hold or count more);
a product of two of them fits. Everything else that multiplies, raises or adds numbers of unknown size is replaced by a
call that raises OverflowError where the result does not fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from srcad import ir, types

CHECKED = {"*": "product", "**": "power", "+": "total", "-": "difference", "<<": "shifted"}


def checked(body: tuple[ir.Stmt, ...], known: Mapping[str, types.Abstract]) -> tuple[ir.Stmt, ...]:
    """The statements with integer arithmetic checked where its range is not known."""
    small = {n.target.id for n in ir.walk(body) if isinstance(n, ir.For) and isinstance(n.target, ir.Name)}
    small -= _rebound(body)
    work = _Checker(dict(known), small)
    found: tuple[ir.Stmt, ...] = ir.transform(body, work.node)
    return found


def _rebound(body: tuple[ir.Stmt, ...]) -> set[str]:
    found: set[str] = set()
    for node in ir.walk(body):
        if isinstance(node, (ir.Assign, ir.Augment)):
            found |= ir.names(node.target)
    return found


class _Checker:
    def __init__(self, known: dict[str, types.Abstract], small: set[str]) -> None:
        self.known, self.small = known, small

    def node(self, node: Any) -> Any:
        if isinstance(node, ir.Binary) and node.op in CHECKED and self.is_integer(node):
            sides = (self.is_small(node.left), self.is_small(node.right))
            safe = all(sides) if node.op in ("*", "**", "<<") else any(sides)
            if node.op == "**" and not isinstance(node.right, ir.Const):
                safe = False
            if not safe:
                return ir.call(f"srcad_runtime.kernels.{CHECKED[node.op]}", node.left, node.right)
        if isinstance(node, ir.Augment) and isinstance(node.target, ir.Name) and node.op in CHECKED:
            full = ir.Binary(node.op, node.target, node.value, loc=node.loc)
            new = self.node(full)
            return ir.Assign(node.target, new, loc=node.loc) if new is not full else node
        return node

    def is_integer(self, expr: ir.Expr) -> bool:
        kind = types.infer(expr, self.known, [])
        return types.is_integer(kind) and types.is_scalar(kind)

    def is_small(self, expr: ir.Expr) -> bool:
        """Whether an integer is a literal, an extent, a counter, or a sum of those."""
        if isinstance(expr, ir.Const):
            return True
        if isinstance(expr, ir.Name):
            kind = self.known.get(expr.id)
            number = kind.number if isinstance(kind, types.Num) else None
            extent = number is not None and all(types.is_extent(s) for s, _ in number.terms)
            return extent or expr.id in self.small
        if isinstance(expr, ir.Unary):
            return self.is_small(expr.operand)
        if isinstance(expr, ir.Binary):
            if expr.op in ("//", "%", ">>", "&"):
                return self.is_small(expr.left)
            return expr.op in ("+", "-") and self.is_small(expr.left) and self.is_small(expr.right)
        if isinstance(expr, ir.Index):
            return isinstance(expr.base, ir.Attr) and expr.base.name == "shape"
        if isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref):
            if expr.fn.path in ("builtins.max", "builtins.min", "builtins.abs"):
                return all(self.is_small(a) for a in expr.args)
            return expr.fn.path == "builtins.len"
        return isinstance(expr, ir.Attr) and expr.name in ("size", "ndim")
