"""Where a derivative does not exist: the table of the manual, for rules that mix elements."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from srcad.rules import lookup
from tests.rules.support import adjoints, primal_of

POINTS: list[tuple[str, Any, dict[str, Any], Any]] = [
    ("numpy.linalg.norm", np.zeros(3), {}, [0.0, 0.0, 0.0]),
    ("numpy.linalg.norm", np.zeros(3), {"ord": 3}, [0.0, 0.0, 0.0]),
    ("numpy.linalg.norm", np.zeros((2, 2)), {"ord": "fro"}, [[0.0, 0.0], [0.0, 0.0]]),
    ("numpy.std", np.full(3, 2.0), {}, [0.0, 0.0, 0.0]),
    ("numpy.nanstd", np.full(3, 2.0), {}, [0.0, 0.0, 0.0]),
    ("numpy.prod", np.array([0.0, 2.0]), {}, [2.0, 0.0]),
    ("numpy.prod", np.array([0.0, 2.0, 0.0]), {}, [0.0, 0.0, 0.0]),
    ("numpy.max", np.array([1.0, 3.0, 3.0]), {}, [0.0, 0.5, 0.5]),
    ("numpy.min", np.array([2.0, 2.0, 2.0, 5.0]), {}, [1 / 3, 1 / 3, 1 / 3, 0.0]),
    ("numpy.max", np.array([[1.0, 1.0], [0.0, 2.0]]), {"axis": 1}, [[0.5, 0.5], [0.0, 1.0]]),
    ("numpy.ptp", np.array([1.0, 3.0, 3.0]), {}, [-1.0, 0.5, 0.5]),
    ("numpy.sum", np.zeros(0), {}, np.zeros(0)),
    ("numpy.linalg.det", np.zeros((2, 2)), {}, [[0.0, 0.0], [0.0, 0.0]]),
    ("numpy.linalg.det", np.diag([0.0, 3.0]), {}, [[3.0, 0.0], [0.0, 0.0]]),
]


@pytest.mark.parametrize(("path", "a", "kwargs", "expected"), POINTS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_kink(path: str, a: Any, kwargs: dict[str, Any], expected: Any, dtype: Any) -> None:
    rule = lookup(path)
    assert rule
    a = a.astype(dtype)
    out = primal_of(rule)(a, **kwargs)
    bars = adjoints(rule, rule.bind((a,), kwargs), out, np.ones_like(out))
    ((a_bar,),) = bars.values()
    np.testing.assert_allclose(a_bar, expected, rtol=1e-6, atol=1e-6)
    assert a_bar.dtype == dtype


def test_empty_maximum_has_numpys_error() -> None:
    with pytest.raises(ValueError, match="zero-size array"):
        np.max(np.zeros(0))
