"""Writes through reshaped arrays: a view where the array lies in C order, a copy elsewhere, as NumPy decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcad

A = np.random.default_rng(0).normal(size=(3, 4))


def read_later(a: Any) -> Any:
    b = a.reshape(-1)
    b[0] = 0.0
    return (a**2).sum() + b.sum()


def reads_both(a: Any) -> Any:
    b = a.ravel()
    b[0] = a[1, 1]
    return b.sum() * a.sum()


def written_before(a: Any) -> Any:
    a[0, 0] = 1.0
    b = a.reshape(-1)
    b *= 2
    return (b**2).sum() + a.sum()


def writes_both(a: Any) -> Any:
    b = a.reshape(2, 6)
    b[1, 2] = a[0, 1] * a[2, 0]
    a[0, 1] = b[1, 2] * 3
    return (b * np.arange(12.0).reshape(2, 6)).sum() + (a**3).sum()


def buffer_filled_flat(a: Any) -> Any:
    out = np.zeros((3, 4))
    flat = out.ravel()
    for i in range(12):
        flat[i] = a[i % 3, i % 4] * i + (flat[i - 1] if i else 0.0)
    return (out**2).sum() + out[1, 2] * flat[2]


def in_a_loop(a: Any) -> Any:
    for t in range(3):
        b = a.reshape(-1)
        b[t] = b[t + 1] * a[0, 0]
    return (a**2).sum()


def in_a_container(p: Any) -> Any:
    b = p["w"].reshape(-1)
    b[2] = b[1] * p["w"][0, 0]
    return (p["w"] ** 3).sum()


def in_order(a: np.ndarray) -> np.ndarray:
    return np.array(a, order="C", copy=True)


def in_fortrans_order(a: np.ndarray) -> np.ndarray:
    return np.array(a, order="F", copy=True)


def spread_out(a: np.ndarray) -> np.ndarray:
    wide = np.zeros((6, 8))[::2, ::2]
    wide[...] = a
    return wide


FUNCTIONS = [read_later, reads_both, written_before, writes_both, buffer_filled_flat, in_a_loop]
LAYOUTS = [in_order, in_fortrans_order, spread_out, in_order]


def differences(f: Callable[..., Any], make: Callable[..., Any], wrap: Callable[..., Any] = lambda a: a) -> np.ndarray:
    found = np.zeros_like(A)
    for k in np.ndindex(A.shape):
        up, down = make(A), make(A)
        up[k] += 1e-5
        down[k] -= 1e-5
        found[k] = (f(wrap(up)) - f(wrap(down))) / 2e-5
    return found


def check(f: Callable[..., Any], backend: str) -> None:
    """The layouts one after the other, each called often enough for the short way."""
    g = srcad.value_and_grad(f, backend=backend)
    for make in LAYOUTS:
        argument = make(A)
        for _ in range(3):
            value, gradient = g(argument)
        np.testing.assert_allclose(value, f(make(A)), rtol=1e-14)
        np.testing.assert_allclose(gradient, differences(f, make), rtol=1e-7, atol=1e-8)
        assert np.array_equal(argument, A), "the caller's array was written"


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_layout_has_its_own_meaning(f: Callable[..., Any]) -> None:
    check(f, "numpy")


def test_compiled() -> None:
    check(written_before, "numba")


def test_arrays_in_containers() -> None:
    for make in LAYOUTS:
        gradient = srcad.grad(in_a_container, backend="numpy")({"w": make(A)})["w"]
        expected = differences(in_a_container, make, lambda a: {"w": a})
        np.testing.assert_allclose(gradient, expected, rtol=1e-7, atol=1e-8)


def test_second_derivatives() -> None:
    for make in LAYOUTS[:2]:
        srcad.check_grads(reads_both, (make(A),), order=2, backend="numpy")


def test_overlap_is_seen_through_the_flat_array() -> None:
    def f(a: Any, other: Any) -> Any:
        b = a.reshape(-1)
        b[0] = 2.0
        return (a * other).sum()

    both = A.copy()
    with pytest.raises(ValueError, match="shares memory"):
        srcad.grad(f, 1, backend="numpy")(both, both)


def test_a_module_by_itself_checks_the_layout(tmp_path: Any) -> None:
    loss = srcad.differentiate(backend="numpy")(read_later)
    space: dict[str, Any] = {}
    exec(loss.save(tmp_path / "m.py", A).read_text(), space)
    with pytest.raises(ValueError, match="in C order"):
        space["read_later_grad"](in_fortrans_order(A))
    assert space["read_later_grad"](A)[0] == read_later(A.copy())


def test_what_only_the_strides_would_tell_is_refused() -> None:
    with pytest.raises(srcad.Unsupported, match="which may be a view or a copy|may also change"):
        srcad.grad(lambda a: _kept(a), backend="numpy")(
            np.zeros((3, 8))[:, ::2].T.reshape(4, 3)[:, :1].reshape(2, 2, 1)
        )


def _kept(a: Any) -> Any:
    b = a.reshape(-1)
    b[0] = 2.0
    return (a * a).sum()
