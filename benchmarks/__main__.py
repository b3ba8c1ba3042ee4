"""`python -m benchmarks [names...]`: measure, check, and write RESULTS.md and results.png."""

from __future__ import annotations

import argparse
import fnmatch
import itertools
import shlex
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks import peers, report, resources
from benchmarks.case import SIZES, all_cases
from benchmarks.runner import Run, run

HERE = Path(__file__).resolve().parent


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
    parser.add_argument("--output", type=Path, help="default: benchmarks/RESULTS.md; nothing is written with --quick")
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
    sizes = chosen.sizes or (["tiny", "small"] if chosen.quick else ["small", "medium", "large"])
    threads = chosen.threads if chosen.threads is not None else [1] if chosen.quick else [1, 0]
    repeat = chosen.repeat or (3 if chosen.quick else 9)
    output = chosen.output or (None if chosen.quick else HERE / "RESULTS.md")
    kept = "" if output is None else report.kept_section(output)
    runs: list[Run] = []

    def write(extra: list[str]) -> None:
        text = report.markdown(runs, cases, chosen.peers, shlex.join(["python", "-m", "benchmarks", *argv]), extra)
        if output is None:
            print(text)
        else:
            output.write_text(text + kept, encoding="utf-8")

    for count, name, size in itertools.product(threads, names, sizes):
        if count == 1 or cases[name].parallel:
            runs.append(run(cases[name], size, chosen.peers, count, repeat, chosen.limit))
            _show(runs[-1])
            if output is not None:  # after every program: an interruption loses nothing that was measured
                write([])
    write(resources.sections(names, chosen.limit) if chosen.resources else [])
    if output is not None:
        report.plot(runs, chosen.peers, output.with_name("results.png"))
    return 0


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
