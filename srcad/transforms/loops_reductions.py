"""Reductions as nests: sums, means, products, extrema, tests, products of vectors, running sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from srcad import ir
from srcad.dims import Dim
from srcad.transforms.loops_elements import DTYPES, Elements
from srcad.transforms.loops_extents import Dims, Stay
from srcad.transforms.loops_nests import Cell, Nest
from srcad.transforms.loops_room import Room
from srcad.transforms.loops_types import ONE
from srcad.transforms.loops_views import View, argument, integers
from srcad.types import Num

OPS = {
    "numpy.sum": "+",
    "numpy.mean": "+",
    "numpy.prod": "*",
    "numpy.max": "max",
    "numpy.amax": "max",
    "numpy.min": "min",
    "numpy.amin": "min",
    "numpy.any": "or",
    "numpy.all": "and",
}
PRODUCTS = frozenset({"numpy.dot", "numpy.matmul", "numpy.inner", "numpy.vdot"})
FLAT = frozenset({"numpy.inner", "numpy.vdot"})  # products of other axes than those of matrices
RUNNING = {"numpy.cumsum": "+", "numpy.cumprod": "*"}
ZEROS = {"int64": 0, "complex128": 0j, "complex64": 0j}
UNITS = {"int64": 1, "complex128": 1 + 0j, "complex64": 1 + 0j}


@dataclass(frozen=True)
class Reduction:
    """``op`` over the axes `over` of `view`. count: whether the result is divided by the number of elements."""

    op: str
    view: View
    over: tuple[int, ...]
    keepdims: bool
    count: bool

    @property
    def kept(self) -> tuple[int, ...]:
        return tuple(k for k in range(len(self.view.dims)) if k not in self.over)

    @property
    def dims(self) -> Dims:
        """The shape of the result."""
        if self.keepdims:
            return tuple(ONE if k in self.over else d for k, d in enumerate(self.view.dims))
        return tuple(self.view.dims[k] for k in self.kept)


def is_elementwise(expr: ir.Expr) -> bool:
    """Whether an expression is none of the functions here."""
    path = expr.fn.path if isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref) else ""
    return path not in OPS and path not in PRODUCTS and path not in RUNNING


def recognised(expr: ir.Expr, elements: Elements) -> Reduction | None:
    """The reduction that an expression is, None if it is none. Raises Stay for arguments no loop is written for."""
    if isinstance(expr, ir.Binary) and expr.op == "@":
        return _product(expr.left, expr.right, elements)
    if not isinstance(expr, ir.Call) or not isinstance(expr.fn, ir.Ref):
        return None
    path = expr.fn.path
    if path in PRODUCTS and len(expr.args) == 2 and not expr.kwargs:
        return (_vectors if path in FLAT else _product)(*expr.args, elements)
    if (
        path not in OPS
        or not expr.args
        or len(expr.args) > 2
        or any(k not in ("axis", "keepdims") for k, _ in expr.kwargs)
    ):
        return None
    return _over_axes(expr, path, elements)


def _over_axes(expr: ir.Call, path: str, elements: Elements) -> Reduction | None:
    kind = elements.extents.of(expr.args[0])
    if not kind.dims or kind.dtype not in DTYPES or OPS[path] in ("max", "min") and kind.dtype.startswith("complex"):
        return None
    axis = argument(expr, 1, "axis")
    rank = len(kind.dims)
    chosen = tuple(range(rank)) if axis is None or axis == ir.NONE else integers(axis)
    keepdims = dict(expr.kwargs).get("keepdims", ir.Const(False))
    if chosen is None or not isinstance(keepdims, ir.Const) or any(not -rank <= a < rank for a in chosen):
        return None
    view = elements.view(expr.args[0])
    return Reduction(
        OPS[path], view, tuple(sorted(a % rank for a in chosen)), bool(keepdims.value), path == "numpy.mean"
    )


def _product(left: ir.Expr, right: ir.Expr, elements: Elements) -> Reduction | None:
    """The product of two vectors, or of a vector and a matrix that is made for it; others are left to BLAS."""
    ranks = tuple(len(elements.extents.of(e).dims or ()) for e in (left, right))
    if ranks == (2, 1):
        return _made_matrix(left, right, 1, elements)
    if ranks == (1, 2):
        return _made_matrix(right, left, 0, elements)
    return _vectors(left, right, elements)


def _made_matrix(matrix: ir.Expr, vector: ir.Expr, axis: int, elements: Elements) -> Reduction | None:
    """The sum along an axis of a matrix times a vector: ``(a * b).T @ x`` is one pass over a and b, row by row.

    To store the matrix and to read it again would take longer. None for a matrix that is there, or costs more.
    """
    while (turned := _untransposed(matrix)) is not None:
        matrix, axis = turned, 1 - axis
    kinds = [elements.extents.of(e) for e in (matrix, vector)]
    known = all(k.dtype == "float64" and k.dims is not None and not {None, ONE} & {*k.dims} for k in kinds)
    if not known or isinstance(matrix, ir.Name) or not _is_combination(matrix):
        return None
    m, v = elements.view(matrix), elements.view(vector)
    if not elements.extents.same(m.dims[axis], v.dims[0]):
        elements.checks.append((m.dims[axis], v.dims[0]))
    view = View(m.dims, lambda index: ir.Binary("*", m.at(index), v.at((index[axis],))))
    return Reduction("+", view, (axis,), False, False)


def _untransposed(expr: ir.Expr) -> ir.Expr | None:
    """x of ``x.T``."""
    if isinstance(expr, ir.Attr) and expr.name == "T":
        return expr.base
    return expr.args[0] if isinstance(expr, ir.Call) and expr == ir.call("numpy.transpose", *expr.args[:1]) else None


def _is_combination(expr: ir.Expr) -> bool:
    """Whether an expression is made of sums and products of variables and numbers."""
    if isinstance(expr, ir.Binary):
        return expr.op in ("+", "-", "*") and _is_combination(expr.left) and _is_combination(expr.right)
    if isinstance(expr, ir.Unary):
        return expr.op == "-" and _is_combination(expr.operand)
    return isinstance(expr, (ir.Name, ir.Const))


def _vectors(left: ir.Expr, right: ir.Expr, elements: Elements) -> Reduction | None:
    """The product of two vectors; products of matrices are left to BLAS."""
    kinds = [elements.extents.of(e) for e in (left, right)]
    if any(k.dims is None or len(k.dims) != 1 or k.dtype not in ("float64", "float32") for k in kinds):
        return None
    a, b = elements.view(left), elements.view(right)
    if ONE in (a.dims[0], b.dims[0]) and a.dims != b.dims:
        raise Stay  # not broadcast by a product
    dims = a.dims
    if not elements.extents.same(a.dims[0], b.dims[0]):
        elements.checks.append((a.dims[0], b.dims[0]))
    return Reduction("+", View(dims, lambda index: ir.Binary("*", a.at(index), b.at(index))), (0,), False, False)


class Reducer:
    """Writes the nests of one reduction."""

    def __init__(self, room: Room, elements: Elements, what: Reduction, kind: Num) -> None:
        self.room, self.elements, self.what, self.kind = room, elements, what, kind
        self.index = room.index(what.view.dims)
        self.value = what.view.at(self.index)
        self.dtype = str(kind.dtype)
        rank = len(what.view.dims)
        if self.dtype == "float32" and what.op in ("+", "*") and what.over and what.over[-1] == rank - 1:
            self.dtype, self.value = "float64", ir.call("numpy.float64", self.value)
        self.is_extremum = what.op in ("max", "min")
        self.guard = self.not_empty() if self.is_extremum else []

    def to_number(self, target: ir.Name) -> None:
        """``target = reduction``, a number."""
        narrow = self.dtype != self.kind.dtype
        total = self.room.fresh("total", self.dtype, ()) if narrow or self.what.count else target
        begin = self.what.view.at(tuple(Dim(0) for _ in self.index)) if self.is_extremum else self.identity()
        nest = self.nest(total, [*self.guard, ir.Assign(total, begin)])
        result: ir.Expr = ir.Binary("/", total, self.size()) if self.what.count else total
        if narrow:
            result = ir.call("numpy.float32", result)
        self.room.add(replace(nest, after=(ir.Assign(target, result),)) if result != target else nest)

    def to_array(self, target: ir.Name) -> None:
        """``target = reduction``, an array of what is kept of the axes."""
        place = self.place(target, self.index)
        whole = self.is_innermost()
        empty = whole or self.is_extremum
        maker = "numpy.empty" if empty else "numpy.zeros" if self.what.op in ("+", "or") else "numpy.ones"
        before = [*self.guard, ir.Assign(target, self.room.empty(self.what.dims, self.kind.dtype, maker))]
        if self.is_extremum and not whole:
            self.first_values(target, before)
            before = []
        self.room.add(self.nest(place, before, whole))
        if self.what.count and not whole:
            self.divided(target)

    def is_innermost(self) -> bool:
        """Whether all that is reduced is one loop, the innermost one."""
        loops = [k for k, d in enumerate(self.what.view.dims) if d != ONE]
        return [k for k in loops if k in self.what.over] == loops[-1:] != []

    def place(self, target: ir.Name, index: Sequence[Dim]) -> ir.Index:
        kept = [k for k in range(len(index)) if k in self.what.kept or self.what.keepdims]
        items = (Dim(0) if k in self.what.over else index[k] for k in kept)
        return ir.Index(target, tuple(self.elements.spelt(i) for i in items))

    def first_values(self, target: ir.Name, before: list[ir.Stmt]) -> None:
        """The elements at the beginning of the reduced axes."""
        dims = tuple(ONE if k in self.what.over else d for k, d in enumerate(self.what.view.dims))
        index = self.room.index(dims)
        cell = Cell(self.place(target, index), self.what.view.at(index))
        self.room.add(self.room.nest(self.elements, dims, [cell], before))
        self.elements.checks = []

    def divided(self, target: ir.Name) -> None:
        dims = self.what.dims
        place = ir.Index(target, tuple(self.elements.spelt(i) for i in self.room.index(dims)))
        cell = Cell(place, ir.Binary("/", place, self.size()))
        self.room.add(self.room.nest(self.room.elements(), dims, [cell]))

    def nest(self, target: ir.Name | ir.Index, before: Sequence[ir.Stmt], whole: bool = False) -> Nest:
        first: ir.Expr = self.identity()
        if whole and self.is_extremum:
            first = self.what.view.at(tuple(Dim(0) if k in self.what.over else i for k, i in enumerate(self.index)))
        count = self.size() if whole and self.what.count else None
        cell = Cell(target, self.value, self.what.op, True, self.dtype, first, whole, count)
        return self.room.nest(self.elements, self.what.view.dims, [cell], before)

    def identity(self) -> ir.Const:
        if self.what.op in ("or", "and"):
            return ir.Const(self.what.op == "and")
        dtype = str(self.kind.dtype)
        return ir.Const(ZEROS.get(dtype, 0.0) if self.what.op == "+" else UNITS.get(dtype, 1.0))

    def size(self) -> ir.Expr:
        """The number of elements that one result is made of."""
        factors = [self.room.extents.extent(self.what.view.dims[k]) for k in self.what.over]
        product = factors[0] if factors else ir.Const(1)
        for factor in factors[1:]:
            product = ir.Binary("*", product, factor)
        return product

    def not_empty(self) -> list[ir.Stmt]:
        """The exception of NumPy's for the largest of no elements."""
        dims = [self.what.view.dims[k] for k in self.what.over]
        unsure = [d for d in dims if not d.is_const or d.const < 1]
        tests = [ir.Compare(("==",), (self.room.extents.extent(d), ir.Const(0))) for d in unsure]
        if not tests:
            return []
        name = "maximum" if self.what.op == "max" else "minimum"
        text = f"zero-size array to reduction operation {name} which has no identity"
        test = tests[0] if len(tests) == 1 else ir.BoolOp("or", tuple(tests))
        return [ir.If(test, (ir.Raise(ir.call("builtins.ValueError", ir.Const(text))),))]


