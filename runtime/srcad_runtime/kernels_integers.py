"""Arithmetic of machine integers that raises where the result does not fit, as Python's integers never have to."""

from __future__ import annotations

import numpy as np

from srcad_runtime.jitting import register_jitable

_MOST = 2**63 - 1
_REASON = "an integer leaves the 64 bits that compiled code has"


@register_jitable
def product(a: int, b: int) -> int:
    """``a * b``; OverflowError where compiled code cannot hold it."""
    if b != 0 and abs(a) > _MOST // abs(b):  # asked beforehand: a compiler may take for granted that a * b // b is a
        raise OverflowError(_REASON)
    return a * b


@register_jitable
def power(a: int, n: int) -> int:
    """``a ** n`` for n >= 0; OverflowError where compiled code cannot hold it, or n is negative (a float in Python)."""
    if n < 0:
        raise OverflowError(_REASON)
    r = 1
    for _ in range(n):
        r = product(r, a)
        if r == 0 or a == 1:
            break
    return r


@register_jitable
def total(a: int, b: int) -> int:
    """``a + b``; OverflowError where compiled code cannot hold it."""
    if a > _MOST - b if b > 0 else a < -_MOST - 1 - b:  # asked beforehand, as for a product
        raise OverflowError(_REASON)
    return a + b


@register_jitable
def difference(a: int, b: int) -> int:
    """``a - b``; OverflowError where compiled code cannot hold it."""
    if a < -_MOST - 1 + b if b > 0 else a > _MOST + b:
        raise OverflowError(_REASON)
    return a - b


@register_jitable
def shifted(a: int, n: int) -> int:
    """``a << n``; OverflowError where compiled code cannot hold it."""
    if n < 0 or n > 62 or (a << n) >> n != a:
        raise OverflowError(_REASON)
    return a << n


@register_jitable
def natural(n: int, most: int) -> int:
    """`n`; OverflowError where it is negative or greater than `most`, of which compiled code makes anything."""
    if n < 0 or n > most:
        raise OverflowError(_REASON)
    return n


@register_jitable
def naturals(n: np.ndarray, most: int) -> np.ndarray:
    """`n`, an array; OverflowError where an element is negative or greater than `most`."""
    for k in n.flat:
        if k < 0 or k > most:
            raise OverflowError(_REASON)
    return n


@register_jitable
def fitting(k: int, least: int, most: int) -> int:
    """`k`, one of Python's integers beside narrow ones of NumPy's; OverflowError where it does not fit, as there."""
    if k < least or k > most:
        raise OverflowError("a Python integer is out of bounds beside a narrow integer of NumPy's")
    return k


@register_jitable
def wide(k: int) -> int:
    """A narrow integer of NumPy's with 64 bits; OverflowError where compiled code cannot hold it."""
    if k > _MOST:
        raise OverflowError(_REASON)
    return np.int64(k)  # type: ignore[return-value]


@register_jitable
def whole(x: float) -> float:
    """`x`, of which an integer is made; an error where none is in 64 bits: ValueError for NaN, OverflowError beyond."""
    if x != x:
        raise ValueError("cannot convert float NaN to integer")
    if abs(x) >= 9223372036854775808.0:
        raise OverflowError(_REASON)
    return x
