"""Lists whose length is known only at run time: made empty, appended to in loops, read by position or as an array."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from srcad import eval_rows, ir, routines, types
from srcad.errors import Unsupported
from srcad.eval_comprehensions import taking
from srcad.eval_core import Evaluator, NothingYet, Restart, place
from srcad.eval_exprs import evaluate
from srcad.eval_order import holding, names_in, owned, release
from srcad.eval_values import ONE_ARRAY, residual, static
from srcad.rules import iteration
from srcad.types import Num, Seq
from srcad.values import Bound, Closure, Dyn, Generator, Known, Lazy, Partial, Ptr, Rows, Stream, Value

UNDECIDED = Seq(Num(None, None))


def new(ev: Evaluator, items: list[Value], loc: ir.Loc | None, base: str = "items") -> Value:
    """A list literal that later grows in a loop."""
    slot = ev.slot(f"{base}#{place(loc)}", UNDECIDED)
    template = next((d[2] for d in ev.cx.decisions if d[:2] == ("rows", ev.same_again(slot))), None)
    if template is None and items:
        template = eval_rows.template_of(ev, items[0])
    if template is not None:
        return eval_rows.new(ev, template, items, base, loc)
    exprs = tuple(residual(ev, item, loc) for item in items)
    at, owner = ev.renewed
    ev.put([(slot, ir.List(exprs))], loc, {owner} if at == place(loc) else ())
    known = ev.cx.types.get(slot)
    type_ = known if isinstance(known, Seq) else decided(ev, slot)
    for item in items:
        type_ = _with_element(type_, item, loc)
    ev.cx.types[slot] = type_
    return Dyn(ir.Name(slot), type_)


def decided(ev: Evaluator, slot: str) -> Seq:
    """What an earlier evaluation found that a list holds."""
    found = _decisions(ev, slot)
    if len({None if kind.dims is None else len(kind.dims) for kind in found}) != 1:
        return UNDECIDED
    return functools.reduce(lambda known, kind: _with_element(known, Dyn(ir.Name(slot), kind), None), found, UNDECIDED)


def _decisions(ev: Evaluator, slot: str) -> list[Num]:
    key = ev.same_again(slot)
    return sorted((d[2] for d in ev.cx.decisions if d[:2] == ("items", key)), key=repr)


def nothing_yet(ev: Evaluator, iterable: Value) -> bool:
    """Whether a loop is over a list that nothing was put into so far: this round is one in which it does not run.

    What is put in later is then known from the start (see `settle`).
    """
    if isinstance(iterable, Lazy) and iterable.kind in ("enumerate", "zip", "reversed", "iter"):
        return any(nothing_yet(ev, part) for part in iterable.args)
    if isinstance(iterable, Rows):
        return any(nothing_yet(ev, column) for column in iterable.columns)
    if not isinstance(iterable, Dyn) or not isinstance(iterable.expr, ir.Name) or ev.by_name:
        return False  # a rule is evaluated once
    name = iterable.expr.id
    if ev.cx.types.get(name) != UNDECIDED or _decisions(ev, name):
        return False
    ev.cx.empty.add(name)
    return True


def settle(ev: Evaluator) -> None:
    """Evaluate again with what lists hold that were taken for empty and appear in the program after all."""
    if not ev.cx.empty and not any(d[0] == "items" for d in ev.cx.decisions):
        return
    for name, known in ev.cx.types.items():
        if isinstance(known, Seq) and decided(ev, name) not in (UNDECIDED, _general(known)):
            raise known_items(ev, name, known)  # more kinds of items than were found before
    parts = [tuple(ev.out), *((r.body, r.results) for r in routines.reachable(tuple(ev.out)))]
    nodes = list(ir.walk(tuple(parts)))
    made = [s.target for s in nodes if isinstance(s, ir.Assign) and s.value == ir.List(())]
    seen = Counter(n.id for n in nodes if isinstance(n, ir.Name))
    seen.subtract(target.id for target in made if isinstance(target, ir.Name))
    seen.update(n.stack for n in nodes if isinstance(n, (ir.Push, ir.Pop)))
    for name in sorted(ev.cx.empty):
        if seen[name] > 0 or name in ev.cx.left_out:
            raise known_items(ev, name, ev.cx.types[name])
    share(ev, nodes)


def known_items(ev: Evaluator, name: str, known: types.Abstract) -> Restart:
    """The decision what a list holds."""
    assert isinstance(known, Seq)
    return Restart(("items", ev.same_again(name), _general(known).element))


def _general(known: Seq) -> Seq:
    """Without what is known of one item's extents."""
    dims = known.element.dims
    return Seq(replace(known.element, dims=None if dims is None else (None,) * len(dims), number=None))


