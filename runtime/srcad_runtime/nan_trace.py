"""Where a NaN was born: run a function line by line and name the first line that made a number that is none.

The function runs as plain Python, so the line named is the one its author wrote. A debugging aid: hundreds of times
slower.
"""

from __future__ import annotations

import linecache
import os
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any
from unittest import mock

import numpy as np

from srcad_runtime import trees

_LIBRARIES = tuple(os.path.abspath(sysconfig.get_paths()[name]) + os.sep for name in ("stdlib", "purelib", "platlib"))


def find(function: Callable[..., Any], *args: Any) -> str | None:
    """A sentence that names the first line with a NaN, else the first with an infinity; None if all is finite."""
    for test, word in ((np.isnan, "nan"), (np.isinf, "inf")):
        tracer = _Tracer(test)
        before = sys.gettrace()
        sys.settrace(tracer.enter)
        try:
            with np.errstate(all="ignore"), _zeros_where_nothing_is_written():
                function(*args)
        except Exception:  # the search ends where the function does
            pass
        finally:
            sys.settrace(before)
        if tracer.found is not None:
            return f"{word} first appears {tracer.found}"
    return None


@contextmanager
def _zeros_where_nothing_is_written() -> Iterator[None]:
    """`np.empty` gives whatever the memory held, which may be a NaN that nobody has made."""
    with mock.patch.multiple(np, empty=np.zeros, empty_like=np.zeros_like):
        yield


def locate(tree: Any, name: str, test: Callable[[Any], Any] = lambda x: ~np.isfinite(x)) -> str | None:
    """The first number in `tree` that passes `test`: ``params['w'][0, 3]``; None if there is none."""
    for path, leaf in trees.paths(tree):
        bad = _test(leaf, test)
        if np.any(bad):
            index = np.argwhere(bad)[0].tolist()
            return f"{name}{path}{index if index else ''}"
    return None


def _test(value: Any, test: Callable[[Any], Any]) -> Any:
    if isinstance(value, (np.ndarray, np.generic, float, complex)) and np.asarray(value).dtype.kind in "fc":
        return test(value)
    return False


class _Tracer:
    """Looks at a frame's variables after each of its lines, and at what it returns."""

    def __init__(self, test: Callable[[Any], Any]) -> None:
        self.test = test
        self.found: str | None = None

    def enter(self, frame: FrameType, event: str, arg: Any) -> Callable[..., Any] | None:
        """For `sys.settrace`: follow the author's functions and ours, not the libraries'."""
        code = frame.f_code
        ours = frame.f_globals.get("__name__", "").startswith("srcad_runtime")
        if self.found is not None or (code.co_filename.startswith(_LIBRARIES) and not ours):
            return None
        if not os.path.exists(code.co_filename) and not linecache.getline(code.co_filename, code.co_firstlineno):
            return None
        known = set(self._bad(frame))
        line = code.co_firstlineno

        def follow(frame: FrameType, event: str, arg: Any) -> Callable[..., Any] | None:
            nonlocal line
            if self.found is not None:
                return None
            new = [name for name in self._bad(frame) if name not in known]
            if new:
                self._report(frame, line, f"in `{new[0]}`")
            elif event == "return" and not known and self._is_bad(arg):
                self._report(frame, frame.f_lineno, "in the value returned")
            line = frame.f_lineno
            return follow

        return follow

    def _bad(self, frame: FrameType) -> list[str]:
        return [name for name, value in frame.f_locals.items() if self._is_bad(value)]

    def _is_bad(self, value: Any) -> bool:
        return any(bool(np.any(_test(leaf, self.test))) for leaf in trees.leaves(value))

    def _report(self, frame: FrameType, line: int, what: str) -> None:
        file = frame.f_code.co_filename
        text = linecache.getline(file, line, frame.f_globals).strip()
        self.found = f"{what} at {file}:{line} in {frame.f_code.co_name}: {text}"
