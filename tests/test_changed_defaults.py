"""Defaults that are changed between two calls are noticed, in the short way and in the long one."""

from __future__ import annotations

import numpy as np
import pytest

import srcad


@pytest.mark.parametrize("make", [srcad.grad, srcad.jacfwd, srcad.hessian])
@pytest.mark.parametrize("calls", [1, 4])
def test_changed_defaults(make, calls) -> None:
    def f(x, power=2.0, *, factor=1.0):
        return np.sum(x**power) * factor

    derived, x = make(f, backend="numpy"), np.array([0.5, 2.0])
    first = [derived(x) for _ in range(calls)][-1]
    f.__defaults__ = (3.0,)
    np.testing.assert_allclose(derived(x), make(lambda x: np.sum(x**3.0), backend="numpy")(x))
    f.__kwdefaults__ = {"factor": 2.0}
    for _ in range(calls):
        np.testing.assert_allclose(derived(x), make(lambda x: 2.0 * np.sum(x**3.0), backend="numpy")(x))
    f.__defaults__, f.__kwdefaults__ = (2.0,), {"factor": 1.0}
    np.testing.assert_array_equal(derived(x), first)
