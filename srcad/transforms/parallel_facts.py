"""What the parts of `parallel_races` have in common: what is known where a loop stands, and what is in its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from srcad import bounds, ir
from srcad.transforms.loops_memory import Memory
from srcad.types import Abstract, Num

FRESH = frozenset(f"numpy.{name}" for name in "empty zeros ones full copy empty_like zeros_like ones_like".split())


class Serial(Exception):
    """Why a loop's iterations must follow one another."""


@dataclass(frozen=True)
class Context:
    """What is known where a loop stands.

    fresh: variables that hold memory no other one refers to. live: variables read behind the loop, or in the next
    iteration of one around it. ranges: first and last values of the counters around. whole: arrays in one piece. rooms:
    arrays that each iteration fills before it reads them, and that nothing else mentions, and what makes them.
    """

    types: dict[str, Abstract]
    memory: Memory
    fresh: Set[str]
    live: Set[str]
    ranges: bounds.Ranges
    whole: Set[str]
    rooms: Mapping[str, ir.Call] = field(default_factory=dict)

    def is_array(self, name: str) -> bool:
        return self.memory.is_array(name)


def bound_in(body: Sequence[ir.Stmt]) -> set[str]:
    """Variables that a body sets."""
    found: set[str] = set()
    for node in ir.walk(tuple(body)):
        if isinstance(node, (ir.Assign, ir.For)):
            found |= ir.names(node.target)
        elif isinstance(node, ir.Augment) and isinstance(node.target, ir.Name):
            found.add(node.target.id)
    return found


def is_number(t: Abstract | None) -> bool:
    """Whether elements of this type can be summed up: integers, and floating ones."""
    return isinstance(t, Num) and t.dims is not None and t.dtype is not None and t.dtype != "bool"
