"""stacks: recursions for Numba, whose records go onto shared lists, and come back from Numba's cache."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import srcad
from tests.programs.registry import programs

ROOT = Path(__file__).parents[2]


def bisected(c, a, b):
    m = 0.5 * (a + b)
    if b - a < 0.3:
        return np.sin(c * m) * (b - a)
    return bisected(c, a, m) * c + bisected(c, m, b)


def halves(x):
    return x[0] * x[0] if len(x) < 2 else halves(x[: len(x) // 2]) * halves(x[len(x) // 2 :].copy())


def sifted(x, k):
    if k < len(x) and x[k] < 10.0:
        x[k] = x[k] * x[k - 1]
        sifted(x, k + 1)


def filled(x):
    y = x * 1.0
    sifted(y, 1)
    return np.sum(y)


def even(x, y):
    return x if y < 1.0 else x * odd(np.sin(x) * x, y - 1.0)


def odd(x, y):
    return x * x if y < 1.0 else even(x * 0.5 + x * x, 0.5 * y) + 0.5 * odd(x * 0.9, y - 2.0)


def in_turn(x, y):
    return even(x, y) * x


def text(f, *args):
    return srcad.differentiate(backend="numba")(f).source_for(*args)


def function(source, name):
    return source.split(f"def {name}(")[1].split("\n\n\n")[0]


def test_what_is_pushed_last_is_popped_first() -> None:
    made = text(bisected, 1.3, 0.0, 1.0)
    forward, backward = function(made, "bisected_forward"), function(made, "bisected_reverse")
    pushed = [line.strip().split(".append")[0] for line in forward.splitlines() if ".append(" in line]
    popped = [line.split("= ")[1].split(".pop")[0] for line in backward.splitlines() if ".pop()" in line]
    assert pushed and popped == pushed[::-1]
    assert forward.index("bisected_forward(") < forward.index(".append(")  # the calls inside push before
    assert backward.index(".pop()") < backward.index("bisected_reverse(")
    assert "tape" not in made and made.count("def ") == 3


def test_one_function_for_all_calls_with_names_of_its_own() -> None:
    made = srcad.differentiate(backend="numpy")(bisected).source_for(1.3, 0.0, 1.0)
    assert made.count("def ") == 3 and "def bisected_forward(c, a, b):" in made


@pytest.mark.parametrize(
    ("f", "args", "kept"),
    [
        (bisected, (1.3, 0.0, 1.0), True),
        (filled, (np.ones(4),), True),
        (halves, (np.ones(4),), False),
        (in_turn, (0.7, 3.0), False),
    ],
    ids=["calls itself", "writes", "for two layouts", "call each other"],
)
def test_what_calls_in_a_circle_or_for_two_types_is_not_kept(f, args, kept) -> None:
    assert ("cache=True" in text(f, *args)) is kept


def test_an_argument_is_compiled_for_its_type_and_not_for_its_value() -> None:
    assert "sifted_forward(y, np.int64(1)" in text(filled, np.ones(4))


def test_numbers_of_two_precisions_are_refused() -> None:
    def f(x, k):
        return 0.0 if k >= len(x) else x[k] + f(x, k + 1)

    with pytest.raises(srcad.Unsupported, match="single precision"):
        srcad.grad(lambda x, n: f(x, n), backend="numba")(np.ones(3, np.float32), 0)


PROGRAM = """
    import sys
    import numpy as np
    import srcad

    def sifted(x, k):
        if k < len(x) and x[k] < 10.0:
            x[k] = x[k] * x[k - 1]
            sifted(x, k + 1)

    def filled(x):
        y = x * 1.0
        sifted(y, 1)
        return np.sum(y)

    x = np.array([1.1, 0.9, 1.4, 0.7])
    print(srcad.grad(filled, backend="numba")(x))
"""


def test_the_next_process_gets_it_from_the_cache(tmp_path: Path) -> None:
    """It has crashed there: see `stacks.cacheable`."""
    script = tmp_path / "model.py"
    script.write_text(textwrap.dedent(PROGRAM))
    path = os.pathsep.join([str(ROOT), str(ROOT / "runtime")])
    environment = {**os.environ, "PYTHONPATH": path, "SRCAD_CACHE_DIR": str(tmp_path / "cache")}
    runs = [
        subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout
    x = np.array([1.1, 0.9, 1.4, 0.7])
    expected = [sum(np.prod(np.delete(x[: k + 1], j)) for k in range(j, 4)) for j in range(4)]
    np.testing.assert_allclose(np.array(runs[0].stdout.strip("[]\n").split(), float), expected, rtol=1e-7)


# ---- second derivatives ----

TWICE = [p for p in programs() if p.name.startswith("recursion.") and p.raises is None and not p.fills]
LISTS = {"sorted_by_merging", "sorted_by_merging_while_it_changes", "state_in_an_array"}  # tangents of lists of lists
SINGLE = "recursion_in_single_precision"
COMPILED = ("closure_reads_what_is_outside", "written_before_and_after_the_inner_call")


def moved(case, step, tangents):
    args = list(case.args())
    for k, t in tangents.items():
        args[k] = args[k] + step * t
    return args


def agrees_with_differences(case, backend) -> None:
    args, rng, h = case.args(), np.random.default_rng(1), 1e-5
    numbers = case.argnums if isinstance(case.argnums, tuple) else (case.argnums,)
    tangents = {k: rng.normal(size=np.shape(args[k])) for k in numbers}
    found = srcad.hvp(case.fn, tuple(args), tuple(tangents.values()), argnums=numbers, backend=backend)
    gradient = srcad.grad(case.fn, argnums=numbers, backend="numpy")
    points = [gradient(*moved(case, s * h, tangents)) for s in (-2, -1, 1, 2)]
    for a, b, c, d, own in zip(*points, found, strict=True):
        expected = (a - 8 * b + 8 * c - d) / (12 * h)
        np.testing.assert_allclose(own, expected, rtol=0, atol=1e-6 * (1 + np.max(np.abs(expected))))


@pytest.mark.parametrize("case", TWICE, ids=lambda p: p.name)
def test_hessian_vector_products(case) -> None:
    name = case.name.partition(".")[2]
    if name in LISTS:
        with pytest.raises(srcad.Unsupported, match="a second time"):
            agrees_with_differences(case, "numpy")
    elif name != SINGLE:
        agrees_with_differences(case, "numpy")


@pytest.mark.parametrize("name", COMPILED)
def test_compiled_hessian_vector_products(name) -> None:
    """Adjoints and their tangents are zeros at first, and written by the functions that they are handed to."""
    agrees_with_differences(next(p for p in TWICE if p.name.endswith(f".{name}")), "numba")
