"""Elementary functions in loop nests, computed for several elements at once (`srcad_runtime.vector_maths`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from srcad import ir
from srcad.types import Num

RUNTIME = "srcad_runtime.vector_maths"
FUNCTIONS = {
    **{f"numpy.{name}": name for name in "exp log sin cos tan sinh cosh tanh arctan expm1 log1p".split()},
    **{f"scipy.special.{name}": name for name in ("erf", "expm1", "log1p")},
}
REAL = ("float64", "float32", "int64")


def widened(expr: Any, of: Callable[[ir.Expr], Num]) -> Any:
    """An element's expression with the functions that are there for whole registers. of: the type of an expression."""
    if not ir.is_node(expr):
        return expr
    new = ir.rebuild(expr, lambda node: widened(node, of))
    if isinstance(new, ir.Call) and isinstance(new.fn, ir.Ref) and new.fn.path in FUNCTIONS and len(new.args) == 1:
        if not new.kwargs and of(expr.args[0]).dtype in REAL:
            return ir.Call(ir.Ref(f"{RUNTIME}.{FUNCTIONS[new.fn.path]}"), new.args, loc=new.loc)
    if isinstance(new, ir.Binary) and new.op == "**" and _is_power(expr, of):
        return ir.Call(ir.Ref(f"{RUNTIME}.power"), (new.left, new.right), loc=new.loc)
    return new


def _is_power(expr: ir.Binary, of: Callable[[ir.Expr], Num]) -> bool:
    """Whether both are floating-point numbers, and the exponent is none that products and roots are made of."""
    if isinstance(expr.right, ir.Const) and 2 * expr.right.value == int(2 * expr.right.value):
        return False
    return of(expr.left).dtype == "float64" and of(expr.right).dtype == "float64"