def share(ev: Evaluator, nodes: Sequence[ir.Node]) -> None:
    """What is known of a list's items is known of it under the name, too, that it had when it was empty."""
    pairs = [(s.target, s.value) for s in nodes if isinstance(s, ir.Assign)]
    for target, value in reversed(pairs):
        known = ev.cx.types.get(target.id) if isinstance(target, ir.Name) else None
        if isinstance(known, Seq) and isinstance(value, ir.Name) and ev.cx.types.get(value.id) == UNDECIDED:
            ev.cx.types[value.id] = known


def undecided(key: Any) -> tuple[Any, ...]:
    """The decision that a list is read as it is, whether or not anything was put into it."""
    return "items", key, UNDECIDED.element


def repeated(ev: Evaluator, items: Sequence[Value], count: int, loc: ir.Loc | None) -> Value:
    """``[c] * n`` for a list that is indexed by what is known only at run time."""
    type_ = UNDECIDED
    for item in items:
        type_ = _with_element(type_, item, loc)
    exprs = tuple(residual(ev, item, loc) for item in items)
    return Dyn(ir.Binary("*", ir.List(exprs), ir.Const(count), loc=loc), type_)


def repeated_in_turn(ev: Evaluator, items: Value, count: Value, loc: ir.Loc | None) -> Value:
    """``[a, b] * n`` with an n that is known only at run time: the same items, again and again."""
    from srcad.eval_itertools import read

    return read(ev, iteration.repeated_items, [items, count], loc)


def _what(item: Value) -> str:
    if isinstance(item, (Closure, Partial, Bound)):
        return "functions"
    return "containers" if isinstance(item, Ptr) else "lists"


def _with_element(type_: Seq, item: Value, loc: ir.Loc | None) -> Seq:
    from srcad.eval_core import merge_types

    if not isinstance(item, Dyn) or not isinstance(item.type, Num):
        raise Unsupported(f"cannot differentiate a list of unknown length that holds {_what(item)}", loc, ONE_ARRAY)
    element = replace(item.type, number=None)
    if type_ == UNDECIDED:
        return Seq(element)
    _refuse_two_precisions(type_.element, element, loc)
    merged = merge_types(type_.element, element)
    return Seq(merged) if isinstance(merged, Num) else type_


def _refuse_two_precisions(a: Num, b: Num, loc: ir.Loc | None) -> None:
    """A Python number among float32 ones has 53 bits where it is read, or 24 beside another: no one type says that."""
    for one, other in ((a, b), (b, a)):
        if one.dims == () == other.dims and one.weak and one.dtype == "float64" and other.dtype == "float32":
            reason = "cannot differentiate a list of unknown length that holds Python's floats beside float32 numbers"
            raise Unsupported(reason, loc, "Make the numbers float32 too: np.float32(0.5).")


def method(ev: Evaluator, owner: Dyn, name: str, args: list[Value], loc: ir.Loc | None, part: str = "") -> Value:
    """`part`: which of several lists it is that are one to the program."""
    if name == "append" and isinstance(owner.expr, ir.Name):
        stack = owner.expr.id
        template = eval_rows.template_of(ev, args[0])
        if template is not None and ev.cx.types.get(stack) == UNDECIDED:
            raise Restart(("rows", ev.same_again(stack), template))
        known = ev.cx.types.get(stack)
        assert isinstance(known, Seq)
        ev.cx.types[stack] = _with_element(known, args[0], loc)
        if stack in ev.cx.empty:
            raise known_items(ev, stack, ev.cx.types[stack])
        ev.emit(ir.Push(stack, residual(ev, args[0], loc), loc=loc))
        return Known(None)
    if name == "pop" and not args and isinstance(owner.expr, ir.Name):
        type_ = ev.cx.types[owner.expr.id]
        assert isinstance(type_, Seq)
        slot = ev.slot(f"item{part}#{place(loc)}", type_.element)
        ev.note_type(slot, type_.element)
        release(ev, [slot], loc)
        ev.emit(ir.Pop(ir.Name(slot), owner.expr.id, loc=loc))
        return Dyn(ir.Name(slot), type_.element)
    if name == "copy":
        return collected(ev, owner, loc)
    if name == "extend" and len(args) == 1:
        extend(ev, owner, args[0], loc)
        return Known(None)
    own = _WRITTEN_OUT.get((name, len(args)))
    if own is not None:
        from srcad.eval_itertools import read

        known = ev.cx.types.get(owner.expr.id) if isinstance(owner.expr, ir.Name) else None
        scalar = name == "insert" and known == UNDECIDED and _is_number(args[1])
        if not scalar and (not isinstance(known, Seq) or known.element.dims != ()):
            reason = f"cannot differentiate the method {name} of a list of unknown length that holds arrays"
            raise Unsupported(reason, loc, ONE_ARRAY)
        return read(ev, own, [owner, *args], loc)
    raise Unsupported(f"cannot differentiate the method {name} of a list of unknown length", loc, ONE_ARRAY)


