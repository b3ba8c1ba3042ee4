"""What CuPy does otherwise than NumPy, on a stand-in for it: the text does what NumPy does, or it is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import srcad
from tests import stand_in_cupy
from tests.test_cupy import on_device


@pytest.fixture(autouse=True)
def cupy(monkeypatch: pytest.MonkeyPatch) -> Any:
    return stand_in_cupy.installed(monkeypatch)


def steps(u, k):
    for _ in range(3):
        u[1:-1] = u[1:-1] + k * np.sin(u[2:])
    first = u[0]
    u[0] = 3.0 * u[1]
    first += u[2]
    return first * np.sum(u * u)


U = np.linspace(0.3, 0.9, 6)


def test_auto_takes_cupy_for_its_arrays_and_gives_them_back(cupy: Any) -> None:
    u = stand_in_cupy.ndarray(U.astype(np.float32))
    value, (u_bar, k_bar) = srcad.value_and_grad(steps, (0, 1))(u, 0.1)
    assert type(u_bar) is cupy.ndarray and u_bar.dtype == np.float32 and u_bar.shape == (6,)
    expected = srcad.grad(steps, (0, 1), backend="numpy")(U, 0.1)
    np.testing.assert_allclose(u_bar.host, expected[0], rtol=1e-5)
    assert float(k_bar) == pytest.approx(float(expected[1]), rel=1e-5)
    np.testing.assert_array_equal(u.host, U.astype(np.float32))


def test_an_element_that_is_kept_is_no_view() -> None:
    f = srcad.differentiate(backend="cupy")(steps)
    f.grad(stand_in_cupy.ndarray(U.copy()), 0.1)
    assert "first = u[0].copy()" in f.source and "first = first + u[2]" in f.source


def test_products_with_seeds_and_tangents() -> None:
    u, v = stand_in_cupy.ndarray(U.copy()), stand_in_cupy.ndarray(np.cos(U))
    _, pull = srcad.vjp(lambda a: np.sin(a) * a, u)
    _, expected = srcad.vjp(lambda a: np.sin(a) * a, U, backend="numpy")
    np.testing.assert_allclose(pull(v)[0].host, expected(np.cos(U))[0])
    tangent = srcad.jvp(lambda a: np.sin(a) * a, (u,), (v,))[1]
    np.testing.assert_allclose(tangent.host, expected(np.cos(U))[0])
    second = srcad.hvp(lambda a: np.sum(np.sin(a) * a), (u,), (v,))[0]
    np.testing.assert_allclose(second.host, srcad.hvp(lambda a: np.sum(np.sin(a) * a), (U,), (np.cos(U),))[0])


def kept_in_lists(x, n):
    items = [x[0], 2.0 * x[1]]
    for _ in range(n):
        items.append(0.5 * items[-1])
    items[1] = x[2]
    x[:3] = 0.5 * x[:3]
    first = items[0]
    items[0] += x[3]
    return first * items[0] + items[1] * x[0] + items[-1]


def test_elements_in_lists_are_no_views() -> None:
    value, u_bar = srcad.value_and_grad(kept_in_lists, backend="cupy")(stand_in_cupy.ndarray(U.copy()), 3)
    assert float(value) == pytest.approx(kept_in_lists(U.copy(), 3), rel=1e-14)
    np.testing.assert_allclose(u_bar.host, srcad.grad(kept_in_lists, backend="numpy")(U, 3), rtol=1e-13)


def written_twice(x, k, v):
    a = x * 1.0
    a[k] = v
    a[k] += x[:4]
    return np.sum(a * a)


def test_the_last_of_several_values_for_one_element_stays() -> None:
    """CuPy leaves open which: the stand-in keeps the first."""
    args = U.copy(), np.array([1, 0, 1, 1]), np.array([2.0, 3.0, 5.0, 7.0])
    value, bars = srcad.value_and_grad(written_twice, (0, 2), backend="cupy")(*on_device(args))
    expected, expected_bars = srcad.value_and_grad(written_twice, (0, 2), backend="numpy")(*args)
    assert expected == written_twice(*args) and float(value) == expected
    for a, b in zip(bars, expected_bars):
        np.testing.assert_array_equal(a.host, b)


def caught(x):
    try:
        return np.sum(np.linalg.inv(x))
    except Exception:
        return np.sum(x)


def loud(x):
    with np.errstate(all="raise"):
        return np.sum(np.log(x))


@pytest.mark.parametrize("f, reason", [(caught, "no LinAlgError"), (loud, "floating-point errors")])
def test_errors_that_cupy_does_not_raise_are_refused(f: Any, reason: str) -> None:
    with pytest.raises(srcad.Unsupported, match=reason):
        srcad.grad(f, backend="cupy")(stand_in_cupy.ndarray(np.eye(3)))


def test_a_file_of_its_own_has_cupys_helpers(tmp_path: Path) -> None:
    """``srcad emit --standalone`` writes the helpers into the file, with ``cp`` for ``np``."""
    from srcad.bundle import bundled

    args = U.copy(), np.array([1, 0, 1, 1]), np.array([2.0, 3.0, 5.0, 7.0])
    f = srcad.differentiate(written_twice, argnums=(0, 2), backend="cupy")
    text = bundled(f.source_for(*on_device(args), backend="cupy"))
    assert not re.search(r"^(?! *#).*\bnp\.", text, re.M) and "import srcad_runtime" not in text
    space: dict[str, Any] = {}
    exec(text, space)
    value, *bars = space["written_twice_grad"](*on_device(args))
    assert float(value) == written_twice(*args)
    np.testing.assert_array_equal(bars[1].host, srcad.grad(written_twice, 2, backend="numpy")(*args))


def test_shared_memory_is_refused(cupy: Any) -> None:
    u = stand_in_cupy.ndarray(U.copy())
    with pytest.raises(ValueError, match="shares memory"):
        srcad.grad(lambda a, b: steps(a, 0.1) + np.sum(b))(u, u[1:])
