"""Loops of the partial evaluator: unrolled over containers, kept over ranges and arrays; comprehensions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from srcad import eval_operators as operators
from srcad import ir
from srcad.errors import Unsupported
from srcad.eval_assign import assign
from srcad.eval_core import MAX_UNROLL, Evaluator, Restart, place
from srcad.eval_exprs import evaluate
from srcad.eval_index import index
from srcad.eval_merge import Merge, assignments
from srcad.eval_order import release
from srcad.eval_values import ONE_ARRAY, constant, dyn, residual, static, static_truth, truth_expr
from srcad.types import Num, Seq
from srcad.values import Dyn, Known, Lazy, Ptr, State, Value

INT = Num("int64", (), True)


def for_loop(ev: Evaluator, stmt: ir.For) -> None:
    iterable = evaluate(ev, stmt.iter)
    site = (ev.frame, place(stmt.loc))
    items = unrolled(ev, iterable, ("unroll", site) in ev.cx.decisions)
    if items is not None:
        _unroll(ev, stmt, items)
        return
    header = Header(ev, stmt, iterable, site)
    header.emit()


def unrolled(ev: Evaluator, value: Value, ranges: bool = True) -> list[Value] | None:
    """The items an iterable gives, where that is known while transforming; None for a loop of the program."""
    if isinstance(value, Ptr):
        box = ev.state.heap[value.id]
        return [_key(k) for k in box.keys] if box.kind == "dict" else list(box.items)
    if isinstance(value, Known) and isinstance(value.value, (tuple, list, range, str, dict)):
        return [constant(v) if isinstance(v, (int, float, complex)) else Known(v) for v in value.value]
    if isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.dims:
        return _unrolled_array(ev, value) if ranges else None
    if isinstance(value, Lazy):
        return _UNROLLED[value.kind](ev, value, ranges)
    return None


def _key(key: Any) -> Value:
    return constant(key) if isinstance(key, (int, float)) else Known(key)


def _unrolled_array(ev: Evaluator, value: Dyn) -> list[Value] | None:
    assert isinstance(value.type, Num) and value.type.dims
    extent = value.type.dims[0]
    if extent is None or extent.terms:
        return None
    return [dyn(ev, ir.Index(value.expr, (ir.Const(k),))) for k in range(extent.const)]


def _unrolled_range(ev: Evaluator, value: Lazy, ranges: bool) -> list[Value] | None:
    bounds = [static(ev, v) for v in value.args]
    if not ranges or not all(known for known, _ in bounds):
        return None
    return [constant(v) for v in range(*(v for _, v in bounds))]


def _unrolled_parts(ev: Evaluator, value: Lazy, ranges: bool) -> list[list[Value]] | None:
    known = [unrolled(ev, v, ranges) for v in value.args]
    if all(k is None for k in known):
        return None
    shortest = min(len(k) for k in known if k is not None)
    parts = []
    for k, arg in zip(known, value.args, strict=True):
        items = k if k is not None else _first_items(ev, arg, shortest)
        if items is None:
            return None
        parts.append(items)
    return parts


def _first_items(ev: Evaluator, value: Value, count: int) -> list[Value] | None:
    """Items of an array zipped with a container: its length must be no less, which indexing checks at run time."""
    if isinstance(value, Lazy) and value.kind == "range":
        bounds = [static(ev, v) for v in value.args]
        return [constant(v) for v in range(*(v for _, v in bounds))] if all(k for k, _ in bounds) else None
    if isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.dims:
        extent = value.type.dims[0]
        if extent is None or extent.terms or extent.const < count:
            raise Unsupported("a container zipped with an array of another length", value.expr.loc, ONE_ARRAY)
        return [dyn(ev, ir.Index(value.expr, (ir.Const(k),))) for k in range(count)]
    return None


def _unrolled_zip(ev: Evaluator, value: Lazy, ranges: bool) -> list[Value] | None:
    parts = _unrolled_parts(ev, value, ranges)
    return None if parts is None else [ev.tuple_of(row) for row in zip(*parts, strict=False)]


def _unrolled_enumerate(ev: Evaluator, value: Lazy, ranges: bool) -> list[Value] | None:
    items = unrolled(ev, value.args[0], ranges)
    known, start = static(ev, value.args[1])
    if items is None or not known:
        return None
    return [ev.tuple_of([constant(start + k), item]) for k, item in enumerate(items)]


def _unrolled_reversed(ev: Evaluator, value: Lazy, ranges: bool) -> list[Value] | None:
    items = unrolled(ev, value.args[0], ranges)
    return None if items is None else items[::-1]


def _unrolled_items(ev: Evaluator, value: Lazy, ranges: bool) -> list[Value] | None:
    return list(value.args)


_UNROLLED: dict[str, Callable[[Evaluator, Lazy, bool], list[Value] | None]] = {
    "range": _unrolled_range,
    "zip": _unrolled_zip,
    "enumerate": _unrolled_enumerate,
    "reversed": _unrolled_reversed,
    "items": _unrolled_items,
}


def _unroll(ev: Evaluator, stmt: ir.For, items: Sequence[Value]) -> None:
    if len(items) * len(stmt.body) > MAX_UNROLL:
        raise Unsupported(f"a loop over {len(items)} items of a container", stmt.loc, ONE_ARRAY)
    for k, item in enumerate(items):
        assign(ev, stmt.target, item, stmt.loc)
        ev.block(stmt.body)
        if stmt.stop is None:
            continue
        stop = evaluate(ev, stmt.stop)
        known, truth = static_truth(ev, stop)
        if known and truth:
            return
        if not known and k + 1 < len(items):
            _guarded(ev, stmt, truth_expr(ev, stop, stmt.loc), items[k + 1 :])
            return


def _guarded(ev: Evaluator, stmt: ir.For, stop: ir.Expr, rest: Sequence[Value]) -> None:
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


class Header:
    """A loop that stays a loop: ``for k in range(start, stop, step)``, with what each iteration's target is."""

    def __init__(self, ev: Evaluator, stmt: ir.For, iterable: Value, site: Any) -> None:
        self.ev, self.stmt, self.site = ev, stmt, site
        self.iterable = self.steady(iterable)

    def steady(self, value: Value) -> Value:
        """The iterable evaluated once: an array expression gets a name."""
        if isinstance(value, Lazy):
            return replace(value, args=tuple(self.steady(v) for v in value.args))
        simple = isinstance(value, Dyn) and isinstance(value.expr, (ir.Name, ir.Const))
        if (
            isinstance(value, Dyn)
            and not simple
            and value.type not in (INT,)
            and isinstance(value.type, Num)
            and value.type.dims != ()
        ):
            return self.ev.temp("items", value, self.stmt.loc)
        if isinstance(value, Dyn) and isinstance(value.expr, ir.Name) and value.expr.id in self.assigned_slots():
            if isinstance(value.type, Num) and value.type.dims != ():
                return self.ev.temp("items", value, self.stmt.loc)  # the loop goes on over the array it began with
        return value

    def assigned_slots(self) -> set[str]:
        found = set()
        for name in assigned(self.stmt.body):
            value = self.ev.env.get(name)
            if isinstance(value, Dyn) and isinstance(value.expr, ir.Name):
                found.add(value.expr.id)
        return found

    def emit(self) -> None:
        ev, stmt = self.ev, self.stmt
        bounds = self.bounds(self.iterable)
        direct = isinstance(self.iterable, Lazy) and self.iterable.kind == "range" and isinstance(stmt.target, ir.Name)
        own = direct and stmt.target.id not in assigned(stmt.body)  # type: ignore[union-attr]
        name = stmt.target.id if own else self.counter_name()  # type: ignore[union-attr]
        slot = ev.slot(name, INT)
        ev.note_type(slot, INT)
        release(ev, [slot], stmt.loc, {(ev.frame, name)} if own else ())
        counter = Dyn(ir.Name(slot), INT)

        def run() -> tuple[ir.Stmt, ...]:
            ev.state.frames.setdefault("#loops", {})[slot] = self.site
            if own:
                ev.env[name] = counter
            outer, ev.out = ev.out, []
            if not own:
                assign(ev, stmt.target, self.item(self.iterable, counter), stmt.loc)
            ev.block(stmt.body)
            body, ev.out = tuple(ev.out), outer
            return body

        body, stop = residual_loop(ev, stmt, run, {name} if own else set())
        call = ir.Call(ir.Ref("builtins.range"), bounds)
        ev.emit(ir.For(ir.Name(slot), call, body, stop, pragma=stmt.pragma, loc=stmt.loc))

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
        if isinstance(value, Lazy) and value.kind == "range":
            args = [residual(self.ev, a, self.stmt.loc) for a in value.args]
            return tuple(
                [ir.Const(0), *args, ir.Const(1)]
                if len(args) == 1
                else args
                if len(args) == 3
                else [*args, ir.Const(1)]
            )
        return (ir.Const(0), self.length(value), ir.Const(1))

    def length(self, value: Value) -> ir.Expr:
        if isinstance(value, Dyn):
            if isinstance(value.type, Seq):
                return ir.call("builtins.len", value.expr)
            if not value.type.dims:
                raise Unsupported("a loop over a number or an array of unknown rank", self.stmt.loc)
            return ir.Index(ir.Attr(value.expr, "shape"), (ir.Const(0),))
        if isinstance(value, Lazy) and value.kind in ("enumerate", "reversed"):
            return self.length(value.args[0])
        if isinstance(value, Lazy) and value.kind == "zip":
            lengths = list(dict.fromkeys(self.length(v) for v in value.args))
            return lengths[0] if len(lengths) == 1 else ir.call("builtins.min", *lengths)
        if isinstance(value, Lazy) and value.kind == "range":
            if len(value.args) == 1:
                return residual(self.ev, value.args[0])
            return ir.call("builtins.len", residual(self.ev, value))
        if isinstance(value, Ptr):
            return ir.Const(len(self.ev.state.heap[value.id].items))
        raise Unsupported("a loop over this value", self.stmt.loc, "loop over a range, an array, or a container.")

    def item(self, value: Value, k: Dyn) -> Value:
        """What iteration k gives."""
        ev = self.ev
        if isinstance(value, Dyn):
            return index(ev, value, [k], self.stmt.loc)
        assert isinstance(value, Lazy)
        if value.kind == "zip":
            return ev.tuple_of([self.item(v, k) for v in value.args])
        if value.kind == "enumerate":
            start = residual(ev, value.args[1])
            count = k if start == ir.Const(0) else dyn(ev, ir.Binary("+", start, k.expr))
            return ev.tuple_of([count, self.item(value.args[0], k)])
        if value.kind == "reversed":
            last = ir.Binary("-", ir.Binary("-", self.length(value.args[0]), ir.Const(1)), k.expr)
            return self.item(value.args[0], Dyn(last, INT))
        bounds = self.bounds(value)
        step = k.expr if bounds[2] == ir.Const(1) else ir.Binary("*", bounds[2], k.expr)
        return Dyn(step if bounds[0] == ir.Const(0) else ir.Binary("+", bounds[0], step), INT)


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
        ev.block(stmt.body)
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
    going = ir.Name("going")
    first = ir.Assign(going, stmt.test, loc=stmt.loc)
    inner: tuple[ir.Stmt, ...] = stmt.body
    if stmt.stop is not None:
        inner = (*inner, ir.If(stmt.stop, (ir.Assign(going, ir.Const(False)),)))
    body = (first, ir.If(going, inner, loc=stmt.loc))
    return ir.While(ir.Const(True), body, ir.Unary("not", going), loc=replace_loc(stmt.loc))


