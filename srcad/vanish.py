"""Tangents that are zero, removed from a rule's result: whatever is linear in the missing tangent vanishes with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from srcad import algebra, eval_calls, ir
from srcad.transforms import activity

NOTHING = ir.Name(eval_calls.NOTHING)  # stands for the tangent of an inactive argument


def vanish(stmts: Sequence[ir.Stmt], values: Sequence[ir.Expr]) -> tuple[list[ir.Stmt], tuple[ir.Expr, ...]]:
    """Statements and values without `NOTHING`; a value of which nothing is left is 0.0."""
    gone = {NOTHING.id}
    kept: list[ir.Stmt] = []
    for stmt in stmts:
        if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name):
            value = _left(stmt.value, gone)
            if value is None:
                gone.add(stmt.target.id)
                continue
            stmt = replace(stmt, value=value)
        kept.append(stmt)
    found = [_left(v, gone) for v in values]
    return kept, tuple(ir.ZERO if v is None else v for v in found)


def _left(expr: ir.Expr, gone: set[str]) -> ir.Expr | None:
    """What is left of an expression when these variables are zero; None if nothing is."""
    if not ir.names(expr) & gone:
        return expr
    if isinstance(expr, ir.Name):
        return None
    if isinstance(expr, ir.Unary):
        inner = _left(expr.operand, gone)
        return None if inner is None else replace(expr, operand=inner)
    if isinstance(expr, ir.Binary):
        return _left_of_binary(expr, gone)
    if isinstance(expr, (ir.Tuple, ir.List)):
        items = [_left(item, gone) for item in expr.items]
        return replace(expr, items=tuple(ir.ZERO if i is None else i for i in items))
    if isinstance(expr, ir.Index):
        base = _left(expr.base, gone)
        return None if base is None else replace(expr, base=base)
    if isinstance(expr, ir.Call):
        return _left_of_call(expr, gone)
    return _with_zeros(expr, gone)


def _left_of_binary(expr: ir.Binary, gone: set[str]) -> ir.Expr | None:
    left, right = _left(expr.left, gone), _left(expr.right, gone)
    if expr.op == "+":
        return right if left is None else left if right is None else replace(expr, left=left, right=right)
    if expr.op == "-":
        if left is None:
            return None if right is None else algebra.negate(right)
        return left if right is None else replace(expr, left=left, right=right)
    if left is None or right is None:  # products and quotients
        return None
    return replace(expr, left=left, right=right)


def _left_of_call(expr: ir.Call, gone: set[str]) -> ir.Expr | None:
    if expr.fn == ir.Ref("numpy.where") and len(expr.args) == 3:
        branches = [_left(a, gone) for a in expr.args[1:]]
        if branches == [None, None]:
            return None
        return replace(expr, args=(expr.args[0], *(ir.ZERO if b is None else b for b in branches)))
    rule = activity.find_rule(expr)
    linear = () if rule is None else (*rule.linear_in, *rule.multilinear_in)
    if rule is not None and linear:
        bound = rule.bind(expr.args, {k: v for k, v in expr.kwargs if k is not None})
        values = [bound[name] for name in linear]
        exprs = [v for value in values for v in (value if isinstance(value, tuple) else (value,)) if ir.is_node(v)]
        left = [_left(e, gone) for e in exprs]
        if all(e is None for e in left) or rule.multilinear_in and any(e is None for e in left):
            return None
    return _with_zeros(expr, gone)


def _with_zeros(expr: ir.Expr, gone: set[str]) -> ir.Expr:
    return ir.substitute(expr, dict.fromkeys(gone, ir.ZERO))  # type: ignore[no-any-return]
