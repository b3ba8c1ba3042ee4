"""Literals that keep float32 float32: NumPy lets Python's numbers adapt to arrays, Numba makes them float64."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from srcad import ir
from srcad.types import Abstract, Num

NARROW = ("float32", "complex64")
ADAPTING = frozenset({"numpy.where", "numpy.clip", "builtins.max", "builtins.min", "numpy.full_like"})
ADAPTING_HELPERS = frozenset({"exceeds", "power_slope", "xlogy"})


class Narrow:
    """Casts Python numbers (and what is computed from them alone) where NumPy would compute in float32."""

    def __init__(self, type_of: Callable[[ir.Expr], Abstract]) -> None:
        self.type_of = type_of

    def node(self, old: Any, new: Any) -> Any:
        """`new`, which stands for `old`, with its Python numbers cast."""
        match old:
            case ir.Binary(op, left, right) if isinstance(new, ir.Binary):
                if op == "**" and isinstance(right, ir.Const) and right.kind == "int":
                    return new
                a, b = self.cast((left, right), (new.left, new.right))
                return replace(new, left=a, right=b)
            case ir.Compare(items=items) | ir.BoolOp(items=items):
                return replace(new, items=self.cast(items, new.items))
            case ir.IfExp(_, body, orelse):
                a, b = self.cast((body, orelse), (new.body, new.orelse))
                return replace(new, body=a, orelse=b)
            case ir.Call(ir.Ref(), args) if isinstance(new, ir.Call) and _adapts(old):
                return replace(new, args=self.cast(args, new.args))
            case ir.Assign(ir.Name(), value) | ir.Augment(_, _, value):
                return replace(new, value=self.cast((old.target, value), (old.target, new.value))[1])
        return new

    def cast(self, old: tuple[ir.Expr, ...], new: tuple[ir.Expr, ...]) -> tuple[ir.Expr, ...]:
        """The operands, Python numbers cast to the type that the others have in common."""
        types = [self.type_of(e) for e in old]
        strong = {t.dtype for t in types if isinstance(t, Num) and not t.weak and t.dtype is not None}
        if any(not isinstance(t, Num) or t.dtype is None for t in types) or not strong:
            return new
        common = np.result_type(*strong).name
        if common not in NARROW:
            return new
        return tuple(_cast(e, t, common) for e, t in zip(new, types, strict=True))


def _adapts(call: ir.Call) -> bool:
    """Is it an elementwise function, in which Python numbers take the type of the arrays?"""
    library, _, name = call.fn.path.rpartition(".")
    if call.fn.path in ADAPTING or library == "srcad_runtime" and name in ADAPTING_HELPERS:
        return True
    return library == "numpy" and isinstance(getattr(np, name, None), np.ufunc)


def _cast(e: ir.Expr, t: Abstract, common: str) -> ir.Expr:
    if not isinstance(t, Num) or not t.weak or t.dims != () or t.dtype == "bool":
        return e
    kind = "complex64" if t.dtype == "complex128" or common == "complex64" and t.dtype != "int64" else "float32"
    return ir.call(f"numpy.{kind}", e)
