"""The private folder of generated files: keyed by content, locked, checked before it is trusted.

    <root>/modules/<digest>/<stem>.py    a generated module, with Numba's machine code beside it
    <root>/manifests/<key>.plan          which modules answer for a source text with given argument types
    <root>/locks/<xx>.lock               one of 256 file locks, chosen by the digest

Numba's index files and our plans run code when they are loaded, and Numba does not lock its index: hence a folder
that only its owner may write, one folder per generated module, and a lock around every load and save.
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
from dataclasses import dataclass
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_IGNORED_FLAGS = ("NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Info:
    """What is in the cache."""

    folder: Path
    modules: int
    manifests: int
    size: int  # bytes


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


@functools.lru_cache(maxsize=1)
def environment() -> str:
    """Everything besides the text that decides what a generated module does: versions, helpers, flags, processor."""
    flags = sorted(f"{k}={v}" for k, v in os.environ.items() if k.startswith("NUMBA_") and k not in _IGNORED_FLAGS)
    versions = [f"python {sys.version}", *(f"{name} {_version(name)}" for name in ("numpy", "numba"))]
    stamps = [_stamp("srcad"), _stamp("srcad_runtime")]
    return digest(*versions, *stamps, *flags, _processor())


def _version(distribution: str) -> str:
    module = sys.modules.get(distribution)
    if module is not None:
        return str(getattr(module, "__version__", "?"))
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "absent"


def _stamp(package: str) -> str:
    """Names, sizes and times of a package's files: another installation of it has another stamp."""
    from importlib.util import find_spec

    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return "absent"
    folder = Path(next(iter(spec.submodule_search_locations)))
    facts = [(file.relative_to(folder).as_posix(), file.stat()) for file in sorted(folder.rglob("*.py"))]
    return digest(*(f"{name} {s.st_size} {s.st_mtime_ns}" for name, s in facts))


def _processor() -> str:
    """What the processor can do, as far as the system tells it quickly."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            lines = dict.fromkeys(line.strip() for line in file if line.startswith(("model name", "flags", "Features")))
        return "\n".join(lines)
    except OSError:
        import platform

        return f"{platform.machine()} {platform.processor()}"


# ---- files ----


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


def write(path: Path, data: bytes, private: bool = True) -> None:
    """Write a file so that a reader sees the old content or the new, never a part. `private`: mode 0600."""
    path.parent.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if not private:
            os.chmod(name, _public_mode(path))
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _public_mode(path: Path) -> int:
    """The mode of the file that is replaced, or what `open` would give a new one."""
    with contextlib.suppress(OSError):
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def module_path(key: str, stem: str) -> Path:
    """Where the generated module with this digest lies."""
    return root() / "modules" / key[:32] / f"{stem}.py"


def read_manifest(key: str) -> bytes | None:
    """What `write_manifest` kept under `key`; None if there is nothing, or it is damaged."""
    try:
        data = (root() / "manifests" / f"{key}.plan").read_bytes()
    except OSError:
        return None
    check, body = data[:32], data[32:]
    return body if hashlib.sha256(body).digest() == check else None


def write_manifest(key: str, body: bytes) -> None:
    """Keep `body` under `key`, with a checksum before it."""
    write(root() / "manifests" / f"{key}.plan", hashlib.sha256(body).digest() + body)


def info() -> Info:
    """Count what the cache holds."""
    folder = root()
    files = [file for file in folder.rglob("*") if file.is_file()]
    modules = sum(1 for file in (folder / "modules").glob("*/*.py"))
    manifests = sum(1 for file in (folder / "manifests").glob("*.plan"))
    return Info(folder, modules, manifests, sum(file.stat().st_size for file in files))


def clear() -> Info:
    """Remove every generated file; returns what there was. Locks stay: another process may hold one."""
    before = info()
    for name in ("modules", "manifests"):
        shutil.rmtree(before.folder / name, ignore_errors=True)
    return before
