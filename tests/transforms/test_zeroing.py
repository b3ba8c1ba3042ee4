"""zeroing: zeros that nobody reads are not stored into adjoints, all others are."""

import numpy as np
import pytest

import srcad
from srcad import emit, pipeline, scope, types
from srcad.transforms import inline, zeroing


def relaxed(p, b):
    for _ in range(3):
        new = np.zeros(p.shape[0], p.dtype)
        new[1:-1] = 0.5 * (p[:-2] + p[2:]) * b[1:-1]
        p = new
    return np.sum(p * p)


def two_parts(p, b):
    new = np.ones(p.shape[0], p.dtype)
    new[:2] = p[2:] * b[:2]
    new[1:3] = p[:2] * b[1:3]
    return np.sum(new * new)


def read_by_a_copy(p, b):
    for _ in range(3):
        new = p.copy()
        new[1:-1] = 0.5 * (p[:-2] + p[2:]) * b[1:-1]
        p = new
    return np.sum(p * p)


def filled(p, b):
    for k in range(3):
        new = np.empty(p.shape[0], p.dtype)
        for i in range(p.shape[0]):
            new[i] = p[i] * b[k]
        p = new
    return np.sum(p * p)


def kept_over_iterations(p, b):
    new = p * 1.0
    for _ in range(3):
        new[1:-1] = 0.5 * (p[:-2] + p[2:]) * b[1:-1]
        p = p * new
    return np.sum(p * p)


def an_argument(p, b):
    p[1] = b[0] * p[0]
    return np.sum(p * p)


def swapped(p, b):
    q = p * b
    for _ in range(3):
        q[1:-1] = p[:-2] * p[2:] + q[1:-1] * b[1:-1]
        p, q = q, p
    return np.sum(p * q)


def a_row(p, b):
    stack = np.zeros((3, p.shape[0]), p.dtype)
    for k in range(3):
        stack[k] = p * b[k]
        p = p + stack[k]
    return np.sum(stack * stack) + np.sum(p)


def on_one_path(p, b):
    for k in range(3):
        new = p.copy()
        if k % 2 == 0:
            new[1] = p[0] * b[1]
        p = new * b
    return np.sum(p * p)


def handed_on(p, b):
    total = 0.0
    for _ in range(2):
        new = p * b
        other = new
        new[0] = p[1]
        total = total + np.sum(other * other)
        p = other
    return total


FEWER = (relaxed, two_parts)
AS_MANY = (read_by_a_copy, filled, on_one_path, kept_over_iterations, an_argument, swapped, handed_on, a_row)
ARGS = np.array([0.3, -0.7, 1.1, 0.4]), np.array([0.9, 1.2, -0.8, 0.5])


NAMED_TWICE = """
def f(x, y):
    z = y * 2.0
    w = z[1:]
    v = y * 3.0
    z[1] = 0.0
    v[0] = 0.0
    return w * x[0]
"""


def test_zeros_that_are_read_under_another_name() -> None:
    """Of two stores the one goes whose memory nobody reads again, under no name."""
    target = scope.from_file(NAMED_TWICE, "f", "f.py")
    program = inline.inline(pipeline.Request(target, tuple(types.describe(a, n) for a, n in zip(ARGS, "xy")), (), ()))
    text = emit.function(zeroing.zeroing(program, {"z", "v"}).function())
    assert "z[1] = 0.0" in text and "v[0] = 0.0" not in text


def zeros(f, monkeypatch, off=""):
    monkeypatch.setenv("SRCAD_OFF", off)
    return srcad.differentiate(f, argnums=(0, 1), backend="numpy").source_for(*ARGS).count("] = 0.0")


@pytest.mark.parametrize("f", FEWER)
def test_fewer_zeros(f, monkeypatch):
    assert zeros(f, monkeypatch) < zeros(f, monkeypatch, "unread")


@pytest.mark.parametrize("f", AS_MANY)
def test_zeros_that_are_read(f, monkeypatch):
    assert zeros(f, monkeypatch) == zeros(f, monkeypatch, "unread")


@pytest.mark.parametrize("f", [*FEWER, *AS_MANY])
def test_derivatives(f):
    found = srcad.grad(f, argnums=(0, 1), backend="numpy")(*(a.copy() for a in ARGS))
    for k in range(2):
        for i in range(4):
            moved = [a.astype(complex) for a in ARGS]
            moved[k][i] += 1e-30j
            assert found[k][i] == pytest.approx(f(*moved).imag / 1e-30, rel=1e-12, abs=1e-14)
