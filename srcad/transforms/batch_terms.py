"""The expressions of `batch`: values along all directions at once, counted by their last axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from srcad import ir, types
from srcad.dims import Dim, is_extent
from srcad.expressions import is_expensive, is_view, named_arguments
from srcad.facts import Shapes
from srcad.naming import Names
from srcad.transforms import activity
from srcad.types import INT, Num

EVERY = ir.Slice(None, None)
NEWAXIS, ELLIPSIS = ir.Const(None), ir.Const(...)
FIRST, C_ORDER = ir.Const(0), ir.Const("C")
_PLAIN = frozenset("numpy.real numpy.imag numpy.conj numpy.conjugate numpy.copy numpy.ascontiguousarray".split())
_SUMS = frozenset({"numpy.sum", "numpy.mean", "numpy.cumsum"})
_PRODUCTS = frozenset({"numpy.matmul", "numpy.dot"})


class Unbatched(Exception):
    """An expression that has no form for a further axis."""


class Terms:
    """`lift` gives an expression its last axis.

    wide: the variables that have it; count: the number of directions. compiled: loops over the directions will be
    written; what they would compute again in each, and what they could not compute, goes to `before`.
    """

    def __init__(self, shapes: Shapes, wide: set[str], count: ir.Expr, names: Names, compiled: bool) -> None:
        self.shapes, self.wide, self.count, self.names, self.compiled = shapes, wide, count, names, compiled
        self.before: list[ir.Stmt] = []

    def new(self, base: str, kind: Num, wide: bool = False) -> ir.Name:
        """A new variable of a type."""
        name = ir.Name(self.names.numbered(base))
        self.shapes.types[name.id] = kind
        if wide:
            self.wide.add(name.id)
        return name

    def is_wide(self, expr: Any) -> bool:
        return bool(activity.reads(expr) & self.wide)

    def rank(self, expr: ir.Expr) -> int:
        """The number of axes of an expression, without that of the directions."""
        dims = self.shapes.of(expr).dims
        if dims is None:
            raise Unbatched
        return len(dims)

    # ---- one direction ----

    def one(self, code: Any, direction: ir.Expr) -> Any:
        """Code that reads what it needs of one direction: ``x_dot[i]`` is ``x_dot[i, d]``."""
        if isinstance(code, ir.Index) and isinstance(code.base, ir.Name) and code.base.id in self.wide:
            items = tuple(self.one(item, direction) for item in code.items)
            return self.place(replace(code, items=items), direction)
        if isinstance(code, ir.Name) and code.id in self.wide:
            return self.place(code, direction)
        return ir.rebuild(code, lambda n: self.one(n, direction))

    def place(self, place: ir.Expr, direction: ir.Expr) -> ir.Expr:
        """An element or view of a variable in one direction."""
        if isinstance(place, ir.Index) and isinstance(place.base, ir.Name):
            left = self.rank(place.base) - len(place.items)
            basic = all(isinstance(i, ir.Slice) or self.shapes.of(i).dims == () for i in place.items)
            if basic and left >= 0 and not {NEWAXIS, ELLIPSIS} & set(place.items):
                return replace(place, items=(*place.items, *(EVERY,) * left, direction))
            return replace(place, base=self.place(place.base, direction))
        if not isinstance(place, ir.Name):
            raise Unbatched
        return ir.Index(place, (*(EVERY,) * self.rank(place), direction))

    def plain(self, code: Any) -> Any:
        """Code that reads no direction's value: the shape of what has directions is that of one of them."""
        return self.one(code, ir.Const(0)) if ir.names(code) & self.wide else code

    # ---- all directions ----

    def operand(self, expr: ir.Expr) -> ir.Expr:
        """An operand of an elementwise function: its own axes line up with those of what has one more."""
        if self.is_wide(expr):
            return self.lift(expr)
        rank = self.rank(expr)
        plain: ir.Expr = self.plain(expr)
        if rank and self.compiled and any(map(is_expensive, ir.walk(expr))):
            part = self.new("t", self.shapes.of(expr))
            self.before.append(ir.Assign(part, plain))
            plain = part
        return ir.Index(plain, (*(EVERY,) * rank, NEWAXIS)) if rank else plain

    def lift(self, expr: ir.Expr) -> ir.Expr:
        """The values of an expression in all directions.

        Raises:
            Unbatched: there is no form for that.
        """
        if isinstance(expr, ir.Name):
            return expr
        if isinstance(expr, ir.Index) and not any(map(self.is_wide, expr.items)):
            items = tuple(map(self.plain, expr.items))
            behind = (EVERY,) if ELLIPSIS in items and len(items) > 1 else ()
            return replace(expr, base=self.lift(expr.base), items=(*items, *behind))
        if isinstance(expr, ir.Unary) and expr.op in "+-":
            return replace(expr, operand=self.lift(expr.operand))
        if isinstance(expr, ir.Binary) and expr.op in ("+", "-", "*", "/", "%", "**"):
            return replace(expr, left=self.operand(expr.left), right=self.operand(expr.right))
        if isinstance(expr, ir.Binary) and expr.op == "@":
            return self.product(expr.left, expr.right)
        if isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref):
            return self.call(expr, expr.fn.path)
        raise Unbatched

    def call(self, expr: ir.Call, path: str) -> ir.Expr:
        rule = activity.find_rule(expr)
        partial = rule is not None and rule.partials is not None and path.startswith("numpy.")
        if path == "numpy.where" and len(expr.args) == 3 or not expr.kwargs and (path in _PLAIN or partial):
            return replace(expr, args=tuple(map(self.operand, expr.args)))
        if path in ("numpy.array", "numpy.asarray") and len(expr.args) == 1 and not expr.kwargs:
            return self.written_out(expr) if self.compiled else replace(expr, args=(self.entries(expr.args[0]),))
        if path == "numpy.einsum":
            return self.einsum(expr)
        if rule is None or any(v for k, v in named_arguments(expr).items() if self.is_wide(v)):
            raise Unbatched
        if path in _PRODUCTS and len(expr.args) == 2 and not expr.kwargs:
            return self.product(*expr.args)
        given = {k: v for k, v in rule.bind(expr.args, named_arguments(expr)).items() if ir.is_node(v)}
        if path in _SUMS:
            return self.sums(expr, given)
        form = getattr(self, path.rpartition(".")[2], None) if path in _FORMS else None
        if form is None:
            raise Unbatched
        try:
            return form(*given.values())  # type: ignore[no-any-return]
        except TypeError:  # an argument that the form does not know
            raise Unbatched from None

    # ---- sums and products ----

    def sums(self, expr: ir.Call, given: dict[str, Any]) -> ir.Expr:
        """``np.sum`` over the axes of one direction."""
        (array, *others), axis = expr.args, given.get("axis", NEWAXIS)
        rank = self.rank(array)
        known = {"axis", "keepdims", *list(given)[:1]}
        if len(others) > 1 or set(given) - known and any(given[k] != NEWAXIS for k in set(given) - known):
            raise Unbatched
        if rank == 0:
            return self.lift(array)
        cumulative = expr.fn == ir.Ref("numpy.cumsum")
        if axis == NEWAXIS and cumulative and rank > 1:
            raise Unbatched
        over = tuple(range(rank)) if axis == NEWAXIS else _constants(axis, rank)
        at = ir.Const(over[0]) if len(over) == 1 else ir.Tuple(tuple(map(ir.Const, over)))
        keep = {} if given.get("keepdims", ir.Const(False)) == ir.Const(False) else {"keepdims": given["keepdims"]}
        return ir.Call(expr.fn, (self.lift(array),), (("axis", at), *keep.items()), loc=expr.loc)

    def product(self, left: ir.Expr, right: ir.Expr) -> ir.Expr:
        """A matrix product; beside a vector the directions are the columns of a matrix."""
        ranks = self.rank(left), self.rank(right)
        if ranks not in {(1, 1), (1, 2), (2, 1), (2, 2)} or self.is_wide(left) and self.is_wide(right):
            raise Unbatched
        if self.is_wide(left):
            if ranks == (1, 1):
                return ir.Binary("@", self.plain(right), self.lift(left))
            if ranks == (1, 2):
                return ir.Binary("@", ir.call("numpy.transpose", self.plain(right)), self.lift(left))
            if ranks == (2, 1):
                return ir.call("numpy.sum", ir.Binary("*", self.lift(left), self.operand(right)), axis=ir.Const(1))
            return ir.call("srcad_runtime.along.product", self.lift(left), self.plain(right))
        if ranks[1] == 1:
            return ir.Binary("@", self.plain(left), self.lift(right))
        return ir.call("srcad_runtime.along.product_of", self.plain(left), self.lift(right))

    def solve(self, a: ir.Expr, b: ir.Expr) -> ir.Expr:
        """A system of equations: the directions are further right-hand sides."""
        if self.is_wide(a) or self.rank(a) != 2 or self.rank(b) not in (1, 2):
            raise Unbatched
        if self.rank(b) == 1:
            return ir.call("numpy.linalg.solve", self.plain(a), self.lift(b))
        n, m = self.extents(b)
        sides = ir.call("numpy.reshape", self.lift(b), ir.Tuple((n, ir.Binary("*", m, self.count))))
        found = ir.call("numpy.linalg.solve", self.plain(a), sides)
        return ir.call("numpy.reshape", found, ir.Tuple((n, m, self.count)))

    def einsum(self, expr: ir.Call) -> ir.Expr:
        """A letter more, last of those of what has directions and of the result."""
        first, *operands = expr.args
        text = str(getattr(first, "value", ""))
        before, arrow, after = text.replace(" ", "").partition("->")
        if expr.kwargs or not arrow or "." in text:
            raise Unbatched
        letter = next(c for c in "zyxwvutsrqponmlkjihgfedcba" if c not in text)
        terms = before.split(",")
        terms = [t + letter if self.is_wide(e) else t for t, e in zip(terms, operands, strict=True)]
        subscripts = ir.Const(f"{','.join(terms)}->{after}{letter}")
        parts = (self.lift(e) if self.is_wide(e) else self.plain(e) for e in operands)
        return replace(expr, args=(subscripts, *parts))

    # ---- shapes ----

    def extents(self, expr: ir.Expr) -> tuple[ir.Expr, ...]:
        """The extents of an expression in one direction."""
        kind = self.shapes.of(expr)
        if kind.dims is None:
            raise Unbatched
        found = [self.shapes.extent(d) for d in kind.dims]
        if None not in found:
            pairs = zip(found, kind.dims, strict=True)
            return tuple(_clipped(e, d) for e, d in pairs if e is not None and d is not None)
        if isinstance(expr, ir.Name):
            return tuple(ir.Index(ir.Attr(expr, "shape"), (ir.Const(k),)) for k in range(len(kind.dims)))
        raise Unbatched

    def shape(self, given: ir.Expr) -> ir.Tuple:
        """A shape, with the number of directions behind it."""
        given = self.plain(given)
        if isinstance(given, ir.Tuple):
            return ir.Tuple((*given.items, self.count))
        kind = self.shapes.of(given)
        if types.is_integer(kind) and kind.dims == ():
            return ir.Tuple((given, self.count))
        if isinstance(given, ir.Call) and given.fn == ir.Ref("numpy.shape") and is_view(given.args[0]):
            given = ir.Attr(given.args[0], "shape")
        if isinstance(given, ir.Attr) and given.name == "shape":
            extents = (ir.Index(given, (ir.Const(k),)) for k in range(self.rank(given.base)))
            return ir.Tuple((*extents, self.count))
        raise Unbatched

    def outer(self, left: ir.Expr, right: ir.Expr) -> ir.Expr:
        if self.rank(left) != 1 or self.rank(right) != 1:
            raise Unbatched
        column, row = self.operand(left), self.operand(right)
        if self.is_wide(left):
            return ir.Binary("*", ir.Index(column, (EVERY, NEWAXIS)), row)
        return ir.Binary("*", ir.Index(column, (EVERY, NEWAXIS)), row)

    def broadcast_to(self, array: ir.Expr, shape: ir.Expr) -> ir.Expr:
        return ir.call("numpy.broadcast_to", self.lift(array), self.shape(shape))

    def reshape(self, array: ir.Expr, shape: ir.Expr, order: ir.Expr = C_ORDER) -> ir.Expr:
        if order != C_ORDER:
            raise Unbatched
        return ir.call("numpy.reshape", self.lift(array), self.shape(shape))

    def written_out(self, expr: ir.Call) -> ir.Expr:
        """Numbers written out as a list, put into a new array one by one."""
        kind = self.shapes.of(expr)
        if kind.dims is None or not isinstance(expr.args[0], (ir.List, ir.Tuple)):
            raise Unbatched
        placed = [(place, entry) for place, entry in _placed(expr.args[0], ()) if self.rank(entry) == 0]
        extents = [d.const if d is not None and d.is_const else -1 for d in kind.dims]
        if len(placed) != np.prod(extents) or any(len(place) != len(extents) for place, _ in placed):
            raise Unbatched
        array, d = self.new("t", replace(kind, weak=False), wide=True), self.new("d", INT)
        stores = (ir.Store(ir.Index(array, (*map(ir.Const, p), d)), self.one(entry, d)) for p, entry in placed)
        self.before.append(ir.Assign(array, filled("empty", (*map(ir.Const, extents), self.count), kind)))
        self.before.append(ir.For(d, self.directions(), tuple(stores)))
        return array

    def directions(self) -> ir.Call:
        return ir.Call(ir.Ref("builtins.range"), (ir.Const(0), self.count, ir.Const(1)))

    def entries(self, expr: ir.Expr) -> ir.Expr:
        """Numbers written out as a list, each with its directions."""
        if isinstance(expr, (ir.List, ir.Tuple)):
            return replace(expr, items=tuple(map(self.entries, expr.items)))
        return self.lift(expr) if self.is_wide(expr) else self.spread(expr, self.shapes.of(expr))

    def concatenate(self, arrays: ir.Expr, axis: ir.Expr = FIRST) -> ir.Expr:
        return self.joined("numpy.concatenate", arrays, axis, 0)

    def stack(self, arrays: ir.Expr, axis: ir.Expr = FIRST) -> ir.Expr:
        return self.joined("numpy.stack", arrays, axis, 1)

    def joined(self, path: str, arrays: ir.Expr, axis: ir.Expr, more: int) -> ir.Expr:
        if not isinstance(arrays, (ir.List, ir.Tuple)):
            raise Unbatched
        (at,) = _constants(axis, self.rank(arrays.items[0]) + more)
        return ir.call(path, self.entries(arrays), axis=ir.Const(at))

    def flip(self, array: ir.Expr, axis: ir.Expr = NEWAXIS) -> ir.Expr:
        rank = self.rank(array)
        over = range(rank) if axis == NEWAXIS else _constants(axis, rank)
        back = ir.Slice(None, None, ir.Unary("-", ir.Const(1)))
        return ir.Index(self.lift(array), tuple(back if k in over else EVERY for k in range(rank)))

    def ravel(self, array: ir.Expr, order: ir.Expr = C_ORDER) -> ir.Expr:
        return self.reshape(array, ir.Const(-1), order)

    def transpose(self, array: ir.Expr, axes: ir.Expr = NEWAXIS) -> ir.Expr:
        rank = self.rank(array)
        order = tuple(range(rank))[::-1] if axes == NEWAXIS else _constants(axes, rank)
        return ir.call("numpy.transpose", self.lift(array), ir.Tuple(tuple(map(ir.Const, (*order, rank)))))

    def swapaxes(self, array: ir.Expr, axis1: ir.Expr, axis2: ir.Expr) -> ir.Expr:
        return self.moved("numpy.swapaxes", array, axis1, axis2)

    def moveaxis(self, array: ir.Expr, source: ir.Expr, destination: ir.Expr) -> ir.Expr:
        return self.moved("numpy.moveaxis", array, source, destination)

    def moved(self, path: str, array: ir.Expr, *axes: ir.Expr) -> ir.Expr:
        places = (_constants(a, self.rank(array)) for a in axes)
        at = (ir.Const(p[0]) if len(p) == 1 else ir.Tuple(tuple(map(ir.Const, p))) for p in places)
        return ir.call(path, self.lift(array), *at)

    def expand_dims(self, array: ir.Expr, axis: ir.Expr) -> ir.Expr:
        (at,) = _constants(axis, self.rank(array) + 1)
        return ir.call("numpy.expand_dims", self.lift(array), ir.Const(at))

    # ---- what has no direction, where directions are held ----

    def spread(self, expr: ir.Expr, kind: Num) -> ir.Expr:
        """A new array that holds the same in every direction."""
        expr = self.plain(expr)
        if isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref):
            name = expr.fn.path.removeprefix("numpy.")
            if name in ("zeros", "ones", "empty"):
                return replace(expr, args=(self.shape(expr.args[0]), *expr.args[1:]))
            if name in ("zeros_like", "ones_like", "empty_like") and len(expr.args) <= 2 and not expr.kwargs:
                return filled(name.removesuffix("_like"), (*self.extents(expr.args[0]), self.count), kind)
        if kind.dims == ():
            if isinstance(expr, ir.Const) and expr.value == 0:
                return filled("zeros", (self.count,), kind)
            return ir.Binary("+", filled("zeros", (self.count,), kind), expr)
        spread = ir.Index(expr, (*(EVERY,) * self.rank(expr), NEWAXIS))
        shape = ir.Tuple((*self.extents(expr), self.count))
        return ir.call("numpy.copy", ir.call("numpy.broadcast_to", spread, shape))


