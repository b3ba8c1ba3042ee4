"""Jacobians and Hessians from one run for all unit vectors: against JAX, and against a run for each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcad
from srcad import directions
from srcad.derived import Derived

jax = pytest.importorskip("jax")
jnp = jax.numpy
jax.config.update("jax_enable_x64", True)

X = np.array([0.3, -0.7, 1.1, 0.4])
M = np.random.default_rng(3).normal(size=(4, 4)) / 3.0


def recurrence(x, n=5):
    y = x[0]
    for i in range(n):
        y = np.sin(y) * x[1] + 0.1 * x[i % 4]
    return np.array([y, y * x[2], 3.0])


def overwritten(x):
    u = x * 2.0
    for i in range(1, 4):
        t = u[i]
        u[i] = u[i - 1] * t + x[i] * x[0]
    return u * x


def swapped(x):
    a, b = x[0], x[1]
    for _ in range(3):
        a, b = b, a * np.cos(b)
    return a * x + b


def stencil(u):
    for _ in range(3):
        u[1:-1] = u[1:-1] + 0.2 * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return u


def settled(x):
    y, k = x, 0
    while np.max(np.abs(y)) > 0.2:
        y = 0.5 * y * np.cos(x)
        k += 1
    return y * k


def branches(x):
    if x[0] > 0.0:
        y = x * x
    else:
        y = np.exp(x)
    y[x < 0.0] *= 3.0
    y[np.array([0, 2])] += x[1]
    return np.where(y > 0.5, np.sqrt(np.abs(y)), y**3)


def layers(x, w=M):
    h = np.tanh(w @ x + x @ w)
    m = np.outer(h, x) @ w + w @ np.outer(x, h).T
    m = m - m.max(axis=1, keepdims=True)
    e = np.exp(m)
    return (e / e.sum(axis=1, keepdims=True))[:, :2]


def solved(x, w=M):
    a = w + 2.0 * np.eye(4)
    z = np.linalg.solve(a, np.stack([x, x * x], axis=1))
    return np.einsum("ij,i->j", z, x), np.concatenate([np.cumsum(x), np.flip(x)]) * z[:, 0].sum(), np.linalg.inv(a * x)


def joined(x):
    rows = np.array([[x[0], x[1] * x[2]], [1.0, np.sin(x[3])]])
    return {"rows": rows @ rows, "mean": np.mean(rows, axis=-1), "turn": np.moveaxis(rows, 0, 1).reshape(-1) * x}


def collected(x):
    kept = []
    for i in range(3):
        kept.append(x[i] * x[i + 1])
    total = 0.0
    for value in kept:
        total = total * 0.5 + value
    return total * x


def in_jax(f: Callable[..., Any]) -> Callable[..., Any]:
    """The same functions, as JAX wants those that write."""
    if f is overwritten:

        def g(x):
            u = x * 2.0
            for i in range(1, 4):
                u = u.at[i].set(u[i - 1] * u[i] + x[i] * x[0])
            return u * x

    elif f is stencil:

        def g(u):
            for _ in range(3):
                u = u.at[1:-1].set(u[1:-1] + 0.2 * (u[2:] - 2.0 * u[1:-1] + u[:-2]))
            return u

    elif f is branches:

        def g(x):
            y = x * x if x[0] > 0.0 else jnp.exp(x)
            y = jnp.where(X < 0.0, 3.0 * y, y).at[jnp.array([0, 2])].add(x[1])
            return jnp.where(y > 0.5, jnp.sqrt(jnp.abs(y)), y**3)

    elif f is settled:

        def g(x):
            y, k, value = x, 0, X
            while np.max(np.abs(value)) > 0.2:
                y, value, k = 0.5 * y * jnp.cos(x), 0.5 * value * np.cos(X), k + 1
            return y * k

    else:

        def g(x):
            return f.__class__(f.__code__, {**f.__globals__, "np": jnp}, f.__name__, f.__defaults__)(x)

    return g


FUNCTIONS = (
    recurrence, overwritten, swapped, stencil, settled, branches, layers, solved, joined, collected,
)  # fmt: skip


def in_one_run(derived: Derived) -> bool:
    kernel = derived.last and derived.last[1]
    return kernel is not None and kernel.plan.entry.endswith("_batch")


def close(found: Any, wanted: Any) -> None:
    pairs = zip(jax.tree_util.tree_leaves(found), jax.tree_util.tree_leaves(wanted), strict=True)
    for a, b in pairs:
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize("mode", ["jacfwd", "jacrev"])
def test_all_columns_or_rows_at_once(f: Callable[..., Any], mode: str) -> None:
    jacobian = getattr(srcad, mode)(f, backend="numpy")
    x = X.copy()
    close(jacobian(x), getattr(jax, mode)(in_jax(f))(X))
    assert np.array_equal(x, X)
    assert in_one_run(jacobian) or (f, mode) == (collected, "jacrev")  # the adjoint of a list of unknown length


@pytest.mark.parametrize("f", [f for f in FUNCTIONS if f not in (settled, branches)])
def test_hessian_at_once(f: Callable[..., Any]) -> None:
    def total(x, f=f, np=np):
        y = f(x)
        parts = y.values() if isinstance(y, dict) else y if isinstance(y, tuple) else (y,)
        return sum([np.sum(part * part) for part in parts])

    hessian = srcad.hessian(lambda x: total(x), backend="numpy")
    close(hessian(X), jax.hessian(lambda x: total(x, in_jax(f), jnp))(X))
    assert in_one_run(hessian) or f is collected


@pytest.mark.parametrize("f", [recurrence, overwritten, swapped, layers])
def test_compiled(f: Callable[..., Any]) -> None:
    for mode in ("jacfwd", "jacrev"):
        jacobian = getattr(srcad, mode)(f, backend="numba")
        close(jacobian(X), getattr(jax, mode)(in_jax(f))(X))
        assert in_one_run(jacobian)


def test_compiled_hessian_of_several_arguments() -> None:
    def cost(w, x):
        return np.sum(np.tanh(w @ x) ** 2) * x[0]

    found = srcad.hessian(cost, (0, 1), backend="numba")(M, X)
    close(found, jax.hessian(lambda w, x: jnp.sum(jnp.tanh(w @ x) ** 2) * x[0], (0, 1))(M, X))


def test_arguments_in_containers_and_single_precision() -> None:
    def model(p, x):
        return {"y": p["w"] @ x * p["b"], "n": 3}, p["w"].sum()

    p = {"w": M[:2].astype(np.float32), "b": np.float32(0.5), "k": 7}
    for make in (srcad.jacfwd, srcad.jacrev):
        found = make(model, backend="numpy")(p, X.astype(np.float32))
        y, total = found[0]["y"], found[1]
        assert y["w"].dtype == y["b"].dtype == np.float32 and y["k"] is None and found[0]["n"] is None
        np.testing.assert_allclose(y["b"], M[:2] @ X, rtol=1e-5)
        np.testing.assert_allclose(y["w"], 0.5 * np.eye(2)[:, :, None] * X, rtol=1e-6)
        np.testing.assert_array_equal(total["w"], np.ones((2, 4)))


def test_the_function_itself_runs_once(capsys: pytest.CaptureFixture[str]) -> None:
    def telling(x):
        print("run")
        return np.sin(x) * x[0]

    for make in (srcad.jacfwd, srcad.jacrev):
        make(telling, backend="numpy")(X)
        assert capsys.readouterr().out.count("run") == 1


@pytest.mark.parametrize("make", [srcad.jacfwd, srcad.jacrev])
def test_results_share_no_memory(make: Callable[..., Derived]) -> None:
    first, second = make(lambda x: (x, x), backend="numpy")(X)
    np.testing.assert_array_equal(first, np.eye(4))
    assert not np.shares_memory(first, second)
    a, b = make(lambda x, y: x * y, (0, 1), backend="numpy")(X, 2.0 * X)
    assert not np.shares_memory(a, b)
    np.testing.assert_array_equal(a, np.diag(2.0 * X))


@pytest.mark.parametrize("make", [srcad.jacfwd, srcad.jacrev])
def test_pieces_of_a_large_jacobian(make: Callable[..., Derived], monkeypatch: pytest.MonkeyPatch) -> None:
    def f(x, y):
        return np.outer(x, y) * x[0], x * y

    whole = make(f, (0, 1), backend="numpy")(X, X + 1.0)
    monkeypatch.setattr(directions, "_MOST_NUMBERS", 1)
    monkeypatch.setattr(directions, "_FEWEST", 3)
    close(make(f, (0, 1), backend="numpy")(X, X + 1.0), whole)


def test_one_by_one_where_what_runs_depends_on_a_direction() -> None:
    def power(x, n):
        return np.ones(4) if n == 0 else power(x, n - 1) * x

    def f(x, n):
        return power(x, n)

    n = np.int64(3)
    close(srcad.jacfwd(f, backend="numpy")(X, n), np.diag(3.0 * X**2))
    close(srcad.jacrev(f, backend="numpy")(X, n), np.diag(3.0 * X**2))


def test_generators_are_drawn_from_once() -> None:
    def noisy(x, rng):
        return x * rng.standard_normal(4)

    for make in (srcad.jacfwd, srcad.jacrev):
        rng, other = np.random.default_rng(1), np.random.default_rng(1)
        close(make(noisy, backend="numpy")(X, rng), np.diag(other.standard_normal(4)))
        assert rng.standard_normal() == other.standard_normal()


SHORT: dict[str, tuple[Callable[..., Any], Any]] = {
    "jacfwd": (lambda x, y, n: np.sin(x) * y[0] * n, (0, 1)),
    "jacrev": (lambda x, y, n: np.sum(x) * y[:n], 0),
    "jacobian": (lambda x, y, n: np.tanh(x[:2]) * y[n], 0),
    "hessian": (lambda x, y, n: np.sum(np.sin(x)) * y[0] ** n, (0, 1)),
}


@pytest.mark.parametrize("mode", SHORT)
def test_the_short_way_gives_the_same(mode: str) -> None:
    f, argnums = SHORT[mode]

    def fresh(*args: Any) -> Any:
        return getattr(srcad, mode)(lambda *args: f(*args), argnums, backend="numpy")(*args)

    derived = getattr(srcad, mode)(f, argnums, backend="numpy")
    y = np.linspace(1.0, 2.0, 3)
    for _ in range(3):
        derived(X, y, 2)
    assert derived.shortcuts
    calls = [(X, y, 2), (X[::-1], y * 2, 2), (np.linspace(0, 1, 7), y, 2), (X.astype(np.float32), y, 2), (X, y[::2], 1)]
    for args in calls * 2:
        first, second = derived(*args), derived(*args)
        close(first, fresh(*args))
        close(second, first)
        for leaf, other in zip(jax.tree_util.tree_leaves(first), jax.tree_util.tree_leaves(second), strict=True):
            assert type(leaf) is np.ndarray and not np.shares_memory(leaf, other)
    with pytest.raises((ValueError, IndexError)):
        derived(X, np.ones((0,)), 2)


def test_the_short_way_of_the_cheaper_mode_is_for_its_sizes() -> None:
    jacobian = srcad.jacobian(lambda x, w: w @ x, backend="numpy")
    for rows in (2, 2, 2, 9, 9, 9, 2, 9):
        w = np.arange(4.0 * rows).reshape(rows, 4)
        np.testing.assert_array_equal(jacobian(X, w), w)
        assert jacobian.last is not None
        assert ("jvp" in jacobian.last[1].plan.entry) == (rows > 4), rows


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("kind", [srcad.jacobian, srcad.jacfwd, srcad.jacrev])
def test_values_and_arguments_of_no_elements(kind: Callable[..., Derived], backend: str) -> None:
    x = np.ones((3, 2))
    assert kind(lambda x: 2.0 * x[:0], backend=backend)(x).shape == (0, 2, 3, 2)
    assert kind(lambda x: 2.0 * x, backend=backend)(x[:0]).shape == (0, 2, 0, 2)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("tangent", [1j, 1j * X])
def test_complex_tangents_inside_a_function(backend: str, tangent: Any) -> None:
    def along(x):
        return np.sum(srcad.jvp(lambda y: y * y, (x,), (tangent,))[1])

    x = X if np.ndim(tangent) else 2.0
    with pytest.raises(TypeError, match="complex, .* is real"):
        srcad.grad(along, backend=backend)(x)
