"""The coverage table, and what holds for every rule."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from srcad.rules import load_all, lookup
from srcad.rules.coverage import markdown, table
from tests.rules.support import exists, resolve

RULES = load_all()


def test_at_least_three_hundred_functions_in_both_modes() -> None:
    assert sum(row.modes == "both" for row in table()) >= 300


def test_markdown_has_every_function() -> None:
    text = markdown()
    assert all(f"`{row.path.rpartition('.')[2]}`" in text for row in table())


@pytest.mark.parametrize("path", RULES)
def test_rule_is_found_by_its_path(path: str) -> None:
    assert lookup(path) == RULES[path]


@pytest.mark.parametrize("path", RULES)
def test_rule_differentiates_arguments_it_names(path: str) -> None:
    rule = RULES[path]
    known = {*rule.params, *rule.keywords, rule.star}
    assert rule.constant or known >= {*rule.wrt, *rule.inert, *rule.linear_in, *rule.multilinear_in}


@pytest.mark.parametrize("path", [p for p, r in RULES.items() if not r.constant and exists(p)])
def test_positional_parameters_stand_where_the_function_has_them(path: str) -> None:
    """Parameters that can be given by position have the function's order; the names of the first few may differ."""
    primal = resolve(path)
    if isinstance(primal, (np.ufunc, type)):
        return
    try:
        parameters = list(inspect.signature(primal).parameters.values())
    except ValueError:
        return
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return
    positional = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY and p.name != "self"]
    named = [n for n in RULES[path].params if n in RULES[path].defaults]
    for name in named:
        if name in positional:
            assert RULES[path].params.index(name) == positional.index(name), f"{path}: {name}"


def test_unknown_function_has_no_rule() -> None:
    assert lookup("numpy.fromfile") is None
    assert lookup("nowhere.at_all") is None


def test_solvers_of_the_table_are_answered() -> None:
    from srcad import eval_integrals, eval_roots  # noqa: F401  (registers them)
    from srcad.eval_builtins import HANDLERS
    from srcad.rules.coverage import SOLVERS

    answered = {path for path in HANDLERS if path.startswith(("scipy.optimize.", "scipy.integrate."))}
    assert set(SOLVERS) <= answered
