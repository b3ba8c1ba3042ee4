"""What compiled code computes of scipy.special and scipy.stats is what SciPy computes."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import scipy.special
import scipy.stats
from numba import njit
from srcad_runtime import compiled_names, distributions, special

QUICK = ["erf", "gammaln", "psi", "i0", "beta", "betainc", "zeta"]
DENSITIES = ["norm_logpdf", "t_pdf", "gamma_cdf", "poisson_logpmf"]
ONE = np.array([0.05, 0.3, 0.7, 0.95])
MORE = [np.array([0.5, 1.5, 2.0, 3.0]), np.array([0.2, 0.4, 0.6, 0.9])]


def compiled(function: object, args: tuple[np.ndarray, ...]) -> np.ndarray:
    names = ", ".join("abcde"[: len(args)])
    return eval(f"njit(lambda {names}: function({names}))", {"njit": njit, "function": function})(*args)


def close(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=2e-13, atol=1e-300)


def check_special(name: str) -> None:
    function = getattr(special, name)
    count = len(inspect.signature(function).parameters)
    args = [*MORE[: count - 1], ONE] if name not in ("zeta", "polygamma") else [2.0 if name == "zeta" else 2, ONE]
    close(compiled(function, tuple(args)), getattr(scipy.special, name)(*args))


def check_density(name: str) -> None:
    family, _, method = name.rpartition("_")
    function = getattr(distributions, name)
    shapes = len(inspect.signature(function).parameters) - (2 if family == "poisson" else 3)
    at = np.array([0.0, 1.0, 2.0, 5.0]) if family == "poisson" else ONE
    if family == "poisson":
        args: tuple[np.ndarray, ...] = (at, MORE[0])
    elif method == "ppf":
        args = (at, MORE[0], MORE[1])
    else:
        args = (3.0 * at - 0.7, *MORE[:shapes], np.array([-0.2, 0.0, 0.1, 0.2]), MORE[0])
    close(compiled(function, args), getattr(getattr(scipy.stats, family), method)(*args))


@pytest.mark.parametrize("name", QUICK)
def test_special_functions(name: str) -> None:
    check_special(name)


@pytest.mark.parametrize("name", DENSITIES)
def test_densities(name: str) -> None:
    check_density(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(special.NAMES - set(QUICK)))
def test_all_special_functions(name: str) -> None:
    check_special(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(distributions.NAMES - set(DENSITIES)))
def test_all_densities(name: str) -> None:
    check_density(name)


def test_single_precision_stays() -> None:
    found = compiled(special.erf, (ONE.astype(np.float32),))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, scipy.special.erf(ONE), rtol=1e-6)


def test_the_compiler_knows_what_there_is() -> None:
    assert {path.rpartition(".")[2] for path in compiled_names.SPECIAL} == special.NAMES
    paths = {path.removeprefix("scipy.stats.").replace(".", "_") for path in compiled_names.DISTRIBUTIONS}
    assert paths == distributions.NAMES
