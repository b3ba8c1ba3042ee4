"""carried: what one iteration hands to the next ones is a number instead of an array, for Numba.

    for i in range(1, n - 1):                      for i in range(1, n - 1):
        g[i + 1] = c * y_bar[i]                        g = c * y_bar[i]
    for i in range(n):                                 x_bar[i - 1] += g_before2 + g
        x_bar[i] += g[i] + g[i + 2]                    g_before2 = g_before
                                                       g_before = g

The second loop gathers, between zeros, what the first one has set. It may follow so many iterations behind as its
furthest element asks for: one pass over memory in place of two, and no array in between. LLVM vectorises such
recurrences. What is left for the last elements follows behind the loop. Only in loops around, of steps in time, whose
passes count, and only adjoints: their sums keep their terms and order, but not the zeros.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from srcad import ir, types
from srcad.dims import Dim
from srcad.naming import Names
from srcad.program import Program
from srcad.transforms import activity, unread
from srcad.transforms.carried_loops import (
    ZERO,
    Gathering,
    Joined,
    Making,
    beside,
    count_of,
    elements_of,
    offset_of,
    put,
)
from srcad.transforms.iterations import ZEROS, Leaf, Walker, made_of_zeros
from srcad.transforms.parallel_facts import bound_in
from srcad.types import Num

FURTHEST = 2  # iterations that a number is kept for, and elements that are left behind the loop


def carried(program: Program, parallel: bool = False) -> Program:
    """The program with such numbers in place of arrays. parallel: only where a loop around can be shared out still."""
    made = any(isinstance(n, ir.Call) and n.fn == ZEROS for n in ir.walk(program.body))
    return _Carrying(program, parallel).run() if made else program


class _Carrying(Walker):
    """around: the loops, with what is read behind each."""

    def __init__(self, program: Program, parallel: bool) -> None:
        super().__init__(program)
        self.given = Names(program.names())
        self.parallel = parallel
        self.around: list[tuple[ir.For | ir.While, set[str]]] = []
        self.gone: set[str] = set()
        self.made: dict[str, types.Abstract] = {}
        nodes = [*ir.walk((program.body, program.results)), *(ir.Name(name) for _, name in program.updates)]
        self.counters = {name for n in nodes if isinstance(n, ir.For) for name in ir.names(n.target)}
        self.mentions = Counter(n.id for n in nodes if isinstance(n, ir.Name))
        self.zeros = Counter(map(made_of_zeros, nodes))

    def run(self) -> Program:
        program = super().run()
        gone = {id(n) for n in ir.walk(program.body) if made_of_zeros(n) in self.gone}
        return replace(program, body=unread.without(program.body, gone), types={**program.types, **self.made})

    def inside(self, stmt: ir.Stmt, live: set[str]) -> ir.Stmt:
        if not isinstance(stmt, (ir.For, ir.While)):
            return super().inside(stmt, live)
        self.around.append((stmt, live))
        found = super().inside(stmt, live)
        self.around.pop()
        return found

    def may_be_handed_on(self, leaves: Sequence[Leaf | None]) -> bool:
        """Whether passes over memory count here, and threads are not in need of the loops."""
        if not self.around or sum(leaf is not None and isinstance(leaf.stmt, ir.For) for leaf in leaves) < 2:
            return False
        loop, live = self.around[-1]
        return not self.parallel or isinstance(loop, ir.For) and self.free(loop, live) is not None

    def leaves(self, leaves: list[Leaf | None], after: Sequence[set[str]]) -> None:
        for at, first in enumerate(leaves) if self.may_be_handed_on(leaves) else ():
            making = None if first is None else self.making(first.stmt)
            between: list[ir.Stmt] = []
            for k in range(at + 1, len(leaves)):
                second = leaves[k]
                if making is None or first is None or second is None or not all(map(_is_passed, between)):
                    break
                gathering = self.gathering(second.stmt, making)
                if gathering is not None and self.may_follow(making, gathering, between, second.stmt, after[k]):
                    new = self.joined(making, gathering)
                    note = "" if first.note == second.note else second.note
                    leaves[at] = replace(first, stmt=new.first(note))
                    leaves[k] = second = replace(second, stmt=new.rest())
                    making = self.making(new.first(note))
                between.append(second.stmt)

    def joined(self, making: Making, gathering: Gathering) -> Joined:
        new = Joined(making, gathering, self.given)
        self.gone |= new.kept.keys()
        self.made |= dict.fromkeys(new.names, types.FLOAT)
        return new

    # ---- which loops ----

    def making(self, stmt: ir.Stmt) -> Making | None:
        """A loop over a fixed range whose iterations set an element of an array of zeros each."""
        begun = stmt.body[:-1] if isinstance(stmt, ir.Block) else ()
        stmt = stmt.body[-1] if isinstance(stmt, ir.Block) and stmt.body else stmt
        bounds = self.fixed_range(stmt)
        if bounds is None or not isinstance(stmt, ir.For):
            return None
        body, counter = ir.flat(stmt.body), _counter(stmt)
        simple = all(isinstance(s, (ir.Assign, ir.Augment, ir.Store)) for s in body)
        if not simple or counter in bound_in(stmt.body):
            return None
        names = sorted({activity.root(s.target) for s in body if isinstance(s, ir.Store)} & self.zeros.keys())
        places = {name: self.own_element(name, body, counter, bounds) for name in names}
        return Making(begun, stmt, counter, *bounds, {name: k for name, k in places.items() if k is not None})

    def own_element(self, name: str, body: Sequence[Any], counter: str, bounds: tuple[Dim, Dim]) -> int | None:
        """Where the element lies, less the counter, that an iteration sets once, and reads only then."""
        elements = elements_of(name, body)
        first = next(s for s in body if name in ir.names(s))
        begins = isinstance(first, ir.Store) and activity.root(first.target) == name not in ir.names(first.value)
        once = sum(activity.root(s.target) == name for s in body) == 1
        if elements is None or len({*elements}) > 1 or not begins or not once or not self.memory.is_alone(name):
            return None
        if (bound_in(body) | {counter}) & ir.names(elements[0].items[:-1]):
            return None
        fits = self.is_double(name) and self.is_number(first.value)
        return offset_of(elements[0], counter) if fits and self.exists(elements[0], counter, bounds) else None

    def gathering(self, stmt: ir.Stmt, making: Making) -> Gathering | None:
        """A loop that does nothing but gather what the first one has set, between zeros."""
        bounds = self.fixed_range(stmt)
        own = stmt.body[0] if isinstance(stmt, ir.For) and len(stmt.body) == 1 else None
        if bounds is None or not isinstance(stmt, ir.For) or not isinstance(own, (ir.Store, ir.Augment)):
            return None
        place, counter, op = own.target, _counter(stmt), own.op if isinstance(own, ir.Augment) else ""
        reads = self.spare(making, own)
        if op not in ("", "+", "-") or not reads or not isinstance(place, ir.Index):
            return None
        if not self.is_adjoint(place, counter):
            return None
        if not all(self.exists(n, counter, bounds) for n in (place, *reads)):
            return None
        ahead = {n: offset_of(n, counter) for n in reads}
        known = {n: k - making.places[activity.root(n)] for n, k in ahead.items() if k is not None}
        lag, offset = max(known.values(), default=0), offset_of(place, counter)
        left, back = bounds[1] - making.end + lag, {n: lag - k for n, k in known.items()}
        if offset is None or len(back) != len(reads) or bounds[0] != making.begin - lag or not left.is_const:
            return None
        near = 0 <= left.const <= FURTHEST and max(back.values()) <= FURTHEST
        if not near or counter in ir.names(put(own.value, dict.fromkeys(back, ZERO))):
            return None
        return Gathering(place, counter, op, own.value, offset - lag, left.const, back)

    def spare(self, making: Making, own: ir.Store | ir.Augment) -> list[ir.Index]:
        """What a statement reads of the arrays that the first loop sets, if nobody else knows them; else nothing."""
        found: list[ir.Index] = []
        for name in sorted({activity.root(n) for n in ir.walk(own.value) if isinstance(n, ir.Index)}):
            elements = elements_of(name, (own.value,))
            known = self.mentions[name] - count_of(name, (making.loop.body, own))  # one is that of the zeros
            if not elements or name not in making.places or self.zeros[name] != 1 or known != 1:
                return []
            rows = {n.items[:-1] for n in (*elements, *(elements_of(name, (making.loop.body,)) or ()))}
            if len(rows) > 1:
                return []
            found += elements
        return list(dict.fromkeys(found))

    def may_follow(
        self, making: Making, gathering: Gathering, between: Sequence[ir.Stmt], second: ir.Stmt, live: set[str]
    ) -> bool:
        """Whether the second loop may move to the first, ahead of what stands in between; live: what is read behind."""
        body, array, others = making.loop.body, gathering.array, tuple(between)
        assert isinstance(second, ir.For)
        counter, group = ir.names(second.target), self.memory.group(array)
        touched = [n for n in ir.names((body, others)) if self.memory.is_array(n) and self.memory.group(n) == group]
        steady = (ir.names(second.body) | {array}) - counter - set(gathering.sources)
        if counter & live or steady & (bound_in(body) | bound_in(others) | {making.counter}):
            return False
        if set(touched) - {array} or array in ir.names(others):
            return False
        return not touched or self.is_done_with(making, gathering)

    def is_done_with(self, making: Making, gathering: Gathering) -> bool:
        """Whether the first loop has left an element when the second one comes to it.

        It reads elements that lie no further back, or reads and sets one, which the second one comes to at once or in
        the next iteration.
        """
        body, array = ir.flat(making.loop.body), gathering.array
        elements = elements_of(array, body) or []
        offsets = [offset_of(n, making.counter) for n in elements]
        writing = [s for s in body if activity.root(s.target) == array]
        same = all(beside(n, making.counter) == beside(gathering.place, gathering.counter) for n in elements)
        if not offsets or None in offsets or not same:
            return False
        if not writing:
            return min(k for k in offsets if k is not None) >= gathering.offset
        (*_, last) = (s for s in body if array in ir.names(s))
        ends = writing == [last] and isinstance(last, ir.Store) and self.is_number(last.value)
        near = offsets[0] == gathering.offset or offsets[0] == gathering.offset + 1 and gathering.left > 0
        return ends and near and len(set(elements)) == 1 and gathering.op != ""

    # ---- what is known ----

    def fixed_range(self, stmt: ir.Stmt) -> tuple[Dim, Dim] | None:
        """The first value of a loop's counter and the end, where they are the same whenever the loop runs."""
        if not isinstance(stmt, ir.For) or stmt.stop is not None or stmt.pragma or stmt.every or stmt.orelse:
            return None
        call = stmt.iter
        if not isinstance(call, ir.Call) or call.args[2:] != (ir.Const(1),) or not isinstance(stmt.target, ir.Name):
            return None
        begin, end = map(types.number, call.args[:2])
        changing = ir.names(call) & (self.rebound | self.counters)
        return None if begin is None or end is None or changing else (begin, end)

    def exists(self, place: ir.Index, counter: str, bounds: tuple[Dim, Dim]) -> bool:
        """Whether there is such an element, along the axis that the counter runs along, in every iteration."""
        base = self.prover.shapes.types.get(activity.root(place))
        dims = self.prover.shapes.dims(base) if isinstance(base, Num) else None
        self.prover.open.clear()
        for item, extent in zip(place.items, dims or (None,) * len(place.items)):
            if counter in ir.names(item):
                self.prover.inside(item, extent, {counter: (bounds[0], bounds[1] - 1)})
        return not self.prover.open

    def is_adjoint(self, place: ir.Index, counter: str) -> bool:
        """Whether this is an element of an adjoint, where -0.0 may become 0.0, along its last axis."""
        array = activity.root(place)
        along = counter in ir.names(place.items[-1])
        return along and place.base == ir.Name(array) and array in self.memory.loose and self.is_number(place)

    def is_double(self, array: str) -> bool:
        kind = self.types.get(array)
        return isinstance(kind, Num) and kind.dtype == "float64"

    def is_number(self, expr: ir.Expr) -> bool:
        kind = types.infer(expr, self.types, [])
        return isinstance(kind, Num) and kind.dtype == "float64" and kind.dims == ()


def _counter(loop: ir.For) -> str:
    assert isinstance(loop.target, ir.Name)
    return loop.target.id


def _is_passed(stmt: ir.Stmt) -> bool:
    """Whether what follows a statement follows in any case."""
    leaving = (ir.Break, ir.Continue, ir.Return, ir.Do, ir.Yield, ir.Leave)
    return not any(isinstance(n, leaving) for n in ir.walk(stmt))
