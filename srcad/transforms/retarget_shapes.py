"""Shapes for Numba: what is indexing or a transposition, which compile fast, is written as one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from srcad import ir
from srcad.dims import Dim, never_one
from srcad.transforms.retarget_calls import (
    Rewrite,
    Types,
    argument,
    constant,
    items_of,
    kernel,
)
from srcad.types import Num


def _new_axes(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.expand_dims`` at several places is indexing with None."""
    axes, rank = constant(argument(new, 1, "axis")), self.rank(old.args[0])
    if rank == 0 and axes is not None:
        return ir.call(
            "numpy.full", ir.Tuple((ir.const(1),) * (1 if isinstance(axes, int) else len(axes))), new.args[0]
        )
    if not isinstance(axes, tuple) or rank is None:
        return new
    places = {axis % (rank + len(axes)) for axis in axes}
    items = tuple(ir.NONE if k in places else ir.Slice(None, None) for k in range(rank + len(axes)))
    return ir.Index(new.args[0], items, loc=new.loc)


def ones(kind: Num) -> tuple[int, ...] | None:
    """The axes that have one place; None where an extent may or may not be 1."""
    dims = kind.dims or ()
    if kind.dims is None or not all(d == Dim(1) or never_one(d) for d in dims):
        return None
    return tuple(k for k, d in enumerate(dims) if d == Dim(1))


