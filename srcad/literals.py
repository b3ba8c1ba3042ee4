"""The values of expressions that need no program to be run: literals and arithmetic on them.

Used for module constants of files that are only read, and for decorator options.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: dict[type, Callable[[Any], Any]] = {ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Not: operator.not_}
_NUMBER = (int, float, complex)
_LARGEST = 2**64  # integers beyond are not worth the time that a power may take


class NotLiteral(Exception):
    """The expression needs the program to run."""


def evaluate(node: ast.expr, name: Callable[[ast.expr], Any]) -> Any:
    """The value of `node`; `name` gives the value of a (dotted) name or raises `NotLiteral`, as this does."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name() | ast.Attribute():
            return name(node)
        case ast.Tuple(elts=items):
            return tuple(evaluate(item, name) for item in items)
        case ast.List(elts=items):
            return [evaluate(item, name) for item in items]
        case ast.Dict(keys=keys, values=values):
            return {evaluate(_key(k), name): evaluate(v, name) for k, v in zip(keys, values, strict=True)}
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            return _UNARY[type(op)](_number(evaluate(operand, name)))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _binary(_BINARY[type(op)], _number(evaluate(left, name)), _number(evaluate(right, name)))
        case ast.Call(func=func, args=args, keywords=[]):
            return _call(name(func), [_number(evaluate(a, name)) for a in args])
    raise NotLiteral


def _key(node: ast.expr | None) -> ast.expr:
    if node is None:
        raise NotLiteral
    return node


def _number(value: Any) -> Any:
    if not isinstance(value, _NUMBER):
        raise NotLiteral
    return value


def _binary(apply: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if apply is operator.pow and isinstance(left, int) and isinstance(right, int) and abs(right) > 64:
        raise NotLiteral
    return _small(apply, left, right)


def _call(function: Any, args: list[Any]) -> Any:
    """A function of `math`, or a conversion, of numbers: ``math.sqrt(2 * math.pi)``, ``float(3)``."""
    known = getattr(function, "__module__", None) == math.__name__ or function in (int, float, complex, abs, bool)
    if not known or function is math.factorial:
        raise NotLiteral
    return _small(function, *args)


def _small(function: Callable[..., Any], *args: Any) -> Any:
    try:
        value = function(*args)
    except (ArithmeticError, ValueError, TypeError):
        raise NotLiteral from None
    if isinstance(value, int) and abs(value) > _LARGEST:
        raise NotLiteral
    return value
