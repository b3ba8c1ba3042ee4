"""The CuPy backend on a stand-in for CuPy: the values and gradients of the NumPy backend, or an error."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import srcad
from tests import stand_in_cupy, test_kinks
from tests.programs.registry import Program, programs
from tests.programs.tree import leaves, map_leaves
from tests.rules import calls
from tests.rules.calls import Call
from tests.rules.forms import forms
from tests.rules.rule_calls import rule_calls
from tests.rules.test_calls import NOT_MEASURED, split
from tests.turns import is_chosen

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


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name, f, at, expected", test_kinks.TABLE, ids=[row[0] for row in test_kinks.TABLE])
def test_kinks_(name: str, f: Any, at: Any, expected: Any) -> None:
    """The manual's table of kinks holds on CuPy, too."""
    try:
        found = srcad.grad(f, backend="cupy")(on_device(at))
    except srcad.Unsupported as refusal:
        pytest.skip(f"refused: {refusal.reason}")
    np.testing.assert_allclose(getattr(found, "host", found), expected, rtol=1e-12, atol=1e-12)


CALLS = [c for c in (*rule_calls(), *forms()) if c.name not in NOT_MEASURED]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", split(CALLS, {c.name for c in CALLS if is_chosen(c.name)}))
def test_calls_of_rules(call: Call) -> None:
    """Gradients of the rules' own points; what fails here fails on a device, too, and without a wrong number."""
    s = calls.subject(call)
    try:
        expected = calls.gradient(s, "numpy")
        found = calls.gradient(replace(s, args=tuple(on_device(list(s.args)))), "cupy")
    except srcad.Unsupported as refusal:
        pytest.skip(f"refused: {refusal.reason}")
    except (TypeError, AttributeError, NotImplementedError, ValueError) as error:
        if call.name in NOT_ON_THE_DEVICE.read_text().splitlines():
            pytest.skip(f"CuPy's error: {error}")
        raise
    for a, b in zip(off_device(found), off_device(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-11)


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


def written_twice(x, k, v):
    a = x * 1.0
    a[k] = v
    a[k] += x[:4]
    return np.sum(a * a)


def test_the_last_of_several_values_for_one_element_stays() -> None:
    """CuPy leaves open which: the stand-in keeps the first."""
    args = U.copy(), np.array([1, 0, 1, 1]), np.array([2.0, 3.0, 5.0, 7.0])
    value, bars = srcad.value_and_grad(written_twice, (0, 2), backend="cupy")(*on_device(args))
    expected, expected_bars = srcad.value_and_grad(written_twice, (0, 2), backend="numpy")(*args)
    assert expected == written_twice(*args) and float(value) == expected
    for a, b in zip(bars, expected_bars):
        np.testing.assert_array_equal(a.host, b)


def caught(x):
    try:
        return np.sum(np.linalg.inv(x))
    except Exception:
        return np.sum(x)


def loud(x):
    with np.errstate(all="raise"):
        return np.sum(np.log(x))


@pytest.mark.parametrize("f, reason", [(caught, "no LinAlgError"), (loud, "floating-point errors")])
def test_errors_that_cupy_does_not_raise_are_refused(f: Any, reason: str) -> None:
    with pytest.raises(srcad.Unsupported, match=reason):
        srcad.grad(f, backend="cupy")(stand_in_cupy.ndarray(np.eye(3)))


def test_a_file_of_its_own_has_cupys_helpers(tmp_path: Path) -> None:
    """``srcad emit --standalone`` writes the helpers into the file, with ``cp`` for ``np``."""
    from srcad.bundle import bundled

    args = U.copy(), np.array([1, 0, 1, 1]), np.array([2.0, 3.0, 5.0, 7.0])
    f = srcad.differentiate(written_twice, argnums=(0, 2), backend="cupy")
    text = bundled(f.source_for(*on_device(args), backend="cupy"))
    assert not re.search(r"^(?! *#).*\bnp\.", text, re.M) and "import srcad_runtime" not in text
    space: dict[str, Any] = {}
    exec(text, space)
    value, *bars = space["written_twice_grad"](*on_device(args))
    assert float(value) == written_twice(*args)
    np.testing.assert_array_equal(bars[1].host, srcad.grad(written_twice, 2, backend="numpy")(*args))


def test_shared_memory_is_refused(cupy: Any) -> None:
    u = stand_in_cupy.ndarray(U.copy())
    with pytest.raises(ValueError, match="shares memory"):
        srcad.grad(lambda a, b: steps(a, 0.1) + np.sum(b))(u, u[1:])
