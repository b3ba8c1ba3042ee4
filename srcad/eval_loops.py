"""Loops of the partial evaluator: unrolled over containers, kept over ranges and arrays; comprehensions."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import replace
from typing import Any

from srcad import eval_extents, eval_lists, eval_next, eval_optional, eval_rows, eval_tables, ir
from srcad import eval_operators as operators
from srcad.errors import Unsupported, no_rule
from srcad.eval_assign import assign
from srcad.eval_core import MAX_UNROLL, Evaluator, Restart, of_a_rule, place
from srcad.eval_exprs import evaluate
from srcad.eval_index import index
from srcad.eval_iter import as_array, consume, live
from srcad.eval_merge import Merge, assignments
from srcad.eval_order import COUNTERS, changes_nothing, holding, names_in, pointers_in, release, steady
from srcad.eval_values import ONE_ARRAY, dyn, residual, static, static_truth, truth_expr
from srcad.transforms import activity
from srcad.types import Num, Seq, is_float
from srcad.values import Dyn, Lazy, Maybe, Ptr, Rows, State, Table, Value

INT = Num("int64", (), True)
SHORT_LOOP = 16  # iterations of a loop that is unrolled where it cannot be read otherwise
CHECKPOINTS = (ir.Ref("srcad.checkpoint"), ir.Ref("srcad.api.checkpoint"))


def for_loop(ev: Evaluator, stmt: ir.For) -> None:
    from srcad import eval_generators

    iterable = eval_next.rest(ev, evaluate(ev, stmt.iter), stmt.iter.loc)
    if eval_generators.is_stream(iterable):
        eval_generators.loop(ev, stmt, iterable)
        return
    every = _checkpointed(ev, stmt.iter)
    if eval_lists.nothing_yet(ev, iterable):
        return
    if not _is_quiet(ev, stmt, iterable):
        iterable = steady(ev, iterable, stmt.iter.loc)
    site = (ev.frame, place(stmt.loc))
    items = live(ev, iterable, ("unroll", site) in ev.cx.decisions)
    consume(ev, iterable, stmt.iter.loc)
    if items is not None:
        with holding(ev, [iterable]):
            _unroll(ev, stmt, items)
        return
    sequence = ("unroll", site)  # what cannot stay a loop may do as a sequence
    if sequence in ev.cx.decisions:
        eval_extents.settle(ev, iterable, SHORT_LOOP)
    trips = ev.cx.trips[site] = _trips(ev, iterable)
    short = trips is not None and trips <= SHORT_LOOP and stmt.loc is not None and not of_a_rule(stmt.loc)
    otherwise = sequence if short and sequence not in ev.cx.decisions else None
    try:
        Header(ev, stmt, iterable, site, every, otherwise).emit()
    except Unsupported as error:
        if otherwise is not None:
            raise Restart(otherwise, error) from None
        if stmt.loc is not None and not of_a_rule(stmt.loc):
            eval_extents.settle(ev, iterable, SHORT_LOOP, error)
            eval_extents.write_out(ev, iterable, error)
        raise


def _trips(ev: Evaluator, iterable: Value) -> int | None:
    """How often a loop over a range of constants, or an array of known extent, runs."""
    if isinstance(iterable, Dyn) and isinstance(iterable.type, Num) and iterable.type.dims:
        extent = iterable.type.dims[0]
        return extent.const if extent is not None and extent.is_const else None
    if not isinstance(iterable, Lazy):
        return None
    if iterable.kind == "range":
        bounds = [static(ev, v) for v in iterable.args]
        return len(range(*(v for _, v in bounds))) if all(known for known, _ in bounds) else None
    parts = {"enumerate": iterable.args[:1], "map": iterable.args[1:]}.get(iterable.kind, iterable.args)
    counts = [_trips(ev, part) for part in parts]
    return min(n for n in counts if n is not None) if counts and None not in counts else None


def _checkpointed(ev: Evaluator, iterable: ir.Expr) -> ir.Expr | None:
    """How many steps lie between kept states of a loop over ``srcad.checkpoint(...)``; None for any other loop."""
    marker = next((n for n in ir.walk(iterable) if isinstance(n, ir.Call) and n.fn in CHECKPOINTS), None)
    if marker is None:
        return None
    given = dict(marker.kwargs).get("every", marker.args[1] if len(marker.args) > 1 else ir.NONE)
    value = evaluate(ev, given)
    if isinstance(value, Dyn) and not (isinstance(value.type, Num) and value.type.dtype == "int64"):
        raise TypeError("checkpoint: every must be an integer")
    expr = residual(ev, value, marker.loc)
    if isinstance(expr, ir.Const) and expr.value is not None and expr.value < 1:
        raise ValueError(f"checkpoint: every={expr.value}, but at least one step lies between two states")
    return expr


def _is_quiet(ev: Evaluator, stmt: ir.For, iterable: Value) -> bool:
    """Whether a loop certainly changes nothing that the items it runs over are computed from."""
    nodes = list(ir.walk(stmt.body))
    if any(isinstance(n, (ir.Do, ir.Define, ir.Walrus, ir.Store, ir.Yield)) for n in nodes):
        return False
    targets = [stmt.target, *(n.target for n in nodes if isinstance(n, (ir.Assign, ir.Augment, ir.For)))]
    if any(isinstance(t, (ir.Index, ir.Attr)) for target in targets for t in ir.walk(target)):
        return False
    if not all(changes_nothing(n) for n in nodes if isinstance(n, ir.Call)):
        return False
    rebound = assigned(stmt.body) | ir.names(stmt.target)
    return not _variables(ev, rebound) & set(_read(ev, iterable))


def _variables(ev: Evaluator, names: Set[str]) -> set[str]:
    """What the variables of these names are kept in, and the parts of containers by these names."""
    found = {n for name in names if (value := ev.env.get(name)) is not None for n in names_in(value)}
    starts = tuple(f"{name}_" for name in names)
    slots = ev.cx.slots.items()
    return found | {
        s for (frame, name, *_), s in slots if frame == ev.frame and (name in names or name.startswith(starts))
    }


def _read(ev: Evaluator, value: Value) -> Iterator[str]:
    yield from names_in(value)
    for pointer in pointers_in(value):
        for item in ev.state.heap[pointer.id].items:
            yield from _read(ev, item)


def _unroll(ev: Evaluator, stmt: ir.For, items: Iterator[Value]) -> None:
    stop: Value | None = None
    for count, item in enumerate(items):
        if count * len(stmt.body) > MAX_UNROLL:
            raise Unsupported("cannot differentiate a loop over so many items of a container", stmt.loc, ONE_ARRAY)
        if stop is not None:
            known, stops = static_truth(ev, stop)
            if known and stops:
                return
            if not known:
                _guarded(ev, stmt, truth_expr(ev, stop, stmt.loc), itertools.chain([item], items))
                return
        with holding(ev, [item]):
            assign(ev, stmt.target, item, stmt.loc)
            ev.block(stmt.body)
            stop = None if stmt.stop is None else operators.truth(ev, stmt.stop)


def _guarded(ev: Evaluator, stmt: ir.For, stop: ir.Expr, rest: Iterator[Value]) -> None:
    """What is left of an unrolled loop once it may have been broken off."""
    before = ev.state
    ev.state = before.copy()
    outer, ev.out = ev.out, []
    _unroll(ev, stmt, rest)
    body, ev.out = tuple(ev.out), outer
    merge = Merge(ev, ev.state, before)
    ev.state = merge.run()
    body += assignments(ev, merge.fix_a, stmt.loc)
    ev.emit(ir.If(ir.Unary("not", stop), body, assignments(ev, merge.fix_b, stmt.loc), loc=stmt.loc))


def refuse_unknown(value: Value) -> None:
    """What a function without a rule gives is nothing to loop over."""
    expr = value.expr if isinstance(value, Dyn) else None
    if isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref) and activity.find_rule(expr) is None:
        raise no_rule(expr.fn.path, expr.loc)


class Header:
    """A loop that stays a loop: ``for k in range(start, stop, step)``, with what each iteration's target is.

    What the loop runs over is kept among the variables under a hidden name, since the body may rebind those it is in.
    """

    def __init__(
        self,
        ev: Evaluator,
        stmt: ir.For,
        iterable: Value,
        site: Any,
        every: ir.Expr | None = None,
        otherwise: tuple[Any, ...] | None = None,
    ) -> None:
        self.ev, self.stmt, self.site, self.every, self.otherwise = ev, stmt, site, every, otherwise
        while isinstance(iterable, Lazy) and iterable.kind == "iter":
            iterable = eval_next.left(ev, iterable, stmt.iter.loc)
        refuse_unknown(iterable)
        self.frozen: dict[int, Any] = {}  # containers of numbers that the loop reads from arrays
        self.iterable = self.steady(iterable)
        self.hidden = f"loop#{place(stmt.loc)}"
        target = stmt.target
        self.is_range = isinstance(iterable, Lazy) and iterable.kind == "range"
        self.own = self.is_range and isinstance(target, ir.Name) and target.id not in assigned(stmt.body)
        self.own = self.own and not self.is_used(target.id, iterable)  # type: ignore[union-attr]

    def is_used(self, name: str, iterable: Value) -> bool:
        """Whether what the target is kept in has other uses: floats, which have adjoints, or the loop's own bounds."""
        slot = self.ev.slot(name, INT)
        known = self.ev.cx.types.get(slot)
        decided = ("no counter", self.ev.same_again(slot)) in self.ev.cx.decisions
        return decided or slot in names_in(iterable) or known is not None and is_float(known)

    def steady(self, value: Value) -> Value:
        """The iterable evaluated once: an array expression gets a name."""
        if isinstance(value, Lazy):
            return replace(value, args=tuple(self.steady(v) for v in value.args))
        if isinstance(value, Table):
            return replace(value, prefix=tuple(self.held(v) for v in value.prefix))  # type: ignore[misc]
        if isinstance(value, Ptr):
            return self.as_array(value)
        if isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.dims != ():
            return value if isinstance(value.expr, ir.Name) else self.ev.temp("items", value, self.stmt.loc)
        return value

    def as_array(self, value: Ptr) -> Value:
        """A container beside an array of unknown length."""
        array = as_array(self.ev, value, self.stmt.iter.loc)
        if array is None:
            reason = "cannot differentiate a loop over such a container beside something of unknown length"
            raise Unsupported(reason, self.stmt.iter.loc, ONE_ARRAY)
        self.frozen[value.id] = self.ev.state.heap[value.id]
        return array

    def refuse_changed(self) -> None:
        """A container that was read from an array must be what it was."""
        if any(self.ev.state.heap.get(key, box) != box for key, box in self.frozen.items()):
            reason = "cannot differentiate a list that changes while it is looped over"
            raise Unsupported(reason, self.stmt.iter.loc, "Loop over a copy.")

    def emit(self) -> None:
        ev, stmt = self.ev, self.stmt
        bounds = self.bounds(self.iterable)
        name = stmt.target.id if self.own and isinstance(stmt.target, ir.Name) else self.counter_name()
        slot = ev.slot(name, INT)
        ev.note_type(slot, INT)
        if self.own:
            ev.cx.counters.add(slot)
        release(ev, [slot], stmt.loc, {(ev.frame, name)} if self.own else ())
        if not self.own and not self.is_range:
            ev.env[self.hidden] = self.held(self.iterable)

        def run() -> tuple[ir.Stmt, ...]:
            ev.state.frames.setdefault("#loops", {})[slot] = self.site
            outer, ev.out = ev.out, []
            self.take(name, Dyn(ir.Name(slot), INT))
            ev.raising(stmt.body, looped=True)
            body, ev.out = tuple(ev.out), outer
            return body

        body, stop = residual_loop(ev, stmt, run, {name} if self.own else set(), self.otherwise)
        ev.env.pop(self.hidden, None)
        self.refuse_growth(body)
        self.refuse_changed()
        call = ir.Call(ir.Ref("builtins.range"), bounds)
        ev.emit(ir.For(ir.Name(slot), call, body, stop, pragma=stmt.pragma, every=self.every, loc=stmt.loc))

    def take(self, name: str, counter: Dyn) -> None:
        """Bind the target for one iteration."""
        ev = self.ev
        if self.own:
            ev.env[name] = counter
            return
        item = counter if self.is_range else self.item(ev.lookup(self.hidden, self.stmt.loc), counter)
        assign(ev, self.stmt.target, item, self.stmt.loc)

    def held(self, value: Value) -> Value:
        """Numbers that the iterations need (where a range starts, what it steps by) get names."""
        if isinstance(value, Lazy):
            return replace(value, args=tuple(self.held(v) for v in value.args))
        simple = not isinstance(value, Dyn) or isinstance(value.expr, (ir.Name, ir.Const))
        return value if simple or not isinstance(value, Dyn) else self.ev.temp("t", value, self.stmt.loc)

    def refuse_growth(self, body: Sequence[ir.Stmt]) -> None:
        grown = {node.stack for node in ir.walk(tuple(body)) if isinstance(node, (ir.Push, ir.Pop))}
        if grown & set(names_in(self.iterable)):
            reason = "cannot differentiate a list that changes while it is looped over"
            raise Unsupported(reason, self.stmt.iter.loc, "Loop over a copy, or with a while loop and an index.")

    def counter_name(self) -> str:
        target = self.stmt.target
        if isinstance(self.iterable, Lazy) and self.iterable.kind == "enumerate" and isinstance(target, ir.Tuple):
            first = target.items[0]
            if isinstance(first, ir.Name) and first.id not in assigned(self.stmt.body) and self.zero_based():
                return first.id + "#k"
        return f"k#{place(self.stmt.loc)}"

    def zero_based(self) -> bool:
        assert isinstance(self.iterable, Lazy)
        return static(self.ev, self.iterable.args[1]) == (True, 0)

    def bounds(self, value: Value) -> tuple[ir.Expr, ...]:
        if not isinstance(value, Lazy) or value.kind != "range":
            return (ir.Const(0), self.length(value), ir.Const(1))
        args = [residual(self.ev, a, self.stmt.loc) for a in value.args]
        start = [ir.Const(0)] if len(args) == 1 else []
        step = [ir.Const(1)] if len(args) < 3 else []
        return (*start, *args, *step)

    def length(self, value: Value) -> ir.Expr:
        if isinstance(value, Dyn):
            if isinstance(value.type, Seq):
                return ir.call("builtins.len", value.expr)
            if value.type.dims == ():
                raise TypeError("'float' object is not iterable")
            if value.type.dims is None:
                reason = "cannot differentiate a loop over something of unknown rank"
                raise Unsupported(reason, self.stmt.iter.loc, "Annotate the argument, or loop over its indices.")
            return ir.Index(ir.Attr(value.expr, "shape"), (ir.Const(0),))
        if isinstance(value, Table):
            return eval_tables.length(self.ev, value, self.stmt.loc).expr
        if isinstance(value, Rows):
            return eval_rows.length(self.ev, value, self.stmt.loc).expr
        if isinstance(value, Lazy) and value.kind in ("enumerate", "reversed", "iter"):
            return self.length(value.args[0])
        if isinstance(value, Lazy) and value.kind in ("zip", "map"):
            parts = value.args if value.kind == "zip" else value.args[1:]
            lengths = list(dict.fromkeys(self.length(v) for v in parts))
            return lengths[0] if len(lengths) == 1 else ir.call("builtins.min", *lengths)
        if isinstance(value, Lazy) and value.kind == "ndindex":
            return functools.reduce(lambda a, b: ir.Binary("*", a, b), map(self.count, value.args))
        if isinstance(value, Lazy) and value.kind == "range":
            if len(value.args) == 1:
                return ir.call("builtins.max", residual(self.ev, value.args[0]), ir.Const(0))
            return ir.call("builtins.len", residual(self.ev, value))
        way_out = "Loop over a range, an array or a container."
        raise Unsupported("cannot differentiate a loop over this value", self.stmt.iter.loc, way_out)

    def item(self, value: Value, k: Dyn) -> Value:
        """What iteration k gives."""
        ev = self.ev
        if isinstance(value, (Dyn, Rows, Table)):
            return index(ev, value, [k], self.stmt.loc)
        assert isinstance(value, Lazy)
        if value.kind == "iter":
            return self.item(value.args[0], k)
        if value.kind == "zip":
            return ev.tuple_of([self.item(v, k) for v in value.args])
        if value.kind == "map":
            from srcad import eval_calls

            row = [self.item(v, k) for v in value.args[1:]]
            return eval_calls.dispatch(ev, value.args[0], row, {}, self.stmt.iter.loc)
        if value.kind == "enumerate":
            start = residual(ev, value.args[1])
            count = k if start == ir.Const(0) else dyn(ev, ir.Binary("+", start, k.expr))
            return ev.tuple_of([count, self.item(value.args[0], k)])
        if value.kind == "reversed":
            last = ir.Binary("-", ir.Binary("-", self.length(value.args[0]), ir.Const(1)), k.expr)
            return self.item(value.args[0], Dyn(last, INT))
        if value.kind == "ndindex":
            return ev.tuple_of(self.digits(value.args, k))
        assert value.kind == "range"
        bounds = self.bounds(value)
        step = k.expr if bounds[2] == ir.Const(1) else ir.Binary("*", bounds[2], k.expr)
        return Dyn(step if bounds[0] == ir.Const(0) else ir.Binary("+", bounds[0], step), INT)

    def count(self, extent: Value) -> ir.Expr:
        expr = residual(self.ev, extent, self.stmt.loc)
        shape = isinstance(expr, ir.Index) and isinstance(expr.base, ir.Attr) and expr.base.name == "shape"
        known = isinstance(expr, ir.Const) and expr.value >= 0
        return expr if shape or known else ir.call("builtins.max", expr, ir.Const(0))

    def digits(self, extents: tuple[Value, ...], k: Dyn) -> list[Value]:
        """The k-th index of a shape, the last axis running fastest."""
        found: list[Value] = []
        rest: ir.Expr = k.expr
        for n in reversed(extents[1:]):
            extent = residual(self.ev, n, self.stmt.loc)
            found.insert(0, Dyn(ir.Binary("%", rest, extent), INT))
            rest = ir.Binary("//", rest, extent)
        return [Dyn(rest, INT), *found]


