"""retarget: a NumPy program for another array library.

Before and after: core IR. For "numpy" nothing changes. For "cupy" (`retarget_cupy`) references are renamed, and what
CuPy lacks is `Unsupported`. For "numba" (`retarget_numba`) calls that it cannot compile become calls of
`srcad_runtime.kernels`, and literals get the type that keeps float32 results float32.
"""

from __future__ import annotations

from collections.abc import Mapping

from srcad import ir
from srcad.transforms import retarget_cupy, retarget_numba
from srcad.types import Abstract


def retarget(function: ir.Function, types: Mapping[str, Abstract], backend: str) -> ir.Function:
    """The function for a backend; `types` are those of its variables.

    Raises Unsupported, with the place, for what the backend lacks.
    """
    if backend == "numba":
        return retarget_numba.retarget(function, types)
    return retarget_cupy.retarget(function, types) if backend == "cupy" else function
