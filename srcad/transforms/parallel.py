"""parallel: loops whose iterations provably do not meet are shared out among threads, for Numba, on request.

Before: the program as `loops` leaves it. After: each such loop is a function of a stretch of its iterations, and in its
place stands ``threads.prange(loop, parts, start, stop, ...)`` with what it needs. Numbers and arrays to which all
iterations add are summed up part by part. The number of parts depends on sizes alone and partial sums are added in
order, so the results do not depend on the number of threads; other results than sums are those of the program before,
to the bit. Loops that stay have the reason in a comment. `parallel_races` finds out what may be shared, `parallel_cost`
what it costs.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from srcad import bounds, ir, types
from srcad.dims import Dim, dim_expr, symbol
from srcad.facts import rebound
from srcad.naming import Names
from srcad.program import PART, Program
from srcad.transforms import alias, iterations, loops_memory, parallel_cost, parallel_rooms
from srcad.transforms.liveness import Liveness
from srcad.transforms.loops_text import plain
from srcad.transforms.parallel_facts import FRESH, Context, Serial, as_allocated, bound_in, in_one_piece, is_product
from srcad.transforms.parallel_races import Free, examine
from srcad.transforms.parallel_stripes import MOST, WIDTH, Stripes, cut, stripes
from srcad.transforms.parallel_views import Stretch, from_zero
from srcad.types import INT, Abstract, Num

THREADS = "srcad_runtime.threads."
PRODUCT, READY = (f"srcad_runtime.parallel_products.{name}" for name in ("matmul", "ready"))
LEAST = 2**18  # the cost of a loop of known size below which nothing is said of it: it is not worth a thread


@dataclass(frozen=True)
class Part:
    """A loop as a function. proven: whether its indices are known to lie inside their arrays."""

    function: ir.Function
    proven: bool


def parallel(program: Program) -> tuple[Program, tuple[Part, ...]]:
    """The program with calls of loops that may be shared out, and what these loops have become."""
    shared = _Sharing(program)
    body = shared.block(program.body, ir.names(program.results) | {name for _, name in program.updates}, {})
    if not shared.functions:
        return replace(program, body=body), ()
    body = parallel_rooms.without_unmentioned(body, shared.rooms.keys())
    functions = tuple(replace(p, function=shared.products(p.function)) for p in shared.functions)
    return replace(program, body=tuple(map(shared.products, body)), types=shared.types), functions


@dataclass
class _Sharing:
    """Walks the program once, loops from outside in. fresh: see `Context`. depth: how many loops are around."""

    program: Program
    functions: list[Part] = field(default_factory=list)
    fresh: set[str] = field(default_factory=set)
    depth: int = 0

    def __post_init__(self) -> None:
        self.types: dict[str, Abstract] = dict(self.program.types)
        self.names = Names(self.program.names() | {self.program.name, "threads"})
        self.memory = loops_memory.memory(self.program.body, self.types, ())
        self.whole = in_one_piece(self.program)
        self.rebound = rebound(self.program.body, {i.name for i in self.program.inputs})
        known = {**self.types, **as_allocated(self.program, self.rebound)}
        self.prover = bounds.Prover(replace(self.program, types=known))
        self.sure = iterations.prover(self.program).shapes  # by assignments alone
        self.rooms = parallel_rooms.made_once(self.program, self.rebound)
        self.mentions = parallel_rooms.mentions(self.program.body)
        self.liveness = Liveness(ir.names)
        self.part, self.first, self.last = (self.fresh_name(word, INT) for word in ("part", "first", "last"))

    # ---- the program ----

    def block(self, body: Sequence[ir.Stmt], live: set[str], ranges: bounds.Ranges) -> tuple[ir.Stmt, ...]:
        """live: variables that are read behind the block."""
        after = [live]
        for stmt in reversed(body[1:]):
            after.append(self.liveness.before(stmt, after[-1]))
        out: list[ir.Stmt] = []
        for stmt, behind in zip(body, reversed(after)):
            out += self.statement(stmt, behind, ranges)
        return parallel_cost.evened(out)

    def statement(self, stmt: ir.Stmt, live: set[str], ranges: bounds.Ranges) -> Sequence[ir.Stmt]:
        if isinstance(stmt, (ir.Block, ir.With)):
            return [replace(stmt, body=self.block(stmt.body, live, ranges))]
        if isinstance(stmt, ir.If):
            before = set(self.fresh)
            body = self.block(stmt.body, live, ranges)
            left, self.fresh = self.fresh, before
            orelse = self.block(stmt.orelse, live, ranges)
            self.fresh &= left
            return [replace(stmt, body=body, orelse=orelse)]
        if isinstance(stmt, ir.For):
            return self.loop(stmt, live, ranges)
        if isinstance(stmt, ir.While):
            return [self.inside(stmt, live, ranges)]
        self.note(stmt)
        return [stmt]

    def products(self, part: Any) -> Any:
        """Products of matrices by parts, too, and BLAS without threads of its own meanwhile."""

        def visit(node: Any) -> Any:
            new = ir.rebuild(node, visit)
            return ir.call(PRODUCT, new.left, new.right) if is_product(node, self.types) else new

        return visit(part)

    def note(self, stmt: ir.Stmt) -> None:
        """Who shares memory with whom after a statement."""
        for target, value in alias.assignments(stmt):
            self.fresh -= alias.shares(value, self.types) | {target}
            if isinstance(value, ir.Call) and isinstance(value.fn, ir.Ref) and value.fn.path in FRESH:
                self.fresh.add(target)

    def inside(self, loop: ir.For | ir.While, live: set[str], ranges: bounds.Ranges) -> ir.Stmt:
        """A loop that stays, with its own loops shared out."""
        again = self.liveness.before(loop, live) | (ir.names(loop.stop) if loop.stop is not None else set())
        pairs = [pair for node in ir.walk(loop.body) for pair in alias.assignments(node)]
        self.fresh -= set().union(*({target} | alias.shares(value, self.types) for target, value in pairs))
        known = set(self.fresh)
        inner = dict(ranges)
        if isinstance(loop, ir.For) and isinstance(loop.target, ir.Name):
            own = self.prover.range_of(loop)
            inner.pop(loop.target.id, None)
            if own is not None and not self.rebound & ir.names(tuple(map(dim_expr, own))):
                inner[loop.target.id] = own
        for name in bound_in(loop.body):
            inner.pop(name, None)
        self.depth += 1
        new = replace(loop, body=self.block(loop.body, live | again, inner))
        self.depth -= 1
        self.fresh = known
        return new

    def loop(self, stmt: ir.For, live: set[str], ranges: bounds.Ranges) -> Sequence[ir.Stmt]:
        rooms = parallel_rooms.filled_in(stmt, self.rooms, self.mentions)
        known = self.types, self.memory, self.fresh, live, ranges, self.whole, rooms
        try:
            found = examine(stmt, Context(*known, asks=True, multiplies=True))
        except Serial as reason:
            striped = stripes(stmt, Context(*known, multiplies=True))
            if striped is not None and not _is_small(stmt):
                return self.shared(striped.turned, striped.free, ranges, striped)
            stays = self.inside(stmt, live, ranges)
            return [stays if _is_small(stmt) else ir.Block(f"serial: {reason}", (stays,))]
        if _is_small(stmt):
            return [stmt]
        if self.depth > 1 and not any(isinstance(n, (ir.For, ir.While)) for n in ir.walk(stmt.body)):
            return [ir.Block("serial: a row, too short to be worth a thread", (stmt,))]
        return self.shared(stmt, found, ranges)

    # ---- one loop ----

    def shared(
        self, loop: ir.For, found: Free, ranges: bounds.Ranges, striped: Stripes | None = None
    ) -> Sequence[ir.Stmt]:
        """The call that stands for a loop, with what its parts need and what becomes of it.

        striped: what is cut into stripes, where that is not the loop itself.
        """
        parts = self.parts(loop, found, striped is not None)
        before: list[ir.Stmt] = []
        after: list[ir.Stmt] = []
        rooms: dict[str, str] = {}  # where parts keep what they add up
        if found.sums or found.added:
            before.append(ir.Assign(self.fresh_name("parts", INT), parts))
            assert isinstance(before[0], ir.Assign)
            parts = before[0].target
        for total in found.sums:
            kind = self.types[total.name]
            assert isinstance(kind, Num)
            room = self.fresh_name(f"{total.name}_parts", Num(kind.dtype, (None,)))
            dtype = () if kind.dtype == "float64" else (ir.Ref(f"numpy.{kind.dtype}"),)
            before.append(ir.Assign(room, ir.call("numpy.empty", parts, *dtype)))
            adding = total.adding(ir.Index(room, (self.part,)))
            after.append(ir.For(self.part, ir.call("builtins.range", ir.Const(0), parts, ir.Const(1)), (adding,)))
            rooms[total.name] = room.id
        for name in found.added:
            kind = self.types[name]
            assert isinstance(kind, Num) and kind.dims is not None
            room = self.fresh_name(f"{name}_parts", Num(kind.dtype, (None, *kind.dims)))
            before.append(ir.Assign(room, ir.call(f"{THREADS}rooms", ir.Name(name), parts)))
            after.append(ir.Do(ir.call(f"{THREADS}collect", ir.Name(name), room)))
            rooms[name] = room.id
        function, handed = self.function(loop, found, rooms, ranges, striped)
        call = ir.call(
            f"{THREADS}{'prange_parts' if rooms else 'prange'}",
            ir.Ref(PART + function),
            parts,
            found.low,
            found.high,
            *map(ir.Name, handed),
        )
        if any(is_product(n, self.types) for n in ir.walk(loop.body)):
            before.append(ir.Do(ir.call(READY)))
        return [*before, ir.Do(call, loc=loop.loc), *after]

    def fresh_name(self, name: str, kind: Abstract) -> ir.Name:
        new = self.names.numbered(name)
        self.types[new] = kind
        return ir.Name(new)

    def parts(self, loop: ir.For, found: Free, striped: bool) -> ir.Expr:
        """How many parts: one where an index might be negative, which counts from the other end, or iterations might
        meet since an array does not rise. Of stripes there are few."""
        weighed = parallel_cost.Loop(found.counter, found.low, found.high, found.private, self.types)
        each = parallel_cost.cost(loop.body, weighed)
        sizes = [ir.Attr(ir.Name(name), "size") for name in found.added]
        more = [] if not sizes else [sizes[0] if len(sizes) == 1 else _sum(sizes)]
        trips = _trips(found)
        if striped:
            wide = ir.Binary("//", trips, ir.Const(WIDTH))
            trips, each = ir.call("builtins.min", wide, ir.Const(MOST)), ir.Binary("*", each, ir.Const(WIDTH))
        parts: ir.Expr = ir.call(parallel_cost.PARTS, trips, each, *more)
        if found.guards or found.rising:
            tests: list[ir.Expr] = [ir.Compare((">=",), _balanced(guard)) for guard in found.guards]
            tests += [ir.call(f"{THREADS}rising", ir.Name(name)) for name in found.rising]
            test = tests[0] if len(tests) == 1 else ir.BoolOp("and", tuple(tests))
            parts = ir.IfExp(test, parts, ir.Const(1))
        return parts

    def function(
        self, loop: ir.For, found: Free, rooms: dict[str, str], ranges: bounds.Ranges, striped: Stripes | None
    ) -> tuple[str, list[str]]:
        """Add the function of a stretch of iterations; returns its name and what it is handed."""
        name = self.names.numbered(f"{self.program.name}_loop")
        made = tuple(ir.Assign(ir.Name(n), self.rooms[n]) for n in found.rooms)
        body = loop.body if striped is None else self.stripe(striped)
        named = dict.fromkeys(n.id for n in ir.walk((*body, *made)) if isinstance(n, ir.Name))
        # their parts begin within
        begun = {s.name for s in found.sums if s.step is None} | {*found.added, *found.rooms}
        totals = {total.name for total in found.sums}
        private = found.private | {found.counter, self.first.id, self.last.id} | (bound_in(body) - totals)
        handed = [n for n in named if n not in private and n not in begun]
        params = [*handed, *rooms.values()]
        part, first, last = self.part, self.first, self.last
        before: list[ir.Stmt] = [*made]
        after: list[ir.Stmt] = []
        for total in found.sums:
            if total.step is None:
                before.append(ir.Assign(ir.Name(total.name), _neutral(self.types[total.name], total.op)))
            after.append(ir.Store(ir.Index(ir.Name(rooms[total.name]), (part,)), ir.Name(total.name)))
        for array in found.added:
            before.append(ir.Assign(ir.Name(array), ir.Index(ir.Name(rooms[array]), (part,))))
        self.prover.open.clear()
        self.prover.places.clear()
        self.prover.statement(loop if striped is None else striped.loop, ranges)
        before += self.alike({*handed, *found.added})
        stretch = self.stretch(loop, found, ranges) if striped is None else body
        heads = (*([part.id] if rooms else []), first.id, last.id, *params)
        doc = _doc(found, first.id, last.id, striped)
        function = ir.Function(name, tuple(map(ir.Param, heads)), (*before, *stretch, *after), doc)
        self.functions.append(Part(function, not self.prover.open))
        return name, params

    def alike(self, names: set[str]) -> list[ir.Stmt]:
        """A question whose answer is known, for LLVM: that arrays whose indices are checked have extents in common, so
        that an index which is right for one of them is right for the other one."""
        places = {place for place in self.prover.places if place[0] in names}
        tests: list[ir.Expr] = []
        for name, axis in sorted(places):
            kind = self.sure.types.get(name)
            dims = self.sure.dims(kind) if isinstance(kind, Num) else None
            dim = dims[axis] if dims is not None and axis < len(dims) else None
            if any(dim == symbol(f"{other}.shape[{k}]") for other, k in places if other != name):
                assert dim is not None
                tests.append(ir.Compare(("!=",), (dim_expr(symbol(f"{name}.shape[{axis}]")), dim_expr(dim))))
        if not tests:
            return []
        error = ir.call("builtins.ValueError", ir.Const(f"{self.program.name}: an adjoint of another shape"))
        return [ir.If(tests[0] if len(tests) == 1 else ir.BoolOp("or", tuple(tests)), (ir.Raise(error),))]

    def stripe(self, striped: Stripes) -> tuple[ir.Stmt, ...]:
        """All steps, of the inner loops the iterations `first` to ``last - 1``."""
        low = striped.free.low
        error = ir.call("builtins.ValueError", ir.Const(f"{self.program.name}: a stripe from outside of its loop"))
        above = ir.If(ir.Compare(("<",), (self.first, low)), (ir.Raise(error),))  # for LLVM: no index is negative
        return above, cut(striped, self.upwards, self.first)

    def upwards(self, loop: ir.For) -> ir.For:
        return replace(loop, iter=ir.call("builtins.range", self.first, self.last, ir.Const(1)), pragma="")

    def stretch(self, loop: ir.For, found: Free, ranges: bounds.Ranges) -> tuple[ir.Stmt, ...]:
        """The iterations `first` to ``last - 1``."""
        first, last = self.first, self.last
        if found.backwards and (found.guards or found.rising):  # where these do not hold, the order matters
            one, back = ir.Const(1), ir.Const(-1)
            down = ir.call("builtins.range", ir.Binary("-", last, one), ir.Binary("-", first, one), back)
            return (replace(loop, iter=down, pragma=""),)
        set_within = found.private | {total.name for total in found.sums}
        stretch = Stretch(self.upwards(loop), first, last, found.low, set_within, ranges, self.types)
        return from_zero(stretch, self.fresh_name)


# ---- parts of the text ----


def _doc(found: Free, first: str, last: str, striped: Stripes | None) -> str:
    """Why the loop may be shared out."""
    stretch = f"{found.counter} = {first}, ..., {last} - 1"
    text = f"Iterations {stretch} of a loop, in any order."
    if striped is not None:
        text = f"All steps of a loop, for {stretch} alone, in any order of such stretches."
    if found.own:
        text += f" Each has elements of its own in {_listed(found.own)}."
    if found.rooms:
        text += f" Each fills {_listed(found.rooms)} anew."
    sums = [*(s.name for s in found.sums), *found.added]
    if sums:
        text += f" Parts of {_listed(sums)} are put together afterwards."
    return "\n".join(textwrap.wrap(text, 80))


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _neutral(kind: Abstract, op: str) -> ir.Const:
    """Where a sum or a product begins."""
    start = 0 if op == "+" else 1
    if types.is_integer(kind):
        return ir.Const(start)
    return ir.Const(complex(start)) if types.is_complex(kind) else ir.Const(float(start))


def _sum(items: Sequence[ir.Expr]) -> ir.Expr:
    total = items[0]
    for item in items[1:]:
        total = ir.Binary("+", total, item)
    return total


def _trips(found: Free) -> ir.Expr:
    low, high = types.number(found.low), types.number(found.high)
    if low is None or high is None:
        return ir.Binary("-", found.high, found.low)
    return plain(high - low)


def _balanced(guard: Dim) -> tuple[ir.Expr, ir.Expr]:
    """``n - 2 >= 0`` as ``n >= 2``."""
    positive = Dim(max(guard.const, 0), tuple((s, c) for s, c in guard.terms if c > 0))
    return dim_expr(positive), dim_expr(positive - guard)


# ---- facts ----


def _is_small(loop: ir.For) -> bool:
    """Whether a loop is known to be too small to be shared out."""
    if not isinstance(loop.iter, ir.Call) or len(loop.iter.args) != 3:
        return False
    start, stop = (types.number(e) for e in loop.iter.args[:2])
    if start is None or stop is None or not (stop - start).is_const:
        return False
    trips = abs((stop - start).const)
    inner = [n for n in ir.walk(loop.body) if isinstance(n, (ir.For, ir.While))]
    if not inner:
        each = parallel_cost.cost(loop.body, parallel_cost.Loop("", ir.Const(0), ir.Const(0), set(), {}))
        return isinstance(each, ir.Const) and trips * each.value < LEAST
    return all(isinstance(n, ir.For) and _is_small(n) for n in inner) and trips < 64
