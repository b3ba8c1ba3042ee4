"""``python -m tests.literature.run [--backend numba] [PATTERN ...]``: one line per problem of the set."""

from __future__ import annotations

import argparse
import collections
import sys
import time

from tests.literature.reference import expected
from tests.literature.registry import problems
from tests.programs.checks import check


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.literature.run", description=__doc__)
    parser.add_argument("patterns", nargs="*")
    parser.add_argument("--backend", default="numpy", choices=["numpy", "numba"])
    parser.add_argument("-v", "--verbose", action="store_true", help="tracebacks, and problems that are right")
    options = parser.parse_args(argv)
    counts: collections.Counter[str] = collections.Counter()
    for problem in problems(*options.patterns):
        if options.backend in problem.program.backends:
            started = time.perf_counter()
            outcome = check(problem.program, options.backend, 180, answer=expected)
            counts[outcome.status] += 1
            detail = outcome.trace if options.verbose else " ".join(outcome.detail.split())[:300]
            seconds = time.perf_counter() - started
            print(f"{problem.name:44s} {outcome.status} ({seconds:.1f} s) {detail}", flush=True)
    print(", ".join(f"{n} {status}" for status, n in sorted(counts.items())))
    return 1 if set(counts) - {"ok"} else 0


if __name__ == "__main__":
    sys.exit(main())
