"""`minimize` over nested parameters with every kind of method."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import complex_step
import numpy as np
import pytest
from srcad_runtime import scipy_bridge, trees

optimize = pytest.importorskip("scipy.optimize")


class Point(NamedTuple):
    x: Any
    rest: Any


def rosenbrock(p: Any, a: float = 1.0) -> Any:
    x = np.stack([p.x, p.rest["y"][0], p.rest["y"][1]])
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (a - x[:-1]) ** 2)


def start() -> Point:
    return Point(-0.5, {"y": np.array([0.8, 0.6])})


@pytest.fixture
def without_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def hvp(loss: Any, params: Any, direction: Any, args: Any, backend: str) -> Any:
        gradient, h = complex_step.value_and_grad(loss), 1e-5
        ahead, behind = (trees.map(lambda p, v, s=s: p + s * h * v, params, direction) for s in (1, -1))
        pairs = gradient(ahead, *args)[1], gradient(behind, *args)[1]
        return trees.map(lambda a, b: (a - b) / (2 * h), *pairs)

    monkeypatch.setattr(scipy_bridge, "_value_and_grad", lambda loss, backend: complex_step.value_and_grad(loss))
    monkeypatch.setattr(scipy_bridge, "_hvp", hvp)


METHODS = ["L-BFGS-B", "BFGS", "CG", "Newton-CG", "TNC", "SLSQP", "trust-ncg", "trust-krylov", "trust-exact", "dogleg",
           "trust-constr", "Nelder-Mead", "Powell", "COBYQA"]  # fmt: skip


@pytest.mark.usefixtures("without_compiler")
@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_the_valley(method: str) -> None:
    # a dogleg needs a positive definite Hessian all along
    first = start() if method != "dogleg" else Point(0.9, {"y": np.array([0.8, 0.6])})
    result = scipy_bridge.minimize(
        rosenbrock, first, method=method, options={"maxfun" if method == "TNC" else "maxiter": 2000}
    )
    assert isinstance(result.params, Point) and isinstance(result.params.x, float)
    np.testing.assert_allclose([result.params.x, *result.params.rest["y"]], 1.0, atol=2e-3)
    assert first.rest["y"][0] == 0.8


@pytest.mark.usefixtures("without_compiler")
def test_gradients_cost_no_extra_calls() -> None:
    result = scipy_bridge.minimize(rosenbrock, start(), (1.0,), maxiter=500, ftol=1e-12)
    assert result.success and result.nfev < 60
    assert scipy_bridge.minimize(rosenbrock, start(), (1.0,), maxiter=2).nit == 2


@pytest.mark.usefixtures("without_compiler")
def test_limits_and_callback() -> None:
    seen: list[Any] = []
    upper = Point(0.5, {"y": np.array([np.inf, np.inf])})
    result = scipy_bridge.minimize(rosenbrock, start(), lower=-2.0, upper=upper, callback=seen.append)
    assert result.params.x == 0.5 and isinstance(seen[0], Point)
    with pytest.raises(ValueError, match="not both"):
        scipy_bridge.minimize(rosenbrock, start(), lower=0.0, bounds=[(0, 1)] * 3)
    with pytest.raises(ValueError, match="trees differ"):
        scipy_bridge.minimize(rosenbrock, start(), lower=[0.0])


def test_vector_round_trip() -> None:
    @dataclasses.dataclass
    class Model:
        w: Any
        b: Any

    params = Model(np.arange(6.0, dtype=np.float32).reshape(2, 3), [np.array(7.0), 8.0])
    vector = scipy_bridge.Vector(params)
    np.testing.assert_array_equal(vector.start, np.arange(9.0)[[0, 1, 2, 3, 4, 5, 7, 8]])
    back = vector.tree(vector.start)
    assert isinstance(back, Model) and back.w.dtype == np.float32 and back.w.shape == (2, 3)
    assert back.b[0].shape == () and isinstance(back.b[1], float)


def test_refusals() -> None:
    with pytest.raises(TypeError, match=r"params\['n'\] is of int64"):
        scipy_bridge.minimize(rosenbrock, {"n": np.arange(3)})
    with pytest.raises(ValueError, match="no parameters"):
        scipy_bridge.minimize(rosenbrock, {})


def bowl(p: Any, centre: Any) -> Any:
    return np.sum(np.cosh(p["w"] - centre)) + (p["b"] - 1.0) ** 2


@pytest.mark.parametrize("method", ["L-BFGS-B", "Newton-CG"])
def test_with_srcad(method: str) -> None:
    centre = np.array([0.5, -0.25])
    result = scipy_bridge.minimize(bowl, {"w": np.zeros(2), "b": 0.0}, (centre,), method, backend="numpy")
    np.testing.assert_allclose(result.params["w"], centre, atol=1e-4)
    np.testing.assert_allclose(result.params["b"], 1.0, atol=1e-4)
