"""`vmap` in one generated loop: against the function called item by item, and the short way against the long one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import srcad
from srcad import generate
from tests.test_directions import close, jax

A = np.random.default_rng(2).normal(size=(5, 4))
W = np.array([0.5, 2.0])


def energy(x, w):
    return np.sum(np.sin(x) * x[::-1]) * w[0] + x[0]


def parts(x, w):
    return {"scaled": x * w[1], "more": (np.sum(x), None), "count": 3}


CASES: dict[str, tuple[Any, Any, Any]] = {
    "value": (energy, (0, None), lambda x: energy(x, W)),
    "gradient": (
        srcad.grad(energy),
        (0, None),
        lambda x: (np.cos(x) * x[::-1] + np.sin(x)[::-1]) * W[0] + np.eye(4)[0],
    ),
    "containers": (parts, (0, None), lambda x: parts(x, W)),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_as_item_by_item(case: str, backend: str) -> None:
    f, axes, item = CASES[case]
    batched = srcad.vmap(f, axes, backend=backend)
    for rows in (5, 5, 5, 3):
        wanted = jax.tree_util.tree_map(lambda *items: np.stack(items), *[item(x) for x in A[:rows]])
        found = batched(A[:rows], W)
        close(found, wanted)
        assert [leaf.dtype for leaf in jax.tree_util.tree_leaves(found)] == [
            leaf.dtype for leaf in jax.tree_util.tree_leaves(wanted)
        ]
    assert batched.last is not None and batched.last[1].plan.backend == backend


def test_single_precision_and_integers_keep_their_types() -> None:
    found = srcad.vmap(lambda x, k: (x * 2.0, k + 1), backend="numpy")(A.astype(np.float32), np.arange(5))
    assert found[0].dtype == np.float32 and found[1].dtype == np.int64
    np.testing.assert_array_equal(found[1], np.arange(1, 6))


def test_attributes_are_rebound_for_every_item() -> None:
    class Counter:
        calls = 0

        def f(self, x):
            self.calls += 1
            return x * 2.0

    counter = Counter()
    for k in (1, 2, 3):
        np.testing.assert_array_equal(srcad.vmap(counter.f, backend="numpy")(A), A * 2.0)
        assert counter.calls == 5 * k


def test_what_cannot_be_generated_and_what_is_wrong() -> None:
    def odd(x):
        return np.array([float(f"{v:.3f}") for v in x])

    np.testing.assert_array_equal(srcad.vmap(odd, backend="numpy")(A), np.round(A, 3))

    def wrong(x):
        raise KeyError("here")

    for _ in range(3):
        with pytest.raises(KeyError, match="here"):
            srcad.vmap(wrong, backend="numpy")(A)
    batched = srcad.vmap(energy, (0, None), backend="numpy")
    for _ in range(3):
        batched(A, W)
    with pytest.raises(IndexError):
        batched(A, W[:0])


def test_later_values_of_what_is_captured() -> None:
    scale = np.array([1.0, 2.0, 3.0, 4.0])

    def scaled(x):
        return x * scale

    batched = srcad.vmap(scaled, backend="numpy")
    for k in range(4):
        scale[0] = k
        np.testing.assert_array_equal(batched(A), A * scale)
        np.testing.assert_array_equal(srcad.vmap(scaled, backend="numpy")(A), A * scale)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the compiler is asked for, from now on."""
    asked: list[Any] = []
    original = generate.generated
    monkeypatch.setattr(generate, "generated", lambda *given: (asked.append(given), original(*given))[1])
    return asked


def test_derivatives_of_derivatives_made_anew_share_what_is_generated() -> None:
    def made(argnums: int, backend: str) -> Any:
        return srcad.vmap(srcad.grad(energy, argnums, backend=backend)).__wrapped__

    assert made(0, "numpy") is made(0, "numpy")
    assert len({made(0, "numpy"), made(1, "numpy"), made(0, "numba")}) == 3


def test_what_fails_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = counted(monkeypatch)
    with pytest.raises(TypeError, match="complex"):
        srcad.vmap(srcad.grad(lambda z: z * z, backend="numpy"), backend="numpy")(A[0] + 1j)
    assert len(asked) < 5
