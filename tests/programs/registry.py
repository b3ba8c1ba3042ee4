"""The corpus: every program is an ordinary function with test arguments, registered by `program`."""

from __future__ import annotations

import copy
import importlib
import pkgutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

_PROGRAMS: dict[str, Program] = {}
_NOT_THEMES = {"registry", "checks", "reference", "tree", "run", "conftest", "composed"}


@dataclass(frozen=True)
class Program:
    """A function and a point at which it is smooth.

    fills: names of the arguments that it fills (it returns None then). outputs: those of them to ask for by name.
    raises: the exception class that it raises on these arguments; then only this is compared.
    """

    name: str
    fn: Callable[..., Any]
    make_args: Callable[[np.random.Generator], tuple[Any, ...]]
    argnums: tuple[int, ...]
    backends: tuple[str, ...]
    fills: tuple[str, ...]
    outputs: tuple[str, ...] | None
    raises: type[BaseException] | None

    def args(self) -> tuple[Any, ...]:
        """Fresh arguments, the same at every call."""
        return self.make_args(np.random.default_rng(zlib.crc32(self.name.encode())))

    def run(self, *args: Any) -> Any:
        """What the function gives on a copy of `args`: its value, or the arguments that it filled."""
        args = copy.deepcopy(args)
        value = self.fn(*args)
        if not self.fills:
            return value
        filled = tuple(args[_position(self.fn, name)] for name in self.outputs or self.fills)
        return filled if len(filled) > 1 else filled[0]


def _position(fn: Callable[..., Any], name: str) -> int:
    import inspect

    return list(inspect.signature(fn).parameters).index(name)


def program(
    args: Callable[[np.random.Generator], tuple[Any, ...]],
    argnums: int | tuple[int, ...] = (0,),
    backends: tuple[str, ...] = ("numpy", "numba"),
    *,
    name: str | None = None,
    fills: tuple[str, ...] = (),
    outputs: tuple[str, ...] | None = None,
    raises: type[BaseException] | None = None,
) -> Callable[[Any], Any]:
    """Register a function under ``module.name``; it is returned as it is."""

    def register(fn: Any) -> Any:
        theme = args.__module__.rsplit(".", 1)[-1]
        full = f"{theme}.{name or fn.__name__}"
        if full in _PROGRAMS:
            raise ValueError(f"two programs are called {full}")
        numbers = (argnums,) if isinstance(argnums, int) else argnums
        _PROGRAMS[full] = Program(full, fn, args, numbers, backends, fills, outputs, raises)
        return fn

    return register


def programs(*patterns: str) -> list[Program]:
    """All programs whose name contains one of `patterns` (all without any), by theme."""
    import tests.programs as package

    for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
        if module not in _NOT_THEMES and not module.startswith("test_"):
            importlib.import_module(f"tests.programs.{module}")
    chosen = [p for p in _PROGRAMS.values() if not patterns or any(word in p.name for word in patterns)]
    return sorted(chosen, key=lambda p: p.name.split(".")[0])
