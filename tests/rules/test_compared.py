"""What is compared with its own extreme is computed once: rounded in two ways, no element would be equal to it.

A power of an array rounds in another way than that of a number, and `libmvec`'s in another than C's. At the commit
before, with ``SRCAD_VECTOR_MATHS=1``, 77 of 400 gradients of `of_numbers` were nan.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import srcad

RNG = np.random.default_rng(3)


def greatest(w: Any) -> Any:
    return np.max(1.0 / (w * w + 0.3) ** 0.7)


def of_rows(w: Any) -> Any:
    return np.sum(np.max(np.abs(1.1 + w**2) ** 1.5, axis=1))


def span(w: Any) -> Any:
    return np.ptp(1.0 / (w * w + 0.3) ** 0.7) + np.min(w**3)


def greatest_size(w: Any) -> Any:
    return np.linalg.norm((1.0 / (w * w + 0.3) ** 0.7).ravel(), np.inf)


def of_numbers(w: Any) -> Any:
    return np.nanmax((w * w + 0.3) ** -0.7)


def in_a_loop(w: Any) -> Any:
    s = 0.0
    for i in range(w.shape[0]):
        s += np.max((w[i] * w[i] + 0.3) ** -0.7)
    return s


def of_complex(w: Any) -> Any:
    return np.max(np.abs(w + 0.5j * w[::-1]))


FUNCTIONS = (greatest, of_rows, span, greatest_size, of_numbers, in_a_loop, of_complex)


def _compared(source: str) -> list[ast.expr]:
    calls = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)]
    return [n.args[0] for n in calls if isinstance(n.func, ast.Name) and n.func.id == "tie_share"]


def _rounding(expr: ast.expr) -> list[str]:
    return [ast.unparse(n) for n in ast.walk(expr) if isinstance(n, ast.BinOp)]


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize("f", FUNCTIONS)
def test_what_is_compared_has_a_name(f: Callable[..., Any], mode: str) -> None:
    text = srcad.differentiate(f, mode=mode, backend="numpy").source_for(RNG.normal(size=(3, 4)))
    compared = _compared(text)
    assert compared
    assert [] == [part for operand in compared for part in _rounding(operand)], text
    if f is of_complex:
        assert all(isinstance(operand, ast.Name) for operand in compared), text


@pytest.mark.parametrize("backend", ["numpy", pytest.param("numba", marks=pytest.mark.slow)])
@pytest.mark.parametrize("f", FUNCTIONS)
def test_against_differences(f: Callable[..., Any], backend: str) -> None:
    x, v = RNG.normal(size=(2, 3, 4))
    wanted = (f(x + 1e-6 * v) - f(x - 1e-6 * v)) / 2e-6
    np.testing.assert_allclose(np.sum(srcad.grad(f, backend=backend)(x) * v), wanted, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(srcad.jvp(f, (x,), (v,), backend=backend)[1], wanted, rtol=1e-6, atol=1e-8)


VECTORS = """
import numpy as np, srcad
from tests.rules.test_compared import greatest, of_numbers, in_a_loop, span

rng = np.random.default_rng(0)
for f in (greatest, of_numbers, in_a_loop, span):
    gradient = srcad.grad(f, backend="numba")
    for _ in range(100):
        w = rng.normal(size=(8, 67))
        assert np.all(np.isfinite(gradient(w))), f.__name__
        assert np.isfinite(srcad.jvp(f, (w,), (w,), backend="numba")[1]), f.__name__
"""


def test_with_functions_of_vectors(tmp_path: Path) -> None:
    environment = {**os.environ, "SRCAD_VECTOR_MATHS": "1", "SRCAD_CACHE_DIR": str(tmp_path)}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    run = subprocess.run([sys.executable, "-c", VECTORS], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
