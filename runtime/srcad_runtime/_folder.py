"""The private folder for generated files and machine code: where it is, who may use it, its locks.

What lies there is run when it is loaded, so a folder that others can write to is refused. `srcad.cache` keeps the
transpiler's files there, `srcad_runtime.outlined` compiled kernels.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import os
import shutil
import stat
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_IGNORED_FLAGS = ("NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS")


def root() -> Path:
    """The cache folder, created with mode 0700: ``SRCAD_CACHE_DIR``, else the user's cache directory.

    A folder that belongs to someone else, that others can write to, or that cannot be created is refused with one
    warning; a temporary folder, removed when the process ends, takes its place.
    """
    chosen = os.environ.get("SRCAD_CACHE_DIR", "")
    return _checked(Path(chosen).expanduser().absolute() if chosen else _default(), os.getpid())


def _default() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("srcad", appauthor=False)


@functools.lru_cache(maxsize=8)
def _checked(folder: Path, pid: int) -> Path:
    # the process id is part of the key: a forked child must not use (or remove) its parent's temporary folder
    reason = _refusal(folder)
    if reason is None:
        return folder
    warnings.warn(f"srcad does not use the cache folder {folder}: {reason}; nothing is kept", stacklevel=2)
    return _temporary(pid)


def _refusal(folder: Path) -> str | None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = folder.stat()
    except OSError as error:
        return error.strerror or str(error)
    if not hasattr(os, "getuid"):
        return None
    if facts.st_uid != os.getuid():
        return "it belongs to another user"
    if facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "other users can write to it"
    return None if os.access(folder, os.W_OK) else "it cannot be written"


def _temporary(pid: int) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="srcad-"))

    def remove() -> None:
        if os.getpid() == pid:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder


# ---- keys ----


def digest(*parts: str) -> str:
    """The sha256 of texts, as hexadecimal digits; where one text ends and the next begins matters."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        total.update(len(data).to_bytes(8, "little"))
        total.update(data)
    return total.hexdigest()


def environment() -> str:
    """What decides what machine code does, besides texts: versions, Numba's flags, the processor."""
    flags = sorted(f"{k}={v}" for k, v in os.environ.items() if k.startswith("NUMBA_") and k not in _IGNORED_FLAGS)
    versions = [f"python {sys.version}", *(f"{name} {version(name)}" for name in ("numpy", "numba"))]
    return digest(*versions, *flags, processor())


def version(distribution: str) -> str:
    module = sys.modules.get(distribution)
    if module is not None:
        return str(getattr(module, "__version__", "?"))
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "absent"


def stamp(package: str) -> str:
    """Names, sizes and times of a package's files: another installation of it has another stamp."""
    from importlib.util import find_spec

    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return "absent"
    folder = Path(next(iter(spec.submodule_search_locations)))
    facts = [(file.relative_to(folder).as_posix(), file.stat()) for file in sorted(folder.rglob("*.py"))]
    return digest(*(f"{name} {s.st_size} {s.st_mtime_ns}" for name, s in facts))


def processor() -> str:
    """What the processor can do, as far as the system tells it quickly."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            lines = dict.fromkeys(line.strip() for line in file if line.startswith(("model name", "flags", "Features")))
        return "\n".join(lines)
    except OSError:
        import platform

        return f"{platform.machine()} {platform.processor()}"


# ---- locks ----


@contextlib.contextmanager
def lock(key: str) -> Iterator[None]:
    """Hold the file lock that `key` falls under, against other processes and threads."""
    folder = root() / "locks"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{key[:2]}.lock"
    if fcntl is None:
        from filelock import FileLock

        with FileLock(str(path)):
            yield
        return
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)  # closing releases the lock
