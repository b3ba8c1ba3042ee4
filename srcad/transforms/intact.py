"""intact: writes into arrays that lose nothing, and values that are read back from where they were written.

``x[i] = (b[i] - L[i, :i] @ x[:i]) / L[i, i]`` for rising i: what x[i] held before is read nowhere, so it needs no
record, although x is read; and the quotient is there when the reverse sweep comes by: the derivative by the divisor
reads it instead of dividing again, and the dot product is not recorded. Solvers and factorisations are made of such
statements (Smith 1995, "Differentiation of the Cholesky Algorithm": the reverse sweep reads the results).

Before and after: the steps between `reverse` and `record`. After, steps are marked whose write overwrites no element
that the adjoint of an earlier step, or of the same one, reads; and adjoints read an element just written in place of
the number that was written there. Elements are compared in linear forms of the counters (`places`); what is not proven
stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from srcad import ir, types
from srcad.transforms import activity, alias, recompute
from srcad.transforms.effects import killed, reset
from srcad.transforms.places import Place, Round, Space
from srcad.transforms.sweep import Branch, Context, Loop, Segment, Step, Sweep, nested, primals, simple_steps
from srcad.types import Num

MOST = 400  # pairs of a read and a write of one array that are compared
_AFTER = ir.Ref("srcad.after")  # after(x[i]): the element as the step that writes it leaves it

Blocks = Callable[[tuple[Any, ...]], tuple[Any, ...]]


def intact(sweep: Sweep) -> Sweep:
    """The sweep with such writes marked, and with adjoints that read what they wrote."""
    if sweep.program.routines or not _writes_elements(sweep.steps):
        return sweep
    finder = _Finder(sweep)
    allowed = {id(step.primal) for step in _every(sweep.steps)}
    while True:
        steps, used = _Rewriter(finder, allowed).block(sweep.steps)
        kept = finder.keeping(steps)
        if used <= kept:
            break
        allowed -= used - kept
    return replace(sweep, steps=_marked(steps, kept))


def _every(steps: Sequence[Any]) -> list[Step]:
    return [found for step in steps for found in simple_steps(step)]


def _writes_elements(steps: Sequence[Any]) -> bool:
    """Whether a loop writes into an array, and no part of the program runs twice."""
    if any(isinstance(s, Segment) for s in _all_steps(steps)):
        return False
    inside = [s for loop in _all_steps(steps) if isinstance(loop, Loop) for s in _every(loop.body)]
    return any(_target(s.primal) is not None for s in inside)


def _all_steps(steps: Sequence[Any]) -> Iterator[Any]:
    for step in steps:
        yield step
        if not isinstance(step, Step):
            yield from _all_steps((*step.body, *(step.orelse if isinstance(step, Branch) else ())))


def _target(stmt: ir.Stmt) -> ir.Index | None:
    """The place of a write into a variable's array."""
    if isinstance(stmt, (ir.Store, ir.Augment)) and isinstance(stmt.target, ir.Index):
        return stmt.target if isinstance(stmt.target.base, ir.Name) else None
    return None


def _inside(step: Any, block: Blocks) -> Any:
    """A step with its blocks replaced."""
    if isinstance(step, Branch):
        return replace(step, body=block(step.body), orelse=block(step.orelse))
    return step if isinstance(step, Step) else replace(step, body=block(step.body))


def _marked(steps: tuple[Any, ...], kept: Set[int]) -> tuple[Any, ...]:
    def one(step: Any) -> Any:
        if not isinstance(step, Step):
            return _inside(step, lambda body: _marked(body, kept))
        adjoint = ir.transform(step.adjoint, lambda n: n.args[0] if _is_after(n) else n)
        return replace(step, adjoint=adjoint, intact=id(step.primal) in kept)

    return tuple(map(one, steps))


def _is_after(node: Any) -> bool:
    return isinstance(node, ir.Call) and node.fn == _AFTER


# ---- which writes lose nothing ----


class _Finder:
    """Reads and writes of the program's arrays by its steps, and which of the writes lose nothing."""

    def __init__(self, sweep: Sweep) -> None:
        self.shapes = sweep.shapes
        every = tuple(s for step in sweep.steps for s in nested(step))
        adjoints = tuple(s for step in _every(sweep.steps) for s in step.adjoint)
        assigned = {n for s in ir.walk(adjoints) if isinstance(s, (ir.Assign, ir.For)) for n in ir.names(s.target)}
        self.counts = Counter(
            n for s in ir.walk(every) if isinstance(s, (ir.Assign, ir.For)) for n in ir.names(s.target)
        )
        self.space = Space(sweep.shapes, sweep.shapes.rebound | assigned | _loop_assigned(every), reset(every))
        shared = alias.relation(replace(sweep.program, body=every, types=sweep.shapes.types))
        arrays = {n for n, kind in sweep.shapes.types.items() if isinstance(kind, Num) and kind.dims}
        self.mentions = Counter(n.id for n in ir.walk(adjoints) if isinstance(n, ir.Name))
        self.arrays = arrays - self.space.moving - set(shared) - set(sweep.bars.values())

    def is_array(self, name: str) -> bool:
        return name in self.arrays

    def keeping(self, steps: Sequence[Any]) -> set[int]:
        """The statements, by identity, that overwrite no element that a step up to there reads."""
        found = _Accesses(self)
        found.block(steps, ())
        kept: set[int] = set()
        for name, writes in found.writes.items():
            reads = [*found.reads.get(name, []), *found.later(name)]
            if name in found.spoiled or not self.is_array(name) or len(reads) * len(writes) > MOST:
                continue
            kept |= {id(s) for s, place in writes if not any(self.space.precedes(read, place) for read in reads)}
        return kept


