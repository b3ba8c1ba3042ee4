"""``python -m tests.mutation [PATTERN ...]``: break the compiler in each of the ways of `mutations`, and run the suite.

Exits 1 if a mutation is not noticed, or does not apply any more. What is not decided in time is counted apart.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.mutation.mutation import Mutation
from tests.mutation.mutations import MUTATIONS

ROOT = Path(__file__).parents[2]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("patterns", nargs="*", help="parts of file names or of mutations' names")
    parser.add_argument("--seconds", type=int, default=900, help="limit for one mutation")
    parser.add_argument("--step", type=int, default=1, help="only every n-th mutation")
    parser.add_argument("--start", type=int, default=0, help="number of the first mutation")
    parser.add_argument("--own", action="store_true", help="only the tests of the pass itself, not programs")
    parser.add_argument("--baseline", action="store_true", help="first see that the suite passes without a mutation")
    options = parser.parse_args(argv)
    for kind in ((), ("--numba",)) if options.baseline else ():
        if failing := _suite(ROOT, kind, 7200):
            print(f"fails without any mutation: {failing}")
            return 2
    counts: Counter[tuple[str, str]] = Counter()
    for mutation in MUTATIONS[options.start :: options.step]:
        if options.patterns and not any(p in f"{mutation.file} {mutation.name}" for p in options.patterns):
            continue
        started = time.monotonic()
        try:
            noticed = noticed_by(mutation, options.seconds, options.own)
            status = "noticed" if noticed else "NOT NOTICED"
        except subprocess.TimeoutExpired:
            noticed, status = "", "undecided"
        counts[mutation.file, status] += 1
        took = f"{time.monotonic() - started:.0f} s"
        print(f"{mutation.file}: {mutation.name}: {noticed or status} ({took})", flush=True)
    for file in dict.fromkeys(file for file, _ in counts):
        of_file = {status: n for (f, status), n in counts.items() if f == file}
        open_ = f", {of_file['undecided']} undecided" if "undecided" in of_file else ""
        print(f"{of_file.get('noticed', 0):4d} of {sum(of_file.values())}  {file}{open_}")
    total = {s: sum(n for (_, t), n in counts.items() if t == s) for s in ("noticed", "NOT NOTICED", "undecided")}
    print(f"{total['noticed']} of {counts.total()} mutations noticed, {total['undecided']} undecided")
    return 1 if total["NOT NOTICED"] else 0


def noticed_by(mutation: Mutation, seconds: int = 900, own: bool = False) -> str:
    """The test that fails with this mutation; "" if none does.

    Raises:
        subprocess.TimeoutExpired: the tests are not done by then.
    """
    flags = [*(["--own"] if own else []), *(["--numba"] if mutation.numba else [])]
    with mutated(mutation) as folder:
        return _suite(folder, (*mutation.tests, *flags), seconds)


def _suite(folder: Path, arguments: tuple[str, ...], seconds: int) -> str:
    """What fails with the package in `folder`."""
    with tempfile.TemporaryDirectory() as cache:
        env = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT / 'runtime'}"}
        env |= {"SRCAD_CACHE_DIR": cache, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "tests.mutation.suite", *arguments]
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=seconds)
    if done.returncode == 0:
        return ""
    lines = done.stdout.strip().splitlines() or done.stderr.strip().splitlines()
    return lines[-1] if lines else f"exits with {done.returncode}"


@contextmanager
def mutated(mutation: Mutation) -> Iterator[Path]:
    """A folder with a mutated copy of the package beside the tests."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "srcad", folder / "srcad", ignore=shutil.ignore_patterns("__pycache__"))
        for other in ("tests", "pyproject.toml", "examples", "docs", "README.md", "benchmarks"):
            (folder / other).symlink_to(ROOT / other)
        path = folder / mutation.file
        path.write_text(applied(mutation, path.read_text(encoding="utf-8")), encoding="utf-8")
        yield folder


def applied(mutation: Mutation, text: str) -> str:
    """The mutated text.

    Raises:
        ValueError: the old text does not occur once.
    """
    if text.count(mutation.old) != 1:
        raise ValueError(f"{mutation.name}: its text occurs {text.count(mutation.old)} times in {mutation.file}")
    return text.replace(mutation.old, mutation.new)


if __name__ == "__main__":
    sys.exit(main())
