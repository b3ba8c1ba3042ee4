"""``python -m tests.mutation.suite [--numba] [--own] [NAME ...]``: a fast part of the tests, up to one that fails.

Named tests and themes of the corpus ("lists.") come first, then programs: their derivatives, with ``--numba`` by the
text for Numba, interpreted; with ``--own`` no programs. Prints what noticed and exits 1, or exits 0 when nothing did.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

RANDOM = 60  # programs of the series that every push runs
UNITS = ["tests/transforms/test_activity.py", "tests/transforms/test_alias.py"]
TEXTS = ["tests/test_golden.py", "tests/transforms/test_desugar.py", "tests/errors", "tests/transforms/test_passes.py"]


def main(argv: list[str]) -> int:
    named = [word for word in argv if not word.startswith("--")]
    numba = "--numba" in argv
    noticed = next(_named(named, numba) if "--own" in argv else _all(named, numba), None)
    if noticed:
        print(noticed)
    return 1 if noticed else 0


def _all(named: list[str], numba: bool) -> Iterator[str]:
    yield from _named(named, numba)
    if numba:
        yield from _lowered()
    else:
        yield from _derivatives()


def _named(names: list[str], numba: bool) -> Iterator[str]:
    from tests.programs.registry import programs

    tests = [name for name in names if not name.endswith(".")]
    yield from _pytest(tests, "" if numba else "not compiled")
    for theme in [name for name in names if name.endswith(".")]:
        yield from _corpus([p for p in programs(theme) if "numpy" in p.backends], 60)


def _derivatives() -> Iterator[str]:
    """What once failed, the corpus on NumPy, random programs; texts and refusals last."""
    from tests.fuzz import judge
    from tests.programs.registry import programs

    yield from _pytest(UNITS)
    yield from _corpus(programs("small."), 60)
    yield from _found(judge.Plan(second=True, seconds=20))
    mixed = [p for p in programs() if "numpy" in p.backends and not p.name.startswith("small.")]
    random.Random(3).shuffle(mixed)  # themes mixed: one of the first usually notices
    yield from _corpus(mixed, 20)
    yield from _random(lambda number: judge.plan(number, "numpy"))
    yield from _pytest(TEXTS)


def _lowered() -> Iterator[str]:
    """What the passes for Numba make of what once failed and of random programs, loops shared out, too."""
    from tests.fuzz import judge

    asked = judge.Plan(tangent=False, lowered=True, switches=((("parallel", True),),), seconds=20)
    yield from _found(asked)
    yield from _random(lambda number: asked)


def _corpus(chosen: list[Any], seconds: int) -> Iterator[str]:
    from tests.fuzz import judge
    from tests.programs import checks
    from tests.programs.test_programs import KNOWN_REFUSED

    for program in chosen:
        outcome = checks.check(program, "numpy", seconds)
        if "TimeoutError" in outcome.detail:
            continue  # a slow machine is no finding
        if outcome.status != ("refused" if (program.name, "numpy") in KNOWN_REFUSED else "ok"):
            yield f"{program.name} {judge.key(outcome)}"


def _found(asked: Any) -> Iterator[str]:
    from tests.fuzz import judge

    for path in sorted(Path(judge.__file__).with_name("found").glob("*.py")):
        outcome = judge.judge_module(judge.load_file(path), asked=asked)
        if judge.failed(outcome):
            yield f"tests/fuzz/found/{path.name} {judge.key(outcome)}"


def _random(plan: Callable[[int], Any]) -> Iterator[str]:
    from tests.fuzz import judge
    from tests.fuzz.generate import generate
    from tests.fuzz.test_fuzz import SEED

    for number in range(RANDOM):
        outcome = judge.judge(generate(SEED, number), asked=replace(plan(number), seconds=20))
        if judge.failed(outcome):
            yield f"random program {number} {judge.key(outcome)}"


def _pytest(paths: list[str], chosen: str = "") -> Iterator[str]:
    import pytest

    class First:
        name = ""

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            self.name = self.name or (report.nodeid if report.failed else "")

    first = First()
    there = [path for path in paths if Path(path).exists()]
    if not there:
        return
    options = ["-x", "-q", "--no-header", "-p", "no:cacheprovider", "-n0", "-m", "not slow", "-k", chosen]
    code = pytest.main([*options, *there], [first])
    if code:
        yield first.name or f"pytest exits with {int(code)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
