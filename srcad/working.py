"""Bytes that a gradient takes: of what it records, and of the other arrays that it makes for itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

_INTEGER = frozenset("max min len range".split())
_MAKING = frozenset("empty zeros ones full empty_like zeros_like ones_like full_like".split())


def allocated(text: str, entry: str, inputs: Mapping[str, Any]) -> dict[str, int]:
    """Bytes by variable of the arrays that the function `entry` of a module makes, for inputs like these.

    Its statements are gone through once, loops as if in their last iteration; what a shape depends on is computed, and
    nothing else: no array is made. Arrays whose shapes depend on more are left out.
    """
    functions = (n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name == entry)
    reader = _Reader({"np": np, "max": max, "min": min, "len": len, "range": range, **inputs})
    for function in functions:
        reader.block(function.body)
    return reader.found


def is_record(name: str) -> bool:
    return re.search(r"_saved_*\d*$", name) is not None


def held(names: dict[str, Any]) -> int:
    """Bytes of what records hold and no other variable does; memory under several names counts once."""
    records = {name for name in names if is_record(name)}
    others = {id(_memory(v)) for name, value in names.items() if name not in records for v in _flat(value)}
    kept = {id(_memory(v)): _memory(v) for name in records for v in _flat(names[name]) if isinstance(v, np.ndarray)}
    numbers = sum(not isinstance(v, np.ndarray) for name in records for v in _flat(names[name]))
    return 8 * numbers + sum(array.nbytes for key, array in kept.items() if key not in others)


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def _memory(value: Any) -> Any:
    """The array whose memory an array is (part of)."""
    while isinstance(value, np.ndarray) and isinstance(value.base, np.ndarray):
        value = value.base
    return value


class _Reader:
    """known: integers, and arrays without memory of their own, by name. found: bytes of those that are made."""

    def __init__(self, known: dict[str, Any]) -> None:
        self.known = known
        self.found: dict[str, int] = {}

    def block(self, body: Sequence[ast.stmt]) -> None:
        for stmt in body:
            self.statement(stmt)

    def statement(self, stmt: ast.stmt) -> None:
        if isinstance(stmt, ast.For):
            over = self.value(stmt.iter)
            if isinstance(over, range) and over and isinstance(stmt.target, ast.Name):
                self.known[stmt.target.id] = max(over[0], over[-1])
                self.block(stmt.body)
        elif isinstance(stmt, (ast.If, ast.While)):
            self.block([*stmt.body, *stmt.orelse])
        elif isinstance(stmt, ast.Assign) and len(stmt.targets) == 1 and isinstance(stmt.targets[0], ast.Name):
            self.assign(stmt.targets[0].id, stmt.value)

    def assign(self, name: str, value: ast.expr) -> None:
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
            made = self.made(value, value.func)
            if made is not None:
                self.make(name, made)
                return
        product = self.product(value)
        if product is not None:
            self.make(name, product)
            return
        found = self.array(value)
        if isinstance(found, (int, np.ndarray)):
            self.known[name] = found
        else:
            self.known.pop(name, None)

    def make(self, name: str, array: np.ndarray) -> None:
        self.known[name] = array
        self.found[name] = max(self.found.get(name, 0), array.size * array.itemsize)

    def product(self, expr: ast.expr) -> np.ndarray | None:
        """A stand-in for a product of matrices and vectors."""
        match expr:
            case ast.BinOp(left, ast.MatMult(), right):
                pair = self.array(left), self.array(right)
            case ast.Call(ast.Attribute(ast.Name("parallel_products"), "matmul"), [left, right]):
                pair = self.array(left), self.array(right)
            case _:
                return None
        if not all(isinstance(a, np.ndarray) and a.ndim in (1, 2) for a in pair):
            return None
        a, b = pair
        return _stand_in(a.shape[:-1] + b.shape[1:], np.result_type(a, b))

    def array(self, expr: ast.expr) -> Any:
        """As `value`, with other views of arrays."""
        match expr:
            case ast.Attribute(base, "T"):
                turned = self.array(base)
                return turned.T if isinstance(turned, np.ndarray) else None
            case ast.Call(ast.Attribute(ast.Name("kernels"), "reshape"), [base, shape]):
                whole, extents = self.array(base), self.value(shape)
                if not isinstance(whole, np.ndarray) or not isinstance(extents, tuple) or not whole.size:
                    return None
                known = [n for n in extents if n != -1]
                rest = whole.size // max(int(np.prod(known)), 1)
                return _stand_in(tuple(rest if n == -1 else n for n in extents), whole.dtype)
        return self.value(expr)

    def made(self, call: ast.Call, function: ast.Attribute) -> np.ndarray | None:
        """A stand-in, one number broadcast, for the array that a call makes."""
        if function.attr == "copy":  # ``x.copy()``, ``np.copy(x)``
            base = self.array(call.args[0] if call.args else function.value)
            return _stand_in(base.shape, base.dtype) if isinstance(base, np.ndarray) else None
        if not isinstance(function.value, ast.Name) or function.value.id != "np" or function.attr not in _MAKING:
            return None
        shape, dtype = self.value(call.args[0]), np.dtype(float)
        if function.attr.endswith("_like") and isinstance(shape, np.ndarray):
            shape, dtype = shape.shape, shape.dtype
        given = [self.value(a) for a in call.args[1:]]
        dtype = next((np.dtype(d) for d in given if isinstance(d, (type, np.dtype))), dtype)
        return _stand_in(shape, dtype)

    def value(self, expr: ast.expr) -> Any:
        """The value of an expression of integers, extents and views; None where it is made of more."""
        allowed = (ast.Name, ast.Constant, ast.Attribute, ast.Subscript, ast.BinOp, ast.UnaryOp, ast.Tuple, ast.Slice,
                   ast.operator, ast.unaryop, ast.expr_context)  # fmt: skip
        for node in ast.walk(expr):
            cheap = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _INTEGER
            if not cheap and not isinstance(node, allowed) or isinstance(node, ast.Name) and node.id not in self.known:
                return None
        try:
            found = eval(compile(ast.Expression(expr), "<extent>", "eval"), {"__builtins__": {}}, self.known)
        except (TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError):
            return None
        return found if isinstance(found, (int, tuple, range, type, np.dtype, np.ndarray)) else None


def _stand_in(shape: Any, dtype: np.dtype[Any]) -> np.ndarray | None:
    """One number, broadcast; None where the shape is none."""
    extents = shape if isinstance(shape, tuple) else (shape,)
    known = all(isinstance(n, int) and n >= 0 for n in extents)
    return np.broadcast_to(dtype.type(0), extents) if known else None
