"""Sums in any order, for compiled loops.

A loop that adds one element after the other waits for every addition, and its error grows with its length. Where the
order is free the compiler keeps a dozen or more partial sums at once, which is several times faster and, as NumPy's own
sum in pairs, more accurate. Only code compiled with Numba imports this module.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core.typing import signature
from numba.extending import lower_builtin, type_callable


def plus(total: float, term: float) -> float:
    """``total + term``; in a compiled loop the terms may be added in any order."""
    return total + term


@type_callable(plus)
def _type(context: Any) -> Any:
    def typer(total: Any, term: Any) -> Any:
        numbers = isinstance(total, types.Float) and isinstance(term, (types.Number, types.Boolean))
        return signature(types.float64, types.float64, types.float64) if numbers else None

    return typer


@lower_builtin(plus, types.float64, types.float64)  # type: ignore[untyped-decorator]
def _lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    return builder.fadd(*args, flags=("reassoc", "nsz"))
