"""Programs that srcad refuses, each with the message a user reads.

Those in this folder no later version will accept either; those below `not_yet` are merely not built yet.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

THEMES = ("memory", "containers", "syntax", "outside", "kinds", "requests", "solvers")
NOT_YET = ("not_yet.calls", "not_yet.containers", "not_yet.copies", "not_yet.memory", "not_yet.statements")
_CASES: dict[str, Case] = {}


@dataclass(frozen=True)
class Case:
    """`ask(fn, args)` is the call that must raise; `args()` gives fresh arguments."""

    name: str
    fn: Any
    args: Callable[[], tuple[Any, ...]]
    ask: Callable[[Any, tuple[Any, ...]], Any]


def gradient(argnums: int | str | tuple[int | str, ...] = 0) -> Callable[[Any, tuple[Any, ...]], Any]:
    """Ask for a gradient on the NumPy backend, where nothing is refused for the compiler's sake."""

    def ask(fn: Any, args: tuple[Any, ...]) -> Any:
        import srcad

        return srcad.grad(fn, argnums=argnums, backend="numpy")(*args)

    return ask


def refused(
    args: Callable[[], tuple[Any, ...]],
    ask: Callable[[Any, tuple[Any, ...]], Any] | None = None,
    name: str | None = None,
) -> Callable[[Any], Any]:
    """Register a function as refused; it is returned as it is."""

    def register(fn: Any) -> Any:
        full = f"{args.__module__.removeprefix('tests.errors.')}.{name or fn.__name__}"
        if full in _CASES:
            raise ValueError(f"two cases are called {full}")
        _CASES[full] = Case(full, fn, args, ask or gradient())
        return fn

    return register


def cases() -> list[Case]:
    """All cases, by theme."""
    for theme in (*THEMES, *NOT_YET):
        importlib.import_module(f"tests.errors.{theme}")
    return list(_CASES.values())
