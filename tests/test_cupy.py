"""The CuPy backend on a stand-in for CuPy: the values and gradients of the NumPy backend, or an error."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import srcad
from tests import stand_in_cupy
from tests.programs.registry import Program, programs
from tests.programs.tree import leaves, map_leaves

# Helpers of the runtime that make arrays of NumPy's own: an error on the device.
NOT_ON_THE_DEVICE = Path(__file__).parent / "not_on_the_device.txt"
CORPUS = [p for p in programs() if p.raises is None and not p.fills and "numpy" in p.backends]
FEW = [p for k, p in enumerate(CORPUS) if k % 8 == 0]


@pytest.fixture(autouse=True)
def cupy(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, module in stand_in_cupy.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    return sys.modules["cupy"]


def on_device(tree: Any) -> Any:
    return map_leaves(lambda a: stand_in_cupy.ndarray(a.copy()) if isinstance(a, np.ndarray) else a, tree)


def off_device(tree: Any) -> list[Any]:
    return [getattr(leaf, "host", leaf) for leaf in leaves(tree) if not isinstance(leaf, str) and leaf is not None]


def quietly(f: Any, *args: Any) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        return f(*args)


def check(program: Program) -> None:
    args = program.args()
    given = on_device(args)
    try:
        expected = quietly(srcad.value_and_grad(program.fn, program.argnums, backend="numpy"), *args)
    except (srcad.Unsupported, TypeError) as reason:
        pytest.skip(f"refused, or not one real value: {reason}")
    try:
        found = quietly(srcad.value_and_grad(program.fn, program.argnums, backend="cupy"), *given)
    except srcad.Unsupported:
        pytest.skip("refused")
    except TypeError:
        if program.name in NOT_ON_THE_DEVICE.read_text().split():
            pytest.skip("needs a helper that makes NumPy's arrays")
        raise
    for a, b in zip(off_device(found), off_device(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)
    for a, b in zip(off_device(given), off_device(args), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("program", FEW, ids=lambda p: p.name)
def test_programs(program: Program) -> None:
    check(program)


@pytest.mark.slow
@pytest.mark.parametrize("program", CORPUS, ids=lambda p: p.name)
def test_all_programs(program: Program) -> None:
    check(program)


def steps(u, k):
    for _ in range(3):
        u[1:-1] = u[1:-1] + k * np.sin(u[2:])
    first = u[0]
    u[0] = 3.0 * u[1]
    first += u[2]
    return first * np.sum(u * u)


U = np.linspace(0.3, 0.9, 6)


def test_auto_takes_cupy_for_its_arrays_and_gives_them_back(cupy: Any) -> None:
    u = stand_in_cupy.ndarray(U.astype(np.float32))
    value, (u_bar, k_bar) = srcad.value_and_grad(steps, (0, 1))(u, 0.1)
    assert type(u_bar) is cupy.ndarray and u_bar.dtype == np.float32 and u_bar.shape == (6,)
    expected = srcad.grad(steps, (0, 1), backend="numpy")(U, 0.1)
    np.testing.assert_allclose(u_bar.host, expected[0], rtol=1e-5)
    assert float(k_bar) == pytest.approx(float(expected[1]), rel=1e-5)
    np.testing.assert_array_equal(u.host, U.astype(np.float32))


def test_an_element_that_is_kept_is_no_view() -> None:
    f = srcad.differentiate(backend="cupy")(steps)
    f.grad(stand_in_cupy.ndarray(U.copy()), 0.1)
    assert "first = u[0].copy()" in f.source and "first = first + u[2]" in f.source


def test_products_with_seeds_and_tangents() -> None:
    u, v = stand_in_cupy.ndarray(U.copy()), stand_in_cupy.ndarray(np.cos(U))
    _, pull = srcad.vjp(lambda a: np.sin(a) * a, u)
    _, expected = srcad.vjp(lambda a: np.sin(a) * a, U, backend="numpy")
    np.testing.assert_allclose(pull(v)[0].host, expected(np.cos(U))[0])
    tangent = srcad.jvp(lambda a: np.sin(a) * a, (u,), (v,))[1]
    np.testing.assert_allclose(tangent.host, expected(np.cos(U))[0])
    second = srcad.hvp(lambda a: np.sum(np.sin(a) * a), (u,), (v,))[0]
    np.testing.assert_allclose(second.host, srcad.hvp(lambda a: np.sum(np.sin(a) * a), (U,), (np.cos(U),))[0])


def test_shared_memory_is_refused(cupy: Any) -> None:
    u = stand_in_cupy.ndarray(U.copy())
    with pytest.raises(ValueError, match="shares memory"):
        srcad.grad(lambda a, b: steps(a, 0.1) + np.sum(b))(u, u[1:])


@pytest.mark.gpu
def test_programs_on_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for name in [name for name in sys.modules if name.partition(".")[0] in ("cupy", "cupyx")]:
        del sys.modules[name]
    cp = pytest.importorskip("cupy")
    if not cp.cuda.is_available():
        pytest.skip("no CUDA device")
    known = NOT_ON_THE_DEVICE.read_text().split()
    for program in CORPUS:
        if program.name in known:
            continue
        args = program.args()
        there = map_leaves(lambda a: cp.asarray(a) if isinstance(a, np.ndarray) else a, args)
        try:
            expected = quietly(srcad.value_and_grad(program.fn, program.argnums, backend="numpy"), *args)
        except (srcad.Unsupported, TypeError):
            continue
        try:
            found = quietly(srcad.value_and_grad(program.fn, program.argnums, backend="cupy"), *there)
        except srcad.Unsupported:
            continue
        back = [cp.asnumpy(leaf) for leaf in leaves(found) if leaf is not None and not isinstance(leaf, str)]
        for a, b in zip(back, off_device(expected), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11, err_msg=program.name)