def replace_loc(loc: ir.Loc | None) -> ir.Loc | None:
    return None if loc is None else replace(loc, col=loc.col + 1)


def residual_loop(
    ev: Evaluator, stmt: ir.For | ir.While, run: Callable[[], tuple[ir.Stmt, ...]], own: set[str]
) -> tuple[tuple[ir.Stmt, ...], ir.Expr | None]:
    """Evaluate a loop body until the state at its head is the same before and after an iteration."""
    generalise(ev, assigned(stmt.body) - own, stmt.loc)
    head = ev.state
    head.frames.pop("#temps", None)
    for _ in range(12):
        ev.state = head.copy()
        body = run()
        outer, ev.out = ev.out, list(body)
        stop = None if stmt.stop is None else evaluate(ev, stmt.stop)
        body, ev.out = tuple(ev.out), outer
        merge = Merge(ev, head, ev.state)
        merged = merge.run()
        merged.frames.pop("#temps", None)
        ev.assign_parallel(merge.fix_a, stmt.loc)
        if not merge.fix_a and _agrees(head, merged):
            break
        head = merged
    else:
        raise Unsupported("a loop whose variables change their kind from one iteration to the next", stmt.loc)
    ev.state = merged
    if stop is not None and merge.fix_b:
        raise Unsupported("a loop that is left while its containers change", stmt.loc)
    stop_expr = None if stop is None else truth_expr(ev, stop, stmt.loc)
    return body + assignments(ev, merge.fix_b, stmt.loc), stop_expr


