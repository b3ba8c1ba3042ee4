"""Functions whose type is spelt out: those that make or reshape arrays, products, and Python's own."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from srcad import shapes
from srcad.abstract import BOOL, COMPLEX, FLOAT, INT, UNKNOWN, Abstract, Num, Seq, Static, Struct, join
from srcad.dims import Dim
from srcad.promotion import as_number, binary, resolve, ufunc
from srcad.shapes import Assumptions, Dims

Rule = Callable[[list[Abstract], dict[str, Abstract], Assumptions], "Abstract | None"]
SIGNATURES: dict[str, Rule] = {}


def _rule(*paths: str) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        SIGNATURES.update(dict.fromkeys(paths, rule))
        return rule

    return register


def extents(t: Abstract) -> Dims | None:
    """The extents that a shape argument (an integer or a tuple) asks for; an unknown one is None."""
    if isinstance(t, Num) and t.dims == ():
        return (t.number,)
    if isinstance(t, Static) and isinstance(t.value, (int, tuple, list)):
        return tuple(Dim(int(n)) for n in np.atleast_1d(t.value))
    if isinstance(t, Struct) and all(isinstance(i, Num) for i in t.items):
        return tuple(getattr(i, "number", None) for i in t.items)
    return None


def dtype_of(t: Abstract | None, default: str | None) -> str | None:
    """The dtype that a ``dtype`` argument asks for."""
    if t is None or t == Static(None):
        return default
    try:
        return np.dtype(t.value).name if isinstance(t, Static) else None
    except TypeError:
        return None


@_rule("numpy.array", "numpy.asarray")
def _array_of_items(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    """Of a list of unknown length; an empty one of arrays, whose array has a single axis, is left to NumPy's errors."""
    if len(args) != 1 or kwargs or not isinstance(args[0], Seq) or args[0].element.dims is None:
        return None
    return Num(args[0].element.dtype, (None, *args[0].element.dims))


