"""Gradient descent with a step that adapts: the solver that GradBench prescribes for particle and saddle.

These functions are differentiated themselves (a descent inside a descent): plain loops, no objects.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

SMALL = 1e-5


def length(v: np.ndarray) -> float:
    return np.sqrt(np.sum(v * v))


def argmin(
    f: Callable[..., float], gradient: Callable[..., np.ndarray], start: np.ndarray, *fixed: object
) -> np.ndarray:
    """Where f(x, *fixed) is least. The step doubles after ten successes in a row and halves after a failure."""
    x = start
    best = f(x, *fixed)
    g = gradient(x, *fixed)
    successes = 0
    step = SMALL
    while length(g) > SMALL:
        if successes == 10:
            step = 2.0 * step
            successes = 0
        else:
            new = x - step * g
            if length(x - new) <= SMALL:
                break
            value = f(new, *fixed)
            if value < best:
                x = new
                best = value
                g = gradient(x, *fixed)
                successes += 1
            else:
                step = 0.5 * step
                successes = 0
    return x
