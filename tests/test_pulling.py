"""`vjp`: one forward sweep, any number of reverse sweeps, whatever becomes of the caller's arrays in between."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcad
from srcad.binding import binder
from tests.test_directions import FUNCTIONS, M, X, close, in_jax, jax, jnp


def seeds(value: Any, times: int) -> list[Any]:
    rng = np.random.default_rng(5)
    return [jax.tree_util.tree_map(lambda leaf: rng.normal(size=np.shape(leaf)), value) for _ in range(times)]


def is_split(f: Callable[..., Any]) -> bool:
    """Whether the last `vjp` of f kept what the forward sweep found."""
    return any(shape[0] == "vjp" for shape in binder(f).shortcuts)


@pytest.mark.parametrize("f", FUNCTIONS)
def test_against_jax(f: Callable[..., Any]) -> None:
    pulls = []
    for _ in range(3):
        x = X.copy()
        value, pull = srcad.vjp(f, x, backend="numpy")
        pulls.append(pull)
        wanted, theirs = jax.vjp(in_jax(f), X)
        close(value, wanted)
        x[:] = 7.0  # nor is it the caller's business what is kept
        for leaf in jax.tree_util.tree_leaves(value):
            leaf[...] = -3.0
    for pull, seed in itertools.product(pulls, seeds(wanted, 2)):
        close(pull(seed), theirs(jax.tree_util.tree_map(jnp.asarray, seed)))
    assert is_split(f)


@pytest.mark.parametrize("f", [f for f in FUNCTIONS if f.__name__ in ("recurrence", "overwritten", "settled")])
def test_compiled(f: Callable[..., Any]) -> None:
    for _ in range(3):
        x = X.copy()
        value, pull = srcad.vjp(f, x, backend="numba")
        _, theirs = jax.vjp(in_jax(f), X)
        x[:] = value[:] = 7.0
        for seed in seeds(np.ones(np.shape(value)), 2):
            close(pull(seed), theirs(seed))
    assert is_split(f)


def test_a_number_of_several_arguments_in_containers() -> None:
    def cost(p, x, n, power=2):
        return np.sum((p["w"] @ x + p["b"][0]) ** power) * n

    p = {"w": M, "b": [0.5, 1.0], "name": "layer"}
    for _ in range(4):
        value, pull = srcad.vjp(cost, p, X, 3, kwargs={"power": 2}, backend="numpy")
        for seed in (1.0, np.float64(2.0), 3):
            g, x_bar, none = pull(seed)
            r = 2.0 * (M @ X + 0.5) * 3 * seed
            close((g["w"], g["b"][0], g["b"][1], x_bar), (np.outer(r, X), r.sum(), 0.0, M.T @ r))
            assert none is None and g["name"] is None
    assert srcad.vjp(cost, p, X, 3, argnums=1, backend="numpy")[1](1.0).shape == (4,)


def test_forms_of_cotangents_behind_the_short_way() -> None:
    def f(x):
        return np.sin(x) * x[0]

    for size in (4, 4, 4, 6):
        x = np.linspace(0.1, 0.9, size)
        _, pull = srcad.vjp(f, x, backend="numpy")
        seed = np.linspace(-1.0, 1.0, 2 * size)[::2]
        (wanted,) = jax.vjp(lambda x: jnp.sin(x) * x[0], x)[1](seed)
        for given in (seed, seed.astype(">f8"), seed.tolist()):
            close(pull(given), (wanted,))
        close(pull(None), (np.zeros(size),))
        with pytest.raises(ValueError, match="shape"):
            pull(np.ones(size + 1))
        kept = seed.copy()
        pull(kept)[0][:] = 1.0
        np.testing.assert_array_equal(kept, seed)


def test_the_function_runs_once(capsys: pytest.CaptureFixture[str]) -> None:
    def telling(x):
        print("run")
        return np.tanh(x) * x

    for k in range(1, 4):
        _, pull = srcad.vjp(telling, X, backend="numpy")
        first = pull(np.ones(4))[0].copy()
        pull(np.ones(4))[0][:] = 0.0
        np.testing.assert_array_equal(pull(np.ones(4))[0], first)
        assert capsys.readouterr().out.count("run") == 1, k


def test_lists_that_hold_the_callers_arrays() -> None:
    def blended(a, b):
        kept = []
        for k in range(3):
            kept.append(a if k % 2 else b)
            a = a * b
        return kept[0] * kept[1] + a * kept[2]

    for _ in range(4):
        a, b = X.copy(), X + 2.0
        value, pull = srcad.vjp(blended, a, b, backend="numpy")
        wanted, theirs = jax.vjp(blended, X, X + 2.0)
        close(value, wanted)
        a[:] = b[:] = value[:] = 9.0
        close(pull(X), theirs(X))
        close(pull(X), theirs(X))


def test_arrays_under_two_names_are_run_again() -> None:
    def turns(u, v):
        for _ in range(3):
            u, v = v, u
            u[0] = u[0] * v[1]
        return u * v

    def in_jax(u, v):
        for _ in range(3):
            u, v = v, u
            u = u.at[0].set(u[0] * v[1])
        return u * v

    for _ in range(3):
        u, v = X.copy(), X + 1.0
        _, pull = srcad.vjp(turns, u, v, backend="numpy")
        u[:] = v[:] = 0.0
        theirs = jax.vjp(in_jax, X, X + 1.0)[1]
        close(pull(X), theirs(X))
        close(pull(X), theirs(X))
