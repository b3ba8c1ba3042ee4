"""The calls that the rules' own test points make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from srcad.rules import load_all
from srcad.rules.registry import RuleSet, at
from tests.rules.calls import Call, example_call
from tests.rules.support import Draw, exists

NUMPY = ("numpy.", "math.", "cmath.", "builtins.", "operator.")
SCALARS = ("math.", "cmath.", "builtins.")
FIRST_OF_SEVERAL = ("numpy.linalg.lstsq", "numpy.frexp", "math.frexp")  # of which the first value has a derivative
# which `forms` has, or other tests
SKIPPED = ("numpy.random.", "numpy.float32", "numpy.histogram", "numpy.piecewise", "numpy.block", "numpy.roots")


def rule_calls(libraries: tuple[str, ...] = NUMPY) -> Iterator[Call]:
    """One call for every example of a rule for NumPy, `math` or Python; for elementwise rules one in their domain."""
    for path, rule in load_all().items():
        if path.startswith(libraries) and not path.startswith(SKIPPED) and not rule.constant and exists(path):
            for k, example in enumerate(rule.examples(Draw()) if rule.examples else []):
                made = example_call(rule, example, f"{path}[{k}]")
                yield replace(made, text=f"{made.text}[0]") if path in FIRST_OF_SEVERAL else made
            if rule.domain:
                yield in_domain(rule, 0.0, "")
                if "c" in rule.kinds and not path.startswith(("math.", "builtins.")):
                    yield in_domain(rule, 0.3j, "[complex]")


def in_domain(rule: RuleSet, beside: complex, name: str) -> Call:
    """A call at points of the rule's domain, moved by `beside`."""
    rng = np.random.default_rng(3)
    columns = []
    for low, high in rule.domain or ():
        x = rng.uniform(low, high, () if rule.path.startswith(SCALARS) else (4,))[()]
        x = x + beside if beside else x
        columns.append(int(low) if low == high else x.item() if rule.path.startswith(SCALARS) else x)
    given = columns[:1] if rule.path == "builtins.complex" else columns
    return example_call(rule, at(*given), rule.path + name)