def running(expr: ir.Expr, target: ir.Name, room: Room, elements: Elements, kind: Num) -> Dims | None:
    """Add the nests of ``target = np.cumsum(x, axis)`` and return its extents; None if `expr` is no running sum."""
    if not isinstance(expr, ir.Call) or not isinstance(expr.fn, ir.Ref) or expr.fn.path not in RUNNING:
        return None
    source = elements.extents.of(expr.args[0])
    axis = integers(argument(expr, 1, "axis"))
    if not source.dims or source.dtype != kind.dtype or any(k != "axis" for k, _ in expr.kwargs):
        return None
    if axis is None and len(source.dims) > 1 or axis is not None and len(axis) != 1:
        return None
    along = (axis[0] if axis else 0) % len(source.dims)
    view = elements.view(expr.args[0])
    index = room.index(view.dims)
    made = ir.Assign(target, room.empty(view.dims, kind.dtype))
    room.add(room.nest(elements, view.dims, [Cell(_place(elements, target, index), view.at(index))], [made]))
    rest = _replaced(view.dims, along, view.dims[along] - 1)
    index = room.index(rest)  # an axis along which one sum is left has no loop
    here, later = _place(elements, target, index), _place(elements, target, _replaced(index, along, index[along] + 1))
    sums = Cell(later, ir.Binary(RUNNING[expr.fn.path], here, later))
    room.add(room.nest(room.elements(), rest, [sums]))
    return view.dims


def _place(elements: Elements, target: ir.Name, index: tuple[Dim, ...]) -> ir.Index:
    return ir.Index(target, tuple(elements.spelt(i) for i in index))


def _replaced(index: tuple[Dim, ...], axis: int, by: Dim) -> tuple[Dim, ...]:
    return (*index[:axis], by, *index[axis + 1 :])
