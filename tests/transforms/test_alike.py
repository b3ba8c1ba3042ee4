"""Extents that are equal in a call: the program made for them, the check in it, and calls in which they differ."""

import numpy as np
import pytest

import srcad
from srcad import differentiate


def copied(a, b, steps):
    for _ in range(steps):
        b[1:-1] = 0.5 * (a[:-2] + a[2:])
        a[1:-1] = b[1:-1] * b[1:-1]
    return np.sum(a * a)


def added(a, b):
    return np.sum((a[1:] * b[1:]) ** 2)


def two_axes(a, b):
    return np.sum(a[1:, 1:] * b[1:, 1:])


def by_differences(fn, a, b, *rest):
    """The gradient by a, by complex steps."""
    found = np.zeros(a.shape)
    for index in np.ndindex(a.shape):
        moved = a.astype(complex)
        moved[index] += 1e-20j
        found[index] = fn(moved, b.astype(complex), *rest).imag / 1e-20
    return found


@pytest.mark.filterwarnings("ignore::srcad.PerformanceWarning")
@pytest.mark.parametrize("backend", ["numpy", "auto"])
def test_every_pattern_of_extents_gets_the_right_gradient(backend):
    rng = np.random.default_rng(0)
    gradient = srcad.grad(added, backend=backend)
    for n, k in [(6, 6), (6, 2), (2, 6), (5, 5), (2, 2), (6, 2), (7, 7)]:  # a slice of two elements is broadcast
        a, b = rng.standard_normal(n), rng.standard_normal(k)
        np.testing.assert_allclose(gradient(a, b), by_differences(added, a, b), rtol=1e-12)
    with pytest.raises(ValueError):
        gradient(np.ones(6), np.ones(5))


def test_the_text_sums_nothing_that_has_one_length_and_says_so():
    f = differentiate(copied, argnums=("a", "b"), backend="numpy")
    text = f.source_for(np.ones(6), np.ones(6), 2)
    assert "unbroadcast" not in text and "Shapes: a (n,), b (n,)" in text
    assert "if b.shape[0] != a.shape[0]:\n        raise ValueError" in text
    other = f.source_for(np.ones(6), np.ones(3), 2)
    assert "unbroadcast" in other and "b.shape[0] != a.shape[0]" not in other


def test_it_can_be_switched_off(monkeypatch):
    monkeypatch.setenv("SRCAD_OFF", "alike")
    f = differentiate(copied, argnums="a", backend="numpy")
    assert "unbroadcast" in f.source_for(np.ones(6), np.ones(6), 2)
    monkeypatch.setenv("SRCAD_OFF", "alikes")
    with pytest.raises(ValueError, match="choose among alike, "):
        srcad.grad(copied)(np.ones(6), np.ones(6), 2)


def state(y):
    return y[0] * y[2] + y[1]


def test_arrays_are_long_enough_for_constant_indices():
    f = differentiate(state, backend="numba")
    text = f.source_for(np.ones(4))
    assert "boundscheck" not in text and "if y.shape[0] < 3" in text
    np.testing.assert_array_equal(f.grad(np.array([2.0, 3.0, 4.0])), [4.0, 1.0, 2.0])
    with pytest.raises(IndexError):
        f.grad(np.ones(2))
    np.testing.assert_array_equal(f.grad(np.array([2.0, 3.0, 4.0])), [4.0, 1.0, 2.0])


def either(y, far):
    return y[3] * y[0] if far else y[0] * y[1]


def test_warm_calls_with_shorter_arrays_are_answered_by_another_kernel():
    gradient = srcad.grad(either, backend="numba")
    for y in (np.ones(5), np.ones(5), np.array([2.0, 3.0]), np.ones(5), np.array([2.0, 3.0])):
        expected = [y[1], y[0]] if y.size == 2 else [1.0, 1.0, 0.0, 0.0, 0.0]
        np.testing.assert_array_equal(gradient(y, False), expected)
    pairs = srcad.grad(added, backend="numba")
    for k in (6, 6, 2, 6):
        a, b = np.arange(6.0), np.arange(float(k))
        np.testing.assert_allclose(pairs(a, b), by_differences(added, a, b))


