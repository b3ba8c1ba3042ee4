"""Every mutation, ten for each pass and more. Each one makes some programs' derivatives wrong, or the compiler
refuse or fail where it should not; `rooms` holds them by what they break.
"""

from __future__ import annotations

from tests.mutation.mutation import Mutation
from tests.mutation.rooms import (
    device,
    directions,
    evaluator,
    forward,
    guards,
    kept,
    language,
    loops,
    memory,
    modes,
    products,
    records,
    reverse,
    steps,
    threads,
)

ROOMS = (
    memory,
    records,
    kept,
    steps,
    reverse,
    forward,
    directions,
    language,
    evaluator,
    guards,
    loops,
    products,
    modes,
    threads,
    device,
)
MUTATIONS: tuple[Mutation, ...] = tuple(m for room in ROOMS for m in room.MUTATIONS)
