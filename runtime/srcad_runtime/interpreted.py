"""Functions that compiled code calls back into Python for: all of NumPy that has a rule and that Numba lacks.

A call costs ten microseconds or so beside the work itself. What is called often on small arrays has a kernel of its
own in the other modules. The type of the result is found, while compiling, by calling the function on small arrays.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="call-arg"
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

import importlib
import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import from_dtype, objmode, types
from numba.core.errors import TypingError

from srcad_runtime import arrays
from srcad_runtime.compiled_names import CALLED_BACK_HELPERS, NUMPY, SPREAD
from srcad_runtime.jitting import overload


def load(path: str) -> Any:
    """The object at a dotted path, such as numpy.logaddexp.reduce."""
    module, *names = path.split(".")
    found: Any = importlib.import_module(module)
    for name in names:
        found = getattr(found, name)
    return found


def register(lines: str, module: str) -> dict[str, Callable[..., Any]]:
    """Functions that call those of the lines, as compiled code may; those that the installed library lacks left out."""
    made = {}
    for line in lines.split("\n")[1:-1]:
        path = line.partition("(")[0]
        try:
            load(path)
        except AttributeError:
            continue
        made[kernel_name(path)] = wrapper(line, module)
    for function in made.values():
        in_python(function)
    return made


def wrapper(line: str, module: str) -> Callable[..., Any]:
    """A function of Python's that calls the NumPy function at the start of a line, with its signature."""
    path, _, parameters = line.partition("(")
    known = inspect.signature(eval(f"lambda {parameters[:-1]}: None")).parameters
    names = list(known)
    given = ", ".join(n if known[n].default is inspect.Parameter.empty else f"{n}={n}" for n in names)
    if path in SPREAD:
        parameters, given = parameters.replace("*", ""), f"*{given}"
    given = ", ".join(names) if isinstance(load(path), np.ufunc) else given
    name = kernel_name(path)
    space = {"function": load(path)}
    exec(f"def {name}({parameters}:\n    return function({given})", space)
    space[name].__module__ = module
    return space[name]


def kernel_name(path: str) -> str:
    """How a function is called here: ``logaddexp_reduce`` for ``numpy.logaddexp.reduce``, ``math_prod``."""
    return path.removeprefix("numpy.").replace(".", "_")


# where small arrays do not fit together: the arguments that have the dtype and the rank of the result, or its rank
LIKE: dict[str, tuple[tuple[str, ...], tuple[str | int, ...]]] = {
    "banded_product": (("ab", "x"), ("x",)),
    "bands_of_product": (("g", "x"), (2,)),
    "cross": (("a", "b"), ("a", "b")),
    "cubic_coefficients": (("y",), (2,)),
    "cubic_coefficients_adjoint": (("g",), (1,)),
    "cumprod_adjoint": (("g",), ("a",)),
    "cut": (("g",), ("g",)),
    "diagonal_adjoint": (("g",), ("a",)),
    "diff_adjoint": (("g",), ("g",)),
    "fitted": (("g",), ("g",)),
    "half_spectrum_adjoint": (("x",), ("x",)),
    "inserted_order": (("n",), (1,)),
    "linalg_cross": (("x1", "x2"), ("x1", "x2")),
    "pad_adjoint": (("g",), ("array",)),
    "quantile_adjoint": (("a",), ("a",)),
    "quantile_slope": (("a",), (2,)),
    "quantile_tangent": (("a",), (2,)),
    "reduceat_adjoint": (("g",), ("array",)),
    "repeat": (("a",), ("a",)),
    "repeat_adjoint": (("g",), ("a",)),
    "resized": (("g",), ("g",)),
    "spread_diagonals": (("g",), ("a",)),
    "take_adjoint": (("g",), ("a",)),
    "take_along_axis_adjoint": (("g",), ("a",)),
    "part_of_full": (("full",), ("full",)),
    "tile_adjoint": (("g",), ("a",)),
    "turned_bands": (("ab",), ("ab",)),
    "within_full": (("g",), ("g",)),
    "uncut": (("g",), ("g",)),
}


# ---- types: what a function gives for small arrays ----

EXTENT = 4


def sample(t: Any) -> Any:
    """A value of a Numba type: constants as they are, arrays of equal extents."""
    if not isinstance(t, types.Type):
        return t
    if isinstance(t, types.Omitted):
        return t.value
    if isinstance(t, types.Literal):
        return t.literal_value
    if isinstance(t, types.NoneType):
        return None
    if isinstance(t, types.BaseTuple):
        return tuple(sample(item) for item in t.types)  # type: ignore[attr-defined]  # in every kind of tuple
    if isinstance(t, types.NumPyRandomGeneratorType):
        return np.random.default_rng(0)
    if isinstance(t, types.Array):
        return _array((EXTENT,) * t.ndim, np.dtype(str(t.dtype)))
    if isinstance(t, types.SliceType):
        return slice(0, 1)
    if isinstance(t, types.Boolean):
        return True
    if isinstance(t, types.Integer):
        return EXTENT - 1
    if isinstance(t, types.Number):
        return np.dtype(str(t)).type(0.5)
    raise TypingError(f"no value of {t}")


