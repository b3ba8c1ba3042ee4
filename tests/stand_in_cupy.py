"""CuPy's manners without its device: NumPy's functions under CuPy's names, on arrays of a class of their own.

As in CuPy, an array of the device does not mix with NumPy's arrays (TypeError) and is no index, elements are views,
reductions give arrays without axes, only elementwise functions take numbers for arrays, of several values for one
element another one than NumPy's stays, a singular matrix is no error, and a name that CuPy does not have is an
AttributeError.
"""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special

from srcad.transforms.retarget_cupy import LACKING, LACKING_ARGUMENTS


class ndarray:
    """An array that pretends to lie on a device; `host` is where it really lies."""

    __module__ = "cupy"

    def __init__(self, host: np.ndarray) -> None:
        self.host = host

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "host":
            raise AttributeError(name)
        found = getattr(self.host, name)
        return calling(found) if callable(found) else on_device(found)

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__":
            return NotImplemented
        return calling(getattr(ufunc, method))(*inputs, **kwargs)

    def __array_function__(self, func: Any, types_: Any, args: Any, kwargs: Any) -> Any:
        return calling(func)(*args, **kwargs)

    def __getitem__(self, key: Any) -> Any:
        """A part; an element is a view, too."""
        key = map_in(key)
        found = self.host[key]
        if isinstance(found, np.generic) and not any(isinstance(k, np.ndarray) for k in np.atleast_1d(key).tolist()):
            found = self.host[(*key, ...) if isinstance(key, tuple) else (key, ...)]
        return on_device(found)

    def __setitem__(self, key: Any, value: Any) -> None:
        """The first of several values for one element stays, where NumPy keeps the last."""
        key, value = map_in(key), own(value)
        self.host[key] = value
        parts = key if isinstance(key, tuple) else (key,)
        if np.ndim(value) and any(isinstance(part, np.ndarray) and part.dtype.kind == "i" for part in parts):
            places = np.arange(self.host.size).reshape(self.host.shape)[key]
            values = np.broadcast_to(value, places.shape).ravel()
            kept, first = np.unique(places, return_index=True)
            self.host.flat[kept] = values[first]

    def __len__(self) -> int:
        return len(self.host)

    def __iter__(self) -> Any:
        return map(on_device, self.host)

    def __deepcopy__(self, memo: Any) -> ndarray:
        return ndarray(self.host.copy())

    def __repr__(self) -> str:
        return repr(self.host)

    __hash__ = None  # type: ignore[assignment]


def _operator(name: str) -> Any:
    return lambda self, *others: on_device(getattr(self.host, name)(*map(own, others)))


def _in_place(name: str) -> Any:
    def changed(self: ndarray, other: Any) -> ndarray:
        getattr(self.host, name)(own(other))
        return self

    return changed


_BINARY = "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift".split()
for _name in _BINARY:
    setattr(ndarray, f"__{_name}__", _operator(f"__{_name}__"))
    setattr(ndarray, f"__r{_name}__", _operator(f"__r{_name}__"))
    setattr(ndarray, f"__i{_name}__", _in_place(f"__i{_name}__"))
for _name in "lt le gt ge eq ne neg pos abs invert divmod".split():
    setattr(ndarray, f"__{_name}__", _operator(f"__{_name}__"))
for _name, _kind in (("float", float), ("int", int), ("bool", bool), ("complex", complex)):
    setattr(ndarray, f"__{_name}__", lambda self, kind=_kind: kind(self.host))


# Functions beside the elementwise ones that take numbers for arrays, or whose first argument is none.
TAKE_NUMBERS = frozenset(
    """
    asarray array full full_like linspace logspace arange zeros ones empty eye identity tri ndim shape size result_type
    where isscalar iscomplexobj isrealobj broadcast_shapes can_cast dtype issubdtype einsum finfo iinfo meshgrid
    tril_indices triu_indices diag_indices ix_ indices roots_legendre promote_types min_scalar_type real imag conj
    fftfreq rfftfreq hanning hamming blackman bartlett kaiser mask_indices isclose allclose array_equal unravel_index
    fix nan_to_num angle real_if_close sinc i0 isreal iscomplex around round binary_repr base_repr
    """.split()
)


