"""Abstract values: what is known about a value before the program runs.

`describe` takes them from live values, `annotations.parse_types` from text (``f8[:,:]``), `infer.infer` from
expressions.
"""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, Union

import numpy as np

from srcad import naming
from srcad.dims import Dim, symbol
from srcad.leaves import members


@dataclass(frozen=True)
class Num:
    """A number or an array of numbers.

    dtype: NumPy's name ("float64", "int64", "bool", "complex128"), None if unknown.
    dims: one `Dim` (or None: unknown extent) per axis; () is a scalar; None: unknown rank.
    weak: a Python number, which does not widen an array's dtype (NEP 50).
    number: for an integer scalar, its value in linear form where known.
    single: a Python number on some paths, and NumPy's of single precision on others (``s = 0.0; s += x[i]``).
    array: a live array without axes, which ``op=`` writes into; only `describe` says so, and only an input asks.
    """

    dtype: str | None
    dims: tuple[Dim | None, ...] | None = ()
    weak: bool = False
    number: Dim | None = None
    single: bool = False
    array: bool = False


@dataclass(frozen=True)
class Static:
    """A value known while transforming: str, None, a dtype, a function, a module, or a baked number."""

    value: Any


@dataclass(frozen=True)
class Struct:
    """A container whose shape is known. kind: "tuple" "list" "dict" "namedtuple" "dataclass" "object"."""

    kind: str
    keys: tuple[Any, ...]  # positions, dict keys or field names
    items: tuple[Abstract, ...]
    cls: Any = None


@dataclass(frozen=True)
class Seq:
    """A list whose length is known only at run time, of numbers or arrays of one type.

    stack: it was made by the compiler, which pops everything that it pushes. own: its arrays have no other name.
    """

    element: Num
    stack: bool = False
    own: bool = False


Abstract: TypeAlias = Union[Num, Static, Struct, Seq]
UNKNOWN = Num(None, None)
FLOAT = Num("float64", (), weak=True)
INT = Num("int64", (), weak=True)
BOOL = Num("bool", (), weak=True)
COMPLEX = Num("complex128", (), weak=True)
_PYTHON_NUMBERS = ((bool, BOOL), (int, INT), (float, FLOAT), (complex, COMPLEX))


# ---- questions ----


def is_float(t: Abstract) -> bool:
    """Whether `t` may hold floating (real or complex) numbers; an unknown dtype may."""
    return isinstance(t, Num) and (t.dtype is None or np.dtype(t.dtype).kind in "fc")


def is_complex(t: Abstract) -> bool:
    return isinstance(t, Num) and t.dtype is not None and np.dtype(t.dtype).kind == "c"


def is_integer(t: Abstract) -> bool:
    """Whether `t` is known to hold integers (not booleans)."""
    return isinstance(t, Num) and t.dtype is not None and np.dtype(t.dtype).kind in "iu"


def is_narrow(t: Abstract) -> bool:
    """Whether numbers or arrays are integers of NumPy's that have fewer than 64 bits, or no sign."""
    return is_integer(t) and isinstance(t, Num) and not t.weak and t.dtype != "int64"


def is_bool(t: Abstract) -> bool:
    return isinstance(t, Num) and t.dtype == "bool"


def is_scalar(t: Abstract) -> bool:
    return isinstance(t, Num) and t.dims == ()


def is_array(t: Abstract) -> bool:
    """Whether `t` is known to be an array of rank 1 or more."""
    return isinstance(t, Num) and bool(t.dims)


def rank(t: Abstract) -> int | None:
    return len(t.dims) if isinstance(t, Num) and t.dims is not None else None


def numbers(t: Abstract) -> list[Any]:
    """The leaves of a structure that are numbers or arrays, in order."""
    if isinstance(t, Struct):
        return [leaf for item in t.items for leaf in numbers(item)]
    return [] if isinstance(t, Static) else [t]


def without_static(t: Abstract) -> Abstract:
    """The structure with None for its static parts, which have no tangent."""
    if isinstance(t, Struct):
        return Struct(t.kind, t.keys, tuple(map(without_static, t.items)), t.cls)
    return Static(None) if isinstance(t, Static) else t


# ---- control-flow merges ----


