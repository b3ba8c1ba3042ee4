"""Generated texts for Numba run by Python, with the parts of shared-out loops in one order or another.

What threads do to each other is an order of the parts that nobody chose: a loop that must not be shared out gives other
numbers when its parts come in another order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from srcad_runtime import threads

Order = Callable[[int], Sequence[int]]
ORDERS: dict[str, Order] = {
    "one after the other": range,
    "the last one first": lambda parts: range(parts - 1, -1, -1),
    "shuffled": lambda parts: [int(k) for k in np.random.default_rng(parts).permutation(parts)],
}


def loaded(text: str, entry: str) -> Callable[..., Any]:
    """The function of a module, not compiled."""
    plain = re.sub(r"^@njit.*$", "", text, flags=re.M).replace("from numba import njit\n", "")
    space: dict[str, Any] = {"__name__": __name__}
    exec(compile(plain, "<shared out>", "exec"), space)
    function: Callable[..., Any] = space[entry]
    return function


@contextmanager
def shared_out(order: Order, most: int = 5) -> Iterator[None]:
    """While this is open, every loop is cut into up to `most` parts, which run in this order."""

    def parts(trips: int, cost: int, room: int = 0) -> int:
        return max(1, min(most, trips))

    def run(loop: Any, parts: int, start: int, stop: int, *arguments: Any, numbered: bool) -> None:
        for part in order(parts):
            bounds = (threads._bound(start, stop, part, parts), threads._bound(start, stop, part + 1, parts))
            loop(*([part] if numbered else []), *bounds, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "parts", parts)
        patch.setattr(threads, "prange", lambda *args: run(*args, numbered=False))
        patch.setattr(threads, "prange_parts", lambda *args: run(*args, numbered=True))
        yield
