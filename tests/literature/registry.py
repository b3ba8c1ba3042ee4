"""The set: every problem is an ordinary function with a point to differentiate it at and the source it restates."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.programs.registry import Program

_PROBLEMS: dict[str, Problem] = {}


@dataclass(frozen=True)
class Problem:
    """A program and where it is from: author, title or venue, year, equation or section."""

    program: Program
    source: str

    @property
    def name(self) -> str:
        return self.program.name


def problem(
    source: str,
    args: Callable[[np.random.Generator], tuple[Any, ...]],
    argnums: int | tuple[int, ...] = (0,),
    backends: tuple[str, ...] = ("numpy", "numba"),
) -> Callable[[Any], Any]:
    """Register a function under ``module.name``; it is returned as it is."""

    def register(fn: Any) -> Any:
        name = f"{fn.__module__.rsplit('.', 1)[-1]}.{fn.__name__}"
        if name in _PROBLEMS:
            raise ValueError(f"two problems are called {name}")
        numbers = (argnums,) if isinstance(argnums, int) else argnums
        _PROBLEMS[name] = Problem(Program(name, fn, args, numbers, backends, (), None, None), source)
        return fn

    return register


def problems(*patterns: str) -> list[Problem]:
    """All problems whose name contains one of `patterns` (all without any), by theme."""
    import tests.literature as package

    for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
        if module not in ("registry", "reference", "run") and not module.startswith("test_"):
            importlib.import_module(f"tests.literature.{module}")
    return [p for p in _PROBLEMS.values() if not patterns or any(word in p.name for word in patterns)]
