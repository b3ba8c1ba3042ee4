"""How Numba compiles functions of two numbers for arrays, too: a ufunc that is made when an array first needs it.

A ufunc with signatures is compiled, or read from the disk cache, where it is defined: at import, and for programs that
never call it. Two numbers need none.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from numba import types, vectorize

from srcad_runtime.jitting import overload, register_jitable

FLOATS = ("f4(f4,f4)", "f8(f8,f8)")
NUMBERS = (*FLOATS, "c8(c8,c8)", "c16(c16,c16)")
_INEXACT = (types.float32, types.float64, types.complex64, types.complex128)


def by_element(function: Callable[..., Any], element: Callable[..., Any], signatures: tuple[str, ...]) -> None:
    """Let compiled code call `function(a, b)`, which is `element(a, b)` of each pair of numbers, broadcast.

    signatures: of the element function, the first that holds both arguments is used, as for any ufunc.
    """
    one = register_jitable(element)
    whole = functools.cache(lambda: vectorize(list(signatures), cache=True)(element))

    @overload(function)
    def _compiled(a, b):
        if isinstance(a, types.Array) or isinstance(b, types.Array):
            ufunc = whole()
            return lambda a, b: ufunc(a, b)
        number = _common(a, b)
        return lambda a, b: number(one(number(a), number(b)))


def _common(a: Any, b: Any) -> Any:
    """The type that holds two numbers: float64 for what is not inexact, as NumPy's ufuncs have it."""
    a, b = (t if t in _INEXACT else types.float64 for t in (a, b))
    if a == b:
        return a
    wide = types.float64 in (a, b) or types.complex128 in (a, b)
    if isinstance(a, types.Complex) or isinstance(b, types.Complex):
        return types.complex128 if wide else types.complex64
    return types.float64 if wide else types.float32
