"""What generated code and its users import at run time: array helpers, losses, layers, optimizers, training.

Nothing is imported before it is used: ``srcad_runtime.losses`` loads that module on first access, and every other name
is an array helper of `srcad_runtime.arrays`.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _submodules():
        return importlib.import_module(f"{__name__}.{name}")
    arrays = importlib.import_module(f"{__name__}.arrays")
    if not hasattr(arrays, name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(arrays, name)


def __dir__() -> list[str]:
    return list(_submodules())


@functools.lru_cache
def _submodules() -> tuple[str, ...]:
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))
