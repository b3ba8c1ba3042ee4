"""The type of a core expression: one case per node.

Promotion is in `promotion`, broadcasting in `shapes`, indices in `indexing`, library functions in `calls`.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence

import numpy as np

from srcad import calls, ir, promotion, shapes, signatures
from srcad.abstract import BOOL, INT, UNKNOWN, Abstract, Num, Seq, Static, Struct, describe, join
from srcad.dims import Dim, combine, symbol
from srcad.indexing import Cut, Item, index
from srcad.promotion import as_number, binary
from srcad.shapes import Assumptions


def infer(expr: ir.Expr, env: Mapping[str, Abstract], assumptions: Assumptions | None = None) -> Abstract:
    """The type of `expr` where variables have the types of `env`.

    `assumptions`, if given, collects what the answer takes for granted about extents and bounds of slices
    (`shapes.Assumption`). What cannot be known is `UNKNOWN`, or has None for its dtype, rank or extent.
    """
    return _Inference(env, [] if assumptions is None else assumptions).of(expr)


@dataclasses.dataclass(frozen=True, eq=False)
class _Answer:
    """The type of an expression: good wherever the variables that were asked for have the types that they had then."""

    type: Abstract
    asked: Mapping[str, Abstract]
    noted: Assumptions

    def holds(self, env: Mapping[str, Abstract]) -> bool:
        for name, t in self.asked.items():
            now = env.get(name, UNKNOWN)
            if now is not t and (type(now) is not Num or now != t):
                return False
        return True


class _Inference:
    def __init__(self, env: Mapping[str, Abstract], noted: Assumptions) -> None:
        self.env, self.noted = env, noted
        self.asked: dict[str, Abstract] = {}
        self.live = False  # whether the answer follows from an object that may change

    def of(self, expr: ir.Expr) -> Abstract:
        """The type of an expression; that of a compound one is kept with it, since passes ask again and again."""
        kind = type(expr)
        if kind is ir.Name:
            return self.asked.setdefault(expr.id, self.env.get(expr.id, UNKNOWN))  # type: ignore[union-attr]
        if kind is ir.Const:
            return _constant(expr.value)  # type: ignore[union-attr]
        if kind is ir.Ref:
            self.live = self.live or expr.obj is not None  # type: ignore[union-attr]
            return _reference(expr.path, expr.obj)  # type: ignore[union-attr]
        known: _Answer | None = expr.__dict__.get("_type_")
        if known is None or not known.holds(self.env):
            inner = _Inference(self.env, [])
            known = _Answer(inner._compound(expr), inner.asked, inner.noted)
            self.live = self.live or inner.live
            if not inner.live:
                expr.__dict__["_type_"] = known
        self.asked |= known.asked
        self.noted.extend(a for a in known.noted if a not in self.noted)
        return known.type

    def _compound(self, expr: ir.Expr) -> Abstract:
        match expr:
            case ir.Attr(base, name):
                return _attribute(self.of(base), name)
            case ir.Index(base, items):
                return index(self.of(base), [self._item(i) for i in items], self.noted)
            case ir.Unary(op, operand):
                return self._unary(op, self.of(operand))
            case ir.Binary(op, left, right):
                return self._binary(op, self.of(left), self.of(right))
            case ir.Compare():
                return self._compare(expr)
            case ir.BoolOp(_, items):
                return self._join(items)
            case ir.IfExp(_, body, orelse):
                return self._join((body, orelse))
            case ir.Call():
                return self._call(expr)
            case ir.Tuple(items) | ir.List(items):
                return self._sequence("tuple" if isinstance(expr, ir.Tuple) else "list", items)
            case ir.Dict(keys, values):
                return self._dict(keys, values)
            case ir.Walrus(_, value):
                return self.of(value)
            case ir.Lambda(function):
                return Static(function)
        return UNKNOWN

    def _join(self, items: Sequence[ir.Expr]) -> Abstract:
        first, *rest = map(self.of, items)
        for t in rest:
            first = join(first, t)
        return first

    # -- containers --

    def _sequence(self, kind: str, exprs: Sequence[ir.Expr]) -> Abstract:
        items = self._expand(exprs)
        if items is None:
            return UNKNOWN
        return Struct(kind, tuple(range(len(items))), tuple(items), tuple if kind == "tuple" else list)

    def _expand(self, exprs: Sequence[ir.Expr]) -> list[Abstract] | None:
        """Types of items or arguments, starred ones taken apart; None where their number is unknown."""
        items: list[Abstract] = []
        for expr in exprs:
            if not isinstance(expr, ir.Starred):
                items.append(self.of(expr))
            elif isinstance(t := self.of(expr.value), Struct):
                items += t.items
            else:
                return None
        return items

    def _dict(self, keys: Sequence[ir.Expr | None], values: Sequence[ir.Expr]) -> Abstract:
        items: dict[object, Abstract] = {}
        for key, value in zip(keys, values, strict=True):
            t = self.of(value)
            if isinstance(key, ir.Const):
                items[key.value] = t
            elif key is None and isinstance(t, Struct) and t.kind == "dict":
                items.update(zip(t.keys, t.items, strict=True))
            else:
                return UNKNOWN
        return Struct("dict", tuple(items), tuple(items.values()), dict)

    def _item(self, expr: ir.Expr) -> Item:
        if not isinstance(expr, ir.Slice):
            return self.of(expr)
        bounds = [None if b is None or b == ir.NONE else self.of(b) for b in (expr.lower, expr.upper, expr.step)]
        return Cut(*(b if b is None or isinstance(b, Num) else INT for b in bounds))

    # -- operators --

    def _unary(self, op: str, t: Abstract) -> Abstract:
        number = as_number(t)
        if op == "not":
            return BOOL
        if number is None:
            return UNKNOWN
        if number.weak and number.dtype == "bool":
            return INT
        negated = -number.number if op == "-" and number.number is not None else None
        return dataclasses.replace(number, number=number.number if op == "+" else negated)

    def _binary(self, op: str, left: Abstract, right: Abstract) -> Abstract:
        a, b = as_number(left), as_number(right)
        if a is not None and b is not None:
            return binary(op, a, b, self.noted)
        if isinstance(left, Struct) and isinstance(right, Struct) and op == "+" and left.kind == right.kind != "dict":
            items = left.items + right.items
            return Struct(left.kind, tuple(range(len(items))), items, left.cls)
        if isinstance(left, Struct) and isinstance(b, Num) and op == "*" and not b.dims:
            return _repeat(left, b.number)
        if isinstance(left, Static) and isinstance(right, Static) and isinstance(left.value, str) and op == "+":
            return Static(left.value + right.value)
        if isinstance(left, (Struct, Seq)) != isinstance(right, (Struct, Seq)) and op in promotion.UFUNCS:
            return calls.result(
                f"numpy.{promotion.UFUNCS[op].__name__}", promotion.UFUNCS[op], [left, right], {}, self.noted
            )
        return UNKNOWN

    def _compare(self, expr: ir.Compare) -> Abstract:
        numbers = [as_number(self.of(item)) for item in expr.items]
        if len(expr.ops) > 1 or expr.ops[0] in ("is", "is not", "in", "not in") or None in numbers:
            return BOOL
        a, b = (n for n in numbers if n is not None)
        return BOOL if a.weak and b.weak else Num("bool", shapes.broadcast([a.dims, b.dims], self.noted))

    # -- calls --

    def _call(self, call: ir.Call) -> Abstract:
        args = [_argument(arg, t) for arg, t in zip(call.args, self._expand(call.args) or [])]
        kwargs = {k: _argument(v, self.of(v)) for k, v in call.kwargs if k is not None}
        if len(kwargs) != len(call.kwargs) or any(isinstance(a, ir.Starred) for a in call.args):
            return UNKNOWN
        match call.fn:
            case ir.Ref(path, obj):
                self.live = self.live or obj is not None
                return calls.result(path, obj, args, kwargs, self.noted)
            case ir.Attr(base, name):
                return self._method(self.of(base), name, args, kwargs)
        return UNKNOWN

    def _method(self, base: Abstract, name: str, args: list[Abstract], kwargs: dict[str, Abstract]) -> Abstract:
        if isinstance(base, Num):
            return calls.method(base, name, args, kwargs, self.noted)
        if isinstance(base, Static) and isinstance(base.value, (np.random.Generator, np.random.RandomState)):
            return calls.generator_method(name, args, kwargs, self.noted)
        if isinstance(base, Static) and isinstance(base.value, np.ufunc):
            path = f"numpy.{base.value.__name__}.{name}"
            return calls.result(path, getattr(base.value, name), args, kwargs, self.noted)
        return Static(None) if name in ("append", "extend", "insert", "clear", "update") else UNKNOWN


def _constant(value: object) -> Abstract:
    return _number(value) if type(value) in (bool, int, float, complex) else describe(value, "")


@functools.lru_cache(maxsize=4096, typed=True)
def _number(value: object) -> Abstract:
    t = describe(value, "")
    return dataclasses.replace(t, number=Dim(value)) if isinstance(t, Num) and type(value) is int else t


def _reference(path: str, obj: object) -> Abstract:
    """Library constants are numbers; globals and closure values keep their own name, for they may change."""
    origin, _, name = path.partition(":")
    if origin in ("global", "closure"):
        return describe(obj, name.replace(".", "_"))
    found = calls.find(path) if obj is None and origin != "user" else obj
    return describe(found, "") if isinstance(found, (bool, int, float, complex)) else Static(found)


def _argument(expr: ir.Expr, t: Abstract) -> Abstract:
    """A literal number is passed to a probed function as it is."""
    if isinstance(expr, ir.Const) and isinstance(expr.value, (bool, float, complex)):
        return Static(expr.value)
    if isinstance(expr, ir.Unary) and expr.op == "-" and isinstance(expr.operand, ir.Const):
        return Static(-expr.operand.value) if isinstance(expr.operand.value, (float, complex)) else t
    if isinstance(expr, ir.Ref) and isinstance(expr.obj, (int, float, complex)) and ":" not in expr.path:
        return Static(expr.obj)
    return t


def _repeat(t: Struct, times: Dim | None) -> Abstract:
    if times is not None and times.is_const:
        items = t.items * times.const
        return Struct(t.kind, tuple(range(len(items))), items, t.cls)
    first = join(t.items[0], t.items[0]) if t.items else UNKNOWN
    for item in t.items[1:]:
        first = join(first, item)
    return Seq(first) if isinstance(first, Num) and t.kind == "list" else UNKNOWN


def _attribute(base: Abstract, name: str) -> Abstract:
    if isinstance(base, Struct):
        return base.items[base.keys.index(name)] if name in base.keys and base.kind != "dict" else UNKNOWN
    if isinstance(base, Static):
        public = type(base.value).__module__.split(".")[0] in ("numpy", "builtins", "scipy")
        return _reference("", getattr(base.value, name, None)) if public else UNKNOWN
    return _array_attribute(base, name) if isinstance(base, Num) else UNKNOWN


def _array_attribute(t: Num, name: str) -> Abstract:
    if name == "shape":
        return signatures.shape_tuple(t)
    if name in ("size", "ndim"):
        return calls.result(f"numpy.{name}", None, [t], {}, [])
    if name in ("T", "mT"):
        axes = t.dims if t.dims is None else t.dims[::-1] if name == "T" else (*t.dims[:-2], *t.dims[:-3:-1])
        return Num(t.dtype, axes)
    if name in ("real", "imag"):
        return dataclasses.replace(t, dtype=t.dtype and np.empty(0, t.dtype).real.dtype.name)
    if name == "flat":
        return Num(t.dtype, None if t.dims is None else (shapes.size(t.dims),))
    if name == "dtype" and t.dtype is not None:
        return Static(np.dtype(t.dtype))
    if name == "itemsize" and t.dtype is not None:
        return dataclasses.replace(INT, number=Dim(np.dtype(t.dtype).itemsize))
    return INT if name in ("nbytes", "itemsize") else UNKNOWN


def number(expr: ir.Expr, env: Mapping[str, Abstract] | None = None) -> Dim | None:
    """The linear form of an integer expression, or None; names are their own symbols where `env` says nothing."""
    match expr:
        case ir.Const(value) if type(value) is int:
            return Dim(value)
        case ir.Name(id):
            known = (env or {}).get(id)
            return symbol(id) if known is None else getattr(known, "number", None)
        case ir.Index(ir.Attr(ir.Name(id), "shape"), (ir.Const(k),)):
            known = (env or {}).get(id)
            return known.dims[k] if isinstance(known, Num) and known.dims else symbol(f"{id}.shape[{k}]")
        case ir.Unary("-", operand):
            inner = number(operand, env)
            return None if inner is None else -inner
        case ir.Binary(op, left, right):
            return combine(op, number(left, env), number(right, env))
    return None
