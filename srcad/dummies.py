"""Small arguments for a symbolic call, and the type that its results at several places have in common."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcad.abstract import UNKNOWN, Abstract, Num, Seq, Static, Struct, describe, join
from srcad.dims import Dim, symbol

_EXTENTS = (5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43)
_LARGE, _LARGE_ARRAY = 1000, 20_000  # integers, and arrays with more elements, get a small stand-in
_MOST_ELEMENTS = 20_000  # of a dummy whose extents are scaled
_WEAK = {"bool": bool, "int64": int, "float64": float, "complex128": complex}


class Verdict(str):
    """What a trial says of types alone: unlike text made of its arguments, it is the same for all their numbers."""


@dataclass(frozen=True)
class _List:
    """A list of unknown length: no extent of the result may depend on it."""

    element: Abstract
    length: Dim


class Call:
    """A call whose arguments have symbols for extents and integers.

    An unknown extent or integer gets a symbol of its own, on which no extent of the result may depend; so does a large
    constant and a difference of symbols (which must not become negative), and these are translated back.
    """

    def __init__(self, function: Callable[..., Any], args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> None:
        self.function = function
        self.meaning: dict[str, Dim | None] = {}
        self.args = [self._named(t) for t in args]
        self.kwargs = {k: self._named(t) for k, t in kwargs.items()}
        numbers = [n for t in (*self.args, *self.kwargs.values()) for n in _numbers(t)]
        self.of_numbers = bool(numbers)
        self.shapes = [t.dims for t in numbers if t.dims]
        self.extents = _symbols(d for dims in self.shapes for d in dims)
        self.integers = [s for s in _symbols(t.number for t in numbers) if s not in self.extents]
        rank = max(map(len, self.shapes), default=1)
        self.largest_scale = max(1, int((_MOST_ELEMENTS / math.prod(_EXTENTS[:rank])) ** (1 / rank)))
        self.offset = max([-d.const for dims in self.shapes for d in dims if d and d.const < 0], default=0)

    def _named(self, t: Abstract) -> Any:
        match t:
            case Struct(kind, keys, items, cls):
                return Struct(kind, keys, tuple(map(self._named, items)), cls)
            case Seq(element):
                length = self._symbolic(None, False)
                assert length is not None
                return _List(self._named(element), length)
            case Num(dtype, (), weak, value) if _kind(dtype) in "iu":
                return Num(dtype, (), weak, self._symbolic(value, False))
            case Num(dtype, dims, weak) if dims:
                large = np.prod([d.const if d and d.is_const else 1 for d in dims], dtype=float) > _LARGE_ARRAY
                return Num(dtype, tuple(self._symbolic(d, large) for d in dims), weak)
        return t

    def _symbolic(self, d: Dim | None, large: bool) -> Dim:
        if d is None:
            name = f"?{len(self.meaning)}"
        elif any(coef < 0 for _, coef in d.terms) or d.is_const and (d.const > _LARGE or large and d.const > 12):
            name = f"={d}"
        else:
            return d
        self.meaning[name] = d
        return symbol(name)

    def dim(self, name: str) -> Dim | None:
        """What a symbol stands for; None if that is unknown."""
        return self.meaning.get(name, symbol(name))

    def at(self, values: Mapping[str, int], seed: int, truth: bool | None = None) -> Any:
        """The result for given values of the symbols; `seed` varies what is in the arrays.

        truth: what all truth values are; None for a mixture.
        """
        args = [_dummy(t, values, (seed, k), truth) for k, t in enumerate(self.args)]
        kwargs = {k: _dummy(t, values, (seed, 100 + i), truth) for i, (k, t) in enumerate(self.kwargs.items())}
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return self.function(*args, **kwargs)


def _kind(dtype: str | None) -> str:
    return "?" if dtype is None else np.dtype(dtype).kind


def _numbers(t: Any) -> Iterator[Num]:
    if isinstance(t, Struct):
        for item in t.items:
            yield from _numbers(item)
    elif isinstance(t, _List):
        yield Num("float64", (t.length,))
        yield from _numbers(t.element)
    elif isinstance(t, Num):
        yield t


def _symbols(dims: Iterable[Dim | None]) -> list[str]:
    return list(dict.fromkeys(s for d in dims if d is not None for s in d.symbols))


# ---- dummies ----


def _dummy(t: Any, values: Mapping[str, int], seed: tuple[int, ...], truth: bool | None) -> Any:
    if isinstance(t, Static):
        drawn = isinstance(t.value, (np.random.Generator, np.random.RandomState))
        return np.random.default_rng(0) if drawn else t.value  # the user's generator must not move on
    if isinstance(t, Struct):
        items = [_dummy(item, values, (*seed, k), truth) for k, item in enumerate(t.items)]
        if t.kind == "dict":
            return dict(zip(t.keys, items, strict=True))
        return t.cls(*items) if t.kind in ("namedtuple", "dataclass") else (tuple if t.kind == "tuple" else list)(items)
    if isinstance(t, _List):
        return [_dummy(t.element, values, (*seed, k), truth) for k in range(t.length.value(values))]
    assert isinstance(t, Num) and t.dims is not None and t.dtype is not None
    if t.number is not None and not t.dims:
        plain = t.number.value(values)
        return plain if t.weak else np.dtype(t.dtype).type(plain)
    shape = tuple(max(d.value(values), 0) for d in t.dims if d is not None)
    mixed = truth is None or t.dtype != "bool"
    array = _contents(shape, t.dtype, np.random.default_rng(seed)) if mixed else np.full(shape, truth)
    return array if shape else _WEAK[t.dtype](array) if t.weak else array[()]


def _contents(shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> np.ndarray:
    """Well-conditioned numbers: vectors are sorted and between 0 and 1, square matrices symmetric and definite."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        return np.asarray(rng.uniform(size=shape) < 0.5)
    if kind in "iu":
        return np.asarray(rng.integers(0, 2 + rng.integers(2), size=shape)).astype(dtype)
    array = np.asarray(rng.uniform(0.2, 0.8, size=shape))
    if len(shape) == 1:
        array = np.sort(array)
    elif len(shape) > 1 and shape[-1] == shape[-2]:
        array = array @ np.swapaxes(array, -1, -2) / shape[-1] + 2.0 * np.eye(shape[-1])
    return (array * (1 + 0.1j) if kind == "c" else array).astype(dtype)


