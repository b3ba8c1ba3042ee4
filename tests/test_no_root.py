"""What a solver returns when it gives up has no derivative by its equation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

import srcad


def away_from_the_root(a, b):
    def equations(v):
        return np.array([v[0] ** 2 + b * v[1] - a, v[1] ** 3 + v[0] - b])

    return optimize.root(equations, np.array([1.0, 0.5]), tol=1e-13).x[0]


def one_step_to_the_minimum(a, b):
    return optimize.minimize(lambda v: np.sum((v - a) ** 4) + b * v[0] ** 2, np.array([5.0]), options={"maxiter": 1}).x[
        0
    ]


def without_a_root(a, b):
    return optimize.fsolve(lambda v: v**2 + a * b, 1.0)[0]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("f", [away_from_the_root, one_step_to_the_minimum, without_a_root])
def test_it_is_an_error_of_the_gradient_and_nan_as_a_tangent(f) -> None:
    with pytest.raises(ValueError, match="did not converge"):
        srcad.grad(f, backend="numpy")(1.5, 0.8)
    value, slope = srcad.jvp(f, (1.5, 0.8), (1.0, 0.0), backend="numpy")
    assert value == f(1.5, 0.8) and np.isnan(slope)


def test_a_loose_root_is_one() -> None:
    def loose(a):
        return optimize.root(lambda v: v**3 + v - a, np.array([1.0]), tol=1e-2).x[0]

    slope = srcad.grad(loose, backend="numpy")(3.0)
    assert slope == pytest.approx(1.0 / (3.0 * loose(3.0) ** 2 + 1.0))
