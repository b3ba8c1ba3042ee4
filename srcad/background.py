"""NumPy answers while Numba compiles, where SRCAD_BACKGROUND asks for it.

A thread compiles; calls in the meantime run the NumPy text, and calls behind it the machine code. The process waits for
the thread before it ends, so that the next one finds the machine code. What Numba refuses is compiled once more by the
next call, which reports it.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

from srcad import compile
from srcad.kernel import Kernel

_threads: weakref.WeakKeyDictionary[Kernel, threading.Thread] = weakref.WeakKeyDictionary()
_starting = threading.Lock()


def is_asked_for() -> bool:
    """Whether the environment variable SRCAD_BACKGROUND says so."""
    return os.environ.get("SRCAD_BACKGROUND", "0") not in ("", "0")


def is_compiling(kernel: Kernel, arguments: tuple[Any, ...]) -> bool:
    """Whether a thread compiles the kernel for arguments of these types; starts it if there has been none."""
    with _starting:
        thread = _threads.get(kernel)
        if thread is None:
            name = f"srcad compiles {kernel.path.stem}"
            thread = _threads[kernel] = threading.Thread(target=_compile, args=(kernel, arguments), name=name)
            thread.start()
    return thread.is_alive()


def _compile(kernel: Kernel, arguments: tuple[Any, ...]) -> None:
    try:
        compile.warm(kernel.compiled, arguments)
    except compile.CannotCompile:
        return
    kernel.warm = True
