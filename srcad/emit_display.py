"""IR as a person would write it: the same program in surface IR that is plain syntax.

`x.T` for a transpose, `range(n)`, `x += e` for a whole array, `stack.append(v)` for a push, `np.inf` for an infinite
literal. Nothing here changes a value.
"""

from __future__ import annotations

import math
from typing import Any

from srcad import ir

# calls that read better as methods, when no one wrote them as functions
METHODS = frozenset("sum mean prod max min std var any all argmax argmin cumsum reshape ravel copy astype conj".split())


def display(node: Any) -> Any:
    """`node` (a function, statement, expression or tuple of them) in the form in which it is printed."""
    return ir.transform(node, _display)


def _display(node: Any) -> Any:
    match node:
        case ir.Const():
            return _const(node)
        case ir.Call(ir.Ref()):
            return _call(node)
        case ir.Augment(ir.Index(ir.Name() | ir.Index() as base, (ir.Const(value),)), op, added) if value is ...:
            return ir.Augment(base, op, added, loc=node.loc)
        case ir.For() | ir.While():
            return _loop(node)
        case ir.Push(stack, pushed):
            return ir.Do(ir.Call(ir.Attr(ir.Name(stack), "append"), (pushed,)))
        case ir.Pop(target, stack):
            popped = ir.Call(ir.Attr(ir.Name(stack), "pop"))
            return ir.Do(popped) if target is None else ir.Assign(target, popped)
        case ir.Match():
            return _match(node)
    return node


def _const(node: ir.Const) -> ir.Expr:
    """Literals that Python has no syntax for: negative, infinite, not a number, complex."""
    value = node.value
    if isinstance(value, complex):
        return _complex(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if math.isnan(value):
            return ir.Ref("numpy.nan")
        if math.copysign(1.0, value) < 0:
            return ir.Unary("-", _const(ir.Const(-value)))
        if math.isinf(value):
            return ir.Ref("numpy.inf")
    return node


def _complex(value: complex) -> ir.Expr:
    real, imag = value.real, value.imag
    if not math.isfinite(real) or not math.isfinite(imag) or math.copysign(1.0, real) < 0 and real == 0.0:
        return ir.call("builtins.complex", _const(ir.Const(real)), _const(ir.Const(imag)))
    if real == 0.0 and math.copysign(1.0, imag) > 0:
        return ir.Const(value)
    if imag == 0.0 or real == 0.0:  # 1.0 - 0j has a positive zero
        return ir.call("builtins.complex", _const(ir.Const(real)), _const(ir.Const(imag)))
    return ir.Binary("-" if imag < 0 else "+", _const(ir.Const(real)), ir.Const(complex(0.0, abs(imag))))


def _call(node: ir.Call) -> ir.Expr:
    assert isinstance(node.fn, ir.Ref)
    library, _, name = node.fn.path.rpartition(".")
    generator = dict(node.kwargs).get(ir.OF)
    if generator is not None:
        kwargs = tuple(pair for pair in node.kwargs if pair[0] != ir.OF)
        return ir.Call(ir.Attr(generator, name), node.args, kwargs, loc=node.loc)
    if node.fn.path == "builtins.range":
        return ir.Call(node.fn, _range(node.args), node.kwargs, loc=node.loc)
    if library not in ("numpy", "cupy", "srcad_runtime") or not _is_method(node):
        return node
    if name == "transpose" and len(node.args) == 1 and not node.kwargs:
        return ir.Attr(node.args[0], "T", loc=node.loc)
    if name in METHODS:
        return ir.Call(ir.Attr(node.args[0], name), node.args[1:], node.kwargs, loc=node.loc)
    return node


def _is_method(node: ir.Call) -> bool:
    """Was the call made by a pass, or written as a method? (One written as a function has a `fn` with a place.)"""
    receiver = node.args[0] if node.args else None
    return (
        node.fn.loc is None
        and receiver is not None
        and not isinstance(receiver, (ir.Const, ir.List, ir.Tuple, ir.Starred, ir.Comprehension, ir.Lambda, ir.Ref))
    )


def _range(args: tuple[ir.Expr, ...]) -> tuple[ir.Expr, ...]:
    if len(args) == 3 and args[2] == ir.Const(1):
        args = args[:2]
    return args[1:] if len(args) == 2 and args[0] == ir.Const(0) else args


def _loop(node: ir.For | ir.While) -> ir.Stmt:
    body = node.body if node.stop is None else (*node.body, ir.If(node.stop, (ir.Break(),)))
    if isinstance(node, ir.While):
        return ir.While(node.test, body, orelse=node.orelse, loc=node.loc)
    over = node.iter
    if node.pragma and isinstance(over, ir.Call):
        over = ir.Call(ir.Ref(f"numba.{node.pragma}"), over.args, over.kwargs, loc=over.loc)
    return ir.For(node.target, over, body, orelse=node.orelse, loc=node.loc)


def _match(node: ir.Match) -> ir.Stmt:
    """A chain of `if`s; a guard is tested before its names are bound, so it reads what they stand for."""
    chain: tuple[ir.Stmt, ...] = ()
    for case in reversed(node.cases):
        test = case.test
        if case.guard is not None:
            test = ir.BoolOp("and", (test, ir.substitute(case.guard, dict(case.bindings))))
        bound = tuple(ir.Assign(ir.Name(name), value) for name, value in case.bindings)
        chain = (ir.If(test, bound + case.body, chain),)
    return ir.Block("", (ir.Assign(ir.Name(node.var), node.subject), *chain))
