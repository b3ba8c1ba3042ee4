"""Defaults of the command line: ``[tool.srcad]`` in the pyproject.toml nearest above the file."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

MODES = ("reverse", "forward", "hvp")
BACKENDS = ("numpy", "numba", "cupy")


class UsageError(Exception):
    """The command cannot be carried out as it was given."""


class ConfigError(UsageError):
    """A setting that does not exist or has an impossible value; the message names the file."""


@dataclass(frozen=True)
class Config:
    """What `emit`, `explain`, `check` and `bench` use where the command line says nothing."""

    backend: str = "numpy"
    mode: str = "reverse"
    wrt: str = ""
    types: str = ""
    parallel: bool = False


def load(start: Path, default: Config = Config()) -> Config:
    """The settings for a file (or folder): of the nearest pyproject.toml at or above it.

    default: what holds where there is no such setting.

    Raises:
        ConfigError: an unknown key, with the nearest known one; a wrong value; a file that does not parse.
    """
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            return replace(default, **_settings(_table(file), file))
    return default


def _table(file: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        with file.open("rb") as stream:
            return dict(tomllib.load(stream).get("tool", {}).get("srcad", {}))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: {error}") from error


def _settings(table: dict[str, Any], file: Path) -> dict[str, Any]:
    known = [f.name for f in fields(Config)]
    for key in table:
        if key not in known:
            raise ConfigError(f"{file}: [tool.srcad] has no setting {key!r}{did_you_mean(key, known)}")
    values = {key: _value(key, value, file) for key, value in table.items()}
    for key, allowed in (("backend", BACKENDS), ("mode", MODES)):
        if values.get(key, allowed[0]) not in allowed:
            hint = did_you_mean(str(values[key]), allowed)
            raise ConfigError(f"{file}: {key} = {values[key]!r} is none of {', '.join(allowed)}{hint}")
    return values


def _value(key: str, value: Any, file: Path) -> str | bool:
    """A string; for `wrt` also a list of names, for `types` also a table of types; a truth value for `parallel`."""
    if key == "parallel":
        if isinstance(value, bool):
            return value
        raise ConfigError(f"{file}: {key} = {value!r} is neither true nor false")
    if isinstance(value, str):
        return value
    if key == "wrt" and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    if key == "types" and isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
        return ", ".join(f"{name}={item}" for name, item in value.items())
    raise ConfigError(f"{file}: {key} = {value!r} is not text")


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """``; did you mean 'backend'?``, or what there is."""
    close = difflib.get_close_matches(word, known, 1, 0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(known)}"
