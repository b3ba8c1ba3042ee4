"""once: elements that an innermost loop reads again and again are read once, for Numba.

LLVM cannot keep an element in a register while the loop writes to an array that might be the same memory. Four kinds
are named here: an element that serves as an index (``columns[k]``) and is used more than once; where the loop has
such indices, an element that all iterations read (``y_bar[i]`` in a loop over k), before the loop; and an element that
all iterations add to, as a number that is stored behind the loop; and an element that an iteration reads again after
it has set it, and others. The numbers are the same to the bit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from srcad import bounds, ir, types
from srcad.dims import dim_expr
from srcad.facts import rebound
from srcad.naming import Names
from srcad.program import Program
from srcad.transforms import activity, loops_memory
from srcad.transforms.parallel_facts import bound_in
from srcad.types import Num

_SIMPLE = (ir.Assign, ir.Augment, ir.Store)


def once(program: Program) -> Program:
    """The program with names for elements that its innermost loops read again and again."""
    walker = _Walker(program)
    body = walker.block(program.body, {}, frozenset())
    return replace(program, body=body, types={**program.types, **walker.made})


@dataclass
class _Walker:
    program: Program

    def __post_init__(self) -> None:
        self.names = Names(self.program.names())
        self.made: dict[str, Num] = {}
        self.memory = loops_memory.memory(self.program.body, dict(self.program.types), ())
        self.rebound = rebound(self.program.body, {i.name for i in self.program.inputs})
        self.prover = bounds.Prover(self.program)

    # ---- the program ----

    def block(self, body: Sequence[ir.Stmt], ranges: bounds.Ranges, around: Set[str]) -> tuple[ir.Stmt, ...]:
        """ranges, around: of the counters of the loops around."""
        return tuple(new for stmt in body for new in self.statement(stmt, ranges, around))

    def statement(self, stmt: ir.Stmt, ranges: bounds.Ranges, around: Set[str]) -> Sequence[ir.Stmt]:
        if isinstance(stmt, (ir.Block, ir.With)):
            return [replace(stmt, body=self.block(stmt.body, ranges, around))]
        if isinstance(stmt, ir.If):
            body, orelse = (self.block(part, ranges, around) for part in (stmt.body, stmt.orelse))
            return [replace(stmt, body=body, orelse=orelse)]
        if not isinstance(stmt, (ir.For, ir.While)):
            return [stmt]
        if isinstance(stmt, ir.For) and not any(isinstance(n, (ir.For, ir.While)) for n in ir.walk(stmt.body)):
            return self.innermost(stmt, ranges, around)
        return [replace(stmt, body=self.block(stmt.body, *self.within(stmt, ranges, around)))]

    def within(
        self, loop: ir.For | ir.While, ranges: bounds.Ranges, around: Set[str]
    ) -> tuple[dict[str, Any], Set[str]]:
        """The ranges of the counters in a loop's body, and these counters."""
        bound = bound_in(loop.body)
        inner = {k: v for k, v in ranges.items() if k not in bound}
        if not isinstance(loop, ir.For) or not isinstance(loop.target, ir.Name):
            return inner, around
        counter, own = loop.target.id, self.prover.range_of(loop)
        inner.pop(counter, None)
        if own is not None and counter not in bound and not self.rebound & ir.names(tuple(map(dim_expr, own))):
            inner[counter] = own
        return inner, around | {counter}

    # ---- one loop ----

    def innermost(self, loop: ir.For, ranges: bounds.Ranges, around: Set[str]) -> Sequence[ir.Stmt]:
        simple = ir.flat(loop.body)
        if loop.stop is not None or not all(isinstance(s, _SIMPLE) for s in simple):
            return [loop]
        bound = bound_in(loop.body)
        written = {self.memory.group(activity.root(s.target)) for s in simple if isinstance(s.target, ir.Index)}
        loop, indirect = self.indices(loop, bound, written)
        before: list[ir.Stmt] = []
        after: list[ir.Stmt] = []
        changed = bound_in(loop.body) | ir.names(loop.target)  # the names of indices, too
        if indirect and written:
            for place in self.steady_reads(loop, changed, written, ranges):
                name = self.named(place)
                before.append(ir.Assign(name, place))
                loop = replace(loop, body=_replaced(loop.body, place, name))
        for place in self.totals(loop, changed, ranges, around, written):
            name = self.named(place)
            before.append(ir.Assign(name, place))
            after.append(ir.Store(place, name))
            loop = replace(loop, body=_replaced(loop.body, place, name))
        for place in self.held(loop, bound, written):
            loop = replace(loop, body=_kept(loop.body, place, self.named(place)))
        return [*before, loop, *after]

    def indices(self, loop: ir.For, bound: Set[str], written: Set[str]) -> tuple[ir.For, bool]:
        """The loop with names for the indices that it reads from arrays, and whether there are such."""
        places = [n for n in ir.walk(loop.body) if isinstance(n, ir.Index)]
        inner = [i for n in places for item in n.items for i in ir.walk(item) if isinstance(i, ir.Index)]
        counts, chosen = Counter(inner), [n for n in ir.walk(loop.body) if isinstance(n, (ir.IfExp, ir.BoolOp))]
        first: list[ir.Stmt] = []
        for place in dict.fromkeys(inner):
            if self.is_element(place, written) and types.is_integer(self.kind(place)):
                if counts[place] > 1 and not ir.names(place) & bound and not any(place in ir.walk(n) for n in chosen):
                    name = self.named(place)
                    first.append(ir.Assign(name, place))
                    loop = replace(loop, body=_replaced(loop.body, place, name))
        return replace(loop, body=(*first, *loop.body)), bool(inner)

    def steady_reads(self, loop: ir.For, changed: Set[str], written: Set[str], ranges: bounds.Ranges) -> list[ir.Index]:
        """Elements of arrays that the loop does not write, the same in all iterations, that certainly exist."""
        values = tuple(s.value for s in ir.flat(loop.body) if isinstance(s, _SIMPLE))
        found = dict.fromkeys(n for n in ir.walk(values) if isinstance(n, ir.Index) and self.is_element(n, written))
        steady = [n for n in found if not ir.names(n) & changed and not self.is_moved(n, written)]
        return [n for n in steady if self.is_inside(n, ranges)]

    def totals(
        self, loop: ir.For, changed: Set[str], ranges: bounds.Ranges, around: Set[str], written: Set[str]
    ) -> list[ir.Index]:
        """Elements that all iterations add to, of arrays that the loop does not touch otherwise."""
        found: list[ir.Index] = []
        for stmt in ir.flat(loop.body):
            place = stmt.target if isinstance(stmt, ir.Augment) else None
            if not isinstance(stmt, ir.Augment) or not isinstance(place, ir.Index) or stmt.op not in ("+", "-"):
                continue
            own, value = self.kind(place), self.kind(stmt.value)
            same = isinstance(own, Num) and isinstance(value, Num) and (own.dtype, own.dims) == (value.dtype, ())
            moves = ir.names(place) & changed or self.is_moved(place, written)
            if same and ir.names(place) & around and not moves and self.is_element(place):
                if place not in found and self.is_alone(place, loop) and self.is_inside(place, ranges):
                    found.append(place)
        return found

    def held(self, loop: ir.For, bound: Set[str], written: Set[str]) -> list[ir.Index]:
        """Elements that an iteration sets and reads afterwards, of arrays of which it touches no other element."""
        stmts = [
            s for s in ir.flat(loop.body) if isinstance(s, (ir.Store, ir.Augment)) and isinstance(s.target, ir.Index)
        ]
        found: list[ir.Index] = []
        for place in dict.fromkeys(s.target for s in stmts):
            assert isinstance(place, ir.Index)
            own, values = self.kind(place), [self.kind(s.value) for s in stmts if s.target == place]
            same = all(isinstance(v, Num) and (v.dtype, v.dims) == (_dtype(own), ()) for v in values)
            same = same and _dtype(own) in ("float32", "float64", "complex128")
            moves = ir.names(place) & ir.names(loop.target) and not ir.names(place) & bound
            if (
                same
                and moves
                and not self.is_moved(place, written)
                and self.is_element(place)
                and self.is_touched_alone(place, loop)
            ):
                if _is_read_again(place, ir.flat(loop.body)):
                    found.append(place)
        return found

    # ---- places ----

    def kind(self, expr: ir.Expr) -> types.Abstract:
        return types.infer(expr, {**self.program.types, **self.made}, [])

    def is_element(self, place: ir.Index, written: Set[str] = frozenset()) -> bool:
        """Whether this is one number of an array whose memory is not among the written."""
        if not isinstance(place.base, ir.Name) or self.memory.group(place.base.id) in written:
            return False
        kind, base = self.kind(place), self.program.types.get(place.base.id)
        return isinstance(kind, Num) and kind.dims == () and isinstance(base, Num) and bool(base.dims)

    def is_moved(self, place: ir.Index, written: Set[str]) -> bool:
        """Whether an index is read from memory that is written: another element is meant then."""
        arrays = filter(self.memory.is_array, ir.names(place.items))
        return any(self.memory.group(name) in written for name in arrays)

    def is_alone(self, place: ir.Index, loop: ir.For) -> bool:
        """Whether no other memory of the array's group is touched in the loop, and the element only added to."""
        reads = tuple(s.value for s in ir.flat(loop.body) if isinstance(s, _SIMPLE))
        return self.is_touched_alone(place, loop) and not any(n == place for n in ir.walk(reads))

    def is_touched_alone(self, place: ir.Index, loop: ir.For) -> bool:
        """Whether no other memory of the array's group is touched in the loop."""
        group = self.memory.group(activity.root(place))
        arrays = filter(self.memory.is_array, ir.names(loop.body))
        touching = {name for name in arrays if self.memory.group(name) == group}

        def others(node: Any) -> bool:
            if touching.isdisjoint(ir.names(node)):  # most of a long body has to do with other arrays
                return False
            if node == place:
                return any(others(item) for item in place.items)
            return isinstance(node, ir.Name) or any(others(child) for child in ir.children(node))

        return not any(others(s) for s in loop.body)

    def is_inside(self, place: ir.Index, ranges: bounds.Ranges) -> bool:
        """Whether the element exists, even where the loop does not run."""
        self.prover.open.clear()
        self.prover.index(place, ranges)
        return not self.prover.open

    def named(self, place: ir.Index) -> ir.Name:
        """``columns[k]`` under the name columns_k."""
        name = self.names.fresh("_".join((activity.root(place), *filter(None, map(_word, place.items)))))
        kind = self.kind(place)
        assert isinstance(kind, Num)
        self.made[name] = kind
        return ir.Name(name)