def test_only_what_meets_is_relied_on():
    f = differentiate(two_axes, argnums="a", backend="numpy")
    text = f.source_for(np.ones((6, 6)), np.ones((6, 6)))
    assert "Shapes: a (n, m), b (n, m)" in text  # that the arrays are square is not relied on
    assert f.source_for(np.ones((6, 5)), np.ones((6, 5))) == text


def test_a_saved_file_checks_its_extents(tmp_path):
    f = differentiate(copied, argnums="a", backend="numpy")
    a, b = np.linspace(0.0, 1.0, 6), np.ones(6)
    expected = f.grad(a, b, 2)
    f.save(tmp_path / "copied_grad.py")
    space: dict = {}
    exec((tmp_path / "copied_grad.py").read_text(), space)
    np.testing.assert_array_equal(space["copied_grad"](a, b, 2)[1], expected)
    with pytest.raises(ValueError, match="shapes unlike"):
        space["copied_grad"](a, np.ones(3), 2)


def factor(a):
    n = a.shape[0]
    for i in range(n):
        for j in range(i):
            a[i, j] = (a[i, j] - np.dot(a[i, :j], a[j, :j])) / a[j, j]
        a[i, i] = np.sqrt(a[i, i] - np.dot(a[i, :i], a[i, :i]))
    return np.sum(a)


def first_n(x, n):
    s = 0.0
    for i in range(n):
        s += x[i] * x[i]
    return s


def test_indices_into_a_square_matrix_are_proven():
    f = differentiate(factor, backend="numba")
    rng = np.random.default_rng(0)
    a = rng.standard_normal((4, 4))
    a = a @ a.T + np.eye(4)
    square, wide = f.source_for(a), f.source_for(np.hstack([a, a]))
    assert "boundscheck" not in square and "if a.shape[1] != a.shape[0]" in square
    assert "boundscheck=True" in wide
    np.testing.assert_allclose(f.grad(np.hstack([a, a]))[:, :4], f.grad(a), rtol=1e-14)
    assert "a.shape[1] != a.shape[0]" not in differentiate(factor, backend="numpy").source_for(a)


def test_an_integer_that_is_a_length_is_taken_to_be_one():
    f = differentiate(first_n, backend="numba")
    x = np.arange(5.0)
    assert "boundscheck" not in f.source_for(x, 5) and "if n != x.shape[0]" in f.source_for(x, 5)
    assert "boundscheck=True" in f.source_for(x, 3)
    np.testing.assert_array_equal(f.grad(x, 3), [0.0, 2.0, 4.0, 0.0, 0.0])
    np.testing.assert_array_equal(f.grad(x, 5), 2.0 * x)
    with pytest.raises(IndexError):
        f.grad(x, 6)


def with_aux(x, k):
    return np.sum(x * x), k[7]


def test_indices_in_results_are_checked():
    gradient = srcad.grad(with_aux, has_aux=True, backend="numba")
    with pytest.raises(IndexError):
        gradient(np.ones(3), np.arange(5.0))
    assert gradient(np.ones(3), np.arange(9.0))[1] == 7.0


def rows_of_two(a, b):
    row, total = a[0], 0.0
    for i in range(1, 3):
        total += np.sum(row * row)
        row = np.sin(b[i]) * row[0]
    return total + np.sum(row)


@pytest.mark.parametrize("off", ["", "unread", "ranges,gather,order,vector_maths,unread"])
def test_a_variable_with_rows_of_two_arguments_has_one_shape(monkeypatch, off):
    monkeypatch.setenv("SRCAD_OFF", off)
    rng = np.random.default_rng(2)
    a, b = rng.standard_normal((3, 4)), rng.standard_normal((3, 4))
    gradient = srcad.grad(rows_of_two, backend="numpy")
    np.testing.assert_allclose(gradient(a, b), by_differences(rows_of_two, a, b), rtol=1e-12)
    wide = rng.standard_normal((3, 6))
    np.testing.assert_allclose(gradient(a, wide), by_differences(rows_of_two, a, wide), rtol=1e-12)
    text = differentiate(rows_of_two, argnums="a", backend="numba").source_for(a, b)
    assert ".append(" not in text and "b.shape[1] != a.shape[1]" in text
    assert ("vector_maths.sin" in text) == (off == "" or off == "unread")
