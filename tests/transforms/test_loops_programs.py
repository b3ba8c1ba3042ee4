"""loops: the programs of the corpus give the same with loops, values, gradients and tangents."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcad
from srcad import finishing, specialise
from srcad.errors import Unsupported
from srcad.program import Program
from srcad.transforms.loops import loops
from srcad.transforms.products import products
from tests.programs.checks import _reverse, _tangent
from tests.programs.reference import reference
from tests.programs.registry import Program as Case
from tests.programs.registry import programs
from tests.programs.tree import map_leaves
from tests.transforms.lowered import flat, load, outcome, same, text_of

MISMATCH = "operands could not be broadcast together"


class Both:
    """Catches every program that is generated, and runs it with loops beside the module that srcad loads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: dict[str, Program] = {}
        self.compared = 0
        self.has_routines = False
        generated, load_module = finishing.generated, __import__("srcad.compile", fromlist=["load"]).load

        def catch(program: Program, *rest: Any, **named: Any) -> Any:
            found = generated(program, *rest, **named)
            if program.routines:  # functions that stand beside it in the module: no loops are made of them
                self.has_routines = True
            else:
                self.made[found.text] = program
            return found

        def beside(text: str, entry: str) -> Any:
            compiled = load_module(text, entry)
            if text not in self.made:
                return compiled
            return dataclasses.replace(compiled, call=self.both(compiled.call, self.made[text]))

        monkeypatch.setattr(finishing, "generated", catch)
        monkeypatch.setattr("srcad.compile.load", beside)

    def both(self, call: Callable[..., Any], program: Program) -> Callable[..., Any]:
        looped = load(products(loops(program)))

        def run(*args: Any) -> Any:
            mine = outcome(looped, args)
            try:
                found = call(*args)
            except Exception as error:
                assert type(mine) is type(error), f"raised {error!r}, with loops {mine!r}"
                raise
            assert same(mine, flat(found), args), (
                f"{flat(found)}, with loops {mine}\n{text_of(products(loops(program)))}"
            )
            self.compared += 1
            return found

        return run


# a program alone has not the functions that a module holds for a solver
ALONE = [p for p in programs() if "numpy" in p.backends and not p.name.startswith("implicit.")]


@pytest.mark.parametrize("case", ALONE, ids=lambda p: p.name)
def test_programs_give_the_same(
    case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("SRCAD_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setattr(specialise, "_tables", {})  # what other tests generated in this process is made again
    both = Both(monkeypatch)
    try:
        _reverse(case, "numpy", case.args(), 1.0 if case.raises else reference(case).seed)
    except Unsupported:
        pytest.skip("refused")
    except Exception as error:
        assert case.raises is not None and type(error) is case.raises or not both.made, repr(error)
        return
    assert both.compared or both.has_routines


@pytest.mark.slow
@pytest.mark.parametrize("case", [p for p in ALONE if p.raises is None], ids=lambda p: p.name)
def test_tangents_of_programs_are_the_same(
    case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:

    monkeypatch.setenv("SRCAD_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setattr(specialise, "_tables", {})
    both, args, rng = Both(monkeypatch), case.args(), np.random.default_rng(11)
    asked = (map_leaves(lambda leaf: _tangent(rng, leaf), a) if n in case.argnums else None for n, a in enumerate(args))
    try:
        srcad.jvp(case.fn, args, tuple(asked), outputs=case.outputs, backend="numpy")
    except Unsupported:
        pytest.skip("refused")
    assert both.compared or both.has_routines
