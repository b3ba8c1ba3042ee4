"""Nested values as JSON, their arrays apart: what a checkpoint stores of a tree.

A node is ``{kind: ...}``: containers by kind, arrays by the name they are stored under, and numbers, texts, None as
themselves. Classes of named tuples and dataclasses are stored by name; reading looks them up among loaded modules and
imports nothing.
"""

from __future__ import annotations

import collections
import dataclasses
import re
import sys
from typing import Any

import numpy as np

Json = Any


def encode(tree: Any, arrays: dict[str, np.ndarray], path: str = "", inline: bool = False) -> Json:
    """`tree` as JSON; its arrays go into `arrays` under their paths, or `inline` as lists."""
    if tree is None or isinstance(tree, (bool, str)) or type(tree) in (int, float):
        return tree
    if isinstance(tree, (np.ndarray, np.generic)) or hasattr(tree, "__array__"):
        return _encode_array(tree, arrays, path, inline)
    if isinstance(tree, dict):
        pairs = [[_key(k, path), encode(v, arrays, f"{path}.{k}", inline)] for k, v in tree.items()]
        return {"dict": pairs}
    if isinstance(tree, (tuple, list)):
        names = getattr(tree, "_fields", range(len(tree)))
        children = [encode(v, arrays, f"{path}.{name}", inline) for name, v in zip(names, tree)]
        if hasattr(tree, "_fields"):
            return {"namedtuple": _class(tree), "fields": dict(zip(names, children))}
        return {type(tree).__name__: children} if type(tree) in (tuple, list) else {"list": children}
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        names = [field.name for field in dataclasses.fields(tree)]
        fields = {name: encode(getattr(tree, name), arrays, f"{path}.{name}", inline) for name in names}
        return {"dataclass": _class(tree), "fields": fields}
    raise TypeError(f"cannot store a {type(tree).__name__} at {path.lstrip('.') or 'the top'}")


def _key(key: Any, path: str) -> Any:
    if isinstance(key, (str, bool, int, float)) or key is None:
        return key
    raise TypeError(f"cannot store the dict key {key!r} at {path.lstrip('.') or 'the top'}")


def _class(tree: Any) -> list[str]:
    return [type(tree).__module__, type(tree).__qualname__]


def _encode_array(tree: Any, arrays: dict[str, np.ndarray], path: str, inline: bool) -> Json:
    array = np.asarray(tree)
    if array.dtype.kind not in "?biufc" or array.dtype.itemsize > (16 if array.dtype.kind == "c" else 8):
        raise TypeError(f"cannot store an array of {array.dtype} at {path.lstrip('.') or 'the top'}")
    scalar = isinstance(tree, np.generic)
    if inline:
        plain = array.view(float).tolist() if array.dtype.kind == "c" else array.tolist()
        return {"inline": plain, "dtype": array.dtype.str, "shape": list(array.shape), "scalar": scalar}
    name = _free(re.sub(r"[^\w.\-]", "_", path.lstrip(".")) or "array", arrays)
    dtype = array.dtype.newbyteorder("<").str
    array = array.astype(dtype, copy=False)
    # safetensors has no complex128: a last axis of (real, imaginary)
    arrays[name] = array.reshape(*array.shape, 1).copy().view("<f8") if dtype == "<c16" else array
    return {"array": name, "dtype": dtype, "scalar": scalar}


def _free(name: str, arrays: dict[str, np.ndarray]) -> str:
    while name in arrays or name == "__metadata__":
        name += "_"
    return name


def decode(node: Json, arrays: dict[str, np.ndarray]) -> Any:
    """What `encode` was given; anything else in the JSON is a ValueError or a KeyError."""
    if node is None or isinstance(node, (bool, int, float, str)):
        return node
    kind = next(iter(node))
    if kind == "dict":
        return {key: decode(value, arrays) for key, value in node["dict"]}
    if kind in ("tuple", "list"):
        children = [decode(child, arrays) for child in node[kind]]
        return tuple(children) if kind == "tuple" else children
    if kind in ("namedtuple", "dataclass"):
        fields = {name: decode(child, arrays) for name, child in node["fields"].items()}
        return _rebuild(kind, node[kind], fields)
    if kind in ("array", "inline"):
        return _decode_array(kind, node, arrays)
    raise ValueError(f"unknown kind {kind!r}")


def _decode_array(kind: str, node: Json, arrays: dict[str, np.ndarray]) -> Any:
    dtype = np.dtype(node["dtype"])
    if kind == "inline":
        array = np.array(node["inline"], float if dtype.kind == "c" else dtype)
        array = array.view(dtype).reshape(node["shape"])
    else:
        array = arrays[node["array"]]
        array = array.view(dtype)[..., 0] if dtype.str == "<c16" else array
    return array[()] if node["scalar"] else array


def _rebuild(kind: str, name: list[str], fields: dict[str, Any]) -> Any:
    """The class itself if it is loaded and has just these fields, else a stand-in."""
    cls = _loaded(*name)
    if kind == "namedtuple":
        if not (isinstance(cls, type) and issubclass(cls, tuple) and getattr(cls, "_fields", None) == tuple(fields)):
            return collections.namedtuple(name[1].rpartition(".")[2], list(fields))(**fields)  # noqa: PYI024
        return tuple.__new__(cls, fields.values())
    if not (isinstance(cls, type) and dataclasses.is_dataclass(cls)):
        return fields
    if [f.name for f in dataclasses.fields(cls)] != list(fields):
        return fields
    new = object.__new__(cls)
    for field, value in fields.items():
        object.__setattr__(new, field, value)
    return new


def _loaded(module: str, qualname: str) -> Any:
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None) if found is not None else None
    return found
