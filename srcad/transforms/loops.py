"""loops: array statements become loop nests, for Numba, which compiles loops fast and to fast code.

Before: a core program after all differentiation. After: the same program in which elementwise statements, reductions,
running sums and writes through slices are `for` loops over elements, neighbours joined where that is legal; what is
not certain to be the same as a loop stays as it is. Results differ from the array program's by rounding at most, and
only in sums. A mismatch of shapes raises before a loop runs.

`loops_extents` knows shapes, `loops_elements` the element of an expression, `loops_reductions` sums and the like,
`loops_nests` dependences and fusion, `loops_text` how nests are printed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from srcad import ir
from srcad.dims import symbol
from srcad.facts import rebound
from srcad.naming import Names
from srcad.program import Program
from srcad.transforms import alias, loops_nests, loops_reductions
from srcad.transforms.loops_elements import DTYPES, Elements, View, fitted
from srcad.transforms.loops_extents import Dims, Extents, Stay
from srcad.transforms.loops_nests import Cell, Item, Memory, Nest, Plain
from srcad.transforms.loops_text import Writer
from srcad.types import Num

MOST_AXES = 6
KEPT = frozenset("numpy.zeros numpy.zeros_like numpy.empty numpy.empty_like".split())


def loops(program: Program) -> Program:
    """The program with loops for what loops can do."""
    if not any(isinstance(t, Num) and t.dims != () for t in program.types.values()):
        return program
    lowering = Lowering(program)
    body = lowering.block(program.body)
    return replace(program, body=body, types=lowering.types())


class Lowering:
    """Walks the program once; `items` are the statements and nests of the block at hand."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.names = Names(program.names())
        self.axes = tuple(self.names.fresh(f"axis_{k}") for k in range(MOST_AXES))
        self.extents = Extents(program, rebound(program.body, {i.name for i in program.inputs}))
        for axis in self.axes:
            self.extents.loop_variable(axis)
        self.memory = loops_nests.memory(program.body, self.extents.known, self.axes)
        self.writer = Writer(self.names, self.axes)
        self.items: list[Item] = []
        self.note = ""
        self.counted: dict[int, tuple[ir.Stmt, Counter[str]]] = {}
        self.mentions = self.counts(program.body) + _mentions(program.results)
        self.mentions.update(name for _, name in program.updates)

    def types(self) -> dict[str, Any]:
        """Types of the program's variables and of the new ones."""
        new = {
            n: replace(t, dims=t.dims and (None,) * len(t.dims))
            for n, t in self.extents.known.items()
            if isinstance(t, Num)
        }
        return {**self.writer.types, **{n: t for n, t in new.items() if n not in self.axes}, **self.program.types}

    # ---- blocks ----

    def block(self, stmts: Sequence[ir.Stmt]) -> tuple[ir.Stmt, ...]:
        outer, self.items = self.items, []
        note, self.note = self.note, ""
        for stmt in stmts:
            self.statement(stmt)
        items = loops_nests.fused(self.items, self.memory)
        self.items, self.note = outer, note
        return tuple(self.written(items, self.counts(stmts)))

    def counts(self, stmts: Sequence[ir.Stmt]) -> Counter[str]:
        """How often each variable is mentioned in statements of the program."""
        found: Counter[str] = Counter()
        for stmt in stmts:
            known = self.counted.get(id(stmt))
            if known is None:
                known = self.counted[id(stmt)] = stmt, self._count(stmt)
            found.update(known[1])
        return found

    def _count(self, stmt: ir.Stmt) -> Counter[str]:
        if isinstance(stmt, ir.If):
            return _mentions([stmt.test]) + self.counts(stmt.body + stmt.orelse)
        if isinstance(stmt, (ir.For, ir.While, ir.With, ir.Block)):
            return _mentions([replace(stmt, body=())]) + self.counts(stmt.body)
        return _mentions([stmt])

    def written(self, items: Sequence[Item], here: Counter[str]) -> list[ir.Stmt]:
        """The items as statements, those of one note together."""
        outside = {name for name, count in self.mentions.items() if count > here[name]}
        stmts: list[ir.Stmt] = []
        for k, item in enumerate(items):
            if isinstance(item, Nest):
                others = set().union(*(self.memory.of(other).uses for n, other in enumerate(items) if n != k))
                item = loops_nests.scalarised(item, self.memory, outside | others)
                item = loops_nests.needed(item, outside | others)
                new = self.writer.statements(item) if item.cells else [*item.before, *item.after]
            else:
                new = [ir.Block(item.note, (item.stmt,))] if item.note else [item.stmt]
            stmts.extend(new)
        return _merged(stmts)

    def add(self, item: Item) -> None:
        self.items.append(replace(item, note=self.note))

    def statement(self, stmt: ir.Stmt) -> None:
        if isinstance(stmt, ir.Block):
            self.note_block(stmt)
        elif isinstance(stmt, (ir.For, ir.While)):
            self.loop(stmt)
        elif isinstance(stmt, ir.If):
            state = self.extents.state()
            body = self.block(stmt.body)
            self.extents.restore(state)
            orelse = self.block(stmt.orelse)
            self.extents.restore(state)
            self.keep(replace(stmt, body=body, orelse=orelse))
            self.learn_check(stmt)
        elif isinstance(stmt, ir.With):
            state = self.extents.state()
            body = self.block(stmt.body)
            self.extents.restore(state)
            self.keep(replace(stmt, body=body))
        else:
            self.attempt(stmt)

    def keep(self, stmt: ir.Stmt) -> None:
        """The statement as it is."""
        self.add(Plain(stmt))
        self.extents.rebind(set(self.memory.of_statement(stmt).binds))

    def note_block(self, stmt: ir.Block) -> None:
        if stmt.blank_before or stmt.note.startswith("----"):
            body = self.block(stmt.body)
            self.keep(replace(stmt, body=body))
            return
        outer, self.note = self.note, stmt.note or self.note
        for inner in stmt.body:
            self.statement(inner)
        self.note = outer

    def loop(self, stmt: ir.For | ir.While) -> None:
        changed = set(self.memory.of_statement(stmt).binds)
        bounds = None
        if isinstance(stmt, ir.For) and isinstance(stmt.iter, ir.Call) and len(stmt.iter.args) == 3:
            bounds = [self.extents.linear(a) for a in stmt.iter.args]
        self.extents.rebind(changed)
        state = self.extents.state()
        if bounds and isinstance(stmt.target, ir.Name) and stmt.target.id not in _set_in(stmt.body, self.memory):
            self.extents.bound(stmt.target, bounds)
        body = self.block(stmt.body)
        self.extents.restore(state)
        self.extents.rebind(changed)
        self.add(Plain(replace(stmt, body=body)))

    # ---- single statements ----

    def attempt(self, stmt: ir.Stmt) -> None:
        """Write loops for a statement; leave it alone where that fails."""
        mark, equal = len(self.items), dict(self.extents.equal)
        try:
            if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name):
                return self.assign(stmt)
            if isinstance(stmt, (ir.Store, ir.Augment)) and isinstance(stmt.target, ir.Index):
                return self.store(stmt)
            if isinstance(stmt, ir.Augment):
                if self.extents.of(stmt.target).dims:
                    return self.store(replace(stmt, target=ir.Index(stmt.target, (ir.ELLIPSIS,))))
                return self.keep(replace(stmt, value=self.inner(stmt.value)))
        except Stay:
            del self.items[mark:]
            self.extents.equal = equal
        self.keep(stmt)

    def assign(self, stmt: ir.Assign) -> None:
        assert isinstance(stmt.target, ir.Name)
        kind = self.extents.of(stmt.value)
        if kind.dims is None or kind.dtype not in DTYPES or stmt.value == ir.call("numpy.copy", stmt.target):
            raise Stay
        target = stmt.target
        if target.id in ir.names(stmt.value):
            target = ir.Name(self.names.fresh(f"{target.id}_new"))
            self.extents.declare(target.id, kind, self.extents.assumed_dims(stmt.value))
        dims = self.made(target, stmt.value, kind)
        if dims is None:
            self.learn(stmt.value)
            self.keep(replace(stmt, value=self.parts(stmt.value, kind)))
            dims = tuple(d for d in kind.dims if d is not None)
            if len(dims) == len(kind.dims):
                self.extents.pin(stmt.target.id, dims)
            return
        if target != stmt.target:
            self.add(Plain(ir.Assign(stmt.target, target, loc=stmt.loc)))
        self.extents.rebind({stmt.target.id})
        self.extents.pin(stmt.target.id, dims)

    def made(self, target: ir.Name, value: ir.Expr, kind: Num) -> Dims | None:
        """Nests that compute ``target = value``, and its extents; None where it is to stay a statement."""
        elements = self.elements()
        reduction = loops_reductions.recognised(value, elements)
        if reduction is not None:
            reducer = loops_reductions.Reducer(self, elements, reduction, kind)
            (reducer.to_array if reduction.dims else reducer.to_number)(target)
            return reduction.dims
        if not kind.dims:
            return None
        if loops_reductions.running(value, target, self, elements, kind):
            return self.nest_dims()
        if self.is_view(value) or _path(value) in KEPT:
            return None
        view = elements.elementwise(value, kind)
        if view is None:
            return None
        self.add(self.filling(target, view, elements, str(kind.dtype)))
        return view.dims

    def learn(self, value: ir.Expr) -> None:
        """Where a product of matrices raises nothing, two extents are equal."""
        call = value.args if isinstance(value, ir.Call) and _path(value) in ("numpy.dot", "numpy.matmul") else ()
        operands = (value.left, value.right) if isinstance(value, ir.Binary) and value.op == "@" else call
        if len(operands) == 2:
            a, b = (self.extents.of(e).dims for e in operands)
            if a and b and len(a) <= 2 and len(b) <= 2 and a[-1] is not None and b[0] is not None:
                self.extents.unite(a[-1], b[0])

    def learn_check(self, stmt: ir.If) -> None:
        """Behind ``if a.shape[0] != b.shape[0]: raise ...`` the two are equal."""
        if stmt.orelse or not stmt.body or not isinstance(stmt.body[-1], ir.Raise):
            return
        tests = stmt.test.items if isinstance(stmt.test, ir.BoolOp) and stmt.test.op == "or" else (stmt.test,)
        for test in tests:
            if isinstance(test, ir.Compare) and test.ops == ("!=",):
                a, b = (self.extents.linear(e) for e in test.items)
                if a is not None and b is not None:
                    self.extents.unite(a, b)

    def nest_dims(self) -> Dims:
        nest = self.items[-2]
        assert isinstance(nest, Nest)
        return nest.dims

    def is_view(self, value: ir.Expr) -> bool:
        return bool(alias.shares(value, self.extents.assumed)) or isinstance(value, ir.Name)

    def filling(self, target: ir.Name, view: View, elements: Elements, dtype: str) -> Nest:
        """A new array whose elements are those of `view`."""
        index = self.index(view.dims)
        place = ir.Index(target, tuple(elements.spelt(i) for i in index))
        return self.nest(
            elements, view.dims, [Cell(place, view.at(index))], [ir.Assign(target, self.empty(view.dims, dtype))]
        )

    def parts(self, value: ir.Expr, kind: Num) -> ir.Expr:
        """`value` for a statement that stays: its array arguments that loops can compute come before, under names."""
        if not kind.dims:
            return self.inner(value)
        if isinstance(value, ir.Call) and isinstance(value.fn, ir.Ref):
            return replace(value, args=tuple(self.named(a) for a in value.args))
        if isinstance(value, ir.Binary) and value.op == "@":
            return replace(value, left=self.named(value.left), right=self.named(value.right))
        if isinstance(value, ir.Index) and not isinstance(value.base, ir.Name):
            return replace(value, base=self.named(value.base))
        return value

    def named(self, value: ir.Expr) -> ir.Expr:
        """An argument: a name for what is computed, the expression itself for a variable or a view of one."""
        kind = self.extents.of(value) if ir.is_node(value) and not isinstance(value, ir.Slice) else None
        if (
            not kind
            or not kind.dims
            or kind.dtype not in DTYPES
            or self.is_view(value)
            or isinstance(value, (ir.Tuple, ir.List))
        ):
            return value
        return self.hoist(value)

    def inner(self, value: ir.Expr) -> ir.Expr:
        """A number's expression with the reductions in it computed before, under names."""
        if isinstance(value, (ir.IfExp, ir.BoolOp, ir.Lambda)) or not ir.is_node(value):
            return value
        if isinstance(value, (ir.Call, ir.Binary)) and self.is_reduction(value):
            return self.hoist(value)
        return ir.rebuild(value, self.inner)

    def is_reduction(self, value: ir.Call | ir.Binary) -> bool:
        kind = self.extents.of(value)
        operands = value.args if isinstance(value, ir.Call) else (value.left, value.right)
        known = _path(value) in loops_reductions.OPS or _path(value) in loops_reductions.PRODUCTS
        reduces = known or isinstance(value, ir.Binary) and value.op == "@"
        return reduces and kind.dims == () and kind.dtype in DTYPES and any(self.extents.of(e).dims for e in operands)

    # ---- writes ----

    def store(self, stmt: ir.Store | ir.Augment) -> None:
        target = stmt.target
        assert isinstance(target, ir.Index)
        kind = self.extents.of(target)
        if kind.dims == ():
            return self.keep(replace(stmt, value=self.inner(stmt.value)))
        if not isinstance(target.base, ir.Name) or kind.dims is None or kind.dtype not in DTYPES:
            raise Stay
        elements = self.elements(target.base.id)
        if ir.NONE in target.items:
            raise Stay
        if alias.sure_view(target, self.extents.assumed) and elements.index(target) is None:
            target = ir.Index(self.hoist(target), (ir.ELLIPSIS,))
        region, value = self.region(target, stmt, elements)
        if not _fits(self.extents.of(stmt.value).dtype, kind.dtype, isinstance(stmt, ir.Augment)):
            raise Stay
        assert isinstance(target.base, ir.Name)
        self.write(target.base, region, value, elements, str(kind.dtype))

    def region(self, target: ir.Index, stmt: ir.Store | ir.Augment, elements: Elements) -> tuple[View, View]:
        """The elements that are written, and the values for them, broadcast to the same extents."""
        mask = self.mask(target)
        whole = ir.Index(target.base, (ir.ELLIPSIS,)) if mask is not None else target
        region = elements.index(whole)
        if region is None:
            raise Stay
        expr = stmt.value if mask is None else self.unmasked(stmt.value, mask)
        new = elements.view(expr)
        dims = elements.broadcast((region, new), (whole, expr))
        if (
            len(dims) != len(region.dims)
            or any(d != r for d, r in zip(dims, region.dims))
            and not self.settled(dims, region.dims, elements)
        ):
            raise Stay
        op = stmt.op if isinstance(stmt, ir.Augment) else ""
        chosen = elements.view(mask) if mask is not None else None
        if chosen is not None and elements.broadcast((region, chosen), (whole, mask)) != region.dims:
            raise Stay

        def at(index: Any) -> ir.Expr:
            value = new.at(fitted(index, new.dims, region.dims))
            value = ir.Binary(op, region.at(index), value) if op else value
            return value if chosen is None else ir.IfExp(chosen.at(index), value, region.at(index))

        return region, View(region.dims, at)

    def settled(self, dims: Dims, region: Dims, elements: Elements) -> bool:
        """Whether the extents that differ are those to be checked."""
        pairs = {frozenset(pair) for pair in elements.checks}
        return all(
            d == r or self.extents.same(d, r) or frozenset((d, r)) in pairs for d, r in zip(dims, region, strict=True)
        )

    def mask(self, target: ir.Index) -> ir.Expr | None:
        """The mask of ``x[mask]``, as large as x."""
        if len(target.items) != 1 or isinstance(target.items[0], (ir.Slice, ir.Const)):
            return None
        kind, base = self.extents.of(target.items[0]), self.extents.of(target.base)
        return (
            target.items[0] if kind.dtype == "bool" and kind.dims and len(kind.dims) == len(base.dims or ()) else None
        )

    def unmasked(self, value: ir.Expr, mask: ir.Expr) -> ir.Expr:
        """``y[mask]`` as y, for what is written where the mask is true. Raises Stay for values counted otherwise."""
        if isinstance(value, ir.Index) and value.items == (mask,):
            return value.base
        if isinstance(value, ir.Name) and self.extents.of(value).dims != ():
            raise Stay
        found: ir.Expr = ir.rebuild(value, lambda node: self.unmasked(node, mask))
        return found

    def write(self, base: ir.Name, region: View, value: View, elements: Elements, dtype: str) -> None:
        """``region = value``; through a buffer if the value reads elements of the region at other places."""
        index = self.index(region.dims)
        place, new = region.at(index), value.at(index)
        assert isinstance(place, ir.Index)
        if not self.memory.overlaps(place, new):
            self.add(self.nest(elements, region.dims, [_cell(place, new)]))
            return
        buffer = self.fresh(f"{base.id}_new", dtype, region.dims)
        self.add(self.filling(buffer, value, elements, dtype))
        read = ir.Index(buffer, tuple(elements.spelt(i) for i in index))
        self.add(self.nest(self.elements(), region.dims, [Cell(place, read)]))

    # ---- what the makers of nests ask for (`loops_reductions.Room`) ----

    def elements(self, target: str | None = None) -> Elements:
        group = None if target is None else self.memory.group(target)
        return Elements(self.extents, self.hoist, lambda name: self.memory.group(name) != group)

    def index(self, dims: Dims) -> tuple[Any, ...]:
        if len(dims) > MOST_AXES:
            raise Stay
        return tuple(symbol(a) for a in self.axes[: len(dims)])

    def hoist(self, value: ir.Expr) -> ir.Name:
        """Compute an expression before the statement at hand, under a new name."""
        kind = self.extents.of(value)
        if kind.dims is None or kind.dtype is None:
            raise Stay
        name = self.names.fresh("t")
        self.extents.declare(name, kind, self.extents.assumed_dims(value))
        for shared in alias.shares(value, self.extents.assumed):
            self.memory.unite(name, shared)
        self.attempt(ir.Assign(ir.Name(name), value))
        return ir.Name(name)

    def fresh(self, base: str, dtype: str | None, dims: Dims) -> ir.Name:
        name = self.names.fresh(base)
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
        self.index(dims)
        tests = []
        for a, b in elements.checks:
            if not self.extents.same(a, b):
                tests.append(ir.Compare(("!=",), (self.extents.extent(a), self.extents.extent(b))))
                self.extents.unite(a, b)
        stops = tuple(self.extents.spelt(d) for d in dims)
        canonical = tuple(self.extents.canonical(d) for d in dims)
        return Nest(canonical, stops, tuple(cells), (*_check(tests), *before))


