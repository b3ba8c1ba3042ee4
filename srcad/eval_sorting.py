"""``sorted``, ``list.sort``, and ``max`` and ``min`` by a key or with a default."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from srcad import eval_generators, eval_lists, eval_sequences, ir
from srcad.errors import Unsupported
from srcad.eval_builtins import Args, Kwargs, handles, keep
from srcad.eval_core import Evaluator
from srcad.eval_index import index
from srcad.eval_itertools import read
from srcad.eval_order import held, holding, owned
from srcad.eval_values import constant, demand, dyn, of_python, static
from srcad.rules import iteration
from srcad.types import Abstract, Num, Seq, is_scalar
from srcad.values import Dyn, Known, Lazy, Ptr, Value

NO_KEY = (True, None)
AN_ARRAY = "Use np.sort on an array, or np.argsort for the order."


# ---- the greatest and the least ----


def extreme_with(ev: Evaluator, path: str, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """``max(items, key=f)``, ``max(items, default=d)``."""
    key, default = kwargs.get("key", Known(None)), kwargs.get("default")
    items = eval_sequences.known_items(ev, args[0], loc) if len(args) == 1 else args
    if items is None and default is not None:
        name = path.rpartition(".")[2]
        raise Unsupported(f"cannot differentiate {name} with default= of unknown length", loc, "Test the length.")
    if items is not None and not items and default is not None:
        return default
    if static(ev, key) == NO_KEY:
        if items is None:
            return eval_sequences.open_extreme(ev, path, args[0], loc)
        return eval_sequences.closed_extreme(ev, path, items, loc)
    source = _listed(ev, args[0], loc) if items is None else ev.tuple_of([owned(ev, v, "item", loc) for v in items])
    return read(ev, iteration.largest if path.endswith("max") else iteration.smallest, [source, key], loc)


def _listed(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Value:
    """Something that can be read by position."""
    ahead = eval_generators.is_stream(value) or isinstance(value, Lazy)
    return eval_lists.collected(ev, value, loc) if ahead else value


# ---- in order ----


@handles("builtins.sorted")
def in_order(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """A new list; numbers known only at run time are sorted by NumPy."""
    key = kwargs.get("key", Known(None))
    backwards = "reverse" in kwargs and bool(demand(ev, kwargs["reverse"], "the argument reverse of sorted", loc))
    items = eval_sequences.known_items(ev, args[0], loc)
    if items is None:
        many = _listed(ev, args[0], loc)
        return eval_lists.collected(ev, _of_many(ev, many, key, backwards, loc), loc, _number(ev, many))
    keys = _keys(ev, items, key, loc)
    order = _known_order(ev, keys, backwards)
    if order is not None:
        return ev.tuple_of([items[k] for k in order], "list", site=loc)
    return ev.tuple_of(_of_few(ev, items, keys, backwards, loc), "list", site=loc)


def _keys(ev: Evaluator, items: list[Value], key: Value, loc: ir.Loc | None) -> list[Value]:
    from srcad import eval_calls

    if static(ev, key) == NO_KEY:
        return items
    found: list[Value] = []
    mark = len(ev.out)
    for item in items:
        with holding(ev, [*items, *found]):
            value = eval_calls.dispatch(ev, key, [item], {}, loc)
        found = [*held(ev, found, mark, loc), value]
        mark = len(ev.out)
    return found


def _known_order(ev: Evaluator, keys: list[Value], backwards: bool) -> list[int] | None:
    """The order, if it can be told while transforming: of pairs, by first parts that all differ."""
    first = [_first(ev, key) for key in keys]
    if not all(known for known, _, _ in first):
        return None
    whole, values = all(w for _, w, _ in first), [v for _, _, v in first]
    if not whole and len(set(values)) < len(values):
        return None
    return sorted(range(len(keys)), key=lambda k: values[k], reverse=backwards)


def _first(ev: Evaluator, key: Value) -> tuple[bool, bool, Any]:
    """(whether it is known, whether it is all there is to compare, the value)."""
    known, value = static(ev, key)
    if known:
        return True, True, value
    box = ev.state.heap[key.id] if isinstance(key, Ptr) else None
    if box is not None and box.kind in ("tuple", "list", "namedtuple") and box.items:
        known, value = static(ev, box.items[0])
        return known, False, value
    return False, False, None


def _of_few(ev: Evaluator, items: list[Value], keys: list[Value], backwards: bool, loc: ir.Loc | None) -> list[Value]:
    """A known number of numbers, or of tuples of numbers, in an order known only at run time."""
    order = _array(ev, keys, loc)
    boxes = [ev.state.heap[v.id] if isinstance(v, Ptr) else None for v in items]
    alike = {(b.kind, b.keys, b.cls) if b is not None and b.kind in ("tuple", "namedtuple") else None for b in boxes}
    if alike == {None}:
        return _columns(ev, items, order, backwards, loc)
    if len(alike) > 1 or keys is items:
        raise Unsupported("cannot differentiate sorted of values known only at run time", loc, AN_ARRAY)
    kind, names, cls = alike.pop()  # type: ignore[misc]
    parts = [[b.items[k] for b in boxes if b is not None] for k in range(len(names))]
    columns = [_columns(ev, part, order, backwards, loc) for part in parts]
    return [ev.box(kind, names, row, cls=cls) for row in zip(*columns, strict=True)]


def _columns(ev: Evaluator, items: list[Value], keys: Dyn, backwards: bool, loc: ir.Loc | None) -> list[Value]:
    values = _array(ev, items, loc)
    found = read(ev, iteration.in_order, [values, keys, constant(backwards)], loc)
    assert isinstance(found, Dyn)
    found = ev.temp("sorted", found, loc)
    return [_as_given(ev, index(ev, found, [constant(k)], loc), items, loc) for k in range(len(items))]


def _as_given(ev: Evaluator, item: Value, items: Sequence[Value], loc: ir.Loc | None) -> Value:
    """Python's floats stay what they are: beside float32 numbers an element of an array would have 53 bits."""
    made_by = {_number(ev, v) for v in items}
    path = made_by.pop() if len(made_by) == 1 else None
    return item if path is None else keep(ev, path, [item], {}, loc)