# what is written out in `rules.iteration`, by name and number of arguments
_WRITTEN_OUT = {
    ("insert", 2): iteration.insert_item,
    ("pop", 1): iteration.pop_item,
    ("clear", 0): iteration.clear_items,
    ("reverse", 0): iteration.reverse_items,
}


def _is_number(value: Value) -> bool:
    return isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.dims == ()


def item(ev: Evaluator, base: Dyn, items: list[Value], loc: ir.Loc | None) -> Value:
    expr = ir.Index(base.expr, tuple(residual(ev, i, loc) for i in items), loc=loc)
    part = _part(ev, base, items[0], loc) if len(items) == 1 and isinstance(items[0], Lazy) else None
    if part is not None:
        return part
    if len(items) == 1 and isinstance(items[0], Lazy) and items[0].kind == "slice":
        return sliced(ev, base, items[0], loc)
    if nothing_yet(ev, base):
        ev.cx.left_out.update(names_in(base))
        raise NothingYet
    if len(items) != 1 or isinstance(items[0], (Known, Lazy)):
        raise Unsupported(
            "cannot differentiate such an index into a list of unknown length", loc, "Index it with a number."
        )
    type_ = ev.cx.types.get(base.expr.id) if isinstance(base.expr, ir.Name) else base.type
    assert isinstance(type_, Seq)
    return Dyn(expr, type_.element)


def sliced(ev: Evaluator, items: Value, key: Lazy, loc: ir.Loc | None) -> Value:
    """``values[a:b:c]``: a new list."""
    from srcad.eval_itertools import read

    return read(ev, iteration.part_of, [items, *key.args], loc)


def extend(ev: Evaluator, owner: Value, more: Value, loc: ir.Loc | None) -> None:
    """``values += more``, ``values.extend(more)``: items whose number is known are appended one by one."""
    from srcad.eval_iter import unrolled
    from srcad.eval_itertools import read

    items = unrolled(ev, more, ranges=False)
    if items is None:
        read(ev, iteration.extend_items, [owner, more], loc)
        return
    append = eval_rows.method if isinstance(owner, Rows) else method
    with holding(ev, items):
        for item in items:
            append(ev, owner, "append", [item], loc)  # type: ignore[arg-type]


def is_list(ev: Evaluator, value: Value) -> bool:
    """Whether a value is a Python list, of known length or not."""
    if isinstance(value, Ptr):
        return ev.state.heap[value.id].kind == "list"
    return isinstance(value, Rows) or isinstance(value, Dyn) and isinstance(value.type, Seq)


def joined(ev: Evaluator, left: Value, right: Value, loc: ir.Loc | None) -> Value:
    """``left + right`` of two lists, one of them of unknown length: a new list."""
    with holding(ev, [right]):
        known = ev.state.heap[left.id].items if isinstance(left, Ptr) else None
        made = collected(ev, left, loc) if known is None else new(ev, list(known), loc)
        extend(ev, made, right, loc)
    return made


def _part(ev: Evaluator, base: Dyn, key: Lazy, loc: ir.Loc | None) -> Value | None:
    """``values[a:b]`` with bounds that are numbers of the text: a new list of these items."""
    bounds = [static(ev, bound) for bound in key.args] if key.kind == "slice" else []
    if len(bounds) != 3 or not all(known for known, _ in bounds) or bounds[2][1] not in (None, 1):
        return None
    source, k = ir.Name(_source(loc)), ir.Name(f"k#{place(loc)}")
    length = ir.Call(ir.Ref("builtins.len", len), (source,), loc=loc)
    lower, upper = _bound(bounds[0][1], length, ir.Const(0)), _bound(bounds[1][1], length, length)
    span = ir.Call(ir.Ref("builtins.range", range), (lower, upper), loc=loc)
    ev.env[source.id] = base
    value = from_comprehension(
        ev, ir.Comprehension("list", ir.Index(source, (k,), loc=loc), (ir.Generator(k, span),), loc=loc)
    )
    ev.env.pop(source.id, None)
    return value


