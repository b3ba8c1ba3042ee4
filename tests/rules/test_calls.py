"""Every rule and every form of call through the whole of srcad: gradient, tangent and second derivative of a loss.

The calls come from the examples and domains stated with the rules, and from `forms`. On each push all of them run on
the NumPy backend, a tenth of them with second derivatives, and one call of a tenth of the functions compiled by Numba;
the commit chooses which, or SRCAD_TENTH. ``-m slow`` runs the others.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import srcad
from tests.rules import calls
from tests.rules.calls import Call
from tests.rules.forms import REFUSED, forms, more_forms
from tests.rules.rule_calls import rule_calls
from tests.turns import is_chosen, turn


def split(found: list[Call], chosen: set[str]) -> list[Any]:
    """Calls as parameters, those not chosen marked slow."""
    marks = {True: (), False: (pytest.mark.slow,)}
    return [pytest.param(c, id=c.name, marks=marks[c.name in chosen]) for c in found]


OFTEN = [*rule_calls(), *forms()]
CALLS = [*OFTEN, *more_forms()]
OF_SCIPY = [*rule_calls(("scipy.",))]  # a tenth of them runs on each push, first derivatives only
BY_FUNCTION: dict[str, list[str]] = {}
for _call in rule_calls():
    BY_FUNCTION.setdefault(_call.name.partition("[")[0], []).append(_call.name)
EVERY = split([*CALLS, *OF_SCIPY], {c.name for c in OFTEN} | {c.name for c in (*CALLS, *OF_SCIPY) if is_chosen(c.name)})
SECOND = split(CALLS, {c.name for c in CALLS if is_chosen(c.name)})
COMPILED = split(CALLS, {names[turn() % len(names)] for function, names in BY_FUNCTION.items() if is_chosen(function)})


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SRCAD_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "cache"))


def close(got: Any, expected: Any, accuracy: float) -> None:
    """Agreement relative to the largest number."""
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(got, expected, rtol=0.0, atol=accuracy * scale)


# Calls that Numba refuses today, one a line. One that works makes `test_compiled` fail: take its line out.
NOT_COMPILED = frozenset((Path(__file__).parent / "not_compiled.txt").read_text().splitlines())


def compiled(call: Call, run: Callable[[], Any]) -> Any:
    """What Numba cannot compile is refused, never wrong, and listed; the reason is shown (pytest -rs)."""
    try:
        return run()
    except srcad.Unsupported as refusal:
        assert call.name in NOT_COMPILED, f"refused, and not in not_compiled.txt: {refusal.reason}"
        pytest.skip(refusal.reason)


@pytest.mark.parametrize("call", EVERY)
def test_first_derivatives(call: Call) -> None:
    if call.name in NOT_MEASURED:
        pytest.skip(NOT_MEASURED[call.name])
    s = calls.subject(call)
    if call.name in NOT_YET:
        with pytest.raises(srcad.Unsupported):
            calls.gradient(s, "numpy")
            calls.tangent(s, calls.directions(s), "numpy")  # refused in one mode at least
        return
    dots = calls.directions(s)
    value, bars = calls.gradient(s, "numpy")
    if call.name in ROUNDED:
        close(value, s.f(*s.args), 1e-14)
    else:
        assert np.array_equal(value, s.f(*s.args), equal_nan=True)
    calls.same_form(s, bars)
    slope = calls.tangent(s, dots, "numpy")
    close(slope, calls.slope(s.at, s, dots), 1e-7)
    close(calls.paired(bars, dots), slope, 1e-12)


@pytest.mark.parametrize("call", SECOND)
def test_second_derivatives(call: Call) -> None:
    without = {**FIRST_ONLY, **NOT_MEASURED, **dict.fromkeys(NOT_YET, "refused")}
    if call.name in without:
        pytest.skip(without[call.name])
    s = calls.subject(call)
    dots = calls.directions(s)
    bars = calls.curved(s, dots, "numpy")
    calls.same_form(s, bars)
    measured = calls.slope(lambda active: calls.gradient_at(s, active), s, dots)
    for got, expected in zip(bars, measured, strict=True):
        close(got, expected, 1e-6)


@pytest.mark.parametrize("call", COMPILED)
def test_compiled(call: Call) -> None:
    s = calls.subject(call)
    value, bars = compiled(call, lambda: calls.gradient(s, "numba"))
    assert call.name not in NOT_COMPILED, "it compiles: take it out of not_compiled.txt"
    expected_value, expected = calls.gradient(s, "numpy")
    close(value, expected_value, 1e-12)
    calls.same_form(s, bars)
    for got, bar in zip(bars, expected, strict=True):
        close(got, bar, 1e-10)


# Refused: an extent that only a temporary has is asked for after the temporary is gone.
TANGENT_NOT_COMPILED = (
    "keywords of ufuncs and written out: np.pad(m, ((1, 2), (3, 1)), constant_values=((a, 2.0), (d, 4.0)))"
)


@pytest.mark.slow
@pytest.mark.parametrize("call", [pytest.param(c, id=c.name) for c in CALLS])
def test_compiled_tangents(call: Call) -> None:
    s = calls.subject(call)
    dots = calls.directions(s)
    if call.name == TANGENT_NOT_COMPILED:
        with pytest.raises(srcad.Unsupported):
            calls.tangent(s, dots, "numba")
        return
    close(compiled(call, lambda: calls.tangent(s, dots, "numba")), calls.tangent(s, dots, "numpy"), 1e-10)


@pytest.mark.parametrize("text", [r.text for r in REFUSED])
def test_refused(text: str) -> None:
    """What has no derivative rule is refused, in both modes; it is never zero."""
    s = calls.subject(next(r for r in REFUSED if r.text == text))
    for derivative in (lambda: calls.gradient(s, "numpy"), lambda: calls.tangent(s, calls.directions(s), "numpy")):
        with pytest.raises(srcad.Unsupported):
            derivative()


FIRST_ONLY = {
    "numpy.linalg.det[3]": "second derivatives of the determinant need a regular matrix",
    "numpy.linalg.eig[0]": "eigenvectors are differentiated once",
    "numpy.linalg.eig[1]": "eigenvectors are differentiated once",
    "numpy.linalg.eig[2]": "eigenvectors are differentiated once",
    "linalg: L, V = np.linalg.eig(z); (V * L ** 2) @ np.linalg.inv(V)": "eigenvectors are differentiated once",
    "linalg: L, V = np.linalg.eig(h); np.real((V * L ** 2) @ np.linalg.inv(V))": "eigenvectors are differentiated once",
}

FIRST_ONLY |= {
    f"incomplete integrals: {text}": "by their shapes incomplete integrals are differentiated once"
    for text in (
        "scipy.special.gammainc(a, p)",
        "scipy.special.betainc(a, d, 0.3)",
        "scipy.stats.t.cdf(v, d)",
        "scipy.stats.beta.cdf(0.3, a, d)",
    )
}

FIRST_ONLY["forms of reductions: np.quantile(v, [a, 0.2])"] = "quantiles by their place are differentiated once"
QUANTILES = ("quantile", "percentile", "nanquantile", "nanpercentile")
FIRST_ONLY |= {
    f"numpy.{f}[{k}]": "quantiles by their place are differentiated once" for f in QUANTILES for k in range(16)
}
FIRST_ONLY |= {
    f"reductions: np.{text}": "quantiles by their place are differentiated once"
    for text in (
        "quantile(v, a)",
        "quantile(m, p[0] * 0.4, axis=1)",
        "percentile(m, 30 * a, axis=1, keepdims=True)",
        "nanquantile(G, a)",
    )
}

# Calls of functions with a rule that are refused today. One that works makes the test fail: take its line out.
NOT_YET = frozenset(())

# Where the last digit of the value may be another.
_SOLVES = "two triangular systems are solved in place of one call of LAPACK's"
_WHOLE = "the matrix is written out"
_PAIRS = "weights that are equal are added up in pairs"
ROUNDED = {
    "complex: scipy.linalg.matmul_toeplitz(c, v)": _WHOLE,
    "complex: scipy.linalg.solve_toeplitz(c[:3] + 4.0, u)": _WHOLE,
    "linalg and scipy: scipy.linalg.cho_solve((np.linalg.cholesky(h), True), u)": _SOLVES,
    "linalg and scipy: scipy.linalg.cho_solve(scipy.linalg.cho_factor(h), u)": _SOLVES,
    "linalg and scipy: c_, low = scipy.linalg.cho_factor(h); scipy.linalg.cho_solve((c_, low), u)": _SOLVES,
    'linalg and scipy: scipy.linalg.solve(h, u, assume_a="pos")': _SOLVES,
    'linalg and scipy: np.abs(scipy.linalg.solve(z, c[:3], assume_a="her", lower=True))': "a whole matrix is factored",
    "linalg and scipy: scipy.ndimage.gaussian_filter(m, (a, 0.0))": _PAIRS,
}

# Where differences say nothing.
NOT_MEASURED = {
    "numpy.remainder.outer[0]": "the steps cross a jump",
    "numpy.linalg.tensorinv[1]": "ill-conditioned: differences are good to 2e-7",
}
