"""Elementary functions that compiled loops compute for several elements at once.

A loop with a call of libm's ``exp`` in it is not vectorised. Two ways out:

- `vector_arithmetic` writes exp, expm1, tanh, log and log1p out, for every processor, with the same bits at every call.
- glibc's libmvec has functions for the whole width of the processor's registers; named on the call itself, they let
  LLVM vectorise the loop. Errors: at most 4 units in the last place by glibc's own bound; the tests find less. This is
  only done with ``SRCAD_VECTOR_MATHS=1`` in the environment: whether LLVM's vectorised loop runs depends on how far
  apart two arrays lie, and what is left at its end takes the scalar function, so that two calls may differ in the last
  bit, which srcad promises they do not.

Else the scalar function is called. Infinities, NaN, denormals and signed zeros are as in the scalar functions. Called
from Python, a function here is NumPy's own: only code compiled with Numba is made faster.
"""

from __future__ import annotations

import ctypes
import math
import operator
import os
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.core.typing.templates import signature
from numba.extending import lower_builtin, type_callable

from srcad_runtime import vector_arithmetic

LIBRARY = "libmvec.so.1"
USED = "llvm.compiler.used"  # keeps declarations that nobody calls yet


def _loaded() -> Any:
    """The library, found by compiled code from now on; None where there is none, or none is wanted.

    It is loaded even where it is not wanted: code in Numba's cache may be of a process that wanted it.
    """
    try:
        library = ctypes.CDLL(LIBRARY)
        llvm.load_library_permanently(LIBRARY)
    except (OSError, RuntimeError):
        return None
    return library if os.environ.get("SRCAD_VECTOR_MATHS", "0") == "1" else None


_library = _loaded()
_features = llvm.get_host_cpu_features() if _library is not None else {}
# (letter of the instruction set in glibc's names, bytes of a register)
WIDTHS = tuple(
    (letter, size) for feature, letter, size in (("avx2", "d", 32), ("avx512f", "e", 64)) if _features.get(feature)
)


def variants(name: str, arguments: int, size: int) -> list[tuple[str, int]]:
    """(name of the vector function, how many numbers of `size` bytes it takes) for each that is there."""
    found = []
    for letter, width in WIDTHS:
        lanes = width // size
        symbol = f"_ZGV{letter}N{lanes}{'v' * arguments}_{name}"
        if hasattr(_library, symbol):
            found.append((symbol, lanes))
    return found


def available() -> tuple[str, ...]:
    """The functions that compiled loops compute for several elements at once on this machine."""
    return tuple(sorted(name for name, (c, count, _) in FUNCTIONS.items() if variants(c, count, 8)))


# ---- in compiled code ----


class _Attributes(ir.instructions.CallInstrAttributes):  # type: ignore[misc]
    """The attributes of one call: llvmlite does not know the one that names vector functions."""

    def __init__(self, *words: str) -> None:
        self._known = frozenset(words)
        super().__init__(words)


def _call(builder: Any, name: str, kind: Any, size: int, args: Any) -> Any:
    """A call of libm's function that says which vector functions do the same."""
    count = len(args)
    scalar = _declared(builder.module, name, kind, count)
    wide = variants(name, count, size)
    _keep(builder.module, [_declared(builder.module, s, ir.VectorType(kind, lanes), count) for s, lanes in wide])
    shape = "v" * count
    listed = ",".join(f"_ZGV_LLVM_N{lanes}{shape}_{name}({symbol})" for symbol, lanes in wide)
    call = builder.call(scalar, list(args))
    call.attributes = _Attributes("nounwind", "readnone", f'"vector-function-abi-variant"="{listed}"')
    return call


def _declared(module: Any, symbol: str, kind: Any, count: int) -> Any:
    if symbol not in module.globals:
        ir.Function(module, ir.FunctionType(kind, [kind] * count), symbol)
    return module.globals[symbol]


