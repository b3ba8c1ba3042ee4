"""``python -m tests.mutation [PATTERN ...]``: break the compiler in each of the ways of `mutations`, and run the tests.

The tests that reach what is broken run, quickest first, up to one that fails; what each test reaches is measured once.
Exits 1 if a mutation is not noticed, or does not apply any more. What is not decided in time is counted apart.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir

import pytest

from tests.mutation import session
from tests.mutation.mutation import Mutation, applied
from tests.mutation.mutations import MUTATIONS

ROOT = Path(__file__).parents[2]


TESTS = ("tests/transforms", "tests/programs", "tests/fuzz", "tests/errors", "tests/test_*.py")
QUICK = "not compiled and not numba and not random_programs and not cache and not docs and not readme"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("patterns", nargs="*", help="parts of file names or of mutations' names")
    parser.add_argument("--seconds", type=float, default=120, help="limit for one mutation")
    parser.add_argument("--step", type=int, default=1, help="only every n-th mutation")
    parser.add_argument("--start", type=int, default=0, help="number of the first mutation")
    parser.add_argument("--whole", type=int, default=0, help="seconds for programs where no test notices a mutation")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="files or folders of tests")
    parser.add_argument("--reached", type=Path, default=kept(), help="file of what tests reach, measured if not there")
    options = parser.parse_args(argv)
    chosen = [
        m
        for m in MUTATIONS[options.start :: options.step]
        if not options.patterns or any(p in f"{m.file} {m.name}" for p in options.patterns)
    ]
    inner = [m for m in chosen if session.in_functions(m)]
    tally = Tally()
    plugin = session.Session(inner, options.reached, options.seconds, tally.tell)
    files = [str(path) for pattern in options.tests for path in sorted(ROOT.glob(pattern))]
    pytest.main(["-q", "-s", "-n0", "-p", "no:cacheprovider", "-m", "not slow", "-k", QUICK, *files], [plugin])
    for mutation in [m for m in chosen if m not in inner]:
        tally.tell(mutation, *whole(mutation, options.whole or 300, not options.whole))
    for mutation in tally.left if options.whole else ():
        tally.tell(mutation, *whole(mutation, options.whole))
    tally.end()
    return 1 if tally.left else 0


def kept() -> Path:
    """A file for these sources: what tests reach is told by lines."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in session.SOURCES)).hexdigest()
    return Path(gettempdir()) / f"srcad-tests-reach-{digest[:12]}.json"


def whole(mutation: Mutation, seconds: int, own: bool = False) -> tuple[str | None, float, int]:
    """What notices it in a process of its own."""
    began = time.monotonic()
    try:
        found: str | None = noticed_by(mutation, seconds, own)
    except subprocess.TimeoutExpired:
        found = None
    return found, time.monotonic() - began, 0


class Tally:
    """What became of each mutation: the test that noticed it, "" or None where none did in time."""

    def __init__(self) -> None:
        self.found: dict[Mutation, str | None] = {}

    def tell(self, mutation: Mutation, noticed: str | None, seconds: float, tests: int) -> None:
        self.found[mutation] = noticed
        status = noticed or ("undecided" if noticed is None else "NOT NOTICED")
        print(f"{mutation.file}: {mutation.name}: {status} ({seconds:.0f} s, {tests} tests)", flush=True)

    @property
    def left(self) -> list[Mutation]:
        return [mutation for mutation, noticed in self.found.items() if noticed == ""]

    def end(self) -> None:
        for file in [*dict.fromkeys(m.file for m in self.found), ""]:
            of_file = [noticed for m, noticed in self.found.items() if file in m.file]
            undecided = of_file.count(None)
            open_ = f", {undecided} undecided" if undecided else ""
            print(f"{len(of_file) - undecided - of_file.count(''):4d} of {len(of_file)}  {file or 'all'}{open_}")


def noticed_by(mutation: Mutation, seconds: int = 900, own: bool = False) -> str:
    """The test that fails with this mutation; "" if none does.

    Raises:
        subprocess.TimeoutExpired: the tests are not done by then.
    """
    flags = [*(["--own"] if own else []), *(["--numba"] if mutation.numba else [])]
    room = f"tests/transforms/test_{Path(mutation.file).name}"
    named = dict.fromkeys((*([room] if (ROOT / room).exists() else []), *mutation.tests))
    with mutated(mutation) as folder:
        return _suite(folder, (*named, *flags), seconds)


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


if __name__ == "__main__":
    sys.exit(main())
