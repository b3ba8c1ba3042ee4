"""Array expressions, element by element: what ``x[1:] * y.T + 1`` is at an index.

A `View` gives the element of an expression at an index, as an expression over scalars; views nest as expressions do,
so no temporary arises. What has no such form (a product of matrices, a solver, an index that is an array) is computed
before, under a name: `Elements.hoist` is told. Indices are linear forms as long as they can be.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from srcad_runtime.compiled_names import SPECIAL as COMPILED

from srcad import ir
from srcad.dims import Dim, never_one
from srcad.transforms.loops_expand import expanded
from srcad.transforms.loops_extents import Dims, Extents, Stay
from srcad.transforms.loops_types import ELEMENTWISE, ONE
from srcad.transforms.loops_views import SPECIAL, At, Index, View, fitted, padded
from srcad.types import Num

DTYPES = frozenset({"float64", "float32", "int64", "bool", "complex128", "complex64"})
_CHOSEN = frozenset({"numpy.where", "numpy.clip", "srcad_runtime.astype"})  # element by element, as `SPECIAL` has them
CHEAP = frozenset(
    "builtins.abs builtins.max builtins.min builtins.float builtins.int builtins.len numpy.absolute".split()
)


class Elements:
    """The views of one statement. `checks`: extents that must be found equal before its loops run."""

    def __init__(self, extents: Extents, hoist: Callable[[ir.Expr], ir.Name], frozen: Callable[[str], bool]) -> None:
        self.extents, self.compute, self.frozen = extents, hoist, frozen
        self.checks: list[tuple[Dim, Dim]] = []
        self.computed: dict[ir.Expr, ir.Name] = {}

    def hoist(self, expr: ir.Expr) -> ir.Name:
        """The name of a value that is computed before the statement, once."""
        if expr not in self.computed:
            self.computed[expr] = self.compute(expr)
        return self.computed[expr]

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
        expr = expanded(expr, kind, self.simple, self.extents.of)
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

    def is_elementwise(self, expr: ir.Expr) -> bool:
        """Whether each element of the result is made of what stands at the same place."""
        if isinstance(expr, ir.Call):
            return isinstance(expr.fn, ir.Ref) and (_is_by_element(expr.fn.path) or expr.fn.path in _CHOSEN)
        if isinstance(expr, ir.Attr):
            return expr.name in ("real", "imag")
        return isinstance(expr, (ir.Unary, ir.Compare)) or isinstance(expr, ir.Binary) and expr.op != "@"

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
        """The extent of two that meet: proven equal, 1, or to be checked: where one turns out to be 1 the check raises,
        and the NumPy text answers (`recovery`). Raises Stay where that is to be expected.

        axis: counted from the last one, -1.
        """
        if b == ONE or self.extents.same(a, b):
            return a
        if a == ONE:
            return b
        if (a - b).is_const:
            raise Stay  # never equal: NumPy raises, with its own words, or one is 1 after all
        expected = never_one(a) and never_one(b) or self.were_assumed(exprs, axis)
        if not expected and not (_is_of_slice(a) and _is_of_slice(b)):
            raise Stay
        self.checks.append((a, b))
        return b if b.is_const else a

    def agree(self, dims: Dims, wanted: Dims, exprs: Sequence[ir.Expr]) -> bool:
        """Whether an array need not be summed to have the shape that is wanted: proven, or to be checked."""
        before = len(self.checks)
        with contextlib.suppress(Stay):
            for axis, (own, other) in enumerate(zip(dims[::-1], wanted[::-1]), 1):
                if own == ONE or self.extents.same(own, other):
                    continue
                if other == ONE or not never_one(own):
                    raise Stay
                self.meet(own, other, exprs, -axis)
            return True
        del self.checks[before:]
        return False

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
            if at.const < -1 and not self.extents.has_places(extent, -at.const):
                raise Stay  # below zero it would count from the end again; `loops_unchecked` checks most before
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
        if _is_by_element(path) and (path == "builtins.abs" or not expr.kwargs):
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


def _is_by_element(path: str) -> bool:
    name = path.removeprefix("numpy.")
    return path == "builtins.abs" or path in COMPILED or path != name and name in ELEMENTWISE


def _moved(start: Dim, step: int, axis: int) -> Callable[[Index], At]:
    def place(index: Index) -> At:
        at = index[axis]
        if isinstance(at, Dim):
            return start + at * step
        raise Stay

    return place


def _fixed(at: At) -> Callable[[Index], At]:
    return lambda index: at


def _is_of_slice(dim: Dim) -> bool:
    """Whether an extent follows from those of arguments: one slice is not expected to have one element by chance."""
    return not dim.is_const and not any("#" in text for text in dim.symbols)
