"""Captured values: the globals, closure values and attributes that a function reads, looked up again at every call."""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from typing import Any

from srcad.defined import DEFAULTS, defaults
from srcad.leaves import follow


def read(function: types.FunctionType, arguments: Mapping[str, Any], origin: str, path: tuple[Any, ...]) -> Any:
    """The value now at (origin, path), as `pipeline.Input` names it.

    arguments: the values of the function's parameters, by name.

    Raises:
        LookupError: it is gone, or it belongs to another function and can be found only by who parsed that one.
    """
    root, *keys = path
    if origin in ("param", "attribute"):
        return follow(arguments[root], tuple(keys))
    home, _, dotted = str(root).rpartition(":")
    name, *attributes = dotted.split(".")
    own = f"{function.__module__}.{function.__qualname__}"
    if origin == "closure" and home == own:
        value = arguments[name]  # an object that the function was called with: self, a generator
    elif origin == "closure" and home == own + DEFAULTS:
        value = defaults(function)[name]
    else:
        value = _cell(function, home, name) if origin == "closure" else _global(function, home, name)
    for attribute in attributes:
        value = getattr(value, attribute)
    return follow(value, tuple(keys))


def _cell(function: types.FunctionType, home: str, name: str) -> Any:
    if home or name not in function.__code__.co_freevars:
        raise LookupError(f"{name!r} is captured by another function")
    assert function.__closure__ is not None
    return function.__closure__[function.__code__.co_freevars.index(name)].cell_contents


def _global(function: types.FunctionType, home: str, name: str) -> Any:
    if not home:
        return function.__globals__[name]
    module = sys.modules.get(home)
    if module is None:
        raise LookupError(f"module {home!r} is not loaded")
    return vars(module)[name]
