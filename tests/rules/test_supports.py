"""Functions of distributions outside of their supports, where they are constant: against SciPy's own differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcad
from srcad.rules.registry import RuleSet
from srcad.rules.supports import Supported
from tests.rules.calls import run
from tests.rules.test_elementwise import RULES, points, value_and_partials

SUPPORTED = {path: rule for path, rule in RULES.items() if isinstance(rule.partials, Supported)}
MASKED = [
    path for path in SUPPORTED if path.endswith((".lognorm.pdf", ".weibull_min.sf", ".pareto.cdf", ".beta.logpdf"))
]
STEP = 1e-5


def beyond(rule: RuleSet, z: float) -> tuple[Any, ...]:
    """Arguments of the rule's domain with the point z scales from loc, or a count of z."""
    assert isinstance(rule.partials, Supported)
    first, *rest = points(rule)[0]
    return (rest[-2] + z * rest[-1] if "scale" in rule.params else z, *rest)


def function(rule: RuleSet) -> tuple[Callable[..., Any], tuple[str, ...]]:
    """The sum over points, of all but those at which the value is -inf."""
    names = ", ".join(rule.params)
    text = f"def f({names}):\n    v = {rule.path}({names})\n    return np.sum(np.where(v > -np.inf, v, 0.0) * 1.3)\n"
    return run(text), rule.params


def arguments(rule: RuleSet) -> tuple[Any, ...]:
    """Arguments with an array of all points beyond and two inside."""
    assert isinstance(rule.partials, Supported)
    inside = points(rule)
    smooth = [
        z for z in rule.partials.support.beyond if z or not rule.path.endswith(".logpdf")
    ]  # -inf at loc, not near
    columns = [beyond(rule, z)[0] for z in smooth]
    return (np.array([inside[0][0], *columns, inside[0][0]], float), *inside[0][1:])


def slopes(f: Callable[..., Any], args: tuple[Any, ...], k: int) -> Any:
    """Differences of `f` by the parts of argument k."""
    x = np.asarray(args[k], float)
    found = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        low, high = x.copy(), x.copy()
        low[place] -= STEP
        high[place] += STEP
        found[place] = (f(*args[:k], high[()], *args[k + 1 :]) - f(*args[:k], low[()], *args[k + 1 :])) / (2.0 * STEP)
    return found[()]


@pytest.mark.parametrize("path", SUPPORTED)
def test_nothing_changes_beyond(path: str) -> None:
    rule = SUPPORTED[path]
    assert isinstance(rule.partials, Supported)
    for z in rule.partials.support.beyond:
        out, partials = value_and_partials(rule, beyond(rule, z))
        assert out in (0.0, 1.0, -np.inf)
        for partial in partials:
            assert partial == 0.0


def check(rule: RuleSet, args: tuple[Any, ...], backend: str) -> None:
    f, names = function(rule)
    active = tuple(names.index(name) for name in rule.wrt)
    value, bars = srcad.value_and_grad(f, argnums=active, backend=backend)(*args)
    np.testing.assert_allclose(value, f(*args), rtol=1e-12)
    dots = tuple(np.ones_like(a)[()] if k in active else None for k, a in enumerate(args))
    slope = srcad.jvp(f, args, dots, backend=backend)[1]
    np.testing.assert_allclose(slope, sum(np.sum(b) for b in bars), rtol=1e-10, atol=1e-10)
    for k, bar in zip(active, bars, strict=True):
        np.testing.assert_allclose(bar, slopes(f, args, k), rtol=1e-6, atol=1e-7)
        assert np.shape(bar) == np.shape(args[k]) and np.isrealobj(bar)


@pytest.mark.parametrize("path", SUPPORTED)
def test_sums_with_points_beyond(path: str) -> None:
    rule = SUPPORTED[path]
    check(rule, arguments(rule), "numpy")
    assert isinstance(rule.partials, Supported)
    check(rule, tuple(map(float, beyond(rule, rule.partials.support.beyond[0]))), "numpy")


@pytest.mark.parametrize("path", [pytest.param(p, marks=() if p in MASKED else pytest.mark.slow) for p in SUPPORTED])
def test_compiled(path: str) -> None:
    rule = SUPPORTED[path]
    check(rule, arguments(rule), "numba")
