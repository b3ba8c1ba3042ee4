"""Building derivative expressions that read well: products and sums with the obvious simplifications, and nothing more.

No rewriting here changes a value beyond rounding, and none assumes that a number is finite: ``0 * x`` stays. NumPy's
integers wrap, and truth values take no minus: products of them are neither opened nor made (`knowing` has the types).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import numpy as np

from srcad import ir, types

ONE = ir.Const(1.0)
_KNOWN: ContextVar[Mapping[str, types.Abstract]] = ContextVar("known")
_TRANSPOSE, _OUTER = ir.Ref("numpy.transpose"), ir.Ref("numpy.outer")


@contextlib.contextmanager
def knowing(known: Mapping[str, types.Abstract]) -> Iterator[None]:
    """Within, variables have these types; others, and all outside, are taken for floating numbers."""
    token = _KNOWN.set(known)
    try:
        yield
    finally:
        _KNOWN.reset(token)


def _is_exact(expr: ir.Expr, python: bool = False) -> bool:
    """Whether an expression is integers or truth values of NumPy's, or of Python's where that is asked, too."""
    kind = types.infer(expr, _KNOWN.get({}), [])
    if not isinstance(kind, types.Num) or kind.dtype is None:
        return False
    return np.dtype(kind.dtype).kind in "iub" and (python or not kind.weak)


def is_number(expr: ir.Expr, value: float) -> bool:
    return isinstance(expr, ir.Const) and expr.kind in ("float", "int") and expr.value == value


def negate(expr: ir.Expr) -> ir.Expr:
    if isinstance(expr, ir.Const) and expr.kind in ("float", "int"):
        return ir.Const(-expr.value)
    minus, rest = sign(expr)
    if minus:
        return rest
    if isinstance(expr, ir.Binary) and expr.op in ("*", "/") and _led_by_a_constant(expr):
        return ir.Binary(expr.op, negate(expr.left), expr.right)
    return ir.Unary("-", expr)


def _led_by_a_constant(expr: ir.Expr) -> bool:
    while isinstance(expr, ir.Binary) and expr.op in ("*", "/") and not _is_exact(expr):
        expr = expr.left
    return isinstance(expr, ir.Const) and expr.kind in ("float", "int")


def _negated_at(expr: ir.Expr, g: ir.Expr) -> ir.Expr:
    """``-g * x`` where a product begins with the derivative g; what else it begins with may not have a minus."""
    if isinstance(g, ir.Name) and expr == g:
        return ir.Unary("-", g)
    if isinstance(expr, ir.Binary) and expr.op in ("*", "/") and not _is_exact(expr.left):
        left = _negated_at(expr.left, g)
        if isinstance(left, ir.Unary) or isinstance(left, ir.Binary) and sign(left)[0]:
            return ir.Binary(expr.op, left, expr.right)
    return negate(expr)


def sign(expr: ir.Expr) -> tuple[bool, ir.Expr]:
    """(whether a minus stands in front, the expression without it)."""
    if isinstance(expr, ir.Unary) and expr.op == "-" and not _is_exact(expr.operand):
        return True, expr.operand
    if isinstance(expr, ir.Const) and expr.kind in ("float", "int") and expr.value < 0:
        return True, ir.Const(-expr.value)
    if isinstance(expr, ir.Binary) and expr.op in ("*", "/"):
        minus, left = sign(expr.left)
        return minus, ir.Binary(expr.op, left, expr.right) if minus else expr
    return False, expr


def add(a: ir.Expr, b: ir.Expr) -> ir.Expr:
    minus, rest = sign(b)
    return ir.Binary("-", a, rest) if minus else ir.Binary("+", a, b)


def times(g: ir.Expr, partial: ir.Expr, first: bool = False) -> ir.Expr:
    """``g * partial``; ``first`` puts the partial in front (constants, and numbers beside arrays, are anyway)."""
    if is_number(partial, 1.0):
        return g
    if is_number(g, 1.0):
        return partial
    minus_g, g = sign(g)
    minus_p, partial = sign(partial)
    if minus_g != minus_p:
        return _negated_at(times(g, partial, first), g)
    if is_number(partial, 1.0):
        return g
    if isinstance(partial, ir.Binary) and partial.op == "/":
        return ir.Binary("/", times(g, partial.left, first), partial.right)
    return _product(g, partial, first)


def _product(g: ir.Expr, partial: ir.Expr, first: bool) -> ir.Expr:
    factor, rest = _factor(partial)
    if factor is not None:
        scaled = scale(factor, g)
        return scaled if is_number(rest, 1.0) else times(scaled, rest, first)
    return ir.Binary("*", partial, g) if first else ir.Binary("*", g, partial)


def beside(left: ir.Expr, right: ir.Expr) -> ir.Expr:
    """``left * right`` of a derivative and what stands beside it, in this order; a minus of the derivative in front."""
    minus, right = sign(right)
    product = _appended(left, right)
    return negate(product) if minus else product


def _appended(left: ir.Expr, right: ir.Expr) -> ir.Expr:
    if is_number(left, 1.0) or is_number(right, 1.0):
        return right if is_number(left, 1.0) else left
    if isinstance(right, ir.Const) and right.kind in ("float", "int"):
        return scale(right, left)
    if isinstance(right, ir.Binary) and right.op == "*" and not _is_exact(right) and _may_multiply(left, right.left):
        return _appended(_appended(left, right.left), right.right)
    return ir.Binary("*", left, right)


def _may_multiply(left: ir.Expr, right: ir.Expr) -> bool:
    """Whether a product that was not there before does not wrap, nor leave 64 bits in compiled code."""
    return not _is_exact(ir.Binary("*", left, right), python=True)


def _takes(factor: ir.Const, expr: ir.Expr) -> bool:
    """Whether a constant may be multiplied with what a product begins with: not inside of a product that wraps."""
    opened = _is_exact(expr) and isinstance(expr, (ir.Binary, ir.Unary))
    return not opened and not _is_exact(ir.Binary("*", factor, expr))


def scale(factor: ir.Const, g: ir.Expr) -> ir.Expr:
    """A constant times g, in front of everything, joined with a constant that is there already."""
    if is_number(factor, 1.0):
        return g
    own, rest = _factor(g)
    if own is None and isinstance(g, ir.Binary) and g.op in ("*", "/") and _takes(factor, g.left):
        return ir.Binary(g.op, scale(factor, g.left), g.right)
    if own is None:
        return ir.Binary("*", factor, g)
    constant = ir.Const(factor.value * own.value)
    if is_number(rest, 1.0):
        return constant
    return rest if is_number(constant, 1.0) else ir.Binary("*", constant, rest)


def _factor(expr: ir.Expr) -> tuple[ir.Const | None, ir.Expr]:
    """A constant in front of a product, and the rest."""
    if isinstance(expr, ir.Const) and expr.kind in ("float", "int"):
        return expr, ONE
    if isinstance(expr, ir.Binary) and expr.op == "*" and not _is_exact(expr):
        factor, left = _factor(expr.left)
        if factor is not None:
            return factor, expr.right if is_number(left, 1.0) else ir.Binary("*", left, expr.right)
    return None, expr


def slice_value(item: ir.Slice) -> ir.Expr:
    """``1:n`` as a value of its own: ``slice(1, n)``."""
    parts = [ir.NONE if p is None else p for p in (item.lower, item.upper, item.step)]
    return ir.call("builtins.slice", *(parts if item.step is not None else parts[:2]))


def turned(code: tuple[ir.Stmt, ...], rank: Callable[[ir.Expr], int | None]) -> tuple[ir.Stmt, ...]:
    """Statements without ``x.T.T``, ``np.outer(a, b).T``, which is ``np.outer(b, a)``, and ``(a.T @ b).T``, which is
    ``b.T @ a`` for matrices. rank: the number of an expression's axes, None where that is not known."""
    new: tuple[ir.Stmt, ...] = ir.transform(code, lambda node: _turned(node, rank))
    return new


def _turned(node: Any, rank: Callable[[ir.Expr], int | None]) -> Any:
    inner = _untransposed(node)
    if isinstance(inner, ir.Binary) and inner.op == "@":
        a, b = _untransposed(inner.left), _untransposed(inner.right)
        if (a is None and b is None) or not rank(inner.left) == rank(inner.right) == 2:
            return node
        left, right = (ir.call(_TRANSPOSE.path, side) for side in (inner.right, inner.left))
        return replace(inner, left=left if b is None else b, right=right if a is None else a)
    if not isinstance(inner, ir.Call) or inner.kwargs:
        return node
    if inner.fn == _TRANSPOSE and len(inner.args) == 1:
        return inner.args[0]
    return replace(inner, args=inner.args[::-1]) if inner.fn == _OUTER and len(inner.args) == 2 else node


def _untransposed(node: Any) -> ir.Expr | None:
    """x of ``x.T``."""
    is_turn = isinstance(node, ir.Call) and node.fn == _TRANSPOSE and len(node.args) == 1 and not node.kwargs
    return node.args[0] if is_turn else None
