"""Text to file to module to function: a generated module is written to the cache, imported, and compiled."""

from __future__ import annotations

import importlib.util
import re
import sys
import threading
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from srcad import cache, tuning

_loading = threading.RLock()
_compiling = threading.RLock()


@dataclass(frozen=True)
class Compiled:
    """A function of a generated module: `call` runs it, `path` is the file that it came from."""

    call: Any  # a function, or Numba's dispatcher of one
    text: str
    path: Path
    key: str


class CannotCompile(Exception):
    """Numba refuses a generated module; `reason` is one line, `line` counts in the module's text (0: unknown)."""

    def __init__(self, reason: str, line: int, compiled: Compiled) -> None:
        super().__init__(reason)
        self.reason, self.line, self.path, self.text = reason, line, compiled.path, compiled.text


def load(text: str, entry: str) -> Compiled:
    """Write `text` to its place in the cache, import it, and return its function `entry`.

    The module is in ``sys.modules`` under a name made from its content before anything in it is called: Numba's disk
    cache finds its functions by that name in the next process.
    """
    key = cache.digest(text, cache.environment())
    stem = re.sub(r"\W", "_", entry)
    name = f"srcad_generated.{stem}_{key[:16]}"
    path = cache.module_path(key, stem)
    with _loading:
        module = sys.modules.get(name)
        if module is None:
            _write_once(path, text, key)
            module = _execute(name, path)
    # the file may lie in an earlier cache folder: a module is executed once in a process
    return Compiled(getattr(module, entry), text, Path(module.__file__ or path), key)


def sibling(compiled: Compiled, name: str) -> Compiled:
    """Another function of the same module."""
    space = getattr(compiled.call, "py_func", compiled.call).__globals__
    return Compiled(space[name], compiled.text, compiled.path, compiled.key)


def _write_once(path: Path, text: str, key: str) -> None:
    data = text.encode("utf-8")
    with cache.lock(key):
        # rewriting an equal file would change its time, and Numba would drop its machine code
        if not path.is_file() or path.read_bytes() != data:
            cache.write(path, data)


def _execute(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def warm(compiled: Compiled, arguments: tuple[Any, ...]) -> None:
    """Load or compile the machine code for arguments of these types. Plain Python functions need nothing.

    Raises CannotCompile where Numba refuses.
    """
    if not hasattr(compiled.call, "compile"):
        return
    tuning.keep_freed_memory()
    with _compiling, cache.lock(compiled.key):
        try:
            _compile(compiled, arguments)
        except Exception as error:  # Numba raises AssertionError and others besides its own errors
            raise CannotCompile(_reason(error), _line(error, compiled.path), compiled) from error


def _compile(compiled: Compiled, arguments: tuple[Any, ...]) -> None:
    import numba
    from srcad_runtime import lowering, optimisation

    lowering.short(compiled.call)
    types = tuple(numba.typeof(value) for value in arguments)
    try:
        with tuning.vectorised(), warnings.catch_warnings(), optimisation.quick():
            # the warnings are about strided products, in text that is not the user's
            warnings.simplefilter("ignore", numba.NumbaPerformanceWarning)
            compiled.call.compile(types)
    except numba.core.errors.NumbaError:
        raise
    except Exception:
        # a damaged file of machine code fails while it is read, in as many ways as there are damages
        for file in compiled.path.parent.rglob("*.nb[ic]"):
            file.unlink(missing_ok=True)
        with tuning.vectorised():
            compiled.call.compile(types)


def _reason(error: Exception) -> str:
    """The line of Numba's long message that says what it lacks."""
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in str(error).splitlines()]
    telling = [line for line in lines if line and not line.startswith(("Failed in", "During:", "File ", "<source"))]
    if telling and telling[0].endswith("found for signature:"):  # which follows in a line of its own
        signature = next((line.removeprefix(">>>").strip() for line in telling if line.startswith(">>>")), "")
        return f"no implementation of {signature}" if signature else telling[0]
    if type(error).__module__.startswith("numba."):
        return telling[0] if telling else f"{type(error).__name__} inside Numba"
    return f"{type(error).__name__} inside Numba" + (f" ({telling[0]})" if telling else "")


def _line(error: Exception, path: Path) -> int:
    found = re.findall(re.escape(path.name) + r'"?[,:]?\s*(?:line )?\(?(\d+)', str(error))
    return int(found[0]) if found else _line_at_work(error, path)


def _line_at_work(error: Exception, path: Path) -> int:
    """The line whose types Numba was looking for when it failed by itself; 0 if that is not known."""
    for frame, _ in reversed([*traceback.walk_tb(error.__traceback__)]):
        loc = getattr(frame.f_locals.get("constraint"), "loc", None)
        if loc is not None and Path(loc.filename).name == path.name:
            return int(loc.line)
    return 0
