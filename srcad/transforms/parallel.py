"""parallel: loops whose iterations provably do not meet are shared out among threads, for Numba, on request.

Before: the program as `loops` leaves it. After: each such loop is a function of a stretch of its iterations, and in its
place stands ``threads.prange(loop, parts, start, stop, arguments)``. Numbers and arrays to which all iterations add are
summed up part by part. The number of parts depends on sizes alone and partial sums are added in order, so the results
do not depend on the number of threads; other results than sums are those of the program before, to the bit. Loops that
stay have the reason in a comment. `parallel_races` finds out what may be shared, `parallel_cost` what it costs.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from srcad import bounds, ir, types
from srcad.dims import Dim, dim_expr
from srcad.facts import rebound
from srcad.naming import Names
from srcad.program import Program
from srcad.transforms import alias, loops_memory, parallel_cost
from srcad.transforms.liveness import Liveness
from srcad.transforms.loops_text import plain
from srcad.transforms.parallel_facts import FRESH, Context, Serial, bound_in
from srcad.transforms.parallel_races import Free, examine
from srcad.types import INT, Abstract, Num

THREADS = "srcad_runtime.threads."
LEAST = 2**18  # the cost of a loop of known size below which nothing is said of it: it is not worth a thread


def parallel(program: Program) -> tuple[Program, tuple[ir.Function, ...]]:
    """The program with calls of loops that may be shared out, and the functions that these loops have become."""
    shared = _Sharing(program)
    body = shared.block(program.body, ir.names(program.results) | {name for _, name in program.updates}, {})
    if not shared.functions:
        return replace(program, body=body), ()
    return replace(program, body=body, types=shared.types), tuple(shared.functions)


@dataclass
class _Sharing:
    """Walks the program once, loops from outside in. fresh: see `Context`."""

    program: Program
    functions: list[ir.Function] = field(default_factory=list)
    fresh: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.types: dict[str, Abstract] = dict(self.program.types)
        self.names = Names(self.program.names() | {self.program.name, "threads"})
        self.memory = loops_memory.memory(self.program.body, self.types, ())
        self.whole = _in_one_piece(self.program)
        self.rebound = rebound(self.program.body, {i.name for i in self.program.inputs})
        self.liveness = Liveness(ir.names)

    # ---- the program ----

    def block(self, body: Sequence[ir.Stmt], live: set[str], ranges: bounds.Ranges) -> tuple[ir.Stmt, ...]:
        """live: variables that are read behind the block."""
        after = [live]
        for stmt in reversed(body[1:]):
            after.append(self.liveness.before(stmt, after[-1]))
        out: list[ir.Stmt] = []
        for stmt, behind in zip(body, reversed(after)):
            out += self.statement(stmt, behind, ranges)
        return tuple(out)

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
            own = _range(loop)
            inner.pop(loop.target.id, None)
            if own is not None and not self.rebound & ir.names(tuple(map(dim_expr, own))):
                inner[loop.target.id] = own
        for name in bound_in(loop.body):
            inner.pop(name, None)
        new = replace(loop, body=self.block(loop.body, live | again, inner))
        self.fresh = known
        return new

    def loop(self, stmt: ir.For, live: set[str], ranges: bounds.Ranges) -> Sequence[ir.Stmt]:
        try:
            found = examine(stmt, Context(self.types, self.memory, self.fresh, live, ranges, self.whole))
        except Serial as reason:
            stays = self.inside(stmt, live, ranges)
            return [stays if _is_small(stmt) else ir.Block(f"serial: {reason}", (stays,))]
        return [stmt] if _is_small(stmt) else self.shared(stmt, found)

    # ---- one loop ----

    def shared(self, loop: ir.For, found: Free) -> Sequence[ir.Stmt]:
        """The call that stands for a loop, with what its parts need and what becomes of it."""
        parts = self.parts(loop, found)
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
            part = self.fresh_name("part", INT)
            adding = total.adding(ir.Index(room, (part,)))
            after.append(ir.For(part, ir.call("builtins.range", ir.Const(0), parts, ir.Const(1)), (adding,)))
            rooms[total.name] = room.id
        for name in found.added:
            kind = self.types[name]
            assert isinstance(kind, Num) and kind.dims is not None
            room = self.fresh_name(f"{name}_parts", Num(kind.dtype, (None, *kind.dims)))
            before.append(ir.Assign(room, ir.call(f"{THREADS}rooms", ir.Name(name), parts)))
            after.append(ir.Do(ir.call(f"{THREADS}collect", ir.Name(name), room)))
            rooms[name] = room.id
        function, handed = self.function(loop, found, rooms)
        call = ir.call(
            f"{THREADS}{'prange_parts' if rooms else 'prange'}",
            ir.Name(function),
            parts,
            found.low,
            found.high,
            ir.Tuple(tuple(map(ir.Name, handed))),
        )
        return [*before, ir.Do(call, loc=loop.loc), *after]

    def fresh_name(self, name: str, kind: Abstract) -> ir.Name:
        new = self.names.numbered(name)
        self.types[new] = kind
        return ir.Name(new)

    def parts(self, loop: ir.For, found: Free) -> ir.Expr:
        """How many parts: one where an index might be negative, which counts from the other end."""
        each = parallel_cost.cost(loop.body, found.counter, found.low, found.high, found.private)
        sizes = [ir.Attr(ir.Name(name), "size") for name in found.added]
        more = [] if not sizes else [sizes[0] if len(sizes) == 1 else _sum(sizes)]
        parts: ir.Expr = ir.call(f"{THREADS}parts", _trips(found), each, *more)
        if found.guards:
            tests = [ir.Compare((">=",), _balanced(guard)) for guard in found.guards]
            test = tests[0] if len(tests) == 1 else ir.BoolOp("and", tuple(tests))
            parts = ir.IfExp(test, parts, ir.Const(1))
        return parts

    def function(self, loop: ir.For, found: Free, rooms: dict[str, str]) -> tuple[str, list[str]]:
        """Add the function of a stretch of iterations; returns its name and what it is handed."""
        name = self.names.numbered(f"{self.program.name}_loop")
        named = dict.fromkeys(n.id for n in ir.walk(loop.body) if isinstance(n, ir.Name))
        begun = {s.name for s in found.sums if s.step is None} | set(found.added)  # their parts begin within
        handed = [n for n in named if n not in found.private and n != found.counter and n not in begun]
        params = [*handed, *rooms.values()]
        own = Names({*named, *params, found.counter, name})
        part, first, last = (ir.Name(own.fresh(word)) for word in ("part", "first", "last"))
        self.types |= dict.fromkeys((part.id, first.id, last.id), INT)
        before: list[ir.Stmt] = []
        after: list[ir.Stmt] = []
        for total in found.sums:
            if total.step is None:
                before.append(ir.Assign(ir.Name(total.name), _neutral(self.types[total.name], total.op)))
            after.append(ir.Store(ir.Index(ir.Name(rooms[total.name]), (part,)), ir.Name(total.name)))
        for array in found.added:
            before.append(ir.Assign(ir.Name(array), ir.Index(ir.Name(rooms[array]), (part,))))
        over: tuple[ir.Expr, ...] = (first, last, ir.Const(1))
        if found.backwards and found.guards:  # where they do not hold, the order matters
            over = (ir.Binary("-", last, ir.Const(1)), ir.Binary("-", first, ir.Const(1)), ir.Const(-1))
        stretch = replace(loop, iter=ir.call("builtins.range", *over), pragma="")
        self.functions.append(
            ir.Function(
                name,
                tuple(ir.Param(p) for p in (*([part.id] if rooms else []), first.id, last.id, *params)),
                (*before, stretch, *after),
                _doc(found, first.id, last.id),
            )
        )
        return name, params


# ---- parts of the text ----


def _doc(found: Free, first: str, last: str) -> str:
    """Why the loop may be shared out."""
    text = f"Iterations {found.counter} = {first}, ..., {last} - 1 of a loop, in any order."
    if found.own:
        text += f" Each has elements of its own in {_listed(found.own)}."
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


def _in_one_piece(program: Program) -> set[str]:
    """Arrays that were allocated, wherever they are set: they are contiguous, in C order."""
    inputs = {i.name for i in program.inputs}  # in one piece, too, and copied before they are written into
    found: dict[str, bool] = {}
    for node in ir.walk(program.body):
        for target, value in alias.assignments(node):
            path = value.fn.path if isinstance(value, ir.Call) and isinstance(value.fn, ir.Ref) else ""
            copied = path == "numpy.copy" and ir.names(value) <= inputs
            found[target] = found.get(target, True) and (copied or path in _CONTIGUOUS)
    return {name for name, new in found.items() if new}


_CONTIGUOUS = ("numpy.empty", "numpy.zeros", "numpy.ones", "numpy.full")


def _range(loop: ir.For) -> tuple[Dim, Dim] | None:
    """First and last value of a counter, as `bounds` has it."""
    if not isinstance(loop.iter, ir.Call) or len(loop.iter.args) != 3:
        return None
    start, stop = (types.number(e) for e in loop.iter.args[:2])
    step = loop.iter.args[2]
    if start is None or stop is None or step not in (ir.Const(1), ir.Const(-1)):
        return None
    return (start, stop - 1) if step == ir.Const(1) else (stop + 1, start)


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
        each = parallel_cost.cost(loop.body, "", ir.Const(0), ir.Const(0), set())
        return isinstance(each, ir.Const) and trips * each.value < LEAST
    return all(isinstance(n, ir.For) and _is_small(n) for n in inner) and trips < 64
