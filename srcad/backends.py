"""Which backend answers, where a text of a derivative may be refused that another way does without."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from srcad import boundary, leaves
from srcad.errors import Unsupported
from srcad.specialise import Ready

T = TypeVar("T")
Declined = dict[Any, set[Any]]  # by the text asked for and the backend: keys of calls that it cannot answer


def first_answer(
    wish: str,
    declined: Declined,
    asked: Any,
    values: tuple[Any, ...],
    compiles: Callable[[], bool],
    answer: Callable[[str], T | None],
) -> T | None:
    """What the first backend answers whose text can be made and compiled; None: another way has to.

    asked, values: what is asked for, and of which arguments; refusals are remembered by both. compiles: whether Numba
    does it the other way: NumPy is no gain then.
    """

    def key() -> Any:
        return tuple(leaves.key(value, []) for value in values)

    if "cupy" in sys.modules and any(
        boundary.is_array(x) and type(x) is not np.ndarray for _, x in leaves.paths(values)
    ):
        return None
    for backend in ("numba", "numpy") if wish == "auto" else (wish,):
        if backend == "cupy" or wish == "auto" and backend == "numpy" and compiles():
            return None
        refused = declined.setdefault((asked, backend), set())
        if refused and key() in refused:
            continue
        try:
            found = answer(backend)
        except Unsupported:
            refused.add(key())
            continue
        if found is not None:
            return found
    return None


def is_compiled(ready: Ready) -> bool:
    return ready.kernel.plan.backend != "numpy"
