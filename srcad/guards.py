"""What a generated file asks of the function's own arguments before it answers: that they are what it was made for.

Strings, None and numbers that decided the structure are written into the text, lengths and keys of containers too.
What a file cannot compare with (a function, an object) stays unasked, and a parameter that is one is left out.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from srcad import emit, ir
from srcad.abstract import Abstract, Num, Static, Struct, is_array
from srcad.leaves import Extent

Path = tuple[Any, ...]
NUMBER = (int, float, complex, bool)
LITERAL = (*NUMBER, str, type(None))
_MISSING = object()


@dataclass(frozen=True)
class Guards:
    """The arguments that a text is made for. types: of the parameters, by name. baked: values of leaves by path.
    inputs: paths of the arguments that reach the kernel, which asks for their shapes itself."""

    entry: str
    types: Mapping[str, Abstract]
    baked: Mapping[Path, Any]
    inputs: tuple[Path, ...]

    def statements(self) -> tuple[ir.Stmt, ...]:
        """One ``if ...: raise ValueError(...)`` per value or structure that the text has in it."""
        of_values = [guard for name, t in self.types.items() for guard in self._of(ir.Name(name), (name,), t)]
        return (*of_values, *self._of_extents())

    def parameters(self, own: tuple[ir.Param, ...]) -> tuple[ir.Param, ...]:
        """The parameters that matter here, with the defaults that are right here."""
        kept = [replace(p, default=self._default(p), annotation=None) for p in own if not self._is_unneeded(p.name)]
        plain = [k for k, p in enumerate(kept) if p.kind == "positional"]
        last = max((k for k in plain if kept[k].default is None), default=-1)
        return tuple(replace(p, default=None) if k < last and k in plain else p for k, p in enumerate(kept))

    # ---- guards ----

    def _of(self, place: ir.Expr, path: Path, t: Abstract) -> Iterator[ir.Stmt]:
        fixed = self._fixed(path, t)
        if fixed is not _MISSING:
            yield self._unless(_differs(place, fixed), f"{emit.expr(place)}={fixed!r}")
        elif isinstance(t, Struct):
            yield from self._of_structure(place, t)
            for key, item in zip(t.keys, t.items):
                yield from self._of(step(place, t, key), (*path, key), item)

    def _of_structure(self, place: ir.Expr, t: Struct) -> Iterator[ir.Stmt]:
        if t.kind in ("tuple", "list"):
            size = ir.call("builtins.len", place)
            yield self._unless(_differs(size, len(t.keys)), f"{emit.expr(size)} == {len(t.keys)}")
        elif t.kind == "dict":
            keys = ir.call("builtins.list", place)
            yield self._unless(_differs(keys, list(t.keys)), f"{emit.expr(keys)} == {list(t.keys)}")

    def _of_extents(self) -> Iterator[ir.Stmt]:
        """Lengths of arrays that do not reach the kernel."""
        for path, n in self.baked.items():
            if isinstance(path[-1], Extent) and path[:-1] not in self.inputs:
                shape = ir.Index(ir.Attr(part(path[:-1], self.types), "shape"), (ir.Const(path[-1].axis),))
                yield self._unless(_differs(shape, n), f"{emit.expr(shape)} == {n}")

    def _unless(self, wrong: ir.Expr, right: str) -> ir.Stmt:
        error = ir.call("builtins.ValueError", ir.Const(f"{self.entry}: this is made for {right}"))
        return ir.If(wrong, (ir.Raise(error),))

    def _fixed(self, path: Path, t: Abstract) -> Any:
        """What an argument, or a part of one, always is here: a literal, or a tuple or list of literals."""
        value = _plain(self.baked.get(path, t.value if isinstance(t, Static) else _MISSING))
        if value is not _MISSING:
            return value
        if not isinstance(t, Struct) or t.kind not in ("tuple", "list") or not t.items:
            return _MISSING
        items = [self._fixed((*path, key), item) for key, item in zip(t.keys, t.items)]
        whole = all(item is not _MISSING and not _is_odd(item) for item in items)
        return (list(items) if t.kind == "list" else tuple(items)) if whole else _MISSING

    # ---- parameters ----

    def _is_unneeded(self, name: str) -> bool:
        t = self.types.get(name)
        used = any(path[0] == name for path in self.inputs)
        return isinstance(t, Static) and _plain(t.value) is _MISSING and not used

    def _default(self, p: ir.Param) -> ir.Expr | None:
        """The one value that fits, or the function's own where it means the same in another file and fits."""
        if p.default is None or p.name not in self.types:
            return p.default
        t = self.types[p.name]
        fixed = self._fixed((p.name,), t)
        if fixed is not _MISSING:
            return _constant(fixed)
        portable = not any(isinstance(node, (ir.Name, ir.Ref)) for node in ir.walk(p.default))
        return p.default if portable and _fits(p.default, t) else None


def part(path: Path, types: Mapping[str, Abstract]) -> ir.Expr:
    """``params["w"][0]`` or ``state.x``."""
    found: ir.Expr = ir.Name(path[0])
    t: Abstract = types[path[0]]
    for key in path[1:]:
        assert isinstance(t, Struct)
        found = step(found, t, key)
        t = t.items[t.keys.index(key)]
    return found


def step(place: ir.Expr, t: Struct, key: Any) -> ir.Expr:
    """An item or an attribute of what lies at a place."""
    by_item = t.kind in ("tuple", "list", "dict")
    return ir.Index(place, (ir.Const(key),)) if by_item else ir.Attr(place, key)


def _plain(value: Any) -> Any:
    """A value as a file can compare with it; `_MISSING` if it cannot."""
    if isinstance(value, enum.Enum) and isinstance(value, (int, float, str)):
        return value.value
    if isinstance(value, (np.generic, np.ndarray)) and value.ndim == 0 and value.dtype.kind != "b":
        return value.item()
    return value if type(value) in (*LITERAL, np.bool_) else _MISSING


def _differs(place: ir.Expr, value: Any) -> ir.Expr:
    if value is None or isinstance(value, bool):
        return ir.Compare(("is not",), (place, ir.Const(value)))
    if _is_odd(value):
        return ir.Compare(("!=",), (ir.call("builtins.str", place), ir.Const(str(value))))
    return ir.Compare(("!=",), (place, _constant(value)))


def _constant(value: Any) -> ir.Expr:
    if isinstance(value, np.bool_):
        return ir.Const(bool(value))
    if _is_odd(value):
        return ir.call("builtins.float", ir.Const(str(value)))
    if isinstance(value, (tuple, list)):
        items = tuple(map(_constant, value))
        return ir.List(items) if isinstance(value, list) else ir.Tuple(items)
    return ir.Const(value)


def _is_odd(value: Any) -> bool:
    """Whether a value is compared by its text: inf and nan, and NumPy's truth values, which are not Python's."""
    return isinstance(value, np.bool_) or isinstance(value, float) and not math.isfinite(value)


def _fits(default: ir.Expr, t: Abstract) -> bool:
    """Whether a function's own default is of the type that the text is made for."""
    if isinstance(t, Num):
        number = not isinstance(default, ir.Const) or isinstance(default.value, NUMBER)
        return number and not is_array(t) and not isinstance(default, (ir.Tuple, ir.List, ir.Dict))
    if isinstance(t, Struct) and isinstance(default, (ir.Tuple, ir.List)) and t.kind in ("tuple", "list"):
        return len(default.items) == len(t.items) and all(map(_fits, default.items, t.items))
    return False
