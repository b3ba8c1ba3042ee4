"""Lists of arrays that are changed, and arrays that change by their own elements: every sixth at each push."""

from __future__ import annotations

import pytest

from tests.fuzz import judge
from tests.fuzz.crossed import crossed

PROGRAMS = crossed()
PLAN = judge.Plan(tangent=True, second=True, more=False, lowered=True)
FEW = [pytest.param(name, marks=() if k % 6 == 1 else pytest.mark.slow) for k, name in enumerate(PROGRAMS)]


@pytest.mark.parametrize("name", FEW)
def test_crossed_programs(name: str) -> None:
    source = PROGRAMS[name]
    outcome = judge.judge(source, asked=PLAN)
    assert not judge.failed(outcome), f"{outcome.detail}\n{source.text()}\n{outcome.trace}"


def test_most_are_no_refusals() -> None:
    """A table that is refused as a whole would test nothing."""
    names = [name for name in PROGRAMS if name.startswith("own_")][::8]
    assert all(judge.judge(PROGRAMS[name]).status == "ok" for name in names)
