"""What a name means: from a live function (globals, closure, bound self) or from a file that is never imported.

The public face of `target`, `live`, `files` and `source`. It needs no libcst until `Target.function` is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from srcad.live import from_live as from_live
from srcad.target import MISSING as MISSING
from srcad.target import Parameter as Parameter
from srcad.target import Scope as Scope
from srcad.target import Target as Target


def split(path: str) -> tuple[str, tuple[str, ...]]:
    """A `Ref.path` such as ``global:config.DT`` as origin and keys: ``("global", ("config", "DT"))``."""
    origin, _, rest = path.partition(":")
    home, colon, names = rest.rpartition(":")
    first, *attributes = names.split(".")
    return origin, (home + colon + first, *attributes)


def read(target: Target, origin: str, path: tuple[Any, ...]) -> Any:
    """The value now of what a name stood for.

    origin: "global", "closure", or "param" / "attribute" for a bound argument; path: as `split` gives it, possibly
    with further keys below: attribute names of objects, keys of dicts, positions of sequences.
    """
    root, *keys = path
    value = target.bound[root] if origin in ("param", "attribute") else target.family.read(origin, root)
    for key in keys:
        value = _step(value, key)
    return value


def _step(value: Any, key: Any) -> Any:
    if isinstance(key, str) and not isinstance(value, Mapping):
        return getattr(value, key)
    return value[key]
