"""The type of ``x[items]``: NumPy's rules for integers, slices, masks and integer arrays, and their mixtures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, Union

from srcad.abstract import UNKNOWN, Abstract, Num, Seq, Static, Struct, is_bool, join
from srcad.dims import Dim
from srcad.shapes import Assumptions, Dims, assume, broadcast, not_negative


@dataclass(frozen=True)
class Cut:
    """A slice; each bound is absent (None), or an integer's type."""

    lower: Num | None = None
    upper: Num | None = None
    step: Num | None = None


Item: TypeAlias = Union[Cut, Abstract]


def index(base: Abstract, items: Sequence[Item], assumptions: Assumptions) -> Abstract:
    """The type of a container's part, or of an array's element or slice."""
    if isinstance(base, Num):
        return _index_array(base, _unpack(items), assumptions)
    if isinstance(base, Static) or len(items) != 1:
        return UNKNOWN
    return _index_seq(base, items[0]) if isinstance(base, Seq) else _index_struct(base, items[0])


def _unpack(items: Sequence[Item]) -> list[Item]:
    """``x[t]`` with a tuple `t` is ``x[t[0], t[1]]``; lists of numbers are arrays."""
    if len(items) == 1 and isinstance(items[0], Struct) and items[0].kind in ("tuple", "namedtuple"):
        items = items[0].items
    return [_as_array(item) for item in items]


def _as_array(item: Item) -> Item:
    if isinstance(item, Struct):
        inner = [_as_array(i) for i in item.items]
        element = inner[0] if inner else Num("int64")
        known = isinstance(element, Num) and element.dims is not None
        return Num(element.dtype, (Dim(len(inner)), *element.dims)) if known else UNKNOWN  # type: ignore
    if isinstance(item, Seq):
        return UNKNOWN if item.element.dims is None else Num(item.element.dtype, (None, *item.element.dims))
    return item


def _index_seq(base: Seq, item: Item) -> Abstract:
    return base if isinstance(item, Cut) else base.element


def _index_struct(base: Struct, item: Item) -> Abstract:
    if isinstance(item, Static) and item.value in base.keys:
        return base.items[base.keys.index(item.value)]
    if isinstance(item, Cut):
        bounds = [None if b is None else b.number for b in (item.lower, item.upper, item.step)]
        if base.kind not in ("tuple", "list") or any(b is None or not b.is_const for b in bounds if b):
            return UNKNOWN
        kept = base.items[slice(*(b if b is None else b.const for b in bounds))]
        return Struct(base.kind, tuple(range(len(kept))), kept, base.cls)
    key = item.number if isinstance(item, Num) else None
    if key is not None and key.is_const:
        if base.kind == "dict":
            return base.items[base.keys.index(key.const)] if key.const in base.keys else UNKNOWN
        return base.items[key.const] if -len(base.items) <= key.const < len(base.items) else UNKNOWN
    if not base.items or base.kind == "dict":
        return UNKNOWN
    result = base.items[0]
    for t in base.items[1:]:
        result = join(result, t)
    return result


# ---- arrays ----


def _index_array(base: Num, items: list[Item], assumptions: Assumptions) -> Num:
    unknown = Num(base.dtype, None)
    used = [_axes_used(item) for item in items]
    if base.dims is None or None in used:
        return unknown
    missing = len(base.dims) - sum(u for u in used if u is not None)
    places = [k for k, item in enumerate(items) if item == Static(...)]
    if missing < 0 or len(places) > 1:
        return unknown
    at = places[0] if places else len(items)
    full = [*items[:at], *[Cut()] * missing, *items[at + 1 :]]
    return Num(base.dtype, _result(base.dims, full, assumptions))


def _axes_used(item: Item) -> int | None:
    """How many axes of the array an index takes; None where that is unknown."""
    if isinstance(item, Cut) or isinstance(item, Num) and not is_bool(item):
        return 1 if isinstance(item, Cut) or item.dims is not None else None
    if item in (Static(None), Static(...)):
        return 0
    return len(item.dims) if isinstance(item, Num) and item.dims is not None else None


def _result(dims: Dims, items: list[Item], assumptions: Assumptions) -> Dims | None:
    """Basic indices keep their place; the broadcast shape of the others comes first if they are apart."""
    advanced = [k for k, item in enumerate(items) if isinstance(item, Num)]
    arrays = any(isinstance(items[k], Num) and (items[k].dims or is_bool(items[k])) for k in advanced)  # type: ignore
    shape = broadcast([_advanced_shape(items[k]) for k in advanced], assumptions) if arrays else ()  # type: ignore
    together = bool(advanced) and advanced == list(range(advanced[0], advanced[-1] + 1))
    at = advanced[0] if arrays and together else 0
    result: list[Dim | None] = [] if together or shape is None else list(shape)
    axis = 0
    for k, item in enumerate(items):
        if arrays and together and k == at:
            result += shape or ()
        if isinstance(item, Cut):
            result.append(cut(dims[axis], item, assumptions))
        elif item == Static(None):
            result.append(Dim(1))
        axis += _axes_used(item) or 0
    return tuple(result)


def _advanced_shape(item: Num) -> Dims | None:
    return (None,) if is_bool(item) else item.dims


def cut(extent: Dim | None, by: Cut, assumptions: Assumptions) -> Dim | None:
    """The extent of a slice of an axis."""
    step = 1 if by.step is None else by.step.number.const if by.step.number and by.step.number.is_const else None
    bounds = [None if b is None else b.number for b in (by.lower, by.upper)]
    if any(b is not None and n is None for b, n in zip((by.lower, by.upper), bounds)) or not step:
        return None
    if extent is not None and all(d is None or d.is_const for d in (extent, *bounds)):
        lower, upper = (None if d is None else d.const for d in bounds)
        plain = slice(lower, upper, step)
        return Dim(len(range(*plain.indices(max(extent.const, 0)))))
    if step == -1 and by.lower is None and by.upper is None:
        return extent
    return _symbolic_cut(extent, bounds[0] or Dim(0), bounds[1], assumptions) if step == 1 else None


def _symbolic_cut(extent: Dim | None, lower: Dim, upper: Dim | None, assumptions: Assumptions) -> Dim | None:
    """``x[lower:upper]`` with both bounds inside the axis: what cannot be seen to be so is assumed."""
    if extent is None:
        return None
    start, stop = _position(lower, extent, assumptions), extent
    if not (lower.is_const and lower.const >= 0):
        assume(assumptions, "<=", Dim(0), start)
    if upper is not None:
        stop = _position(upper, extent, assumptions)
        if not (upper.is_const and upper.const < 0):
            if not not_negative(stop - start):
                assume(assumptions, "<=", Dim(0), stop)
            assume(assumptions, "<=", stop, extent)
    length = stop - start
    return Dim(max(length.const, 0)) if length.is_const else length


def _position(bound: Dim, extent: Dim, assumptions: Assumptions) -> Dim:
    """Where a bound lies, from the front; a negative one counts from the end."""
    if bound.is_const:
        return bound if bound.const >= 0 else extent + bound
    if bound.const <= 0 and all(coef < 0 for _, coef in bound.terms):
        assume(assumptions, "<=", bound, Dim(-1))
        return extent + bound
    return bound