def _keep(module: Any, functions: list[Any]) -> None:
    """Add functions to the module's list of what LLVM must not drop."""
    used = module.globals.get(USED)
    kept = {f.name: f for f in [*getattr(used, "functions", []), *functions]}
    if not kept:
        return
    pointer = ir.IntType(8).as_pointer()
    kind = ir.ArrayType(pointer, len(kept))
    if used is None:
        used = ir.GlobalVariable(module, kind, USED)
        used.linkage, used.section = "appending", "llvm.metadata"
    used.functions, used.value_type, used.type = list(kept.values()), kind, kind.as_pointer()
    used.initializer = ir.Constant(kind, [f.bitcast(pointer) for f in kept.values()])


# ---- the functions ----


def exp(x: Any) -> Any:
    return np.exp(x)


def log(x: Any) -> Any:
    return np.log(x)


def sin(x: Any) -> Any:
    return np.sin(x)


def cos(x: Any) -> Any:
    return np.cos(x)


def tan(x: Any) -> Any:
    return np.tan(x)


def sinh(x: Any) -> Any:
    return np.sinh(x)


def cosh(x: Any) -> Any:
    return np.cosh(x)


def tanh(x: Any) -> Any:
    return np.tanh(x)


def arctan(x: Any) -> Any:
    return np.arctan(x)


def expm1(x: Any) -> Any:
    return np.expm1(x)


def log1p(x: Any) -> Any:
    return np.log1p(x)


def erf(x: Any) -> Any:
    from scipy import special

    return special.erf(x)


def power(x: Any, y: Any) -> Any:
    """``x ** y`` for floating-point numbers."""
    return np.power(x, y)


# name: (libm's name, number of arguments, what Numba compiles where there is no vector function)
FUNCTIONS: dict[str, tuple[str, int, Any]] = {
    "exp": ("exp", 1, math.exp),
    "log": ("log", 1, math.log),
    "sin": ("sin", 1, math.sin),
    "cos": ("cos", 1, math.cos),
    "tan": ("tan", 1, math.tan),
    "sinh": ("sinh", 1, math.sinh),
    "cosh": ("cosh", 1, math.cosh),
    "tanh": ("tanh", 1, math.tanh),
    "arctan": ("atan", 1, math.atan),
    "expm1": ("expm1", 1, math.expm1),
    "log1p": ("log1p", 1, math.log1p),
    "erf": ("erf", 1, math.erf),
    "power": ("pow", 2, operator.pow),
}


def _register(function: Callable[..., Any], name: str, count: int, scalar: Any) -> None:
    """Tell Numba the type of a function and how it is compiled."""

    @type_callable(function)
    def _type(context: Any) -> Any:
        def typer(x: Any) -> Any:
            return _signature(x)

        def typer_of_two(x: Any, y: Any) -> Any:
            return _signature(x, y)

        return typer if count == 1 else typer_of_two

    for kind, suffix, size in ((types.float64, "", 8), (types.float32, "f", 4)):
        _compile(function, name + suffix, [kind] * count, size, scalar)


def _signature(*kinds: Any) -> Any:
    """float32 for float32, float64 for any other real number."""
    if not all(isinstance(k, (types.Float, types.Integer, types.Boolean)) for k in kinds):
        return None
    kind = types.float32 if all(k == types.float32 for k in kinds) else types.float64
    return signature(kind, *[kind] * len(kinds))


def _compile(function: Callable[..., Any], name: str, kinds: list[Any], size: int, scalar: Any) -> None:
    number = ir.DoubleType() if size == 8 else ir.FloatType()

    @lower_builtin(function, *kinds)  # type: ignore[untyped-decorator]
    def _lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if variants(name, len(kinds), size):
            return _call(builder, name, number, size, args)
        if function.__name__ in vector_arithmetic.FUNCTIONS:
            return vector_arithmetic.written(builder, function.__name__, args[0])
        return context.get_function(scalar, signature(kinds[0], *kinds))(builder, args)


for _name, (_c, _count, _scalar) in FUNCTIONS.items():
    _register(globals()[_name], _c, _count, _scalar)
