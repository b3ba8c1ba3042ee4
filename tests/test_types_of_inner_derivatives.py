"""A derivative inside of a model has the type that it has outside, whichever path the function takes."""

from __future__ import annotations

import numpy as np
import pytest

import srcad


def number_or_constant(p):
    if np.zeros(1)[0] > 0.391:
        return 0.7
    return p


def constant_or_number(p):
    if p > 0:
        return 0.5
    return p * p


def multiplied_on_some_steps(p):
    s = 0.5
    for i in range(3):
        if i > p:
            s = s * p
    return s


def never_read(p):
    return 0.5


def squared(p):
    return p * p


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "h",
    [number_or_constant, constant_or_number, multiplied_on_some_steps, never_read, squared],
    ids=lambda h: h.__name__,
)
def test_types(h, dtype):
    def model(x):
        g = srcad.grad(h, backend="numpy")(x[1])
        _, w = srcad.value_and_grad(h, backend="numpy")(x[1])
        return g, w, 0.1 * g, g + np.float16(1), np.ones(2, np.float32) * g

    for x in (np.array([1.5, 0.09], dtype), np.array([1.5, -1.09], dtype)):
        found, _ = srcad.vjp(model, x, backend="numpy")
        for own, expected in zip(found, model(x), strict=True):
            assert type(own) is type(expected)
            assert own.dtype == expected.dtype
            np.testing.assert_array_equal(own, expected)