def _bound(value: int | None, length: ir.Expr, default: ir.Expr) -> ir.Expr:
    """A bound of a slice as a position from the front."""
    if value is None:
        return default
    if value >= 0:
        return ir.Call(ir.Ref("builtins.min", min), (ir.Const(value), length))
    from_end = ir.Binary("-", length, ir.Const(-value))
    return ir.Call(ir.Ref("builtins.max", max), (from_end, ir.Const(0)))


def set_item(ev: Evaluator, base: Dyn, items: list[Value], value: Value, loc: ir.Loc | None) -> None:
    """``values[k] = e`` in a list of numbers."""
    known = ev.cx.types.get(base.expr.id) if isinstance(base.expr, ir.Name) else None
    if not isinstance(known, Seq) or len(items) != 1 or not isinstance(items[0], Dyn):
        raise Unsupported("cannot differentiate this write into a list of unknown length", loc, ONE_ARRAY)
    merged = _with_element(known, value, loc)
    if merged.element.dims != ():
        from srcad.eval_itertools import read

        ev.cx.types[base.expr.id] = merged  # type: ignore[union-attr]
        read(ev, iteration.exchange_item, [base, items[0], value], loc)
        return
    name = base.expr.id  # type: ignore[union-attr]
    if types.is_integer(known.element) and not types.is_integer(merged.element):
        if ("float list", ev.same_again(name)) in ev.cx.decisions:
            raise Unsupported("cannot differentiate a list of integers and other numbers", loc, "Start it with 0.0.")
        raise Restart(("float list", ev.same_again(name)))
    ev.cx.types[name] = merged
    ev.emit(ir.Store(ir.Index(base.expr, (items[0].expr,), loc=loc), residual(ev, value, loc), loc=loc))


def widened(value: Dyn) -> Dyn:
    """``[0] * n`` as ``[0.0] * n``: what will hold floats is a list of floats from the start."""

    def visit(node: Any) -> Any:
        numbers = isinstance(node, ir.List) and all(isinstance(i, ir.Const) for i in node.items)
        return replace(node, items=tuple(ir.Const(float(i.value)) for i in node.items)) if numbers else node

    expr = ir.transform(value.expr, visit)
    return value if expr == value.expr else Dyn(expr, Seq(types.FLOAT))


def from_comprehension(ev: Evaluator, expr: ir.Comprehension) -> Value:
    """``[f(x) for x in xs]`` over something of unknown length: a loop that appends."""
    from srcad import eval_tables

    table = eval_tables.build(ev, expr)
    if table is not None:
        return table
    name = f"items#{place(expr.loc)}"
    site = ir.Name(name)
    body: tuple[ir.Stmt, ...] = (ir.Do(ir.Call(ir.Attr(site, "append"), (expr.element,), loc=expr.loc), loc=expr.loc),)
    ev.env[name] = new(ev, [], expr.loc)
    ev.statement(_nest(expr, body))
    value = ev.env.pop(name)
    ev.cx.made_by |= dict.fromkeys(names_in(value), (ev.frame, place(expr.loc)))
    if isinstance(value, Rows):
        return value
    assert isinstance(value, Dyn) and isinstance(value.expr, ir.Name)
    type_ = ev.cx.types[value.expr.id]
    assert isinstance(type_, Seq)
    return Dyn(value.expr, type_)


def _nest(expr: ir.Comprehension, body: tuple[ir.Stmt, ...], stop: ir.Expr | None = None) -> ir.Stmt:
    for generator in reversed(expr.generators):
        for test in reversed(generator.tests):
            body = (ir.If(test, body, loc=expr.loc),)
        body = (ir.For(generator.target, generator.iter, body, stop, loc=expr.loc),)
    return body[0]


def collected(ev: Evaluator, iterable: Value, loc: ir.Loc | None, number: str | None = None) -> Value:
    """``list(x)`` of something of unknown length; number: makes a Python number of each item (``builtins.float``)."""
    with _taken(ev, iterable, loc) as items:
        element = items.element if number is None else ir.Call(ir.Ref(number), (items.element,), loc=loc)
        return from_comprehension(ev, replace(items, element=element, kind="list"))


