"""What a function was when it was looked at: its code and its defaults, which a program may replace or change in place.

``f.__code__`` is set by tools that reload modules; ``f.__kwdefaults__`` is a dict of its own.
"""

from __future__ import annotations

import operator
import types
from typing import Any

State = tuple[Any, ...]
DEFAULTS = ".__defaults__"  # behind a function's name: where its parameters' defaults are, beside what they are given


def defaults(f: types.FunctionType) -> dict[str, Any]:
    """What the parameters of a function are where they are not given."""
    code, values = f.__code__, f.__defaults__ or ()
    names = code.co_varnames[code.co_argcount - len(values) : code.co_argcount]
    return dict(zip(names, values, strict=True)) | (f.__kwdefaults__ or {})


def state(f: types.FunctionType) -> State:
    """The objects that a call of a function depends on, beside its globals and its closure.

    Of the function that it wraps, too, whose signature is what callers see.
    """
    keywords = f.__kwdefaults__ or {}
    below = getattr(f, "__wrapped__", None)
    own = (f.__code__, f.__defaults__, *keywords, *keywords.values())
    return (*own, *state(below)) if isinstance(below, types.FunctionType) else own


def unchanged(f: types.FunctionType, before: State) -> bool:
    """Whether these are the objects that they were."""
    now = state(f)
    return len(now) == len(before) and all(map(operator.is_, now, before))
