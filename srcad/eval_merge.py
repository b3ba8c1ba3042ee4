"""Where two paths meet: one state from two, and the assignments each path needs so that both use the same variables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from srcad import eval_lists, eval_optional, ir
from srcad.eval_core import Evaluator, Restart, merge_types, shape_class
from srcad.eval_order import may_be_array, names_in, pointers_in
from srcad.types import Seq, is_scalar, rank
from srcad.values import Box, Conflict, Dyn, Generator, Known, Lazy, Maybe, Ptr, State, Stream, Text, Value

Body = tuple[ir.Stmt, ...]


class Merge:
    """One merge of states a and b; `fix_a` and `fix_b` are (variable, expression) pairs to assign on each path.

    otherwise: the decision that does without this merge, for where something cannot be one variable.
    entry: for a loop, the state before it: what has no value there needs none on path a, the way in.
    """

    def __init__(
        self,
        ev: Evaluator,
        a: State,
        b: State,
        otherwise: tuple[Any, ...] | None = None,
        entry: State | None = None,
    ) -> None:
        self.ev, self.a, self.b, self.otherwise, self.before = ev, a, b, otherwise, entry
        self.fresh = False  # whether what is being merged has no value on the way into the loop
        self.same = SamePlaces(ev, a, b)
        self.apart: set[tuple[str, str]] = (
            set()
        )  # (frame, name) that must not stay in the variable it has on both paths
        self.fix_a: list[tuple[str, ir.Expr]] = []
        self.fix_b: list[tuple[str, ir.Expr]] = []
        self.taken: dict[str, tuple[ir.Expr, ir.Expr]] = {}
        self.kept: list[tuple[str, str, Value]] = []

    def run(self) -> State:
        """The merged state; tried again while something is left in a variable that a path must assign."""
        while True:
            state = self._attempt()
            targets = {name for name, _ in (*self.fix_a, *self.fix_b)}
            stale = {(frame, name) for frame, name, value in self.kept if targets & set(names_in(value))}
            if not stale - self.apart:
                return state
            self.apart |= stale

    def _attempt(self) -> State:
        self.fix_a, self.fix_b, self.taken, self.kept = [], [], {}, []
        frames: dict[str, dict[str, Value]] = {}
        for frame in self.a.frames | self.b.frames:
            own, other = self.a.frames.get(frame, {}), self.b.frames.get(frame, {})
            if frame == "#temps":
                frames[frame] = {k: max(own.get(k, 0), other.get(k, 0)) for k in own | other}  # type: ignore[type-var,misc]
            elif frame in ("#loops", "#used"):
                frames[frame] = own | other
            else:
                frames[frame] = {k: self.entry(frame, k, own.get(k), other.get(k)) for k in _in_order(own, other)}
        self.fresh = False
        heap = {new: self.merged_box(pair, new) for pair, new in self.same.ids.items()}
        # what nothing holds on both paths is of no more use, unless an expression is still being evaluated with it
        unchanged = {k: box for k, box in self.a.heap.items() if self.b.heap.get(k) == box}
        heap = {**{k: box for k, box in unchanged.items() if k not in heap}, **heap}
        return State(frames, heap)

    def entry(self, frame: str, name: str, a: Value | None, b: Value | None) -> Value:
        if frame == "#objects" and (a is None or b is None):
            original = self.ev.cx.originals.get(name, self.conflict("is set on one path only"))
            a, b = a or original, b or original
        if frame == "#objects":
            self.fresh, name = False, f"{name.rpartition('.')[2]}#{name}"
        else:
            self.fresh = self.before is not None and name not in self.before.frames.get(frame, {})
        return self.value(frame, name, a, b)

    def value(self, frame: str, name: str, a: Value | None, b: Value | None) -> Value:
        if a is None or b is None:
            found = a if b is None else b
            assert found is not None
            if isinstance(found, Ptr):
                return Ptr(self.same.ids.get((found.id, found.id), found.id))
            self.kept.append((frame, name, found))
            return found
        if isinstance(a, Dyn) and isinstance(b, Dyn):
            return self.number(frame, name, a, b)
        if isinstance(a, Ptr) and isinstance(b, Ptr):
            return self.container(a, b)
        if isinstance(a, Lazy) and isinstance(b, Lazy) and _same_lazy(a, b):
            args = zip(a.args, b.args, strict=True)
            return replace(a, args=tuple(self.value(frame, f"{name}_{k}", x, y) for k, (x, y) in enumerate(args)))
        optional = eval_optional.parts(a, b)
        if optional is not None:
            return self.optional(frame, name, *optional)
        if a == b or isinstance(a, Known) and isinstance(b, Known) and _same(a.value, b.value):
            self.kept.append((frame, name, a))
            if (frame, name) in self.apart:
                return self.conflict("reads a variable that changes between the paths")
            return a
        one, two = _what(a, self.a), _what(b, self.b)
        return self.conflict(f"is {one} on one path and {two} on another")

    def optional(self, frame: str, name: str, a: tuple[Value, Value], b: tuple[Value, Value]) -> Value:
        """A number on one path and None on the other."""
        absent, value = (self.value(frame, n, x, y) for n, x, y in zip((f"{name}_is_none", name), a, b, strict=True))
        if isinstance(value, Conflict):
            return value
        assert isinstance(absent, Dyn) and isinstance(value, Dyn)
        return Maybe(absent, value)

    def number(self, frame: str, name: str, a: Dyn, b: Dyn) -> Value:
        type_ = merge_types(a.type, b.type)
        const = a.const if a.const is not None and a.const == b.const else None
        if a.expr == b.expr and (frame, name) not in self.apart:
            self.kept.append((frame, name, a))
            return Dyn(a.expr, type_, const)  # type: ignore[arg-type]
        one, two = rank(a.type), rank(b.type)
        if one and two and one != two:
            return self.conflict(f"has {one} {'axis' if one == 1 else 'axes'} on one path and {two} on another")
        merged = ("merge", frame, name)
        if shape_class(a.type) != shape_class(b.type) and merged not in self.ev.cx.decisions:
            return Conflict("is an array on one path and a number on another", merged)
        slot = self.slot(name, type_, frame, (a.expr, b.expr))
        if isinstance(a.type, Seq) and isinstance(b.type, Seq) and a.type != b.type:
            self.lists(slot, a, b)
        self.ev.note_type(slot, type_)
        if may_be_array(self.ev, a) or may_be_array(self.ev, b):
            self.ev.cx.zero_d.add(slot)
        for fixes, side in ((self.fix_a, a), (self.fix_b, b)):
            nothing = self.fresh and fixes is self.fix_a
            if not nothing and side.expr != ir.Name(slot) and (slot, side.expr) not in fixes:
                fixes.append((slot, side.expr))
        return Dyn(ir.Name(slot), type_, const)  # type: ignore[arg-type]

    def lists(self, slot: str, a: Dyn, b: Dyn) -> None:
        """A list that was taken for empty, and what it is on the other path."""
        for one, other in ((a, b), (b, a)):
            name = one.expr.id if isinstance(one.expr, ir.Name) else ""
            decided = any(d[:2] == ("items", self.ev.same_again(slot)) for d in self.ev.cx.decisions)
            if name in self.ev.cx.empty and one.type == eval_lists.UNDECIDED and not decided:
                raise eval_lists.known_items(self.ev, slot, other.type)

    def slot(self, name: str, type_: Any, frame: str, pair: tuple[ir.Expr, ir.Expr]) -> str:
        """A variable that holds nothing else after this merge."""
        slot, k = self.ev.slot(name, type_, frame), 1
        while self.taken.setdefault(slot, pair) != pair:
            k += 1
            slot = self.ev.slot(f"{name}#{k}", type_, frame)
        return slot

    # ---- containers ----

    def container(self, a: Ptr, b: Ptr) -> Value:
        """Two containers under one name: one container where their structure is the same."""
        one, two = self.a.heap[a.id], self.b.heap[b.id]
        if (one.kind, one.keys, one.cls) != (two.kind, two.keys, two.cls):
            self.dynamic(one, two)
            return self.conflict("is a container of another structure on another path")
        return Ptr(self.same.ids[a.id, b.id])

    def merged_box(self, pair: tuple[int, int], new: int) -> Box:
        frame, name = self.same.names[pair]
        self.fresh = self.before is not None and pair[0] not in self.before.heap
        one, two = self.a.heap.get(pair[0]), self.b.heap.get(pair[1])
        if one is None or two is None or pair[0] == pair[1]:
            return replace(self.box(new, one, two, frame, name), maybe=self.same.maybe(pair))
        items = [
            self.value(frame, f"{name}_{key}", x, y) for key, x, y in zip(one.keys, one.items, two.items, strict=True)
        ]
        return replace(one, items=tuple(items), expr=None, bound=True, maybe=self.same.maybe(pair))

    def box(self, id_: int, a: Box | None, b: Box | None, frame: str = "#box", name: str = "") -> Box:
        if a is None or b is None:
            only = a if b is None else b
            assert only is not None
            items = [self.value("#box", f"{id_}_{k}", x, None) for k, x in enumerate(only.items)]
            return replace(only, items=tuple(items))
        if a.keys != b.keys:
            self.dynamic(a, b)
            return replace(a, items=tuple(self.conflict("differs between paths") for _ in a.items))
        items = [self.value("#box", _base(x, y), x, y) for x, y in zip(a.items, b.items, strict=True)]
        same = a == b and tuple(items) == a.items
        return a if same else replace(a, items=tuple(items), expr=None, bound=a.bound and b.bound)

    def conflict(self, reason: str) -> Conflict:
        return Conflict(reason, self.otherwise)

    def dynamic(self, a: Box, b: Box) -> None:
        """Lists of different lengths: lists whose length is known at run time only, if all their items are alike."""
        if self.otherwise is not None and not all(isinstance(item, Dyn) for item in (*a.items, *b.items)):
            raise Restart(self.otherwise)
        for box in (a, b):
            if box.growing and ("dynamic", box.site) not in self.ev.cx.decisions:
                raise Restart(("dynamic", box.site))


class SamePlaces:
    """Which containers of two paths meet under the same names, and what each such pair is called afterwards.

    A pair keeps the identity that it has on path a where no other pair has a claim to it, so that a loop's containers
    are the same ones in every round. Two pairs that are one object on one path and two on the other may be the same.
    """

    def __init__(self, ev: Evaluator, a: State, b: State) -> None:
        self.a, self.b = a, b
        self.names: dict[tuple[int, int], tuple[str, str]] = {}
        for frame in a.frames | b.frames:
            if frame not in ("#temps", "#loops", "#used"):
                own, other = a.frames.get(frame, {}), b.frames.get(frame, {})
                for name in _in_order(own, other):
                    self.visit(frame, name, own.get(name, other.get(name)), other.get(name, own.get(name)))
        for k, pointer in enumerate(p for values in ev.pending for v in values for p in pointers_in(v)):
            self.visit("#held", str(k), pointer, pointer)
        self.ids = self.chosen(ev)

    def visit(self, frame: str, name: str, a: Value | None, b: Value | None) -> None:
        if not isinstance(a, Ptr) or not isinstance(b, Ptr):
            for side in (a, b):
                for part in pointers_in(side) if side is not None else ():
                    self.visit(frame, name, part, part)
            return
        if (a.id, b.id) in self.names:
            return
        one, two = self.a.heap.get(a.id), self.b.heap.get(b.id)
        if a.id != b.id and (
            one is None or two is None or (one.kind, one.keys, one.cls) != (two.kind, two.keys, two.cls)
        ):
            for side in (a, b):
                self.visit(frame, name, side, side)
            return
        self.names[a.id, b.id] = (frame, name)
        one, two = one or two, two or one
        assert one is not None and two is not None
        if one.keys == two.keys:
            for key, x, y in zip(one.keys, one.items, two.items, strict=True):
                self.visit(frame, f"{name}_{key}", x, y)

    def chosen(self, ev: Evaluator) -> dict[tuple[int, int], int]:
        ids: dict[tuple[int, int], int] = {pair: pair[0] for pair in self.names if pair[0] == pair[1]}
        taken = set(ids.values())
        for pair in self.names:
            if pair in ids:
                continue
            if pair[0] in taken:
                ev.cx.boxes += 1
            ids[pair] = ev.cx.boxes if pair[0] in taken else pair[0]
            taken.add(ids[pair])
        return ids

    def maybe(self, pair: tuple[int, int]) -> frozenset[int]:
        """The containers that may be this one, though they have another name."""
        one, two = self.a.heap.get(pair[0]), self.b.heap.get(pair[1])
        before = one.maybe if one is not None else frozenset(), two.maybe if two is not None else frozenset()
        return frozenset(
            new
            for other, new in self.ids.items()
            if other != pair
            and ((other[0] == pair[0]) != (other[1] == pair[1]) or other[0] in before[0] or other[1] in before[1])
        )


def _same_lazy(a: Lazy, b: Lazy) -> bool:
    return (a.kind, a.serial, len(a.args)) == (b.kind, b.serial, len(b.args))


def _base(a: Value, b: Value) -> str:
    for side in (a, b):
        if isinstance(side, Dyn) and isinstance(side.expr, ir.Name):
            return side.expr.id
    return "item"


def _in_order(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    return [*a, *(k for k in b if k not in a)]


def _same(a: Any, b: Any) -> bool:
    if a is b:
        return True
    return type(a) is type(b) and isinstance(a, (str, int, float, bool, type(None), slice, tuple)) and a == b


def _what(value: Value, state: State) -> str:
    if isinstance(value, Dyn):
        return (
            "a list of unknown length"
            if isinstance(value.type, Seq)
            else "a number"
            if is_scalar(value.type)
            else "an array"
        )
    if isinstance(value, Ptr):
        kind = state.heap[value.id].kind
        return f"an {kind}" if kind == "object" else f"a {kind}"
    if isinstance(value, Known):
        return repr(value.value) if isinstance(value.value, (str, type(None), bool)) else "a fixed value"
    if isinstance(value, (Conflict, Maybe)):
        return "of several kinds" if isinstance(value, Conflict) else "a number or None"
    return (
        "an iterator"
        if isinstance(value, (Lazy, Generator, Stream))
        else "text"
        if isinstance(value, Text)
        else "a function"
    )


def assignments(ev: Evaluator, pairs: list[tuple[str, ir.Expr]], loc: ir.Loc | None) -> Body:
    outer, ev.out = ev.out, []
    ev.assign_parallel(pairs, loc)
    found, ev.out = tuple(ev.out), outer
    return found


def merge_branches(
    ev: Evaluator, a: State, b: State, body: Body, orelse: Body, loc: ir.Loc | None
) -> tuple[Body, Body, State]:
    merge = Merge(ev, a, b)
    state = merge.run()
    return body + assignments(ev, merge.fix_a, loc), orelse + assignments(ev, merge.fix_b, loc), state
