"""Programs from tables of writes: a share of them at each push, which the commit chooses."""

from __future__ import annotations

import pytest

from tests.fuzz import judge
from tests.fuzz.crossed_writes import crossed_writes
from tests.turns import is_chosen

PROGRAMS = crossed_writes()
PLAN = judge.Plan(tangent=True, second=True, more=False, lowered=True)
FEW = [pytest.param(name, marks=() if is_chosen(name, 40) else pytest.mark.slow) for name in PROGRAMS]


@pytest.mark.parametrize("name", FEW)
def test_crossed_writes(name: str) -> None:
    source = PROGRAMS[name]
    outcome = judge.judge(source, asked=PLAN)
    assert not judge.failed(outcome), f"{outcome.detail}\n{source.text()}\n{outcome.trace}"


@pytest.mark.parametrize("kind", ["write_", "map_"])
def test_most_are_no_refusals(kind: str) -> None:
    """A table that is refused as a whole would test nothing."""
    names = [name for name in PROGRAMS if name.startswith(kind)][:: 200 if kind == "write_" else 50]
    assert sum(judge.judge(PROGRAMS[name]).status == "ok" for name in names) >= len(names) - 1
