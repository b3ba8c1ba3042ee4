"""Lists of recorded arrays become one array, indexed by the counters of the loops around.

Numba compiles lists of arrays slowly and to slow code. A list that one statement in counted loops appends to, and one
statement in the same loops run backwards pops from, holds one array per iteration: ``u_saved[t]``. So it is where all
of these arrays have one shape, known before the loops, and where no loop is left early. A list that is made in a loop,
for a stretch of steps that are run again (`segments`), is an array of that stretch: ``u_saved[t - begin]``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from srcad import ir, routines, types
from srcad.program import FORWARD, Program
from srcad.transforms import activity, alias
from srcad.transforms.effects import killed
from srcad.transforms.liveness import live_before
from srcad.transforms.loops_extents import Extents, Stay
from srcad.transforms.loops_text import plain
from srcad.types import Num, Seq

Loops = tuple[ir.For | ir.While, ...]


@dataclass(frozen=True)
class Record:
    """How a list becomes an array: its extents and dtype, and the index of the iteration at hand."""

    shape: tuple[ir.Expr, ...]
    index: tuple[ir.Expr, ...]
    dtype: str


def unlisted(program: Program, extents: Extents) -> tuple[Program, dict[str, Num]]:
    """The program with arrays for the lists that can be arrays, and the types of these."""
    placed = list(_placed(program.body, ()))
    uses: dict[str, list[tuple[ir.Stmt, Loops]]] = {}
    for stmt, loops in placed:
        for name in _lists(stmt, program.types):
            uses.setdefault(name, []).append((stmt, loops))
    held = _held(program, uses)
    uses = {name: where for name, where in uses.items() if name not in held}
    bound = _bound(program)
    elements = {name: _element(name, extents) for name in uses}
    blank = _blank(program.body)
    moving = {name: _moving(where, placed, bound) for name, where in uses.items()}
    found = {name: _record(elements[name], where, extents, moving[name], blank) for name, where in uses.items()}
    known = _known_before(program)
    records = {n: r for n, r in found.items() if r is not None and ir.names(r.shape) <= known.get(n, set())}
    if not records:
        return program, {}
    kinds = {n: Num(r.dtype, (*(None for _ in r.index), *(elements[n].dims or ()))) for n, r in records.items()}
    after = ir.names(program.results) | {name for _, name in program.updates}
    body = _rewritten(program.body, records, after)
    return replace(program, body=body, types={**program.types, **kinds}), kinds


def _held(program: Program, uses: Mapping[str, Sequence[tuple[ir.Stmt, Loops]]]) -> set[str]:
    """Lists of arrays that are recorded as they are, since writes under other names are undone in them, too.

    A copy would hold what is there when the list is appended to, and nobody would undo anything in it. The names that
    the writes are undone under are recorded as they are, too: they get their own arrays back.
    """
    lists = {name for name in uses if isinstance(kind := program.types[name], Seq) and not kind.own}
    if not lists:
        return lists
    ahead = [s for s in program.body if isinstance(s, ir.Block) and s.note == FORWARD]
    writes = _Writes(replace(program, body=tuple(ahead) or program.body))
    writes.run()
    pushed = {name: [ir.names(s.value) for s, _ in uses[name] if isinstance(s, ir.Push)] for name in lists}
    held: set[str] = set()
    for written, others in writes.reached:
        if any(found & others for name in lists for found in pushed[name]):
            held |= {name for name in lists if any(found & (others | {written}) for found in pushed[name])}
    return held


class _Writes(alias.Checker):
    """Finds the variables that are written into, and those whose arrays these are, too."""

    def __init__(self, program: Program) -> None:
        super().__init__(program, refuse=False)
        self.reached: set[tuple[str, frozenset[str]]] = set()

    def write(self, name: str, stmt: ir.Stmt) -> None:
        self.reached.add((name, frozenset(self.near(name))))


def _blank(body: Sequence[ir.Stmt]) -> set[str]:
    """Variables that hold an array without elements before they have a value: it may be recorded, too."""
    found = set()
    for node in ir.walk(tuple(body)):
        if isinstance(node, ir.Assign) and isinstance(node.target, ir.Name) and isinstance(node.value, ir.Call):
            shape = node.value.args[0] if node.value.fn == ir.Ref("numpy.empty") and node.value.args else None
            if ir.Const(0) in (shape.items if isinstance(shape, ir.Tuple) else (shape,)):
                found.add(node.target.id)
    return found


def _known_before(program: Program) -> dict[str, set[str]]:
    """For each variable that is set outside of branches, the variables that have values when it is first set."""
    found: dict[str, set[str]] = {}

    def visit(stmts: Sequence[ir.Stmt], names: set[str]) -> None:
        for stmt in stmts:
            if isinstance(stmt, (ir.Block, ir.With)):
                visit(stmt.body, names)
            elif isinstance(stmt, (ir.For, ir.While)):  # what it sets is only known inside: it may not run
                visit(stmt.body, names | (ir.names(stmt.target) if isinstance(stmt, ir.For) else set()))
            elif isinstance(stmt, ir.Assign):
                found.update({n: set(names) for n in ir.names(stmt.target) if n not in found})
                names.update(ir.names(stmt.target))

    visit(program.body, {*(i.name for i in program.inputs), *(p.name for p in program.seeds)})
    return found


def _placed(stmts: Sequence[ir.Stmt], loops: Loops) -> Iterator[tuple[ir.Stmt, Loops]]:
    """Every simple statement with the loops around it."""
    for stmt in stmts:
        if isinstance(stmt, (ir.For, ir.While)):
            yield from _placed(stmt.body, (*loops, stmt))
            yield replace(stmt, body=()), loops
        elif isinstance(stmt, ir.If):
            yield ir.Do(stmt.test), loops
            yield from _placed((*stmt.body, *stmt.orelse), loops)
        elif isinstance(stmt, (ir.Block, ir.With)):
            yield from _placed(stmt.body, loops)
        else:
            yield stmt, loops


def _lists(stmt: ir.Stmt, known: Mapping[str, types.Abstract]) -> list[str]:
    return sorted(n for n in ir.names(stmt) if isinstance(known.get(n), Seq))


def _bound(program: Program) -> Counter[str]:
    """How often each variable is set, inputs and seeds once for being given."""
    found = Counter([*(i.name for i in program.inputs), *(p.name for p in program.seeds)])
    for node in ir.walk(program.body):
        if isinstance(node, (ir.Assign, ir.For)):
            copies = isinstance(node, ir.Assign) and node.value == ir.call("numpy.copy", node.target)
            found.update(() if copies else ir.names(node.target))
        elif isinstance(node, (ir.Augment, ir.Pop)) and isinstance(node.target, ir.Name):
            found[node.target.id] += 1
    return found


def _element(name: str, extents: Extents) -> Num:
    """The type of the arrays in a list. Extents that differentiation took for granted are checked at every write."""
    kind, assumed = extents.known.get(name), extents.assumed.get(name)
    if not isinstance(kind, Seq) or not isinstance(assumed, Seq) or not isinstance(kind.element, Num):
        return types.UNKNOWN
    return kind.element if kind.element.dims and None not in kind.element.dims else assumed.element


def _moving(
    uses: Sequence[tuple[ir.Stmt, Loops]], placed: Sequence[tuple[ir.Stmt, Loops]], bound: Counter[str]
) -> set[str]:
    """Variables that are set again while a list is in use.

    One that is made in a loop is in use until the loop ends that it is popped in: what stands before it, in the same
    iteration, is steady.
    """
    (made, around), (_, backward) = uses[0], uses[-1]
    if not around or len(backward) <= len(around):
        return {name for name, count in bound.items() if count != 1}
    stmts = [stmt for stmt, _ in placed]
    last = replace(backward[len(around)], body=())
    begin, end = stmts.index(made), max(k for k, stmt in enumerate(stmts) if stmt == last)
    return set().union(*map(_set, stmts[begin + 1 : end + 1]))


def _set(stmt: ir.Stmt) -> set[str]:
    """Variables that a simple statement, or the head of a loop, sets or writes into."""
    return set(ir.names(stmt.target)) if isinstance(stmt, ir.For) else set().union(*killed(stmt))


def _record(
    kind: Num, uses: list[tuple[ir.Stmt, Loops]], extents: Extents, moving: set[str], blank: set[str]
) -> Record | None:
    """None where the list has to stay one. moving: variables that are set again while it is in use."""
    if len(uses) != 3 or not kind.dims or None in kind.dims:
        return None
    (first, outside), (push, forward), (pop, backward) = uses
    made = isinstance(first, ir.Assign) and first.value == ir.List(())
    inside = len(outside)
    if not made or any(a is not b for loops in (forward, backward) for a, b in zip_longest(outside, loops[:inside])):
        return None
    if not isinstance(push, ir.Push) or not isinstance(pop, ir.Pop) or pop.target is None or not forward[inside:]:
        return None
    if ir.names(push.value) & blank:
        return None
    counters = _counters(forward[inside:], backward[inside:], moving)
    try:
        own = tuple(extents.extent(d) for d in kind.dims if d is not None)
    except Stay:
        return None
    if counters is None or kind.dtype is None:
        return None
    trips, index = counters
    return Record((*trips, *own), index, kind.dtype)


def _counters(
    forward: Loops, backward: Loops, moving: set[str]
) -> tuple[tuple[ir.Expr, ...], tuple[ir.Expr, ...]] | None:
    """(numbers of iterations, index of an iteration) where the second loops are the first ones backwards."""
    trips, index = [], []
    if len(forward) != len(backward):
        return None
    for one, two in zip(forward, backward, strict=True):
        first, second = _range(one), _range(two)
        if first is None or second is None or one.target != two.target:  # type: ignore[union-attr]
            return None
        (start, stop, step), (last, end, back) = first, second
        steady = not ir.names((plain(start), plain(stop))) & moving
        if step.const != 1 or back.const != -1 or last != stop - 1 or end != start - 1 or not steady:
            return None
        count = plain(stop - start)
        trips.append(ir.call("builtins.max", count, ir.Const(0)))
        index.append(plain(types.symbol(one.target.id) - start))  # type: ignore[union-attr]
    return tuple(trips), tuple(index)


def _range(loop: ir.For | ir.While) -> tuple[types.Dim, types.Dim, types.Dim] | None:
    """(start, stop, step) in linear form."""
    if (
        not isinstance(loop, ir.For)
        or loop.stop is not None
        or not isinstance(loop.iter, ir.Call)
        or len(loop.iter.args) != 3
    ):
        return None
    start, stop, step = (types.number(a) for a in loop.iter.args)
    if start is None or stop is None or step is None or not step.is_const or not isinstance(loop.target, ir.Name):
        return None
    return start, stop, step


# ---- the statements ----


def _rewritten(stmts: Sequence[ir.Stmt], records: dict[str, Record], live: set[str]) -> tuple[ir.Stmt, ...]:
    """The statements over arrays. live: variables whose values are read behind all of them."""
    out: list[ir.Stmt] = []
    rest = list(_apart(stmts, records))
    while rest:
        stmt = rest.pop(0)
        if isinstance(stmt, (ir.For, ir.While)):
            around = live_before((stmt,), live_before(rest, live))
            out.append(replace(stmt, body=_rewritten(stmt.body, records, around)))
        elif isinstance(stmt, ir.If):
            later = live_before(rest, live)
            body, orelse = (_rewritten(part, records, later) for part in (stmt.body, stmt.orelse))
            out.append(replace(stmt, body=body, orelse=orelse))
        elif (pop := _restored(stmt, records)) is not None:
            assert isinstance(pop.target, ir.Name)
            place = _place(pop.stack, records)
            if pop.target.id not in live and _is_only_read(pop.target.id, rest):
                rest = list(ir.substitute(tuple(rest), {pop.target.id: place}))
            else:
                copy = ir.Assign(pop.target, ir.call("numpy.copy", place), loc=pop.loc)
                out.append(replace(stmt, body=(copy,)) if isinstance(stmt, ir.Block) else copy)
        elif (kept := _copied(stmt, rest, records, live)) is not None:
            place = _place(kept.stack, records)
            out.append(ir.Store(place, _uncopied(stmt.value), loc=kept.loc))  # type: ignore[arg-type,union-attr]
            rest = list(ir.substitute(tuple(rest[1:]), {ir.names(kept.value).pop(): place}))
        elif isinstance(stmt, (ir.Block, ir.With)):
            out.append(replace(stmt, body=_rewritten(stmt.body, records, live_before(rest, live))))
        else:
            out.append(_simple(stmt, records))
    return tuple(out)


def _copied(stmt: ir.Stmt, rest: Sequence[ir.Stmt], records: dict[str, Record], live: set[str]) -> ir.Push | None:
    """What records the copy that a statement makes, where all that follows can read the record instead."""
    push = rest[0] if rest else None
    if not isinstance(stmt, ir.Assign) or not isinstance(push, ir.Push) or push.stack not in records:
        return None
    copies = push.value == stmt.target and isinstance(stmt.value, ir.Call) and stmt.value.fn == ir.Ref("numpy.copy")
    if not copies or not isinstance(stmt.target, ir.Name) or stmt.target.id in live:
        return None
    return push if _is_only_read(stmt.target.id, rest[1:]) else None


def _restored(stmt: ir.Stmt, records: dict[str, Record]) -> ir.Pop | None:
    """What gives a variable its recorded array again, if that is all that the statement does."""
    inner = stmt.body[0] if isinstance(stmt, ir.Block) and len(stmt.body) == 1 else stmt
    restores = isinstance(inner, ir.Pop) and inner.stack in records and isinstance(inner.target, ir.Name)
    return inner if restores else None  # type: ignore[return-value]


def _apart(stmts: Sequence[ir.Stmt], records: dict[str, Record]) -> Iterator[ir.Stmt]:
    """The statements, blocks that restore a variable taken apart: it may be read behind its block."""
    for stmt in stmts:
        if isinstance(stmt, ir.Block) and any(_restored(inner, records) for inner in stmt.body):
            yield from (
                replace(stmt, body=(s,), blank_before=stmt.blank_before and s is stmt.body[0]) for s in stmt.body
            )
        else:
            yield stmt


def _is_only_read(name: str, rest: Sequence[ir.Stmt]) -> bool:
    """Whether what is left of the iteration only reads the array."""
    for node in ir.walk(tuple(rest)):
        if isinstance(node, (ir.Assign, ir.For)) and name in ir.names(node.target):
            return False
        if (
            isinstance(node, (ir.Store, ir.Augment, ir.Pop))
            and node.target is not None
            and activity.root(node.target) == name
        ):
            return False
        if (isinstance(node, ir.Do) or routines.called(node) is not None) and name in ir.names(node):
            return False
    return True


def _simple(stmt: ir.Stmt, records: dict[str, Record]) -> ir.Stmt:
    if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name) and stmt.target.id in records:
        return replace(stmt, value=_storage(records[stmt.target.id]))
    if isinstance(stmt, ir.Push) and stmt.stack in records:
        return ir.Store(_place(stmt.stack, records), _uncopied(stmt.value), loc=stmt.loc)
    if isinstance(stmt, ir.Pop) and stmt.stack in records:
        assert isinstance(stmt.target, ir.Index)
        return ir.Store(stmt.target, _place(stmt.stack, records), loc=stmt.loc)
    return stmt


def _storage(record: Record) -> ir.Expr:
    shape = ir.Tuple(record.shape)
    if record.dtype == "float64":
        return ir.call("numpy.empty", shape)
    return ir.call("numpy.empty", shape, ir.Ref(f"numpy.{'bool_' if record.dtype == 'bool' else record.dtype}"))


def _place(stack: str, records: dict[str, Record]) -> ir.Index:
    return ir.Index(ir.Name(stack), records[stack].index)


def _uncopied(value: ir.Expr) -> ir.Expr:
    return value.args[0] if isinstance(value, ir.Call) and value.fn == ir.Ref("numpy.copy") else value
