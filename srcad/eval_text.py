"""Text in the partial evaluator: messages of exceptions, f-strings, printing.

A string of known parts is known; one made of numbers of the program is a `Text`, good for messages only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from srcad import ir
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator
from srcad.eval_exprs import evaluate
from srcad.eval_order import in_order
from srcad.eval_values import residual, static
from srcad.values import Bound, Known, Text, Value

_CONVERSIONS: dict[str | None, Callable[[Any], Any]] = {None: lambda v: v, "r": repr, "s": str, "a": ascii}
_TEXTS: dict[str, Callable[..., str]] = {"builtins.str": str, "builtins.repr": repr, "builtins.format": format}


def fstring(ev: Evaluator, expr: ir.FString) -> Value:
    parts = [part for part in expr.parts if not isinstance(part, ir.Const)]
    values = in_order(ev, [lambda part=part: evaluate(ev, part[0]) for part in parts], expr.loc)  # type: ignore[misc]
    known = [static(ev, value) for value in values]
    if all(k for k, _ in known):
        texts = [format(_CONVERSIONS[p[1]](v), p[2] or "") for p, (_, v) in zip(parts, known, strict=True)]
        rest = iter(texts)
        return Known("".join(str(p.value) if isinstance(p, ir.Const) else next(rest) for p in expr.parts))
    shown = iter([(residual(ev, v, expr.loc), p[1], p[2]) for p, v in zip(parts, values, strict=True)])
    return Text(replace(expr, parts=tuple(p if isinstance(p, ir.Const) else next(shown) for p in expr.parts)))


def text_of(ev: Evaluator, path: str, args: list[Value], loc: ir.Loc | None) -> Value:
    """``str(x)``, ``repr(x)``, ``format(x, spec)``."""
    known = [static(ev, a) for a in args]
    if all(k for k, _ in known):
        return Known(_TEXTS[path](*(v for _, v in known)))
    return Text(ir.Call(ir.Ref(path), tuple(residual(ev, a, loc) for a in args), loc=loc))


def method(ev: Evaluator, fn: Bound, args: list[Value], kwargs: dict[str, Value], loc: ir.Loc | None) -> Value:
    """A method of a string."""
    known = [static(ev, a) for a in (fn.owner, *args, *kwargs.values())]
    if all(k for k, _ in known):
        own, *given = [v for _, v in known]
        value = getattr(own, fn.name)(*given[: len(args)], **dict(zip(kwargs, given[len(args) :], strict=True)))
        from srcad import eval_calls

        return eval_calls.literal(ev, value)
    if fn.name not in ("format", "join", "ljust", "rjust", "center", "upper", "lower"):
        raise Unsupported(f"cannot differentiate the method {fn.name} of text that is made of numbers", loc)
    call = ir.Attr(residual(ev, fn.owner, loc), fn.name)
    pairs = tuple((k, residual(ev, v, loc)) for k, v in kwargs.items())
    return Text(ir.Call(call, tuple(residual(ev, a, loc) for a in args), pairs, loc=loc))


# ---- messages ----


def message(ev: Evaluator, expr: ir.Expr) -> ir.Expr:
    """An exception, an assertion's message, a context manager: kept as written, its operands evaluated."""
    if isinstance(expr, (ir.Tuple, ir.List)):
        return replace(expr, items=tuple(message(ev, item) for item in expr.items))
    if isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref) and _is_kept(expr.fn):
        pairs = tuple((k, message(ev, v)) for k, v in expr.kwargs)
        return replace(expr, args=tuple(message(ev, a) for a in expr.args), kwargs=pairs)
    if isinstance(expr, ir.Ref) and _is_kept(expr):
        return expr
    return residual(ev, evaluate(ev, expr), expr.loc)


def _is_kept(ref: ir.Ref) -> bool:
    own: Any = getattr(ref.obj, "live", ref.obj)
    return (
        ref.path in ("numpy.errstate", "numpy.printoptions", "warnings.catch_warnings")
        or isinstance(own, type)
        and issubclass(own, BaseException)
    )


def printed(ev: Evaluator, expr: ir.Call) -> ir.Expr:
    """``print(...)`` and its relatives, kept with evaluated arguments."""
    shown = [*expr.args, *(v for _, v in expr.kwargs)]
    values = in_order(ev, [lambda item=item: evaluate(ev, item) for item in shown], expr.loc)  # type: ignore[misc]
    exprs = [_shown(ev, value, expr.loc) for value in values]
    kwargs = tuple((k, e) for (k, _), e in zip(expr.kwargs, exprs[len(expr.args) :], strict=True))
    return replace(expr, args=tuple(exprs[: len(expr.args)]), kwargs=kwargs)


def _shown(ev: Evaluator, value: Value, loc: ir.Loc | None) -> ir.Expr:
    return value.expr if isinstance(value, Known) and value.expr is not None else residual(ev, value, loc)
