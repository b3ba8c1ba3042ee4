"""Library calls that are refused whatever they are given, and arguments that no derivative rule knows."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from srcad import ir
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator
from srcad.eval_values import demand
from srcad.values import Ptr, Value

_GENERATORS = frozenset("default_rng Generator RandomState SeedSequence PCG64 MT19937 Philox SFC64".split())
_NEVER = {
    "numpy.matrix": (": it has no derivative rule", "Use a two-dimensional array and @."),
    "numpy.frompyfunc": (", which makes a function of Python's numbers", "Call the function in a loop."),
    "numpy.lib.stride_tricks.as_strided": (", whose elements may overlap", "Read and write slices."),
    "dataclasses.asdict": (", which takes an object apart", "Read the fields by their names."),
    "dataclasses.astuple": (", which takes an object apart", "Read the fields by their names."),
    "builtins.object.__getattribute__": (", which passes by the class", "Read the attribute by its name."),
    "builtins.object.__setattr__": (", which passes by the class", "Set the attribute by its name."),
    "numpy.savetxt": (": files are outside of the function", "Write the file after the call."),
    "numpy.save": (": files are outside of the function", "Write the file after the call."),
    "numpy.loadtxt": (": files are outside of the function", "Read the file before and pass the values."),
    "numpy.load": (": files are outside of the function", "Read the file before and pass the values."),
}


def refuse_never(path: str, args: list[Value], kwargs: dict[str, Value], loc: ir.Loc | None) -> None:
    """What no rule can make differentiable, with what to do instead."""
    if path in _NEVER:
        fact, way_out = _NEVER[path]
        raise Unsupported(f"cannot differentiate {path}{fact}", loc, way_out)
    name = path.rpartition(".")[2]
    if path.startswith(("numpy.random.", "random.")) and name not in _GENERATORS:
        reason = f"cannot differentiate {path}, which draws from a generator that outlives the call"
        raise Unsupported(reason, loc, "Draw the numbers outside and pass them as an argument.")
    if path.startswith("collections."):
        raise Unsupported(f"cannot differentiate {path}", loc, "Use a list or a dict.")
    if path.startswith("numpy.ma."):
        reason = f"cannot differentiate {path}: masked arrays are not arrays of numbers"
        raise Unsupported(reason, loc, "Keep the mask apart, and use np.where.")
    if isinstance(kwargs.get("dtype"), Ptr):
        reason = "cannot differentiate an array of records"
        raise Unsupported(reason, loc, "Use one array for each field, or a dataclass of arrays.")


def harmless(ev: Evaluator, path: str, kwargs: dict[str, Value], loc: ir.Loc | None) -> dict[str, Value]:
    """Without SciPy's permissions to destroy an argument, if they are not given; else refused.

    Without ``check_finite``, too, which decides whether NaN and infinity are errors.
    """
    for name in [name for name in kwargs if name.startswith("overwrite_")]:
        if demand(ev, kwargs[name], f"the argument {name}", loc):
            raise Unsupported(
                f"cannot differentiate {path} with {name}=True, which destroys an argument", loc, "Leave it out."
            )
    return {n: value for n, value in kwargs.items() if not n.startswith("overwrite_") and n != "check_finite"}


def check_form(path: str, form: Any, args: Sequence[Any], kwargs: Mapping[str, Any], loc: ir.Loc | None) -> None:
    """Refuse an argument that a function written out does not have beside others."""
    known = inspect.signature(form).parameters
    several = any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in known.values())
    other = [name for name in kwargs if name not in known]
    if other and not several:
        reason = f"cannot differentiate {path} with the argument {other[0]!r} beside these"
        raise Unsupported(reason, loc, "Compute it another way, or register a rule.")


def check_arguments(rule: Any, path: str, args: Sequence[Any], kwargs: Mapping[str, Any], loc: ir.Loc | None) -> None:
    """Refuse an argument that the derivative rule does not know."""
    try:
        rule.bind(tuple(args), kwargs)
    except TypeError as error:
        reason = str(error).partition("no derivative ")[2]
        if not reason:
            raise
        raise Unsupported(
            f"cannot differentiate {path} {reason}", loc, "Compute it another way, or register a rule."
        ) from None
