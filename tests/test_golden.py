"""Generated modules as they are to be: compared, imported, run, checked against differences, formatted.

``pytest tests/test_golden.py --update-golden`` writes what the compiler makes today; read the difference before it is
committed.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.generating import Made, make
from tests.programs.reference import reference
from tests.programs.registry import programs
from tests.programs.tree import bits, leaves

FOLDER = Path(__file__).with_name("golden")
BY_NAME = {p.name: p for p in programs()}
MODES = {"grad": ("reverse",), "jvp": ("forward",), "hvp": ("reverse", "forward")}


@dataclass(frozen=True)
class Case:
    program: str
    kind: str = "grad"
    backend: str = "numpy"

    @property
    def name(self) -> str:
        tail = "" if self.backend == "numpy" else f"_{self.backend}"
        return f"{self.program.partition('.')[2]}_{self.kind}{tail}"

    @property
    def file(self) -> Path:
        return FOLDER / f"{self.name}.py"


# Each shows something that the others do not: kinds of loops, branches, writes, views, calls, containers, rules.
SHOWN = """
    design.newton_sqrt design.heat design.mlp_loss design.diffuse
    control.nested_while control.break_inner_continue_outer control.for_else_not_broken control.several_returns
    control.match_on_an_integer control.ternaries_and_boolean_operators
    aliasing.swap_two_buffers aliasing.write_through_a_view aliasing.row_views_in_a_loop aliasing.transpose_is_a_view
    containers.network_as_list_of_namedtuples containers.parameters_in_a_dict containers.list_append_runtime_length
    containers.comprehension_with_a_test
    calls.callee_scales_its_argument calls.function_valued_argument calls.closure_reads_outer_names
    calls.recursion_by_squaring calls.several_return_values
    overwrites.histogram_loop overwrites.fancy_store_of_distinct_rows overwrites.masked_store
    overwrites.triangular_bounds
    arrays.softmax_cross_entropy arrays.reductions_along_axes arrays.dense_linear_algebra
    arrays.where_guards_the_branch_not_taken
    buffers.seidel_2d physics.pendulum_rk4 finance.black_scholes_call stats.kalman_scalar
    implicit.bracketed_root_of_a_closure
""".split()
CASES = [
    *(Case(name) for name in SHOWN),
    *(Case(f"design.{name}", kind) for kind in ("jvp", "hvp") for name in ("newton_sqrt", "heat", "mlp_loss")),
    *(Case(name, backend="numba") for name in ("design.newton_sqrt", "design.heat", "design.mlp_loss")),
    *(Case(name, backend="numba") for name in ("design.diffuse", "buffers.seidel_2d", "overwrites.histogram_loop")),
]
COMPILED = {"newton_sqrt_grad", "heat_grad", "seidel_2d_grad", "several_returns_grad", "swap_two_buffers_grad"}


def produce(case: Case) -> Made:
    return make(BY_NAME[case.program], MODES[case.kind], case.backend)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_text(case: Case, update_golden: bool) -> None:
    text = produce(case).generated.text
    if update_golden:
        FOLDER.mkdir(exist_ok=True)
        case.file.write_text(text, encoding="utf-8")
    assert text == case.file.read_text(encoding="utf-8"), f"{case.file.name}: --update-golden accepts the new text"


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_derivative(case: Case) -> None:
    """The file on disk, imported as any module, gives the program's value and the derivative that differences give."""
    _check(case, entry(case, produce(case).generated.entry), exact=case.backend == "numpy")


@pytest.mark.parametrize("case", [c for c in CASES if c.name in COMPILED], ids=lambda c: c.name)
def test_plain_text_compiles(case: Case) -> None:
    """The text for NumPy is Numba's too, unless it is array code that Numba has no words for."""
    from numba import njit

    _check(case, njit(entry(case, produce(case).generated.entry)))


def test_all_are_formatted() -> None:
    """`ruff format` with its defaults has nothing to change, in any of them."""
    files = sorted(str(path) for path in FOLDER.glob("*.py"))
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", *files]
    if importlib.util.find_spec("ruff") is None:
        pytest.skip("ruff is not installed")
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_line_is_long() -> None:
    """Where the formatter leaves a line alone (docstrings, comments), it is no longer than the others."""
    long = [
        f"{path.name}:{n}"
        for path in sorted(FOLDER.glob("*.py"))
        for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 88 and not line.lstrip().startswith("# L")  # a quoted statement of the user's is kept whole
    ]
    assert not long


def test_no_file_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} <= {case.name for case in CASES}


# ---- running a golden file ----


def entry(case: Case, name: str) -> Callable[..., Any]:
    spec = importlib.util.spec_from_file_location(f"golden_{case.name}", case.file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # Numba's cache looks the module up
    spec.loader.exec_module(module)
    return getattr(module, name)


def _check(case: Case, function: Callable[..., Any], exact: bool = False) -> None:
    """exact: the value is the program's own to the last bit."""
    program = BY_NAME[case.program]
    made = produce(case)
    value = leaves(program.run(*program.args()))
    answer = reference(program)
    gradient = [g for g in leaves(answer.gradient) if g is not None]
    seeds = [s for s in leaves(answer.seed) if s is not None]
    if case.kind == "grad":
        found = function(*made.inputs(), *seeds)
        _same_value(found[: len(value)], value, exact)
        _close(found[len(value) :], gradient, 1e-6)
        return
    tangents = _tangents(gradient)
    if case.kind == "jvp":
        found = function(*made.inputs(), *tangents)
        _same_value(found[: len(value)], value, exact)
        _close([found[-1]], [sum(np.sum(g * t) for g, t in zip(gradient, tangents))], 1e-6)
        return
    found = function(*made.inputs(), 1.0, *tangents)
    _close(found[-len(gradient) :], _difference(made, tangents), 1e-5)


def _tangents(gradient: list[Any]) -> list[Any]:
    rng = np.random.default_rng(3)
    drawn = [rng.standard_normal(np.shape(g)) for g in gradient]
    return [t if np.ndim(t) else float(t) for t in drawn]


def _difference(made: Made, tangents: list[Any]) -> list[Any]:
    """The derivative of the gradient along the tangents, by differences of golden gradients."""
    stem = made.generated.entry.removesuffix("_hvp")
    case = next(c for c in CASES if c.name == f"{stem}_grad" and c.backend == "numpy")
    gradient = entry(case, f"{stem}_grad")
    places = [made.generated.inputs.index(leaf) for leaf in made.generated.wrt_leaves]

    def moved(h: float) -> list[Any]:
        args = made.inputs()
        for k, t in zip(places, tangents):
            args[k] = args[k] + h * t
        return list(gradient(*args)[-len(places) :])

    h = 1e-4
    points = [moved(-2 * h), moved(-h), moved(h), moved(2 * h)]
    return [(a - 8 * b + 8 * c - d) / (12 * h) for a, b, c, d in zip(*points)]


def _same_value(found: Any, value: list[Any], exact: bool) -> None:
    if exact:
        assert bits(list(found)) == bits(value)
    else:
        _close(found, value, 1e-12)


def _close(found: Any, expected: Any, accuracy: float) -> None:
    assert len(found) == len(expected)
    for a, b in zip(found, expected):
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=accuracy, atol=accuracy)
