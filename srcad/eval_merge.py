"""Where two paths meet: one state from two, and the assignments each path needs so that both use the same variables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from srcad import ir
from srcad.eval_core import Evaluator, Restart, merge_types, shape_class
from srcad.values import Box, Conflict, Dyn, Known, Ptr, State, Value

Body = tuple[ir.Stmt, ...]


class Merge:
    """One merge of states a and b; `fix_a` and `fix_b` are (variable, expression) pairs to assign on each path."""

    def __init__(self, ev: Evaluator, a: State, b: State) -> None:
        self.ev, self.a, self.b = ev, a, b
        self.fix_a: list[tuple[str, ir.Expr]] = []
        self.fix_b: list[tuple[str, ir.Expr]] = []
        self.heap: dict[int, Box] = {}
        self.pairs: dict[tuple[int, int], Value] = {}

    def run(self) -> State:
        frames: dict[str, dict[str, Value]] = {}
        for frame in self.a.frames | self.b.frames:
            own, other = self.a.frames.get(frame, {}), self.b.frames.get(frame, {})
            if frame == "#temps":
                frames[frame] = {k: max(own.get(k, 0), other.get(k, 0)) for k in own | other}  # type: ignore[type-var,misc]
                continue
            frames[frame] = {
                name: self.value(frame, name, own.get(name), other.get(name)) for name in _in_order(own, other)
            }
        for id_ in self.a.heap | self.b.heap:
            if id_ not in self.heap:
                self.heap[id_] = self.box(id_, self.a.heap.get(id_), self.b.heap.get(id_))
        return State(frames, self.heap)

    def value(self, frame: str, name: str, a: Value | None, b: Value | None) -> Value:
        if a is None or b is None:
            return a if b is None else b  # type: ignore[return-value]
        if a == b:
            if isinstance(a, Ptr):
                self.heap.setdefault(a.id, self.box(a.id, self.a.heap.get(a.id), self.b.heap.get(a.id)))
            return a
        if isinstance(a, Dyn) and isinstance(b, Dyn):
            return self.number(frame, name, a, b)
        if isinstance(a, Ptr) and isinstance(b, Ptr):
            return self.container(frame, name, a, b)
        if isinstance(a, Known) and isinstance(b, Known) and _same(a.value, b.value):
            return a
        return Conflict(f"is {_what(a)} on one path and {_what(b)} on another")

    def number(self, frame: str, name: str, a: Dyn, b: Dyn) -> Value:
        type_ = merge_types(a.type, b.type)
        const = a.const if a.const is not None and a.const == b.const else None
        if a.expr == b.expr:
            return Dyn(a.expr, type_, const)  # type: ignore[arg-type]
        merged = ("merge", frame, name)
        if shape_class(a.type) != shape_class(b.type) and merged not in self.ev.cx.decisions:
            return Conflict("is an array on one path and a number on another", merged)
        slot = self.ev.slot(name, type_, frame)
        self.ev.note_type(slot, type_)
        for fixes, side in ((self.fix_a, a), (self.fix_b, b)):
            if side.expr != ir.Name(slot):
                fixes.append((slot, side.expr))
        return Dyn(ir.Name(slot), type_, const)  # type: ignore[arg-type]

    def container(self, frame: str, name: str, a: Ptr, b: Ptr) -> Value:
        """Two containers under one name: one new container where their structure is the same."""
        if (a.id, b.id) in self.pairs:
            return self.pairs[a.id, b.id]
        one, two = self.a.heap[a.id], self.b.heap[b.id]
        if (one.kind, one.keys, one.cls) != (two.kind, two.keys, two.cls):
            self.dynamic(one, two)
            return Conflict("is a container of another structure on another path")
        items = [
            self.value(frame, f"{name}_{key}", x, y) for key, x, y in zip(one.keys, one.items, two.items, strict=True)
        ]
        self.ev.cx.boxes += 1
        new = self.ev.cx.boxes
        self.heap[new] = replace(one, items=tuple(items), expr=None, bound=True)
        self.pairs[a.id, b.id] = Ptr(new)
        return Ptr(new)

    def box(self, id_: int, a: Box | None, b: Box | None) -> Box:
        if a is None or b is None or a == b:
            return a if b is None else b  # type: ignore[return-value]
        if a.keys != b.keys:
            self.dynamic(a, b)
            return replace(a, items=tuple(Conflict("differs between paths") for _ in a.items))
        items = [self.value("#box", f"{_base(x, y)}", x, y) for key, x, y in zip(a.keys, a.items, b.items, strict=True)]
        return replace(a, items=tuple(items), expr=None, bound=a.bound and b.bound)

    def dynamic(self, a: Box, b: Box) -> None:
        """Lists of different lengths: lists whose length is known at run time only."""
        for box in (a, b):
            if box.kind == "list" and isinstance(box.site, tuple) and box.site[0] == "list":
                if ("dynamic", box.site) not in self.ev.cx.decisions:
                    raise Restart(("dynamic", box.site))


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


def _what(value: Value) -> str:
    if isinstance(value, Dyn):
        return "a number or array"
    if isinstance(value, Ptr):
        return "a container"
    if isinstance(value, Known):
        return repr(value.value) if isinstance(value.value, (str, type(None), bool)) else "a fixed value"
    return "a function"


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
