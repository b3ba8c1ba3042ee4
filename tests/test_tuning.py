"""tuning: LLVM and malloc are asked for speed, and only where they know what is asked."""

from __future__ import annotations

import os
import subprocess
import sys

import llvmlite.binding as llvm
import numba
import numpy as np
import pytest

from srcad import tuning


def test_rows_read_backwards_are_vectorised() -> None:
    """The loop that is vectorised must run: slower by far where the tests for overlap are made outside of it."""
    if not tuning.has_overlap_tests():
        pytest.skip("an LLVM that was not tried")

    def sweep(saved: np.ndarray, x: np.ndarray) -> None:
        for t in range(saved.shape[0] - 1, -1, -1):
            for i in range(x.shape[0]):
                x[i] = x[i] * 0.5 + saved[t, i]

    asked: list[str] = []
    original = llvm.set_option
    llvm.set_option = lambda name, option: (asked.append(option), original(name, option))  # type: ignore[assignment]
    try:
        with tuning.vectorised():
            compiled = numba.njit(sweep)
            saved, x = np.arange(24.0).reshape(3, 8), np.ones(8)
            compiled(saved, x)
    finally:
        llvm.set_option = original
    half = len(asked) // 2
    assert asked[:half] == [f"{option}=false" for option in tuning._SWITCHES]
    assert asked[half:] == [f"{option}=true" for option in tuning._SWITCHES]
    expected = np.ones(8)
    for row in np.arange(24.0).reshape(3, 8)[::-1]:
        expected = expected * 0.5 + row
    np.testing.assert_array_equal(x, expected)


def test_unknown_llvm_is_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "has_overlap_tests", lambda: False)
    monkeypatch.setattr(llvm, "set_option", lambda *_: pytest.fail("asked"))
    with tuning.vectorised():
        pass


def test_workspace_is_given_in_mebibytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tuning.WORKSPACE, "48")
    assert tuning.workspace() == 48 * 2**20
    monkeypatch.setenv(tuning.WORKSPACE, "a lot")
    with pytest.raises(ValueError, match="MiB"):
        tuning.workspace()
    monkeypatch.delenv(tuning.WORKSPACE)
    assert 0 <= tuning.workspace() <= tuning.MOST_KEPT


KEPT = """
import resource, sys
import numpy as np
from srcad import tuning
kept = tuning.keep_freed_memory()
n = 5_000_000
np.ones(n)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    np.ones(n)
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def test_freed_blocks_serve_the_next_call() -> None:
    """Arrays of 40 MB (9,766 pages, or 20 huge ones) are made anew five times: of pages that are there already."""
    faults = {}
    for limit in ("0", "256"):
        environment = {**os.environ, tuning.WORKSPACE: limit}
        done = subprocess.run([sys.executable, "-c", KEPT], env=environment, capture_output=True, text=True, check=True)
        kept, count = map(int, done.stdout.split())
        faults[limit] = count
    if kept != 256 * 2**20:
        pytest.skip("this malloc cannot be asked to keep more than it does by itself")
    assert faults["256"] * 10 < faults["0"]
