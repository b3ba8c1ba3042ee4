"""How Numba compiles the functions of the runtime: importing this module registers them.

Compiled code may then call them by their ordinary names. Whole-array NumPy compiles slowly and turns float32 into
float64 at every literal, so each gets a loop that keeps the type of its input. What has no entry here is inlined by
srcad before Numba sees it. Only code compiled with Numba imports this module. Messages of errors are short: the plain
function, run on the same arguments, has the long one.
"""

from __future__ import annotations

from srcad_runtime import (
    nopython_along,
    nopython_images,
    nopython_lists,
    nopython_losses,
    nopython_pooling,
    nopython_rows,
)

__all__ = [
    "nopython_along",
    "nopython_images",
    "nopython_lists",
    "nopython_losses",
    "nopython_pooling",
    "nopython_rows",
]
