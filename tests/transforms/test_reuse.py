"""reuse: functions that the program computes under a name are not computed again for their derivatives."""

import math
import re

import numpy as np
import pytest

import srcad

STEP = 1e-30


def pair(x, y):
    c = np.cos(x)
    s = np.sin(x)
    return c * c * y + s * y * y


def apart(x, y):
    c = np.cos(x)
    t = y * y
    s = np.sin(x)
    return c * c * t + s * t * y


def nested(x, y):
    return np.cosh(x) * y + np.sinh(x) * y * y


def in_a_loop(x, y):
    total = x * 0.0
    for _ in range(4):
        s = np.sin(x)
        c = np.cos(x)
        x = x + 0.1 * s * y
        total = total + c * s * x
    return total


def read_between(x, y):
    c = np.cos(x)
    y = y * c
    s = np.sin(x)
    return c * y + s * y * y


def operand_changed(x, y):
    c = np.cos(x)
    x = x * y
    s = np.sin(x)
    return c * c * y + s * x


def operand_changed_later(x, y):
    s = np.sin(x)
    x = x * y
    c = np.cos(x)
    return c * c * y + s * s * x


def name_changed(x, y):
    c = np.cos(x)
    c = c * y
    s = np.sin(x)
    return c * s + s


def name_used_before(x, y):
    s = y * y
    c = np.cos(x) * s
    s = np.sin(x)
    return c * s + s


def on_one_path(x, y):
    c = np.cos(x)
    s = y
    if np.real(x) > 0.0:
        s = np.sin(x)
    return c * s * s


def three(x, y):
    c = np.cos(x)
    d = np.cosh(y)
    s = np.sin(x)
    e = np.sinh(y)
    return c * d * e + s * d * d


def of_each_other(x, y):
    c = np.cos(x)
    d = np.cosh(c)
    s = np.sin(x)
    e = np.sinh(c)
    return c * d * y + s * d * e


def elements(x, y):
    u = np.array([x, y, x * y])
    s = np.empty(3, u.dtype)
    for i in range(3):
        c = np.cos(u[i])
        u[i] = u[i] * y
        s[i] = np.sin(u[i]) * c
    return s[0] * s[1] + s[2]


def whole_arrays(x, y):
    u = np.array([x, y, x * y])
    c = np.cos(u)
    s = np.sin(u)
    return np.sum(c * c * u) + np.sum(s * u) * y


def arrays_written(x, y):
    u = np.array([x, y, x * y])
    c = np.cos(u)
    v = u[:]
    v[1] = y * 0.5
    s = np.sin(u)
    s[0] = x
    return np.sum(c * c * u) + np.sum(s * u) * y


def function_of_itself(x, y):
    c = x * y
    c = np.cos(c)
    return np.sin(c) * y


def written_by_a_recursion(x, y):
    u = np.array([x, y, x * y])
    c = np.cos(u)
    halved(u, 2.0 + x)
    s = np.sin(u)
    return np.sum(c * c * u) + np.sum(s * u) * y


def halved(u, n):
    if n > 0.0:
        u[1] = u[1] * 0.5
        halved(u, n - 1.0)


def hyperbolic_and_not(x, y):
    s = np.sinh(x)
    c = np.cosh(y)
    return np.cos(x) * s * y + np.sin(y) * c


def counted(x, y):
    total = x * y
    k = 1
    c = np.cos(x * k)
    for k in range(2, 4):
        total = total + y * k
    return c * total + np.sin(x * k) * c


READ = (pair, apart, nested, in_a_loop, three, whole_arrays)
OTHERS = (
    read_between, operand_changed, operand_changed_later, name_changed, name_used_before, on_one_path, of_each_other,
    elements, arrays_written, hyperbolic_and_not, counted, function_of_itself,
)  # fmt: skip


def calls(f, monkeypatch, off=""):
    """How many functions the reverse sweep computes."""
    monkeypatch.setenv("SRCAD_OFF", off)
    text = srcad.differentiate(f, argnums=(0, 1), backend="numpy").source_for(0.7, 1.3)
    return len(re.findall(r"(?m)^ *[^# ].*= .*np\.(?:sin|cos|sinh|cosh)\(", text.partition("# ---- reverse sweep")[2]))


@pytest.mark.parametrize("f", READ)
def test_nothing_is_computed_again(f, monkeypatch):
    assert calls(f, monkeypatch) == 0
    assert calls(f, monkeypatch, "reuse") > 0


@pytest.mark.parametrize("f", [*READ, *OTHERS])
@pytest.mark.parametrize("off", ["", "reuse"])
def test_derivatives(f, off, monkeypatch):
    monkeypatch.setenv("SRCAD_OFF", off)
    value, found = srcad.value_and_grad(f, argnums=(0, 1), backend="numpy")(0.7, 1.3)
    assert value == f(0.7, 1.3)
    if f not in (elements, whole_arrays, arrays_written):
        expected = f(0.7 + STEP * 1j, 1.3).imag / STEP, f(0.7, 1.3 + STEP * 1j).imag / STEP
    else:
        expected = f(complex(0.7, STEP), 1.3 + 0j).imag / STEP, f(0.7 + 0j, complex(1.3, STEP)).imag / STEP
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_arrays_that_a_recursion_writes():
    found = srcad.grad(written_by_a_recursion, argnums=(0, 1), backend="numpy")(0.7, 1.3)
    h = 1e-6
    for k, (a, b) in enumerate(((h, 0.0), (0.0, h))):
        ahead, behind = written_by_a_recursion(0.7 + a, 1.3 + b), written_by_a_recursion(0.7 - a, 1.3 - b)
        assert found[k] == pytest.approx((ahead - behind) / (2.0 * h), rel=1e-7)


def in_two_precisions(x, y):
    c = math.cos(x)
    s = np.sin(x)
    return c * c * y + s * y


def test_values_of_another_precision_are_not_read():
    """math's cosine is a double, NumPy's of a single precision number is none."""
    made = srcad.differentiate(in_two_precisions, backend="numpy")
    assert "s_bar * np.cos(x)" in made.source_for(np.float32(0.7), 1.3)
    assert "s_bar * c" in made.source_for(0.7, 1.3)


def test_a_second_derivative():
    found = srcad.hvp(pair, (0.7, 1.3), (1.0, 0.5), argnums=(0, 1), backend="numpy")
    gradient = srcad.grad(pair, argnums=(0, 1), backend="numpy")
    ahead, behind = gradient(0.7 + 1e-6, 1.3 + 0.5e-6), gradient(0.7 - 1e-6, 1.3 - 0.5e-6)
    np.testing.assert_allclose(found, [(a - b) / 2e-6 for a, b in zip(ahead, behind)], rtol=1e-8)
