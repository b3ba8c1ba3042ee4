"""Every program of the corpus: value, gradient, tangent, repetition and ownership of memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.programs.checks import check
from tests.programs.conftest import OUTCOMES
from tests.programs.registry import Program, programs

ALL = programs()

# A first look at Numba that compiles in seconds; `-m slow` takes all.
QUICK_ON_NUMBA = {
    "design.newton_sqrt",
    "design.heat",
    "physics.pendulum_rk4",
    "finance.black_scholes_call",
    "stats.welford_variance",
    "dynamic.knapsack",
    "solvers.gaussian_elimination",
    "aliasing.swap_two_buffers",
    "overwrites.histogram_loop",
    "overwrites.bubble_sort",
    "control.break_inner_continue_outer",
    "buffers.seidel_2d",
}


def _known_refused() -> dict[tuple[str, str], str]:
    """(name, backend) to the reason; a line without a backend holds for all."""
    known = {}
    for line in Path(__file__).with_name("known_refused.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            head, reason = line.split(": ", 1)
            name, _, backend = head.partition(" ")
            for b in (backend,) if backend else ("numpy", "numba"):
                known[name, b] = reason
    return known


KNOWN_REFUSED = _known_refused()


def _expect_right(program: Program, backend: str) -> None:
    outcome = check(program, backend)
    OUTCOMES[backend, outcome.status] += 1
    reason = KNOWN_REFUSED.get((program.name, backend))
    if reason is None:
        assert outcome.status == "ok", f"{program.name} {outcome.status}: {outcome.detail}\n{outcome.trace}"
    else:
        assert outcome.status == "refused", f"{program.name} is listed as refused, but is {outcome.status}"
        assert reason in outcome.detail, f"{program.name} is refused for another reason: {outcome.detail}"


@pytest.mark.parametrize("program", [p for p in ALL if "numpy" in p.backends], ids=lambda p: p.name)
def test_on_numpy(program: Program) -> None:
    _expect_right(program, "numpy")


@pytest.mark.parametrize("program", [p for p in ALL if p.name in QUICK_ON_NUMBA], ids=lambda p: p.name)
def test_on_numba_quick(program: Program) -> None:
    _expect_right(program, "numba")


@pytest.mark.slow
@pytest.mark.parametrize("program", [p for p in ALL if "numba" in p.backends], ids=lambda p: p.name)
def test_on_numba(program: Program) -> None:
    _expect_right(program, "numba")


def test_known_refusals_name_programs() -> None:
    assert {name for name, _ in KNOWN_REFUSED} <= {p.name for p in ALL}


def test_quick_selection_names_programs() -> None:
    assert QUICK_ON_NUMBA <= {p.name for p in ALL if "numba" in p.backends}


def test_the_corpus_is_large_enough() -> None:
    memory = [p for p in ALL if p.name.split(".")[0] in ("aliasing", "overwrites", "buffers")]
    assert len(ALL) >= 120 and len(memory) >= 40