def while_loop(ev: Evaluator, stmt: ir.While) -> None:
    known, truth = False, False
    mark, before = len(ev.out), ev.state.copy()
    if not (isinstance(stmt.test, ir.Const) and stmt.test.value is True):
        known, truth = static_truth(ev, operators.truth(ev, stmt.test))
    if known and not truth:
        return
    del ev.out[mark:]
    ev.state = before
    tests: list[ir.Expr] = []

    def run() -> tuple[ir.Stmt, ...]:
        outer, ev.out = ev.out, []
        test = operators.truth(ev, stmt.test)
        prelude, ev.out = tuple(ev.out), []
        tests[:] = [truth_expr(ev, test, stmt.test.loc)]
        with eval_optional.narrowed(ev, [(stmt.test, True)]):
            ev.raising(stmt.body, looped=True)
        body, ev.out = tuple(ev.out), outer
        if prelude:
            # a test that needs statements: `while True` with the test as the first thing of each iteration
            raise Restart(("while", place(stmt.loc)))
        return body

    if ("while", place(stmt.loc)) in ev.cx.decisions:
        while_loop(ev, _restructured(stmt))
        return
    body, stop = residual_loop(ev, stmt, run, set())
    ev.emit(ir.While(tests[0], body, stop, loc=stmt.loc))


