"""Literals that keep float32 float32: NumPy lets Python's numbers adapt to arrays, Numba makes them float64."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from srcad import ir
from srcad.types import Abstract, Num, infer

NARROW = ("float32", "complex64")
ADAPTING = frozenset({"numpy.where", "numpy.clip", "builtins.max", "builtins.min", "numpy.full_like"})
ADAPTING_HELPERS = frozenset({"exceeds", "power_slope", "xlogy"})


def settled(function: ir.Function, types: Mapping[str, Abstract]) -> dict[str, Abstract]:
    """The types, with those of scalars that start as a Python number: ``s = 0.0`` does not make ``s + x`` float64.

    A variable is a Python number until a definition gives it a NumPy type; definitions are read until nothing changes.
    """
    found = dict(types)
    definitions = _definitions(function)
    for name in definitions:
        known = types.get(name)
        if isinstance(known, Num) and known.dims == () and known.dtype in _WIDE:
            found[name] = replace(known, weak=True)
        else:
            definitions[name] = []
    changed = True
    while changed:
        changed = False
        for name, values in definitions.items():
            new = _meeting([infer(value, found) for value in values])
            if new is not None and new != found[name]:
                found[name], changed = new, True
    return found


_WIDE = ("float64", "complex128")


def _definitions(function: ir.Function) -> dict[str, list[ir.Expr]]:
    """What is assigned to each variable, if assignments are all that binds it."""
    definitions: dict[str, list[ir.Expr]] = {}
    otherwise = {p.name for p in function.params}
    for node in ir.walk(function.body):
        match node:
            case ir.Assign(ir.Name(name), value):
                definitions.setdefault(name, []).append(value)
            case ir.Augment(ir.Name(name), op, value):
                definitions.setdefault(name, []).append(ir.Binary(op, node.target, value))
            case ir.Assign(target) | ir.For(target) | ir.Pop(target):
                otherwise |= ir.names(target) if target is not None else set()
    return {name: values for name, values in definitions.items() if name not in otherwise}


def _meeting(kinds: list[Abstract]) -> Num | None:
    """The type of a scalar with definitions of these types: NumPy's common type, if one has one of NumPy's."""
    strong = [t for t in kinds if not (isinstance(t, Num) and t.weak)]
    if not strong or any(not isinstance(t, Num) or t.dtype is None or t.dims != () for t in strong):
        return None
    return Num(np.result_type(*(t.dtype for t in strong if isinstance(t, Num))).name, ())


class Narrow:
    """Casts Python numbers (and what is computed from them alone) where NumPy would compute in float32."""

    def __init__(self, type_of: Callable[[ir.Expr], Abstract]) -> None:
        self.type_of = type_of

    def node(self, old: Any, new: Any) -> Any:
        """`new`, which stands for `old`, with its Python numbers cast."""
        match old:
            case ir.Param(name, default=ir.Const() as seed):  # out_bar=1.0
                return replace(new, default=self.cast((ir.Name(name), seed), (seed, new.default))[1])
            case ir.Binary(op, left, right) if isinstance(new, ir.Binary):
                if op == "**" and isinstance(right, ir.Const) and right.kind == "int":
                    return new
                a, b = self.cast((left, right), (new.left, new.right), beside_arrays=False)
                return replace(new, left=a, right=b)
            case ir.Compare(items=items) | ir.BoolOp(items=items):
                return replace(new, items=self.cast(items, new.items))
            case ir.IfExp(_, body, orelse):
                a, b = self.cast((body, orelse), (new.body, new.orelse))
                return replace(new, body=a, orelse=b)
            case ir.Assign(ir.Name(), value) | ir.Augment(_, _, value):
                return replace(new, value=self.cast((old.target, value), (old.target, new.value))[1])
        return new

    def arguments(self, old: ir.Call, new: ir.Call, path: str) -> ir.Call:
        """A call as it was written, before anything else stands for it."""
        return replace(new, args=self.cast(old.args, new.args)) if _adapts(path) else new

    def cast(
        self, old: tuple[ir.Expr, ...], new: tuple[ir.Expr, ...], beside_arrays: bool = True
    ) -> tuple[ir.Expr, ...]:
        """The operands, Python numbers cast to the type that the others have in common.

        An integer beside an array needs no cast in Numba's arithmetic; `beside_arrays` casts it all the same.
        """
        types = [self.type_of(e) for e in old]
        strong = {t.dtype for t in types if isinstance(t, Num) and not t.weak and t.dtype is not None}
        if any(not isinstance(t, Num) or t.dtype is None for t in types) or not strong:
            return new
        common = np.result_type(*strong).name
        if common not in NARROW:
            return new
        integers = beside_arrays or not any(isinstance(t, Num) and t.dims for t in types)
        return tuple(_cast(e, t, common, integers) for e, t in zip(new, types, strict=True))


def _adapts(path: str) -> bool:
    """Is it an elementwise function, in which Python numbers take the type of the arrays?"""
    library, _, name = path.rpartition(".")
    if path in ADAPTING or library == "srcad_runtime" and name in ADAPTING_HELPERS:
        return True
    return library == "numpy" and isinstance(getattr(np, name, None), np.ufunc)


def _cast(e: ir.Expr, t: Abstract, common: str, integers: bool) -> ir.Expr:
    if not isinstance(t, Num) or not t.weak or t.dims != () or t.dtype == "bool":
        return e
    if t.dtype == "int64" and not integers:
        return e
    kind = "complex64" if t.dtype == "complex128" or common == "complex64" and t.dtype != "int64" else "float32"
    return ir.call(f"numpy.{kind}", e)