def _number(ev: Evaluator, value: Value) -> str | None:
    """What makes a Python number of this one, or of the items of this list, that are Python's."""
    kind: Abstract | None = value.type if isinstance(value, Dyn) else None
    if isinstance(value, Dyn) and isinstance(value.expr, ir.Name):
        kind = ev.cx.types.get(value.expr.id, kind)  # a list's, which its first item told
    kind = kind.element if isinstance(kind, Seq) else kind
    return of_python(kind.dtype) if isinstance(kind, Num) and kind.weak and kind.dims == () else None


def _array(ev: Evaluator, items: list[Value], loc: ir.Loc | None) -> Dyn:
    """Numbers of one kind as an array."""
    kinds = {v.type.dtype if isinstance(v, Dyn) and is_scalar(v.type) else None for v in items}  # type: ignore[union-attr]
    if len(kinds) > 1 or None in kinds:
        raise Unsupported("cannot differentiate sorted of values known only at run time", loc, AN_ARRAY)
    if len({v.type.weak for v in items}) > 1:  # type: ignore[union-attr]
        _refuse_beside_single(ev, loc)
    array = keep(ev, "numpy.array", [ev.tuple_of(items, "list")], {}, loc)
    assert isinstance(array, Dyn)
    return ev.temp("values", array, loc)


def _of_many(ev: Evaluator, value: Value, key: Value, backwards: bool, loc: ir.Loc | None) -> Value:
    """The numbers of an array or a list of unknown length, as an array in order."""
    many = value.type if isinstance(value, Dyn) else None
    if isinstance(many, Seq) and not is_scalar(many.element) and static(ev, key) != NO_KEY:
        keys = eval_lists.collected(ev, eval_sequences.lazy(ev, "map", (key, value)), loc)
        keys = keep(ev, "numpy.array", [keys], {}, loc)
        return read(ev, iteration.items_in_order, [value, keys, constant(backwards)], loc)
    if isinstance(many, Seq):
        if many.element.dtype == "float64" and _number(ev, value) is None:  # some may be Python's
            _refuse_beside_single(ev, loc)
        value, many = keep(ev, "numpy.array", [value], {}, loc), many.element
        dims: tuple[Any, ...] | None = (None,)
    else:
        dims = many.dims if isinstance(many, Num) else None
    if dims is None or len(dims) != 1 or not isinstance(value, Dyn):
        raise Unsupported("cannot differentiate sorted of values known only at run time", loc, AN_ARRAY)
    value = ev.temp("values", value, loc)
    if static(ev, key) == NO_KEY:
        found = keep(ev, "numpy.sort", [value], {}, loc)
        return _turned(ev, found, loc) if backwards else found
    keys = eval_lists.collected(ev, eval_sequences.lazy(ev, "map", (key, value)), loc)
    return read(ev, iteration.in_order, [value, keep(ev, "numpy.array", [keys], {}, loc), constant(backwards)], loc)


