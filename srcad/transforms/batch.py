"""batch: one run along many directions.

Before: a program that is linear in some of its seeds, the tangents of its inputs or the adjoints of its results. After:
the program that takes many of each at once, counted by a last axis. What depends on these seeds has that axis, too
(``x_dot`` of shape (n,) becomes (n, directions), a number becomes (directions,)); everything else is computed once.
Nothing that decides what runs may depend on them.

Statements whose functions have no form for a further axis (`batch_terms`) run once per direction, in a loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from srcad import ir, routines
from srcad.dims import Dim, dim_expr, symbol
from srcad.errors import Unsupported
from srcad.facts import Shapes, given, rebound
from srcad.naming import Names
from srcad.program import Program
from srcad.transforms import activity, alias
from srcad.transforms.batch_terms import ELLIPSIS, EVERY, Terms, Unbatched, filled
from srcad.types import INT, Abstract, Num, Seq

DIRECTIONS = "directions"
Parts = tuple[list[ir.Stmt], list[ir.Stmt], list[ir.Stmt]]


def batch(program: Program, seeds: Sequence[str], derivatives: int, compiled: bool = False) -> Program:
    """The program along many directions.

    seeds: those of its seeds that count them. derivatives: how many of the last results do. compiled: it is for Numba.

    Raises:
        Unsupported: what runs depends on a seed, or the shape of what does is not known.
    """
    work = Batcher(program, seeds, compiled)
    body = tuple(work.block(program.body))
    values = len(program.results) - derivatives
    results = tuple(work.result(expr, k >= values) for k, expr in enumerate(program.results))
    body = (*work.start(seeds[0]), *body)  # before the block of the forward sweep: the arrays keep their extents
    return replace(
        program,
        body=body,
        results=results,
        seeds=tuple(replace(p, default=None) if p.name in seeds else p for p in program.seeds),
        types=work.types(),
    )


class Batcher:
    def __init__(self, program: Program, seeds: Sequence[str], compiled: bool) -> None:
        self.program, self.compiled = program, compiled
        self.names = Names(program.names())
        again = rebound(program.body, {i.name for i in program.inputs}) | program.unstable
        self.shapes = Shapes(program.types, program.assumptions, again)
        self.wide = directed(program, seeds)
        self.name = ir.Name(self.names.fresh(DIRECTIONS))
        self.extent, self.count = self._extent(seeds, again)
        self.terms = Terms(self.shapes, self.wide, self.count, self.names, compiled)
        self.numbers = self._kept_numbers(again) if compiled else []

    def _extent(self, seeds: Sequence[str], again: set[str]) -> tuple[Dim, ir.Expr]:
        """The number of directions, and how it is spelled; to the loops pass it is an extent of a seed that stays."""
        for seed in seeds:
            if seed not in again:
                dim = symbol(f"{seed}.shape[{len(self.kind(seed).dims or ())}]")
                return dim, dim_expr(dim) if self.compiled else self.name
        return symbol(self.name.id), self.name

    def _kept_numbers(self, again: set[str]) -> list[str]:
        """Numbers that are set more than once: compiled, each has one array for its directions."""
        together = {
            name
            for node in ir.walk(self.program.body)
            if isinstance(node, ir.Assign) and isinstance(node.target, ir.Tuple)
            for name in ir.names(node.target)
        }
        popped = {
            name
            for n in ir.walk(self.program.body)
            if isinstance(n, ir.Pop) and n.target
            for name in ir.names(n.target)
        }
        given = {p.name for p in self.program.seeds}
        found = (self.wide & again) - self.program.parts - together - popped - given
        return sorted(name for name in found if getattr(self.shapes.types.get(name), "dims", None) == ())

    def start(self, seed: str) -> Iterator[ir.Stmt]:
        kind = self.shapes.types[seed]
        assert isinstance(kind, Num) and kind.dims is not None
        if self.count == self.name:
            yield ir.Assign(self.name, ir.Index(ir.Attr(ir.Name(seed), "shape"), (ir.Const(len(kind.dims)),)))
        for name in self.numbers:
            yield ir.Assign(ir.Name(name), filled("empty", (self.count,), self.kind(name)))

    def types(self) -> dict[str, Abstract]:
        """Types of all variables, those with directions with their last axis."""
        directions = self.extent
        outside = given(
            self.program.types, [*(i.name for i in self.program.inputs), *(s.name for s in self.program.seeds)]
        )
        known = {**self.shapes.types, **outside, self.name.id: replace(INT, number=directions)}

        def widened(t: Abstract) -> Abstract:
            if isinstance(t, Seq):
                return replace(t, element=widened(t.element))  # type: ignore[arg-type]
            if isinstance(t, Num) and t.dims is not None:
                return replace(t, dims=(*t.dims, directions), weak=False, number=None)
            return t

        return {name: widened(t) if name in self.wide else t for name, t in known.items()}

    def kind(self, name: str) -> Num:
        """The type of a variable in one direction."""
        found = self.shapes.types.get(name)
        if isinstance(found, Num) and found.dims is not None:
            return found
        raise Unsupported(f"cannot take several directions at once: the rank of {name} is not known")

    def result(self, expr: ir.Expr, derivative: bool) -> ir.Expr:
        if derivative:
            return expr if self.terms.is_wide(expr) else self.terms.spread(expr, self.shapes.of(expr))
        if self.terms.is_wide(expr):
            raise Unsupported("cannot take several directions at once: a value is computed from them")
        return self.terms.plain(expr)  # type: ignore[no-any-return]

    # ---- statements ----

    def block(self, body: Sequence[ir.Stmt]) -> list[ir.Stmt]:
        return [s for stmt in body for s in self.statement(stmt)]

    def statement(self, stmt: ir.Stmt) -> list[ir.Stmt]:
        if isinstance(stmt, (ir.Block, ir.For, ir.While, ir.With)):
            return [replace(self._plain_head(stmt), body=tuple(self.block(stmt.body)))]
        if isinstance(stmt, ir.If):
            head = self._plain_head(stmt)
            return [replace(head, body=tuple(self.block(stmt.body)), orelse=tuple(self.block(stmt.orelse)))]
        if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name) and stmt.target.id in self.program.parts:
            self.shapes.types[stmt.target.id] = self.shapes.of(stmt.value)
        if not written(stmt) & self.wide:
            return [self.terms.plain(stmt)]
        self.terms.before.clear()
        try:
            found = self.along_all(stmt)
        except Unbatched:
            return self.along_each(stmt)
        return [*self.terms.before, *found]

    def _plain_head(self, stmt: Any) -> Any:
        """A compound statement without its blocks, whose test or range asks for shapes at most."""
        if isinstance(stmt, ir.Block):
            return stmt
        empty = replace(stmt, body=(), orelse=()) if isinstance(stmt, ir.If) else replace(stmt, body=())
        return self.terms.plain(empty)

    def along_all(self, stmt: ir.Stmt) -> list[ir.Stmt]:
        """A statement for all directions at once."""
        if isinstance(stmt, ir.Assign) and isinstance(stmt.value, ir.List):
            kind = self.shapes.types[stmt.target.id].element  # type: ignore[union-attr]
            return [replace(stmt, value=ir.List(tuple(self.value(item, kind) for item in stmt.value.items)))]
        if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name):
            return [self.assigned(stmt.target.id, self.value(stmt.value, self.kind(stmt.target.id)), stmt.loc)]
        if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Tuple) and isinstance(stmt.value, ir.Tuple):
            pairs = zip(stmt.target.items, stmt.value.items, strict=True)
            values = [
                self.value(v, self.kind(t.id)) if t.id in self.wide else self.terms.plain(v)  # type: ignore[union-attr]
                for t, v in pairs
            ]
            return [replace(stmt, value=ir.Tuple(tuple(values)))]
        if isinstance(stmt, ir.Augment) and isinstance(stmt.target, ir.Name):
            return [self.augmented(stmt, stmt.target)]
        if isinstance(stmt, (ir.Store, ir.Augment)):
            assert isinstance(stmt.target, ir.Index)
            target = self.terms.lift(stmt.target)
            return [replace(stmt, target=target, value=self.terms.operand(stmt.value))]  # type: ignore[arg-type]
        if isinstance(stmt, ir.Push):
            value = self.value(stmt.value, self.shapes.of(stmt.value))
            return [replace(stmt, value=value)]
        if isinstance(stmt, ir.Pop):
            return [stmt]
        if isinstance(stmt, ir.Do) and isinstance(stmt.value, ir.Call) and stmt.value.fn in activity.ADD_AT:
            array, index, value = stmt.value.args
            place = self.terms.plain(index)
            if isinstance(index, ir.Tuple) and ELLIPSIS in index.items:
                place = ir.Tuple((*place.items, ir.call("builtins.slice", ir.NONE)))
            args = (array, place, self.terms.operand(value))
            return [replace(stmt, value=replace(stmt.value, args=args))]
        raise Unbatched

    def value(self, expr: ir.Expr, kind: Num) -> ir.Expr:
        if not self.terms.is_wide(expr):
            return self.terms.spread(expr, kind)
        if kind.dims is not None and self.terms.rank(expr) != len(kind.dims):
            raise Unbatched
        value = self.terms.lift(expr)
        return self.copied(value) if kind.dims == () else value

    def copied(self, value: ir.Expr) -> ir.Expr:
        """A number's directions are its own: ``g = x_bar[i]`` was a number, and is a view now."""
        parts = isinstance(value, ir.Name) and value.id not in self.numbers
        return value if parts or not alias.shares(value, self.types()) else ir.call("numpy.copy", value)  # type: ignore[arg-type]

    def assigned(self, name: str, value: ir.Expr, loc: ir.Loc | None) -> ir.Stmt:
        if name not in self.numbers:
            return ir.Assign(ir.Name(name), value, loc=loc)
        if isinstance(value, ir.Call) and value.fn == ir.Ref("numpy.copy"):
            value = value.args[0]
        if isinstance(value, ir.Call) and value.fn == ir.Ref("numpy.zeros"):
            value = ir.ZERO
        return ir.Store(ir.Index(ir.Name(name), (EVERY,)), value, loc=loc)

    def augmented(self, stmt: ir.Augment, target: ir.Name) -> ir.Stmt:
        value = self.terms.operand(stmt.value)
        if target.id in self.numbers:
            return replace(stmt, target=ir.Index(target, (EVERY,)), value=value)
        if self.kind(target.id).dims:
            return replace(stmt, value=value)
        return ir.Assign(target, ir.Binary(stmt.op, target, value), loc=stmt.loc)

    # ---- one direction after the other ----

    def along_each(self, stmt: ir.Stmt) -> list[ir.Stmt]:
        """A statement in a loop over the directions."""
        direction = self.terms.new("d", INT)
        try:
            before, inner, after = self._each(stmt, direction)
        except Unbatched:
            self._refuse(stmt)
        return [*before, ir.For(direction, self.terms.directions(), tuple(inner), loc=stmt.loc), *after]

    def _each(self, stmt: ir.Stmt, d: ir.Name) -> Parts:
        """What comes before the loop over the directions `d`, what is in it, and what comes behind."""
        if isinstance(stmt, (ir.Store, ir.Augment)) and isinstance(stmt.target, ir.Index):
            place = self.terms.place(stmt.target, d)
            return [], [replace(stmt, target=place, value=self.read(stmt.value, d))], []  # type: ignore[arg-type]
        if isinstance(stmt, ir.Augment) and isinstance(stmt.target, ir.Name):
            own = stmt.target.id in self.numbers or self.kind(stmt.target.id).dims
            copy = [] if own else [ir.Assign(stmt.target, ir.call("numpy.copy", stmt.target))]
            place = self.terms.place(stmt.target, d)
            return [*copy], [replace(stmt, target=place, value=self.read(stmt.value, d))], []
        if isinstance(stmt, ir.Do) and isinstance(stmt.value, ir.Call) and stmt.value.fn in activity.ADDING:
            array, *others = stmt.value.args
            call = replace(stmt.value, args=(self.terms.one(array, d), *(self.read(a, d) for a in others)))
            return [], [replace(stmt, value=call)], []
        if isinstance(stmt, ir.Assign) and not alias.shares(stmt.value, self.shapes.types):  # type: ignore[arg-type]
            if isinstance(stmt.target, ir.Name):
                return self._each_value(stmt, stmt.target, d)
            if isinstance(stmt.target, ir.Tuple) and not isinstance(stmt.value, ir.Tuple):
                return self._each_tuple(stmt, stmt.target, d)
        raise Unbatched

    def _each_value(self, stmt: ir.Assign, target: ir.Name, d: ir.Name) -> Parts:
        kind, value = self.kind(target.id), self.read(stmt.value, d)
        if target.id in self.numbers:
            return [], [ir.Store(self.terms.place(target, d), value, loc=stmt.loc)], []  # type: ignore[arg-type]
        into = target if target.id not in ir.names(stmt.value) else self.terms.new("part", kind, wide=True)
        store = ir.Store(self.terms.place(into, d), value, loc=stmt.loc)  # type: ignore[arg-type]
        return self.room(into, kind, stmt.value), [store], [] if into == target else [ir.Assign(target, into)]

    def _each_tuple(self, stmt: ir.Assign, target: ir.Tuple, d: ir.Name) -> Parts:
        before: list[ir.Stmt] = []
        parts: list[ir.Expr] = []
        stores: list[ir.Stmt] = []
        for item in target.items:
            assert isinstance(item, ir.Name)
            if item.id in ir.names(stmt.value):
                raise Unbatched
            part = self.terms.new("part", self.kind(item.id))
            before += self.room(item, self.kind(item.id), None)
            parts.append(part)
            stores.append(ir.Store(self.terms.place(item, d), part, loc=stmt.loc))  # type: ignore[arg-type]
        return before, [ir.Assign(ir.Tuple(tuple(parts)), self.read(stmt.value, d), loc=stmt.loc), *stores], []

    def room(self, target: ir.Name, kind: Num, value: ir.Expr | None) -> list[ir.Stmt]:
        """An array for what is found direction by direction; a value of unknown extents is computed once for them."""
        found = [self.shapes.extent(dim) for dim in kind.dims or ()]
        if None not in found:
            shape = (*(e for e in found if e is not None), self.count)
            return [ir.Assign(target, filled("empty", shape, kind))]
        if value is None:
            raise Unbatched
        first = self.terms.new("first", kind)
        extents = (ir.Index(ir.Attr(first, "shape"), (ir.Const(k),)) for k in range(len(kind.dims or ())))
        room = filled("empty", (*extents, self.count), kind)
        return [ir.Assign(first, self.read(value, ir.Const(0))), ir.Assign(target, room)]

    def read(self, expr: ir.Expr, d: ir.Expr) -> ir.Expr:
        """An expression in one direction; compiled functions want arrays whose elements lie side by side."""
        found: ir.Expr = self.terms.one(expr, d)
        if not self.compiled:
            return found
        views = {self.terms.place(ir.Name(n), d) for n in ir.names(expr) & self.wide if self.kind(n).dims}
        return ir.transform(found, lambda n: ir.call("numpy.copy", n) if n in views else n)  # type: ignore[no-any-return]

    def _refuse(self, stmt: ir.Stmt) -> Any:
        raise Unsupported("cannot take several directions at once through this statement", stmt.loc) from None


