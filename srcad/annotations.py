"""Types from text: ``--types "w=f8[:], n=int"`` and the annotations of a function's parameters."""

from __future__ import annotations

import ast
import dataclasses
from typing import Any

from srcad.abstract import BOOL, COMPLEX, FLOAT, INT, UNKNOWN, Abstract, Num, Seq, Static, Struct, is_integer, leaf_name
from srcad.dims import Dim, symbol

_PYTHON = {"float": FLOAT, "int": INT, "bool": BOOL, "complex": COMPLEX}
_SHORT = {"f2": "float16", "f4": "float32", "f8": "float64", "c8": "complex64", "c16": "complex128", "b1": "bool"}
_SHORT |= {f"{kind}{n}": f"{word}{8 * n}" for kind, word in (("i", "int"), ("u", "uint")) for n in (1, 2, 4, 8)}
_LONG = {"single": "float32", "double": "float64", "half": "float16", "bool_": "bool", "boolean": "bool"}
_LONG |= {name: name for name in _SHORT.values()} | {"floating": "float64", "intp": "int64"}
_ARRAYS = {"ndarray", "NDArray", "ArrayLike"}
_LISTS = {"list", "List", "Sequence", "Iterable"}
_HELP = 'write types as in "w=f8[:], x=f8[:,:], n=int, p={a: f8, b: f4[:]}"'


class TypeSyntaxError(ValueError):
    """A type text that cannot be read; the message shows the text and an example."""


def parse_types(text: str) -> dict[str, Abstract]:
    """Types of parameters from one line.

    A type is ``float``, ``int``, ``bool``, ``complex`` (Python numbers), a dtype such as ``f8`` or ``float32`` (a NumPy
    scalar), ``f8[:,:]`` (an array; an extent may also be a name, a number or a linear form of these), ``f8[...]`` (an
    array of unknown rank), ``list[T]`` (of a length known at run time), or a tuple, list or dict of types.

    Raises:
        TypeSyntaxError: with the offending part.
    """
    try:
        call = ast.parse(f"_({text})", mode="eval").body
    except SyntaxError as error:
        raise TypeSyntaxError(f"cannot read the types {text!r}; {_HELP}") from error
    if not isinstance(call, ast.Call) or call.args or any(k.arg is None for k in call.keywords):
        raise TypeSyntaxError(f"cannot read the types {text!r}: every type needs its parameter; {_HELP}")
    return {k.arg: _read(k.value, k.arg) for k in call.keywords if k.arg is not None}


def parse_annotation(text: str, name: str) -> Abstract:
    """The abstract value of a parameter called `name` by its annotation; `UNKNOWN` where that says nothing."""
    try:
        return _read(ast.parse(text.strip(), mode="eval").body, name)
    except (SyntaxError, TypeSyntaxError):
        return UNKNOWN


def _read(node: ast.expr, name: str) -> Abstract:
    match node:
        case ast.Constant(value=None):
            return Static(None)
        case ast.Constant(value=str() as text):
            return _read_text(text, name)
        case ast.Name() | ast.Attribute():
            return _named(node, name)
        case ast.Subscript(value=base, slice=index):
            return _subscript(base, index, name)
        case ast.Tuple(elts=items):
            return _struct("tuple", tuple(range(len(items))), items, name, tuple)
        case ast.List(elts=items):
            return _struct("list", tuple(range(len(items))), items, name, list)
        case ast.Dict(keys=keys, values=values):
            return _struct("dict", tuple(_key(k) for k in keys), values, name, dict)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _read(left if _is_none(right) else right if _is_none(left) else node.left, name)
    raise TypeSyntaxError(f"cannot read the type {ast.unparse(node)!r} of {name}; {_HELP}")


def _read_text(text: str, name: str) -> Abstract:
    try:
        return _read(ast.parse(text.strip(), mode="eval").body, name)
    except SyntaxError as error:
        raise TypeSyntaxError(f"cannot read the type {text!r} of {name}; {_HELP}") from error


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _key(node: ast.expr | None) -> Any:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Constant):
        return node.value
    raise TypeSyntaxError(f"a dict's keys are names, strings or numbers; {_HELP}")


def _struct(kind: str, keys: tuple[Any, ...], items: list[ast.expr], name: str, cls: type) -> Struct:
    return Struct(kind, keys, tuple(_read(item, leaf_name(name, k)) for k, item in zip(keys, items)), cls)


def _named(node: ast.expr, name: str) -> Abstract:
    word = _last(node)
    if word in _ARRAYS:
        return UNKNOWN
    t = _PYTHON[word] if word in _PYTHON and isinstance(node, ast.Name) else Num(_dtype(node, name))
    return dataclasses.replace(t, number=symbol(name)) if is_integer(t) else t


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _dtype(node: ast.expr, name: str) -> str:
    if isinstance(node, ast.Subscript) and _last(node.value) == "dtype":
        node = node.slice  # np.dtype[np.float64]
    word = node.value if isinstance(node, ast.Constant) else _last(node)
    for table in (_SHORT, _LONG):
        if word in table:
            return table[word]
    if word in _PYTHON:
        return str(_PYTHON[word].dtype)
    raise TypeSyntaxError(f"unknown dtype {ast.unparse(node)!r} of {name}; {_HELP}")


def _subscript(base: ast.expr, index: ast.expr, name: str) -> Abstract:
    word = _last(base)
    if word == "NDArray":
        return Num(_dtype(index, name), None)
    if word == "ndarray":  # np.ndarray[shape, np.dtype[np.float64]]
        return Num(_dtype(index.elts[1], name) if isinstance(index, ast.Tuple) else None, None)
    if word in _LISTS:
        element = _read(index, name)
        if not isinstance(element, Num):
            raise TypeSyntaxError(f"a list whose length is unknown holds numbers or arrays: {name}; {_HELP}")
        unnamed = tuple(d if d and d.is_const else None for d in element.dims or ())  # a list has no shape to name
        return Seq(dataclasses.replace(element, number=None, dims=element.dims and unnamed))
    if word in ("tuple", "Tuple"):
        return _read(index if isinstance(index, ast.Tuple) else ast.Tuple([index]), name)
    if word in ("Optional", "Annotated", "Final"):
        return _read(index.elts[0] if isinstance(index, ast.Tuple) else index, name)
    return Num(_dtype(base, name), _dims(index, name))


def _dims(index: ast.expr, name: str) -> tuple[Dim | None, ...] | None:
    items = index.elts if isinstance(index, ast.Tuple) else [index]
    if len(items) == 1 and isinstance(items[0], ast.Constant) and items[0].value is ...:
        return None
    return tuple(_dim(item, f"{name}.shape[{k}]", name) for k, item in enumerate(items))


def _dim(node: ast.expr, free: str, name: str) -> Dim:
    match node:
        case ast.Slice(lower=None, upper=None):  # ":" and Numba's "::1"
            return symbol(free)
        case ast.Constant(value=int() as value):
            return Dim(value)
        case ast.Name(id=word):
            return symbol(word)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _dim(left, free, name) + _dim(right, free, name)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _dim(left, free, name) - _dim(right, free, name)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            a, b = _dim(left, free, name), _dim(right, free, name)
            if a.is_const or b.is_const:
                return b * a.const if a.is_const else a * b.const
    raise TypeSyntaxError(f"cannot read the extent {ast.unparse(node)!r} of {name}; {_HELP}")
