"""loops: the program with loops gives what the array program gives, plain and compiled."""

from __future__ import annotations

import copy
import dataclasses
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from srcad import assemble, emit, pipeline, scope, types
from srcad.errors import Unsupported
from srcad.program import Program
from srcad.transforms import alias, inline
from srcad.transforms.loops import loops
from tests.programs.checks import _reverse
from tests.programs.reference import reference
from tests.programs.registry import Program as Case
from tests.programs.registry import programs
from tests.transforms.loops_random import functions

MISMATCH = "operands could not be broadcast together"


# ---- running a program before and after ----


def primal(text: str, args: tuple[Any, ...]) -> Program:
    """The program of the function `f` in `text`, for arguments like these."""
    target = scope.from_file(text, "f", "f.py")
    described = tuple(types.describe(a, p.name) for a, p in zip(args, target.parameters, strict=True))
    program, _ = alias.alias(inline.inline(pipeline.Request(target, described, (), ())))
    return program


def text_of(program: Program) -> str:
    return emit.module([dataclasses.replace(program.function(), name="f")])


def load(program: Program) -> Callable[..., Any]:
    space: dict[str, Any] = {}
    exec(text_of(program), space)
    found: Callable[..., Any] = space["f"]
    return found


def outcome(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """The results, flat, or the exception."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return flat(function(*copy.deepcopy(args)))
        except Exception as error:
            return error


def flat(value: Any) -> list[Any]:
    return [leaf for item in value for leaf in flat(item)] if isinstance(value, (tuple, list)) else [value]


def close(found: Any, expected: Any, single: bool = False) -> bool:
    a, b = np.asarray(found), np.asarray(expected)
    if a.shape != b.shape or a.ndim and a.dtype != b.dtype:
        return False
    eps = 2e-5 if single else 1e-12
    size = float(np.max(np.abs(b[np.isfinite(b)]), initial=1.0)) if b.dtype.kind in "fc" else 1.0
    return bool(np.allclose(a, b, rtol=eps, atol=eps * size, equal_nan=True))


def same(found: Any, expected: Any, args: Any = ()) -> bool:
    if isinstance(expected, Exception) or isinstance(found, Exception):
        return type(found) is type(expected)
    single = any(np.asarray(x).dtype in (np.float32, np.complex64) for x in (*flat(args), *expected))
    return len(found) == len(expected) and all(close(f, e, single) for f, e in zip(found, expected, strict=True))


# ---- the corpus ----


class Both:
    """Catches every program that is generated, and runs it with loops beside the module that srcad loads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: dict[str, Program] = {}
        self.compared = 0
        generated, load_module = assemble.generated, __import__("srcad.compile", fromlist=["load"]).load

        def catch(program: Program, *rest: Any, **named: Any) -> Any:
            found = generated(program, *rest, **named)
            self.made[found.text] = program
            return found

        def beside(text: str, entry: str) -> Any:
            compiled = load_module(text, entry)
            if text not in self.made:
                return compiled
            return dataclasses.replace(compiled, call=self.both(compiled.call, self.made[text]))

        monkeypatch.setattr(assemble, "generated", catch)
        monkeypatch.setattr("srcad.compile.load", beside)

    def both(self, call: Callable[..., Any], program: Program) -> Callable[..., Any]:
        looped = load(loops(program))

        def run(*args: Any) -> Any:
            mine = outcome(looped, args)
            try:
                found = call(*args)
            except Exception as error:
                assert type(mine) is type(error), f"raised {error!r}, with loops {mine!r}"
                raise
            assert same(mine, flat(found), args), f"{flat(found)}, with loops {mine}\n{text_of(loops(program))}"
            self.compared += 1
            return found

        return run


@pytest.mark.parametrize("case", [p for p in programs() if "numpy" in p.backends], ids=lambda p: p.name)
def test_programs_give_the_same(
    case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("SRCAD_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    both = Both(monkeypatch)
    try:
        _reverse(case, "numpy", case.args(), 1.0 if case.raises else reference(case).seed)
    except Unsupported:
        pytest.skip("refused")
    except Exception as error:
        assert case.raises is not None and type(error) is case.raises or not both.made, repr(error)
        return
    assert both.compared


# ---- random statements ----


def arguments(n: int, seed: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    vector, matrix = (lambda: rng.standard_normal(n)), (lambda: rng.standard_normal((n, n)))
    return vector(), vector(), vector(), matrix(), matrix(), 0.7, -1.3, n, int(rng.integers(0, n + 1))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=functions(), n=st.integers(2, 6), seed=st.integers(0, 99))
def test_random_statements(text: str, n: int, seed: int) -> None:
    args = arguments(n, seed)
    try:
        program = primal(text, args)
    except (Unsupported, SyntaxError, TypeError):
        assume(False)
    expected, found = outcome(load(program), args), outcome(load(loops(program)), args)
    if isinstance(found, ValueError) and MISMATCH in str(found) and program.assumptions:
        return  # extents that differentiation takes to be equal
    assert same(found, expected), f"{expected}, with loops {found}\n{text}\n{text_of(loops(program))}"