# ---- which variables have directions ----


def directed(program: Program, seeds: Sequence[str]) -> set[str]:
    """The variables whose values depend on the seeds.

    Raises:
        Unsupported: what runs, or where something lies, depends on them.
    """
    edges = list(_edges(program))
    found, size = set(seeds), 0
    while size < len(found):
        size = len(found)
        for targets, sources in edges:
            if sources & found:
                found |= targets
    for node in ir.walk(program.body):
        if deciding(node) & found:
            raise Unsupported("cannot take several directions at once: what runs depends on them", node.loc)
    return found


def _edges(program: Program) -> Iterator[tuple[set[str], set[str]]]:
    """(variables written, variables read there), and both ways between variables that may share memory."""
    known: Any = program.types
    for node in ir.walk(program.body):
        if isinstance(node, ir.Assign) and isinstance(node.target, ir.Tuple) and isinstance(node.value, ir.Tuple):
            for target, value in zip(node.target.items, node.value.items, strict=True):
                yield ir.names(target), activity.reads(value)
                yield alias.shares(value, known), ir.names(target)
        elif isinstance(node, (ir.Assign, ir.Store, ir.Augment, ir.Push, ir.Pop, ir.Do)):
            yield written(node), activity.reads(node)
            if isinstance(node, ir.Assign):
                yield alias.shares(node.value, known), ir.names(node.target)


