"""``python -m tests.mutation [PATTERN ...]``: break the compiler in each of the ways of `mutations`, and run the suite.

Exits 1 if a mutation is not noticed, or does not apply any more.
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
    parser.add_argument("--baseline", action="store_true", help="first see that the suite passes without a mutation")
    options = parser.parse_args(argv)
    for kind in ((), ("--numba",)) if options.baseline else ():
        if failing := _suite(ROOT, kind, 7200):
            print(f"fails without any mutation: {failing}")
            return 2
    counts: Counter[tuple[str, bool]] = Counter()
    for mutation in MUTATIONS[options.start :: options.step]:
        if options.patterns and not any(p in f"{mutation.file} {mutation.name}" for p in options.patterns):
            continue
        started = time.monotonic()
        noticed = noticed_by(mutation, options.seconds)
        counts[mutation.file, bool(noticed)] += 1
        took = f"{time.monotonic() - started:.0f} s"
        print(f"{mutation.file}: {mutation.name}: {noticed or 'NOT NOTICED'} ({took})", flush=True)
    missed = sum(n for (_, noticed), n in counts.items() if not noticed)
    for file in dict.fromkeys(file for file, _ in counts):
        print(f"{counts[file, True]:4d} of {counts[file, True] + counts[file, False]}  {file}")
    print(f"{counts.total() - missed} of {counts.total()} mutations noticed")
    return 1 if missed else 0


def noticed_by(mutation: Mutation, seconds: int = 900) -> str:
    """The test that fails with this mutation; "" if none does."""
    with mutated(mutation) as folder:
        return _suite(folder, (*mutation.tests, *(["--numba"] if mutation.numba else [])), seconds)


def _suite(folder: Path, arguments: tuple[str, ...], seconds: int) -> str:
    """What fails with the package in `folder`."""
    with tempfile.TemporaryDirectory() as cache:
        env = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT / 'runtime'}"}
        env |= {"SRCAD_CACHE_DIR": cache, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "tests.mutation.suite", *arguments]
        try:
            done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            return f"not done after {seconds} s"
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