def _word(item: ir.Expr) -> str:
    """An index as a part of a name: ``k``, ``2``, ``last`` for -1."""
    if isinstance(item, ir.Const) and isinstance(item.value, int):
        return str(item.value) if item.value >= 0 else "last" if item.value == -1 else f"last{-item.value}"
    return item.id if isinstance(item, ir.Name) else ""


def _dtype(kind: types.Abstract) -> str | None:
    return kind.dtype if isinstance(kind, Num) else None


def _is_read_again(place: ir.Index, stmts: Sequence[Any]) -> bool:
    """Whether a statement reads the element behind one that sets it, and behind one that writes to another array."""
    is_set = is_clouded = False
    for stmt in stmts:
        sets = stmt.target == place
        if is_clouded and (sets and isinstance(stmt, ir.Augment) or _mentions(stmt.value, place)):
            return True
        is_set |= sets
        is_clouded |= is_set and not sets and isinstance(stmt.target, ir.Index)
    return False


def _kept(body: tuple[ir.Stmt, ...], place: ir.Index, name: ir.Name) -> tuple[ir.Stmt, ...]:
    """The statements of an iteration with a number in place of an element, which is stored at the end.

    Those at its head that name the element's indices stay there.
    """
    first = next(s for s in ir.flat(body) if _mentions(s, place))
    begins = isinstance(first, ir.Store) and first.target == place and not _mentions(first.value, place)

    def change(node: Any) -> Any:
        if isinstance(node, ir.Store) and node.target == name:
            return ir.Assign(name, node.value, loc=node.loc)
        return name if node == place else node

    before = () if begins else (ir.Assign(name, place),)
    head = max((k + 1 for k, s in enumerate(body) if bound_in((s,)) & ir.names(place)), default=0)
    return (*body[:head], *before, *_changed(body[head:], place, change), ir.Store(place, name))


def _replaced(body: tuple[ir.Stmt, ...], place: ir.Index, name: ir.Name) -> tuple[ir.Stmt, ...]:
    return _changed(body, place, lambda n: name if n == place else n)


def _changed(body: tuple[ir.Stmt, ...], place: ir.Index, change: Callable[[Any], Any]) -> tuple[ir.Stmt, ...]:
    """The statements with their nodes changed, where they mention an element."""
    return tuple(ir.transform(s, change) if _mentions(s, place) else s for s in body)


def _mentions(node: Any, place: ir.Index) -> bool:
    return activity.root(place) in ir.names(node) and place in ir.walk(node)
