"""background: NumPy answers while Numba compiles, and Numba afterwards."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import srcad
from srcad import background, specialise
from srcad import compile as compiling


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> threading.Event:
    """Compilation begins when this is set."""
    monkeypatch.setenv("SRCAD_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("SRCAD_BACKGROUND", "1")
    opened, warm = threading.Event(), compiling.warm

    def waiting(compiled: Any, arguments: tuple[Any, ...]) -> None:
        if hasattr(compiled.call, "compile"):
            assert opened.wait(60.0)
        warm(compiled, arguments)

    monkeypatch.setattr(compiling, "warm", waiting)
    return opened


def _finished() -> None:
    for thread in list(background._threads.values()):
        thread.join(60.0)


def model(x: Any, y: Any) -> Any:
    return np.sum(np.sin(x) * y)


def test_numpy_answers_until_numba_has_compiled(gate: threading.Event) -> None:
    g = srcad.value_and_grad(model, (0, 1), backend="numba")
    x, y = np.linspace(0.1, 0.9, 5), np.linspace(1.0, 2.0, 5)
    for _ in range(3):
        value, (dx, dy) = g(x, y)
        np.testing.assert_allclose(value, np.sin(x) @ y, rtol=1e-14)
        np.testing.assert_allclose(dx, np.cos(x) * y, rtol=1e-14)
        np.testing.assert_allclose(dy, np.sin(x), rtol=1e-14)
    assert g.last is not None and not g.last[1].warm
    gate.set()
    _finished()
    assert g.last[1].warm
    for _ in range(3):  # the second one writes the short way
        np.testing.assert_allclose(g(x, y)[1][0], np.cos(x) * y, rtol=1e-14)
    assert g.shortcuts


def draws(x: Any, rng: Any) -> Any:
    return np.sum(x * rng.random(3))


def test_what_draws_numbers_waits(gate: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    gate.set()
    monkeypatch.setattr(background, "is_compiling", lambda *_: pytest.fail("began a thread"))
    x = np.ones(3)
    found = srcad.grad(draws, backend="numba")(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, np.random.default_rng(0).random(3))


def test_numbas_refusal_is_reported_by_the_next_call(gate: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(compiled: Any, arguments: tuple[Any, ...]) -> None:
        if hasattr(compiled.call, "compile"):
            raise compiling.CannotCompile("no such function", 0, compiled)

    monkeypatch.setattr(compiling, "warm", refusing)
    monkeypatch.setattr(specialise, "_tables", {})
    g = srcad.grad(lambda x: np.sum(x * x * 3.0), backend="numba")
    x = np.ones(2)
    try:
        np.testing.assert_array_equal(g(x), [6.0, 6.0])  # unless the thread was quicker
    except srcad.Unsupported:
        pass
    _finished()
    with pytest.raises(srcad.Unsupported, match="no such function"):
        g(x)
