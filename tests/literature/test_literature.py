"""Every problem of the set on NumPy, a spread of them on Numba; with ``-m slow`` all of them on Numba."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.literature.reference import expected
from tests.literature.registry import Problem, problems
from tests.programs.checks import check

ALL = problems()

# One or two of every kind, of those that compile in seconds.
SPREAD = {
    "mgh.rosenbrock",
    "mgh.helical_valley",
    "mgh.chebyquad",
    "unconstrained.minimum_surface",
    "unconstrained.hs100",
    "dynamics.lorenz_63",
    "dynamics.adaptive_step",
    "fields.burgers_godunov",
    "fields.fdtd_1d",
    "sequences.garch",
    "sequences.soft_dtw",
    "sequences.american_put_binomial",
    "learning.xor_network",
    "science.peng_robinson",
}


def _known_refused() -> dict[str, str]:
    """What Numba does not compile yet: names, and a part of the message."""
    lines = Path(__file__).with_name("refused_on_numba.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))


REFUSED = _known_refused()


def _expect_right(problem: Problem, backend: str) -> None:
    outcome = check(problem.program, backend, 300, answer=expected)
    reason = REFUSED.get(problem.name) if backend == "numba" else None
    if reason is None:
        assert outcome.status == "ok", f"{problem.name} ({problem.source}): {outcome.detail}\n{outcome.trace}"
    elif outcome.status != "ok":  # what compiles by now may be taken off the list
        assert outcome.status == "refused", f"{problem.name} is listed as refused, but is {outcome.status}"
        assert reason in outcome.detail, f"{problem.name} is refused for another reason: {outcome.detail}"


@pytest.mark.parametrize("problem", ALL, ids=lambda p: p.name)
def test_on_numpy(problem: Problem) -> None:
    _expect_right(problem, "numpy")


@pytest.mark.parametrize("problem", [p for p in ALL if p.name in SPREAD], ids=lambda p: p.name)
def test_spread_on_numba(problem: Problem) -> None:
    _expect_right(problem, "numba")


@pytest.mark.slow
@pytest.mark.parametrize("problem", [p for p in ALL if "numba" in p.program.backends], ids=lambda p: p.name)
def test_on_numba(problem: Problem) -> None:
    _expect_right(problem, "numba")


def test_lists_name_problems() -> None:
    assert SPREAD | set(REFUSED) <= {p.name for p in ALL if "numba" in p.program.backends}
    assert not SPREAD & set(REFUSED)


def test_the_set_is_large_and_cites_its_sources() -> None:
    assert len(ALL) >= 100
    assert all(any(c.isdigit() for c in p.source) for p in ALL), "a source names its year"
