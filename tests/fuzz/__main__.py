"""``python -m tests.fuzz --count 2000 --seed 7``: random programs against differences; failures are shrunk and written.

Exits 1 if a derivative is wrong or the compiler raises anything but `srcad.Unsupported`.
"""

from __future__ import annotations

import argparse
import collections
import os
import signal
import sys
import tempfile
import time
from pathlib import Path


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
        "--switches", action="store_true", help="every program with each optional pass, and with all, left out"
    )
    parser.add_argument(
        "--refused", action="store_true", help="write (unshrunk) the first program of each kind of refusal"
    )
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SRCAD_CACHE_DIR"] = folder
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    statuses: collections.Counter[str] = collections.Counter()
    kinds: collections.Counter[str] = collections.Counter()
    started = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("broken off"))
    try:
        _series(options, statuses, kinds)
    finally:
        _summary(statuses, kinds, time.monotonic() - started)
    return 1 if statuses["WRONG"] or statuses["error"] else 0


def _series(options: argparse.Namespace, statuses: collections.Counter[str], kinds: collections.Counter[str]) -> None:
    from tests.fuzz import judge
    from tests.fuzz.generate import generate

    for number in range(options.first, options.first + options.count):
        if number > options.first and number % 200 == 0:
            print(f"{options.seed}.{number}: {dict(statuses)}", flush=True)
        source = generate(options.seed, number)
        outcome = judge.judge(source, options.backend, **_plan(options, number))
        statuses[outcome.status] += 1
        if outcome.status == "ok":
            continue
        kind = judge.key(outcome)
        kinds[kind] += 1
        if judge.failed(outcome):
            print(f"{options.seed}.{number} {kind}", flush=True)
            if kinds[kind] <= options.each:
                _write(options, number, source, kind)
        elif options.refused and outcome.status == "refused" and kinds[kind] == 1:
            _save(options, f"refused_{number}", source.text(_doc(outcome.detail)))


def _plan(options: argparse.Namespace, number: int) -> dict[str, bool]:
    from tests.fuzz import judge

    plan = judge.plan(number, options.backend)
    return {**plan, "switched": True} if options.switches else plan


def _write(options: argparse.Namespace, number: int, source: object, kind: str) -> None:
    """Shrink a failure and write it with its message."""
    from tests.fuzz import judge
    from tests.fuzz.generate import Source
    from tests.fuzz.shrink import shrink

    assert isinstance(source, Source)
    plan = _plan(options, number)

    def fails(candidate: Source) -> bool:
        return judge.key(judge.judge(candidate, options.backend, seconds=20, **plan)) == kind

    small = shrink(source, fails, options.shrink) if options.shrink else source
    outcome = judge.judge(small, options.backend, **plan)
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


def _summary(statuses: collections.Counter[str], kinds: collections.Counter[str], seconds: float) -> None:
    from tests.fuzz import ways

    total = sum(statuses.values())
    ways = "".join(f"; {n} {way}" for way, n in ways.COUNTS.items())
    print(f"{total} programs in {seconds:.0f} s: " + ", ".join(f"{n} {s}" for s, n in sorted(statuses.items())) + ways)
    for kind, count in kinds.most_common():
        print(f"{count:6d}  {kind}")


if __name__ == "__main__":
    sys.exit(main())
