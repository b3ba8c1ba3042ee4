"""What a ``try`` around differentiable code becomes: statements are tried, and run if they work.

A statement that is tried is given as a function without effects, so that what it does before it raises is not seen.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any

_last = threading.local()


def caught(attempt: Callable[[], Any], *kinds: Any) -> int:
    """Call `attempt`: 0 if it returns, else which of the exception classes (from 1) catches what it raises.

    An exception of none of them is raised as it is.
    """
    try:
        attempt()
    except BaseException as error:
        for number, kind in enumerate(kinds, 1):
            if isinstance(error, kind):
                _last.error = error
                return number
        raise
    return 0


def with_own_items(items: list[Any]) -> list[Any]:
    """A list that can be written into, and whose arrays can: what is one array twice is so in it, too."""
    return copy.deepcopy(items)


def again() -> BaseException:
    """The exception that was caught last, for ``raise`` in a handler and for messages that show it."""
    error: BaseException = _last.error
    return error
