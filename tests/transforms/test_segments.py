"""Loops over `srcad.checkpoint`: the same derivatives with less memory, in a two-level loop that can be read."""

from __future__ import annotations

import importlib.util
import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import srcad
from srcad import ir
from srcad.transforms import whole
from tests.transforms import test_whole
from tests.transforms.running import peak


def steps(u, n, every):
    for _ in srcad.checkpoint(range(n), every):
        u = u + 0.1 * np.sin(u) * u
    return np.sum(u)


def all_kept(u, n, every):
    for _ in range(n):
        u = u + 0.1 * np.sin(u) * u
    return np.sum(u)


U = np.linspace(0.1, 0.2, 1000)


@pytest.mark.parametrize("every", [None, 1, 7, 20, 1000])
@pytest.mark.parametrize("n", [0, 1, 19, 20, 21])
def test_the_same_to_the_bit(n: int, every: int | None) -> None:
    for mode in (srcad.grad, lambda f, backend: lambda *a: srcad.hvp(f, a, (np.ones_like(U), None, None))[0]):
        expected = mode(all_kept, backend="numpy")(U, n, every)
        np.testing.assert_array_equal(mode(steps, backend="numpy")(U, n, every), expected)


def test_memory_is_that_of_the_states_kept_and_of_one_stretch() -> None:
    in_whole, in_stretches = (srcad.grad(f, backend="numpy") for f in (all_kept, steps))
    whole, some = peak(lambda: in_whole(U, 100, None)), peak(lambda: in_stretches(U, 100, None))
    assert some < 0.35 * whole


def test_the_text_has_two_levels() -> None:
    f = srcad.differentiate(backend="numpy")(steps)
    f.grad(U, 5, None)
    assert "every = int(max(n, 1) ** 0.5)" in f.source
    assert f.source.count("for chunk in range(") == 2
    assert "chunks = (n - 1) // every + 1" in f.source
    assert "u_kept.append(u)" in f.source


def test_every_must_be_a_positive_integer() -> None:
    with pytest.raises(ValueError, match="every=0"):
        srcad.grad(lambda x: sum(x * t for t in srcad.checkpoint(range(3))) + loop(x), backend="numpy")(1.0)


def loop(x):
    for _ in srcad.checkpoint(range(3), every=0):
        x = x * x
    return x


def test_what_prints_prints_once(capsys: pytest.CaptureFixture[str]) -> None:
    def f(x):
        for t in srcad.checkpoint(range(4), every=2):
            print(t)
            x = np.sin(x)
        return x

    srcad.grad(f, backend="numpy")(0.5)
    assert capsys.readouterr().out.split() == ["0", "1", "2", "3"]


# ---- for Numba: arrays instead of lists ----


def rows(u, n, every):
    for t in srcad.checkpoint(range(2, n + 2), every):
        for i in range(1, u.shape[0]):
            u[i] = np.sin(u[i]) * u[i - 1] + 0.1 * t
    return np.sum(u * u)


def a_state_read_before(u, n, every):
    s = np.sum(np.sin(u) * u)
    for _ in srcad.checkpoint(range(n), every):
        u[1:-1] = u[1:-1] * u[2:] + 0.1 * u[:-2]
    return s * np.sum(u * u)


def bounds_that_move(u, n, every):
    for _ in range(2):
        for _ in srcad.checkpoint(range(n), every):
            u = np.sin(u) * u
        n = n - 1
    return np.sum(u)


def two_states(u, n, every):
    v = np.cos(u)
    for _ in srcad.checkpoint(range(n), every):
        v[:-1] = v[:-1] + 0.1 * u[1:] * u[:-1]
        u[1:-1] = u[1:-1] - 0.1 * v[1:-1] * u[:-2]
    return np.sum(u * v)


def compiled_text(f: Callable[..., Any], *args: Any) -> str:
    return srcad.differentiate(f, backend="numba").source_for(*args)


def interpreted(f: Callable[..., Any], argnums: Any, *args: Any) -> Any:
    """The results of the text for Numba, run as plain Python."""
    space: dict[str, Any] = {}
    source = srcad.differentiate(f, argnums=argnums, backend="numba").source_for(*args)
    exec(re.sub(r"@njit\(.*\)", "", source), space)
    gradient = space[f"{f.__name__}_grad"]
    given = dict(zip(inspect.signature(f).parameters, args, strict=True))
    return gradient(*(given[name] for name in inspect.signature(gradient).parameters if name in given))