def _restructured(stmt: ir.While) -> ir.While:
    going = ir.Name(f"going#{place(stmt.loc)}")  # no name of the user's, nor of a while around
    first = ir.Assign(going, stmt.test, loc=stmt.loc)
    inner: tuple[ir.Stmt, ...] = stmt.body
    if stmt.stop is not None:
        inner = (*inner, ir.If(stmt.stop, (ir.Assign(going, ir.Const(False)),)))
    body = (first, ir.If(going, inner, loc=stmt.loc))
    return ir.While(ir.Const(True), body, ir.Unary("not", going), loc=replace_loc(stmt.loc))


def replace_loc(loc: ir.Loc | None) -> ir.Loc | None:
    return None if loc is None else replace(loc, col=loc.col + 1)


def residual_loop(
    ev: Evaluator,
    stmt: ir.For | ir.While,
    run: Callable[[], tuple[ir.Stmt, ...]],
    own: set[str],
    otherwise: tuple[Any, ...] | None = None,
) -> tuple[tuple[ir.Stmt, ...], ir.Expr | None]:
    """Evaluate a loop body until the state at its head is the same before and after an iteration."""
    generalise(ev, assigned(stmt.body) - own, stmt.loc)
    _generalise_receivers(ev, stmt.body, stmt.loc)
    head, first = ev.state, ev.cx.boxes
    temps = head.frames.setdefault("#temps", {})
    entry = head.copy()
    for _ in range(12):
        ev.state = head.copy()
        body = _any_iteration(ev, run)
        outer, ev.out = ev.out, list(body)
        stop = None if stmt.stop is None else evaluate(ev, stmt.stop)
        body, ev.out = tuple(ev.out), outer
        merge = Merge(ev, head, ev.state, otherwise, entry)
        merged = merge.run()
        ev.assign_parallel(merge.fix_a, stmt.loc)
        if not merge.fix_a and _agrees(head, merged, first):
            break
        head = merged
        head.frames["#temps"] = dict(temps)  # every round names what it makes alike; what comes later, otherwise
    else:
        raise Unsupported(
            "cannot differentiate a loop whose variables change their kind from one iteration to the next", stmt.loc
        )
    ev.state = merged
    if stop is not None and merge.fix_b:
        raise Unsupported("cannot differentiate a loop that is left while its containers change", stmt.loc)
    stop_expr = None if stop is None else truth_expr(ev, stop, stmt.loc)
    return body + assignments(ev, merge.fix_b, stmt.loc), stop_expr


