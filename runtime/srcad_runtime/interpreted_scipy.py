"""Functions of SciPy that compiled code calls back into Python for: see `interpreted`."""

from __future__ import annotations

from srcad_runtime.compiled_names import SCIPY
from srcad_runtime.interpreted import LIKE, register

LIKE["scipy_linalg_solve_banded"] = (("ab", "b"), ("b",))
LIKE["scipy_linalg_solveh_banded"] = (("ab", "b"), ("b",))
globals().update(register(SCIPY, __name__))
