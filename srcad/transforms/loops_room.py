"""The workplace of the pass: the block at hand, what is known at the place at hand, and how nests are made there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from srcad import ir
from srcad.dims import Dim, symbol
from srcad.naming import Names
from srcad.program import Program
from srcad.transforms import alias, loops_memory, loops_unchecked
from srcad.transforms.loops_elements import Elements
from srcad.transforms.loops_extents import Dims, Extents, Stay
from srcad.transforms.loops_nests import Cell, Item, Nest, Plain
from srcad.transforms.loops_types import ONE
from srcad.transforms.loops_views import View
from srcad.types import Num

MOST_AXES = 6

Mark: TypeAlias = tuple[int, dict[Dim, Dim], dict[Dim, ir.Expr]]  # where an attempt begins


class Room:
    """`items` are the statements and nests of the block at hand, `note` the comment they stand under."""

    def __init__(self, program: Program, extents: Extents) -> None:
        self.names = Names(program.names())
        self.axes = tuple(self.names.fresh(f"axis_{k}") for k in range(MOST_AXES))
        self.extents = extents
        for axis in self.axes:
            extents.loop_variable(axis)
        self.memory = loops_memory.memory(program.body, extents.known, self.axes, extents.fixed(), extents.differ)
        self.items: list[Item] = []
        self.owned: set[str] = set()  # variables that hold arrays made by this program
        self.fresh_arrays: set[str] = set()  # variables whose arrays no other variable holds at this place
        self.note = ""

    def attempt(self, stmt: ir.Stmt) -> None:
        """Add the nests of a statement, or itself."""
        raise NotImplementedError

    def inner(self, value: ir.Expr) -> ir.Expr:
        """A number's expression with the reductions in it computed before."""
        raise NotImplementedError

    def mark(self) -> Mark:
        """Where an attempt begins, for `undo`."""
        return len(self.items), dict(self.extents.equal), dict(self.extents.other_spelling)

    def undo(self, mark: Mark) -> None:
        """Nothing was added or found since then: no extent may be told by an array that is not made after all."""
        count, self.extents.equal, self.extents.other_spelling = mark
        del self.items[count:]

    def add(self, item: Item) -> None:
        self.items.append(replace(item, note=self.note))

    def keep(self, stmt: ir.Stmt) -> None:
        """The statement as it is, where Numba checks what NumPy does."""
        if isinstance(stmt, ir.Augment) and loops_unchecked.may_not_fit(stmt, self.extents, self.memory.loose):
            place = loops_unchecked.place(stmt.target)
            stmt = ir.Store(place, ir.Binary(stmt.op, stmt.target, stmt.value), loc=stmt.loc)
        if isinstance(stmt, (ir.Assign, ir.Store, ir.Augment, ir.Push)):
            stmt = replace(stmt, value=ir.transform(stmt.value, _whole))
        if isinstance(stmt, (ir.Store, ir.Pop)) and isinstance(stmt.target, ir.Index):
            if stmt.target.items == (ir.ELLIPSIS,):
                stmt = replace(stmt, target=replace(stmt.target, items=(ir.Slice(None, None),)))
        if not isinstance(stmt, (ir.If, ir.For, ir.While, ir.With, ir.Block)):
            for pair in loops_unchecked.unproven(stmt, self.extents):
                with contextlib.suppress(Stay):  # an extent that has no name here
                    self.items += [Plain(check, self.note) for check in self.checks([pair])]
        self.add(Plain(stmt))
        self.extents.rebind(set(self.memory.of_statement(stmt).binds))

    def note_sharing(self, stmt: ir.Stmt) -> None:
        """Which variables share memory behind a simple statement."""
        if isinstance(stmt, (ir.Assign, ir.Push)):
            shared = alias.shares(stmt.value, self.extents.assumed)
            self.fresh_arrays -= shared | (ir.names(stmt.target) if isinstance(stmt, ir.Assign) else set())
            if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name) and not shared:
                self.fresh_arrays.add(stmt.target.id)
        elif not isinstance(stmt, (ir.Store, ir.Augment)):
            self.fresh_arrays.clear()

    def elements(self, target: str | None = None) -> Elements:
        group = None if target is None else self.memory.group(target)
        return Elements(self.extents, self.hoist, lambda name: self.memory.group(name) != group)

    def index(self, dims: Dims) -> tuple[Dim, ...]:
        """The loop variables over these extents; 0 along an axis of extent 1."""
        if len(dims) > MOST_AXES:
            raise Stay
        axes = iter(self.axes)
        return tuple(Dim(0) if d == ONE else symbol(next(axes)) for d in dims)

    def hoist(self, value: ir.Expr) -> ir.Name:
        """Compute an expression before the statement at hand, under a new name."""
        kind = self.extents.of(value)
        if kind.dims is None or kind.dtype is None:
            raise Stay
        name = self.numbered("t")
        self.extents.declare(name, kind, self.extents.assumed_dims(value))
        for shared in alias.shares(value, self.extents.assumed):
            self.memory.unite(name, shared)
            self.fresh_arrays.discard(shared)
        self.attempt(ir.Assign(ir.Name(name), value))
        return ir.Name(name)

    def numbered(self, base: str) -> str:
        """t, t2, t3, ...: the first name of these that is free."""
        k = 2
        name = base
        while name in self.names:
            name, k = f"{base}{k}", k + 1
        return self.names.fresh(name)

    def fresh(self, base: str, dtype: str | None, dims: Dims) -> ir.Name:
        name = self.numbered(base)
        self.extents.declare(name, Num(dtype, dims), None)
        self.extents.pin(name, dims)
        return ir.Name(name)

    def empty(self, dims: Dims, dtype: str | None, function: str = "numpy.empty") -> ir.Expr:
        shape = tuple(self.extents.extent(d) for d in dims)
        extent = shape[0] if len(shape) == 1 else ir.Tuple(shape)
        if dtype == "float64":
            return ir.call(function, extent)
        return ir.call(function, extent, ir.Ref(f"numpy.{'bool_' if dtype == 'bool' else dtype}"))

    def nest(self, elements: Elements, dims: Dims, cells: Sequence[Cell], before: Sequence[ir.Stmt] = ()) -> Nest:
        """Loops over `dims`, behind the checks of shapes that they need."""
        dims = tuple(d for d in dims if d != ONE)
        checks = self.checks(elements.checks)
        stops = tuple(self.extents.spelt(d) for d in dims)
        canonical = tuple(self.extents.canonical(d) for d in dims)
        return Nest(canonical, stops, tuple(cells), (*checks, *before))

    def checks(self, pairs: Iterable[tuple[Dim, Dim]]) -> tuple[ir.Stmt, ...]:
        """The check that these extents are the same, which they are behind it."""
        tests = []
        for a, b in pairs:
            if not self.extents.same(a, b):
                tests.append(ir.Compare(("!=",), (self.extents.extent(a), self.extents.extent(b))))
                self.extents.unite(a, b)
        return _check(tests)

    def filling(self, target: ir.Name, view: View, elements: Elements, dtype: str) -> Nest:
        """A new array whose elements are those of `view`."""
        index = self.index(view.dims)
        place = ir.Index(target, tuple(elements.spelt(i) for i in index))
        allocation = ir.Assign(target, self.empty(view.dims, dtype))
        return self.nest(elements, view.dims, [Cell(place, view.at(index))], [allocation])


def _whole(node: Any) -> Any:
    """``x[...]``, which Numba cannot read, is x."""
    return node.base if isinstance(node, ir.Index) and node.items == (ir.ELLIPSIS,) else node


def _check(tests: Sequence[ir.Expr]) -> tuple[ir.Stmt, ...]:
    return refused(tests[0] if len(tests) == 1 else ir.BoolOp("or", tuple(tests))) if tests else ()


def refused(test: ir.Expr, why: str = "operands could not be broadcast together") -> tuple[ir.Stmt, ...]:
    """Leave the compiled code where a test holds; NumPy's text answers then (`recovery`)."""
    error = ir.call("builtins.ValueError", ir.Const(why))
    return (ir.If(test, (ir.Raise(error),)),)
