"""Programs inside others: every twenty-fifth at each push, the others behind a marker."""

from __future__ import annotations

import pytest

from tests.programs import composed
from tests.programs.registry import Program, programs

ALL = [p for p in programs() if "numpy" in p.backends]
OFTEN = {  # found wrong once: a loop that counts nothing around a while loop, tables of changing shape
    "control.while_else_broken",
    "overwrites.insertion_sort_while",
    "lists.table_made_in_every_iteration",
    "kept_states.several_scalars_and_a_branch",
    "run_time_lists.slices",
}
KNOWN = {
    "attempts.jitter_until_it_works": "descent",  # what is tried gives an array of unknown rank; raises
    "complex_later.a_split_step_of_none": "grad of grad",  # raises: complex adjoints of what is real as yet
    "python.bool_arith": "descent",  # after a step x is a NumPy number, whose truth values add up otherwise
    "small.chosen": "grad of grad",  # nan: what a mask keeps from the first derivative it does not from the second
}
MARKED = [
    pytest.param(p, id=p.name, marks=() if k % 25 == 7 or p.name in OFTEN else pytest.mark.slow)
    for k, p in enumerate(ALL)
    if p.name not in KNOWN
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("program", MARKED)
def test_inside_others(program: Program) -> None:
    assert composed.wrong(program) == {}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["control.while_else_broken", "stats.welford_variance"])
def test_all_are_answered(name: str) -> None:
    """A question that is refused tests nothing."""
    said = composed.answers(next(p for p in programs(name) if p.name == name))
    assert said == dict.fromkeys(("hvp", "grad of grad", "grad of jvp", "descent", "vmap", "vmap of grad"), "right")
