"""What a benchmark is: a program, the arguments to differentiate, and inputs in four sizes."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

THEMES = ("stencils", "triangular", "products", "recurrences", "fields", "particles", "learning", "vision")
SIZES = ("tiny", "small", "medium", "large")

_CASES: dict[str, Case] = {}


@dataclass(frozen=True)
class Case:
    """A program with its inputs.

    fn: the program; it returns a scalar and may write into its arguments. wrt: positions of the arguments to
    differentiate. inputs: makes the arguments from a generator and the numbers of a size. sizes: those numbers, from
    tiny (checked against differences) to large (beyond the cache). group: "loops" or "products", which the summary
    averages apart. parallel: whether the gradient can use threads.
    """

    name: str
    theme: str
    fn: Callable[..., Any]
    wrt: tuple[int, ...]
    inputs: Callable[..., tuple[Any, ...]]
    sizes: dict[str, tuple[Any, ...]]
    group: str
    parallel: bool

    def args(self, size: str) -> tuple[Any, ...]:
        """Fresh arguments, the same at every call."""
        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        return self.inputs(rng, *self.sizes[size])


def case(
    inputs: Callable[..., tuple[Any, ...]],
    wrt: tuple[int, ...],
    *,
    tiny: tuple[Any, ...],
    small: tuple[Any, ...],
    medium: tuple[Any, ...],
    large: tuple[Any, ...],
    group: str = "loops",
    parallel: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated program."""
    sizes = dict(zip(SIZES, (tiny, small, medium, large)))

    def register(fn: Callable[..., Any]) -> Callable[..., Any]:
        theme = fn.__module__.rpartition(".")[2]
        _CASES[fn.__name__] = Case(fn.__name__, theme, fn, wrt, inputs, sizes, group, parallel)
        return fn

    return register


def all_cases() -> dict[str, Case]:
    """Every program that is timed, in the order of the themes."""
    for theme in THEMES:
        importlib.import_module(f"benchmarks.programs.{theme}")
    return {case.name: case for theme in THEMES for case in _CASES.values() if case.theme == theme}


def find(name: str) -> Case:
    """A program by its name, the generated ones included."""
    importlib.import_module("benchmarks.programs.generated").register()
    return all_cases().get(name) or _CASES[name]
