"""Where a derivative does not exist: the manual's one table, on every backend."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from srcad_runtime import functional

import srcad

nan, inf = np.nan, np.inf
GAPS = np.array([1.3, nan, 2.2])

# (name, function, point, derivative); a function of an array is differentiated as a whole
TABLE: list[tuple[str, Any, Any, Any]] = [
    ("sqrt(0)", lambda x: np.sqrt(x), 0.0, inf),
    ("sqrt(x*x) at 0", lambda x: np.sqrt(x * x), 0.0, nan),
    ("abs(0)", lambda x: np.abs(x), 0.0, 0.0),
    ("builtin abs(0)", lambda x: abs(x), 0.0, 0.0),
    ("maximum(x, 0) at 0", lambda x: np.maximum(x, 0.0), 0.0, 0.5),
    ("minimum(x, 0) at 0", lambda x: np.minimum(x, 0.0), 0.0, 0.5),
    ("ties of max", lambda x: np.max(x), np.array([1.0, 3.0, 3.0]), [0.0, 0.5, 0.5]),
    ("ties of min", lambda x: np.min(x), np.array([1.0, 1.0, 3.0, 1.0]), [1 / 3, 1 / 3, 0.0, 1 / 3]),
    ("builtin max of two", lambda x: max(x, 2.0), 2.0, 0.5),
    ("builtin min of two", lambda x: min(x, 2.0), 2.0, 0.5),
    ("relu(0)", lambda x: functional.relu(x), 0.0, 0.0),
    ("x**0.0 at 0", lambda x: x**0.0, 0.0, 0.0),
    ("x**2.5 at 0", lambda x: x**2.5, 0.0, 0.0),
    ("norm at 0", lambda x: np.linalg.norm(x), np.zeros(3), [0.0, 0.0, 0.0]),
    ("std of a constant", lambda x: np.std(x), np.full(3, 2.0), [0.0, 0.0, 0.0]),
    ("log(1+exp(1000))", lambda x: np.log(1.0 + np.exp(x)), 1000.0, 1.0),
    ("clip at the lower bound", lambda x: np.clip(x, -1.0, 1.0), -1.0, 1.0),
    ("clip at the upper bound", lambda x: np.clip(x, -1.0, 1.0), 1.0, 1.0),
    ("prod([0, 2])", lambda x: np.prod(x), np.array([0.0, 2.0]), [2.0, 0.0]),
    ("arctan2(0, 0)", lambda x: np.arctan2(x, 0.0), 0.0, 0.0),
    ("sinc(0)", lambda x: np.sinc(x), 0.0, 0.0),
    ("where(x > 0, sqrt(x), 0) at 0", lambda x: np.where(x > 0, np.sqrt(x), 0.0)[0], np.zeros(1), [0.0]),
    ("where, with a temporary", lambda x: _guarded(x), np.array([0.0, 4.0]), [0.0, 0.25]),
    ("empty sum", lambda x: np.sum(x), np.zeros(0), np.zeros(0)),
    ("max_pool ties", lambda x: _pooled(x), np.ones(4).reshape(1, 1, 2, 2), [[[[1.0, 0.0], [0.0, 0.0]]]]),
    ("nansum of squares", lambda x: np.nansum(x * x), GAPS, [2.6, 0.0, 4.4]),
    ("nansum of sines", lambda x: np.nansum(np.sin(x)), GAPS, [np.cos(1.3), 0.0, np.cos(2.2)]),
    ("nanmean of a quotient", lambda x: np.nanmean(1.0 / x), GAPS, [-0.5 / 1.69, 0.0, -0.5 / 4.84]),
    ("nanmax of squares", lambda x: np.nanmax(x * x), GAPS, [0.0, 0.0, 4.4]),
    ("nanmedian of squares", lambda x: np.nanmedian(x * x), GAPS, [1.3, 0.0, 2.2]),
    ("nanpercentile of squares", lambda x: np.nanpercentile(x * x, 25), GAPS, [1.95, 0.0, 1.1]),
    ("nanvar of squares", lambda x: np.nanvar(x * x), GAPS, [-1.3 * 3.15, 0.0, 2.2 * 3.15]),
    ("nancumsum of squares", lambda x: np.nancumsum(x * x)[2], GAPS, [2.6, 0.0, 4.4]),
    ("nansum of a temporary", lambda x: _without_gaps(x), GAPS, [np.cos(1.3), 0.0, np.cos(2.2)]),
    ("where tests a temporary", lambda x: _tested_gaps(x), GAPS, [np.cos(1.3), 0.0, np.cos(2.2)]),
]


def _without_gaps(x: Any) -> Any:
    sines = np.sin(x)
    return np.nansum(sines)


def _tested_gaps(x: Any) -> Any:
    sines = np.sin(x)
    return np.sum(np.where(np.isnan(sines), 0.0, sines))


def _guarded(x: Any) -> Any:
    root = np.sqrt(x)
    return np.sum(np.where(x > 0, root, 0.0))


def _pooled(x: Any) -> Any:
    return np.sum(functional.max_pool2d(x, 2))


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("name, f, at, expected", TABLE, ids=[row[0] for row in TABLE])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_reverse_mode(backend: str, name: str, f: Any, at: Any, expected: Any) -> None:
    found = srcad.grad(f, backend=backend)(at)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name, f, at, expected", TABLE, ids=[row[0] for row in TABLE])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_forward_mode(name: str, f: Any, at: Any, expected: Any) -> None:
    """A pushforward along each unit vector gives the same numbers."""
    at = np.asarray(at) if np.ndim(at) else at
    found = []
    for k in range(np.size(at)):
        unit = np.zeros(np.shape(at))
        unit.flat[k] = 1.0
        found.append(srcad.jvp(f, (at,), (unit if np.ndim(at) else 1.0,), backend="numpy")[1])
    np.testing.assert_allclose(np.reshape(found, np.shape(at)), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_x_to_the_x(backend: str) -> None:
    found = srcad.grad(lambda x: x**x, backend=backend)(0.0)
    assert found == -inf or np.isnan(found)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_empty_maximum(backend: str) -> None:
    with pytest.raises(ValueError) as expected:
        np.max(np.zeros(0))
    with pytest.raises(ValueError) as found:
        srcad.grad(lambda x: np.max(x), backend=backend)(np.zeros(0))
    assert str(found.value) == str(expected.value)
