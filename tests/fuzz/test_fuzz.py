"""Random programs: a fixed series at every push, a longer one behind ``-m slow``, and all that ever failed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import srcad
from tests.fuzz import judge, ways
from tests.fuzz.generate import generate
from tests.fuzz.shrink import shrink

SEED = 2024
FOUND = sorted(Path(__file__).with_name("found").glob("*.py"))


def _expect_right(number: int, backend: str = "numpy") -> None:
    source = generate(SEED, number)
    outcome = judge.judge(source, backend, judge.plan(number, backend))
    assert not judge.failed(outcome), f"{outcome.detail}\n{source.text()}\n{outcome.trace}"


@pytest.mark.parametrize("tens", range(20))
def test_random_programs(tens: int) -> None:
    for number in range(10 * tens, 10 * tens + 10):
        _expect_right(number)


@pytest.mark.slow
@pytest.mark.parametrize("hundreds", range(2, 200))
def test_many_random_programs(hundreds: int) -> None:
    for number in range(100 * hundreds, 100 * hundreds + 100):
        _expect_right(number)


@pytest.mark.parametrize("number", [pytest.param(n, marks=[pytest.mark.slow] if n >= 20 else []) for n in range(1000)])
def test_random_programs_on_numba(number: int) -> None:
    _expect_right(number, "numba")


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_what_once_failed(path: Path) -> None:
    _expect_no_failure(path, (*ways.SWITCHES[-2:], ways.drawn(FOUND.index(path))))


@pytest.mark.slow
@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_what_once_failed_with_each_pass_left_out(path: Path) -> None:
    _expect_no_failure(path, ways.SWITCHES)


def _expect_no_failure(path: Path, switches: tuple[ways.Options, ...]) -> None:
    outcome = judge.judge_module(judge.load_file(path), asked=replace(judge.ALL, switches=switches))
    assert outcome.status in ("ok", "refused"), f"{outcome.status}: {outcome.detail}\n{outcome.trace}"


def test_the_same_seed_gives_the_same_program() -> None:
    assert [generate(3, k) for k in range(20)] == [generate(3, k) for k in range(20)]
    assert generate(3, 0) != generate(4, 0)


def test_most_programs_are_tests() -> None:
    """Of a hundred programs, few may raise, overflow or have a kink nearby."""
    outcomes = []
    for number in range(100):
        try:
            with judge.loaded(generate(SEED, number)) as module:
                judge.smooth(judge.program_of(module))
        except judge.Dropped as reason:
            outcomes.append(str(reason))
    assert len(outcomes) < 20, outcomes


def test_programs_about_lists_are_refused_seldom() -> None:
    """What is refused for every other program tests little."""
    refused = 0
    for number in range(3, 203, 10):
        with judge.loaded(generate(SEED, number)) as module:
            try:
                srcad.grad(module.f, argnums=module.ARGNUMS, backend="numpy")(*module.ARGS)
            except srcad.Unsupported:
                refused += 1
    assert refused < 7


def test_shrinking_keeps_what_fails() -> None:
    source = generate(3, 5)
    target = next(word for word in ("np.sum", "np.sin", "for ") if word in source.functions)
    small = shrink(source, lambda candidate: target in candidate.functions, 20.0)
    assert target in small.functions and len(small.functions) < len(source.functions) / 2


def test_a_wrong_second_derivative_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cubes.py"
    program = "import numpy as np\n\n\ndef f(x):\n    return np.sum(x**3)\n"
    path.write_text(f"{program}\n\nARGS = (np.array([0.3, 0.7]),)\nARGNUMS = (0,)\n")
    asked = judge.Plan(second=True)
    assert judge.judge_module(judge.load_file(path), asked=asked).status == "ok"
    right = srcad.hvp
    monkeypatch.setattr(srcad, "hvp", lambda *args, **kwargs: tuple(1.001 * h for h in right(*args, **kwargs)))
    assert judge.judge_module(judge.load_file(path), asked=asked).status == "WRONG"
    monkeypatch.setattr(srcad, "hvp", lambda *args, **kwargs: tuple(h * float("nan") for h in right(*args, **kwargs)))
    assert judge.judge_module(judge.load_file(path), asked=asked).status == "WRONG"
