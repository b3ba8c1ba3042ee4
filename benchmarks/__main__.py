"""`python -m benchmarks [names...]`: measure, check, keep the figures, and write RESULTS.md and results.png.

What was measured is kept after every program. `--missing` takes a measurement up again: it leaves out what was already
measured at this commit. `--report` measures nothing.
"""

from __future__ import annotations

import argparse
import fnmatch
import itertools
import shlex
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks import peers, report, resources, store
from benchmarks.case import SIZES, Case, all_cases
from benchmarks.runner import Run, run

HERE = Path(__file__).resolve().parent
FULL = ("small", "medium", "large")


def _among(known: Iterable[str]) -> Callable[[str], list[str]]:
    """Parser of a comma-separated list of known words."""

    def parse(text: str) -> list[str]:
        words = [word.strip() for word in text.split(",")]
        unknown = [word for word in words if word not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}")
        return words

    return parse


def _counts(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="programs, or patterns such as 'jacobi*' (default: all)")
    parser.add_argument("--quick", action="store_true", help="tiny and small sizes, one thread, three rounds")
    parser.add_argument("--sizes", type=_among(SIZES), help="default: small,medium,large")
    parser.add_argument("--peers", type=_among(peers.PEERS), default=list(peers.DEFAULT), help=", ".join(peers.PEERS))
    parser.add_argument("--threads", type=_counts, help="numbers of threads, 0 for all (default: 1,0)")
    parser.add_argument("--repeat", type=int, help="rounds (default: 9)")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds that one process may take")
    parser.add_argument(
        "--resources", action="store_true", help="also start-up, memory and growth, each in new processes"
    )
    parser.add_argument("--missing", action="store_true", help="only what was not measured at this commit yet")
    parser.add_argument("--report", action="store_true", help="write RESULTS.md again from the figures that are kept")
    parser.add_argument("--figures", type=Path, default=store.FOLDER, help="default: benchmarks/figures")
    parser.add_argument("--output", type=Path, default=HERE / "RESULTS.md", help="default: benchmarks/RESULTS.md")
    parser.add_argument("--list", action="store_true", help="list the programs")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    chosen = _arguments(argv)
    cases = all_cases()
    patterns = chosen.names or ["*"]
    names = [name for name in cases if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]
    if chosen.list or not names:
        print("\n".join(f"{case.name:20s}{case.theme:13s}{case.sizes}" for case in cases.values()))
        return 0 if chosen.list else 2
    if chosen.quick:
        return _quick(chosen, [cases[name] for name in names], shlex.join(["python", "-m", "benchmarks", *argv]))
    if not chosen.report:
        _measure(chosen, [cases[name] for name in names])
    report.write(cases, chosen.figures, chosen.output)
    return 0


def _quick(chosen: argparse.Namespace, cases: list[Case], command: str) -> int:
    """A look: printed, not kept."""
    runs: list[Run] = []
    for threads, case, size in itertools.product(chosen.threads or [1], cases, chosen.sizes or ["tiny", "small"]):
        runs.append(run(case, size, chosen.peers, threads, chosen.repeat or 3, chosen.limit))
        _show(runs[-1])
    print(report.tables(runs, {case.name: case for case in cases}, chosen.peers, {}) + f"\n\nCommand: `{command}`")
    return 0


def _measure(chosen: argparse.Namespace, cases: list[Case]) -> None:
    """Every program at every size, kept at once: an interruption loses nothing that was measured."""
    threads = chosen.threads if chosen.threads is not None else [1, 0]
    for case, size, count in itertools.product(cases, chosen.sizes or FULL, threads):
        figures = store.Figures.load(case.name, chosen.figures)
        wanted = chosen.peers
        if chosen.missing:
            lacking = figures.lacks(size, count, wanted, store.commit())
            wanted = ["primal", *[peer for peer in lacking if peer != "primal"]] if lacking else []
        if wanted and (count == 1 or case.parallel):
            before = store.load()
            done = run(case, size, wanted, count, chosen.repeat or 9, chosen.limit)
            _show(done)
            figures.add(done, store.origin(report.machine(), before))
            figures.save(chosen.figures)
    if chosen.resources:
        resources.measure([case.name for case in cases], chosen.figures, chosen.limit, chosen.missing)


def _show(done: Run) -> None:
    """One line of progress."""
    parts = []
    for reading in done.readings:
        if reading.status == "ok":
            parts.append(f"{reading.peer} {report.seconds(reading.best)}")
        elif reading.status != "missing":
            parts.append(f"{reading.peer} {reading.status}")
    print(f"{done.name} {done.size} {done.threads or 'all'}: {', '.join(parts)}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
