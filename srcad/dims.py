"""Extents and integers in linear form, ``n - 2`` or ``2 * x.shape[0] + 1``."""

from __future__ import annotations

import ast
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from srcad import ir


@dataclass(frozen=True)
class Dim:
    """An extent, or an integer, in linear form: ``const + sum(coef * symbol)``.

    A symbol is a Python expression over parameters and unchanged local names, such as ``x.shape[0]`` or ``n``.
    Terms are sorted by symbol and have no zero coefficient, so that equal forms are equal objects. Extents of slices
    are meant clipped at zero.
    """

    const: int
    terms: tuple[tuple[str, int], ...] = ()

    def __add__(self, other: Dim | int) -> Dim:
        other = as_dim(other)
        coefs = dict(self.terms)
        for symbol, coef in other.terms:
            coefs[symbol] = coefs.get(symbol, 0) + coef
        return Dim(self.const + other.const, tuple(sorted((s, c) for s, c in coefs.items() if c)))

    def __neg__(self) -> Dim:
        return self * -1

    def __sub__(self, other: Dim | int) -> Dim:
        return self + -as_dim(other)

    def __mul__(self, factor: int) -> Dim:
        return Dim(self.const * factor, tuple((s, c * factor) for s, c in self.terms if factor))

    __radd__ = __add__
    __rmul__ = __mul__

    @property
    def is_const(self) -> bool:
        return not self.terms

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(symbol for symbol, _ in self.terms)

    def value(self, symbols: Mapping[str, int]) -> int:
        """The number it stands for, given its symbols' values."""
        return self.const + sum(coef * symbols[symbol] for symbol, coef in self.terms)

    def __str__(self) -> str:
        pieces = [(coef < 0, f"{abs(coef)} * {s}" if abs(coef) != 1 else s) for s, coef in self.terms]
        if self.const or not pieces:
            pieces.append((self.const < 0, str(abs(self.const))))
        (negative, text), *rest = sorted(pieces, key=lambda piece: piece[0])  # a positive piece first, if there is one
        return ("-" if negative else "") + text + "".join(f" {'-' if minus else '+'} {p}" for minus, p in rest)


def as_dim(value: Dim | int) -> Dim:
    return value if isinstance(value, Dim) else Dim(int(value))


@functools.lru_cache(maxsize=4096)
def symbol(text: str) -> Dim:
    """The linear form of one symbol, ``symbol("n")``."""
    return Dim(0, ((text, 1),))


def never_one(dim: Dim | None) -> bool:
    """Whether an extent is known not to be 1. That of an argument is: `describe` writes 1 as `Dim(1)`.

    An extent counted from the back, ``y.shape[-1]``, is that of a variable, and may be anything.
    """
    if dim is None:
        return False
    if dim.is_const:
        return dim.const != 1
    single = dim.const == 0 and len(dim.terms) == 1 and dim.terms[0][1] == 1
    return single and is_extent(dim.terms[0][0]) and "[-" not in dim.terms[0][0]


def is_extent(symbol: str) -> bool:
    """Whether a symbol is an extent of an array (so at least 0), as in ``x.shape[0]``."""
    return symbol.endswith("]") and ".shape[" in symbol


@functools.lru_cache(maxsize=4096)
def dim_expr(dim: Dim) -> ir.Expr:
    """A linear form as an expression, ``n - 2`` or ``2 * x.shape[0]``."""
    return _expr(ast.parse(str(dim), mode="eval").body)


def _expr(node: ast.AST) -> ir.Expr:
    from srcad import ir  # a call answered from the cache does without

    match node:
        case ast.Constant(value):
            return ir.Const(value)
        case ast.Name(id):
            return ir.Name(id)
        case ast.Attribute(value, name):
            return ir.Attr(_expr(value), name)
        case ast.Subscript(value, index):
            return ir.Index(_expr(value), (_expr(index),))
        case ast.UnaryOp(ast.USub(), operand):
            return ir.Unary("-", _expr(operand))
        case ast.BinOp(left, op, right):
            return ir.Binary(
                {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//"}[type(op)], _expr(left), _expr(right)
            )
    raise ValueError(f"not an extent: {ast.unparse(node)}")


def combine(op: str, left: Dim | None, right: Dim | None) -> Dim | None:
    """``left op right`` in linear form, or None where it is not linear (or not safely computed here)."""
    if left is None or right is None:
        return None
    if op == "+":
        return left + right
    if op == "-":
        return left - right
    if op == "*" and (left.is_const or right.is_const):
        return right * left.const if left.is_const else left * right.const
    if op in ("//", "%") and left.is_const and right.is_const and right.const:
        return Dim(left.const // right.const if op == "//" else left.const % right.const)
    if op == "**" and left.is_const and right.is_const and 0 <= right.const < 64:
        return Dim(left.const**right.const)
    return None