def join(a: Abstract, b: Abstract) -> Abstract:
    """What is known where two paths meet."""
    if a == b:
        return a
    match a, b:
        case Num(), Num():
            return _join_numbers(a, b)
        case Struct(), Struct() if (a.kind, a.keys, a.cls) == (b.kind, b.keys, b.cls):
            return dataclasses.replace(a, items=tuple(map(join, a.items, b.items)))
        case Seq(), Seq():
            return _seq(join(a.element, b.element))
        case (Seq(), Struct(kind="list", items=items)) | (Struct(kind="list", items=items), Seq()):
            element = a.element if isinstance(a, Seq) else b.element  # type: ignore[union-attr]
            for item in items:
                element = join(element, item)
            return _seq(element)
    if any(isinstance(t, Static) and isinstance(t.value, (bool, int, float, complex)) for t in (a, b)):
        return join(*(describe(t.value, "") if isinstance(t, Static) else t for t in (a, b)))
    return UNKNOWN


def _seq(element: Abstract) -> Abstract:
    return Seq(element) if isinstance(element, Num) else UNKNOWN


def _join_numbers(a: Num, b: Num) -> Num:
    dims = None
    if a.dims is not None and b.dims is not None and len(a.dims) == len(b.dims):
        dims = tuple(d if d == e else None for d, e in zip(a.dims, b.dims, strict=True))
    dtype, single = _join_dtypes(a.dtype, b.dtype), _may_be_single(a, b) or _may_be_single(b, a)
    return Num(dtype, dims, a.weak and b.weak or single, a.number if a.number == b.number else None, single)


def _may_be_single(a: Num, b: Num) -> bool:
    """Whether one of two numbers is Python's, and the other NumPy's of single precision or one that may be."""
    narrow = b.single if b.weak else b.dtype in ("float32", "complex64")
    return a.weak and narrow and a.dims == b.dims == () and a.dtype in _PYTHON and b.dtype in _FLOATING


_PYTHON = ("int64", "float64", "complex128")
_FLOATING = ("float32", "complex64", "float64", "complex128")


def _join_dtypes(a: str | None, b: str | None) -> str | None:
    if a is None or b is None or np.dtype(a).kind != np.dtype(b).kind:
        return None
    return np.result_type(a, b).name


# ---- live values ----

_FOREIGN = {"torch", "pandas", "polars", "xarray", "jax", "jaxlib", "tensorflow", "dask", "sparse"}


def describe(value: Any, name: str, objects: bool = False) -> Abstract:
    """The abstract value of a live value called `name` in the generated kernel.

    An extent of exactly 1 becomes ``Dim(1)``, any other a symbol ``name.shape[k]``: dtype, rank and which extents are
    1 is what functions are specialised on. With `objects`, an ordinary object becomes a `Struct` of its attributes.

    Raises:
        TypeError: naming the argument, for matrices, masked, sparse, object, string and foreign arrays.
    """
    return _describe(value, name, name, objects, ())


def _describe(value: Any, name: str, where: str, objects: bool, above: tuple[int, ...]) -> Abstract:
    if isinstance(value, enum.Enum):
        return Static(value)
    for python_type, t in _PYTHON_NUMBERS:
        if type(value) is python_type:
            return dataclasses.replace(t, number=symbol(name)) if t is INT and name else t
    if _is_array(value):
        return _describe_array(value, name, where)
    if isinstance(value, (int, float, complex)):
        plain = next(t.__name__ for t in (int, float, complex) if isinstance(value, t))
        raise TypeError(f"argument {where} is a number of the class {type(value).__name__}: pass {plain}({where})")
    parts = _parts(value, objects)
    if parts is None or id(value) in above:
        return Static(value)
    kind, keys, items = parts
    described = tuple(
        _describe(item, leaf_name(name, key), where + _suffix(kind, key), objects, (*above, id(value)))
        for key, item in zip(keys, items, strict=True)
    )
    return Struct(kind, keys, described, type(value))


def _is_array(value: Any) -> bool:
    module = type(value).__module__.split(".")[0]
    foreign = module in _FOREIGN and hasattr(value, "shape")
    sparse = type(value).__module__.startswith("scipy.sparse")
    return isinstance(value, (np.ndarray, np.generic)) or foreign or sparse or _is_cupy(value)


def _is_cupy(value: Any) -> bool:
    return type(value).__module__.split(".")[0] == "cupy" and hasattr(value, "dtype") and hasattr(value, "shape")


def _describe_array(value: Any, name: str, where: str) -> Num:
    allowed = type(value) in (np.ndarray, np.memmap) or isinstance(value, np.generic) or _is_cupy(value)
    if not allowed:
        kind = f"{type(value).__module__.split('.')[0]}.{type(value).__name__}"
        raise TypeError(f"argument {where} is a {kind}; srcad takes plain NumPy arrays (numpy.asarray)")
    if value.dtype.kind not in "biufc":
        raise TypeError(f"argument {where} is an array of {value.dtype}; srcad takes arrays of numbers")
    dims = tuple(Dim(1) if d == 1 else symbol(f"{name}.shape[{k}]") for k, d in enumerate(value.shape))
    integer = value.dtype.kind in "iu" and not dims
    number = symbol(name) if integer and name else None
    return Num(value.dtype.name, dims, number=number, array=not dims and not isinstance(value, np.generic))


