"""Every elementwise rule at points of its domain and at its kinks."""

from __future__ import annotations

import numpy as np
import pytest

from srcad.rules import load_all
from srcad.rules.registry import RuleSet
from tests.rules.support import call_rule, exists, primal_of

RULES = {path: rule for path, rule in load_all().items() if rule.partials and exists(path)}
COMPLEX = [path for path, rule in RULES.items() if "c" in rule.kinds]
KINKS = [(path, point) for path, rule in RULES.items() for point in rule.kinks]
SCALAR_ONLY = ("math.", "cmath.", "builtins.max", "builtins.min", "builtins.float", "builtins.complex", "numpy.random.")


def points(rule: RuleSet, kind: str = "f") -> list[tuple]:
    rng = np.random.default_rng(3)
    assert rule.domain, f"{rule.path}: state domain= with the rule"
    columns = [rng.uniform(low, high, 5) for low, high in rule.domain]
    if kind == "c":
        columns = [c + 1j * rng.uniform(0.1, 0.5, 5) for c in columns]
    columns = [[int(low)] * 5 if low == high else c for c, (low, high) in zip(columns, rule.domain, strict=True)]
    return list(zip(*columns, strict=True))


def value_and_partials(rule: RuleSet, args: tuple) -> tuple:
    bound = rule.bind(args, {})
    out = primal_of(rule)(*args)
    partials = call_rule(rule.partials, bound, out=out)
    partials = partials if isinstance(partials, tuple) else (partials,)
    assert len(partials) == len(rule.wrt)
    return out, partials


def slope(rule: RuleSet, args: tuple, k: int, direction: complex, h: float = 1e-3) -> complex:
    """d/dt of the value for args[k] + t * direction."""

    def f(t: float) -> complex:
        return primal_of(rule)(*args[:k], args[k] + t * direction, *args[k + 1 :])

    return (45 * (f(h) - f(-h)) - 9 * (f(2 * h) - f(-2 * h)) + f(3 * h) - f(-3 * h)) / (60 * h)


@pytest.mark.parametrize("path", [p for p in RULES if p != "numpy.float32"])  # which rounds: no differences
def test_partials(path: str) -> None:
    rule = RULES[path]
    for args in points(rule):
        if path == "builtins.complex":
            args = args[:1]
        _, partials = value_and_partials(rule, args)
        for name, partial in zip(rule.wrt, partials, strict=True):
            k = rule.params.index(name)
            if k < len(args):
                np.testing.assert_allclose(partial, slope(rule, args, k, 1.0), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("path", COMPLEX)
def test_complex_partials(path: str) -> None:
    if path == "builtins.float":
        pytest.skip("float() takes no complex number")
    rule = RULES[path]
    if path.startswith("math."):
        pytest.skip("real numbers only")
    for args in points(rule, "c"):
        out, partials = value_and_partials(rule, args)
        for k in range(min(len(args), len(rule.wrt))):
            for direction in (1.0, 1j):
                expected = slope(rule, args, k, direction)
                dot = partials[k] * direction
                np.testing.assert_allclose(
                    dot if np.iscomplexobj(out) else np.real(dot), expected, rtol=1e-7, atol=1e-9
                )


@pytest.mark.parametrize(("path", "point"), KINKS)
def test_kinks(path: str, point: tuple) -> None:
    rule = RULES[path]
    expected = rule.kinks[point]
    point = point if isinstance(point, tuple) else (point,)
    whole = [low == high for low, high in rule.domain or ()]  # orders
    args = tuple(int(p) if order else np.float64(p) for p, order in zip(point, whole, strict=False))
    expected = expected if isinstance(expected, tuple) else (expected,)
    with np.errstate(all="ignore"):
        try:
            _, partials = value_and_partials(rule, args)
        except (ValueError, ZeroDivisionError):
            pytest.skip("the function itself refuses the point")
    for p, e in zip(partials, expected, strict=True):
        if e is not None:
            np.testing.assert_allclose(p * 1.0, float(e), rtol=1e-15)


@pytest.mark.parametrize("path", [p for p in RULES if not p.startswith(SCALAR_ONLY)])
@pytest.mark.parametrize("layout", ["plain", "strided", "empty", "0-d"])
def test_float32_stays(path: str, layout: str) -> None:
    rule = RULES[path]
    columns = [np.array(c) for c in zip(*points(rule), strict=True)]
    pick = {"plain": slice(None), "strided": slice(None, None, -2), "empty": slice(0), "0-d": 0}[layout]
    args = tuple((c.astype(np.float32) if c.dtype.kind == "f" else c)[pick] for c in columns)
    out, partials = value_and_partials(rule, args)
    for p in partials:
        g = np.ones_like(out) * p
        assert g.dtype == out.dtype, f"{path}: {g.dtype}"
        assert np.shape(g) == np.shape(out)
