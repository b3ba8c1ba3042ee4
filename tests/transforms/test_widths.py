"""Narrow integers: random expressions of them are what NumPy makes of them, as values and slopes, on both backends."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from random import Random
from types import ModuleType

import numpy as np
import pytest

import srcad
from srcad import emit
from srcad.transforms.widths import widths
from tests.transforms.lowered import primal

DTYPES = (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.uint64)
COUNT = 24  # expressions of one program
BINARY = ("+", "-", "*", "+", "-", "*", "//", "%", "&", "|", "^")


def number(rng: Random, depth: int) -> str:
    """An expression of elements of k and l, which begins with one of them: Python's own integers are beside."""
    if depth == 0:
        return rng.choice(("k[0]", "k[1]", "k[2]", "l[0]", "l[1]"))
    inner = number(rng, depth - 1)
    other = rng.choice((number(rng, depth - 1), number(rng, 0), "2", "3", "7", "n"))
    forms = (
        f"({inner} {rng.choice(BINARY)} ({other}))",
        f"(n {rng.choice('+-*')} {inner})",
        f"-{inner}",
        f"abs({inner})",
        f"(~{inner})",
        f"({inner} << 1)",
        f"max({inner}, {number(rng, 0)})",
        f"int({inner})" if depth == 2 else inner,
        f"np.multiply({inner}, {number(rng, 0)})",
    )
    return rng.choices(forms, (8, 2, 2, 1, 1, 1, 1, 2, 1))[0]


def array(rng: Random, depth: int) -> str:
    if depth == 0:
        return rng.choice(("k", "l", "k[::-1]"))
    inner, other = array(rng, depth - 1), rng.choice((array(rng, depth - 1), "k[0]", "2", "n"))
    forms = (f"({inner} {rng.choice(BINARY[:6])} {other})", f"-{inner}", f"np.square({inner})", f"({inner} >> 1)")
    return rng.choices(forms, (6, 1, 1, 1))[0]


def module(seed: int, wide: bool, folder: Path) -> tuple[ModuleType, list[str], list[str]]:
    rng = Random(seed)
    numbers = [number(rng, rng.choice((1, 2, 2))) for _ in range(COUNT)]
    if not wide:
        numbers = [text.replace("int(", "(") for text in numbers]
    arrays = [array(rng, rng.choice((1, 2))) for _ in range(COUNT // 4)]
    lines = [f"    out += x[{i}] * {text}" for i, text in enumerate(numbers)]
    lines += [f"    out += np.sum(y[{i}] * {text})" for i, text in enumerate(arrays)]
    path = folder / f"narrow_{seed}.py"
    path.write_text(
        "\n".join(["import numpy as np", "", "", "def f(x, y, k, l, n):", "    out = 0.0", *lines, "    return out"])
    )
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made, numbers, arrays


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
def test_integers_beside_floating_numbers_are_numpys(dtype, backend, tmp_path) -> None:
    limits = np.iinfo(dtype)
    k = np.array([limits.max, 3, limits.max // 3 + 5], dtype)
    l = np.array([limits.max // 2, 11, limits.min // 2], dtype)  # noqa: E741
    made, numbers, arrays = module(DTYPES.index(dtype), dtype is not np.uint64, tmp_path)  # int() of those may not fit
    known = {"np": np, "k": k, "l": l, "n": 5}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        wanted_x = np.array([float(eval(text, known)) for text in numbers])
        wanted_y = np.array([eval(text, known).astype(float) for text in arrays])
        args = (np.ones(COUNT), np.ones((len(arrays), 3)), k, l, 5)
        (x_bar, y_bar) = srcad.grad(made.f, argnums=(0, 1), backend=backend)(*args)
        tangents = (np.linspace(1.0, 2.0, COUNT), np.ones((len(arrays), 3)))
        _, dot = srcad.jvp(made.f, args, (*tangents, None, None, None), backend=backend)
    np.testing.assert_array_equal(x_bar, wanted_x)
    np.testing.assert_array_equal(y_bar, wanted_y)
    assert dot == pytest.approx(np.sum(wanted_x * tangents[0]) + np.sum(wanted_y), rel=1e-12)


# ---- Python's integers beside narrow ones ----


def out_of_bounds(x, k):
    return x[0] * (k[0] + 300)


def below_zero_written(x, k):
    k[1] = -1
    return np.sum(x * k)


def counted_out_of_bounds(x, k):
    total = 0.0
    for i in range(250, 260):
        total += x[0] * (i - k[0])
    return total


def fraction_out_of_bounds(x, k):
    k[0] = x[0] * 1e12
    return np.sum(x * k)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("f", [out_of_bounds, below_zero_written, counted_out_of_bounds])
def test_integers_that_do_not_fit_raise(f, backend) -> None:
    with pytest.raises(OverflowError):
        srcad.grad(f, backend=backend)(np.ones(3), np.array([1, 2, 3], np.uint8))


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_fractions_that_do_not_fit_raise(backend) -> None:
    with pytest.raises(OverflowError):
        srcad.grad(fraction_out_of_bounds, backend=backend)(np.ones(3), np.array([1, 2, 3], np.int32))


# ---- what cannot be told ----


def python_or_narrow(x, k):
    total = 0
    for v in k:
        total = total + v
    return x[0] * (total - 1)


def of_two_widths(x, k):
    n = k[0]
    if x[0] > 0.0:
        n = np.int64(3)
    return x[0] * (n * 100)


def half_precision(x, k):
    return np.sum(x * np.sqrt(k))


def half_precision_of_truth_values(x, k):
    return np.sum(np.sin(k > 2)) + np.sum(x)


@pytest.mark.parametrize("f", [python_or_narrow, of_two_widths, half_precision, half_precision_of_truth_values])
def test_what_compiled_code_cannot_tell_is_refused(f) -> None:
    x, k = np.ones(3), np.array([100, 2, 3], np.int8)
    with pytest.raises(srcad.Unsupported):
        srcad.grad(f, backend="numba")(x, k)
    value, slope = srcad.value_and_grad(f, backend="numpy")(x, k)
    assert value == f(x, k) and np.isfinite(slope).all()


# ---- the text ----


def test_only_narrow_arithmetic_is_brought_back() -> None:
    text = "import numpy as np\n\ndef f(x, k, m):\n    a = k * 2\n    b = m * 2\n    return np.sum(x * a * b)\n"
    program = primal(text, (np.ones(3), np.ones(3, np.uint8), np.ones(3, np.int64)))
    new = emit.module([widths(program).function()])
    assert "(k * 2).astype(np.uint8)" in new and "b = m * 2" in new