def total(ev: Evaluator, iterable: Value, start: Value, loc: ir.Loc | None) -> Value:
    """``sum`` of a generator, an array or a list of unknown length: a loop that adds, in Python's order.

    Of arrays it starts with the first, to which `start` is added: an empty sum is an error then.
    """
    decision = ("sum of arrays", place(loc))
    if decision in ev.cx.decisions:
        name = f"start#{place(loc)}"
        ev.env[name] = start
        add = functools.partial(ir.Binary, "+", loc=loc)
        items = collected(ev, iterable, loc) if isinstance(iterable, (Generator, Stream)) else iterable
        value = _folded(ev, items, "total", lambda first: add(ir.Name(name), first), add, loc)
        ev.env.pop(name)
        return value
    name = f"total#{place(loc)}"
    with _taken(ev, iterable, loc) as taken:
        ev.bind(name, start, loc)
        step = ir.Assign(ir.Name(name), ir.Binary("+", ir.Name(name), taken.element, loc=loc), loc=loc)
        ev.statement(_nest(taken, (step,)))
        value = ev.env.pop(name)
    if _is_array(value) and not _is_array(start):
        raise Restart(decision)  # no variable is a number first and an array then
    return value


def _is_array(value: Value) -> bool:
    return isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.dims != ()


def quantified(ev: Evaluator, iterable: Value, op: str, loc: ir.Loc | None) -> Value:
    """``any`` or ``all`` of a generator: a loop that sets a flag, and ends when it is set."""
    name = f"found#{place(loc)}"
    with _taken(ev, iterable, loc) as items:
        ev.bind(name, evaluate(ev, ir.Const(op == "and")), loc)
        test = ir.Unary("not", items.element, loc=loc) if op == "and" else items.element
        flip = ir.If(test, (ir.Assign(ir.Name(name), ir.Const(op != "and"), loc=loc),), loc=loc)
        stop = ir.Unary("not", ir.Name(name)) if op == "and" else ir.Name(name)
        ev.statement(_nest(items, (flip,), stop))
        return ev.env.pop(name)


def extreme(ev: Evaluator, iterable: Value, path: str, loc: ir.Loc | None) -> Value:
    """``max`` or ``min`` of a list or generator: a loop over the items after the first."""
    from srcad import library

    if isinstance(iterable, (Generator, Stream)):
        iterable = collected(ev, iterable, loc)
    if not isinstance(iterable, Dyn) or not isinstance(iterable.type, Seq):
        name = path.rpartition(".")[2]
        raise Unsupported(f"cannot differentiate {name} of this value", loc, f"Use np.{name} on an array.")
    better = ir.Ref(path, library.load(path))
    return _folded(ev, iterable, "best", lambda first: first, lambda *two: ir.Call(better, two, loc=loc), loc)


def _folded(
    ev: Evaluator,
    iterable: Value,
    word: str,
    start: Callable[[ir.Expr], ir.Expr],
    combine: Callable[[ir.Expr, ir.Expr], ir.Expr],
    loc: ir.Loc | None,
) -> Value:
    """A loop over the items after the first, with which it starts."""
    source = ir.Name(_source(loc))
    total, k = (ir.Name(f"{w}#{place(loc)}") for w in (word, "k"))
    ev.env[source.id] = owned(ev, iterable, "items", loc)
    ev.bind(total.id, evaluate(ev, start(ir.Index(source, (ir.Const(0),), loc=loc))), loc)
    step = ir.Assign(total, combine(total, ir.Index(source, (k,), loc=loc)), loc=loc)
    count = ir.Call(ir.Ref("builtins.len", len), (source,))
    ev.statement(ir.For(k, ir.Call(ir.Ref("builtins.range", range), (ir.Const(1), count)), (step,), loc=loc))
    ev.env.pop(source.id)
    return ev.env.pop(total.id)


def _source(loc: ir.Loc | None) -> str:
    """The variable that holds what such a loop runs over."""
    return f"source#{place(loc)}"


@contextmanager
def _taken(ev: Evaluator, iterable: Value, loc: ir.Loc | None) -> Iterator[ir.Comprehension]:
    """The items of `iterable` as a generator expression; a generator's own, among its own variables."""
    if isinstance(iterable, Generator):
        with taking(ev, iterable, loc) as expr:
            yield expr
        return
    held, source = ir.Name(f"item#{place(loc)}"), ir.Name(_source(loc))
    ev.env[source.id] = owned(ev, iterable, "items", loc)
    yield ir.Comprehension("generator", held, (ir.Generator(held, source),), loc=loc)
    ev.env.pop(source.id, None)
