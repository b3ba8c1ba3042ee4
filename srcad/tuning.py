"""What is asked of LLVM and of malloc, so that compiled gradients run as fast as they can.

Both change speed only. `vectorised`: LLVM tests before a loop nest whether its arrays overlap, and takes the loop that
is not vectorised where the outer loop runs backwards, as every reverse sweep does; tested before each inner loop, the
arrays of one iteration are found apart. `keep_freed_memory`: what a gradient records is allocated at every call, and
fresh pages cost more than the arithmetic (0.3 ms per MiB here). glibc keeps freed blocks for the next call, up to twice
the size of the largest block that was ever freed; so a large one is.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

import numpy as np

KNOWN_LLVM = (22,)  # versions that have the option; LLVM ends the process over one that it does not know
LARGEST_KEPT = 32 * 2**20  # glibc's limit: larger blocks go back to the system as they are freed


@contextlib.contextmanager
def vectorised() -> Iterator[None]:
    """While this is open, LLVM tests whether arrays overlap before inner loops."""
    if not has_overlap_tests():
        yield
        return
    import llvmlite.binding as llvm

    llvm.set_option("srcad", "-hoist-runtime-checks=false")
    try:
        yield
    finally:
        llvm.set_option("srcad", "-hoist-runtime-checks=true")


@functools.cache
def has_overlap_tests() -> bool:
    """Whether LLVM can be told where to test."""
    import llvmlite.binding as llvm

    return llvm.llvm_version_info[0] in KNOWN_LLVM


@functools.cache
def keep_freed_memory() -> None:
    """Have malloc keep freed blocks of up to 32 MiB, 64 MiB in all, for the calls to come. Nothing is touched."""
    np.empty(LARGEST_KEPT - 2**16, np.uint8)  # a page less than the limit, header included
