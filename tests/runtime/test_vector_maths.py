"""vector_maths: errors in ulp, special values, and that loops are vectorised where the machine can."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from typing import Any

import numba
import numpy as np
import pytest
from srcad_runtime import vector_arithmetic, vector_maths

mpmath = pytest.importorskip("mpmath")

ULP = {np.float64: 4.0, np.float32: 4.0}  # glibc's bound
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e-310, 2.3e-308, 1e-300, 1e300, -1e300, 1.0, -1.0]
UNARY = [name for name, (_, count, _) in vector_maths.FUNCTIONS.items() if count == 1]
RANGES = {
    "exp": (-745.0, 709.7), "log": (1e-320, 1e300), "sin": (-1e4, 1e4), "cos": (-1e4, 1e4), "tan": (-1e4, 1e4),
    "sinh": (-700.0, 700.0), "cosh": (-700.0, 700.0), "tanh": (-20.0, 20.0), "arctan": (-1e6, 1e6),
    "expm1": (-40.0, 700.0), "log1p": (-0.999999, 1e20), "erf": (-6.0, 6.0),
}  # fmt: skip
NARROW = {"exp": (-87.0, 88.0), "expm1": (-20.0, 88.0), "sinh": (-88.0, 88.0), "cosh": (-88.0, 88.0)}
EXACT = {"arctan": mpmath.atan, "log1p": mpmath.log1p}


def points(name: str, dtype: Any) -> np.ndarray:
    """Numbers over the whole range, and many of each size near zero."""
    low, high = NARROW.get(name, RANGES[name]) if dtype is np.float32 else RANGES[name]
    rng = np.random.default_rng(3)
    spread = rng.uniform(low, high, 150)
    small = np.exp(rng.uniform(np.log(1e-30), np.log(20.0), 150)) * rng.choice([-1.0, 1.0], 150)
    x = np.concatenate([spread[np.abs(spread) < np.finfo(dtype).max], small[(small > low) & (small < high)]])
    x = x.astype(dtype)
    return x[(x != 0.0) & ((x > 0) | (name != "log"))]


@pytest.fixture(scope="module")
def computed() -> Any:
    """All functions of one argument in one compiled function: rows in the order of UNARY."""
    lines = [
        f"    for i in range(x.shape[1]):\n        out[{k}, i] = vector_maths.{name}(x[{k}, i])\n"
        for k, name in enumerate(UNARY)
    ]
    space: dict[str, Any] = {"vector_maths": vector_maths}
    exec("def every(x, out):\n" + "".join(lines), space)
    return numba.njit(error_model="numpy")(space["every"])


def exact(name: str, x: Any) -> Any:
    return EXACT.get(name, getattr(mpmath, name, None))(mpmath.mpf(float(x)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_errors_are_within_four_units_in_the_last_place(computed: Any, dtype: Any) -> None:
    given = [points(name, dtype) for name in UNARY]
    x = np.ones((len(UNARY), max(map(len, given))), dtype)
    for row, own in zip(x, given):
        row[: len(own)] = own
    out = np.empty_like(x)
    computed(x, out)
    with mpmath.workdps(40):
        for k, name in enumerate(UNARY):
            for value, found in zip(given[k], out[k]):
                true = exact(name, value)
                unit = np.spacing(np.abs(dtype(true))).astype(float)
                assert abs(mpmath.mpf(float(found)) - true) <= ULP[dtype] * unit, (name, value, found, true)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_special_values_are_those_of_the_scalar_functions(computed: Any, dtype: Any) -> None:
    with np.errstate(over="ignore"):
        x = np.tile(np.array(SPECIAL * 2).astype(dtype), (len(UNARY), 1))
    out = np.empty_like(x)
    computed(x, out)
    with np.errstate(all="ignore"):
        for k, name in enumerate(UNARY):
            expected = np.array([getattr(vector_maths, name)(v) for v in x[k]]).astype(dtype)
            np.testing.assert_array_equal(np.isnan(out[k]), np.isnan(expected), name)
            known = ~np.isnan(expected)
            np.testing.assert_array_equal(np.signbit(out[k][known]), np.signbit(expected[known]), name)
            np.testing.assert_allclose(out[k][known], expected[known], 8 * np.finfo(dtype).eps, 0.0, err_msg=name)


@pytest.mark.parametrize("name", vector_arithmetic.FUNCTIONS)
def test_written_out_functions_are_vectorised_and_give_the_same_bits_everywhere(name: str) -> None:
    """In the vectorised part of a loop and in its rest, wherever the arrays begin."""
    if vector_maths.available():
        pytest.skip("glibc's functions take their place, whose last bits depend on where in the loop an element stands")
    space: dict[str, Any] = {"vector_maths": vector_maths}
    text = f"def every(x, out):\n    for i in range(x.shape[0]):\n        out[i] = vector_maths.{name}(x[i])\n"
    exec(text, space)
    every = numba.njit(error_model="numpy")(space["every"])
    x = np.random.default_rng(4).uniform(-0.9, 3.0, 300)
    whole = np.empty_like(x)
    every(x, whole)
    for count in (1, 2, 3, 7, 9, 64, 299):
        for start in range(9):
            given, room = np.empty(310)[start : start + count], np.empty(310)[8 - start : 8 - start + count]
            given[:] = x[:count]
            every(given, room)
            np.testing.assert_array_equal(room, whole[:count])
    if platform.machine() == "x86_64":
        code = next(iter(every.inspect_asm().values()))
        assert re.search(r"mulpd\s", code)


def test_powers() -> None:
    @numba.njit(error_model="numpy")
    def powers(x: Any, y: Any, out: Any) -> None:
        for i in range(x.shape[0]):
            out[i] = vector_maths.power(x[i], y[i])

    rng = np.random.default_rng(5)
    x, y = np.exp(rng.uniform(-30.0, 30.0, 300)), rng.uniform(-20.0, 20.0, 300)
    special = np.array([(a, b) for a in SPECIAL for b in [*SPECIAL, 0.5, 2.5, -3.0]])
    x, y = np.concatenate([x, special[:, 0]]), np.concatenate([y, special[:, 1]])
    out = np.empty_like(x)
    powers(x, y, out)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(out[300:], np.power(x[300:], y[300:]), 8 * np.finfo(float).eps, 0.0)
    with mpmath.workdps(40):
        for a, b, found in zip(x[:300], y[:300], out):
            true = mpmath.power(float(a), float(b))
            assert abs(mpmath.mpf(float(found)) - true) <= 4.0 * float(np.spacing(abs(float(true))))


def test_loops_are_vectorised(computed: Any) -> None:
    if not vector_maths.available():
        pytest.skip("no vector functions on this machine")
    computed(np.ones((len(UNARY), 8)), np.empty((len(UNARY), 8)))
    called = next(iter(computed.inspect_asm().values()))
    missing = [name for name in UNARY if f"v_{vector_maths.FUNCTIONS[name][0]}" not in called]
    assert not missing


def test_without_libmvec_unless_it_is_switched_on() -> None:
    code = (
        "import numba, numpy as np\nfrom srcad_runtime import vector_maths\n"
        "f = numba.njit(lambda x: vector_maths.exp(x))\nprint(vector_maths.available(), abs(f(1.0) - np.e) < 1e-15)"
    )
    env = {"PYTHONPATH": ":".join(sys.path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "() True"
