"""What modes have in common is made once, and again when something that it was made from has changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from srcad import binding, generate, leaves, shared

x = np.array([0.5, 1.5, 2.5])
MODES = (("reverse",), ("forward",), ("reverse", "forward"), ("reverse", "split"), ("forward", "batch"))


def call_of(f: Any, *args: Any) -> generate.Call:
    binder = binding.binder(f)
    values = binder.bind(*args)
    flat: list[Any] = []
    for value in values:
        leaves.key(value, flat)
    return generate.Call(binder, values, flat)


def text(f: Any, modes: tuple[str, ...], apart: bool = False, *args: Any) -> str:
    """The module; apart: made of nothing that was there before."""
    if apart:
        shared._known.clear()
    settings = generate.Settings((("x",),), modes, "numpy")
    made: str = generate.build(call_of(f, *(args or (x,))), settings, "numpy").text
    return made


def scaled(v: Any) -> Any:
    return v * SCALE


SCALE = 2
TIMES = 2
LABEL = "sin"
EXTRA = (0.0,)
WHICH = 0


def model(x: Any) -> Any:
    y = x.copy()
    for k in range(TIMES):
        y[k] = scaled(y[k]) * x[k + 1]
    y = [y, y * y][WHICH]
    z = np.sin(y) if LABEL == "sin" else np.cos(y)
    return np.sum(z * y) + sum(EXTRA)


def test_modes_that_share_passes_give_the_same_text() -> None:
    expected = [text(model, modes, apart=True) for modes in MODES]
    shared._known.clear()
    for order in (MODES, MODES[::-1]):
        found = {modes: text(model, modes) for modes in order}
        assert [found[modes] for modes in MODES] == expected
    (kept,) = shared._known.values()
    assert len(kept.steps) == 3  # before any mode, after reverse, after forward


@pytest.mark.parametrize(
    ("name", "value", "differs"),
    [
        ("TIMES", 1, False),
        ("WHICH", 1, True),
        ("LABEL", "cos", True),
        ("SCALE", 2.5, False),
        ("SCALE", np.ones(()), False),
        ("scaled", lambda v: v + SCALE, True),
        ("EXTRA", (1.0, 2.0), True),
    ],
)
def test_what_has_changed_is_made_anew(name: str, value: Any, differs: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    before = text(model, ("reverse",), apart=True)
    monkeypatch.setitem(model.__globals__, name, value)
    found = [text(model, modes) for modes in MODES]
    assert found == [text(model, modes, apart=True) for modes in MODES]
    assert (found[0] != before) == differs


def test_values_are_read_at_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    import srcad

    gradient = srcad.grad(model, backend="numpy")
    for factor in (2, 3, 2.5):
        monkeypatch.setitem(model.__globals__, "SCALE", factor)
        y = x.copy()
        y[:2] *= factor * x[1:]
        outer = np.array([factor * x[1], factor * x[2], 1.0]) * (np.sin(y) + y * np.cos(y))
        inner = np.append(0.0, factor * x[:2] * (np.sin(y) + y * np.cos(y))[:2])
        np.testing.assert_allclose(gradient(x), outer + inner, rtol=1e-12)
        moved = srcad.jvp(model, (x,), (np.ones(3),), backend="numpy")[1]
        np.testing.assert_allclose(moved, np.sum(outer + inner), rtol=1e-12)


def test_arguments_that_are_functions_share_nothing() -> None:
    def applied(x: Any, f: Any) -> Any:
        return np.sum(f(x))

    def times(a: float) -> Any:
        return lambda v: v * a

    shared._known.clear()
    text(applied, ("reverse",), False, x, times(2.0))
    assert not shared._known


def product(x: Any, y: Any) -> Any:
    return np.sum(x * y * y)


def test_derivatives_with_respect_to_others_are_made_anew() -> None:
    def made(wrt: str) -> str:
        return generate.build(call_of(product, x, x), generate.Settings(((wrt,),), ("reverse",), "numpy"), "numpy").text

    shared._known.clear()
    first, second = made("x"), made("y")
    assert "x_bar" in first and "y_bar" not in first and "y_bar" in second


class Options:
    which: int

    def __init__(self) -> None:
        self.which = 0


OPTIONS = Options()


def optional(x: Any) -> Any:
    y = x * x
    return np.sum([y, y * y][OPTIONS.which])


def test_attributes_that_have_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = text(optional, ("reverse",), apart=True)
    monkeypatch.setattr(OPTIONS, "which", 1)
    found = [text(optional, modes) for modes in MODES]
    assert found == [text(optional, modes, apart=True) for modes in MODES] and found[0] != before


def falling(x: Any, k: int) -> Any:
    return x if k == 0 or x < 0.1 else falling(x * np.sin(x), k - 1) * x


def recursive(x: Any) -> Any:
    return falling(x[0], 3 + int(x[1])) + x[2]


def test_recursions() -> None:
    modes = MODES[:3]
    expected = [text(recursive, m, apart=True) for m in modes]
    shared._known.clear()
    for order in (modes, modes[::-1]):
        found = {m: text(recursive, m) for m in order}
        assert [found[m] for m in modes] == expected
