"""Run a function's text before and after a pass and compare what it gives, what it writes and what it raises."""

from __future__ import annotations

import copy
import itertools
import linecache
import textwrap
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from srcad import emit, ir
from srcad.live import from_live

_numbers = itertools.count()


def peak(call: Callable[[], Any]) -> int:
    """The bytes that a call holds at most, once it was made: the least of three, for other threads count, too."""
    call()
    found = []
    for _ in range(3):
        tracemalloc.start()
        call()
        found.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return min(found)


def load(text: str, name: str = "f") -> Callable[..., Any]:
    """The function `name` that a module's text defines; the text can be found again, as a file's."""
    text = textwrap.dedent(text).strip() + "\n"
    file = f"<program {next(_numbers)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    space: dict[str, Any] = {"np": np, "__name__": "program"}
    exec(compile(text, file, "exec"), space)
    return space[name]


def surface(function: Callable[..., Any]) -> ir.Function:
    return from_live(function).function


def printed(function: ir.Function) -> str:
    return emit.module([function])


def outcome(function: Callable[..., Any], args: Sequence[Any]) -> tuple[Any, ...]:
    """(result or exception, arguments afterwards)."""
    args = copy.deepcopy(list(args))
    try:
        return "returned", plain(function(*args)), plain(args)
    except Exception as error:
        return "raised", type(error), plain(args)


def plain(value: Any) -> Any:
    """A value that compares with ``==``, bit for bit and with its type."""
    if isinstance(value, np.ndarray):
        return "array", str(value.dtype), value.shape, value.tobytes()
    if isinstance(value, (list, tuple)):
        return type(value), [plain(v) for v in value]
    if isinstance(value, dict):
        return dict, [(k, plain(v)) for k, v in value.items()]
    return type(value), repr(value)
