"""quotients: quick divisions in loops, where a last digit decides nothing."""

from __future__ import annotations

import numpy as np
import pytest

import srcad
from srcad.transforms.loops import loops
from srcad.transforms.quotients import quotients
from tests.transforms.lowered import primal, text_of

HEAD = "import numpy as np\n\n\ndef f(x, y, h, k, n):\n"
QUICK = {
    "a step": ("y[1:] = (x[1:] - x[:-1]) / h", "quotients.over(x[i] - x[i - 1], h)"),
    "a computed step": ("y[:] = np.sin(x) / (h * h)", "quotients.over(vector_maths.sin(x[i]), h * h)"),
    "a literal": ("y[:] = x / 6.0", "quotients.over(x[i], 6.0)"),
    "twice": ("y[:] = x / h / 3.0", "quotients.over(quotients.over(x[i], h), 3.0)"),
}
LEFT = {
    "a power of two": "y[:] = x / 4.0",
    "by elements": "y[:] = h / x",
    "a condition": "y[:] = x / h\n    if y[0] > 1.0:\n        y[0] = 1.0",
    "a choice": "y[:] = np.where(x / h > 1.0, x, y)",
    "a grid cell": "for i in range(n):\n        y[int(x[i] / h)] += 1.0",
    "a floor": "y[:] = np.floor(x / h)",
    "a square root": "y[:] = np.sqrt(1.0 - x / h)",
    "a repetition": "while y[0] > 1.0:\n        y[:] = x / h + 0.5 * y",
    "integers": "for i in range(n):\n        y[i] = i / k",
    "a product": "y[:] = x * h",
    "a whole part": "y[:] = x / h // 1.0",
    "a comparison": "y[:] = (x / h > 1.0) * y",
    "what the loop adds to": "for i in range(n):\n        h += 0.5\n        y[i] = x[i] / h",
    "no loop": "y[0] = x[0] / h",
    "a counter": "for i in range(n):\n        y[i] = x[i] / (h * i)",
    "what the loop changes": "for i in range(n):\n        h = h * 0.5\n        y[i] = x[i] / h",
}


def text(body: str) -> str:
    args = (np.ones(5), np.ones(5), 0.5, 3, 4)
    return text_of(quotients(loops(primal(f"{HEAD}    {body}\n    return y\n", args))))


@pytest.mark.parametrize("name", QUICK)
def test_quick(name: str) -> None:
    body, expected = QUICK[name]
    assert expected in text(body)


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    assert "quotients" not in text(LEFT[name])


def test_compiled_quotients() -> None:
    """Within 1.5 units in the last place wherever that is a normal number, and exactly right where it is none."""
    from numba import njit
    from srcad_runtime.quotients import over

    @njit(error_model="numpy")
    def all_over(x, d, out):
        for i in range(x.shape[0]):
            out[i] = over(x[i], d)

    rng = np.random.default_rng(0)
    x = rng.standard_normal(300) * 10.0 ** rng.integers(-300, 300, 300)
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 1e-310, 2.2e-308, 1e-301, 1e301, 1.7e308, -3e-320]
    for divisor in [*special, *(rng.standard_normal(40) * 10.0 ** rng.integers(-300, 300, 40)), 3.0, -7.0, 49.0]:
        numbers = np.concatenate([x, special])
        found = np.empty_like(numbers)
        all_over(numbers, divisor, found)
        with np.errstate(all="ignore"):
            expected = numbers / divisor
            normal = np.isfinite(expected) & (np.abs(expected) > 1e-307) & (np.abs(expected) < 1e308)
        right = expected[normal]
        assert np.all(np.abs(found[normal] - right) <= 1.5 * np.spacing(np.abs(right)))
        np.testing.assert_allclose(found[~normal], expected[~normal], rtol=1e-15, atol=1e-322)


def diffuse(u, k, h, steps):
    for _ in range(steps):
        u[1:-1] = u[1:-1] + k * (u[2:] - 2.0 * u[1:-1] + u[:-2]) / (h * h)
    return np.sum(u * u)


def test_a_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    u = np.random.default_rng(1).standard_normal(12)
    grad = srcad.differentiate(argnums=(0, 1, 2), backend="numba")(diffuse)
    value, (u_bar, k_bar, h_bar) = grad.value_and_grad(u, 0.01, 0.3, 7)
    assert "quotients.over" in grad.source_for(u, 0.01, 0.3, 7)
    step = 1e-30j
    direction = np.random.default_rng(2).standard_normal(12)
    assert value == pytest.approx(diffuse(u.copy(), 0.01, 0.3, 7), rel=1e-13)
    moved = diffuse(u + step * direction, 0.01 + step * 0.2, 0.3 + step * 0.7, 7).imag / step.imag
    assert u_bar @ direction + 0.2 * k_bar + 0.7 * h_bar == pytest.approx(moved, rel=1e-11)
    monkeypatch.setenv("SRCAD_OFF", "quotients")
    off = srcad.differentiate(argnums=(0, 1, 2), backend="numba")(diffuse)
    assert "quotients" not in off.source_for(u, 0.01, 0.3, 7)
