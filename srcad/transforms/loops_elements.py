"""Array expressions, element by element: what ``x[1:] * y.T + 1`` is at an index.

A `View` gives the element of an expression at an index, as an expression over scalars; views nest as expressions do,
so no temporary arises. What has no such form (a product of matrices, a solver, an index that is an array) is computed
before, under a name: `Elements.hoist` is told. Indices are linear forms as long as they can be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, Union

from srcad import ir
from srcad.dims import Dim, never_one
from srcad.transforms.loops_expand import expanded
from srcad.transforms.loops_extents import ELEMENTWISE, ONE, Dims, Extents, Stay
from srcad.types import Num

At: TypeAlias = Union[Dim, ir.Expr]
Index: TypeAlias = tuple[At, ...]

DTYPES = frozenset({"float64", "float32", "int64", "bool", "complex128", "complex64"})
CHEAP = frozenset(
    "builtins.abs builtins.max builtins.min builtins.float builtins.int builtins.len numpy.absolute".split()
)
SAME = frozenset("numpy.copy numpy.asarray numpy.ascontiguousarray numpy.asanyarray numpy.positive".split())


@dataclass(frozen=True)
class View:
    """An array expression as a function of the index; a scalar has no dims."""

    dims: Dims
    at: Callable[[Index], ir.Expr]


class Elements:
    """The views of one statement. `checks`: extents that must be found equal before its loops run."""

    def __init__(self, extents: Extents, hoist: Callable[[ir.Expr], ir.Name], frozen: Callable[[str], bool]) -> None:
        self.extents, self.hoist, self.frozen = extents, hoist, frozen
        self.checks: list[tuple[Dim, Dim]] = []

    def view(self, expr: ir.Expr) -> View:
        """Raises Stay for what has no known rank."""
        kind = self.extents.of(expr)
        if kind.dims == ():
            return self.scalar(expr)
        if kind.dims is None:
            raise Stay
        found = self.elementwise(expr, kind) if kind.dtype in DTYPES else None
        if found is None:
            found = self.name(self.hoist(expr))
        return found

    def elementwise(self, expr: ir.Expr, kind: Num) -> View | None:
        """None for what is to be computed before."""
        expr = expanded(expr, kind, self.simple)
        if isinstance(expr, ir.Name):
            return self.name(expr)
        if isinstance(expr, ir.Index):
            return self.index(expr)
        if isinstance(expr, ir.Unary):
            return self.unary(expr)
        if isinstance(expr, ir.Binary):
            return self.binary(expr)
        if isinstance(expr, ir.Compare) and len(expr.ops) == 1 and expr.ops[0] in ("<", "<=", ">", ">=", "==", "!="):
            return self.combine(expr.items, lambda a, b: replace(expr, items=(a, b)))
        if isinstance(expr, ir.Attr) and expr.name in ("real", "imag"):
            return self.combine((expr.base,), lambda a: replace(expr, base=a))
        if isinstance(expr, ir.Attr) and expr.name == "T":
            return self.permuted(expr.base, tuple(range(len(kind.dims or ())))[::-1])
        if isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref):
            return self.call(expr, expr.fn.path, kind)
        return None

    def simple(self, expr: ir.Expr) -> ir.Expr:
        """An expression that may be written twice: a variable or a literal."""
        return expr if isinstance(expr, (ir.Name, ir.Const)) else self.hoist(expr)

    # ---- leaves ----

    def name(self, name: ir.Name) -> View:
        kind = self.extents.of(name)
        if kind.dims is None or kind.dtype is None:
            raise Stay
        dims = tuple(d for d in kind.dims if d is not None)
        return View(dims, lambda index: ir.Index(name, tuple(self.spelt(i) for i in index)))

    def spelt(self, at: At) -> ir.Expr:
        return self.extents.spelt(at) if isinstance(at, Dim) else at

    def scalar(self, expr: ir.Expr) -> View:
        """A number that is the same for all elements; what costs something is computed once."""
        if self.is_cheap(expr):
            return View((), lambda index: expr)
        name = self.hoist(expr)
        return View((), lambda index: name)

    def is_cheap(self, expr: ir.Expr) -> bool:
        for node in ir.walk(expr):
            if isinstance(node, ir.Call) and not (isinstance(node.fn, ir.Ref) and node.fn.path in CHEAP):
                return False
            if isinstance(node, ir.Index) and isinstance(node.base, ir.Name) and not self.frozen(node.base.id):
                return False
            if isinstance(node, ir.Binary) and node.op in ("@", "**"):
                return False
        return True

    # ---- combining ----

    def combine(self, exprs: Sequence[ir.Expr], build: Callable[..., ir.Expr]) -> View:
        """The elementwise combination of expressions that are broadcast against each other."""
        views = [self.view(e) for e in exprs]
        dims = self.broadcast(views, exprs)
        return View(dims, lambda index: build(*(v.at(fitted(index, v.dims, dims)) for v in views)))

    def broadcast(self, views: Sequence[View], exprs: Sequence[ir.Expr]) -> Dims:
        dims: Dims = ()
        for view in views:
            rank = max(len(dims), len(view.dims))
            pairs = zip(padded(dims, rank), padded(view.dims, rank), strict=True)
            dims = tuple(self.meet(a, b, exprs, k - rank) for k, (a, b) in enumerate(pairs))
        return dims

    def meet(self, a: Dim, b: Dim, exprs: Sequence[ir.Expr], axis: int) -> Dim:
        """The extent of two that meet: proven equal, 1, or to be checked. Raises Stay where one may turn out to be 1.

        axis: counted from the last one, -1.
        """
        if b == ONE or self.extents.same(a, b):
            return a
        if a == ONE:
            return b
        if a.is_const and b.is_const:
            raise Stay  # NumPy raises, with its own words
        if not (never_one(a) and never_one(b)) and not self.were_assumed(exprs, axis):
            raise Stay
        self.checks.append((a, b))
        return b if b.is_const else a

    def were_assumed(self, exprs: Sequence[ir.Expr], axis: int) -> bool:
        """Whether differentiation took the extents of these along an axis to be known, and so equal where they meet."""
        for expr in exprs:
            dims = self.extents.assumed_dims(expr)
            if dims is None or len(dims) >= -axis and dims[axis] in (None, ONE):
                return False
        return True

    def unary(self, expr: ir.Unary) -> View | None:
        is_bool = self.extents.of(expr.operand).dtype == "bool"
        if expr.op == "~" and is_bool:
            return self.combine((expr.operand,), lambda a: ir.Unary("not", a))
        if is_bool or expr.op == "not":
            return None
        return self.combine((expr.operand,), lambda a: replace(expr, operand=a))

    def binary(self, expr: ir.Binary) -> View | None:
        left, right = self.extents.of(expr.left), self.extents.of(expr.right)
        if expr.op == "@" or not self.is_plain(expr, left, right):
            return None
        return self.combine((expr.left, expr.right), lambda a, b: replace(expr, left=a, right=b))

    def is_plain(self, expr: ir.Binary, left: Num, right: Num) -> bool:
        """Whether the operator does for two numbers what it does for arrays of them."""
        if not {left.dtype, right.dtype} <= DTYPES:
            return False
        if left.dtype == right.dtype == "bool":
            return expr.op in "&|^"
        if left.dtype in ("int64", "bool") and right.dtype in ("int64", "bool") and expr.op in ("//", "%", "**"):
            return isinstance(expr.right, ir.Const) and expr.right.value > 0
        return True

    # ---- indices ----

    def index(self, expr: ir.Index) -> View | None:
        base = self.view(expr.base)
        items = self.full_items(expr.items, len(base.dims))
        if items is None:
            return None
        try:
            return self.sliced(base, items, isinstance(expr.base, ir.Name))
        except Stay:
            return None

    def full_items(self, items: Sequence[ir.Expr], rank: int) -> list[ir.Expr] | None:
        """One item per axis, `None` for new ones; None if an item is an array."""
        whole = ir.Slice(None, None)
        kinds = [self.extents.of(i) for i in items if not isinstance(i, (ir.Slice, ir.Const))]
        if any(k.dims != () or k.dtype == "bool" for k in kinds):
            return None
        if any(isinstance(i, ir.Const) and i.kind == "bool" for i in items):
            return None
        used = sum(i not in (ir.NONE, ir.ELLIPSIS) for i in items)
        at = items.index(ir.ELLIPSIS) if ir.ELLIPSIS in items else len(items)
        return [*items[:at], *[whole] * (rank - used), *items[at + 1 :]]

    def sliced(self, base: View, items: Sequence[ir.Expr], is_name: bool) -> View:
        dims: list[Dim] = []
        places: list[Callable[[Index], At]] = []
        axis = 0
        for item in items:
            if item == ir.NONE:
                dims.append(ONE)
                continue
            if isinstance(item, ir.Slice):
                cut = self.extents.cut(base.dims[axis], item)
                places.append(_moved(cut.start, cut.step, len(dims)))
                dims.append(cut.length)
            else:
                places.append(_fixed(self.position(item, base.dims[axis], is_name)))
            axis += 1
        return View(tuple(dims), lambda index: base.at(tuple(place(index) for place in places)))

    def position(self, item: ir.Expr, extent: Dim, is_name: bool) -> At:
        """An integer index. Behind another view it must be known not to count from the end."""
        at = self.extents.linear(item)
        if at is not None and at.is_const and at.const < 0:
            return extent + at
        if at is not None and (is_name or self.extents.at_least_zero(at)):
            return at
        if is_name and self.is_cheap(item):
            return item
        if is_name:
            return self.hoist(item)
        raise Stay

    # ---- calls ----

    def call(self, expr: ir.Call, path: str, kind: Num) -> View | None:
        special = SPECIAL.get(path)
        if special is not None:
            return special(self, expr, kind)
        name = path.removeprefix("numpy.")
        if path == "builtins.abs" or path != name and name in ELEMENTWISE and not expr.kwargs:
            if any(self.extents.of(a).dtype not in DTYPES for a in expr.args):
                return None
            return self.combine(expr.args, lambda *args: replace(expr, args=args))
        return None

    def permuted(self, expr: ir.Expr, axes: tuple[int, ...]) -> View:
        """Axis k of the result is axis ``axes[k]`` of `expr`."""
        base = self.view(expr)
        places = [axes.index(k) for k in range(len(axes))]
        dims = tuple(base.dims[a] for a in axes)
        return View(dims, lambda index: base.at(tuple(index[p] for p in places)))

    def filled(self, value: ir.Expr, kind: Num) -> View:
        """An array of equal elements."""
        dims = tuple(d for d in kind.dims or () if d is not None)
        if len(dims) != len(kind.dims or ()):
            raise Stay
        inner = self.view(value)
        if inner.dims:
            raise Stay
        return View(dims, lambda index: inner.at(()))


def padded(dims: Dims, rank: int) -> Dims:
    return (ONE,) * (rank - len(dims)) + dims


def fitted(index: Index, own: Dims, whole: Dims) -> Index:
    """The index into an operand: broadcast axes are read at 0."""
    mine = index[len(index) - len(own) :]
    extents = whole[len(whole) - len(own) :]
    return tuple(Dim(0) if d == ONE and e != ONE else i for i, d, e in zip(mine, own, extents, strict=True))


def _moved(start: Dim, step: int, axis: int) -> Callable[[Index], At]:
    def place(index: Index) -> At:
        at = index[axis]
        if isinstance(at, Dim):
            return start + at * step
        raise Stay

    return place


def _fixed(at: At) -> Callable[[Index], At]:
    return lambda index: at


# ---- functions that are not applied element by element, but have elements ----


TYPED = {"bool": bool, "int64": int, "complex128": complex, "complex64": complex}


def _constant(value: float) -> Callable[[Elements, ir.Call, Num], View | None]:
    return lambda e, call, kind: e.filled(ir.Const(TYPED.get(str(kind.dtype), float)(value)), kind)


def _full(e: Elements, call: ir.Call, kind: Num) -> View | None:
    return e.filled(call.args[1], kind) if len(call.args) > 1 else None


def _same(e: Elements, call: ir.Call, kind: Num) -> View | None:
    return e.view(call.args[0]) if len(call.args) == 1 and not call.kwargs else None


def _astype(e: Elements, call: ir.Call, kind: Num) -> View | None:
    if e.extents.of(call.args[0]).dtype == kind.dtype:
        return e.view(call.args[0])
    name = "bool_" if kind.dtype == "bool" else kind.dtype
    return e.combine(call.args[:1], lambda a: ir.call(f"numpy.{name}", a))


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


def _expand_dims(e: Elements, call: ir.Call, kind: Num) -> View | None:
    new = integers(argument(call, 1, "axis"))
    if new is None:
        return None
    base, rank = e.view(call.args[0]), len(kind.dims or ())
    kept = [k for k in range(rank) if k not in {a % rank for a in new}]
    dims = tuple(base.dims[kept.index(k)] if k in kept else ONE for k in range(rank))
    return View(dims, lambda index: base.at(tuple(index[k] for k in kept)))


def _broadcast_to(e: Elements, call: ir.Call, kind: Num) -> View | None:
    base = e.view(call.args[0])
    dims = tuple(d for d in kind.dims or () if d is not None)
    if len(dims) != len(kind.dims or ()) or any(
        own != ONE and not e.extents.same(own, d) for own, d in zip(base.dims[::-1], dims[::-1])
    ):
        return None
    return View(dims, lambda index: base.at(fitted(index, base.dims, dims)))


def _unbroadcast(e: Elements, call: ir.Call, kind: Num) -> View | None:
    """Where the shapes are those of `like`, or g lacks some of its axes, there is nothing to sum."""
    g, like = call.args
    own, wanted = e.extents.of(g), e.extents.of(like)
    if own.dims is None or wanted.dims is None or len(own.dims) > len(wanted.dims):
        return None
    view = e.view(g)
    wanted_dims = e.view(like).dims if not isinstance(like, ir.Name) else e.name(like).dims
    pairs = zip(view.dims[::-1], wanted_dims[::-1])
    return view if all(d == ONE or e.extents.same(d, w) for d, w in pairs) else None


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
    "numpy.expand_dims": _expand_dims,
    "numpy.broadcast_to": _broadcast_to,
    "srcad_runtime.unbroadcast": _unbroadcast,
} | dict.fromkeys(SAME, _same)
