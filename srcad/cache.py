"""The private folder of generated files: keyed by content, locked, checked before it is trusted.

    <root>/modules/<digest>/<stem>.py    a generated module, with Numba's machine code beside it
    <root>/manifests/<key>.plan          which modules answer for a source text with given argument types
    <root>/kernels/<digest>/             machine code of the runtime's own kernels (`srcad_runtime.outlined`)
    <root>/locks/<xx>.lock               one of 256 file locks, chosen by the digest

Numba's index files and our plans run code when they are loaded, and Numba does not lock its index: hence a folder
that only its owner may write, one folder per generated module, and a lock around every load and save.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from srcad_runtime import _folder
from srcad_runtime._folder import digest as digest
from srcad_runtime._folder import lock as lock
from srcad_runtime._folder import root as root
from srcad_runtime._folder import stamp as _stamp


@dataclass(frozen=True)
class Info:
    """What is in the cache."""

    folder: Path
    modules: int
    manifests: int
    size: int  # bytes


# ---- keys ----


@functools.lru_cache(maxsize=1)
def environment() -> str:
    """Everything besides the text that decides what a generated module does: versions, helpers, flags, processor."""
    return digest(_folder.environment(), _stamp("srcad"), _stamp("srcad_runtime"))


# ---- files ----


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
    for name in ("modules", "manifests", "kernels"):
        shutil.rmtree(before.folder / name, ignore_errors=True)
    return before
