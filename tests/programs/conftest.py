"""Counts what became of the programs, for one line at the end of a test run."""

from __future__ import annotations

import collections

import pytest

OUTCOMES: collections.Counter[tuple[str, str]] = collections.Counter()


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for backend in sorted({backend for backend, _ in OUTCOMES}):
        counts = {status: n for (b, status), n in sorted(OUTCOMES.items()) if b == backend}
        shown = ", ".join(f"{n} {status}" for status, n in counts.items())
        terminalreporter.write_line(f"programs on {backend}: {sum(counts.values())} run, {shown}")
