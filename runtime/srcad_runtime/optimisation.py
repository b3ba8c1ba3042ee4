"""How hard LLVM works on code that srcad has Numba compile.

Numba asks for LLVM's level 3, which copies a loop for every condition that does not change in it (loop unswitching).
In the nests over broadcast arrays that gradients consist of, there are many such conditions, and copies of copies: the
gradient of a convolution took 33 s to compile, at level 2 it takes 11 s and runs as fast.

Only code compiled with Numba imports this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import config as _config
from numba.core.compiler_lock import global_compiler_lock

config: Any = _config


@contextmanager
def quick() -> Iterator[None]:
    """Compile at LLVM's level 2 at most; other threads, which wait for Numba's lock, keep their level."""
    with global_compiler_lock:
        level = config.OPT
        config.OPT = type(level)(min(int(level), 2))
        try:
            yield
        finally:
            config.OPT = level