@pytest.mark.parametrize("f", [steps, a_state_read_before, two_states])
def test_states_and_records_are_arrays(f: Callable[..., Any]) -> None:
    found = compiled_text(f, U, 5, 2)
    assert "append" not in found and "pop" not in found
    assert "u_kept = np.empty((max(chunks, 0), u.shape[0]))" in found
    assert "_saved = np.empty((max(end - begin, 0), " in found or "_kept = np.empty((max(end - begin, 0), " in found


@pytest.mark.parametrize("every", [None, 1, 3, 50])
@pytest.mark.parametrize("n", [-1, 0, 1, 3, 7])
@pytest.mark.parametrize("f", [steps, rows, a_state_read_before, bounds_that_move, two_states])
def test_the_text_for_numba_has_the_same_numbers(f: Callable[..., Any], n: int, every: int | None) -> None:
    u = np.linspace(0.3, 0.9, 8)
    value, u_bar = interpreted(f, 0, u.copy(), n, every)[:2]
    assert value == pytest.approx(f(u.copy(), n, every), rel=1e-13)
    for k, h in enumerate(1e-25j * np.eye(8)):
        assert u_bar[k] == pytest.approx(f(u + h, n, every).imag / 1e-25, rel=1e-11, abs=1e-13)


def test_compiled() -> None:
    for f, n in ((steps, 21), (a_state_read_before, 7), (rows, 4)):
        u = np.linspace(0.3, 0.9, 8)
        found, expected = (srcad.value_and_grad(f, backend=b)(u.copy(), n, None) for b in ("numba", "numpy"))
        assert found[0] == pytest.approx(expected[0], rel=1e-13)
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-11)


@pytest.fixture(scope="module")
def in_stretches(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The programs of `test_whole`, their loops in stretches of two steps."""
    path = Path(tmp_path_factory.mktemp("stretches")) / "whole_in_stretches.py"
    path.write_text(inspect.getsource(test_whole).replace("in range(n):", "in srcad.checkpoint(range(n), every=2):"))
    spec = importlib.util.spec_from_file_location("whole_in_stretches", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


NAMES = [f.__name__ for f in (*test_whole.WHOLE, *test_whole.LEFT, *test_whole.OTHERS)]


@pytest.mark.parametrize("n", [0, 1, 4, 5])
@pytest.mark.parametrize("name", NAMES)
def test_whole_records_of_stretches(in_stretches: ModuleType, name: str, n: int) -> None:
    u, k, _ = test_whole.arguments()
    value, u_bar, k_bar = interpreted(getattr(in_stretches, name), (0, 1), u.copy(), k, n)
    plain = interpreted(getattr(test_whole, name), (0, 1), u.copy(), k, n)
    assert value == plain[0]
    np.testing.assert_allclose(u_bar, plain[1], rtol=1e-13, atol=1e-15)
    assert k_bar == pytest.approx(plain[2], rel=1e-13)


def test_a_stretch_reads_its_whole_records_where_they_are(in_stretches: ModuleType) -> None:
    found = srcad.differentiate(in_stretches.in_place, argnums=(0, 1), backend="numba").source_for(
        *test_whole.arguments()
    )
    assert "u_saved[_ - begin, i] = u[i]" in found and "u_before" not in found.split("reverse sweep")[1]


def test_an_array_that_a_stretch_does_not_set_keeps_its_records(
    in_stretches: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pass sets every state at the begin of a stretch; here the statement that does is taken out."""
    asked: list[tuple[Any, ...]] = []
    found = whole._in_stretches
    monkeypatch.setattr(whole, "_in_stretches", lambda *given: asked.append(given) or found(*given))
    srcad.differentiate(in_stretches.in_place, argnums=(1, 0), backend="numba").source_for(*test_whole.arguments())
    [(own, saved, recorded)] = [given for given in asked if found(*given) is not None]
    place = ir.Index(ir.Name("u"), (ir.ELLIPSIS,))

    def without(stmt: Any) -> Any:
        body = getattr(stmt, "body", ())
        return replace(stmt, body=tuple(s for s in body if getattr(s, "target", None) != place)) if body else stmt

    shorter = replace(recorded, reverse=tuple(without(stmt) for stmt in recorded.reverse))
    assert shorter != recorded
    assert found(own, saved, shorter) is None