def _loop_assigned(stmts: Sequence[ir.Stmt]) -> set[str]:
    loops = [s for s in ir.walk(tuple(stmts)) if isinstance(s, (ir.For, ir.While))]
    inside = [n for loop in loops for n in (loop, *ir.walk(loop.body))]
    found = {name for n in inside if isinstance(n, (ir.Assign, ir.For)) for name in ir.names(n.target)}
    return found | {
        n.target.id for n in inside if isinstance(n, (ir.Augment, ir.Pop)) and isinstance(n.target, ir.Name)
    }


@dataclass
class _Accesses:
    """reads: by adjoints; after: of what the statement with this identity has written; spoiled: arrays that are read or
    written in other ways."""

    finder: _Finder
    reads: dict[str, list[Place]] = field(default_factory=dict)
    after: list[tuple[str, int, ir.Index]] = field(default_factory=list)
    writes: dict[str, list[tuple[ir.Stmt, Place]]] = field(default_factory=dict)
    spoiled: set[str] = field(default_factory=set)
    order: int = 0

    def block(self, steps: Sequence[Any], rounds: tuple[Round, ...]) -> None:
        for step in steps:
            if isinstance(step, Step):
                self.order += 1
                self.primal(step.primal, rounds)
                self.read(step.adjoint, rounds)
            elif isinstance(step, Loop):
                self.spoiled |= activity.reads(replace(step.primal, body=()))
                self.block(step.body, (*rounds, self.finder.space.round(step.primal)))
            elif isinstance(step, Branch):
                self.spoiled |= activity.reads(step.primal.test)
                self.block(step.body, rounds)
                self.block(step.orelse, rounds)
            elif isinstance(step, Context):
                self.spoiled |= activity.reads(replace(step.primal, body=()))
                self.block(step.body, rounds)

    def primal(self, stmt: ir.Stmt, rounds: tuple[Round, ...]) -> None:
        target = _target(stmt)
        if target is not None:
            self.spoiled |= set().union(*map(activity.reads, target.items))
            place = self.place(target.items, rounds)
            self.writes.setdefault(activity.root(target), []).append((stmt, place))
            return
        self.spoiled |= killed(stmt)[1]
        if isinstance(stmt, (ir.Push, ir.Pop)):
            self.spoiled |= ir.names(stmt)
        elif rounds and isinstance(stmt, ir.Assign) and recompute.may_be_again(stmt.value):
            self.read(stmt.value, rounds)

    def read(self, node: Any, rounds: tuple[Round, ...]) -> None:
        if _is_after(node):
            self.after.append((activity.root(node.args[0]), node.args[1].value, node.args[0]))
        elif isinstance(node, ir.Index) and isinstance(node.base, ir.Name):
            if self.finder.is_array(node.base.id):
                self.note(node.base.id, self.place(node.items, rounds))
            self.read(node.items, rounds)
        elif isinstance(node, ir.Name):
            if self.finder.is_array(node.id):
                self.note(node.id, self.place(None, rounds))
        elif not _asks_for_shape(node):
            for child in ir.children(node):
                self.read(child, rounds)

    def note(self, name: str, place: Place) -> None:
        self.reads.setdefault(name, []).append(place)

    def place(self, items: tuple[ir.Expr, ...] | None, rounds: tuple[Round, ...]) -> Place:
        shapes = self.finder.shapes
        plain = items is not None and all(
            isinstance(i, ir.Slice) or types.is_scalar(k := shapes.of(i)) and types.is_integer(k) for i in items
        )
        return Place(items if plain else None, self.order, rounds)

    def later(self, name: str) -> list[Place]:
        """Reads of elements as the steps leave that write them."""
        own = {id(stmt): place for stmt, place in self.writes.get(name, [])}
        return [replace(own[stmt], order=own[stmt].order + 0.5) for root, stmt, _ in self.after if root == name]


def _asks_for_shape(node: Any) -> bool:
    if isinstance(node, ir.Attr):
        return node.name in activity.SHAPE_ATTRIBUTES
    is_call = isinstance(node, ir.Call) and isinstance(node.fn, ir.Ref)
    return is_call and (node.fn.path in activity.SHAPE_ONLY or node.fn.path == "srcad.zero")


# ---- reading back ----