def _agrees(head: State, merged: State) -> bool:
    """Whether everything known at the head is still so after an iteration; variables new in the body do not matter."""
    for frame, env in head.frames.items():
        if frame.startswith("#") and frame != "#box":
            continue
        if any(merged.frames[frame].get(name) != value for name, value in env.items()):
            return False
    return all(merged.heap[k] == box for k, box in head.heap.items())


def generalise(ev: Evaluator, names: set[str], loc: ir.Loc | None) -> None:
    """Forget what is known only of the first iteration; give loop variables that were bound to others their own."""
    for name in sorted(names):
        frame = ev.owner(name)
        value = ev.state.frames[frame].get(name)
        if not isinstance(value, Dyn):
            continue
        type_ = replace(value.type, number=None) if isinstance(value.type, Num) else value.type
        slot = ev.slot(name, type_, frame)
        ev.put([(slot, value.expr)], loc, {(frame, name)})
        ev.note_type(slot, type_)
        ev.state.frames[frame][name] = Dyn(ir.Name(slot), type_)


def assigned(body: Sequence[ir.Stmt]) -> set[str]:
    """Python variables that a body may rebind (nested functions that say ``nonlocal`` included)."""
    found: set[str] = set()
    for node in ir.walk(tuple(body)):
        if isinstance(node, (ir.Assign, ir.Augment, ir.For, ir.Walrus)):
            found |= _targets(node.target)
        elif isinstance(node, ir.Nonlocal):
            found |= set(node.names)
        elif isinstance(node, ir.Define):
            found.add(node.function.name)
    return found


