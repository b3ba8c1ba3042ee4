"""Derivative rules, filed by where the function lives, and loaded when first asked for."""

from __future__ import annotations

import importlib
from typing import Any

from srcad.rules import registry
from srcad.rules.registry import RuleSet, constant, elementwise, expansion, linear, multilinear, pullback, pushforward
from srcad.rules.static import known

__all__ = [
    "RuleSet",
    "constant",
    "elementwise",
    "expansion",
    "known",
    "linear",
    "load_all",
    "lookup",
    "lookup_object",
    "multilinear",
    "pullback",
    "pushforward",
]

# path prefix -> the modules that may hold the rule, asked in this order; the longest prefix decides
MODULES: dict[str, tuple[str, ...]] = {
    "builtins.": ("arithmetic", "choosing", "constant"),
    "operator.": ("arithmetic", "constant"),
    "math.": ("elementwise", "arithmetic", "choosing", "constant"),
    "math.gamma": ("special",),
    "math.lgamma": ("special",),
    "numpy.i0": ("special",),
    "cmath.": ("elementwise",),
    "numpy.": tuple(
        "arithmetic elementwise reductions shaping products indexing joining choosing statistics differences "
        "polynomials constant".split()
    ),
    "numpy.linalg.": ("linalg", "factors", "products", "shaping"),
    "numpy.fft.": ("fft",),
    "numpy.lib.": ("sliding",),
    "numpy.random.": ("random",),
    "scipy.linalg.": ("scipy_linalg", "scipy_factors", "scipy_systems"),
    "scipy.fft.": ("scipy_fft",),
    "scipy.integrate.": ("quadrature",),
    "scipy.signal.": ("signal",),
    "scipy.ndimage.": ("ndimage",),
    "scipy.special.": ("special", "special_families"),
    "scipy.stats.": ("stats", "stats_families"),
    "srcad_runtime.": ("helpers", "curved", "sliding", "splines", "runtime_functions", "special_slopes"),
    "srcad_runtime.implicit.": ("solvers",),
}


def lookup(path: str) -> RuleSet | None:
    """The rule for the library function at a public dotted path, or None. A user's rule wins over srcad's own."""
    rule = registry.find(path, own=False)
    for module in () if rule else _modules(path):
        importlib.import_module(f"srcad.rules.{module}")
        rule = registry.find(path, own=True)
        if rule:
            break
    return rule


def lookup_object(obj: Any) -> RuleSet | None:
    """The rule a user registered for this object, or None."""
    return registry.find_object(obj)


def load_all() -> dict[str, RuleSet]:
    """Every rule of srcad's own, by path; for tests and the manual."""
    for module in sorted({m for modules in MODULES.values() for m in modules}):
        importlib.import_module(f"srcad.rules.{module}")
    return registry.table()


def paths_below(prefix: str) -> list[str]:
    """The paths of srcad's own rules below a prefix of `MODULES`."""
    for module in MODULES[prefix]:
        importlib.import_module(f"srcad.rules.{module}")
    return [path for path in registry.table() if path.startswith(prefix)]


def _modules(path: str) -> tuple[str, ...]:
    prefix = max((p for p in MODULES if path.startswith(p)), key=len, default="")
    return MODULES.get(prefix, ())
