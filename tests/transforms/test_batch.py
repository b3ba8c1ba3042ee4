"""batch: texts along all directions at once, as NumPy runs them and as Numba compiles them (interpreted here)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.generating import make
from tests.programs.registry import Program

X = np.array([0.3, -1.2, 0.7])


def read_before_it_changes(x: Any) -> Any:
    x = x * 1.0
    a = x[0]
    x[0] = x[1] * a
    return np.array([a * x[0], x[2] * a])


def added_to_under_another_name(x: Any) -> Any:
    a = x[0] * x[1]
    b = a
    b += x[2]
    b *= a
    return np.array([a * b, b])


def one_adjoint_for_two(x: Any) -> Any:
    a = x[0] * x[1]
    t = a * x[2]
    s = t + a
    return np.array([s * s, s])


def swapped_with_a_constant(x: Any) -> Any:
    a, b = x[0], 2.0
    for k in range(3):
        a, b = b, a * x[k]
    a, b = 0.5, a * b
    return np.array([a * b, b * x[1]])


def carried_numbers(x: Any) -> Any:
    s, p = 0.0, 1.0
    y = 0.0 * x
    for k in range(3):
        s = s + x[k] * p
        p = p * np.sin(s)
        y[k] = s * p
    return y


def of_vectors(x: Any) -> Any:
    y = np.outer(x, x) @ x + np.stack([x, x[::-1], np.flip(x)]).T @ x
    return np.concatenate([y, np.sum(np.outer(x, y), axis=-1, keepdims=True)[:, 0]])


W = np.array([[0.3, 0.5, -0.2], [1.1, -0.4, 0.6], [0.2, 0.9, 0.8]])


def of_matrices(x: Any) -> Any:
    m = np.flip(np.outer(x, x[::-1]) * W, axis=0)
    m = np.stack([m[..., 0], x @ W, m[1]], axis=-1)
    return np.array([np.sum(m * m), np.einsum("i,ij->j", x, W)[1], np.einsum("ij,jk->ik", m, W)[0, 2]])


def behind_an_ellipsis(x: Any) -> Any:
    m = np.outer(x, x)[:, :2]  # two columns, as many as directions may be
    m = m[..., [1, 0]] * m[..., :1] + m[..., 1][..., None]
    return np.array([m[0, ...][1], m[..., 0][2]])


def repeated_and_swapped(x: Any) -> Any:
    u, v = x * 2.0, np.sin(x)
    for k in range(3):
        np.add.at(v, [0, 0, 2], u)
        u, v = v, u
        u = np.convolve(u, W[k])[:3]
    return u * v


def sums_one_after_the_other(x: Any) -> Any:
    s = x[0] * 0.5
    t = 1.0
    for k in range(3):
        t = s
        s += np.dot(np.convolve(x, W[k])[:3], x)
        s *= t
    return np.array([s, t * s])


def text_of(f: Callable[..., Any], mode: str, backend: str) -> Callable[..., Any]:
    program = Program("batched", f, lambda _: (X.copy(),), (0,), ("numpy", "numba"), (), None, None)
    made = make(program, (mode, "batch"), backend)
    text = re.sub(r"^@njit.*$", "", made.generated.text, flags=re.M).replace("from numba import njit\n", "")
    space: dict[str, Any] = {"__name__": __name__}
    exec(compile(text, "<batched>", "exec"), space)
    return lambda seeds: space[made.generated.entry](*made.inputs(), seeds)[-1]


BOTH = [
    read_before_it_changes, added_to_under_another_name, one_adjoint_for_two, swapped_with_a_constant, carried_numbers,
]  # fmt: skip
FORWARD = [repeated_and_swapped, sums_one_after_the_other]  # convolutions are transposed one direction at a time


@pytest.mark.parametrize("backend", ["numpy", "numba"], ids=["arrays", "loops"])  # neither is compiled
@pytest.mark.parametrize(
    "f, mode",
    [(f, mode) for f in [*BOTH, of_vectors, of_matrices, behind_an_ellipsis] for mode in ("forward", "reverse")]
    + [(f, "forward") for f in FORWARD],
)
def test_all_directions_at_once(f: Callable[..., Any], mode: str, backend: str) -> None:
    jacobian = np.array([np.imag(f(X + 1e-20j * e)) / 1e-20 for e in np.eye(3)]).T
    count = 3 if mode == "forward" else len(jacobian)
    found = text_of(f, mode, backend)(np.eye(count))
    expected = jacobian if mode == "forward" else jacobian.T
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