def _parts(value: Any, objects: bool) -> tuple[str, tuple[Any, ...], tuple[Any, ...]] | None:
    """(kind, keys, items) of a container; None for what is not taken apart."""
    if isinstance(value, dict):
        return "dict", tuple(value), tuple(value.values())
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return "namedtuple", tuple(value._fields), tuple(value)
    if isinstance(value, (tuple, list)):
        return ("tuple" if isinstance(value, tuple) else "list"), tuple(range(len(value))), tuple(value)
    if isinstance(value, type):
        return None
    if dataclasses.is_dataclass(value) and (names := members(value)) is not None:
        return "dataclass", names, tuple(getattr(value, n) for n in names)
    if objects and hasattr(value, "__dict__") and type(value).__module__.split(".")[0] not in ("builtins", "numpy"):
        return "object", tuple(vars(value)), tuple(vars(value).values())
    return None


def leaf_name(name: str, key: Any) -> str:
    """The kernel's name for a part of a container: ``params["w"]`` is ``params_w``.

    What tells the compiler's own variables apart stays behind the name: ``item#3`` becomes ``item_0#3``.
    """
    name, mark, place = name.partition("#")
    return naming.leaf_name((name, key)) + mark + place


def renamed(t: Num | Seq, name: str, new: str) -> Num | Seq:
    """The type of an input described as `name` and called `new`: its extents, or an integer's value, by that name."""
    if name == new or not isinstance(t, Num):
        return t

    def own(dim: Dim | None) -> Dim | None:
        if dim is None:
            return None
        terms = [
            (new + s.removeprefix(name) if s == name or s.startswith(f"{name}.shape[") else s, c) for s, c in dim.terms
        ]
        return sum((symbol(s) * c for s, c in terms), Dim(dim.const))

    return dataclasses.replace(t, dims=t.dims and tuple(map(own, t.dims)), number=own(t.number))


def _suffix(kind: str, key: Any) -> str:
    return f"[{key!r}]" if kind in ("dict", "tuple", "list") else f".{key}"


# ---- containers and their leaves ----


def leaves(t: Abstract, name: str) -> list[tuple[tuple[Any, ...], str, Num | Seq]]:
    """(path, kernel name, type) of each number or array in `t`, in order; a path starts with `name`."""
    return list(_leaves(t, (name,), name))


def _leaves(t: Abstract, path: tuple[Any, ...], name: str) -> Iterator[tuple[tuple[Any, ...], str, Num | Seq]]:
    if isinstance(t, Struct):
        for key, item in zip(t.keys, t.items, strict=True):
            yield from _leaves(item, (*path, key), leaf_name(name, key))
    elif not isinstance(t, Static):
        yield path, name, t


def get(value: Any, kind: str, key: Any) -> Any:
    """The part of a container under a key of its `Struct`."""
    if kind == "namedtuple" or kind in ("dataclass", "object"):
        return getattr(value, key)
    return value[key]


def flatten(value: Any, t: Abstract) -> list[Any]:
    """The leaf values of a container, in the order of `leaves`."""
    if isinstance(t, Struct):
        return [
            leaf for key, item in zip(t.keys, t.items, strict=True) for leaf in flatten(get(value, t.kind, key), item)
        ]
    return [] if isinstance(t, Static) else [value]


def unflatten(t: Abstract, values: Sequence[Any]) -> Any:
    """A container like the one `t` describes, with new leaf values; static parts are taken from `t`."""
    rest = iter(values)
    value = _unflatten(t, rest)
    if next(rest, math) is not math:
        raise ValueError("more values than leaves")
    return value


def _unflatten(t: Abstract, rest: Iterator[Any]) -> Any:
    if isinstance(t, Static):
        return t.value
    if not isinstance(t, Struct):
        return next(rest)
    items = [_unflatten(item, rest) for item in t.items]
    if t.kind == "dict":
        result: Any = (t.cls or dict)()
        result.update(zip(t.keys, items, strict=True))
        return result
    if t.kind in ("tuple", "list"):
        return (t.cls or (tuple if t.kind == "tuple" else list))(items)
    if t.kind == "namedtuple":
        return t.cls(*items)
    result = object.__new__(t.cls)  # neither __init__ nor __post_init__: the parts are already in place
    for key, item in zip(t.keys, items, strict=True):
        object.__setattr__(result, key, item)
    return result
