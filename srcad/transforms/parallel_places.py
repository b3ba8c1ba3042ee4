"""Elements of arrays that the iterations of a loop access, and whether two of them may meet in one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from srcad import bounds, ir, types
from srcad.dims import Dim
from srcad.shapes import not_negative
from srcad.transforms import alias
from srcad.transforms.loops_memory import SHAPE
from srcad.transforms.parallel_facts import TURNED, Context, Serial
from srcad.types import Num

READ, WRITE, ADD = "read", "write", "add"


@dataclass
class Accesses:
    """The places in arrays that a body accesses, and in which way; views of arrays count as what they are views of."""

    context: Context
    bound: frozenset[str]
    found: dict[str, list[tuple[tuple[ir.Expr, ...], str]]] = field(default_factory=dict)
    views: list[tuple[str, str, tuple[ir.Expr, ...]]] = field(default_factory=list)

    def shared(self) -> list[tuple[str, list[tuple[tuple[ir.Expr, ...], str]]]]:
        """Those in arrays from outside."""
        for _ in range(len(self.views)):  # what is done to a view is done to its base, that of a view of it, too
            for name, base, items in self.views:
                for kind in {kind for _, kind in self.found.get(name, [])}:
                    self.note(base, items, kind)
        return [(name, found) for name, found in sorted(self.found.items()) if name not in self.bound]

    def note(self, name: str, items: tuple[ir.Expr, ...], kind: str) -> None:
        known = self.found.setdefault(name, [])
        if (items, kind) not in known:
            known.append((items, kind))

    def block(self, body: Sequence[ir.Stmt]) -> None:
        for stmt in body:
            self.statement(stmt)

    def statement(self, stmt: ir.Stmt) -> None:
        match stmt:
            case ir.Store(target, value):
                self.write(target, WRITE)
                self.reads(value)
            case ir.Augment(ir.Index() as target, op, value):
                self.write(target, ADD if op in "+-" else WRITE)
                self.reads(value)
            case ir.Assign(target, value):
                self.assign(ir.names(target), value)
            case ir.For(_, over, body, stop):
                self.reads((over, *([stop] if stop is not None else [])))
                self.block(body)
            case ir.While(test, body, stop):
                self.reads((test, *([stop] if stop is not None else [])))
                self.block(body)
            case ir.If(test, body, orelse):
                self.reads(test)
                self.block((*body, *orelse))
            case ir.Block(_, body):
                self.block(body)
            case _:
                self.reads(stmt)

    def write(self, target: ir.Index, kind: str) -> None:
        self.reads(target.items)
        while isinstance(target.base, ir.Index):
            target = target.base
            self.reads(target.items)
        if not isinstance(target.base, ir.Name):
            raise Serial("it writes into an expression")
        self.note(target.base.id, target.items, kind)

    def assign(self, targets: set[str], value: ir.Expr) -> None:
        """Arrays that are set are views of others, or new."""
        shared = alias.shares(value, self.context.types)
        arrays = [name for name in targets if self.context.is_array(name)]
        if not arrays or not shared:
            self.reads(value)
            return
        if isinstance(value, ir.Call) and isinstance(value.fn, ir.Ref) and value.fn.path in TURNED:
            self.reads(value.args[1:])
            value = value.args[0]
        place: ir.Index = value if isinstance(value, ir.Index) else ir.Index(value, ())
        while isinstance(place.base, ir.Index):  # a part of a part
            self.reads(place.items)
            place = place.base
        if not isinstance(place.base, ir.Name) or len(arrays) > 1:
            raise Serial(f"{arrays[0]} may be part of {sorted(shared)[0]}")
        self.reads(place.items)
        self.note(place.base.id, place.items, READ)
        self.views.append((arrays[0], place.base.id, place.items))

    def reads(self, node: Any) -> None:
        if isinstance(node, ir.Index) and isinstance(node.base, ir.Name) and self.context.is_array(node.base.id):
            self.note(node.base.id, node.items, READ)
            self.reads(node.items)
        elif isinstance(node, ir.Attr) and node.name in SHAPE and isinstance(node.base, ir.Name):
            return
        elif isinstance(node, ir.Name):
            if self.context.is_array(node.id):
                self.note(node.id, (), READ)
        else:
            for child in ir.children(node):
                self.reads(child)


def refuse_sharing(name: str, body: Sequence[ir.Stmt], bound: set[str], context: Context) -> None:
    """Another variable of the body may hold (part of) the same memory."""
    group = context.memory.group(name)
    for other in sorted(ir.names(tuple(body)) - bound - {name}):
        if context.is_array(other) and context.memory.group(other) == group and not {name, other} & context.fresh:
            raise Serial(f"{name} and {other} may share memory")


# ---- indices ----


def singles_in(body: Sequence[ir.Stmt], private: Set[str], context: Context) -> dict[str, Num]:
    """Integers that are set once in the body, in linear form."""
    counts: dict[str, list[ir.Expr | None]] = {}
    for node in ir.walk(tuple(body)):
        if isinstance(node, ir.Assign) and isinstance(node.target, ir.Name):
            counts.setdefault(node.target.id, []).append(node.value)
        elif isinstance(node, (ir.Assign, ir.For, ir.Augment)):
            for name in ir.names(node.target) if not isinstance(node.target, ir.Index) else ():
                counts.setdefault(name, []).append(None)
    found: dict[str, Num] = {}
    for name, values in counts.items():
        if name in private and types.is_integer(context.types.get(name, types.UNKNOWN)) and len(values) == 1:
            number = None if values[0] is None else types.number(values[0], found)
            if number is not None:
                found[name] = Num("int64", (), number=number)
    return found


def spans_in(body: Sequence[ir.Stmt], counter: str, read: Set[str]) -> dict[str, str]:
    """Counters of loops ``for k in range(rows[i], rows[i + 1])``, i being the `counter`, and the array of each. read:
    arrays from outside to which the body does nothing else."""
    found: dict[str, set[str | None]] = {}
    for node in ir.walk(tuple(body)):
        if isinstance(node, (ir.Assign, ir.For)) or isinstance(node, ir.Augment) and isinstance(node.target, ir.Name):
            array = _span(node, counter) if isinstance(node, ir.For) else None
            for name in ir.names(node.target):
                found.setdefault(name, set()).add(array if array in read else None)
    return {name: array for name, arrays in found.items() for array in arrays if len(arrays) == 1 and array is not None}


def _span(loop: ir.For, counter: str) -> str | None:
    """The array of a loop from one of its elements to the next, in either direction."""
    one = ir.Const(1)
    match loop.iter:
        case ir.Call(ir.Ref("builtins.range"), (first, last, ir.Const(1))):
            pass
        case ir.Call(
            ir.Ref("builtins.range"), (ir.Binary("-", last, ir.Const(1)), ir.Binary("-", first, ir.Const(1)), step)
        ) if step in (ir.Const(-1), ir.Unary("-", one)):
            pass
        case _:
            return None
    name = first.base.id if isinstance(first, ir.Index) and isinstance(first.base, ir.Name) else ""
    here, next_ = ir.Name(counter), ir.Binary("+", ir.Name(counter), one)
    is_span = first == ir.Index(ir.Name(name), (here,)) and last == ir.Index(ir.Name(name), (next_,))
    return name if is_span and isinstance(loop.target, ir.Name) else None


@dataclass(frozen=True)
class Space:
    """The iterations, and what is known of indices in them."""

    counter: str
    low: ir.Expr
    high: ir.Expr
    bound: Set[str]
    singles: Mapping[str, Num]
    context: Context

    def apart(self, name: str, places: Sequence[tuple[ir.Expr, ...]]) -> list[Dim] | None:
        """What must not be negative for no two iterations to meet at these places; None if they may meet anyhow."""
        along = [self.axes(items) for items in places]
        for axis in range(min(map(len, along))):
            forms = [items[axis] for items in along]
            guards = None if None in forms else self.distinct(forms)  # type: ignore[arg-type]
            if guards is not None:
                return guards
        return None

    def between(self, places: Sequence[tuple[ir.Expr, ...]], spans: Mapping[str, str]) -> str | None:
        """The array that must rise for no two iterations to meet at these places: along one axis, all of them are
        counters of loops from one of its elements to the next."""
        start = types.number(self.low)
        if start is None or not not_negative(bounds.extreme(start, self.context.ranges, 0)):
            return None
        for axis in range(min(map(len, places), default=0)):
            items = [place[axis] for place in places]
            arrays = {spans.get(item.id) if isinstance(item, ir.Name) else None for item in items}
            whole = all(not isinstance(item, ir.Slice) for place in places for item in place[:axis])
            if whole and len(arrays) == 1 and None not in arrays:
                return arrays.pop()
        return None

    def axes(self, items: tuple[ir.Expr, ...]) -> list[Dim | None]:
        """The linear form of each index, for the first axes; None for slices and what is not linear."""
        found: list[Dim | None] = []
        for item in items:
            if item == ir.ELLIPSIS:
                break
            if item == ir.NONE:
                continue
            if isinstance(item, ir.Slice):
                found.append(None)
                continue
            kind = types.infer(item, self.context.types)
            if not types.is_scalar(kind) or not types.is_integer(kind):
                break  # a mask or an array: the axes behind it are others
            found.append(types.number(item, self.singles))
        return found

    def distinct(self, forms: Sequence[Dim]) -> list[Dim] | None:
        """Whether forms of one index are different ones in different iterations: what must not be negative then."""
        factors = {dict(form.terms).get(self.counter, 0) for form in forms}
        if len(factors) != 1 or 0 in factors:
            return None
        (factor,) = factors
        rests = [form - Dim(0, ((self.counter, factor),)) for form in forms]
        between = {rest - rests[0] for rest in rests}
        if not all(d.is_const for d in between) or any(map(self.varies, rests)):
            return None
        if len({d.const % factor for d in between}) < len(between):  # ``2 * i`` and ``2 * i + 1`` never meet
            return None
        lows = [self.lowest(form, factor) for form in dict.fromkeys(forms)]
        return None if None in lows else [low for low in lows if low is not None and not not_negative(low)]

    def varies(self, rest: Dim) -> bool:
        """Whether a number changes from iteration to iteration, or within one."""
        names = {name for text in rest.symbols for name in re.findall(r"[^\W\d]\w*", text)}
        return bool(names & (set(self.bound) | {self.counter}))

    def lowest(self, form: Dim, factor: int) -> Dim | None:
        """The least value of an index: a negative one is counted from the other end."""
        end = types.number(self.low if factor > 0 else self.high)
        if end is None:
            return None
        end = end if factor > 0 else end - 1
        least = form - Dim(0, ((self.counter, factor),)) + end * factor
        known = bounds.extreme(least, self.context.ranges, 0)
        return known if not_negative(known) else least
