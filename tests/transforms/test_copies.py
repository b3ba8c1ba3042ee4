"""copies: what inlined functions hand on keeps one name."""

import numpy as np

import srcad


def mean(e):
    return np.mean(e)


def scaled(x):
    squares = x * x
    loss = mean(squares)
    return 3.0 * loss * squares[0]


def handed_on_and_read_again(x):
    first = np.sin(x)
    second = first
    third = mean(second)
    return third * first[0] * second[1]


def lines(f, *args):
    return [line.strip() for line in srcad.differentiate(f, backend="numpy").source_for(*args).splitlines()]


def test_the_caller_names_what_a_function_returns():
    text = lines(scaled, np.ones(3))
    assert "loss = np.mean(squares)" in text
    assert not [line for line in text if line.startswith("out = loss") or line == "loss = out"]


def test_names_that_are_read_elsewhere_stay():
    x = np.array([0.3, -1.2, 0.7])
    value, gradient = srcad.value_and_grad(handed_on_and_read_again, backend="numpy")(x)
    assert value == handed_on_and_read_again(x)
    moved = [handed_on_and_read_again(x + 1e-20j * e).imag / 1e-20 for e in np.eye(3)]
    np.testing.assert_allclose(gradient, moved, rtol=1e-13)
