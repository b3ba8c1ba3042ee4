"""The CuPy backend on a stand-in for CuPy: the values and gradients of the NumPy backend, or an error."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import srcad
from tests import stand_in_cupy, test_kinks
from tests.fuzz import judge
from tests.fuzz.generate import generate
from tests.programs import checks
from tests.programs.registry import Program, programs
from tests.programs.tree import leaves, map_leaves
from tests.rules import calls
from tests.rules.calls import Call
from tests.rules.forms import forms
from tests.rules.rule_calls import rule_calls
from tests.rules.test_calls import NOT_MEASURED, split
from tests.turns import is_chosen, turn

# Helpers of the runtime that make arrays of NumPy's own: an error on the device.
NOT_ON_THE_DEVICE = Path(__file__).parent / "not_on_the_device.txt"
CORPUS = [p for p in programs() if p.raises is None and not p.fills and "numpy" in p.backends]
FEW = [p for k, p in enumerate(CORPUS) if k % 8 == 0]


@pytest.fixture(autouse=True)
def cupy(monkeypatch: pytest.MonkeyPatch) -> Any:
    return stand_in_cupy.installed(monkeypatch)


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


MIXED = (
    "returned NotImplemented",
    "Unsupported type",
    "Implicit conversion",
    "no array",
    "not supported between",
    "unsupported operand",
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("first", range(0, 2000, 10))
def test_random_programs(first: int) -> None:
    """Programs of the generator, others at every commit; arrays of the device beside NumPy's are an error."""
    for number in range(first, first + 10):
        with judge.loaded(generate(18040 + turn(), number)) as module:
            program = judge.program_of(module)
            tame = checks.guarded(lambda p=program: judge.tame_on_the_way(p), 4).status == "ok"  # type: ignore[misc]
            if not tame or program.fills:
                continue
            try:
                expected = srcad.value_and_grad(program.fn, program.argnums, backend="numpy")(*program.args())
                found = srcad.value_and_grad(program.fn, program.argnums, backend="cupy")(*on_device(program.args()))
            except srcad.Unsupported:
                continue
            except (TypeError, AttributeError, ValueError) as error:
                assert "one real value" in str(error) or any(word in str(error) for word in MIXED), number
                continue
            for a, b in zip(off_device(found), off_device(expected), strict=True):
                size = max(1.0, float(np.max(np.abs(b), initial=0.0)))
                tolerance = 1e-4 if checks.is_single(program.args()) else 1e-9
                np.testing.assert_allclose(a, b, rtol=0.0, atol=tolerance * size, err_msg=str(number))
