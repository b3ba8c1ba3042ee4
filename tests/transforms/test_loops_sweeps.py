"""What the forward sweep has found of extents holds in the reverse sweep; what a branch has found does not."""

from __future__ import annotations

import numpy as np
import pytest

import srcad
from tests.transforms.test_loops import matrix


def pooled(m):
    rows = m[::2] * 0.5 + m[1::2]
    return np.sum(rows * rows)


def pooled_on_one_path(m, k):
    rows = m[::2]
    if k > 0:
        rows = rows * 0.5 + m[1::2]
    return np.sum(rows * rows * k)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8])
def test_what_the_forward_sweep_has_found_holds_in_the_reverse_sweep(n: int) -> None:
    fn = srcad.differentiate(pooled, backend="numba")
    plain = srcad.differentiate(pooled, backend="numpy")
    text = fn.source_for(matrix(4))
    assert text.count("raise ValueError") == 1 and "unbroadcast" not in text
    if n == 5:
        with pytest.raises(ValueError, match="broadcast"):
            fn.grad(matrix(n))
        return
    np.testing.assert_allclose(fn.grad(matrix(n))[0], plain.grad(matrix(n))[0], rtol=1e-14)


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("k", [0, 1])
def test_what_a_branch_has_found_does_not(n: int, k: int) -> None:
    found, expected = (srcad.differentiate(pooled_on_one_path, argnums=0, backend=b) for b in ("numba", "numpy"))
    np.testing.assert_allclose(found.grad(matrix(n), k)[0], expected.grad(matrix(n), k)[0], rtol=1e-14)


def halved(x, steps):
    s = 0.0
    for _ in range(steps):
        rows = np.reshape(x, shape=(2, -1))
        for i in range(x.shape[0] // 2):
            s += rows[0, i] * x[2 * i] + x[2 * i + 1]
    return s


@pytest.mark.parametrize("n", [2, 8])
def test_shapes_by_keyword_and_quotients(n: int) -> None:
    args = np.linspace(0.5, 2.0, n), 2
    expected = srcad.differentiate(halved, backend="numpy").grad(*args)
    for parallel in (False, True):
        found = srcad.differentiate(halved, backend="numba", parallel=parallel).grad(*args)
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-13)