def _squeezed(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.squeeze`` is indexing with 0."""
    axis, t = argument(new, 1, "axis"), self.type_of(old.args[0])
    if not isinstance(t, Num) or t.dims is None:
        return new
    if axis is None:
        axes: Any = ones(t)
    else:
        axes = constant(axis)
        axes = (axes,) if isinstance(axes, int) else axes
    if axes is None:
        return new
    places = {k % len(t.dims) for k in axes}
    if self.rank(old) != len(t.dims) - len(axes):  # nothing says that the extents are one
        return kernel(new, "squeeze", new.args[0], ir.const(tuple(sorted(places)))) if axis is not None else new
    items = tuple(ir.const(0) if k in places else ir.Slice(None, None) for k in range(len(t.dims)))
    return ir.Index(new.args[0], items, loc=new.loc) if places else new.args[0]


def _line(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.take(x, 2, axis=0)`` of a number is a copy of ``x[2]``; it has no elements in common with x."""
    at, axis, rank = constant(argument(new, 1, "indices")), constant(argument(new, 2, "axis")), self.rank(old.args[0])
    named = {name for name, _ in new.kwargs}
    if not isinstance(at, int) or not isinstance(axis, int) or not rank or named - {"indices", "axis"}:
        return new
    if not -rank <= axis < rank or rank == 1:
        return new
    items: tuple[ir.Expr, ...] = (*(ir.Slice(None, None),) * (axis % rank), ir.const(at))
    return ir.call("numpy.copy", ir.Index(new.args[0], items, loc=new.loc))


def _at_least(count: int) -> Rewrite:
    """``np.atleast_2d`` of an array is indexing with None, of a number an array of one element."""

    def rewrite(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
        rank = self.rank(old.args[0])
        if len(new.args) != 1 or rank is None:
            return new
        if rank == 0:
            shape = ir.Tuple((ir.const(1),) * count)
            return ir.call("numpy.full", shape, new.args[0])
        full = ir.Slice(None, None)
        front = (ir.NONE,) if rank == 1 else ()
        behind = (ir.NONE,) if count == 3 and rank < 3 else ()
        if rank >= count:
            return new.args[0]
        return ir.Index(new.args[0], (*front, *(full,) * rank, *behind), loc=new.loc)

    return rewrite


def _transposed(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.matrix_transpose``: the last two axes."""
    rank = self.rank(old.args[0])
    if rank is None or rank < 2:
        return new
    order = ir.Tuple(tuple(ir.const(k) for k in (*range(rank - 2), rank - 1, rank - 2)))
    return kernel(new, "transpose", new.args[0], order)


def _flipped(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.flip`` along given axes is a slice with step -1."""
    given, rank = argument(new, 1, "axis"), self.rank(old.args[0])
    axes = tuple(range(rank or 0)) if given is None else constant(given)
    if axes is None or rank is None or axes == ():
        return new
    places = {k % rank for k in ((axes,) if isinstance(axes, int) else axes)}
    items = tuple(ir.Slice(None, None, ir.const(-1) if k in places else None) for k in range(rank))
    return ir.Index(new.args[0], items[: max(places) + 1], loc=new.loc)


def _in_order(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Numba takes a second or two to compile a transposition, whose axes it checks with sets."""
    axes, rank = constant(argument(new, 1, "axes")), self.rank(old.args[0])
    if not isinstance(axes, tuple) or rank is None or sorted(k % max(rank, 1) for k in axes) != list(range(rank)):
        return new
    return kernel(new, "transpose", new.args[0], ir.Tuple(tuple(ir.const(k % rank) for k in axes)))


def _permuted(order: Callable[[int, Any, Any], list[int] | None]) -> Rewrite:
    """``np.moveaxis`` and ``np.swapaxes`` as a transposition, which compiles in a fifth of the time."""

    def rewrite(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
        rank = self.rank(old.args[0])
        given = [constant(e) for e in (*new.args[1:], *(value for _, value in new.kwargs))]
        if rank is None or len(given) != 2 or None in given:
            return new
        axes = order(rank, *given)
        if axes is None:
            return new
        return kernel(new, "transpose", new.args[0], ir.Tuple(tuple(ir.const(k) for k in axes)))

    return rewrite


def _moved(rank: int, source: Any, destination: Any) -> list[int]:
    sources = (source,) if isinstance(source, int) else source
    targets = (destination,) if isinstance(destination, int) else destination
    rest = [k for k in range(rank) if k not in {s % rank for s in sources}]
    for target, origin in sorted((t % rank, s % rank) for t, s in zip(targets, sources, strict=True)):
        rest.insert(target, origin)
    return rest


def _rolled(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.rollaxis`` puts an axis before another."""
    rank, axis = self.rank(old.args[0]), constant(argument(new, 1, "axis"))
    start = constant(argument(new, 2, "start") or ir.const(0))
    if rank is None or not isinstance(axis, int) or not isinstance(start, int):
        return new
    start = start + rank if start < 0 else start
    order = _moved(rank, axis % rank, start - (axis % rank < start))
    return kernel(new, "transpose", new.args[0], ir.Tuple(tuple(map(ir.const, order))))


def _swapped(rank: int, a: Any, b: Any) -> list[int] | None:
    axes = list(range(rank))
    axes[a], axes[b] = axes[b], axes[a]
    return axes


def _turned(array: ir.Expr, rank: int) -> ir.Expr:
    """An array with its axes in reverse: what lies in Fortran's order lies in C's there."""
    return ir.call("srcad_runtime.kernels.transpose", array, ir.Tuple(tuple(map(ir.const, reversed(range(rank))))))


def _raveled(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    order, rank = argument(new, 1, "order"), self.rank(old.args[0])
    if rank == 0:
        return ir.call("numpy.full", ir.Tuple((ir.const(1),)), new.args[0])
    if order in (None, ir.const("C")):
        return new if order is None else ir.call("numpy.ravel", new.args[0])
    if order != ir.const("F") or rank is None:
        return new
    return ir.call("numpy.ravel", _turned(new.args[0], rank))


def _reshaped(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Numba reshapes contiguous arrays only, what arithmetic makes is, and in the order of C."""
    order, shape, rank = argument(new, 2, "order"), argument(new, 1, "shape"), self.rank(old.args[0])
    extents = items_of(self, shape)
    if order == ir.const("F") and rank and extents is not None:
        turned = ir.Tuple(tuple(reversed(extents)))
        return _turned(ir.call("srcad_runtime.kernels.reshape", _turned(new.args[0], rank), turned), len(extents))
    if isinstance(new.args[0], (ir.List, ir.Tuple)):
        new = replace(new, args=(ir.call("numpy.array", new.args[0]), *new.args[1:]))
    elif rank == 1 and constant(shape) in ((-1, 1), (1, -1)) and len(new.args) == 2 and not new.kwargs:
        axes = (ir.Slice(None, None), ir.NONE)
        return ir.Index(new.args[0], axes if constant(shape) == (-1, 1) else axes[::-1], loc=new.loc)
    fresh = isinstance(old.args[0], (ir.Binary, ir.Unary))
    return new if fresh or new.kwargs or len(new.args) != 2 else kernel(new, "reshape")


def _diagonal(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    plain = self.rank(old.args[0]) == 2 and len(new.args) <= 2 and not set(dict(new.kwargs)) - {"offset"}
    return kernel(new, "diagonal") if plain else new


REWRITES: dict[str, Rewrite] = {
    "numpy.expand_dims": _new_axes,
    "numpy.squeeze": _squeezed,
    "numpy.take": _line,
    "numpy.atleast_1d": _at_least(1),
    "numpy.atleast_2d": _at_least(2),
    "numpy.atleast_3d": _at_least(3),
    "numpy.linalg.matrix_transpose": _transposed,
    "numpy.matrix_transpose": _transposed,
    "numpy.flip": _flipped,
    "numpy.transpose": _in_order,
    "numpy.moveaxis": _permuted(_moved),
    "numpy.swapaxes": _permuted(_swapped),
    "numpy.rollaxis": _rolled,
    "numpy.ravel": _raveled,
    "numpy.reshape": _reshaped,
    "numpy.diagonal": _diagonal,
}
