"""The derivative to expect: the complex step where the problem takes complex numbers, else extrapolated differences."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.programs import reference as corpus
from tests.programs.reference import Reference
from tests.programs.registry import Program
from tests.programs.tree import dot, map_leaves

TOLERANCE = 1e-8


def expected(program: Program) -> Reference:
    """The gradient of ``sum(seed * outputs)``, right to `TOLERANCE` relative to its largest entry.

    Five-point differences must agree with the complex step, or at two step widths, before either is trusted; smaller
    steps are for points beside a kink (a pay-off, a maximum).
    """
    args = program.args()
    seed = corpus._seed(program.run(*args))

    def weighted(*args: Any) -> float:
        return dot(seed, program.run(*args))

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        exact = corpus._complex_step(program, args, seed)
        for step in (1e-3, 1e-4, 1e-5):
            narrow = _differences(args, program.argnums, weighted, step)
            if exact is not None and corpus.close(exact, narrow, 1e-6):
                return Reference(seed, exact, TOLERANCE)
            wide = _differences(args, program.argnums, weighted, 2.0 * step)
            best = _extrapolated(wide, narrow)
            if corpus.close(best, narrow, 1e-7):
                return Reference(seed, best, TOLERANCE)
    raise AssertionError(f"{program.name} is not smooth enough for differences at this point")


def _differences(args: Any, argnums: tuple[int, ...], f: Callable[..., float], step: float) -> Any:
    return corpus._each_element(args, argnums, lambda g, x: corpus._five_points(g, x, step), f)


def _extrapolated(wide: Any, narrow: Any) -> Any:
    """The error of a five-point difference falls with the fourth power of its step (Richardson)."""
    return map_leaves(lambda n, w: None if n is None else n + (n - w) / 15.0, narrow, wide)
