"""Calls that compiled code hands back to NumPy, as calls of `srcad_runtime.interpreted`.

Numba compiles some of these functions for some ranks and arguments: those calls stay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from srcad_runtime.compiled_names import CALLED_BACK_HELPERS, SCIPY, SCIPY_SPECIAL, SCIPY_STATS, SPREAD, paths

from srcad import ir
from srcad.transforms.retarget_calls import Types

MODULE = "srcad_runtime.interpreted"

Native = Callable[[Types, ir.Call], bool]


def _never(types: Types, call: ir.Call) -> bool:
    return False


def _to_whole(types: Types, call: ir.Call) -> bool:
    """``round(2.675, 2)`` rounds the decimal form of a float; Numba does as NumPy does of its own: 2.68."""
    number = call.args[0]
    return len(call.args) + len(call.kwargs) == 1 or types.dtype(number) != "float64" or not types.weak(number)


def _plain(most: int, *ranks: int) -> Native:
    """Compiled where at most so many arguments are given, by position, and the first has one of these ranks."""

    def native(types: Types, call: ir.Call) -> bool:
        return len(call.args) <= most and not call.kwargs and (not ranks or types.rank(call.args[0]) in ranks)

    return native


def _system(types: Types, call: ir.Call) -> bool:
    return _plain(2, 2)(types, call) and types.rank(call.args[1]) in (1, 2)


def _complex_matrix(types: Types, call: ir.Call) -> bool:
    """Numba takes a real matrix only where all eigenvalues happen to be real."""
    return _plain(1, 2)(types, call) and str(types.dtype(call.args[0])).startswith("complex")


def _real_numbers(types: Types, call: ir.Call) -> bool:
    """No argument is known to be complex."""
    return not any(str(types.dtype(e)).startswith("complex") for e in call.args)


def _norm(types: Types, call: ir.Call) -> bool:
    given = [*call.args[1:], *(value for _, value in call.kwargs)]
    named = [name for name, _ in call.kwargs]
    text = any(isinstance(e, ir.Const) and (isinstance(e.value, str) or e.value is None) for e in given)
    fits = len(given) <= 1 and set(named) <= {"ord"} and not text and types.rank(call.args[0]) in (1, 2)
    return fits and types.dtype(call.args[0]) in ("float32", "float64")


def _pair(*ranks: int) -> Native:
    """Compiled where two arguments have the same rank, one of these, and the same floating type."""

    def native(types: Types, call: ir.Call) -> bool:
        if len(call.args) != 2 or call.kwargs:
            return False
        a, b = call.args
        same = types.rank(a) == types.rank(b) and types.dtype(a) == types.dtype(b)
        return same and types.rank(a) in ranks and types.dtype(a) in ("float32", "float64", "complex128")

    return native


def _histogram(types: Types, call: ir.Call) -> bool:
    """Bins by number or edges, and not by the name of a way to choose them."""
    named = len(call.args) > 1 and isinstance(call.args[1], ir.Const) and isinstance(call.args[1].value, str)
    return _plain(3)(types, call) and not named


def _numbers(types: Types, call: ir.Call) -> bool:
    """``np.linspace`` between two numbers."""
    return not call.kwargs and all(types.rank(e) == 0 for e in call.args[:2]) and len(call.args) <= 3


def _of_all_elements(types: Types, call: ir.Call) -> bool:
    """Reductions of a part of the elements, or from a number on, run in Python."""
    named = {name for name, _ in call.kwargs}
    return not named & {"where", "initial"} or not named <= {"axis", "keepdims", "ddof", "where", "initial"}


def _without_keepdims(types: Types, call: ir.Call) -> bool:
    return not {name for name, _ in call.kwargs} - {"axis"}


def _as_often(types: Types, call: ir.Call) -> bool:
    """``np.repeat`` by one number, or of all elements."""
    axis = dict(call.kwargs).get("axis", call.args[2] if len(call.args) > 2 else ir.NONE)
    return axis == ir.NONE or len(call.args) < 2 or types.rank(call.args[1]) == 0


def _real_elements(types: Types, call: ir.Call) -> bool:
    return _of_all_elements(types, call) and not str(types.dtype(call.args[0])).startswith("complex")


_ONE_MATRIX = "cholesky det eigh eigvalsh inv pinv qr slogdet svd matrix_rank"
_ALONE = "nanmax nanmean nanmedian nanmin nanstd nansum nanvar"
_ALWAYS = (
    "add.reduceat matvec roots vecmat "
    "compress cross delete diagonal frexp geomspace hypot.reduce i0 kron logaddexp.reduce maximum.accumulate "
    "minimum.accumulate modf nanpercentile nanquantile percentile polyder polyint quantile resize rot90 "
    "subtract.reduce unwrap vecdot "
    "array_equiv diag_indices diag_indices_from histogram_bin_edges lexsort ravel_multi_index "
    "fft.fft fft.fft2 fft.fftfreq fft.rfftfreq fft.fftn fft.fftshift fft.ifft fft.ifft2 fft.ifftn fft.ifftshift "
    "fft.irfft "
    "fft.irfft2 fft.irfftn fft.rfft fft.rfft2 fft.rfftn linalg.cross linalg.lstsq linalg.multi_dot linalg.svdvals "
    "linalg.vector_norm"
)
# nodes and weights
_QUADRATURES = "chebyshev.chebgauss hermite.hermgauss hermite_e.hermegauss laguerre.laggauss legendre.leggauss"
NATIVE: dict[str, Native] = {
    **{f"numpy.{name}": _never for name in _ALWAYS.split()},
    **dict.fromkeys((*paths(SCIPY), *paths(SCIPY_SPECIAL), *paths(SCIPY_STATS)), _never),
    "builtins.round": _to_whole,
    **{f"math.{name}": _never for name in "comb dist factorial fsum isclose isqrt lcm perm prod ulp".split()},
    **{f"numpy.{name}.outer": _never for name in "equal greater greater_equal less less_equal not_equal".split()},
    **{f"numpy.polynomial.{name}": _never for name in _QUADRATURES.split()},
    **{f"numpy.linalg.{name}": _plain(1, 2) for name in _ONE_MATRIX.split()},
    **{f"numpy.{name}": _plain(1) for name in _ALONE.split()},
    **{f"numpy.{name}": _of_all_elements for name in "max mean min prod sum".split()},
    "numpy.std": _real_elements,
    "numpy.var": _real_elements,
    "numpy.argmax": _without_keepdims,
    "numpy.argmin": _without_keepdims,
    "numpy.argpartition": _never,  # what is left unordered lies as it does in NumPy
    "numpy.bincount": _plain(2),
    "numpy.convolve": _pair(1),
    "numpy.correlate": _pair(1),
    "numpy.flip": _plain(2),
    "numpy.histogram": _histogram,
    "numpy.interp": _plain(3, 0, 1),
    "numpy.isclose": _real_numbers,
    "numpy.linalg.eig": _complex_matrix,
    "numpy.linalg.eigvals": _complex_matrix,
    "numpy.linalg.matrix_power": _plain(2, 2),
    "numpy.linalg.norm": _norm,
    "numpy.linalg.solve": _system,
    "numpy.linspace": _numbers,
    "numpy.median": _plain(1),
    "numpy.partition": _never,
    "numpy.repeat": _as_often,
    "numpy.take": _plain(2),
    "numpy.take_along_axis": _plain(3),
    "numpy.trace": _plain(1, 2),
    "numpy.tril": _plain(2, 2),
    "numpy.triu": _plain(2, 2),
    "numpy.unique": _plain(1),
    "numpy.vander": _plain(2),
    "numpy.vdot": _pair(1),
}


def handed_back(types: Types, old: ir.Call, new: ir.Call, path: str) -> ir.Call | None:
    """The call of a function that runs in Python, or None where Numba compiles it or nothing is known of it."""
    library, _, name = path.rpartition(".")
    if library == "srcad_runtime" and name in CALLED_BACK_HELPERS:
        return _call(new, name)
    native = NATIVE.get(path)
    if native is None or native(types, old):
        return None
    clear = not old.args or isinstance(old.args[0], (ir.List, ir.Tuple)) or types.rank(old.args[0]) is not None
    if native is not _never and not clear:
        return None
    packed = replace(new, args=(ir.Tuple(new.args),)) if path in SPREAD else new
    return _call(packed, path.removeprefix("numpy.").replace(".", "_"))


def _call(call: ir.Call, name: str) -> ir.Call:
    """Lists, which compiled code holds by reference, are handed over as tuples."""
    args = tuple(map(_as_tuple, call.args))
    kwargs = tuple((name, _as_tuple(value)) for name, value in call.kwargs)
    own = next((own for own in ("special", "stats") if name.startswith(f"scipy_{own}_")), "scipy")
    module = f"{MODULE}_{own}" if name.startswith("scipy_") else MODULE
    return replace(call, fn=ir.Ref(f"{module}.{name}"), args=args, kwargs=kwargs)


def _as_tuple(e: ir.Expr) -> ir.Expr:
    return ir.Tuple(tuple(map(_as_tuple, e.items))) if isinstance(e, (ir.List, ir.Tuple)) else e
