"""What the derivatives of one call have in common, kept from one mode to the next.

A gradient, a tangent and a Hessian-vector product of a function for arguments of the same types begin with the same
passes. What these made serves again while all that they read is as it was: the text of the function and of what it
calls, by their fingerprint, and each captured value that was met.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from srcad import kernel, scope

if TYPE_CHECKING:
    from srcad.pipeline import Request
    from srcad.program import Program
    from srcad.target import Target

Step = tuple["Program", dict[str, set[str]]]  # a program, and what may share memory in it

_MOST = 4  # calls, each with a few programs
_PLAIN = (int, float, complex, str, bytes, type(None), np.ndarray, np.generic)
_known: collections.OrderedDict[Hashable, Shared] = collections.OrderedDict()


@dataclass(frozen=True, eq=False)
class Shared:
    """The parsed function, and the programs that were made of it, by what they depend on beside it."""

    target: Target
    steps: dict[Hashable, Step] = field(default_factory=dict)

    def is_current(self) -> bool:
        """Whether the captured values that were met are what they were; forgets programs made for other ones."""
        if not all(self._holds(*scope.split(path), value) for path, value in list(self.target.family.met.items())):
            return False
        for key, (program, _) in list(self.steps.items()):
            if not all(self._holds(*b) for b in program.baked if b[0] not in ("param", "layout")):
                del self.steps[key]
        return True

    def _holds(self, origin: str, path: tuple[Any, ...], value: Any) -> bool:
        try:
            return kernel.same(scope.read(self.target, origin, path), value)
        except Exception:  # it is gone, or cannot be compared
            return False


def of(function: Any, mark: Hashable) -> Shared:
    """What there is for a function and a mark of all that it is called with and that it calls."""
    found = _known.pop((function, mark), None)
    if found is None or not found.is_current():
        found = Shared(scope.from_live(function))
    _known[function, mark] = found
    if len(_known) > _MOST:
        _known.popitem(last=False)
    return found


def is_plain(leaf: Any) -> bool:
    """Whether a leaf of the arguments has a type and a text that say all of it that a program may depend on."""
    return isinstance(leaf, _PLAIN)


def step(request: Request, modes: tuple[str, ...], made: Callable[[], Step]) -> Step:
    """The program after these modes: as it was made for another request, if it does not differ in anything else."""
    if request.shared is None or len(modes) > 1:
        return made()
    known = request.shared.steps
    key = modes, repr(replace(request, target=None, modes=(), shared=None))
    if key not in known:
        new = made()
        if new[0].routines:  # these are changed by passes
            return new
        known[key] = new
    return _copied(*known[key])


def _copied(program: Program, aliases: dict[str, set[str]]) -> Step:
    """The same with tables of its own, to which passes add."""
    own = replace(program, types=dict(program.types), flat=dict(program.flat))
    return own, {name: set(others) for name, others in aliases.items()}
