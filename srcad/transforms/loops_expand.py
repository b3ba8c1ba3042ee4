"""Functions spelt out in simpler ones, of which loops can be made."""

from __future__ import annotations

from collections.abc import Callable

from srcad import ir
from srcad.types import Num

Simple = Callable[[ir.Expr], ir.Expr]  # an expression that may stand in two places


def expanded(expr: ir.Expr, kind: Num, simple: Simple, of: Callable[[ir.Expr], object]) -> ir.Expr:
    """The expression, if it is a call of one of these functions of real numbers, in other words; else itself.

    of: the type of an expression.
    """
    if not isinstance(expr, ir.Call) or not isinstance(expr.fn, ir.Ref) or kind.dtype not in ("float64", "int64"):
        return expr
    if expr.args and str(getattr(of(expr.args[0]), "dtype", "")).startswith("complex"):
        return expr
    rule = RULES.get(expr.fn.path)
    found = rule(expr, kind, simple) if rule is not None else None
    return expr if found is None else found


def _exceeds(call: ir.Call, kind: Num, simple: Simple) -> ir.Expr:
    """1 where a > b, 0.5 where they are equal, 0 elsewhere."""
    a, b = map(simple, call.args)
    greater = ir.call("numpy.where", _compare(">", a, b), ir.ONE, ir.ZERO)
    return ir.call("numpy.where", _compare("==", a, b), ir.Const(0.5), greater)


def _xlogy(call: ir.Call, kind: Num, simple: Simple) -> ir.Expr:
    """``x * log(y)``, 0 where x is 0."""
    x, y = simple(call.args[0]), call.args[1]
    return ir.call("numpy.where", _compare("==", x, ir.ZERO), ir.ZERO, ir.Binary("*", x, ir.call("numpy.log", y)))


def _power_slope(call: ir.Call, kind: Num, simple: Simple) -> ir.Expr:
    """``y * x ** (y - 1)``, where a zero y has the power 1."""
    x, y = call.args[0], simple(call.args[1])
    if isinstance(y, ir.Const):
        return ir.Binary("*", y, ir.Binary("**", x, ir.Const(y.value - 1))) if y.value else ir.Binary("*", ir.ZERO, x)
    power = ir.call("numpy.where", _compare("==", y, ir.ZERO), ir.ONE, ir.Binary("-", y, ir.ONE))
    return ir.Binary("*", y, ir.Binary("**", x, power))


def _tie_share(call: ir.Call, kind: Num, simple: Simple) -> ir.Expr:
    """1 at the elements that are the extreme of their line, shared by those that tie."""
    a, top, axis = call.args
    chosen = simple(ir.call("numpy.where", _compare("==", a, top), ir.ONE, ir.ZERO))
    return ir.Binary("/", chosen, ir.call("numpy.sum", chosen, axis=axis, keepdims=ir.Const(True)))


def _variance(call: ir.Call, kind: Num, simple: Simple) -> ir.Expr | None:
    options = dict(call.kwargs)
    if len(call.args) > 2 or set(options) - {"axis", "keepdims"}:
        return None
    axis = call.args[1] if len(call.args) > 1 else options.get("axis", ir.NONE)
    x = simple(call.args[0])
    mean = ir.call("numpy.mean", x, axis=axis, keepdims=ir.Const(True))
    away = simple(ir.Binary("-", x, mean))
    return ir.call(
        "numpy.mean", ir.Binary("*", away, away), axis=axis, keepdims=options.get("keepdims", ir.Const(False))
    )


def _deviation(call: ir.Call, kind: Num, simple: Simple) -> ir.Expr | None:
    variance = _variance(call, kind, simple)
    return None if variance is None else ir.call("numpy.sqrt", variance)


def _norm(call: ir.Call, kind: Num, simple: Simple) -> ir.Expr | None:
    """The Euclidean norm of all elements, or of the lines along an axis."""
    options = dict(call.kwargs)
    if len(call.args) != 1 or set(options) - {"axis", "keepdims"} or isinstance(options.get("axis"), ir.Tuple):
        return None
    x = simple(call.args[0])
    total = ir.Call(ir.Ref("numpy.sum"), (ir.Binary("*", x, x),), tuple(options.items()))
    return ir.call("numpy.sqrt", total)


def _count(call: ir.Call, kind: Num, simple: Simple) -> ir.Expr | None:
    if len(call.args) != 1 or call.kwargs:
        return None
    return ir.call("numpy.sum", _compare("!=", call.args[0], ir.Const(0)))


def _diff(call: ir.Call, kind: Num, simple: Simple) -> ir.Expr | None:
    """Differences of neighbours along the last axis."""
    if len(call.args) != 1 or call.kwargs:
        return None
    x = simple(call.args[0])
    later = ir.Index(x, (ir.ELLIPSIS, ir.Slice(ir.Const(1), None)))
    return ir.Binary("-", later, ir.Index(x, (ir.ELLIPSIS, ir.Slice(None, ir.Const(-1)))))


def _piece_of(call: ir.Call, kind: Num, simple: Simple) -> ir.Expr | None:
    """The slice of a concatenation that came from one of the arrays."""
    whole, arrays, item, axis = call.args
    known = isinstance(arrays, (ir.Tuple, ir.List)) and isinstance(item, ir.Const) and isinstance(axis, ir.Const)
    if not known or type(axis.value) is not int or type(item.value) is not int or not kind.dims:  # type: ignore[union-attr]
        return None
    along = axis.value % len(kind.dims)  # type: ignore[union-attr]
    extents = [ir.Index(ir.Attr(a, "shape"), (ir.Const(along),)) for a in arrays.items]  # type: ignore[union-attr]
    start: ir.Expr = ir.Const(0)
    for extent in extents[: item.value]:  # type: ignore[union-attr]
        start = ir.Binary("+", start, extent)
    stop = ir.Binary("+", start, extents[item.value])  # type: ignore[union-attr]
    return ir.Index(simple(whole), (*[ir.Slice(None, None)] * along, ir.Slice(start, stop)))


def _compare(op: str, a: ir.Expr, b: ir.Expr) -> ir.Expr:
    return ir.Compare((op,), (a, b))


RULES: dict[str, Callable[[ir.Call, Num, Simple], ir.Expr | None]] = {
    "srcad_runtime.exceeds": _exceeds,
    "srcad_runtime.xlogy": _xlogy,
    "srcad_runtime.power_slope": _power_slope,
    "srcad_runtime.tie_share": _tie_share,
    "numpy.var": _variance,
    "numpy.std": _deviation,
    "numpy.linalg.norm": _norm,
    "numpy.count_nonzero": _count,
    "numpy.diff": _diff,
    "srcad_runtime.piece_of": _piece_of,
}
