"""particle and saddle: derivatives inside what is differentiated, in the four mixtures of forward and reverse.

The first letter is the mode of the outer derivative, the second that of the inner one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

import srcad
from benchmarks.gradbench.descent import argmin
from benchmarks.gradbench.objectives import potential, saddle_value


def _force_reverse(x, w):
    return -srcad.grad(potential)(x, w)


def _force_forward(x, w):
    across = srcad.jvp(potential, (x, w), (np.array([1.0, 0.0]), 0.0))[1]
    up = srcad.jvp(potential, (x, w), (np.array([0.0, 1.0]), 0.0))[1]
    return np.array([-across, -up])


def _landing(force, w):
    """Square of where the particle meets the axis: Euler steps, then a straight line."""
    x = np.array([0.0, 8.0])
    speed = np.array([0.75, 0.0])
    dt = 0.1
    landed = 0.0
    flying = True
    while flying:
        pull = force(x, w)
        x = x + dt * speed
        if x[1] <= 0.0:
            rest = -x[1] / speed[1]
            end = x[0] + rest * speed[0]
            landed = end * end
            flying = False
        else:
            speed = speed + dt * pull
    return landed


def landing_reverse(w):
    return _landing(_force_reverse, w[0])


def landing_forward(w):
    return _landing(_force_forward, w[0])


def _slope_reverse(y, x):
    return srcad.grad(_minus_saddle)(y, x)


def _slope_forward(y, x):
    first = srcad.jvp(_minus_saddle, (y, x), (np.array([1.0, 0.0]), np.zeros(2)))[1]
    second = srcad.jvp(_minus_saddle, (y, x), (np.array([0.0, 1.0]), np.zeros(2)))[1]
    return np.array([first, second])


def _minus_saddle(y, x):
    return -saddle_value(x, y)


def highest_reverse(x, start):
    """max over y of the saddle's value, by descent with reverse mode."""
    return saddle_value(x, argmin(_minus_saddle, _slope_reverse, start, x))


def highest_forward(x, start):
    """max over y of the saddle's value, by descent with forward mode."""
    return saddle_value(x, argmin(_minus_saddle, _slope_forward, start, x))


def outer(f: Callable[..., Any], mode: str) -> Callable[..., Any]:
    """The gradient of f with respect to its first argument, in the given mode."""
    backend = os.environ.get("SRCAD_GRADBENCH_BACKEND", "auto")
    if mode == "r":
        return srcad.grad(f, backend=backend)
    return srcad.jacfwd(f, backend=backend)


def _particle(modes: str) -> Callable[[Any], Any]:
    def problem(given: Any) -> Any:
        f = {"f": landing_forward, "r": landing_reverse}[modes[1]]
        slope, start = outer(f, modes[0]), np.array([float(given["w"])])
        return lambda: argmin(f, slope, start), lambda w: float(w[0])

    return problem


def _saddle(modes: str) -> Callable[[Any], Any]:
    def problem(given: Any) -> Any:
        f = {"f": highest_forward, "r": highest_reverse}[modes[1]]
        last = {"f": _slope_forward, "r": _slope_reverse}[modes[0]]  # the suite: "the same mode as the argmin"
        slope, start = outer(f, modes[0]), np.array(given["start"], dtype=np.float64)

        def call() -> np.ndarray:
            x = argmin(f, slope, start, start)
            return np.concatenate([x, argmin(_minus_saddle, last, start, x)])

        return call, lambda both: both.tolist()

    return problem


PARTICLE = {modes: _particle(modes) for modes in ("rr", "rf", "fr", "ff")}
SADDLE = {modes: _saddle(modes) for modes in ("rr", "rf", "fr", "ff")}