# ---- what the results have in common ----


def fit(call: Call, groups: list[list[str]], scale: int, smallest: int) -> tuple[Abstract, bool] | None:
    """The type of the result when the symbols of a group are equal, and whether every call tried did not fail.

    None if the first one fails.

    Extents are primes (times `scale`), other integers start at `smallest`.
    """
    classes = groups + [[s] for s in call.integers]
    if len(groups) > len(_EXTENTS):
        return None
    scale = min(scale, call.largest_scale)
    needed, small = _places(len(groups), len(call.integers), scale, smallest, call.offset)
    places, results = [], []
    for seed, place in enumerate((*needed, *small)):
        try:
            truth = None if seed < len(needed) else seed == len(needed)  # how many are true must not matter
            results.append(call.at({s: v for group, v in zip(classes, place) for s in group}, seed, truth))
            places.append(place)
        except Exception:
            if seed == 0:
                return None
    complete = places[: len(needed)] == needed
    return _Fit(call, classes, places, complete).type(results), complete


Place = list[int]


def _places(extents: int, integers: int, scale: int, smallest: int, offset: int) -> tuple[list[Place], list[Place]]:
    """Values of the symbols, extents first: one place, each symbol moved in turn, and all of them larger and in another
    order (`min(m, n)` shows). At the small places, 0 and 2, and where integers are further apart (`n // 2` shows), a
    call may fail, but must not give something else."""
    primes = [n + offset for n in _EXTENTS[:extents]]
    others = [smallest + k % 2 for k in range(integers)]
    base = [n * scale for n in primes] + others
    steps = [scale] * extents + [1] * integers
    moved = [[b + s * (i == k) for i, (b, s) in enumerate(zip(base, steps))] for k in range(len(base))]
    larger = [(2 * n + 1) * scale for n in reversed(primes)] + [n + 1 + k % 3 for k, n in enumerate(others)]
    far = [base[:extents] + [n + step for n in others] for step in (4, 7) if integers]
    return [base, *moved, larger], [*([n] * extents + others for n in (0, 2)), *far]


