"""What a name means: from a live function (globals, closure, bound self) or from a file that is never imported.

The public face of `target`, `live` and `files`. It needs no libcst until `Target.function` is asked for.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator, Mapping
from typing import Any

from srcad import ir, leaves, library
from srcad.errors import Unsupported
from srcad.files import decorated as decorated
from srcad.files import from_file as from_file
from srcad.files import functions as functions
from srcad.live import from_live as from_live
from srcad.live import is_function as is_function
from srcad.live import unwrap as unwrap
from srcad.modules import ClassInfo as ClassInfo
from srcad.target import MISSING as MISSING
from srcad.target import Parameter as Parameter
from srcad.target import Scope as Scope
from srcad.target import Target as Target

# ---- captured values ----


def split(path: str) -> tuple[str, tuple[str, ...]]:
    """A `Ref.path` such as ``global:config.DT`` as origin and keys: ``("global", ("config", "DT"))``."""
    origin, _, rest = path.partition(":")
    home, colon, names = rest.rpartition(":")
    first, *attributes = names.split(".")
    return origin, (home + colon + first, *attributes)


def read(target: Target, origin: str, path: tuple[Any, ...]) -> Any:
    """The value now of what a name stood for.

    origin: "global", "closure", or "param" / "attribute" for a bound argument; path: as `split` gives it, possibly
    with further keys below: attribute names of objects, keys of dicts, positions of sequences.
    """
    root, *keys = path
    value = target.bound[root] if origin in ("param", "attribute") else target.family.read(origin, root)
    for key in keys:
        value = _step(value, key)
    return value


def _step(value: Any, key: Any) -> Any:
    if isinstance(key, leaves.Extent):
        return value.shape[key.axis]
    if isinstance(key, leaves.Presence):
        return hasattr(value, key.name)
    if isinstance(key, str) and not isinstance(value, Mapping):
        return getattr(value, key)
    return value[key]


# ---- what else a program is made of ----


def dependencies(target: Target) -> tuple[tuple[str, str], ...]:
    """(path, text) of the user functions that a target may call, directly or not, in the order in which they are met.

    Found from the syntax trees alone, so some may be among them that it never calls: all methods of the classes and
    objects that it names, for instance. A function without text has the text "".
    """
    found: dict[int, tuple[str, str]] = {}
    waiting = [from_live(target.live)] if target.live is not None else [target]
    first = waiting[0]
    while waiting:
        current = waiting.pop(0)
        if id(current) in found:
            continue
        text, node = _text(current)
        found[id(current)] = (current.path, text)
        for obj in (*_named(current, node), *current.bound.values(), *(p.default for p in current.parameters)):
            waiting += _targets(obj, current)
    return tuple(entry for key, entry in found.items() if key != id(first))


def _text(target: Target) -> tuple[str, ast.AST | None]:
    try:
        return target.source_key, target.slice.node
    except Unsupported:
        return "", None


def _named(target: Target, node: ast.AST | None) -> Iterator[Any]:
    for part in ast.walk(node) if node is not None else ():
        ref = _reference(target, part)
        if ref is not None:
            yield ref.obj


def _reference(target: Target, node: ast.AST) -> ir.Ref | None:
    """What a name or dotted name means, were it not local."""
    try:
        if isinstance(node, ast.Name):
            return target.scope.resolve(node.id, None)
        base = _reference(target, node.value) if isinstance(node, ast.Attribute) else None
        return None if base is None else target.scope.attribute(base, getattr(node, "attr", ""), None)
    except Unsupported:
        return None


def _targets(obj: Any, near: Target) -> list[Target]:
    """The functions that a value brings with it: itself, its class's methods, functions among its attributes."""
    if isinstance(obj, Target):
        return [obj]
    if isinstance(obj, ClassInfo):
        return list(obj.methods.values())
    if is_function(obj):
        return _readable([obj], near)
    cls = obj if isinstance(obj, type) else type(obj)
    if library.is_library(str(cls.__module__)) or isinstance(obj, types.ModuleType):
        return []
    members = [v for c in cls.__mro__ if not library.is_library(str(c.__module__)) for v in vars(c).values()]
    own = list(vars(obj).values()) if hasattr(obj, "__dict__") and not isinstance(obj, type) else []
    properties = [m.fget for m in members if isinstance(m, property)]
    return _readable([m for m in (*members, *properties, *own) if is_function(m)], near)


def _readable(functions: list[Any], near: Target) -> list[Target]:
    found = []
    for f in functions:
        if library.path_of(f) is None:
            try:
                found.append(from_live(f, near))
            except Unsupported:
                continue
    return found
