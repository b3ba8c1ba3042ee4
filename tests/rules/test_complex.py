"""Complex numbers follow JAX's convention: adjoints and tangents of every complex rule against `jax.vjp` and `jvp`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from srcad.rules import load_all
from srcad.rules.registry import RuleSet
from tests.rules.support import Draw, adjoints, call_rule, leaves, tangent, tangent_like

jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)

RULES = {path: rule for path, rule in load_all().items() if "c" in rule.kinds and path.startswith("numpy.")}
ELEMENTWISE = [path for path, rule in RULES.items() if rule.partials]
# not in jax.numpy, or there with other arguments
ABSENT = ("numpy.linalg.matrix_power", "numpy.asfortranarray", "numpy.ascontiguousarray")
ABSENT += ("numpy.linalg.slogdet",)  # several values
# which read one triangle: JAX takes the Hermitian part of the argument, and shares the adjoint out
TRIANGULAR = ("numpy.linalg.cholesky", "numpy.linalg.eigvalsh")
MIXING = [
    (path, k)
    for path, rule in RULES.items()
    if rule.pullback and rule.examples and path not in ABSENT
    for k, example in enumerate(rule.examples(Draw()))
    if any(np.iscomplexobj(leaf) for leaf in leaves(example.args) if not isinstance(leaf, str))
]


def same_in_jax(path: str) -> Any:
    found: Any = jax.numpy
    for part in path.split(".")[1:]:
        found = getattr(found, part, None)
        if found is None:
            pytest.skip(f"{path} is not in JAX")
    return found


def hermitian(a: np.ndarray) -> np.ndarray:
    return 0.5 * (a + np.conj(a.T))


def near(rule: RuleSet) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(2)
    return tuple(rng.uniform(low, high, 4) + 1j * rng.uniform(0.1, 0.4, 4) for low, high in rule.domain or ())


@pytest.mark.parametrize("path", ELEMENTWISE)
def test_partials(path: str) -> None:
    rule, args = RULES[path], near(RULES[path])
    f = same_in_jax(path)
    out, pull = jax.vjp(f, *args)
    out, out_bar = np.asarray(out), tangent_like(np.asarray(out), np.random.default_rng(1))
    partials = call_rule(rule.partials, rule.bind(args, {}), out=out)
    partials = partials if isinstance(partials, tuple) else (partials,)
    for partial, expected in zip(partials, pull(jax.numpy.asarray(out_bar)), strict=False):
        np.testing.assert_allclose(out_bar * partial, expected, rtol=1e-10, atol=1e-12)


def plain(value: Any) -> Any:
    """Several values as a plain tuple."""
    return tuple(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize(("path", "point"), MIXING)
def test_pullbacks(path: str, point: int) -> None:
    if path == "numpy.linalg.eig":
        pytest.skip("JAX leaves derivatives of eigenvectors out")
    rule = RULES[path]
    example = rule.examples(Draw())[point]
    f = same_in_jax(path)
    bound = rule.bind(example.args, example.kwargs)
    names = [n for n in rule.wrt if np.asarray(bound[n]).dtype.kind in "fc"]
    places = [rule.params.index(n) for n in names]
    rest = list(example.args)

    def of_active(*values: Any) -> Any:
        args = list(rest)
        for place, value in zip(places, values, strict=True):
            args[place] = value
        return plain(f(*args, **example.kwargs))

    values = [example.args[p] for p in places]
    out, pull = jax.vjp(of_active, *values)
    out = jax.tree.map(np.asarray, out)
    out_bar = tangent_like(out, np.random.default_rng(1))
    bars = adjoints(rule, bound, out, out_bar)
    for name, expected in zip(names, pull(jax.tree.map(jax.numpy.asarray, out_bar)), strict=True):
        bar = hermitian(bars[name][0]) if path in TRIANGULAR else bars[name][0]
        np.testing.assert_allclose(bar, expected, rtol=1e-9, atol=1e-11)
    dots = {n: tangent_like(bound[n], np.random.default_rng(3)) for n in names}
    dots = {n: hermitian(dot) if path in TRIANGULAR else dot for n, dot in dots.items()}
    _, expected_dot = jax.jvp(of_active, tuple(values), tuple(dots[n] for n in names))
    for dot, expected in zip(tangent(rule, example, bound, out, dots), leaves(expected_dot), strict=True):
        np.testing.assert_allclose(np.broadcast_to(dot, np.shape(expected)), expected, rtol=1e-9, atol=1e-11)
