"""extremes: the larger of two numbers as NumPy finds it, NaN, infinities and single precision included."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from srcad_runtime import extremes

PLACES = (0, 3, 8, 30)


@njit
def largest(x, found):
    for value in x:
        found = extremes.larger(found, value)
    return found


@njit
def smallest(x, found):
    for value in x:
        found = extremes.smaller(found, value)
    return found


def numbers(kind):
    x = np.random.default_rng(1).standard_normal(31).astype(kind)
    yield x
    for special in (np.nan, np.inf, -np.inf):
        for place in PLACES:
            yield np.concatenate([x[:place], np.array([special], kind), x[place + 1 :]])
    yield np.full(5, np.nan, kind)
    yield np.array([0.0, -0.0, 0.0], kind)


@pytest.mark.parametrize("kind", ["float64", "float32"])
@pytest.mark.parametrize("fns", [(largest, np.max), (smallest, np.min)], ids=["largest", "smallest"])
def test_as_numpy(fns, kind: str) -> None:
    compiled, numpys = fns
    for x in numbers(kind):
        for found in (compiled(x, x[0]), compiled.py_func(x, x[0])):
            np.testing.assert_array_equal(found, numpys(x))
    assert compiled.nopython_signatures[-1].return_type.name == kind


def test_by_a_test_where_llvm_is_older(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extremes, "_LLVM_OF_LANES", 10**6)
    fresh = njit(largest.py_func)
    for x in numbers("float64"):
        np.testing.assert_array_equal(fresh(x, x[0]), np.max(x))
    assert "llvm.maximum" not in "".join(fresh.inspect_llvm().values())


def test_mixed_precision_is_double() -> None:
    assert largest(np.array([1.5, 2.5], np.float32), np.float64(2.25)) == 2.5
    assert largest.nopython_signatures[-1].return_type.name == "float64"