def _targets(target: ir.Expr) -> set[str]:
    if isinstance(target, ir.Name):
        return {target.id}
    if isinstance(target, (ir.Tuple, ir.List)):
        return set().union(*(_targets(t) for t in target.items))
    return _targets(target.value) if isinstance(target, ir.Starred) else set()


# ---- comprehensions ----


def comprehension(ev: Evaluator, expr: ir.Comprehension) -> Value:
    if expr.kind == "generator":
        return Known(expr)  # consumed by sum, max, a loop, ...
    if expr.kind == "dict":
        return _dict_comprehension(ev, expr)
    items = expand(ev, expr, 0)
    if items is not None:
        return ev.tuple_of(items, "list", site=expr.loc)
    from srcad import eval_lists

    return eval_lists.from_comprehension(ev, expr)


def _dict_comprehension(ev: Evaluator, expr: ir.Comprehension) -> Value:
    items = expand(ev, expr, 0)
    if items is None:
        raise Unsupported("a dict whose keys are known only at run time", expr.loc, ONE_ARRAY)
    pairs = []
    for item in items:
        assert isinstance(item, Ptr)
        key, value = ev.state.heap[item.id].items
        known, own = static(ev, key)
        if not known:
            raise Unsupported("a dict whose keys are known only at run time", expr.loc, ONE_ARRAY)
        pairs.append((own, value))
    entries = dict(pairs)
    return ev.box("dict", tuple(entries), tuple(entries.values()))


def expand(ev: Evaluator, expr: ir.Comprehension, depth: int) -> list[Value] | None:
    """The items of a comprehension over containers; None where it runs over something of unknown length."""
    if depth == len(expr.generators):
        value = evaluate(ev, expr.element)
        return [value]
    generator = expr.generators[depth]
    mark, before = len(ev.out), ev.state.copy()
    site = (ev.frame, place(expr.loc))
    items = unrolled(
        ev, evaluate(ev, generator.iter), ("unroll", site) in ev.cx.decisions or _small(ev, generator.iter)
    )
    if items is None:
        del ev.out[mark:]
        ev.state = before
        return None
    found: list[Value] = []
    for item in items:
        _bind_target(ev, generator.target, item)
        tests = [static_truth(ev, evaluate(ev, test)) for test in generator.tests]
        if not all(known for known, _ in tests):
            raise Unsupported("a comprehension whose condition is known only at run time", expr.loc, "write a loop.")
        if all(truth for _, truth in tests):
            inner = expand(ev, expr, depth + 1)
            if inner is None:
                return None
            found.extend(inner)
    return found


def _small(ev: Evaluator, iterable: ir.Expr) -> bool:
    """Ranges up to 16 long are written out in a comprehension, as in ``np.array([f(i) for i in range(3)])``."""
    value = evaluate(ev, iterable) if isinstance(iterable, ir.Call) else None
    if isinstance(value, Lazy) and value.kind == "range":
        bounds = [static(ev, v) for v in value.args]
        return all(known for known, _ in bounds) and len(range(*(v for _, v in bounds))) <= 16
    return False


def _bind_target(ev: Evaluator, target: ir.Expr, item: Value) -> None:
    """Bind a comprehension's variable without an assignment where the item is a name, constant or element."""
    if isinstance(target, ir.Name):
        simple = not isinstance(item, Dyn) or isinstance(item.expr, (ir.Name, ir.Const, ir.Index))
        if simple:
            ev.env[target.id] = item
            return
    if isinstance(target, (ir.Tuple, ir.List)) and isinstance(item, Ptr):
        box = ev.state.heap[item.id]
        if len(box.items) == len(target.items):
            for t, v in zip(target.items, box.items, strict=True):
                _bind_target(ev, t, v)
            return
    assign(ev, target, item, None)


def _frozen(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Value:
    return value
