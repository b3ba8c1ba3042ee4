"""tuning: LLVM and malloc are asked for speed, and only where they know what is asked."""

from __future__ import annotations

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
    assert [o.rpartition("=")[2] for o in asked] == ["false", "true"]
    expected = np.ones(8)
    for row in np.arange(24.0).reshape(3, 8)[::-1]:
        expected = expected * 0.5 + row
    np.testing.assert_array_equal(x, expected)


def test_unknown_llvm_is_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "has_overlap_tests", lambda: False)
    monkeypatch.setattr(llvm, "set_option", lambda *_: pytest.fail("asked"))
    with tuning.vectorised():
        pass
