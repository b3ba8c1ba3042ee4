"""The same program gives the same bytes: whatever the hash seed, and on every Python that can run srcad here."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHOWN = """
import hashlib, sys
from tests.generating import make
from tests.programs.registry import programs
names = ("design.", "containers.parameters_in_a_dict", "calls.closure_reads_outer_names", "control.several_returns")
for program in programs(*names):
    for modes, backend in ((("reverse",), "numpy"), (("reverse", "forward"), "numpy"), (("reverse",), "numba")):
        text = make(program, modes, backend).generated.text
        print(program.name, *modes, backend, hashlib.sha256(text.encode()).hexdigest())
"""


def digests(python: str, **environment: str) -> str:
    """What the programs' generated modules are, as a process of its own makes them."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "runtime")])
    env = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", **environment}
    done = subprocess.run([python, "-c", SHOWN], capture_output=True, text=True, env=env, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= 12
    return done.stdout


@pytest.fixture(scope="module")
def expected() -> str:
    return digests(sys.executable, PYTHONHASHSEED="0")


@pytest.mark.parametrize("seed", [1, 2, 20])
def test_hash_seeds(seed: int, expected: str) -> None:
    assert digests(sys.executable, PYTHONHASHSEED=str(seed)) == expected


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 20))
def test_all_hash_seeds(seed: int, expected: str) -> None:
    assert digests(sys.executable, PYTHONHASHSEED=str(seed)) == expected


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13"])
def test_python_versions(version: str, expected: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} with srcad's dependencies on this machine")
    assert digests(python, PYTHONHASHSEED="0") == expected


def interpreter(version: str) -> str | None:
    """A Python of this version that has what srcad needs; SRCAD_TEST_PYTHONS names folders of virtual environments."""
    folders = os.environ.get("SRCAD_TEST_PYTHONS", "").split(os.pathsep)
    candidates = [sys.executable, shutil.which(f"python{version}") or ""]
    candidates += [str(Path(folder) / version / "bin" / "python") for folder in folders if folder]
    check = (
        f"import sys, libcst, numpy, numba, scipy; assert sys.version_info[:2] == {tuple(map(int, version.split('.')))}"
    )
    for python in filter(None, candidates):
        if Path(python).exists() and subprocess.run([python, "-c", check], capture_output=True).returncode == 0:
            return python
    return None


def test_nothing_of_the_moment_is_in_the_text() -> None:
    """Neither times nor random names: two programs made one after the other are equal to the byte."""
    from tests.generating import make
    from tests.programs.registry import programs

    program = programs("design.heat")[0]
    first, second = (make(program, ("reverse",)).generated.text for _ in range(2))
    assert hashlib.sha256(first.encode()).digest() == hashlib.sha256(second.encode()).digest()