def calling(function: Any, path: str = "") -> Any:
    """A function of NumPy's that takes and gives arrays of the device."""
    name = path.rpartition(".")[2]
    strict = path.startswith("numpy.") and not isinstance(function, np.ufunc) and name not in TAKE_NUMBERS

    def call(*args: Any, **kwargs: Any) -> Any:
        if strict and args and isinstance(args[0], (bool, int, float, complex, np.generic)):
            raise AttributeError(f"cupy.{name}: {type(args[0]).__name__!r} object is no array")
        if lacking := set(kwargs) & set(LACKING_ARGUMENTS.get(path, ())):
            raise TypeError(f"{name}() got an unexpected keyword argument {lacking.pop()!r}")
        try:
            result = function(*map_in(args), **map_in(kwargs))
        except np.linalg.LinAlgError:
            result = np.full(args[0].shape, np.nan)
        given = kwargs.get("out")
        return result if result is None else given[0] if isinstance(given, tuple) else given or on_device(result)

    return call


def own(value: Any) -> Any:
    """What a function of NumPy's is given for an argument; NumPy's own arrays are not taken."""
    if isinstance(value, ndarray):
        return value.host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    return value


def map_in(value: Any) -> Any:
    if isinstance(value, (tuple, list)) and not hasattr(value, "_fields"):
        return type(value)(map(map_in, value))
    if isinstance(value, dict):
        return {k: map_in(v) for k, v in value.items()}
    return own(value)


def on_device(value: Any) -> Any:
    """A result of NumPy's as CuPy gives it: numbers are arrays without axes."""
    if isinstance(value, (np.ndarray, np.generic)) and np.asarray(value).dtype.kind in "biufc":
        return ndarray(np.asarray(value))
    if isinstance(value, (tuple, list)):
        items = map(on_device, value)
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


class Library(types.ModuleType):
    """A module of CuPy's with the functions of one of NumPy's or SciPy's."""

    def __init__(self, name: str, plain: Any, path: str) -> None:
        super().__init__(name)
        self._plain, self._path = plain, path

    def __getattr__(self, name: str) -> Any:
        if f"{self._path}.{name}" in LACKING:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        found = getattr(self._plain, name)
        if isinstance(found, types.ModuleType):
            return Library(f"{self.__name__}.{name}", found, f"{self._path}.{name}")
        if name in ("ogrid", "mgrid"):
            return Grid(found)
        if isinstance(found, type) or not callable(found):
            return found
        made = calling(found, f"{self._path}.{name}")
        for method in ("at", "reduce", "accumulate", "outer"):
            if isinstance(found, np.ufunc):
                setattr(made, method, calling(getattr(found, method)))
        return made


class Grid:
    """``cupy.ogrid``, ``cupy.mgrid``."""

    def __init__(self, plain: Any) -> None:
        self.plain = plain

    def __getitem__(self, key: Any) -> Any:
        return on_device(self.plain[key])


def scatter_add(a: ndarray, slices: Any, value: Any) -> None:
    """``cupyx.scatter_add``: ``np.add.at``."""
    np.add.at(own(a), map_in(slices), own(value))


def scatter_max(a: ndarray, slices: Any, value: Any) -> None:
    """``cupyx.scatter_max``: ``np.maximum.at``."""
    np.maximum.at(own(a), map_in(slices), own(value))


def modules() -> dict[str, types.ModuleType]:
    """What stands in ``sys.modules`` for CuPy."""
    cupy = Library("cupy", np, "numpy")
    cupy.ndarray = ndarray  # type: ignore[attr-defined]
    cupy.asarray = cupy.array = lambda a, *rest, **named: on_device(np.array(map_in(a), *rest, **named))  # type: ignore[attr-defined]
    cupyx, scipy_ = types.ModuleType("cupyx"), types.ModuleType("cupyx.scipy")
    special = Library("cupyx.scipy.special", scipy.special, "scipy.special")
    linalg = Library("cupyx.scipy.linalg", scipy.linalg, "scipy.linalg")
    cupyx.scatter_add, cupyx.scatter_max, cupyx.scipy = scatter_add, scatter_max, scipy_  # type: ignore[attr-defined]
    scipy_.special, scipy_.linalg = special, linalg  # type: ignore[attr-defined]
    found = {"cupy": cupy, "cupyx": cupyx, "cupyx.scipy": scipy_}
    return {**found, "cupyx.scipy.special": special, "cupyx.scipy.linalg": linalg}


def installed(monkeypatch: Any) -> Any:
    """``sys.modules["cupy"]`` and what belongs to it are the stand-in's, for one test."""
    for name, module in modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    return sys.modules["cupy"]