def _any_iteration(ev: Evaluator, run: Callable[[], tuple[ir.Stmt, ...]]) -> tuple[ir.Stmt, ...]:
    """A loop body; a list that is too short for it in the first iteration may be longer in others."""
    try:
        return run()
    except IndexError as error:
        decision = "dynamic", getattr(error, "growing", None)
        if decision[1] is None or decision in ev.cx.decisions:
            raise
        raise Restart(decision) from None


def _agrees(head: State, merged: State, first: int) -> bool:
    """Whether everything known at the head is still so after an iteration; variables new in the body do not matter.

    first: the last serial number given before the loop, which tells the iterators that it uses up but did not make.
    """
    for frame, env in head.frames.items():
        if frame in COUNTERS or frame.startswith("#") and frame not in ("#box", "#objects"):
            continue
        if any(merged.frames[frame].get(name) != value for name, value in env.items()):
            return False
    before, after = (state.frames.get("#used", {}) for state in (head, merged))
    if any(int(serial) <= first for serial in after if serial not in before):
        return False
    return all(merged.heap.get(k, box) == box for k, box in head.heap.items())


def generalise(ev: Evaluator, names: set[str], loc: ir.Loc | None) -> None:
    """Forget what is known only of the first iteration; give loop variables that were bound to others their own."""
    for name in sorted(names):
        frame = ev.owner(name)
        value = ev.state.frames[frame].get(name)
        if isinstance(value, Maybe):
            parts = (Dyn(v.expr, replace(v.type, number=None)) for v in (value.absent, value.value))  # type: ignore[arg-type]
            ev.bind(name, Maybe(*parts), loc, frame)
        if not isinstance(value, Dyn):
            continue
        type_ = replace(value.type, number=None) if isinstance(value.type, Num) else value.type
        slot = ev.slot(name, type_, frame)
        ev.put([(slot, value.expr)], loc, {(frame, name)})
        ev.note_type(slot, type_)
        ev.state.frames[frame][name] = Dyn(ir.Name(slot), type_)


