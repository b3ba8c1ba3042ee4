"""Programs whose loops are shared out among threads, checked in every order of the parts (`in_any_order`)."""

from __future__ import annotations

import itertools
import linecache
import textwrap
from typing import Any

import numpy as np

from tests.generating import make
from tests.programs.registry import Program
from tests.programs.tree import bits
from tests.transforms.in_any_order import ORDERS, loaded, shared_out

SHARED = (("parallel", True),)
_numbers = itertools.count()


def program(lines: str, args: tuple[Any, ...], argnums: tuple[int, ...] = (0,)) -> Program:
    """A program of the corpus from lines of text; its parameters are x, y, k and n as far as there are arguments."""
    names = ", ".join("xykn"[: len(args)])
    body = "".join(f"    {line}\n" for line in textwrap.dedent(lines).strip().splitlines())
    space: dict[str, Any] = {"__name__": __name__}
    text = f"import numpy as np\nfrom numba import prange\n\ndef f({names}):\n{body}"
    file = f"<shared out {next(_numbers)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    exec(compile(text, file, "exec"), space)
    return Program("f", space["f"], lambda _: args, argnums, ("numba",), (), None, None)


def results(function: Any, inputs: list[Any]) -> Any:
    with np.errstate(all="ignore"):
        found = function(*inputs)
    return found if isinstance(found, tuple) else (found,)


def check(subject: Program, modes: tuple[str, ...] = ("reverse",)) -> str:
    """The text, after its results were found the same in every order, and those of NumPy's text."""
    made = make(subject, modes, "numba", options=SHARED)
    text = made.generated.text
    found = []
    for order in ORDERS.values():
        with shared_out(order):
            found.append(results(loaded(text, made.generated.entry), made.inputs()))
    plain = make(subject, modes, "numpy")
    expected = results(loaded(plain.generated.text, plain.generated.entry), plain.inputs())
    for other in found[1:]:
        assert bits(other) == bits(found[0]), text
    for one, two in zip(found[0], expected, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-10, atol=1e-12, err_msg=text)
    return text
