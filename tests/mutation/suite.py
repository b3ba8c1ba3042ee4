"""``python -m tests.mutation.suite``: a fast part of the tests, sharpest first; stops at the first that fails.

Prints what noticed and exits 1, or exits 0 when nothing did.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

RANDOM = 60  # programs of the series that every push runs
UNITS = ["tests/transforms/test_activity.py", "tests/transforms/test_alias.py"]
TEXTS = ["tests/test_golden.py", "tests/transforms/test_desugar.py", "tests/errors", "tests/transforms/test_passes.py"]
LOOPS = ["tests/test_bounds.py", "tests/test_overflow.py", "tests/transforms/test_loops.py"]


def main(argv: list[str]) -> int:
    noticed = next(_compiled() if argv == ["numba"] else _derivatives(), None)
    if noticed:
        print(noticed)
    return 1 if noticed else 0


def _derivatives() -> Iterator[str]:
    """What once failed, the corpus on NumPy, random programs; texts and refusals last."""
    yield from _pytest(UNITS)
    yield from _corpus()
    yield from _random()
    yield from _pytest(TEXTS)


def _corpus() -> Iterator[str]:
    from tests.fuzz import judge
    from tests.programs import checks
    from tests.programs.registry import programs
    from tests.programs.test_programs import KNOWN_REFUSED

    for program in programs("small."):
        outcome = checks.check(program, "numpy", 60)
        if outcome.status != "ok":
            yield f"{program.name} {judge.key(outcome)}"
    found = Path(judge.__file__).with_name("found")
    for path in sorted(found.glob("*.py")):
        outcome = judge.judge_module(judge.load_file(path), asked=judge.Plan(second=True, seconds=20))
        if judge.failed(outcome):
            yield f"tests/fuzz/found/{path.name} {judge.key(outcome)}"
    corpus = [p for p in programs() if "numpy" in p.backends and not p.name.startswith("small.")]
    random.Random(3).shuffle(corpus)  # themes mixed: one of the first usually notices
    for program in corpus:
        outcome = checks.check(program, "numpy", 20)
        if "TimeoutError" in outcome.detail:
            continue  # a slow machine is no finding
        if outcome.status != ("refused" if (program.name, "numpy") in KNOWN_REFUSED else "ok"):
            yield f"{program.name} {judge.key(outcome)}"


def _random() -> Iterator[str]:
    from tests.fuzz import judge
    from tests.fuzz.generate import generate
    from tests.fuzz.test_fuzz import SEED

    for number in range(RANDOM):
        outcome = judge.judge(generate(SEED, number), asked=replace(judge.plan(number, "numpy"), seconds=20))
        if judge.failed(outcome):
            yield f"random program {number} {judge.key(outcome)}"


def _compiled() -> Iterator[str]:
    yield from _pytest(LOOPS)


def _pytest(paths: list[str]) -> Iterator[str]:
    import pytest

    class First:
        name = ""

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            self.name = self.name or (report.nodeid if report.failed else "")

    first = First()
    there = [path for path in paths if Path(path).exists()]
    code = pytest.main(["-x", "-q", "--no-header", "-p", "no:cacheprovider", "-m", "not slow", *there], [first])
    if code:
        yield first.name or f"pytest exits with {int(code)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
