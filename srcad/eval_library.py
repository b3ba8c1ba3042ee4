"""Calls of library functions that stay: what their arguments are in the program, and what they give."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcad import ir, rules, types
from srcad.errors import Unsupported, no_rule
from srcad.eval_array_likes import arrays_for
from srcad.eval_core import Evaluator, place
from srcad.eval_order import release
from srcad.eval_refusals import check_arguments, harmless, refuse_never
from srcad.eval_values import demand, residual
from srcad.transforms import activity
from srcad.types import Num, Seq, Struct
from srcad.values import Bound, Closure, Dyn, Generator, Known, Lazy, Partial, Ptr, Stream, Text, Value

Args = list[Value]
Kwargs = dict[str, Value]

# arguments that decide what a function computes, rather than what it computes with
STRUCTURAL = frozenset(
    "axis axes axis1 axis2 keepdims ddof ord mode order offset k kind type side subscripts optimize method norm dtype "
    "indexing full_matrices compute_uv hermitian UPLO rowvar bias left right assume_unique lower trans "
    "unit_diagonal".split()
)


def library(
    ev: Evaluator, path: str, obj: Any, args: Args, kwargs: Kwargs, loc: ir.Loc | None, named_at: ir.Loc | None = None
) -> Value:
    """A library function: kept as a call, its arguments turned back into expressions.

    named_at: where the program names it as a function; a method is printed as one.
    """
    from srcad import eval_effects, eval_rules

    if eval_effects.has_out(obj, args):
        args, kwargs = args[:-1], {**kwargs, "out": args[-1]}
    if eval_effects.writes(path) or "out" in kwargs:
        return eval_effects.write(ev, path, obj, args, kwargs, loc)
    refuse_never(path, args, kwargs, loc)
    kwargs = harmless(ev, path, kwargs, loc)
    rule = rules.lookup(path) or rules.lookup_object(getattr(obj, "live", obj))
    names = list(rule.params) if rule is not None else []
    own = rule.wrt if rule is not None else ()  # what is differentiated is no structure, whatever its name
    own = tuple(names) if path.startswith("scipy.stats.") else own
    args, kwargs = arrays_for(ev, rule, path, args, kwargs, loc)
    exprs = []
    for k, value in enumerate(args):
        name = names[k] if k < len(names) else ""
        exprs.append(argument(ev, "" if name in own else name, value, path, loc))
    pairs = tuple((name, argument(ev, "" if name in own else name, value, path, loc)) for name, value in kwargs.items())
    if rule is not None:
        check_arguments(rule, path, exprs, dict(pairs), loc)
        eval_rules.bake(ev, getattr(obj, "live", obj), rule, loc)
    ref = ir.Ref(path, getattr(obj, "live", obj), loc=named_at)
    return result(ev, ir.Call(ref, tuple(exprs), pairs, loc=loc))


def argument(ev: Evaluator, name: str, value: Value, path: str, loc: ir.Loc | None) -> ir.Expr:
    if name in STRUCTURAL and isinstance(value, (Dyn, Ptr)):
        return _written(demand(ev, value, f"the argument {name} of {path}", loc))
    if isinstance(value, Text):
        raise Unsupported(f"cannot differentiate {path} of text that is made of numbers", loc, "Keep the numbers.")
    if isinstance(value, (Generator, Stream, Lazy)) and not (
        isinstance(value, Lazy) and value.kind in ("range", "slice")
    ):
        raise Unsupported("cannot differentiate an iterator passed to a library function", loc, "Make it a list first.")
    if isinstance(value, (Closure, Bound, Partial)):
        raise Unsupported(
            f"cannot differentiate a function passed to {path}",
            loc,
            "Call it in a loop, or register a rule for this function.",
        )
    expr = residual(ev, value, loc)
    if isinstance(expr, ir.Slice):
        bounds = (ir.NONE if bound is None else bound for bound in (expr.lower, expr.upper, expr.step))
        return ir.call("builtins.slice", *bounds)
    return expr


def _written(value: Any) -> ir.Expr:
    """A value of structure as an expression; lists are tuples, for NumPy takes both."""
    return ir.Tuple(tuple(map(_written, value))) if isinstance(value, (tuple, list)) else ir.Const(value)


def result(ev: Evaluator, expr: ir.Call) -> Value:
    """The value of a library call; several values get names at once."""
    kind = types.infer(expr, ev.cx.types, ev.cx.assumptions)
    if isinstance(kind, (Num, Seq)):
        return Dyn(expr, kind)
    if isinstance(kind, Struct):
        return _several(ev, expr, kind)
    if activity.find_rule(expr) is None and not isinstance(kind.value, (str, type, type(None), np.dtype)):
        raise no_rule(getattr(expr.fn, "path", "this"), expr.loc)  # an object made of the numbers tried
    return Known(kind.value, expr)


def _several(ev: Evaluator, expr: ir.Call, kind: Struct) -> Value:
    assert isinstance(expr.fn, ir.Ref)
    base = expr.fn.path.rpartition(".")[2]
    items: list[Value] = []
    for k, item in enumerate(kind.items):
        if not isinstance(item, (Num, Seq)):  # such as a dictionary of what else was found
            raise no_rule(expr.fn.path, expr.loc)
        slot = ev.slot(f"{base}_{k}#{place(expr.loc)}", item)
        ev.note_type(slot, item)
        items.append(Dyn(ir.Name(slot), item))
    names = ir.Tuple(tuple(i.expr for i in items if isinstance(i, Dyn)))
    release(ev, sorted(ir.names(names)), expr.loc)
    ev.emit(ir.Assign(names, expr, loc=expr.loc))
    keys = PARTS.get(expr.fn.path)
    if keys is not None and expr.fn.obj is not None:
        cls = type(expr.fn.obj(np.eye(2)))
        return ev.box("namedtuple", tuple(keys.split()), items, cls=cls)
    return ev.tuple_of(items, "tuple", bound=False)


# what the parts of a result are called, where it is more than a tuple
PARTS = {
    "numpy.linalg.eig": "eigenvalues eigenvectors",
    "numpy.linalg.eigh": "eigenvalues eigenvectors",
    "numpy.linalg.qr": "Q R",
    "numpy.linalg.slogdet": "sign logabsdet",
    "numpy.linalg.svd": "U S Vh",
}
