"""Quotients by a number that stays the same in a loop.

A division takes four times as long as a product. `over` multiplies by the reciprocal, which the compiler computes
before the loop; the result is within 1.5 units in the last place, where a division's is within half a unit. Reciprocals
of numbers so small, or so large, that they are no normal numbers are scaled. Only code compiled with Numba imports this
module.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

from numba import types

from srcad_runtime.jitting import overload

_SMALL, _LARGE, _SCALE = 2.0**-1000, 2.0**1000, 2.0**200


def over(x: float, divisor: float) -> float:
    """``x / divisor``."""
    return x / divisor


@overload(over)
def _over(x, divisor):
    if x != types.float64 or not isinstance(divisor, (types.Float, types.Integer)):
        return lambda x, divisor: x / divisor

    def product(x, divisor):
        size = abs(divisor)
        scale = _SCALE if size < _SMALL else 1.0 / _SCALE if size > _LARGE else 1.0
        return x * (1.0 / (divisor * scale)) * scale

    return product
