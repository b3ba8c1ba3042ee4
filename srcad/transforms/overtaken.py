"""overtaken: copies within one array of which NumPy reads elements that it has already written.

NumPy copies ``x[::2] = x[:3]`` element by element, forwards or backwards, and makes no copy first where the place
written has one axis (`raw_array_assign_array`): with another step, or along another axis, writing may overtake reading,
and x becomes ``[x0, x1, x1, x3, x1]``. Sources with a mask are read the same way. A derivative of that would have to
follow NumPy's order; such copies are refused, unless it is certain that nothing is overtaken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from srcad import infer, ir, types
from srcad.dims import Dim
from srcad.shapes import not_negative
from srcad.types import Num

REASON = "cannot differentiate a copy within one array: NumPy may read elements that it has already written"
WAY_OUT = "Copy what is read: x[::2] = x[:3].copy()."
_TRANSPOSED = frozenset({"numpy.transpose", "numpy.matrix_transpose"})
_THE_SAME = frozenset(  # of an array with one axis, where the result has one
    f"numpy.{name}"
    for name in "real imag asarray asanyarray ascontiguousarray atleast_1d ravel reshape squeeze".split()
)


@dataclass(frozen=True)
class Axis:
    """What a view has of axis `of` of the variable: from `start` on, up to `stop` where steps are of one element."""

    of: int
    start: Dim | None = Dim(0)
    stop: Dim | None = None
    step: int | None = 1


@dataclass(frozen=True)
class Part:
    """A view of a variable: its axes, and the index of each axis that it has not."""

    name: str
    axes: tuple[Axis, ...]
    fixed: Mapping[int, Dim | None]


def may_be(target: ir.Index, value: ir.Expr, known: Mapping[str, types.Abstract]) -> bool:
    """Whether reading may be overtaken where `value` may be a view of the memory that is written."""
    from srcad.transforms import alias

    kind = types.infer(target, dict(known), [])
    if _is_masked(target, known):
        return True
    if not isinstance(kind, Num) or kind.dims is None:
        return True
    if len(kind.dims) != 1 or alias.is_selection(target, dict(known)):
        return False  # NumPy copies first
    written, read = part(target, known), part(value, known)
    if written is None or read is None or written.name != read.name:
        return True
    return _overtakes(written, read)


def _overtakes(written: Part, read: Part) -> bool:
    if len(written.axes) != 1 or len(read.axes) != 1:
        return True
    if any(_differ(written.fixed[of], read.fixed[of]) for of in set(written.fixed) & set(read.fixed)):
        return False
    (a,), (b,) = written.axes, read.axes
    if a.step is not None and b.step is not None and a.step * b.step < 0:
        return False  # NumPy copies first
    if a.of == b.of:
        return not (a.step is not None and a.step == b.step or _stays_behind(a, b))
    if a.step != 1 or b.step != 1 or set(written.fixed) | {a.of} != set(read.fixed) | {b.of}:
        return True
    # a row and a column have one element in common, which both should reach at the same time
    across, along = read.fixed[a.of], written.fixed[b.of]
    if _outside(across, a) or _outside(along, b):
        return False
    if across is None or along is None or a.start is None or b.start is None:
        return True
    return across - a.start != along - b.start


def _stays_behind(written: Axis, read: Axis) -> bool:
    """Whether what is written begins no later than what is read, and goes no faster: NumPy copies forwards then."""
    if written.step is None or read.step is None or written.start is None or read.start is None:
        return False
    return 0 < written.step <= read.step and not_negative(read.start - written.start)


def _differ(one: Dim | None, other: Dim | None) -> bool:
    gap = None if one is None or other is None else one - other
    return gap is not None and not gap.terms and gap.const != 0


def _outside(index: Dim | None, axis: Axis) -> bool:
    """Whether an index certainly is none of a view's."""
    if index is None:
        return False
    before = axis.start is not None and not_negative(axis.start - index - 1)
    return before or axis.stop is not None and not_negative(index - axis.stop)