def _refuse_beside_single(ev: Evaluator, loc: ir.Loc | None) -> None:
    """Beside float32 numbers Python's floats have 24 bits and NumPy's 53: which was which an array does not tell."""
    if any(isinstance(t, Num) and t.dtype in ("float32", "complex64") for t in ev.cx.types.values()):
        reason = "cannot differentiate sorted of Python's floats and NumPy's in a program with float32 numbers"
        raise Unsupported(reason, loc, "Make them of one kind: float(value) or np.float64(value).")


def _turned(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Value:
    return keep(ev, "numpy.flip", [value], {}, loc)


def in_order_items(ev: Evaluator, owner: Value, kwargs: Kwargs, loc: ir.Loc | None) -> list[Value]:
    """The items of a list of known length as ``list.sort`` orders them."""
    found = in_order(ev, [owner], kwargs, loc)
    assert isinstance(found, Ptr)
    return list(ev.state.heap[found.id].items)


def sort_many(ev: Evaluator, owner: Dyn, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """``values.sort()`` of a list of numbers of unknown length: its items are written anew."""
    key = kwargs.get("key", Known(None))
    backwards = "reverse" in kwargs and bool(demand(ev, kwargs["reverse"], "the argument reverse of sort", loc))
    found, number = _of_many(ev, owner, key, backwards, loc), _number(ev, owner)
    if number is not None:
        found = eval_lists.collected(ev, found, loc, number)
    assert isinstance(found, Dyn)
    return read(ev, iteration.write_items, [owner, ev.temp("sorted", found, loc)], loc)


# ---- numpy.vectorize ----


@handles("numpy.vectorize")
def _vectorize(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad.values import Partial

    if len(args) != 1 or set(kwargs) - {"doc"}:
        reason = "cannot differentiate np.vectorize with otypes, a signature or excluded arguments"
        raise Unsupported(reason, loc, "Write a loop over the elements.")
    marker = Known(element_by_element, ir.Ref("srcad.vectorized", element_by_element))
    return Partial(marker, (args[0],))


def element_by_element(*args: Any) -> Any:
    """Stands for what `numpy.vectorize` returns."""


@handles("srcad.vectorized")
def _element_by_element(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """The loop over the elements: its type is that of the first value, so that all must be floats on every path."""
    operands = args[1:]
    kinds = [v.type if isinstance(v, Dyn) and isinstance(v.type, Num) else None for v in operands]
    fits = all(k is not None and (k.weak or k.dtype in ("float64", "int64")) for k in kinds)
    if kwargs or not operands or not fits:
        raise Unsupported("cannot differentiate this call of np.vectorize", loc, "Write a loop over the elements.")
    mark = len(ev.out)
    value = read(ev, iteration.vectorized, args, loc)
    _refuse_integers(ev, tuple(ev.out[mark:]), loc)
    return value


def _refuse_integers(ev: Evaluator, body: tuple[ir.Stmt, ...], loc: ir.Loc | None) -> None:
    """NumPy takes the type of the whole result from the first value: refused where some value is an integer."""
    stored = [n.value for n in ir.walk(body) if isinstance(n, ir.Store)]
    done: set[str] = set()
    while stored:
        expr = stored.pop()
        if isinstance(expr, ir.Name) and expr.id not in done:
            done.add(expr.id)
            stored += [n.value for n in ir.walk(body) if isinstance(n, ir.Assign) and n.target == expr]
        elif isinstance(expr, ir.IfExp):
            stored += [expr.body, expr.orelse]
        kind = dyn(ev, expr).type
        if not isinstance(kind, Num) or kind.dtype != "float64":
            reason = "cannot differentiate np.vectorize of a function whose values are not all floats"
            raise Unsupported(reason, loc, "Let it return floats: NumPy takes the type of the first value for all.")