_FORMS = frozenset(
    f"numpy.{name}"
    for name in (
        "linalg.solve outer broadcast_to reshape ravel transpose swapaxes moveaxis expand_dims concatenate stack flip"
    ).split()
)


def _placed(expr: ir.Expr, place: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], ir.Expr]]:
    """(indices, entry) of everything in nested lists."""
    if isinstance(expr, (ir.List, ir.Tuple)):
        for k, item in enumerate(expr.items):
            yield from _placed(item, (*place, k))
    else:
        yield place, expr


def _clipped(extent: ir.Expr, dim: Dim) -> ir.Expr:
    """An extent that is told by an integer: no array has fewer than none."""
    told = any(not is_extent(symbol) for symbol in dim.symbols)
    return ir.call("builtins.max", extent, ir.Const(0)) if told else extent


def filled(how: str, shape: tuple[ir.Expr, ...], kind: Num) -> ir.Expr:
    """``np.zeros(shape)``, with the dtype where it is another than float64."""
    extents = shape[0] if len(shape) == 1 else ir.Tuple(shape)
    if kind.dtype in ("float64", None):
        return ir.call(f"numpy.{how}", extents)
    return ir.call(f"numpy.{how}", extents, ir.Ref(f"numpy.{'bool_' if kind.dtype == 'bool' else kind.dtype}"))


def _constants(axes: ir.Expr, rank: int) -> tuple[int, ...]:
    """Axes that are written out, counted from the front."""
    items = axes.items if isinstance(axes, (ir.Tuple, ir.List)) else (axes,)
    return tuple(_constant(item) % rank for item in items)


def _constant(item: ir.Expr) -> int:
    if isinstance(item, ir.Unary) and item.op == "-":
        return -_constant(item.operand)
    if isinstance(item, ir.Const) and type(item.value) is int:
        return item.value
    raise Unbatched
