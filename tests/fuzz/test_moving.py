"""Arrays of indices that change: 40 random programs at each push, 2,000 behind `slow`."""

from __future__ import annotations

import pytest

from tests.fuzz import judge
from tests.fuzz.moving import moving

PLAN = judge.Plan(second=True, lowered=True)
FEW = [pytest.param(number, marks=() if number < 40 else pytest.mark.slow) for number in range(0, 2000)]


@pytest.mark.parametrize("number", FEW)
def test_moving_indices(number: int) -> None:
    source = moving(number)
    outcome = judge.judge(source, asked=PLAN)
    assert not judge.failed(outcome), f"{outcome.detail}\n{source.text()}\n{outcome.trace}"


def test_most_are_tests() -> None:
    assert sum(judge.judge(moving(number)).status == "ok" for number in range(20)) > 15
