"""Methods of Python's numbers, in Python: read in place of the library's own."""

from __future__ import annotations

import math


def bit_length(number: int) -> int:
    """How many binary digits the absolute value has."""
    rest = abs(number)
    digits = 0
    while rest > 0:
        rest //= 2
        digits += 1
    return digits


def is_whole(number: float) -> bool:
    """Whether a finite number has no fractional part."""
    return math.isfinite(number) and number == math.floor(number)
