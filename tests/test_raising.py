"""What may raise is not dead: which expressions are known not to."""

from __future__ import annotations

import pytest

from srcad import ir
from srcad.dims import symbol
from srcad.raising import may_raise
from srcad.types import Num

x, n, u, v = (ir.Name(name) for name in "xnuv")
KNOWN = {
    "x": Num("float64", (), True),
    "n": Num("int64", (), True),
    "u": Num("float64", (symbol("u.shape[0]"),)),
    "v": Num("float64", (symbol("v.shape[0]"),)),
}


def of(path: str, *args: ir.Expr) -> ir.Expr:
    return ir.Call(ir.Ref(path), args)


@pytest.mark.parametrize(
    "expr",
    [
        x,
        ir.Const(2.0),
        ir.Const("text"),
        ir.Binary("*", x, ir.Binary("/", n, ir.Const(2.0))),
        ir.Compare(("<",), (x, ir.Const(0.0))),
        of("math.atan", x),
        of("numpy.sqrt", x),
        of("numpy.log", u),
        of("numpy.sum", of("numpy.exp", u)),
        of("builtins.len", u),
        ir.Binary("*", u, ir.Binary("/", u, x)),
        ir.Attr(u, "shape"),
        ir.Index(u, (ir.Slice(ir.Const(1), None, None),)),
    ],
)
def test_harmless(expr: ir.Expr) -> None:
    assert not may_raise(expr, KNOWN)


@pytest.mark.parametrize(
    "expr",
    [
        of("math.sqrt", x),
        of("math.gamma", x),
        of("builtins.int", x),
        of("numpy.max", u),
        of("numpy.linalg.inv", u),
        of("numpy.exp", ir.Binary("/", x, n)),
        ir.Binary("/", x, n),
        ir.Binary("%", x, n),
        ir.Binary("**", x, x),
        ir.Binary("+", u, v),
        ir.Binary("@", u, u),
        ir.Compare(("<",), (u, v)),
        ir.Unary("not", u),
        ir.Index(u, (n,)),
        ir.BoolOp("and", (ir.Compare(("<",), (x, n)), of("math.log", x))),
    ],
)
def test_not_known_to_be_harmless(expr: ir.Expr) -> None:
    assert may_raise(expr, KNOWN)
