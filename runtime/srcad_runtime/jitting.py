"""Numba's `overload` and `register_jitable` for what only compiled code calls.

A function that nothing reaches through a C pointer needs no C wrapper: that saves a tenth of its compilation.
`srcad_runtime.lowering` saves more. Only code compiled with Numba imports this module.
"""

from __future__ import annotations

from typing import Any

from numba import extending

from srcad_runtime import lowering

_BARE: Any = {"no_cfunc_wrapper": True, **lowering.OPTIONS}


def overload(function: Any, **options: Any) -> Any:
    """`numba.extending.overload`."""
    return extending.overload(function, jit_options=_BARE, **options)


def register_jitable(function: Any) -> Any:
    """`numba.extending.register_jitable`."""
    return extending.register_jitable(**_BARE)(function)