def part(expr: ir.Expr, known: Mapping[str, types.Abstract]) -> Part | None:
    """The view that an expression is; None where that is not known."""
    if isinstance(expr, ir.Name):
        kind = known.get(expr.id)
        if not isinstance(kind, Num) or kind.dims is None:
            return None
        return Part(expr.id, tuple(Axis(k, stop=dim) for k, dim in enumerate(kind.dims)), {})
    if isinstance(expr, ir.Index):
        base = part(expr.base, known)
        return None if base is None else _indexed(base, expr.items)
    if isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref) and expr.args:
        base, kind = part(expr.args[0], known), types.infer(expr, dict(known), [])
        if base is not None and expr.fn.path in _THE_SAME and isinstance(kind, Num):
            return base if len(base.axes) == 1 and kind.dims is not None and len(kind.dims) == 1 else None
        if len(expr.args) > 1 or expr.kwargs:
            return None
        if base is not None and expr.fn.path in _TRANSPOSED and len(base.axes) == 2:
            return replace(base, axes=base.axes[::-1])
        if base is not None and expr.fn.path == "numpy.flip" and len(base.axes) == 1:
            return replace(base, axes=(_turned(base.axes[0]),))
    return None


def _turned(axis: Axis) -> Axis:
    return Axis(axis.of, None, None, None if axis.step is None else -axis.step)


def _indexed(base: Part, items: Sequence[ir.Expr]) -> Part | None:
    count = sum(1 for item in items if item != ir.ELLIPSIS)
    if any(item == ir.NONE for item in items) or count > len(base.axes):
        return None
    spare = (ir.Slice(None, None),) * (len(base.axes) - count)
    if ir.ELLIPSIS in items:
        at = list(items).index(ir.ELLIPSIS)
        full = (*items[:at], *spare, *items[at + 1 :])
    else:
        full = (*items, *spare)
    axes, fixed = [], dict(base.fixed)
    for axis, item in zip(base.axes, full, strict=True):
        if isinstance(item, ir.Slice):
            axes.append(_sliced(axis, item))
        else:
            fixed[axis.of] = _place(axis, item)
    return Part(base.name, tuple(axes), fixed)


def _place(axis: Axis, item: ir.Expr) -> Dim | None:
    """The index, along the variable's axis, of one element of a view."""
    number = infer.number(item)
    if number is None or axis.step != 1 or axis.start is None:
        return None
    if not number.terms and number.const < 0:
        return None if axis.stop is None else axis.stop + number
    return axis.start + number


def _sliced(axis: Axis, item: ir.Slice) -> Axis:
    step = 1 if item.step in (None, ir.NONE) else _constant(item.step)
    whole = None if step is None or axis.step is None else axis.step * step
    if step is None or step < 0:
        return Axis(axis.of, None, None, whole)
    first = axis.start if item.lower is None or item.lower == ir.NONE else _place(axis, item.lower)
    last = axis.stop if item.upper is None or item.upper == ir.NONE else _place(axis, item.upper)
    return Axis(axis.of, first, last if whole == 1 else None, whole)


def _constant(expr: ir.Expr | None) -> int | None:
    number = None if expr is None else infer.number(expr)
    return number.const if number is not None and not number.terms else None


def _is_masked(target: ir.Index, known: Mapping[str, types.Abstract]) -> bool:
    """Whether all axes of what is written are indexed by one array of truth values."""
    if len(target.items) != 1 or isinstance(target.items[0], (ir.Slice, ir.Const, ir.List, ir.Tuple)):
        return False
    kind, base = (types.infer(e, dict(known), []) for e in (target.items[0], target.base))
    if not isinstance(kind, Num) or kind.dtype not in ("bool", None) or kind.dims == ():
        return False
    ranks = [None if not isinstance(k, Num) or k.dims is None else len(k.dims) for k in (kind, base)]
    return ranks[0] == ranks[1] or None in ranks
