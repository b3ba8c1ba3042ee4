"""What the rewriting of calls for Numba has in common: the types that are known, arguments, kernels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from srcad import ir
from srcad.types import Abstract, Struct


class Types(Protocol):
    """What is known of the types of a program's expressions."""

    def type_of(self, e: ir.Expr) -> Abstract: ...

    def rank(self, e: ir.Expr) -> int | None: ...

    def dtype(self, e: ir.Expr) -> str | None: ...

    def weak(self, e: ir.Expr) -> bool: ...

    def needs_matmul(self, left: ir.Expr, right: ir.Expr) -> bool: ...


Rewrite = Callable[[Types, ir.Call, ir.Call], ir.Expr]


def argument(call: ir.Call, position: int, name: str) -> ir.Expr | None:
    """An argument by position or keyword; None where it is absent or None."""
    found = dict(call.kwargs).get(name, call.args[position] if position < len(call.args) else None)
    return None if found == ir.NONE else found


def constant(e: ir.Expr | None) -> Any:
    """The value of an integer, or of a tuple or list of them; None if it is not one."""
    match e:
        case ir.Const(value) if isinstance(value, int) and not isinstance(value, bool):
            return value
        case ir.Unary("-", ir.Const(value)) if isinstance(value, int):
            return -value
        case ir.Tuple(items) | ir.List(items):
            values = tuple(constant(item) for item in items)
            return None if None in values else values
    return None


def kernel(call: ir.Call, name: str, *args: ir.Expr, **kwargs: ir.Expr) -> ir.Call:
    """The call of a kernel, with the call's own arguments unless others are given."""
    fn = ir.Ref(f"srcad_runtime.kernels.{name}")
    if args or kwargs:
        return ir.Call(fn, args, tuple(kwargs.items()), loc=call.loc)
    return ir.Call(fn, call.args, call.kwargs, loc=call.loc)


def without(call: ir.Call, *names: str) -> ir.Call:
    """The call without arguments that say what it does anyway."""
    return replace(call, kwargs=tuple(pair for pair in call.kwargs if pair[0] not in names))


def without_axis(call: ir.Call, position: int) -> ir.Call:
    args = tuple(arg for k, arg in enumerate(call.args) if k != position)
    return ir.Call(call.fn, args, tuple(kw for kw in call.kwargs if kw[0] != "axis"), loc=call.loc)


def always(name: str) -> Rewrite:
    return lambda self, old, new: kernel(new, name)


def renamed(path: str) -> Rewrite:
    return lambda self, old, new: ir.Call(ir.Ref(path), new.args, new.kwargs, loc=new.loc)


def single_axis(call: ir.Call, position: int) -> tuple[ir.Call, int | None]:
    """A call and the axis, -1 by default, that it works along: with ``axis=None`` along the only one of ``a.ravel()``.

    The axis is None where it is not a constant.
    """
    given = dict(call.kwargs).get("axis", call.args[position] if position < len(call.args) else ir.Const(-1))
    if given == ir.NONE:
        flat = without_axis(call, position)
        return replace(flat, args=(ir.call("numpy.ravel", flat.args[0]), *flat.args[1:])), -1
    axis = constant(given)
    return call, axis if isinstance(axis, int) else None


def items_of(self: Types, shape: ir.Expr | None) -> tuple[ir.Expr, ...] | None:
    """The extents that a shape holds, one by one, where their number is known."""
    if isinstance(shape, (ir.Tuple, ir.List)):
        return shape.items
    kind = None if shape is None else self.type_of(shape)
    if shape is None or not isinstance(kind, Struct):
        return None
    return tuple(ir.Index(shape, (ir.const(k),)) for k in range(len(kind.items)))
