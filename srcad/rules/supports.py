"""Functions that are constant outside of a support, where the formulas of their derivatives hold no longer."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Support:
    """Where a function is constant.

    outside: a rule whose first parameter is the point: whether it lies outside of the support, and the point with one
    inside in the place of each that does. beyond: such points for the tests, in scales from loc.
    """

    outside: Callable[..., Any]
    beyond: tuple[float, ...]


class Supported:
    """The partials that a rule states inside of a support, and zeros outside.

    The rule is evaluated at points inside only, so that no nan meets a zero, whatever is differentiated once more.
    """

    def __init__(self, formula: Callable[..., Any], support: Support) -> None:
        functools.update_wrapper(self, formula)
        self.formula, self.support, self.outside = formula, support, support.outside
        names = self.outside.__code__.co_varnames[: self.outside.__code__.co_argcount]
        self.point, self.names = names[0], names

    def __call__(self, **given: Any) -> Any:
        outside, point = self.outside(**{name: given[name] for name in self.names})
        found = self.formula(**{**given, self.point: point})
        partials = found if isinstance(found, tuple) else (found,)
        return tuple(np.where(outside, 0.0, partial) for partial in partials)


# ---- of distributions ----


def below_loc(x, loc, scale):
    outside = x < loc
    return outside, np.where(outside, loc + scale, x)


def not_above_loc(x, loc, scale):
    """Of families that are flat to all orders at loc."""
    outside = x <= loc
    return outside, np.where(outside, loc + scale, x)


def below_scale(x, loc, scale):
    outside = (x - loc) / scale < 1.0
    return outside, np.where(outside, loc + 2.0 * scale, x)


def not_between(x, loc, scale):
    z = (x - loc) / scale
    outside = (z < 0.0) | (z > 1.0)
    return outside, np.where(outside, loc + 0.5 * scale, x)


def no_count(k):
    outside = (k < 0) | (k != np.floor(k))
    return outside, np.where(outside, 0.0, k)


def no_success(k, n):
    outside = (k < 0) | (k > n) | (k != np.floor(k))
    return outside, np.where(outside, 0.0, k)


def no_trial(k):
    outside = (k < 1) | (k != np.floor(k))
    return outside, np.where(outside, 1.0, k)


def no_outcome(k):
    outside = (k != 0) & (k != 1)
    return outside, np.where(outside, 0.0, k)


FROM_LOC = Support(below_loc, beyond=(-0.7, -3.0))
ABOVE_LOC = Support(not_above_loc, beyond=(-0.7, -3.0, 0.0))
FROM_SCALE = Support(below_scale, beyond=(-0.7, 0.0, 0.5))
BETWEEN = Support(not_between, beyond=(-0.7, 1.7))
COUNTS = Support(no_count, beyond=(-1, -2, 2.5, -0.5))
SUCCESSES = Support(no_success, beyond=(-1, 6, 2.5))
TRIALS = Support(no_trial, beyond=(0, -1, 2.5))
OUTCOMES = Support(no_outcome, beyond=(-1, 2, 0.5))
