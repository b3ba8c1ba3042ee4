"""Short ways of `vjp`, `jvp`, `hvp` and of calls with keywords: the third call answers as the first would have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcad
from srcad.binding import binder
from tests.test_fastpath import same

X, Y = np.array([0.3, 0.7, 1.1]), np.array([1.0, -2.0, 0.5])
RATE = 2.0


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SRCAD_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "cache"))


def product(a: Any, b: Any) -> Any:
    return np.sum(np.sin(a) * b * b) * RATE


def nested(p: Any, a: Any) -> Any:
    return {"u": p["w"] * a * p["b"][0], "n": 3, "s": np.sum(p["w"]) * p["b"][1]}


def with_aux(a: Any, b: Any) -> Any:
    return np.sum(a * b), {"a": a * 2.0, "tag": "t"}


def fills(out: Any, a: Any, k: float) -> None:
    out[:] = np.cos(a) * k


def keyword(a: Any, *, scale: float = 1.0, how: str = "plain") -> Any:
    return np.sum(a * a) * scale if how == "plain" else np.sum(a) * scale


def scalar(a: float, n: int) -> float:
    return a**n


def pulled(f: Callable[..., Any], *primals: Any, bar: Any, **options: Any) -> Any:
    out, pull, *aux = srcad.vjp(f, *primals, **options)
    return (out, pull(bar), *aux)


P, Q = {"w": X, "b": (2.0, 3.0)}, {"w": Y, "b": (0.5, -1.0)}
ONES = np.ones(3)
CALLS: dict[str, tuple[Any, list[Callable[[str], Any]]]] = {
    "jvp": (
        product,
        [
            lambda b: srcad.jvp(product, (X, Y), (Y, Y), backend=b),
            lambda b: srcad.jvp(product, (X, Y), (X, Y), backend=b),
            lambda b: srcad.jvp(product, (Y, X), (X.astype(np.float32), np.arange(3)), backend=b),
            lambda b: srcad.jvp(product, (X, Y), (Y[::-1], Y), backend=b),
        ],
    ),
    "jvp of one": (product, [lambda b: srcad.jvp(product, (X, Y), (None, X), backend=b)]),
    "jvp of containers": (
        nested,
        [
            lambda b: srcad.jvp(nested, (P, X), (Q, Y), backend=b),
            lambda b: srcad.jvp(nested, (P, X), ({"w": None, "b": (1.0, None)}, Y), backend=b),
            lambda b: srcad.jvp(nested, (P, X), ({"w": X, "b": (1.0, 2.0)}, X), backend=b),
            lambda b: srcad.jvp(nested, (P, X), ({"w": None, "b": None}, X), backend=b),
        ],
    ),
    "jvp with aux": (with_aux, [lambda b: srcad.jvp(with_aux, (X, Y), (Y, X), has_aux=True, backend=b)]),
    "jvp of what it fills": (
        fills,
        [
            lambda b: srcad.jvp(fills, (X, Y, 2.0), (None, X, 1.0), backend=b),
            lambda b: srcad.jvp(fills, (Y, X, 3.0), (None, Y, 2.0), outputs=["out"], backend=b),
        ],
    ),
    "jvp of numbers": (
        scalar,
        [
            lambda b: srcad.jvp(scalar, (1.3, 3), (1.0, None), backend=b),
            lambda b: srcad.jvp(scalar, (1.4, 3), (np.float64(2.0), None), backend=b),
            lambda b: srcad.jvp(scalar, (1.4, 2), (2, None), backend=b),
        ],
    ),
    "jvp with keywords": (
        keyword,
        [
            lambda b: srcad.jvp(keyword, (X,), (Y,), kwargs={"scale": 3.0}, backend=b),
            lambda b: srcad.jvp(keyword, (X,), (Y,), kwargs={"scale": 4.0, "how": "sum"}, backend=b),
        ],
    ),
    "hvp": (
        product,
        [
            lambda b: srcad.hvp(product, (X, Y), (Y, Y), backend=b),
            lambda b: srcad.hvp(product, (X, Y), (X, Y), backend=b),
            lambda b: srcad.hvp(product, (X, Y), (None, Y), backend=b),
        ],
    ),
    "hvp of one": (
        product,
        [
            lambda b: srcad.hvp(product, (X, Y), (Y,), argnums=0, backend=b),
            lambda b: srcad.hvp(product, (X, Y), (Y, None), argnums=0, backend=b),
            lambda b: srcad.hvp(product, (X, Y), [X], argnums=["b"], backend=b),
            lambda b: srcad.hvp(product, (X, Y), Y, argnums=0, backend=b),
        ],
    ),
    "hvp with integers": (scalar, [lambda b: srcad.hvp(scalar, (1.3, 3), (1.0, None), backend=b)]),
    "vjp": (
        product,
        [
            lambda b: pulled(product, X, Y, bar=1.0, backend=b),
            lambda b: pulled(product, Y, X, bar=2, backend=b),
            lambda b: pulled(product, X[::-1], Y, bar=2.0, backend=b),
        ],
    ),
    "vjp of one": (product, [lambda b: pulled(product, X, Y, bar=1.5, argnums="b", backend=b)]),
    "vjp of containers": (
        nested,
        [
            lambda b: pulled(nested, P, X, bar={"u": Y, "n": None, "s": 2.0}, backend=b),
            lambda b: pulled(nested, Q, Y, bar={"u": X, "n": 0, "s": 1.0}, backend=b),
        ],
    ),
    "vjp with aux": (with_aux, [lambda b: pulled(with_aux, X, Y, bar=1.0, has_aux=True, backend=b)]),
    "vjp of what it fills": (fills, [lambda b: pulled(fills, X, Y, 2.0, bar=ONES, backend=b)]),
}


def forget(f: Any) -> None:
    binder(f).shortcuts.clear()
    binder(f).uses.clear()


@pytest.mark.parametrize("name", CALLS)
def test_products(name: str) -> None:
    f, calls = CALLS[name]
    forget(f)
    long = []
    for call in calls:
        long.append(call("numpy"))
        forget(f)
    for _ in range(3):
        for call, expected in zip(calls, long, strict=True):
            same(call("numpy"), expected)
    assert binder(f).shortcuts, "no short way"


def test_compiled() -> None:
    for name in ("jvp", "hvp", "vjp"):
        f, calls = CALLS[name]
        long = calls[0]("numba")
        for _ in range(3):
            found = calls[0]("numba")
        assert any("numba" in shape for shape in binder(f).shortcuts)
        same(found, long)


def test_captured_values_are_read_at_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    _, calls = CALLS["jvp"]
    out = [calls[0]("numpy")[1] for _ in range(4)]
    monkeypatch.setitem(product.__globals__, "RATE", 4.0)
    assert calls[0]("numpy")[1] == 2.0 * out[-1]
    assert CALLS["vjp"][1][0]("numpy")[0] == pytest.approx(4.0 * np.sum(np.sin(X) * Y * Y), rel=1e-15)


def test_mistakes_are_named_by_the_short_way_too() -> None:
    for _ in range(4):
        srcad.jvp(product, (X, Y), (Y, Y), backend="numpy")
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        srcad.jvp(product, (X, Y), (Y, Y[:2]), backend="numpy")
    with pytest.raises(TypeError, match="differentiable arguments are floating-point"):
        srcad.jvp(scalar, (1.0, 2), (1.0, 1.0), backend="numpy")
    with pytest.raises(ValueError, match="2 primals and 1 tangents"):
        srcad.jvp(product, (X, Y), (Y,), backend="numpy")


def test_a_pull_of_the_short_way_does_not_see_later_writes() -> None:
    for _ in range(3):
        a, b = X.copy(), Y.copy()
        _, pull = srcad.vjp(product, a, b, backend="numpy")
        expected = srcad.grad(product, (0, 1), backend="numpy")(a, b)
        a[:], b[:] = 7.0, 8.0
        np.testing.assert_array_equal(pull(1.0), expected)
        np.testing.assert_array_equal(pull(1.0), expected)


def test_results_are_nobodys_memory() -> None:
    def identity(a: Any) -> Any:
        return a

    tangent = ONES.copy()
    for _ in range(4):
        assert not np.shares_memory(srcad.jvp(identity, (X,), (tangent,), backend="numpy")[1], tangent)


def test_keywords_of_gradients() -> None:
    g = srcad.grad(keyword, backend="numpy")
    for scale in (1.0, 2.0, 3.0, 4.0):
        np.testing.assert_allclose(g(X, scale=scale), 2.0 * X * scale, rtol=1e-15)
        np.testing.assert_allclose(g(X, scale=scale, how="sum"), ONES * scale, rtol=1e-15)
        np.testing.assert_allclose(g(X, how="sum", scale=scale), ONES * scale, rtol=1e-15)
        np.testing.assert_allclose(g(a=X, scale=scale), 2.0 * X * scale, rtol=1e-15)
    assert {shape for shape in g.shortcuts if isinstance(shape, tuple)} >= {(1, "scale"), (1, "how", "scale")}
    with pytest.raises(TypeError, match="unexpected keyword argument 'q'"):
        g(X, q=1.0)


def test_a_function_whose_defaults_change_is_looked_at_again() -> None:
    def f(a: Any, k: float = 2.0) -> Any:
        return a * k

    assert srcad.jvp(f, (1.0,), (1.0,), backend="numpy")[1] == 2.0
    f.__defaults__ = (5.0,)
    assert srcad.jvp(f, (1.0,), (1.0,), backend="numpy")[1] == 5.0
