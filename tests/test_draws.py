"""A model's draws leave a generator as the model itself would, whatever is asked of it and however often it runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import srcad


def noisy(mu: Any, rng: np.random.Generator) -> Any:
    s = mu
    for _ in range(3):
        s = s + s * rng.normal(mu, 1.0)
    return s * s


def not_finite(mu: Any, rng: np.random.Generator) -> Any:
    return np.sqrt(rng.normal(mu, 1.0) - 100.0) * rng.normal(mu, 1.0) + 1.0 / (mu - mu)


CALLS = {
    "grad": lambda f, mu, rng, backend: srcad.grad(f, backend=backend)(mu, rng),
    "jvp": lambda f, mu, rng, backend: srcad.jvp(f, (mu, rng), (1.0, None), backend=backend),
    "vjp": lambda f, mu, rng, backend: srcad.vjp(f, mu, rng, backend=backend)[1](1.0),
    "hessian": lambda f, mu, rng, backend: srcad.hessian(f, backend=backend)(mu, rng),
}


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("model", [noisy, not_finite])
@pytest.mark.filterwarnings("ignore")
def test_the_generator_has_moved_on_as_by_one_call(model: Any, call: str, backend: str) -> None:
    mu, plain, ours = np.float64(0.3), np.random.default_rng(4), np.random.default_rng(4)
    model(mu, plain)
    CALLS[call](model, mu, ours, backend)
    assert ours.bit_generator.state == plain.bit_generator.state


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_second_derivatives_see_the_same_draws(backend: str) -> None:
    def fixed(mu: float) -> float:
        return float(noisy(mu, np.random.default_rng(4)))

    h = 1e-4
    expected = (fixed(0.3 + h) - 2.0 * fixed(0.3) + fixed(0.3 - h)) / h**2
    found = srcad.hessian(noisy, backend=backend)(np.float64(0.3), np.random.default_rng(4))
    assert found == pytest.approx(expected, rel=1e-6)


def seeded(mu: Any, sigma: Any, v: Any) -> Any:
    """Numbers that Numba draws itself, among those that it has NumPy draw."""
    rng = np.random.default_rng(7)
    s = mu * rng.normal() + sigma * rng.uniform(1.0, 2.0) + np.sum(rng.normal(v, sigma))
    for k in range(3):
        s = s + rng.exponential(sigma) * rng.standard_normal(2)[k % 2] + rng.random() * v[rng.integers(0, 3)]
    return s + np.sum(v[rng.permutation(3)] * rng.gamma(2.0, sigma, 3)) * rng.normal(mu, sigma)


def test_compiled_code_draws_what_numpy_draws() -> None:
    args = (0.3, 1.2, np.array([0.5, -0.2, 0.9]))
    value, bars = srcad.value_and_grad(seeded, argnums=(0, 1, 2), backend="numba")(*args)
    expected, wanted = srcad.value_and_grad(seeded, argnums=(0, 1, 2), backend="numpy")(*args)
    assert value == expected == seeded(*args)
    for bar, want in zip(bars, wanted, strict=True):
        np.testing.assert_allclose(bar, want, rtol=1e-14)


def by_rejection(a: Any) -> Any:
    return np.random.default_rng(0).beta(a, 2.0)


def places(v: Any) -> Any:
    return np.sum(np.random.default_rng(0).permutation(v)[:2])


@pytest.mark.parametrize(("model", "x"), [(by_rejection, 1.5), (places, np.arange(4.0))])
def test_draws_that_do_not_follow_their_arguments_are_refused(model: Any, x: Any) -> None:
    """Never zero, in either mode."""
    with pytest.raises(srcad.Unsupported, match="by its arguments"):
        srcad.grad(model, backend="numpy")(x)
    with pytest.raises(srcad.Unsupported, match="by its arguments"):
        srcad.jvp(model, (x,), (x,), backend="numpy")