def order(t: Any) -> Any:
    """Of a norm: an infinity, which every norm knows, for a number that is not known while compiling."""
    return np.inf if isinstance(t, types.Float) else sample(t)


def ends(t: Any) -> Any:
    """Of a histogram: two numbers, also where they come as an array."""
    return None if t is None or isinstance(t, types.NoneType) else (0.1, 0.9)


ARGUMENTS = {"ord": order, "range": ends}


def _array(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    if dtype.kind not in "fc":
        return np.zeros(shape, dtype) if dtype.kind in "iu" else np.ones(shape, dtype)
    numbers = np.linspace(0.1, 0.9, max(int(np.prod(shape)), 1)).reshape(shape)
    if len(shape) > 1:
        numbers = numbers @ np.swapaxes(numbers, -1, -2) + np.diag(np.arange(1.0, shape[-1] + 1.0))
    return numbers.astype(dtype)


def kinds_of(function: Callable[..., Any], given: dict[str, Any]) -> tuple[list[np.dtype], list[int], bool]:
    """The dtypes and ranks of what a function gives for arguments of these types, and whether it gives several."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            found = function(**{name: ARGUMENTS.get(name, sample)(t) for name, t in given.items()})
        except Exception as error:  # whatever the library raises
            if function.__name__ in LIKE:
                typed, ranked = LIKE[function.__name__]
                kind = np.result_type(*(str(getattr(given[n], "dtype", given[n])) for n in typed))
                ranks = [n if isinstance(n, int) else getattr(given[n], "ndim", 0) for n in ranked]
                return [kind], [max(ranks)], False
            raise TypingError(f"{function.__name__}: {error}") from error
    several = isinstance(found, tuple)
    parts = [np.asarray(part) for part in (found if several else (found,))]
    dtypes = [part.dtype for part in parts]
    if function.__name__ in ("linalg_eig", "linalg_eigvals", "roots"):  # real only where all happen to be
        dtypes = [np.result_type(dtype, np.complex64) for dtype in dtypes]
    return dtypes, [part.ndim for part in parts], several


def settled(value: Any, dtypes: list[np.dtype], several: bool) -> Any:
    """A function's value as compiled code expects it: of the types found, in C order, its own to write."""
    parts = value if several else (value,)
    if any(np.any(np.imag(part)) for part, dtype in zip(parts, dtypes, strict=True) if dtype.kind != "c"):
        raise ValueError("complex numbers where compiled code expects real ones: convert the argument to complex")
    new = [np.array(part, dtype, order="C", copy=None) for part, dtype in zip(parts, dtypes, strict=True)]
    new = [part[()] if part.ndim == 0 else part if part.flags.writeable else part.copy() for part in new]
    return tuple(new) if several else new[0]


# ---- compiling ----


def in_python(function: Callable[..., Any]) -> None:
    """Let compiled code call a function of Python's."""
    parameters = inspect.signature(function).parameters

    def typed(*given: Any) -> Any:
        types_ = dict(zip(parameters, given, strict=True))
        passed = {n: t for n, t in types_.items() if isinstance(t, types.Type) and not isinstance(t, types.Omitted)}
        dtypes, ranks, several = kinds_of(function, passed)
        return implementation(function, list(passed), dtypes, ranks, several)

    names = ", ".join(parameters)
    space: dict[str, Any] = {"typed": typed}
    exec(f"def overloaded({_declared(parameters)}):\n    return typed({names})", space)
    overload(function, prefer_literal=True)(space["overloaded"])


def _declared(parameters: Any) -> str:
    """Parameters as they are declared, without annotations."""
    return ", ".join(n if p.default is p.empty else f"{n}={p.default!r}" for n, p in parameters.items())


def implementation(
    function: Callable[..., Any], passed: list[str], dtypes: list[np.dtype], ranks: list[int], several: bool
) -> Callable[..., Any]:
    """The compiled function: one call of `function` in Python, with the arguments that are passed."""
    space: dict[str, Any] = {"call": function, "settled": settled, "objmode": objmode}
    space |= {"dtypes": dtypes, "several": several}
    outs = [f"out_{k}" for k in range(len(dtypes))]
    for out, dtype, rank in zip(outs, dtypes, ranks, strict=True):
        element = from_dtype(dtype)
        space[f"type_{out}"] = types.Array(element, rank, "C") if rank else element
    kinds = ", ".join(f"{out}=type_{out}" for out in outs)
    targets = ", ".join(outs) + "," * (several and len(outs) == 1)
    call = f"call({', '.join(f'{n}={n}' for n in passed)})"
    lines = [
        f"def run({_declared(inspect.signature(function).parameters)}):",
        f"    with objmode({kinds}):",
        f"        {targets} = settled({call}, dtypes, several)",
        f"    return {targets}",
    ]
    exec("\n".join(lines), space)
    return space["run"]  # type: ignore[no-any-return]


# not among the globals, where NumPy's `max` and `round` would stand for Python's own
WRAPPERS = {**register(NUMPY, __name__), **{name: getattr(arrays, name) for name in CALLED_BACK_HELPERS}}
for _name in CALLED_BACK_HELPERS:
    in_python(WRAPPERS[_name])


def __getattr__(name: str) -> Any:
    if name in WRAPPERS:
        return WRAPPERS[name]
    raise AttributeError(name)
