"""Views: array expressions as functions of the index, and the views of functions that move elements about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias, Union

import numpy as np

from srcad import ir
from srcad.dims import Dim
from srcad.transforms.loops_extents import Dims, Stay
from srcad.transforms.loops_types import ONE
from srcad.types import Num

if TYPE_CHECKING:
    from srcad.transforms.loops_elements import Elements

At: TypeAlias = Union[Dim, ir.Expr]
Index: TypeAlias = tuple[At, ...]

SAME = frozenset("numpy.copy numpy.asarray numpy.ascontiguousarray numpy.asanyarray numpy.positive".split())


@dataclass(frozen=True)
class View:
    """An array expression as a function of the index; a scalar has no dims."""

    dims: Dims
    at: Callable[[Index], ir.Expr]


def padded(dims: Dims, rank: int) -> Dims:
    return (ONE,) * (rank - len(dims)) + dims


def fitted(index: Index, own: Dims, whole: Dims) -> Index:
    """The index into an operand: broadcast axes are read at 0."""
    mine = index[len(index) - len(own) :]
    extents = whole[len(whole) - len(own) :]
    return tuple(Dim(0) if d == ONE and e != ONE else i for i, d, e in zip(mine, own, extents, strict=True))


# ---- functions that are not applied element by element, but have elements ----


TYPED = {"bool": bool, "int64": int, "complex128": complex, "complex64": complex}


def _constant(value: float) -> Callable[[Elements, ir.Call, Num], View | None]:
    def found(e: Elements, call: ir.Call, kind: Num) -> View | None:
        return e.filled(ir.Const(TYPED.get(str(kind.dtype), float)(value)), _shape(e, call, kind))

    return found


def _full(e: Elements, call: ir.Call, kind: Num) -> View | None:
    if len(call.args) < 2:
        return None
    filled, own = e.filled(call.args[1], _shape(e, call, kind)), e.extents.of(call.args[1]).dtype
    if own is None or kind.dtype is None or np.can_cast(own, kind.dtype, "safe"):
        return filled
    return View(filled.dims, lambda index: _cast(filled.at(index), str(kind.dtype)))


def _cast(value: ir.Expr, dtype: str) -> ir.Expr:
    return ir.call(f"numpy.{'bool_' if dtype == 'bool' else dtype}", value)


def _shape(e: Elements, call: ir.Call, kind: Num) -> Num:
    """The type, with the extents of the array that the new one is to be like."""
    path = call.fn.path if isinstance(call.fn, ir.Ref) else ""
    return replace(kind, dims=e.view(call.args[0]).dims) if path.endswith("_like") else kind


def _same(e: Elements, call: ir.Call, kind: Num) -> View | None:
    return e.view(call.args[0]) if len(call.args) == 1 and not call.kwargs else None


def _astype(e: Elements, call: ir.Call, kind: Num) -> View | None:
    if e.extents.of(call.args[0]).dtype == kind.dtype:
        return e.view(call.args[0])
    return e.combine(call.args[:1], lambda a: _cast(a, str(kind.dtype)))


def _where(e: Elements, call: ir.Call, kind: Num) -> View | None:
    if len(call.args) != 3:
        return None
    return e.combine(call.args, lambda c, a, b: ir.IfExp(c, a, b))


def _clip(e: Elements, call: ir.Call, kind: Num) -> View | None:
    """``minimum(maximum(x, low), high)``, which keeps NaN."""
    if len(call.args) != 3 or call.kwargs:
        return None
    x, low, high = call.args
    lifted = x if low == ir.NONE else ir.call("numpy.maximum", x, low)
    return e.view(lifted if high == ir.NONE else ir.call("numpy.minimum", lifted, high))


def _outer(e: Elements, call: ir.Call, kind: Num) -> View | None:
    if len(call.args) != 2 or call.kwargs:
        return None
    a, b = (e.view(x) for x in call.args)
    if len(a.dims) != 1 or len(b.dims) != 1:
        return None
    return View(a.dims + b.dims, lambda index: ir.Binary("*", a.at(index[:1]), b.at(index[1:])))


def _transpose(e: Elements, call: ir.Call, kind: Num) -> View | None:
    rank = len(kind.dims or ())
    if len(call.args) == 1 and not call.kwargs:
        return e.permuted(call.args[0], tuple(range(rank))[::-1])
    axes = integers(argument(call, 1, "axes"))
    return None if axes is None else e.permuted(call.args[0], tuple(a % rank for a in axes))


def _swapaxes(e: Elements, call: ir.Call, kind: Num) -> View | None:
    rank = len(kind.dims or ())
    pair = integers(ir.Tuple(call.args[1:]))
    if pair is None or len(pair) != 2:
        return None
    axes = list(range(rank))
    i, j = (a % rank for a in pair)
    axes[i], axes[j] = j, i
    return e.permuted(call.args[0], tuple(axes))


def _flip(e: Elements, call: ir.Call, kind: Num) -> View | None:
    rank = len(kind.dims or ())
    given = argument(call, 1, "axis")
    axes = tuple(range(rank)) if given in (None, ir.NONE) else integers(given)
    if axes is None:
        return None
    base = e.view(call.args[0])
    turned = {a % rank for a in axes if base.dims[a % rank] != ONE}

    def at(index: Index) -> ir.Expr:
        places = []
        for k, i in enumerate(index):
            if k in turned and not isinstance(i, Dim):
                raise Stay
            places.append(base.dims[k] - 1 - i if k in turned and isinstance(i, Dim) else i)
        return base.at(tuple(places))

    return View(base.dims, at)


def _expand_dims(e: Elements, call: ir.Call, kind: Num) -> View | None:
    new = integers(argument(call, 1, "axis"))
    if new is None:
        return None
    base, rank = e.view(call.args[0]), len(kind.dims or ())
    kept = [k for k in range(rank) if k not in {a % rank for a in new}]
    dims = tuple(base.dims[kept.index(k)] if k in kept else ONE for k in range(rank))
    return View(dims, lambda index: base.at(tuple(index[k] for k in kept)))


def _reshape(e: Elements, call: ir.Call, kind: Num) -> View | None:
    """Axes of one element come and go: the others are those of the array, in their order."""
    own, new = e.extents.of(call.args[0]).dims, tuple(d for d in kind.dims or () if d is not None)
    if len(call.args) != 2 or call.kwargs or not own or len(new) != len(kind.dims or ()):
        return None
    axes, places = ([k for k, d in enumerate(dims) if d != ONE] for dims in (own, new))
    if len(axes) != len(places):
        return None
    for axis, place in zip(axes, places):
        extent = own[axis]
        if extent is None or not e.extents.same(extent, new[place]):
            return None
    base = e.view(call.args[0])
    moved = dict(zip(axes, places))
    rank = len(own)
    return View(new, lambda index: base.at(tuple(index[moved[k]] if k in moved else Dim(0) for k in range(rank))))


def _broadcast_to(e: Elements, call: ir.Call, kind: Num) -> View | None:
    base = e.view(call.args[0])
    dims = tuple(d for d in kind.dims or () if d is not None)
    if len(dims) != len(kind.dims or ()) or any(
        own != ONE and not e.extents.same(own, d) for own, d in zip(base.dims[::-1], dims[::-1])
    ):
        return None
    return View(dims, lambda index: base.at(fitted(index, base.dims, dims)))


def _unbroadcast(e: Elements, call: ir.Call, kind: Num) -> View | None:
    """Where the shapes are those of `like`, as is checked, or g lacks some of its axes, there is nothing to sum."""
    g, like = call.args
    own, wanted = e.extents.of(g), e.extents.of(like)
    if own.dims is None or wanted.dims is None or len(own.dims) > len(wanted.dims):
        return None
    view = e.view(g)
    wanted_dims = e.view(like).dims if not isinstance(like, ir.Name) else e.name(like).dims
    if e.agree(view.dims, wanted_dims, call.args):
        return view
    # what was computed on the way to this answer is not computed again
    return e.name(e.hoist(replace(call, args=(e.computed[g], like)))) if g in e.computed else None


def argument(call: ir.Call, position: int, name: str) -> ir.Expr | None:
    """An argument by its position or name."""
    if len(call.args) > position:
        return call.args[position]
    return dict(call.kwargs).get(name)


def integers(expr: ir.Expr | None) -> tuple[int, ...] | None:
    """The literal integers of an argument such as an axis."""
    items = expr.items if isinstance(expr, (ir.Tuple, ir.List)) else (expr,)
    values = []
    for item in items:
        sign = -1 if isinstance(item, ir.Unary) and item.op == "-" else 1
        literal = item.operand if isinstance(item, ir.Unary) else item
        if not isinstance(literal, ir.Const) or type(literal.value) is not int:
            return None
        values.append(sign * literal.value)
    return tuple(values)


SPECIAL: dict[str, Callable[[Elements, ir.Call, Num], View | None]] = {
    "numpy.zeros": _constant(0.0),
    "numpy.zeros_like": _constant(0.0),
    "numpy.ones": _constant(1.0),
    "numpy.ones_like": _constant(1.0),
    "numpy.full": _full,
    "numpy.full_like": _full,
    "srcad_runtime.astype": _astype,
    "numpy.where": _where,
    "numpy.clip": _clip,
    "numpy.outer": _outer,
    "numpy.transpose": _transpose,
    "numpy.swapaxes": _swapaxes,
    "numpy.flip": _flip,
    "numpy.expand_dims": _expand_dims,
    "numpy.reshape": _reshape,
    "numpy.broadcast_to": _broadcast_to,
    "srcad_runtime.unbroadcast": _unbroadcast,
} | dict.fromkeys(SAME, _same)
