"""The program after every pass is still the program: it gives the same value, to the last bit, on the whole corpus."""

from __future__ import annotations

import cmath
import collections.abc
import contextlib
import copy
import dataclasses
import io
import linecache
import math
import re
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.fft
import scipy.interpolate
import scipy.linalg
import scipy.special
import scipy.stats
import srcad_runtime
from srcad_runtime import attempts

import srcad
from srcad import errors
from tests.generating import Made, make
from tests.programs.registry import Program, programs
from tests.programs.test_programs import KNOWN_REFUSED
from tests.programs.tree import bits, leaves

# (a program alone has not the functions that a module holds for a solver)
VALUED = [
    p
    for p in programs()
    if p.raises is None and (p.name, "numpy") not in KNOWN_REFUSED and not p.name.startswith("implicit.")
]
LIBRARIES = {
    "checkpoint": srcad.checkpoint,
    "stop_gradient": srcad.stop_gradient,
    "grad": srcad.grad,
    "value_and_grad": srcad.value_and_grad,
    "hessian": srcad.hessian,
    "np": np,
    "math": math,
    "cmath": cmath,
    "abc": collections.abc,
    "fft": scipy.fft,
    "interpolate": scipy.interpolate,
    "linalg": scipy.linalg,
    "special": scipy.special,
    "attempts": attempts,
    "warnings": warnings,
    "astype": srcad_runtime.astype,
    "zeros_of": srcad_runtime.zeros_of,
    "unbroadcast": srcad_runtime.unbroadcast,
    "zipped_to_the_end": lambda *items: list(zip(*items, strict=True)),
    **{name: law for name, law in vars(scipy.stats).items() if hasattr(law, "cdf")},
}
PASSES = ("parse", "desugar", "inline", "alias")
# what the printed text of the first passes does not say: the compiler's name of a function in a closure; that a name
# of a pattern is bound although the guard is false; that a function is called by itself
UNSAID = {
    "calls.wrapped_by_a_decorator",
    "control.match_with_a_name_that_stays_bound",
    "recursion.arguments_that_change_places",
    "recursion.itself_with_a_view_that_is_filled",
    "signatures.arguments_of_partials",
    "signatures.parameters_given_twice_tried",
    "signatures.positional_only_by_position",
}


@pytest.mark.parametrize("program", VALUED, ids=lambda p: p.name)
def test_value_after_every_pass(program: Program) -> None:
    made = make(program, ("reverse",), keep_passes=True)
    texts = dict(made.generated.passes)
    assert tuple(texts)[: len(PASSES)] == PASSES
    expected = bits(leaves(program.run(*program.args())))
    for name in PASSES[:2] if program.name not in UNSAID else ():
        assert surface(program, made, texts[name]) == expected, f"after {name}:\n{texts[name]}"
    for name in PASSES[2:]:
        assert core(made, texts[name])[: len(expected)] == expected, f"after {name}:\n{texts[name]}"


def test_what_the_passes_refuse_is_refused_by_name() -> None:
    def chosen(x: Any) -> Any:
        a, b = x.copy(), x * 2.0
        c = a if x[0] > 0.0 else b
        c[1] = 7.0
        return np.sum(a) + np.sum(b)

    known = next(p for p in programs() if p.raises is None)
    refused = dataclasses.replace(
        known, name="chosen", fn=chosen, make_args=lambda rng: (rng.normal(size=3),), argnums=(0,)
    )
    with pytest.raises(errors.Unsupported, match="may also change"):
        make(refused, ("reverse",))


# ---- running a pass's text ----


def surface(program: Program, made: Made, text: str) -> Any:
    """Before `inline` a program has its own parameters and calls the functions around it."""
    binder = made.call.binder
    function = load(text, namespace(binder.function))
    values = copy.deepcopy(made.call.values)
    with contextlib.redirect_stdout(io.StringIO()):
        value = dataclasses.replace(binder, function=function).invoke(values)
    if program.fills:
        names = program.outputs or program.fills
        return bits([values[binder.parameters.index(name)] for name in names])
    return bits(leaves(value))


def core(made: Made, text: str) -> Any:
    """After `inline` it takes numbers and arrays, and calls the libraries alone."""
    function = load(text, {**vars(srcad_runtime), **LIBRARIES})
    with contextlib.redirect_stdout(io.StringIO()):
        results = function(*made.inputs())
    return bits(list(results) if isinstance(results, tuple) else [results])


def namespace(fn: Any) -> dict[str, Any]:
    """What the function sees; the compiler prints names without the underscores in front."""
    cells = zip(fn.__code__.co_freevars, fn.__closure__ or ())
    seen = {**fn.__globals__, **{name: cell.cell_contents for name, cell in cells}}
    return {
        **LIBRARIES,
        **{name.lstrip("_"): value for name, value in seen.items() if not name.startswith("__")},
        **seen,
    }


def load(text: str, space: dict[str, Any]) -> Any:
    file = "<after a pass>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), space)
    return space[re.findall(r"^def (\w+)\(", text, re.M)[-1]]