def written(stmt: Any) -> set[str]:
    """The variables that a simple statement sets or writes into."""
    if isinstance(stmt, ir.Assign):
        return ir.names(stmt.target)
    if isinstance(stmt, (ir.Store, ir.Augment)):
        return {activity.root(stmt.target)}
    if isinstance(stmt, ir.Push):
        return {stmt.stack}
    if isinstance(stmt, ir.Pop):
        return set() if stmt.target is None else {activity.root(stmt.target)}
    if isinstance(stmt, ir.Do) and isinstance(stmt.value, ir.Call) and stmt.value.fn in activity.ADDING:
        return {activity.root(stmt.value.args[0])}
    return set()


def deciding(node: Any) -> set[str]:
    """Variables whose values decide what runs, or which elements are read or written."""
    if isinstance(node, (ir.If, ir.While)):
        return activity.reads(node.test) | activity.reads(getattr(node, "stop", None))
    if isinstance(node, ir.For):
        return activity.reads(node.iter) | activity.reads(node.stop)
    if isinstance(node, ir.Index):
        return set().union(*(activity.reads(item) for item in node.items))
    if isinstance(node, (ir.Raise, ir.Assert)):
        return activity.reads(node)
    if isinstance(node, ir.With):
        return set().union(*(activity.reads(item) for item, _ in node.items))
    if isinstance(node, ir.Do) and not written(node) or routines.called(node) is not None:
        return activity.reads(node)
    return set()
