"""complexes: derivatives by what is given as real are real, whatever becomes of it."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import srcad
from srcad.transforms import complexes
from tests.programs.registry import Program, programs
from tests.transforms.lowered import primal

THEME = programs("complex_later.")
LATER = (0, 1, 2, 3)  # steps
CASES = [(p, b) for p in THEME for b in p.backends if b == "numpy" or p.name.endswith("in_a_loop")]


def value(program: Program, z: Any, s: float, n: int) -> complex:
    """A number with the result's real and imaginary parts in it: its derivative shows whether both are right."""
    out = np.asarray(program.fn(z.copy(), s, n))
    return complex(np.sum(out * np.arange(1.0, out.size + 1).reshape(out.shape)))


def seed(out: Any) -> Any:
    weights = np.arange(1.0, np.size(out) + 1).reshape(np.shape(out))
    return (weights * (1 + 0j) if np.iscomplexobj(out) else weights)[()]


@pytest.mark.parametrize("n", LATER)
@pytest.mark.parametrize("program, backend", CASES, ids=lambda x: getattr(x, "name", x))
def test_derivatives_are_real_and_right(program: Program, backend: str, n: int) -> None:
    z, s = np.array([0.3, -0.5, 0.8, 0.1]), 0.6
    out, pull = srcad.vjp(program.fn, z.copy(), s, n, backend=backend)
    z_bar, s_bar, _ = pull(seed(out) if np.ndim(out) else type(out)(1.0))
    assert z_bar.dtype == float and isinstance(s_bar, float)
    dz, ds, h = np.array([0.7, -0.2, 0.4, 0.9]), 0.4, 1e-6
    moved = (value(program, z + h * dz, s + h * ds, n) - value(program, z - h * dz, s - h * ds, n)).real / (2 * h)
    assert z_bar @ dz + s_bar * ds == pytest.approx(moved, rel=1e-6, abs=1e-7)
    _, out_dot = srcad.jvp(program.fn, (z.copy(), s, n), (dz, ds, None), backend=backend)
    tangent = np.sum(np.asarray(out_dot) * seed(out_dot).real) if np.ndim(out_dot) else out_dot
    assert tangent.real == pytest.approx(moved, rel=1e-6, abs=1e-7)


REAL = [p for p in THEME if not p.name.endswith("result")]


@pytest.mark.parametrize("program, n", list(itertools.product(REAL, (1, 2))), ids=lambda x: getattr(x, "name", x))
def test_second_derivatives(program: Program, n: int) -> None:
    z, s, dz, ds, h = np.array([0.3, -0.5, 0.8, 0.1]), 0.6, np.array([0.7, -0.2, 0.4, 0.9]), 0.4, 1e-6
    gradient = srcad.grad(program.fn, (0, 1), backend="numpy")
    found = srcad.hvp(program.fn, (z.copy(), s, n), (dz, ds, None), argnums=(0, 1), backend="numpy")
    above, below = gradient(z + h * dz, s + h * ds, n), gradient(z - h * dz, s - h * ds, n)
    np.testing.assert_allclose(found[0], (above[0] - below[0]) / (2 * h), rtol=1e-5, atol=1e-6)
    assert isinstance(found[1], float) and found[1] == pytest.approx((above[1] - below[1]) / (2 * h), rel=1e-5)


def test_a_number_has_two_names_and_only_real_parts_go_on() -> None:
    def turned(s, n):
        for _ in range(n):
            s = 1j * s
        return s

    text = srcad.differentiate(turned, backend="numpy").source_for(0.5, 2)
    assert "s_ = s" in text and "s_bar = np.real(s_bar_)" in text


def test_types_that_do_not_turn_complex_stay_as_they_are() -> None:
    def widened(z, n):
        y = z.astype(np.float32)
        for _ in range(n):
            y = y * np.ones(3)
        return np.sum(y)

    assert "np.real" not in srcad.differentiate(widened, backend="numpy").source_for(np.ones(3), 2)


WIDER = """
import numpy as np


def f(z, v, w, n):
    y = z * 2.0
    if n == 1:
        y = y * v[0]
    if n == 2:
        y = y * w[0]
    return np.sum(np.abs(y + 1.0) ** 2)
"""


def test_the_wider_of_two_complex_types_counts() -> None:
    z, v = np.array([0.1, 1.0 / 3.0], np.float32), np.array([1.0, 1.0j], np.complex64)
    program = primal(WIDER, (z, v, np.array([1.0 + 1.0j, 0.7j]), 2))
    before, after = (
        {n: getattr(t, "dtype", "") for n, t in p.types.items()} for p in (program, complexes.counted(program))
    )
    turned = {after[name] for name, dtype in before.items() if dtype is None}
    assert turned == {"complex128"}
