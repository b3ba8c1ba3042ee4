"""The type of a call of a library function: by its signature, by a ufunc's own promotion, or probed."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from srcad import ir, shapes
from srcad.abstract import UNKNOWN, Abstract, Num, Static, Struct
from srcad.probe import probe
from srcad.promotion import as_number, ufunc
from srcad.shapes import Assumptions
from srcad.signatures import SIGNATURES

_PURE = ("numpy.", "scipy.", "math.", "cmath.", "operator.", "builtins.", "srcad_runtime.")
_IMPURE: tuple[str, ...] = (
    "numpy.random.",
    "scipy.optimize.",
    "numpy.save",
    "numpy.load",
    "numpy.set",
    "numpy.fromfile",
    "numpy.memmap",
)
_IMPURE += ("numpy.genfromtxt", "numpy.test", "numpy.show", "scipy.io.", "builtins.print", "builtins.open")
_IMPURE += ("builtins.input", "builtins.exec", "builtins.eval", "builtins.setattr", "builtins.delattr")
_IMPURE += ("builtins.__import__", "builtins.next", "scipy.optimize.")  # some of which crash on empty arrays
# Extents of the result depend on the numbers in the arrays.
_DATA_DEPENDENT = {"unique", "nonzero", "flatnonzero", "argwhere", "extract", "compress", "trim_zeros", "bincount"}
_DATA_DEPENDENT |= {"union1d", "intersect1d", "setdiff1d", "setxor1d", "unique_values", "unique_counts", "unique_all"}


def result(
    path: str, obj: Any, args: Sequence[Abstract], kwargs: Mapping[str, Abstract], assumptions: Assumptions
) -> Abstract:
    """The type of ``path(*args, **kwargs)``; `obj` is the function itself where that is at hand."""
    if path.startswith("srcad_runtime."):
        importlib.import_module("srcad.runtime_signatures")
    rule = SIGNATURES.get(path)
    if rule is not None:
        found = rule(list(args), dict(kwargs), assumptions)
        if found is not None:
            return found
    if ir.OF in kwargs:
        kwargs = {k: v for k, v in kwargs.items() if k != ir.OF}
        owner = np.random.default_rng(0) if ".Generator." in path else np.random.RandomState(0)
        return _random(path.rsplit(".", 1)[1], owner, args, kwargs, assumptions)
    if path.startswith("numpy.random.") or isinstance(getattr(obj, "__self__", None), np.random.RandomState):
        return _random(path.rsplit(".", 1)[1], np.random.RandomState(0), args, kwargs, assumptions)
    if path.startswith("user:") and obj is not None:
        return _with_rule(path, obj, args, kwargs, assumptions)
    if not path.startswith(_PURE) or path.startswith(_IMPURE) or any(map(_is_foreign, (*args, *kwargs.values()))):
        return UNKNOWN
    function = find(path) if obj is None else obj
    if path.startswith("scipy.stats.") and path.endswith(".rvs"):
        kwargs = {**kwargs, "random_state": Static(np.random.default_rng(0))}  # not NumPy's global generator
    if isinstance(function, np.ufunc) and function.signature is None and not kwargs:
        numbers = [as_number(t) for t in args]
        if len(args) == function.nin and all(n is not None for n in numbers):
            return ufunc(function, [n for n in numbers if n is not None], assumptions)
    if not callable(function):
        return UNKNOWN
    found = probe(path, function, args, kwargs, assumptions)
    return _without_extents(found) if _is_data_dependent(path, args) else found


def _with_rule(
    path: str, function: Any, args: Sequence[Abstract], kwargs: Mapping[str, Abstract], assumptions: Assumptions
) -> Abstract:
    """The type of a call of a user's function that has a derivative rule, and so no effects.

    What its extents depend on is not known, unless it works element by element.
    """
    from srcad import rules

    rule = rules.lookup_object(function)
    if rule is None or any(map(_is_foreign, (*args, *kwargs.values()))):
        return UNKNOWN
    found = _without_extents(probe((path, function), function, args, kwargs, []))
    numbers = [as_number(t) for t in (*args, *kwargs.values())]
    known = [n for n in numbers if n is not None]
    if rule.partials is None or len(known) < len(numbers) or not isinstance(found, Num):
        return found
    return dataclasses.replace(found, dims=shapes.broadcast([n.dims for n in known], assumptions))


def find(path: str) -> Any:
    """The library object of a dotted path, None if there is none."""
    parts = path.split(".")
    for k in range(len(parts) - 1, 0, -1):
        try:
            value: Any = importlib.import_module(".".join(parts[:k]))
        except ImportError:
            continue
        for part in parts[k:]:
            value = getattr(value, part, None)
        return value
    return None


def method(
    base: Num, name: str, args: Sequence[Abstract], kwargs: Mapping[str, Abstract], noted: Assumptions
) -> Abstract:
    """The type of ``base.name(...)`` for an array's own method."""
    path = f"numpy.{name}"
    if path in SIGNATURES:
        if name == "reshape" and len(args) > 1:
            args = [Struct("tuple", tuple(range(len(args))), tuple(args), tuple)]
        return result(path, None, [base, *args], kwargs, noted)
    if name in ("tofile", "dump", "dumps"):
        return UNKNOWN
    found = probe(f"method.{name}", lambda x, *a, **k: getattr(x, name)(*a, **k), [base, *args], kwargs, noted)
    return _without_extents(found) if name in _DATA_DEPENDENT else found


def generator_method(
    name: str, args: Sequence[Abstract], kwargs: Mapping[str, Abstract], noted: Assumptions
) -> Abstract:
    """The type of ``rng.name(...)`` of a `numpy.random.Generator`; a generator of our own is asked."""
    return _random(name, np.random.default_rng(0), args, kwargs, noted)


def _random(
    name: str, owner: Any, args: Sequence[Abstract], kwargs: Mapping[str, Abstract], noted: Assumptions
) -> Abstract:
    if name in ("seed", "set_state"):
        return Static(None)
    if name in ("default_rng", "Generator", "RandomState", "SeedSequence"):
        return Static(np.random.default_rng(0))
    if not hasattr(owner, name):
        return UNKNOWN
    kept = {k: v for k, v in kwargs.items() if k != "p"}  # probabilities would have to add up to 1
    return probe(f"{type(owner).__name__}.{name}", getattr(owner, name), args, kept, noted)


def _is_foreign(t: Abstract) -> bool:
    """Whether an argument would run the user's code."""
    if isinstance(t, Struct):
        return t.kind in ("dataclass", "object") or any(map(_is_foreign, t.items))
    if not isinstance(t, Static):
        return False
    value = t.value
    module = getattr(value, "__module__", None) or type(value).__module__
    return module.split(".")[0] not in ("numpy", "scipy", "math", "cmath", "operator", "builtins", "srcad_runtime")


def _is_data_dependent(path: str, args: Sequence[Abstract]) -> bool:
    name = path.rsplit(".", 1)[1]
    if path == "numpy.arange":  # its length is computed from values, which are known of integers only
        return any(not isinstance(t, Num) or t.number is None for t in args)
    if path == "numpy.histogram":  # the name of a way to choose the bins
        return any(isinstance(t, Static) and isinstance(t.value, str) for t in args)
    return name in _DATA_DEPENDENT or name == "where" and len(args) == 1


def _without_extents(t: Abstract) -> Abstract:
    if isinstance(t, Struct):
        return dataclasses.replace(t, items=tuple(map(_without_extents, t.items)))
    return dataclasses.replace(t, dims=(None,) * len(t.dims)) if isinstance(t, Num) and t.dims else t
