"""push: tangents of expressions have their shapes, and the terms of all that moves; compared with differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import special

import srcad
from srcad.errors import Unsupported

S = np.array([0.3, 0.7, 1.2, 0.1])
W = np.array([1.5, 0.4, -0.6, 2.0])
M = np.cos(np.arange(12.0)).reshape(3, 4)


def summed_behind_broadcasting(s):
    return np.sum(W - s[0])


def part_of_what_is_broadcast(s):
    return np.sum((M - s)[1:, 2] * W[:2]) + np.sum((W - s[1])[1:] * W[1:])


def stacked(s):
    return np.sum(np.stack([W - s[0], W * s]) * M[:2])


def unknown_extents(s):
    x = s[s > 0.2]
    y = M[:, S > 0.2]
    return np.sum(y - x) + np.sum(x * x)


def unknown_extents_negated(s):
    x = s[s > 0.2]
    y = M[:, S > 0.2]
    return np.sum(-(y - x)) + np.sum(x * x)


def by_name(s):
    return np.sum(np.roll(a=s * s, shift=1) * W) + np.sum(a=s * W)


def softplus(s):
    return np.sum(np.log1p(np.exp(s * W)) * W) + np.sum(np.logaddexp(0.0, s) * S)


ALL = (
    summed_behind_broadcasting,
    part_of_what_is_broadcast,
    stacked,
    unknown_extents,
    unknown_extents_negated,
    by_name,
    softplus,
)


@pytest.mark.parametrize("f", ALL)
def test_tangents(f: Callable[..., float]) -> None:
    moved = np.sin(np.arange(4.0)) + 0.5
    value, tangent = srcad.jvp(f, (S,), (moved,), backend="numpy")
    h = 1e-6
    assert value == pytest.approx(f(S), rel=1e-14)
    assert tangent == pytest.approx((f(S + h * moved) - f(S - h * moved)) / (2 * h), rel=1e-7)


def test_what_a_rule_says_nothing_of_is_no_constant() -> None:
    def f(q):
        return np.sum(special.jv(q, S))

    with pytest.raises(Unsupported, match="with respect to v"):
        srcad.jvp(f, (0.3,), (1.0,), backend="numpy")