def _check(tests: Sequence[ir.Expr]) -> tuple[ir.Stmt, ...]:
    if not tests:
        return ()
    error = ir.call("builtins.ValueError", ir.Const("operands could not be broadcast together"))
    return (ir.If(tests[0] if len(tests) == 1 else ir.BoolOp("or", tuple(tests)), (ir.Raise(error),)),)


def _cell(place: ir.Index, value: ir.Expr) -> Cell:
    """``x[i] = x[i] + e`` is ``x[i] += e``."""
    if isinstance(value, ir.Binary) and value.op in ("+", "-", "*", "/") and value.left == place:
        return Cell(place, value.right, value.op)
    return Cell(place, value)


def _fits(source: str | None, target: str | None, in_place: bool) -> bool:
    """Whether NumPy stores such numbers without an error or a warning."""
    order = {"bool": 0, "int64": 1, "float32": 2, "float64": 2, "complex64": 3, "complex128": 3}
    if source not in order or target not in order:
        return False
    return order[source] <= order[target] or not in_place and order[source] < 3


def _path(value: ir.Expr) -> str:
    return value.fn.path if isinstance(value, ir.Call) and isinstance(value.fn, ir.Ref) else ""


def _set_in(body: Sequence[ir.Stmt], memory: Memory) -> set[str]:
    return set().union(*(memory.of_statement(s).binds for s in body))


def _mentions(nodes: Any) -> Counter[str]:
    """How often each variable is mentioned."""
    found: Counter[str] = Counter()
    for node in ir.walk(tuple(nodes)):
        if isinstance(node, ir.Name):
            found[node.id] += 1
        elif isinstance(node, (ir.Push, ir.Pop)):
            found[node.stack] += 1
    return found


def _merged(stmts: Sequence[ir.Stmt]) -> list[ir.Stmt]:
    """Adjacent blocks of one note as one."""
    out: list[ir.Stmt] = []
    for stmt in stmts:
        last = out[-1] if out else None
        if (
            isinstance(stmt, ir.Block)
            and isinstance(last, ir.Block)
            and stmt.note == last.note
            and not stmt.blank_before
        ):
            out[-1] = replace(last, body=(*last.body, *stmt.body))
        else:
            out.append(stmt)
    return out
