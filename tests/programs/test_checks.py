"""The checks notice each kind of wrong answer; a right answer passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import srcad
from tests.programs.checks import Outcome, Wrong, _check_value, check
from tests.programs.registry import Program


def _squares(x: np.ndarray) -> Any:
    return np.sum(x * x)


SQUARES = Program("squares", _squares, lambda rng: (rng.normal(size=3),), (0,), ("numpy",), (), None, None)


def _outcome(monkeypatch: pytest.MonkeyPatch, answer: Any, tangent: float = 1.0) -> Outcome:
    """What `check` says when srcad answers with ``answer(x)``."""

    def jvp(f: Any, args: Any, dots: Any, **options: Any) -> Any:
        return f(*args), tangent * float(np.sum(2.0 * args[0] * dots[0]))

    monkeypatch.setitem(vars(srcad), "value_and_grad", lambda f, **options: answer)
    monkeypatch.setitem(vars(srcad), "jvp", jvp)
    return check(SQUARES)


def test_a_right_answer_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _outcome(monkeypatch, lambda x: (np.sum(x * x), (2.0 * x,))).status == "ok"


def test_a_wrong_tangent(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = _outcome(monkeypatch, lambda x: (np.sum(x * x), (2.0 * x,)), tangent=1.001)
    assert outcome.status == "WRONG" and "disagree" in outcome.detail


def _writes(x: np.ndarray) -> Any:
    value, g = np.sum(x * x), 2.0 * x
    x[0] = 0.0
    return value, (g,)


def _shares(x: np.ndarray) -> Any:
    return np.sum(x * x), (x,)


def _drifts(x: np.ndarray, calls: list[int] = []) -> Any:  # noqa: B006
    calls.append(1)
    return np.sum(x * x), (2.0 * x * (1.0 + 1e-15 * (len(calls) % 2)),)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (lambda x: (np.sum(x * x), (2.0001 * x,)), "is off by"),
        (lambda x: (np.sum(x * x), (np.full(3, np.nan),)), "is off by"),
        (lambda x: (np.sum(x * x) * (1.0 + 1e-15), (2.0 * x,)), "undecorated"),
        (lambda x: (np.float32(np.sum(x * x)), (2.0 * x,)), "undecorated"),
        (lambda x: (np.sum(x * x), ((2.0 * x).astype(np.float32),)), "gradient of argument 0"),
        (lambda x: (np.sum(x * x), (2.0 * x[:2],)), "gradient of argument 0"),
        (lambda x: (np.sum(x * x), 2.0 * x), "gradients asked for"),
        (_writes, "were changed"),
        (_shares, "shares memory"),
        (_drifts, "other bits"),
    ],
)
def test_wrong_answers_are_noticed(monkeypatch: pytest.MonkeyPatch, answer: Any, word: str) -> None:
    outcome = _outcome(monkeypatch, answer)
    assert outcome.status == "WRONG" and word in outcome.detail


def test_refusals_and_exceptions_are_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(x: Any) -> Any:
        raise srcad.Unsupported("not this")

    outcome = _outcome(monkeypatch, refuse)
    assert (outcome.status, outcome.detail) == ("refused", "not this")
    assert _outcome(monkeypatch, lambda x: 1 / 0).status == "error"


def _of_pythons_number(x, s):
    return np.maximum(1.0 + s**2, 0.28)


def _of_a_double(x, s):
    return np.maximum(np.float64(1.0) + s**2, 0.28)


@pytest.mark.parametrize("f, is_right", [(_of_pythons_number, True), (_of_a_double, False)])
def test_single_precision_for_double_only_where_it_is_of_pythons_numbers(f: Any, is_right: bool) -> None:
    args = np.ones(2, np.float32), 1.4596
    program = Program("f", f, lambda rng: args, (1,), ("numba",), (), None, None)
    expected = f(*args)
    assert isinstance(expected, np.float64)
    found = np.float32(expected)
    if is_right:
        return _check_value(found, expected, "numba", 1e-4, program)
    with pytest.raises(Wrong, match="not of the form"):
        _check_value(found, expected, "numba", 1e-4, program)


@pytest.mark.parametrize("found, is_right", [(2.0, True), (np.float64(2.0), True), (2.5, False), (2 + 0j, False)])
def test_an_integer_on_one_path_may_be_floating_when_compiled(found: Any, is_right: bool) -> None:
    program = Program("f", max, lambda rng: (2, 1.86), (1,), ("numba",), (), None, None)
    if is_right:
        return _check_value(found, 2, "numba", 0.0, program)
    with pytest.raises(Wrong, match="not of the form"):
        _check_value(found, 2, "numba", 0.0, program)
