"""What happens when a kernel raises: the user sees the error that the function itself raises, and both places."""

from __future__ import annotations

import contextlib
import contextvars
import io
import math
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from srcad import compile, leaves
from srcad.errors import Unsupported, note

if TYPE_CHECKING:
    from srcad.generate import Call
    from srcad.specialise import Ready

NOT_FINITE = "a value that nothing reads is not finite"  # raised by the checks of `raised`, where Python may not raise
MISMATCH = "operands could not be broadcast together"  # raised by the checks of `loops`; NumPy's goes on
_DOUBLE = np.dtype(np.float64)
# OpenBLAS shares longer products out among threads; these look for work behind it, on the processors of other threads
_UNSHARED = 10_000
_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
_asked: contextvars.ContextVar[tuple[Any, ...]] = contextvars.ContextVar("asked", default=())


def recover(error: Exception, ready: Ready, extra: tuple[Any, ...]) -> tuple[Any, ...]:
    """Called while a kernel's `error` is handled. Returns NumPy's answer where only the compiled code fails.

    Raises the exception of the undifferentiated function on the same arguments, caused by the kernel's own, with a
    note of the generated line; `error` itself if the function runs.
    """
    if ready.kernel.plan.backend == "numba":
        error, results = _ask_numpy(error, ready, extra)
        if results is not None:
            return results
    place = _place(error, ready.kernel.path)
    original = original_error(ready.call)
    if original is None:
        note(error, place)
        raise error
    note(original, place)
    raise original from error


def finite(results: tuple[Any, ...]) -> bool:
    """Whether a kernel's results hold no inf and no nan."""
    for result in results:
        if isinstance(result, float):  # as are NumPy's own
            if not math.isfinite(result):
                return False
        elif isinstance(result, (complex, np.ndarray, np.generic)) and not _all_finite(result):
            return False
    return True


def _all_finite(result: Any) -> bool:
    """Whether an array, or a number of NumPy's, holds no inf and no nan."""
    small = type(result) is np.ndarray and result.dtype == _DOUBLE and result.size <= _UNSHARED
    if small and math.isfinite(np.vdot(result, result)):
        return True  # a third of the time; the sum of the squares may be infinite where no element is
    return bool(np.isfinite(result).all())


def _ask_numpy(error: Exception, ready: Ready, extra: tuple[Any, ...]) -> tuple[Exception, tuple[Any, ...] | None]:
    """Run the NumPy text: its error knows its line. Overflow of a machine integer is no error in Python, nor a slice
    that has one element and is broadcast, which `loops` takes to be as long as the other."""
    try:
        other = ready.interpreted()
        results = other.kernel.compiled.call(*other.inputs, *extra)
        results = results if type(results) is tuple else (results,)
    except Unsupported:
        return error, None
    except Exception as found:
        ready.kernel = other.kernel  # the note names this text
        return found, None
    auto = ready.specialiser.settings.backend == "auto"
    answers = auto and isinstance(error, OverflowError) or str(error) in (MISMATCH, NOT_FINITE)
    return error, results if answers else None


def original_error(call: Call) -> Exception | None:
    """The exception of the function itself on copies of the arguments; what it prints was printed already.

    None also where the function is being asked: what stands for a `vmap` calls srcad, which would ask it again.
    """
    function = call.binder.function
    if function in _asked.get():
        return None
    mark = _asked.set((*_asked.get(), function))
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            call.binder.invoke(leaves.snapshot(call.values))
    except Exception as error:
        return error
    finally:
        _asked.reset(mark)
    return None


def _place(error: Exception, path: Path) -> str:
    """``in the generated code: file:line: text``, from the innermost frame of the generated module."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    if not frames:
        return f"in the generated code: {path}"
    return f"in the generated code: {path}:{frames[-1].lineno}: {frames[-1].line}"


# ---- refusals ----


def refusal(error: compile.CannotCompile) -> Unsupported:
    """Numba's refusal as srcad's, at its line of the generated module."""
    loc = None
    if error.line:
        from srcad.ir import Loc, Source

        source = Source(str(error.path), error.text)
        text = source.line(error.line)
        indent = len(text) - len(text.lstrip())
        loc = Loc(source, error.line, indent, error.line, len(text))
    return Unsupported(f"Numba cannot compile this: {error.reason}", loc, 'backend="numpy" runs it uncompiled.')


def reason(error: Unsupported | compile.CannotCompile) -> str:
    """``file:line: reason`` in one line."""
    if isinstance(error, compile.CannotCompile):
        return f"{error.path}:{error.line}: {error.reason}" if error.line else f"{error.path}: {error.reason}"
    return str(error).splitlines()[0]


def user_level() -> int:
    """The `stacklevel` of a warning that is to point at the caller of srcad, seen from the function that warns."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_FOLDER):
        frame = frame.f_back
        level += 1
    return level