class _Fit:
    def __init__(self, call: Call, classes: list[list[str]], places: list[Place], complete: bool) -> None:
        self.call, self.classes, self.places, self.complete = call, classes, places, complete
        self.index = {s: k for k, group in enumerate(classes) for s in group}

    def type(self, results: list[Any]) -> Abstract:
        first = results[0]
        if any(isinstance(r, np.ndarray) != isinstance(first, np.ndarray) for r in results):
            return UNKNOWN
        if any(isinstance(r, np.generic) != isinstance(first, np.generic) for r in results):
            return UNKNOWN  # numbers of Python's for some arguments, of NumPy's for others
        if type(first) in (bool, int, float, complex):
            return describe(first, "")
        if isinstance(first, (np.ndarray, np.generic)):
            return self._array(results)
        if isinstance(first, (tuple, list, dict)):
            return self._container(results)
        if isinstance(first, (str, bytes)) and not isinstance(first, Verdict) and self.call.of_numbers:
            return UNKNOWN  # a text made of the numbers tried
        return Static(first)

    def _array(self, results: list[Any]) -> Abstract:
        first = results[0]
        if first.dtype.kind not in "biufc":
            return UNKNOWN
        if any(r.ndim != first.ndim or r.dtype != first.dtype for r in results):
            return Num(first.dtype.name if all(r.dtype == first.dtype for r in results) else None, None)
        shapes = zip(*(r.shape for r in results))
        every = self.complete and len(results) == len(self.places)  # else one item of lists of different lengths
        dims = (self._dim(e, k, first.ndim) if every else None for k, e in enumerate(shapes))
        return Num(first.dtype.name, tuple(dims))

    def _container(self, results: list[Any]) -> Abstract:
        try:
            described = describe(results[0], "")
        except TypeError:  # arrays of objects
            return UNKNOWN
        assert isinstance(described, Struct)
        if any(len(r) != len(results[0]) for r in results):
            items = [self.type([item]) for r in results for item in (r.values() if isinstance(r, dict) else r)]
            element = items[0] if items else UNKNOWN
            for t in items[1:]:
                element = join(element, t)
            return Seq(element) if isinstance(element, Num) and isinstance(results[0], list) else UNKNOWN
        columns = zip(*(r.values() if isinstance(r, dict) else r for r in results))
        return Struct(described.kind, described.keys, tuple(self.type(list(c)) for c in columns), described.cls)

    def _dim(self, extents: tuple[int, ...], axis: int, rank: int) -> Dim | None:
        """The linear form that an axis follows at every place."""
        base, *moved = self.places
        coefs = []
        for k in range(len(self.classes)):
            coef, rest = divmod(extents[k + 1] - extents[0], moved[k][k] - base[k])
            if rest:
                return None
            coefs.append(coef)
        const = extents[0] - sum(c * b for c, b in zip(coefs, base))
        if any(max(const + sum(c * v for c, v in zip(coefs, p)), 0) != e for p, e in zip(self.places, extents)):
            return None
        return self._aligned(coefs, const, axis, rank) or self._dim_of(coefs, const)

    def _aligned(self, coefs: list[int], const: int, axis: int, rank: int) -> Dim | None:
        """The extent of an argument of the same rank on the same axis, if it is this one."""
        for dims in self.call.shapes:
            if len(dims) == rank and (d := dims[axis]) is not None and d.terms:
                own = [0] * len(self.classes)
                for s, c in d.terms:
                    own[self.index[s]] += c
                if own == coefs and d.const == const:
                    return _translate(d, self.call)
        return None

    def _dim_of(self, coefs: list[int], const: int) -> Dim | None:
        result = Dim(const)
        for coef, group in zip(coefs, self.classes):
            if coef:
                known = [d for d in map(self.call.dim, group) if d is not None]
                if not known:
                    return None
                result += min(known, key=lambda d: len(d.terms) != 0) * coef
        return result


def _translate(d: Dim, call: Call) -> Dim | None:
    result = Dim(d.const)
    for s, coef in d.terms:
        known = call.dim(s)
        if known is None:
            return None
        result += known * coef
    return result