@dataclass
class _Rewriter:
    """Adjoints that read the elements that the `allowed` statements, given by identity, write."""

    finder: _Finder
    allowed: Set[int]
    used: set[int] = field(default_factory=set)

    def block(self, steps: tuple[Any, ...]) -> tuple[tuple[Any, ...], set[int]]:
        return self.steps(steps, frozenset()), self.used

    def steps(self, steps: tuple[Any, ...], counters: frozenset[str]) -> tuple[Any, ...]:
        """counters: of the loops around, each of which has one value in an iteration."""
        new = [_inside(step, partial(self.steps, counters=counters | self.counter(step))) for step in steps]
        for k, step in enumerate(new) if counters else ():
            if isinstance(step, Step) and id(step.primal) in self.allowed and isinstance(step.primal, ir.Store):
                target = _target(step.primal)
                if target is not None and self.holds(target, step.primal.value, counters):
                    self.quotient(new, k, target)
                    self.named(new, k, target)
        return tuple(new)

    def counter(self, step: Any) -> Set[str]:
        is_for = isinstance(step, Loop) and isinstance(step.primal, ir.For)
        return ir.names(step.primal.target) - self.finder.space.reset if is_for else frozenset()

    def holds(self, target: ir.Index, value: ir.Expr, counters: frozenset[str]) -> bool:
        """Whether an element, the same throughout an iteration, holds the value as it is: a real of its dtype."""
        own, kind = self.finder.shapes.of(target), self.finder.shapes.of(value)
        known = own.dims == () == kind.dims and own.dtype == kind.dtype and own.dtype in ("float64", "float32")
        steady = not ir.names(target.items) & (self.finder.space.moving - counters)
        return known and steady and self.finder.is_array(activity.root(target))

    def after(self, stmt: ir.Stmt, target: ir.Index) -> ir.Expr:
        self.used.add(id(stmt))
        return ir.Call(_AFTER, (target, ir.Const(id(stmt))))

    def quotient(self, steps: list[Any], k: int, target: ir.Index) -> None:
        """``x[i] = a / b``: the derivative by b, ``-x_bar[i] * a / (b * b)``, becomes ``-x_bar[i] / b * x[i]``."""
        step = steps[k]
        value = step.primal.value
        if not isinstance(value, ir.Binary) or value.op != "/":
            return
        adjoint = list(step.adjoint)
        for at, stmt in enumerate(adjoint):
            if isinstance(stmt, (ir.Augment, ir.Assign)):
                rest = _without_factor(stmt.value, value)
                if rest is not None:
                    g = _known_quotient(adjoint[:at], rest, value.right)
                    adjoint[at] = replace(stmt, value=ir.Binary("*", g, self.after(step.primal, target)))
        steps[k] = replace(step, adjoint=tuple(adjoint))

    def named(self, steps: list[Any], k: int, target: ir.Index) -> None:
        """``v = ...; x[i] = v``: adjoints of this block that read v, and no others do, read x[i]."""
        value = steps[k].primal.value
        if not isinstance(value, ir.Name) or self.finder.counts[value.id] != 1:
            return
        first = next((j for j in range(k) if isinstance(steps[j], Step) and _sets(steps[j].primal, value.id)), None)
        if first is None or activity.root(target) in _written(steps[first:k]):
            return
        if sum(_mentions(s, value.id) for s in steps[first:] if isinstance(s, Step)) != self.finder.mentions[value.id]:
            return
        for j, step in enumerate(steps[first:], first):
            if isinstance(step, Step) and _mentions(step, value.id):
                read = ir.substitute(step.adjoint, {value.id: self.after(steps[k].primal, target)})
                steps[j] = replace(step, adjoint=read)


def _written(steps: Sequence[Any]) -> set[str]:
    """Arrays that steps write into."""
    stmts = (n for step in steps for s in primals(step) for n in ir.walk(s) if not isinstance(n, (ir.Name, ir.Ref)))
    return {name for stmt in stmts for name in killed(stmt)[1]}


def _sets(stmt: ir.Stmt, name: str) -> bool:
    return isinstance(stmt, ir.Assign) and stmt.target == ir.Name(name)


def _mentions(step: Step, name: str) -> int:
    """How often the adjoint of a step reads a variable."""
    return sum(isinstance(n, ir.Name) and n.id == name for n in ir.walk(step.adjoint))


def _without_factor(expr: ir.Expr, quotient: ir.Binary) -> ir.Expr | None:
    """``g`` of ``g * a / (b * b)`` for a quotient a / b."""
    square = ir.Binary("*", quotient.right, quotient.right)
    if not isinstance(expr, ir.Binary) or expr.op != "/" or expr.right != square:
        return None
    product = expr.left
    if isinstance(product, ir.Binary) and product.op == "*":
        if product.right == quotient.left:
            return product.left
        if product.left == quotient.left:
            return product.right
    return None


def _known_quotient(before: Sequence[ir.Stmt], left: ir.Expr, right: ir.Expr) -> ir.Expr:
    """``left / right``, by its name where one of the statements before has given it one."""
    value = ir.Binary("/", left, right)
    for k, stmt in enumerate(before):
        if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name) and stmt.value == value:
            changed = {n for s in before[k + 1 :] for part in killed(s) for n in part}
            if not changed & {stmt.target.id, *ir.names(value)}:
                return stmt.target
    return value