def _generalise_receivers(ev: Evaluator, body: tuple[ir.Stmt, ...], loc: ir.Loc | None) -> None:
    """A loop with a yield in it changes what the loop changes that takes the items."""
    outer = ev.frame
    for receiver in reversed(ev.receivers):
        if not ir.yields(body):
            break
        ev.frame, body = receiver.frame, receiver.body
        generalise(ev, assigned(body), loc)
    ev.frame = outer


def assigned(body: Sequence[ir.Stmt]) -> set[str]:
    """Python variables that a body may rebind (nested functions that say ``nonlocal`` included)."""
    nodes = list(ir.walk(tuple(body)))
    return _rebound(nodes) | {name for node in nodes if isinstance(node, ir.Nonlocal) for name in node.names}


@ir.kept
def own_names(function: ir.Function) -> set[str]:
    """The names that are local to a function: its parameters, and what it assigns and does not declare nonlocal."""
    nodes = list(ir.own(function.body))
    declared = {name for node in nodes if isinstance(node, ir.Nonlocal) for name in node.names}
    return ({p.name for p in function.params} | _rebound(nodes)) - declared


def _rebound(nodes: Sequence[Any]) -> set[str]:
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, (ir.Assign, ir.Augment, ir.For, ir.Walrus)):
            found |= _targets(node.target)
        elif isinstance(node, ir.Define):
            found.add(node.function.name)
        elif isinstance(node, ir.Yield) and node.stopped is not None:
            found.add(node.stopped.id)
    return found


def _targets(target: ir.Expr) -> set[str]:
    if isinstance(target, ir.Name):
        return {target.id}
    if isinstance(target, (ir.Tuple, ir.List)):
        return set().union(*(_targets(t) for t in target.items))
    return _targets(target.value) if isinstance(target, ir.Starred) else set()
