"""Every pullback and pushforward at the examples stated with it: against differences and against each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from srcad.rules import load_all
from tests.rules.support import Draw, active, adjoints, differences, leaves, pairing, primal_of, tangent, tangent_like

# the parts of what a solver found are constant beside their derivatives: `tests.programs.implicit` runs them whole
MIXING = {p: rule for p, rule in load_all().items() if rule.pullback and not p.startswith("srcad_runtime.implicit.")}
DOUBLE = ("math.", "numpy.interp", "numpy.arange", "srcad_runtime.interp_adjoint")
POINTS = [(path, i) for path, rule in MIXING.items() if rule.examples for i in range(len(rule.examples(Draw())))]


@pytest.mark.parametrize("path", MIXING)
def test_has_points_and_both_modes(path: str) -> None:
    assert MIXING[path].examples, f"{path}: state examples= with the rule"
    assert MIXING[path].modes == ("reverse", "forward")


@pytest.mark.parametrize(("path", "point"), POINTS)
def test_against_differences(path: str, point: int) -> None:
    rule = MIXING[path]
    example = rule.examples(Draw())[point]
    rng = np.random.default_rng(point)
    bound = rule.bind(example.args, example.kwargs)
    out = primal_of(rule)(*example.args, **example.kwargs)
    out_bar = tangent_like(out, rng)
    if rule.outputs and isinstance(out, tuple):
        out_bar = tuple(b if k in rule.outputs else None for k, b in enumerate(out_bar))
    bars = adjoints(rule, bound, out, out_bar)
    assert bars, f"{path}: nothing to differentiate"
    dots = {name: tangent_like(bound[name], rng) for name in active(rule, bound)}
    measured = differences(rule, example, dots)
    predicted = tangent(rule, example, bound, out, dots)
    for k, (m, p) in enumerate(zip(measured, predicted, strict=True)):
        if rule.outputs and k not in rule.outputs and len(measured) > 1:
            continue
        np.testing.assert_allclose(np.broadcast_to(p, np.shape(m)), m, rtol=1e-7, atol=1e-8)
    forward = pairing(leaves(out_bar), predicted)
    reverse = sum(pairing(bars[name], leaves(dots[name])) for name in bars)
    np.testing.assert_allclose(reverse, forward, rtol=1e-12, atol=1e-12)


def narrowed(value: Any) -> Any:
    """The same in single precision; structure, integers and masks untouched."""
    if isinstance(value, (tuple, list)):
        return type(value)(narrowed(v) for v in value)
    dtype = getattr(value, "dtype", None)
    narrow = {"f": np.float32, "c": np.complex64}.get(getattr(dtype, "kind", ""))
    return value if narrow is None else value.astype(narrow)


@pytest.mark.parametrize(("path", "point"), [(p, k) for p, k in POINTS if not p.startswith(DOUBLE)])
def test_single_precision_stays(path: str, point: int) -> None:
    rule = MIXING[path]
    example = rule.examples(Draw())[point]
    args, kwargs = narrowed(example.args), {k: narrowed(v) for k, v in example.kwargs.items()}
    bound = rule.bind(args, kwargs)
    out = primal_of(rule)(*args, **kwargs)
    if any(np.asarray(leaf).dtype in (np.float64, np.complex128) for leaf in leaves(out)):
        pytest.skip("the function itself widens")
    out_bar = narrowed(tangent_like(out, np.random.default_rng(0)))
    for name, bars in adjoints(rule, bound, out, out_bar).items():
        for bar, value in zip(bars, leaves(bound[name]), strict=True):
            if np.asarray(value).dtype in (np.float32, np.complex64):
                assert bar.dtype in (np.float32, np.complex64), f"{path}: adjoint of {name} is {bar.dtype}"


EXPANDED = {path: rule for path, rule in load_all().items() if rule.expansion}
EXPANSIONS = [(path, i) for path, rule in EXPANDED.items() for i in range(len(rule.examples(Draw())))]


@pytest.mark.parametrize(("path", "point"), EXPANSIONS)
def test_expansion_is_exact(path: str, point: int) -> None:
    rule = EXPANDED[path]
    example = rule.examples(Draw())[point]
    got = leaves(rule.expansion(*example.args, **example.kwargs))
    expected = leaves(primal_of(rule)(*example.args, **example.kwargs))
    for g, e in zip(got, expected, strict=True):
        np.testing.assert_array_equal(np.asarray(g), np.asarray(e))
        assert np.shape(g) == np.shape(e) and np.asarray(g).dtype == np.asarray(e).dtype
