"""pull: products of matrices in adjoints, written so that the least is computed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcad

STEP = 1e-30


def shifted(m, w):
    return np.sum(np.sin((DATA - m) @ w))


def shifted_by_a_column(m, w):
    return np.sum(np.sin(w.T @ (m[:, None] - DATA.T)))


def columns_alike(m, w):
    return np.sum(np.sin(DATA @ (w - m[:, None])))


def by_a_transpose(m, w):
    return np.sum(np.cos((DATA - m) @ w.T))


def of_a_stack(m, w):
    stack = np.stack([w, w * m])
    return np.sum(np.sin(stack @ (stack * w).T.reshape(2, 3, 3)).T)


def transposed_matrix_by_vector(m, w):
    return np.sum(np.sin((w.T @ m).T) * m)


def read_twice(m, w):
    d = DATA - m
    return np.sum(np.sin(d @ w) + d)


DATA = np.random.default_rng(5).standard_normal((4, 3))
EXPECTED: list[tuple[Callable[..., Any], tuple[str, ...]]] = [
    (shifted, ("m_bar = -(t_bar.sum(axis=0) @ w.T)", "w_bar = (DATA - m).T @ t_bar")),
    (shifted_by_a_column, ("m_bar[:, None] += w @ t_bar.sum(axis=1, keepdims=True)",)),
    (by_a_transpose, ("m_bar = -(t_bar.sum(axis=0) @ w)", "w_bar = t_bar.T @ (DATA - m)")),
    (columns_alike, ()),
    (of_a_stack, ()),
    (transposed_matrix_by_vector, ()),
    (read_twice, ()),
]


def complex_step(fn: Callable[..., Any], args: tuple[np.ndarray, ...], k: int) -> np.ndarray:
    out = np.empty(args[k].shape)
    for at in np.ndindex(out.shape):
        moved = [a.astype(complex) for a in args]
        moved[k][at] += STEP * 1j
        out[at] = fn(*moved).imag / STEP
    return out


@pytest.mark.parametrize(("fn", "texts"), EXPECTED, ids=lambda v: getattr(v, "__name__", ""))
@pytest.mark.parametrize("backend", ["numpy", pytest.param("numba", marks=pytest.mark.slow)])
def test_values(fn: Callable[..., Any], texts: tuple[str, ...], backend: str) -> None:
    rng = np.random.default_rng(3)
    args = (rng.standard_normal(3), rng.standard_normal((3, 3)))
    model = srcad.differentiate(argnums=(0, 1), backend=backend)(fn)
    for k, found in enumerate(model.grad(*args)):
        np.testing.assert_allclose(found, complex_step(fn, args, k), rtol=1e-12, atol=1e-13)
    if backend == "numpy":
        assert all(text in model.source for text in texts)
