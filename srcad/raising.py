"""When statements on single numbers raise: the condition, in the program's own terms.

Compiled code does not raise where Python does, and a condition reads better than a trial: ``failed = x <= 0.0``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from srcad import ir, rules, types

Reason = tuple[type[BaseException], "ir.Expr | None"]  # what is raised, and when (None: nobody can say)
_LARGEST_EXPONENT = 709.782712893384  # math.exp of the next float is infinite
_NEVER = frozenset(f"math.{name}" for name in "atan tanh asinh erf erfc floor ceil".split())
_NUMPY = frozenset(f"numpy.{name}" for name in "log sqrt exp sin cos tan tanh arctan log1p expm1 abs absolute".split())


_MADE = frozenset(f"numpy.{name}" for name in "sum mean copy zeros_like ones_like ravel isfinite isnan isinf".split())


class _Unknown(Exception):
    """Nobody knows when this raises."""


def condition(body: Sequence[ir.Stmt], kinds: Sequence[ir.Expr], known: Mapping[str, Any]) -> ir.Expr | None:
    """Whether running `body` raises something that the only one of `kinds` concerned catches, as its number (from 1).

    None where it cannot be said in an expression: loops, arrays, calls that raise for other reasons.
    """
    try:
        reasons = [(_number(error, kinds), test) for error, test in _of_statements(body, known)]
        numbers = {number for number, _ in reasons if number}
        if len(numbers) > 1:
            return None
        test = _first(reasons)
    except _Unknown:
        return None
    number = max(numbers, default=0)
    if isinstance(test, ir.Const):
        return ir.Const(number if test.value else 0)
    return test if number == 1 else ir.Binary("*", ir.Const(number), test)


def reasons(expr: ir.Expr, known: Mapping[str, Any]) -> list[Reason] | None:
    """What evaluating an expression raises, and when, in order; None where nobody knows.

    Not what only a user's ``np.errstate`` makes of a warning.
    """
    try:
        return [reason for reason in _of_expression(expr, known) if reason[0] is not FloatingPointError]
    except _Unknown:
        return None


def may_raise(expr: ir.Expr, known: Mapping[str, Any]) -> bool:
    """Whether evaluating an expression may raise anything."""
    found = reasons(expr, known)
    if found is not None:
        return bool(found)
    if isinstance(expr, (ir.Name, ir.Const, ir.Ref, ir.Lambda)) or _is_part(expr, known):
        return False
    return _may_raise_itself(expr, known) or any(may_raise(part, known) for part in ir.children(expr))


def _may_raise_itself(expr: ir.Expr, known: Mapping[str, Any]) -> bool:
    """Whether an expression may raise whose parts do not."""
    if isinstance(expr, (ir.Attr, ir.Tuple, ir.List)) or isinstance(expr, ir.Unary) and expr.op != "not":
        return False
    if isinstance(expr, ir.Index):
        return expr.items != (ir.ELLIPSIS,)
    if isinstance(expr, ir.Call):
        return not isinstance(expr.fn, ir.Ref) or len(expr.args) != 1 or bool(expr.kwargs) or not _only_warns(expr.fn)
    kinds = [types.infer(part, known, []) for part in ir.children(expr)]
    if all(map(types.is_scalar, kinds)):
        return isinstance(expr, ir.Binary)
    if not isinstance(expr, (ir.Binary, ir.Compare)) or getattr(expr, "op", "") == "@" or len(kinds) != 2:
        return True
    return not all(isinstance(kind, types.Num) and types.is_float(kind) for kind in kinds) or not _alike(*kinds)


def _only_warns(function: ir.Ref) -> bool:
    """Whether a function of one argument gives inf or nan where it is not defined."""
    if function.path in ("builtins.float", "builtins.abs", "builtins.len", "builtins.bool") or function.path in _MADE:
        return True
    rule = rules.lookup(function.path) if function.path.startswith("numpy.") else None
    return rule is not None and rule.partials is not None


def _alike(one: Any, two: Any) -> bool:
    """Whether arrays have one shape, or one of them is a number."""
    return one.dims == () or two.dims == () or None not in (one.dims or (None,)) and one.dims == two.dims


def _first(reasons: list[tuple[int, ir.Expr | None]]) -> ir.Expr:
    """Whether the first reason that holds is one that is caught."""
    found: ir.Expr = ir.Const(False)
    for number, test in reversed(reasons):
        if test is None:
            if number or found != ir.Const(False):
                raise _Unknown
        elif number:
            found = test if found == ir.Const(False) or test == ir.Const(True) else ir.BoolOp("or", (test, found))
        elif found != ir.Const(False) and not _raises_itself(test, found):
            found = ir.BoolOp("and", (_negated(test), found))
    return found


def _negated(test: ir.Expr) -> ir.Expr:
    return test.operand if isinstance(test, ir.Unary) and test.op == "not" else ir.Unary("not", test)


def _raises_itself(outside: ir.Expr, test: ir.Expr) -> bool:
    """Whether evaluating `test` reads the very element that an index outside of its array does not have."""
    inside = outside.operand if isinstance(outside, ir.Unary) else None
    if not isinstance(inside, ir.Compare) or len(inside.items) != 3 or isinstance(test, ir.BoolOp):
        return False
    _, k, length = inside.items
    assert isinstance(length, ir.Call)
    return any(n == ir.Index(length.args[0], (k,)) for n in ir.walk(test))


def _number(error: type[BaseException], kinds: Sequence[ir.Expr]) -> int:
    """Which of `kinds` catches an exception; 0 for none."""
    for number, kind in enumerate(kinds, 1):
        own = classes(kind)
        if not own:
            raise _Unknown
        if issubclass(error, own):
            return number
    return 0


def classes(kind: ir.Expr) -> tuple[type, ...]:
    """The exception classes that a handler names; none where that is known only at run time."""
    if isinstance(kind, ir.Tuple):
        parts = [classes(item) for item in kind.items]
        return tuple(own for part in parts for own in part) if all(parts) else ()
    own = getattr(kind.obj, "live", kind.obj) if isinstance(kind, ir.Ref) else None
    return (own,) if isinstance(own, type) else ()


# ---- statements ----


def _of_statements(body: Sequence[ir.Stmt], known: Mapping[str, Any]) -> list[Reason]:
    """Reasons in order; what an assignment gives stands for its variable in those that follow."""
    found: list[Reason] = []
    given: dict[str, ir.Expr] = {}
    for k, stmt in enumerate(body):
        own, last = _of_statement(stmt, known), k == len(body) - 1
        found += [(error, None if test is None else ir.substitute(test, given)) for error, test in own]
        if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name):
            given[stmt.target.id] = ir.substitute(stmt.value, given)
        elif not last and not isinstance(stmt, ir.If):
            raise _Unknown
        if sum(1 for e in given.values() for _ in ir.walk(e)) > 60:
            raise _Unknown
    return found


def _of_statement(stmt: ir.Stmt, known: Mapping[str, Any]) -> list[Reason]:
    if isinstance(stmt, ir.Assign):
        values = stmt.value.items if isinstance(stmt.value, ir.Tuple) else (stmt.value,)
        return [reason for value in values for reason in _of_expression(value, known)]
    if isinstance(stmt, ir.Store):
        return _of_expression(stmt.value, known) + _of_expression(stmt.target, known)
    if isinstance(stmt, ir.Augment):
        return _of_expression(stmt.target, known) + _of_expression(stmt.value, known)
    if isinstance(stmt, ir.Push):
        return _of_expression(stmt.value, known)
    if isinstance(stmt, ir.Raise):
        return _of_raise(stmt, ir.Const(True))
    if isinstance(stmt, ir.If) and len(stmt.body) == 1 and isinstance(stmt.body[0], ir.Raise) and not stmt.orelse:
        return _of_expression(stmt.test, known) + _of_raise(stmt.body[0], stmt.test)
    raise _Unknown


def _of_raise(stmt: ir.Raise, test: ir.Expr) -> list[Reason]:
    own = stmt.exc.fn if isinstance(stmt.exc, ir.Call) else stmt.exc
    found = classes(own) if own is not None else ()
    if not found:
        raise _Unknown
    return [(found[0], test)]


# ---- expressions ----


def _of_expression(expr: ir.Expr, known: Mapping[str, Any]) -> list[Reason]:
    """What evaluating `expr` may raise, and when, in the order in which it is evaluated."""
    if _is_part(expr, known):
        return []
    if not types.is_scalar(types.infer(expr, known, [])):
        raise _Unknown
    if isinstance(expr, (ir.Name, ir.Const)):
        return []
    if isinstance(expr, (ir.Unary, ir.Compare)) and len(getattr(expr, "ops", "1")) == 1:
        return [reason for part in ir.children(expr) for reason in _of_expression(part, known)]
    if isinstance(expr, ir.Binary):
        found = _of_expression(expr.left, known) + _of_expression(expr.right, known)
        return found + _of_operator(expr, known)
    if _is_length(expr, known):
        return []
    if isinstance(expr, ir.Index):
        return _of_index(expr, known)
    if isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref) and len(expr.args) == 1 and not expr.kwargs:
        return _of_expression(expr.args[0], known) + _of_function(expr.fn.path, expr.args[0], known)
    raise _Unknown


def _is_length(expr: ir.Expr, known: Mapping[str, Any]) -> bool:
    """``len(x)``, ``len(x[1:])`` or ``x.shape[0]``: what has a length was known before."""
    if isinstance(expr, ir.Index):
        return isinstance(expr.base, ir.Attr) and expr.base.name == "shape" and isinstance(expr.base.base, ir.Name)
    if not isinstance(expr, ir.Call) or expr.fn != ir.Ref("builtins.len"):
        return False
    return isinstance(expr.args[0], ir.Name) or _is_part(expr.args[0], known)


def _is_part(expr: ir.Expr, known: Mapping[str, Any]) -> bool:
    """``x[a:b]`` of an array, which is there whatever the bounds."""
    if not isinstance(expr, ir.Index) or not isinstance(expr.base, ir.Name):
        return False
    kind = known.get(expr.base.id)
    has_axes = isinstance(kind, types.Num) and kind.dims is not None and len(kind.dims) >= len(expr.items)
    return has_axes and all(isinstance(item, ir.Slice) and _never_fails(item, known) for item in expr.items)


def _never_fails(item: ir.Slice, known: Mapping[str, Any]) -> bool:
    """Whether a slice is one of integers, with a step that is not zero."""
    whole = all(types.is_integer(types.infer(n, known, [])) for n in ir.children(item))
    return whole and (item.step is None or isinstance(item.step, ir.Const) and item.step.value != 0)


def _of_index(expr: ir.Index, known: Mapping[str, Any]) -> list[Reason]:
    """``x[k]`` of an array or list, by one number."""
    if not isinstance(expr.base, ir.Name) or len(expr.items) != 1:
        raise _Unknown
    (k,) = expr.items
    if not types.is_integer(types.infer(k, known, [])):
        raise _Unknown
    length = ir.call("builtins.len", expr.base)
    inside = ir.Compare(("<=", "<"), (ir.Unary("-", length), k, length))
    return [*_of_expression(k, known), (IndexError, ir.Unary("not", inside))]


def _of_operator(expr: ir.Binary, known: Mapping[str, Any]) -> list[Reason]:
    """Python's numbers raise where NumPy's give inf or nan."""
    if expr.op in ("+", "-", "*"):
        return []
    weak = all(getattr(types.infer(e, known, []), "weak", False) for e in (expr.left, expr.right))
    if expr.op == "/" and isinstance(expr.right, ir.Const) and (weak or expr.right.value != 0):
        return [(ZeroDivisionError, ir.Const(True))] if expr.right.value == 0 else []
    if expr.op in ("/", "//", "%") and weak:
        return [(ZeroDivisionError, ir.Compare(("==",), (expr.right, ir.Const(0))))]
    return [(ZeroDivisionError, None), (OverflowError, None), (FloatingPointError, None)]


def _of_function(path: str, x: ir.Expr, known: Mapping[str, Any]) -> list[Reason]:
    if path in _NUMPY:
        return [(FloatingPointError, None)]
    kind = types.infer(x, known, [])
    if not isinstance(kind, types.Num) or kind.dtype not in ("float64", "int64"):
        raise _Unknown
    name = path.removeprefix("math.")
    if name in ("log", "log2", "log10"):
        return [(ValueError, ir.Compare(("<=",), (x, ir.Const(0.0))))]
    if name == "log1p":
        return [(ValueError, ir.Compare(("<=",), (x, ir.Const(-1.0))))]
    if name == "sqrt":
        return [(ValueError, ir.Compare(("<",), (x, ir.Const(0.0))))]
    if name in ("asin", "acos"):
        return [(ValueError, ir.Compare((">",), (ir.call("builtins.abs", x), ir.Const(1.0))))]
    if name == "exp":
        return [(OverflowError, ir.Compare(("<", "<"), (ir.Const(_LARGEST_EXPONENT), x, ir.Const(math.inf))))]
    if path in _NEVER:
        return []
    raise _Unknown
