"""Loops over `srcad.checkpoint`: the same derivatives with less memory, in a two-level loop that can be read."""

from __future__ import annotations

import numpy as np
import pytest

import srcad
from tests.transforms.running import peak


def steps(u, n, every):
    for _ in srcad.checkpoint(range(n), every):
        u = u + 0.1 * np.sin(u) * u
    return np.sum(u)


def all_kept(u, n, every):
    for _ in range(n):
        u = u + 0.1 * np.sin(u) * u
    return np.sum(u)


U = np.linspace(0.1, 0.2, 1000)


@pytest.mark.parametrize("every", [None, 1, 7, 20, 1000])
@pytest.mark.parametrize("n", [0, 1, 19, 20, 21])
def test_the_same_to_the_bit(n: int, every: int | None) -> None:
    for mode in (srcad.grad, lambda f, backend: lambda *a: srcad.hvp(f, a, (np.ones_like(U), None, None))[0]):
        expected = mode(all_kept, backend="numpy")(U, n, every)
        np.testing.assert_array_equal(mode(steps, backend="numpy")(U, n, every), expected)


def test_memory_is_that_of_the_states_kept_and_of_one_stretch() -> None:
    in_whole, in_stretches = (srcad.grad(f, backend="numpy") for f in (all_kept, steps))
    whole, some = peak(lambda: in_whole(U, 100, None)), peak(lambda: in_stretches(U, 100, None))
    assert some < 0.35 * whole


def test_the_text_has_two_levels() -> None:
    f = srcad.differentiate(backend="numpy")(steps)
    f.grad(U, 5, None)
    assert "every = int(max(n, 1) ** 0.5)" in f.source
    assert f.source.count("for chunk in range(") == 2
    assert "u_kept.append(u)" in f.source


def test_every_must_be_a_positive_integer() -> None:
    with pytest.raises(ValueError, match="every=0"):
        srcad.grad(lambda x: sum(x * t for t in srcad.checkpoint(range(3))) + loop(x), backend="numpy")(1.0)


def loop(x):
    for _ in srcad.checkpoint(range(3), every=0):
        x = x * x
    return x


def test_what_prints_prints_once(capsys: pytest.CaptureFixture[str]) -> None:
    def f(x):
        for t in srcad.checkpoint(range(4), every=2):
            print(t)
            x = np.sin(x)
        return x

    srcad.grad(f, backend="numpy")(0.5)
    assert capsys.readouterr().out.split() == ["0", "1", "2", "3"]
