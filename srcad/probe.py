"""The type of a library call, found by calling the real function on small arrays.

Every symbol of the arguments' shapes becomes a small number. Moving one symbol at a time shows how each extent of the
result depends on it; a last call at another place must agree, so that a coincidence never becomes a symbolic extent.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from srcad.abstract import UNKNOWN, Abstract, Num, Static, Struct, describe, join
from srcad.dims import Dim
from srcad.dummies import Call, Verdict, fit
from srcad.shapes import Assumptions, assume

_VARIANTS = ((1, 2), (12, 2), (1, 0))  # (scale of extents, smallest other integer)
_MOST_CLASSES = 6  # of more symbols than this no grouping is looked for
_MOST_CHOICES = 64
_MOST_CACHED = 4096
_cache: dict[Any, tuple[Abstract, tuple[Any, ...]]] = {}


def probe(
    key: Any,
    function: Callable[..., Any],
    args: Sequence[Abstract],
    kwargs: Mapping[str, Abstract],
    assumptions: Assumptions,
) -> Abstract:
    """The type of ``function(*args, **kwargs)``; `UNKNOWN` if it fails whatever the extents are.

    `key` names the function in the cache. The function must be free of effects (other than on its arguments).
    """
    cache_key: Any = (key, tuple(map(_key, args)), tuple((k, _key(v)) for k, v in kwargs.items()))
    try:
        known = _cache.get(cache_key)
    except TypeError:  # a static value without a hash
        cache_key, known = None, None
    if known is None:
        noted: Assumptions = []
        known = _probe_ranks(function, tuple(args), dict(kwargs), noted), tuple(noted)
        if cache_key is not None:
            if len(_cache) >= _MOST_CACHED:
                _cache.clear()
            _cache[cache_key] = known
    result, noted_before = known
    for a in noted_before:
        assume(assumptions, a.op, a.left, a.right)
    return result


def _key(t: Abstract) -> Any:
    """`t`, with 1, 1.0 and True kept apart."""
    if isinstance(t, Static):
        return t, type(t.value)
    return (t, tuple(map(_key, t.items))) if isinstance(t, Struct) else t


# ---- what is not known is tried ----


def _probe_ranks(
    function: Any, args: tuple[Abstract, ...], kwargs: dict[str, Abstract], noted: Assumptions
) -> Abstract:
    """Arrays of unknown rank or dtype: the answer is what all possibilities agree on."""
    possible = [_possibilities(t) for t in (*args, *kwargs.values())]
    result: Abstract | None = None
    for choice in itertools.islice(itertools.product(*possible), _MOST_CHOICES):
        named = dict(zip(kwargs, choice[len(args) :], strict=True))
        found = _probe_partitions(Call(function, choice[: len(args)], named), noted)
        if found is not None:
            result = found if result is None else join(result, found)
    return UNKNOWN if result is None else result


def _possibilities(t: Abstract) -> list[Abstract]:
    if not isinstance(t, Num):
        return [t]
    dtypes = ["float64", "int64", "complex128"] if t.dtype is None else [t.dtype]
    shapes = [(None,) * k for k in range(4)] if t.dims is None else [t.dims]
    return [Num(dtype, dims, t.weak, t.number) for dtype in dtypes for dims in shapes]


def _probe_partitions(call: Call, noted: Assumptions) -> Abstract | None:
    """The finest grouping of symbols into equal ones for which the call succeeds decides."""
    for groups in _partitions(call.extents):
        for scale, smallest in _VARIANTS:
            fitted = fit(call, groups, scale, smallest)
            if fitted is not None:
                found, complete = fitted
                for group in groups if complete else ():
                    known = [d for d in map(call.dim, group) if d is not None]
                    for other in known[1:]:
                        assume(noted, "==", known[0], other)
                return found
    return _at_constant_extents(call)


def _at_constant_extents(call: Call) -> Abstract | None:
    """The last try: some symbols equal to extents that are constants, or all to any. Tells dtype and rank only."""
    dims = [d for t in (*call.args, *call.kwargs.values()) for d in _dims(t)]
    constants = {d.const for d in dims if d.is_const and d.const > 1}
    constants |= {c - d.const for c in constants for d in dims if d.terms and d.const < 0}  # n = 6 makes n - 3 a 3
    # 3: np.cross takes nothing else
    even = [dict.fromkeys(call.extents, extent) for extent in (*sorted(constants), 5, 60, 3)]
    for extents in (*itertools.islice(_pinned(call.extents, sorted(constants)), _MOST_CHOICES), *even):
        try:
            value = call.at({**dict.fromkeys(call.integers, 2), **extents}, 0)
        except Exception:  # noqa: BLE001 - whatever the library raises: it does not take these shapes
            continue
        found = describe(value, "")
        if isinstance(found, Num):
            return Num(found.dtype, (None,) * len(found.dims or ()))
        if isinstance(value, Verdict):
            return found
    return None


def _pinned(symbols: list[str], constants: list[int]) -> Iterator[dict[str, int]]:
    """Extents of which some are constants, few before many, and the others are all different."""
    free = dict(zip(symbols, itertools.count(5, 2)))
    for count in range(1, len(symbols) + 1 if constants else 1):
        for chosen in itertools.combinations(symbols, count):
            for values in itertools.product(constants, repeat=count):
                yield {**free, **dict(zip(chosen, values))}


def _dims(t: Any) -> list[Dim]:
    if isinstance(t, Struct):
        return [d for item in t.items for d in _dims(item)]
    return [d for d in t.dims or () if d is not None] if isinstance(t, Num) else []


def _partitions(symbols: list[str]) -> Iterator[list[list[str]]]:
    """Groupings of symbols, those with most groups first."""
    if len(symbols) > _MOST_CLASSES:
        yield [[s] for s in symbols]
        return
    yield from sorted(_all_partitions(symbols), key=len, reverse=True)


def _all_partitions(symbols: list[str]) -> list[list[list[str]]]:
    if not symbols:
        return [[]]
    *rest, last = symbols
    result = []
    for groups in _all_partitions(rest):
        result += [[*groups[:k], [*g, last], *groups[k + 1 :]] for k, g in enumerate(groups)]
        result.append([*groups, [last]])
    return result
