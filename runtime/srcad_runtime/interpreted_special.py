"""Functions of `scipy.special` that compiled code calls back into Python for: see `interpreted`."""

from __future__ import annotations

from srcad_runtime.compiled_names import SCIPY_SPECIAL
from srcad_runtime.interpreted import register

globals().update(register(SCIPY_SPECIAL, __name__))
