"""Trees of arrays on disk: one safetensors file, written whole or not at all.

The arrays are ordinary safetensors, readable by any tool. The file's metadata holds, as JSON, how they are nested, the
numbers and texts among them, what else was given to `save`, the schema version and a checksum. Nothing is pickled:
loading a file runs no code of its own. A file is written beside its place, forced to disk and renamed, so that a crash
at any moment leaves the old file or the new one.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from srcad_runtime import _treejson, trees

Tree = Any
SCHEMA = 1
NAMES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4", "U64": "<u8",
    "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8", "C64": "<c8",
}  # fmt: skip
CODES = {np.dtype(code).str: name for name, code in NAMES.items()}


class CheckpointError(ValueError):
    """A file that is no such checkpoint: foreign, cut off, damaged, of a newer schema, or not what was expected."""


class Checkpoint(NamedTuple):
    """What `load` gives: ``tree, metadata = load(path)``."""

    tree: Tree
    metadata: dict[str, Any]


def save(path: str | Path, tree: Tree, **metadata: Any) -> Path:
    """Write `tree` (nested arrays, numbers, texts) and `metadata` (what JSON can hold) to `path`; returns the path.

    The folder is made where it is missing. Object arrays and unknown leaves are a TypeError that names them.
    """
    path = Path(path)
    arrays: dict[str, np.ndarray] = {}
    layout = _treejson.encode(tree, arrays)
    note = json.dumps({"schema": SCHEMA, "tree": layout, "metadata": _treejson.encode(metadata, {}, inline=True)})
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_atomically(path, _blocks(arrays, note))
    return path


def load(path: str | Path, like: Tree = None) -> Checkpoint:
    """The tree and the metadata that `save` wrote; whatever is wrong with the file is a `CheckpointError` that names
    it.

    Named tuples and dataclasses come back as their classes where those are loaded, else as a named tuple or a dict of
    the same fields. With `like`, a tree: built like it, and an array of another name, shape or dtype is an error.
    """
    try:
        header, body = _read(Path(path))
        note = json.loads(header["__metadata__"]["srcad"])
        if note["schema"] > SCHEMA:
            raise CheckpointError(f"{path}: schema {note['schema']} is newer than this library's {SCHEMA}")
        if header["__metadata__"]["sha256"] != _digest(header["__metadata__"]["srcad"], _entries(header), body):
            raise CheckpointError(f"{path}: damaged, the checksum does not match")
        arrays = {name: _array(entry, body) for name, entry in _entries(header).items()}
        tree, metadata = _treejson.decode(note["tree"], arrays), _treejson.decode(note["metadata"], {})
    except CheckpointError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"{path}: not a srcad checkpoint, or damaged ({type(error).__name__}: {error})"
        ) from error
    return Checkpoint(tree if like is None else fit_into(like, tree, str(path)), metadata)


def fit_into(like: Tree, tree: Tree, path: str = "checkpoint") -> Tree:
    """`tree` built like `like`; another structure, shape or dtype is a CheckpointError that names the place."""
    try:
        pairs = trees.together(like, tree)
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from error
    for (place, old), (_, new) in zip(trees.paths(like), pairs):
        found, wanted = _kind(new), _kind(old)
        if found != wanted:
            raise CheckpointError(f"{path}: {place or 'the array'} is {found}, expected {wanted}")
    return trees.map(lambda old, new: new, like, tree)


def _kind(leaf: Any) -> str:
    return f"{np.shape(leaf)} {np.result_type(leaf)}" if trees.is_leaf(leaf) else f"a {type(leaf).__name__}"


def latest(pattern: str | Path) -> Path | None:
    """The newest file of a folder, or of a `ModelCheckpoint` filepath with names in braces; None without one."""
    files = _matching(str(pattern))
    return files[-1] if files else None


def keep_last(pattern: str | Path, keep: int) -> None:
    """Remove all but the `keep` newest files that `pattern` (as in `latest`) names."""
    for path in _matching(str(pattern))[:-keep]:
        path.unlink(missing_ok=True)


def _matching(pattern: str) -> list[Path]:
    if os.path.isdir(pattern):
        pattern = os.path.join(pattern, "*.safetensors")
    folder, name = os.path.split(re.sub(r"\{[^{}]*\}", "*", pattern))
    found = [p for p in Path(folder or ".").glob(name) if p.is_file() and not p.name.startswith(".")]
    return sorted(found, key=lambda p: (p.stat().st_mtime_ns, _natural(p.name)))


def _natural(name: str) -> list[Any]:
    """For sorting: epoch-9 before epoch-10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _blocks(arrays: dict[str, np.ndarray], note: str) -> list[Any]:
    """The file in pieces: length of the header, header, arrays."""
    header: dict[str, Any] = {}
    offset, pieces = 0, []
    for name, array in arrays.items():
        piece = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        header[name] = {
            "dtype": CODES[array.dtype.newbyteorder("<").str],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(piece)],
        }
        offset += len(piece)
        pieces.append(piece)
    header["__metadata__"] = {"format": "np", "srcad": note, "sha256": _digest(note, header, *pieces)}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return [len(text).to_bytes(8, "little"), text, *pieces]


def _digest(note: str, entries: dict[str, Any], *pieces: Any) -> str:
    digest = hashlib.sha256(note.encode())
    digest.update(json.dumps(entries, sort_keys=True).encode())
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _entries(header: dict[str, Any]) -> dict[str, Any]:
    return {name: entry for name, entry in header.items() if name != "__metadata__"}


def _read(path: Path) -> tuple[dict[str, Any], memoryview]:
    """The header and the bytes after it."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    if len(raw) < 8 or length > len(raw) - 8:
        raise CheckpointError(f"{path}: not a safetensors file, or cut off at {len(raw)} bytes")
    header = json.loads(raw[8 : 8 + length])
    if "srcad" not in header.get("__metadata__", {}):
        raise CheckpointError(f"{path}: a safetensors file that srcad did not write")
    body = memoryview(raw)[8 + length :]
    end = max((entry["data_offsets"][1] for entry in _entries(header).values()), default=0)
    if end != len(body):
        raise CheckpointError(f"{path}: cut off or damaged: {len(body)} bytes of arrays, {end} expected")
    return header, body


def _array(entry: dict[str, Any], body: memoryview) -> np.ndarray:
    start, stop = entry["data_offsets"]
    if not 0 <= start <= stop <= len(body):
        raise ValueError(f"offsets {start}, {stop}")
    # a copy: aligned and writable, wherever it lay in the file
    return np.frombuffer(body[start:stop], NAMES[entry["dtype"]]).reshape(entry["shape"]).copy()


def _write_atomically(path: Path, pieces: list[Any]) -> None:
    _remove_leftovers(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Force the rename itself to disk (Windows knows no such thing)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_leftovers(path: Path) -> None:
    """Half-written files of processes that died while saving here."""
    prefix = f".{path.name}."
    for leftover in path.parent.iterdir():
        if leftover.name.startswith(prefix) and leftover.suffix == ".tmp":
            pid = leftover.name[len(prefix) : -len(".tmp")]
            if pid.isdigit() and not _alive(int(pid)):
                leftover.unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    if os.name == "nt" or pid == os.getpid():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
