"""Functions of `math` that Numba lacks, with Python's values and errors."""

from __future__ import annotations

import math

import numpy as np

from srcad_runtime.jitting import register_jitable

_DOMAIN = "math domain error"


@register_jitable
def fmod(x: float, y: float) -> float:
    """``math.fmod``; ValueError where y is 0 or x infinite."""
    if y == 0.0 and x == x or math.isinf(x) and y == y:
        raise ValueError(_DOMAIN)
    return x if math.isinf(y) else float(np.fmod(float(x), float(y)))  # of integers, Numba's has the sign of y


@register_jitable
def remainder(x: float, y: float) -> float:
    """``math.remainder``: x - n * y for the integer n closest to x / y, the even one of two; exact."""
    if x != x or y != y:
        return x + y
    if y == 0.0 or math.isinf(x):
        raise ValueError(_DOMAIN)
    if math.isinf(y):
        return x
    size, step = abs(x), abs(y)
    low = np.fmod(size, step)
    high = step - low
    if low < high:
        rest = low
    elif low > high:
        rest = -high
    else:
        rest = low - 2.0 * np.fmod(0.5 * (size - low), step)
    return float(math.copysign(1.0, x) * rest)


@register_jitable
def modf(x: float) -> tuple[float, float]:
    """``math.modf``: the fraction and the whole part, both with the sign of x."""
    if math.isinf(x):
        return math.copysign(0.0, x), x
    whole = float(np.trunc(x))
    return math.copysign(x - whole, x), whole
