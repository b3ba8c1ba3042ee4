"""Random draws in compiled code: the numbers that NumPy draws from the same seed.

Numbers one at a time Numba draws itself, from the same stream to the bit; arrays, parameters that are arrays, and all
other distributions are drawn by NumPy, called back. Only code compiled with Numba imports this module.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="call-arg"
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

from typing import Any

import numpy as np
from numba import objmode, typeof

from srcad_runtime.compiled_names import DRAWS
from srcad_runtime.interpreted import register
from srcad_runtime.jitting import overload

_GENERATOR = typeof(np.random.default_rng(0))


def default_rng(seed: Any) -> np.random.Generator:
    """``np.random.default_rng(seed)``."""
    return np.random.default_rng(seed)


@overload(default_rng)
def _compiled_default_rng(seed):
    def run(seed):
        with objmode(rng=_GENERATOR):
            rng = np.random.default_rng(seed)
        return rng

    return run


WRAPPERS = register(DRAWS, __name__)


def __getattr__(name: str) -> Any:
    found = WRAPPERS.get(f"random_Generator_{name}")
    if found is None:
        raise AttributeError(name)
    return found
