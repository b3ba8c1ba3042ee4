"""``python -m tests.fuzz --count 2000 --seed 7``: random programs against differences; failures are shrunk and written.

Exits 1 if a derivative is wrong or the compiler raises anything but `srcad.Unsupported`. ``--log FILE`` keeps a line
for each program, and the same command goes on where it was broken off; ``python -m tests.fuzz.tally FILE...`` counts.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzz.tally import Line, Log, summary

if TYPE_CHECKING:  # imported when the cache folder is set
    from tests.fuzz.generate import Source
    from tests.fuzz.judge import Plan


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--first", type=int, default=0, help="number of the first program of the series")
    parser.add_argument("--backend", default="numpy", choices=["numpy", "numba"])
    parser.add_argument("--out", type=Path, default=Path("fuzz-failures"), help="folder for failing programs")
    parser.add_argument("--shrink", type=float, default=60.0, help="seconds for shrinking a failure; 0: not at all")
    parser.add_argument("--each", type=int, default=2, help="failures to shrink and write of each kind")
    parser.add_argument(
        "--log", type=Path, help="file that gets a line for each program; those in it are not run again"
    )
    parser.add_argument("--switches", action="store_true", help="every program with each optional pass left out")
    parser.add_argument(
        "--refused", action="store_true", help="write (unshrunk) the first program of each kind of refusal"
    )
    options = parser.parse_args(argv)
    log = Log(options.log)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("broken off"))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SRCAD_CACHE_DIR"] = folder
        try:
            _series(options, log)
        finally:
            print(summary(log.lines, counts()))
    return 1 if any(line.status in ("WRONG", "error") for line in log.lines) else 0


def counts() -> dict[str, int]:
    from tests.fuzz import ways

    return dict(ways.COUNTS)


def _series(options: argparse.Namespace, log: Log) -> None:
    from tests.fuzz import judge
    from tests.fuzz.generate import generate

    gc.freeze()  # what is imported stays
    done = log.done(options.seed, options.backend)
    for number in range(options.first, options.first + options.count):
        if number in done:
            continue
        if number > options.first and number % 200 == 0:
            print(f"{options.seed}.{number}: {log.statuses()}", flush=True)
        source = generate(options.seed, number)
        outcome = judge.judge(source, options.backend, _plan(options, number))
        kind = "" if outcome.status == "ok" else judge.key(outcome)
        seen = log.add(Line(options.seed, number, options.backend, outcome.status, kind))
        if judge.failed(outcome):
            print(f"{options.seed}.{number} {kind}", flush=True)
            if seen < options.each:
                _write(options, number, source, kind)
        elif options.refused and outcome.status == "refused" and not seen:
            _save(options, f"refused_{number}", source.text(_doc(outcome.detail)))


def _plan(options: argparse.Namespace, number: int) -> Plan:
    from tests.fuzz import judge, ways

    plan = judge.plan(number, options.backend)
    return replace(plan, switches=ways.SWITCHES) if options.switches else plan


def _write(options: argparse.Namespace, number: int, source: Source, kind: str) -> None:
    """Shrink a failure and write it with its message."""
    from tests.fuzz import judge
    from tests.fuzz.shrink import shrink

    plan = _plan(options, number)
    quick = replace(plan, seconds=20)

    def fails(candidate: Source) -> bool:
        return judge.key(judge.judge(candidate, options.backend, quick)) == kind

    small = shrink(source, fails, options.shrink) if options.shrink else source
    outcome = judge.judge(small, options.backend, plan)
    name = f"seed{options.seed}_{number}"
    path = _save(options, name, small.text(f"Seed {options.seed}, program {number}. {_doc(judge.describe(outcome))}"))
    print(f"    written to {path}", flush=True)


def _doc(text: str) -> str:
    return text.replace("\\", "/").replace('"""', "'''").strip()


def _save(options: argparse.Namespace, name: str, text: str) -> Path:
    options.out.mkdir(parents=True, exist_ok=True)
    path: Path = options.out / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main())