@_rule("numpy.concatenate")
def _concatenated_items(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    if not args or not isinstance(args[0], Seq) or not args[0].element.dims or len(args) > 2 or kwargs:
        return None
    dims = list(args[0].element.dims)
    axis = args[1].number if len(args) > 1 and isinstance(args[1], Num) else Dim(0)
    if axis is None or not axis.is_const or not -len(dims) <= axis.const < len(dims):
        return None
    dims[axis.const] = None
    return Num(args[0].element.dtype, tuple(dims))


@_rule("numpy.digitize")
def _places(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    """It takes bins in order only, which arrays to try it with need not be."""
    x = args[0] if args else kwargs.get("x")
    return Num("int64", x.dims) if isinstance(x, Num) and x.dims is not None else None


@_rule("srcad_runtime.pieces")
def _pieces(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    items = args[1]
    return Seq(Num(items.element.dtype, items.element.dims)) if isinstance(items, Seq) else None


@_rule("numpy.zeros", "numpy.ones", "numpy.empty")
def _filled(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    shape = kwargs.get("shape", args[0] if args else None)
    dtype = kwargs.get("dtype", args[1] if len(args) > 1 else None)
    return None if shape is None else Num(dtype_of(dtype, "float64"), extents(shape))


@_rule("numpy.full")
def _full(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    if len(args) < 2 or not isinstance(value := as_number(args[1]), Num) or value.dims:
        return None
    dtype = kwargs.get("dtype", args[2] if len(args) > 2 else None)
    return Num(dtype_of(dtype, value.dtype), extents(args[0]))


@_rule("numpy.reshape")
def _reshape(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    base, shape = args[0], kwargs.get("shape", args[1] if len(args) > 1 else None)
    if not isinstance(base, Num) or shape is None:
        return None
    new = extents(shape)
    return Num(base.dtype, None if new is None else shapes.reshape(base.dims, new, noted))


@_rule("numpy.broadcast_to")
def _broadcast_to(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    shape = kwargs.get("shape", args[1] if len(args) > 1 else None)
    return None if shape is None or not isinstance(args[0], Num) else Num(args[0].dtype, extents(shape))


@_rule("numpy.take")
def _take(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    """Of an array as it lies in memory: in the shape of the places."""
    base, places = args[0], args[1] if len(args) == 2 else None
    if kwargs or not isinstance(base, Num) or not isinstance(places, Num) or places.dims is None:
        return None
    return Num(base.dtype, places.dims)


@_rule("numpy.lib.stride_tricks.sliding_window_view")
def _windows(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    given = dict(zip(("x", "window_shape", "axis"), args, strict=False)) | kwargs
    base, widths, places = given["x"], extents(given.get("window_shape", UNKNOWN)), given.get("axis", Static(None))
    if not isinstance(base, Num) or base.dims is None or widths is None or set(given) - {"x", "window_shape", "axis"}:
        return None
    axes = extents(places) if places != Static(None) else tuple(map(Dim, range(len(base.dims))))
    if axes is None or len(axes) != len(widths) or not all(a is not None and a.is_const for a in axes):
        return None
    dims = list(base.dims)
    for axis, width in zip(axes, widths, strict=True):
        k = axis.const  # type: ignore[union-attr]
        own = dims[k]
        dims[k] = None if own is None or width is None else own - width + 1
    return Num(base.dtype, (*dims, *widths))


@_rule("numpy.transpose")
def _transpose(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    if len(args) > 1 or kwargs or not isinstance(args[0], Num):
        return None
    return Num(args[0].dtype, args[0].dims and args[0].dims[::-1])


def _product(shape: Callable[..., Dims | None]) -> Rule:
    def rule(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
        if len(args) != 2 or kwargs or not isinstance(args[0], Num) or not isinstance(args[1], Num):
            return None
        return Num(resolve(np.multiply, args)[0], shape(args[0].dims, args[1].dims, noted))  # type: ignore[arg-type]

    return rule


SIGNATURES["numpy.matmul"] = _product(shapes.matmul)
SIGNATURES["numpy.dot"] = _product(shapes.dot)


@_rule("numpy.where")
def _where(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    numbers = [as_number(t) for t in args]
    if len(args) != 3 or kwargs or not all(isinstance(t, Num) for t in numbers):
        return None
    test, x, y = (t for t in numbers if t is not None)
    return Num(resolve(np.fmax, [x, y])[0], shapes.broadcast([test.dims, x.dims, y.dims], noted))


@_rule("numpy.linalg.eig", "numpy.linalg.eigvals")
def _eig(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    """Complex numbers: NumPy gives real ones only where all happen to be."""
    a = args[0] if args else None
    if not isinstance(a, Num) or a.dtype is None or a.dims is None or len(a.dims) < 2:
        return None
    kind = "complex64" if a.dtype in ("float32", "complex64") else "complex128"
    shapes.same(a.dims[-1], a.dims[-2], noted)
    return Num(kind, a.dims[:-1])


@_rule("numpy.linalg.lstsq")
def _lstsq(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    """Of matrices whose number of rows may not be known to agree: how many sums of squares there are, never is."""
    given = dict(zip("ab", args, strict=False)) | kwargs
    a, b = given.get("a", UNKNOWN), given.get("b", UNKNOWN)
    if not isinstance(a, Num) or not isinstance(b, Num) or not a.dims or not b.dims or None in (a.dtype, b.dtype):
        return None
    dtype = np.result_type(str(a.dtype), str(b.dtype), np.float32).name
    found = (Num(dtype, (a.dims[-1], *b.dims[1:])), Num(dtype, (None,)), Num("int32", ()), Num(dtype, (None,)))
    return Struct("tuple", (0, 1, 2, 3), found, tuple)


def places_of(q: Abstract) -> Dims | None:
    """The extents of a number, an array or a list of numbers."""
    if isinstance(q, Static) and isinstance(q.value, (int, float, tuple, list)):
        return tuple(map(Dim, np.shape(q.value)))
    if isinstance(q, Struct) and all(isinstance(i, Num) and i.dims == () for i in q.items):
        return (Dim(len(q.items)),)
    return q.dims if isinstance(q, Num) else None


@_rule("numpy.quantile", "numpy.percentile", "numpy.nanquantile", "numpy.nanpercentile")
def _quantile(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    """The axes of the places first; some methods give an array without axes for a number, which none of them asks."""
    given = dict(zip(("a", "q", "axis"), args, strict=False)) | kwargs
    a, q, axis = given.get("a"), places_of(given.get("q", UNKNOWN)), given.get("axis", Static(None))
    if not isinstance(a, Num) or a.dims is None or a.dtype is None or np.dtype(a.dtype).kind != "f":
        return None
    if q is None or set(given) - {"a", "q", "axis", "method", "keepdims"}:
        return None
    keep = given.get("keepdims", Static(False))
    places = (
        range(len(a.dims)) if axis == Static(None) else [getattr(k, "const", None) for k in extents(axis) or (None,)]
    )
    if None in places or not isinstance(keep, (Static, Num)) or isinstance(keep, Num):
        return None
    gone = {k % len(a.dims) for k in places if k is not None}
    rest = [Dim(1) if k in gone else d for k, d in enumerate(a.dims) if keep.value or k not in gone]
    return Num(a.dtype, (*q, *rest))


@_rule("numpy.polyval")
def _polyval(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    """A number at a number, though NumPy gives an array without axes for no coefficients at all."""
    p, x = map(as_number, args) if len(args) == 2 and not kwargs else (None, None)
    if not isinstance(p, Num) or not isinstance(x, Num) or None in (p.dtype, x.dtype):
        return None
    return Num(np.result_type(str(p.dtype), str(x.dtype)).name, x.dims)


@_rule("numpy.bincount")
def _bincount(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    given = dict(zip(("x", "weights", "minlength"), args, strict=False)) | kwargs
    return Num("int64" if given.get("weights", Static(None)) == Static(None) else "float64", (None,))


@_rule("numpy.repeat")
def _repeat(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    """Each element as often as a list or an array says."""
    given = dict(zip(("a", "repeats", "axis"), args, strict=False)) | kwargs
    a, repeats, axis = given.get("a"), given.get("repeats"), given.get("axis", Static(None))
    several = isinstance(repeats, Struct) or isinstance(repeats, Num) and repeats.dims not in (None, ())
    if not several or not isinstance(a, Num) or not a.dims:
        return None
    if axis == Static(None):
        return Num(a.dtype, (None,))
    place = axis.number if isinstance(axis, Num) else None
    if place is None or not place.is_const or not -len(a.dims) <= place.const < len(a.dims):
        return None
    along = place.const % len(a.dims)
    return Num(a.dtype, tuple(None if k == along else d for k, d in enumerate(a.dims)))


@_rule("numpy.histogram")
def _histogram(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    """With edges, which no small array tried might give in their order."""
    edges = args[1] if len(args) > 1 else None
    weights = kwargs.get("weights", Static(None))
    if not isinstance(edges, Num) or edges.dims is None or len(edges.dims) != 1:
        return None
    if weights != Static(None) and not isinstance(weights, Num):
        return None
    extent = edges.dims[0]
    counts = Num(weights.dtype if isinstance(weights, Num) else "int64", (None if extent is None else extent - 1,))
    return Struct("tuple", (0, 1), (counts, edges), tuple)


@_rule("numpy.roots")
def _roots(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    """Complex numbers, though NumPy gives real ones where all happen to be; zeros at both ends are cut off."""
    return Num("complex128", (None,)) if len(args) == 1 and isinstance(args[0], Num) else None


def _eigenpairs(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    values = _eig(args, kwargs, noted)
    if not isinstance(values, Num) or values.dims is None:
        return None
    return Struct("tuple", (0, 1), (values, Num(values.dtype, (*values.dims, values.dims[-1]))), tuple)


SIGNATURES["numpy.linalg.eig"] = _eigenpairs


@_rule("numpy.size")
def _size(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    dims = args[0].dims if isinstance(args[0], Num) and len(args) == 1 and not kwargs else None
    return dataclasses.replace(INT, number=None if dims is None else shapes.size(dims))


@_rule("numpy.ndim")
def _ndim(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    known = isinstance(args[0], Num) and args[0].dims is not None
    return dataclasses.replace(INT, number=Dim(len(args[0].dims)) if known else None)  # type: ignore


@_rule("numpy.shape")
def _shape(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    return shape_tuple(args[0]) if isinstance(args[0], Num) else None


def shape_tuple(t: Num) -> Abstract:
    """The type of ``x.shape``: a tuple of integers in linear form."""
    if t.dims is None:
        return Seq(INT)
    items = tuple(dataclasses.replace(INT, number=d) for d in t.dims)
    return Struct("tuple", tuple(range(len(items))), items, tuple)


@_rule("srcad.stop_gradient", "srcad.checkpoint")
def _first(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    return args[0]


# ---- Python's own functions ----


@_rule("builtins.len")
def _len(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    t = args[0]
    length = t.dims[0] if isinstance(t, Num) and t.dims else Dim(len(t.items)) if isinstance(t, Struct) else None
    return dataclasses.replace(INT, number=length)


@_rule("srcad_runtime.attempts.caught")
def _caught(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    return INT


@_rule("builtins.abs")
def _abs(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    t = as_number(args[0])
    found = UNKNOWN if t is None else ufunc(np.absolute, [t], noted)
    return dataclasses.replace(found, weak=t.weak) if isinstance(found, Num) and t else found


@_rule("builtins.min", "builtins.max")
def _extreme(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    """One of the arguments, as it is."""
    items = elements(args[0]) if len(args) == 1 else [as_number(t) or t for t in args]
    if not items:
        return UNKNOWN
    dtypes = {t.dtype for t in items if isinstance(t, Num)}
    found = items[0]
    for t in items[1:]:
        found = join(found, t)
    if isinstance(found, Num) and found.dtype is None and None not in dtypes:
        found = dataclasses.replace(found, dtype=np.result_type(*dtypes).name)
    return found


def elements(t: Abstract) -> list[Abstract]:
    """The types of what iterating over a value gives; one stands for all where the number is unknown."""
    if isinstance(t, Struct):
        return list(t.items) if t.kind in ("tuple", "list", "namedtuple") else []
    if isinstance(t, Seq):
        return [t.element]
    return [Num(t.dtype, t.dims[1:])] if isinstance(t, Num) and t.dims else []


@_rule("builtins.sum")
def _sum(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    start = kwargs.get("start", args[1] if len(args) > 1 else dataclasses.replace(INT, number=Dim(0)))
    total, items = as_number(start), [as_number(t) for t in elements(args[0])]
    for t in items:
        if total is None or t is None:
            return UNKNOWN
        total = add(total, t, noted)
    return UNKNOWN if total is None else dataclasses.replace(total, number=None)


def add(a: Num, b: Num, noted: Assumptions) -> Num:
    found = ufunc(np.add, [a, b], noted)
    assert isinstance(found, Num)
    return dataclasses.replace(found, weak=a.weak and b.weak)


@_rule("builtins.int")
def _int(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    t = as_number(args[0]) if args else None
    return dataclasses.replace(INT, number=t.number if t else None)


@_rule("builtins.round")
def _round(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    t = as_number(args[0])
    if t is None or t.dims != ():
        return None
    return INT if len(args) == 1 and not kwargs else t


@_rule("builtins.pow")
def _pow(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    a, b = (as_number(t) for t in args[:2])
    return UNKNOWN if a is None or b is None else binary("**", a, b, noted)


@_rule("builtins.divmod")
def _divmod(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    a, b = (as_number(t) for t in args)
    items = (UNKNOWN,) * 2 if a is None or b is None else (binary("//", a, b, noted), binary("%", a, b, noted))
    return Struct("tuple", (0, 1), items, tuple)


def _always(t: Abstract) -> Rule:
    return lambda args, kwargs, noted: t


SIGNATURES.update(dict.fromkeys(("builtins.range", "numba.prange"), _always(Seq(INT))))
SIGNATURES.update(dict.fromkeys(("builtins.print", "warnings.warn"), _always(Static(None))))
SIGNATURES |= {"builtins.float": _always(FLOAT), "builtins.complex": _always(COMPLEX), "builtins.bool": _always(BOOL)}
for _name in ("isinstance", "issubclass", "hasattr", "callable", "any", "all"):
    SIGNATURES[f"builtins.{_name}"] = _always(BOOL)
for _name in (n for n in dir(math) if callable(getattr(math, n)) and not n.startswith("_")):
    SIGNATURES[f"math.{_name}"] = _always(FLOAT)
for _name in ("floor", "ceil", "trunc", "comb", "factorial", "gcd", "isqrt", "lcm", "perm"):
    SIGNATURES[f"math.{_name}"] = _always(INT)
for _name in ("isnan", "isinf", "isfinite", "isclose"):
    SIGNATURES[f"math.{_name}"] = _always(BOOL)
SIGNATURES["math.modf"] = _always(Struct("tuple", (0, 1), (FLOAT, FLOAT), tuple))
SIGNATURES["math.frexp"] = _always(Struct("tuple", (0, 1), (FLOAT, INT), tuple))
