"""What is asked of LLVM and of malloc, so that gradients compile fast and run as fast as they can.

All change speed only. `vectorised`: LLVM tests before a loop nest whether its arrays overlap, and takes the loop that
is not vectorised where the outer loop runs backwards, as every reverse sweep does; tested before each inner loop, the
arrays of one iteration are found apart. And LLVM copies the bodies of loops that it does not vectorise several times,
which takes up to a third of the compilation and saves nothing in the loops that gradients have (they take 0.93 to 1.0
of the time without, over stencils, factorisations and an LSTM). `keep_freed_memory`: what a gradient records and
returns is allocated at every call, and fresh pages cost more than the arithmetic (0.3 ms per MiB here). glibc's malloc
is asked to keep what is freed for the next call, up to a limit: a workspace that all threads share, and that arrays of
any size fit into.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import platform
from collections.abc import Iterator

import numpy as np

KNOWN_LLVM = (22,)  # versions that have the option; LLVM ends the process over one that it does not know
# on by default; where other processors do not copy loops, nothing may be switched on behind their back
_SWITCHES = ("-hoist-runtime-checks", *(["-unroll-runtime"] if platform.machine() in ("x86_64", "AMD64") else []))
WORKSPACE = "SRCAD_WORKSPACE"  # how many MiB are kept; 0: as much as malloc keeps by itself
MOST_KEPT = 2**30  # without that variable: a sixteenth of the machine's memory, and no more than this
OWN_LIMIT = 32 * 2**20  # glibc's own: larger blocks go back to the system as they are freed
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # mallopt(3)


@contextlib.contextmanager
def vectorised() -> Iterator[None]:
    """While this is open, LLVM tests whether arrays overlap before inner loops, and copies no bodies of loops."""
    if not has_overlap_tests():
        yield
        return
    import llvmlite.binding as llvm

    for option in _SWITCHES:
        llvm.set_option("srcad", f"{option}=false")
    try:
        yield
    finally:
        for option in _SWITCHES:
            llvm.set_option("srcad", f"{option}=true")


@functools.cache
def has_overlap_tests() -> bool:
    """Whether LLVM can be told where to test."""
    import llvmlite.binding as llvm

    return llvm.llvm_version_info[0] in KNOWN_LLVM


def workspace() -> int:
    """How many bytes of freed memory are to be kept for later calls.

    Raises:
        ValueError: SRCAD_WORKSPACE is no number of MiB.
    """
    given = os.environ.get(WORKSPACE, "")
    if not given:
        return min(MOST_KEPT, _physical_memory() // 16)
    if not given.isdecimal():
        raise ValueError(f"{WORKSPACE}={given}: write how many MiB are to be kept between calls, 0 for none")
    return int(given) * 2**20


def _physical_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0


@functools.cache
def keep_freed_memory() -> int:
    """Have malloc keep freed blocks for the calls to come; returns how many bytes at most. Nothing is touched."""
    limit = workspace()
    if limit == 0:
        return 0
    option = getattr(_libc(), "mallopt", None)
    if option is not None and option(_MMAP_THRESHOLD, limit) and option(_TRIM_THRESHOLD, limit):
        return limit
    # elsewhere, and where glibc allows no more: it keeps up to twice the size of the largest block that was ever freed
    np.empty(OWN_LIMIT - 2**16, np.uint8)
    return 2 * OWN_LIMIT


def _libc() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(None)
    except (OSError, TypeError):
        return None
