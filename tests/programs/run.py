"""``python -m tests.programs.run [--backend numpy] [PATTERN ...]``: one line per program.

Prints ``ok``, ``WRONG``, ``refused: reason`` or ``error: exception``, then the counts; exits 1 if anything is wrong.
``--reference`` checks the corpus itself, without srcad.
"""

from __future__ import annotations

import argparse
import collections
import sys
import time

import numpy as np

from tests.programs import checks, reference
from tests.programs.registry import Program, programs


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.programs.run", description=__doc__)
    parser.add_argument("patterns", nargs="*", help="parts of program names, such as aliasing or physics.kepler")
    parser.add_argument("--backend", default="numpy", choices=["numpy", "numba", "auto"])
    parser.add_argument("--reference", action="store_true", help="check the corpus itself, without srcad")
    parser.add_argument("--only", default="", help="print only outcomes of these kinds, such as WRONG,error")
    parser.add_argument("-v", "--verbose", action="store_true", help="whole messages and tracebacks")
    parser.add_argument("--seconds", type=int, default=120, help="limit for one program")
    options = parser.parse_args(argv)
    counts: collections.Counter[str] = collections.Counter()
    for program in programs(*options.patterns):
        if options.backend in (*program.backends, "auto"):
            started = time.perf_counter()
            outcome = _outcome(program, options)
            counts[outcome.status] += 1
            if not options.only or outcome.status in options.only.split(","):
                _show(program.name, outcome, time.perf_counter() - started, options.verbose)
    print(", ".join(f"{n} {status}" for status, n in sorted(counts.items())) or "no program has this name")
    return 1 if counts["WRONG"] or counts["error"] else 0


def _outcome(program: Program, options: argparse.Namespace) -> checks.Outcome:
    if options.reference:
        return checks.guarded(lambda: _check_reference(program), options.seconds)
    return checks.check(program, options.backend, options.seconds)


def _check_reference(program: Program) -> None:
    """The program runs, gives finite numbers, and differences of two step widths agree."""
    if program.raises is not None:
        problem = checks._raised(lambda: program.run(*program.args()))
        if type(problem) is not program.raises:
            raise checks.Wrong(f"raised {problem!r}")
        return
    found = reference.reference(program)
    size = sum(np.size(g) for g in checks.floating(found.gradient))
    if not all(np.all(np.isfinite(g)) for g in checks.floating(found.gradient)):
        raise checks.Wrong("the gradient is not finite")
    if size and not any(np.any(g) for g in checks.floating(found.gradient)):
        raise checks.Wrong("the gradient is zero")
    coarse = reference.reference(program, step=2e-3)
    if not reference.close(coarse.gradient, found.gradient, 1e-4 if checks.is_single(program.args()) else 1e-6):
        raise checks.Wrong(f"not smooth: {reference.worst(coarse.gradient, found.gradient):.1e}")
    if checks.bits(program.run(*program.args())) != checks.bits(program.run(*program.args())):
        raise checks.Wrong("two runs differ")


def _show(name: str, outcome: checks.Outcome, seconds: float, verbose: bool) -> None:
    detail = outcome.detail if verbose else " ".join(outcome.detail.split())[:220]
    print(f"{name:44s} {outcome.status}{': ' + detail if detail else ''}  ({seconds:.1f} s)", flush=True)
    if verbose and outcome.status != "ok":
        print(outcome.trace, flush=True)


if __name__ == "__main__":
    sys.exit(main())
