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
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from srcad import ir
from srcad.dims import Dim, symbol
from srcad.facts import rebound
from srcad.naming import Names
from srcad.program import Program
from srcad.transforms import alias, loops_buffers, loops_gather, loops_nests, loops_records, loops_reductions, loops_writes
from srcad.transforms.loops_elements import DTYPES, Elements, View
from srcad.transforms.loops_expand import expanded
from srcad.transforms.loops_extents import ONE, Dims, Extents, Stay
from srcad.transforms.loops_nests import Cell, Item, Memory, Nest, Plain
from srcad.transforms.loops_text import Writer
from srcad.types import Num

MOST_AXES = 6
KEPT = frozenset({"numpy.empty", "numpy.empty_like"})


def loops(program: Program) -> Program:
    """The program with loops for what loops can do."""
    if not any(isinstance(t, Num) and t.dims != () for t in program.types.values()):
        return program
    program, records = loops_records.unlisted(program, extents_of(program))
    extents = extents_of(program)
    extents.known |= records
    lowering = Lowering(program, extents)
    values = [*named_results(program, lowering)]
    lowering.extents.other_spelling.clear()  # the results do not exist yet
    body = lowering.block((*program.body, *(stmt for stmt, _ in values if stmt is not None)))
    known = lowering.types()
    results = ir.names(tuple(e for _, e in values)) | {name for _, name in program.updates}
    body = loops_buffers.unread_dropped(body, results, set(records))
    body = loops_buffers.hoisted(body, known, lowering.padded)
    return replace(program, body=body, results=tuple(e for _, e in values), types=known)


def extents_of(program: Program) -> Extents:
    return Extents(program, rebound(program.body, {i.name for i in program.inputs}))


def named_results(program: Program, lowering: Lowering) -> Iterator[tuple[ir.Stmt | None, ir.Expr]]:
    """(statement that computes it, name) of each result that is an expression over arrays."""
    for expr in program.results:
        kind = lowering.extents.of(expr)
        if isinstance(expr, (ir.Name, ir.Const)) or not lowering.mentions_array(expr) or kind.dims is None:
            yield None, expr
            continue
        name = lowering.numbered("out")
        lowering.extents.declare(name, kind, kind.dims)
        lowering.mentions[name] += 2
        yield ir.Assign(ir.Name(name), expr, loc=program.return_loc), ir.Name(name)


class Lowering:
    """Walks the program once; `items` are the statements and nests of the block at hand."""

    def __init__(self, program: Program, extents: Extents) -> None:
        self.program = program
        self.names = Names(program.names())
        self.axes = tuple(self.names.fresh(f"axis_{k}") for k in range(MOST_AXES))
        self.extents = extents
        for axis in self.axes:
            self.extents.loop_variable(axis)
        self.memory = loops_nests.memory(program.body, self.extents.known, self.axes)
        self.writer = Writer(self.names, self.axes)
        self.items: list[Item] = []
        self.padded: set[str] = set()  # arrays between zeros
        self.numbers: set[str] = set()  # arrays that have become numbers
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
        found = {**self.writer.types, **{n: t for n, t in new.items() if n not in self.axes}, **self.program.types}
        return {n: replace(t, dims=()) if n in self.numbers and isinstance(t, Num) else t for n, t in found.items()}

    def mentions_array(self, expr: ir.Expr) -> bool:
        return any(self.memory.is_array(name) for name in ir.names(expr))

    # ---- blocks ----

    def block(self, stmts: Sequence[ir.Stmt]) -> tuple[ir.Stmt, ...]:
        outer, self.items = self.items, []
        note, self.note = self.note, ""
        for stmt in stmts:
            self.statement(stmt)
        here = self.counts(stmts)
        outside = {name for name, count in self.mentions.items() if count > here[name]}
        items, padded = loops_gather.gathered(self.items, self.memory, outside)
        self.padded |= padded
        items = loops_nests.fused(items, self.memory)
        self.items, self.note = outer, note
        return tuple(self.written(items, outside))

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

    def written(self, items: Sequence[Item], outside: set[str]) -> list[ir.Stmt]:
        """The items as statements, those of one note together. outside: variables mentioned outside of the block."""
        stmts: list[ir.Stmt] = []
        for k, item in enumerate(items):
            if isinstance(item, Nest):
                others = set().union(*(self.memory.of(other).uses for n, other in enumerate(items) if n != k))
                arrays = loops_nests.allocated(item)
                item = loops_nests.scalarised(item, self.memory, outside | others)
                self.numbers |= set(arrays) - set(loops_nests.allocated(item))
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
            test = self.inner(stmt.test)
            body = self.block(stmt.body)
            self.extents.restore(state)
            orelse = self.block(stmt.orelse)
            self.extents.restore(state)
            self.keep(replace(stmt, test=test, body=body, orelse=orelse))
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
        if bounds and isinstance(stmt, ir.For) and isinstance(stmt.target, ir.Name) and stmt.target.id not in _set_in(stmt.body, self.memory):
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
                return loops_writes.store(self, stmt)
            if isinstance(stmt, ir.Augment):
                if self.extents.of(stmt.target).dims:
                    return loops_writes.store(self, replace(stmt, target=ir.Index(stmt.target, (ir.ELLIPSIS,))))
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
        value = expanded(value, kind, self.simple)
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

    def simple(self, value: ir.Expr) -> ir.Expr:
        """An expression that may be written twice: a variable or a literal."""
        return value if isinstance(value, (ir.Name, ir.Const)) else self.hoist(value)

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

    # ---- what the makers of nests ask for (`loops_reductions.Room`) ----

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
