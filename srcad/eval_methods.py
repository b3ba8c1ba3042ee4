"""Methods: of arrays (which become NumPy functions), of containers, and of the user's objects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from srcad import ir
from srcad.dims import Dim
from srcad.errors import Unsupported
from srcad.eval_assign import changeable, check_writable, set_item
from srcad.eval_augment import added
from srcad.eval_core import Evaluator, of_a_rule
from srcad.eval_exprs import sequence
from srcad.eval_order import held, holding, owned
from srcad.eval_values import OF_PYTHON, constant, demand, dyn, library_path, of_python, residual, static
from srcad.rules import numbers
from srcad.types import Num, Seq, is_bool, is_complex, is_float, is_integer, is_scalar
from srcad.values import Bound, Box, Dyn, Known, Lazy, Ptr, Rows, Table, Value, certain

Args = list[Value]
Kwargs = dict[str, Value]

# methods that are the NumPy function of the same name with the array as its first argument
AS_FUNCTION = frozenset(
    "sum prod mean std var max min ptp any all argmax argmin argsort cumsum cumprod clip round repeat squeeze swapaxes "
    "diagonal trace take nonzero searchsorted ravel dot copy choose argpartition".split()
)


def call(ev: Evaluator, fn: Bound, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    owner = fn.owner
    if isinstance(owner, Dyn):
        if isinstance(owner.type, Seq):
            from srcad import eval_lists

            if fn.name == "sort":
                from srcad import eval_sorting

                return eval_sorting.sort_many(ev, owner, kwargs, loc)
            return eval_lists.method(ev, owner, fn.name, args, loc)
        return array_method(ev, owner, fn.name, args, kwargs, loc)
    if isinstance(owner, Ptr):
        box = ev.state.heap[owner.id]
        if fn.function is not None:
            from srcad import eval_functions

            return eval_functions.call_user(ev, Known(fn.function), [owner, *args], kwargs, loc)
        if box.kind == "dict":
            if fn.name == "update" and kwargs:
                args = [ev.box("dict", tuple(kwargs), tuple(kwargs.values())), *args]
            return _dict_method(ev, owner, box, fn.name, args, loc)
        return _list_method(ev, owner, box, fn.name, args, kwargs, loc)
    if isinstance(owner, Rows):
        from srcad import eval_rows

        return eval_rows.method(ev, owner, fn.name, args, loc)
    if isinstance(owner, Table):
        from srcad import eval_tables

        return eval_tables.method(ev, owner, fn.name, args, loc)
    from srcad import eval_objects

    return eval_objects.method(ev, fn, args, kwargs, loc)


# ---- arrays ----


def array_method(ev: Evaluator, owner: Dyn, name: str, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad.eval_builtins import keep

    special = _ARRAY_METHODS.get(name)
    if special is not None:
        return special(ev, owner, args, kwargs, loc)  # type: ignore[no-any-return]
    if name in AS_FUNCTION:
        return keep(ev, f"numpy.{name}", [owner, *args], kwargs, loc)
    fact, way_out = _REFUSED.get(
        name, (": it has no derivative rule", "Use the NumPy function that gives a new array.")
    )
    raise Unsupported(f"cannot differentiate {_class_name(owner)}.{name}{fact}", loc, way_out)


_REFUSED = {
    "resize": (", which changes the memory of the array", "Copy into a new array of the wanted size."),
    "setflags": (", which changes how the array may be used", "Leave it out of the model."),
    "byteswap": (", which reads the numbers as other bits", "Convert with astype."),
    "view": (", which reads the numbers as other bits", "Convert with astype, or slice."),
    "tobytes": (": bytes have no derivative", "Keep the array."),
    "dumps": (": bytes have no derivative", "Keep the array."),
    "tofile": (": files are outside of the function", "Write the file after the call."),
    "dump": (": files are outside of the function", "Write the file after the call."),
    "ctypes": (": an address has no derivative", "Keep the array."),
    "data": (": an address has no derivative", "Keep the array."),
    "strides": (": where an array lies in memory has no derivative", "Use its shape."),
    "flags": (": where an array lies in memory has no derivative", "Make an array of the layout that is needed."),
    "base": (": where an array lies in memory has no derivative", "Name the array that it is a view of."),
}


def _class_name(owner: Dyn) -> str:
    return "float" if isinstance(owner.type, Num) and owner.type.dims == () and owner.type.weak else "ndarray"


def _refuse_unknown_object(owner: Dyn, name: str, loc: ir.Loc | None) -> None:
    text = owner.expr.id if isinstance(owner.expr, ir.Name) else "what it belongs to"
    raise Unsupported(
        f"cannot differentiate .{name}: only running the file would tell what {text} is",
        loc,
        f"Pass {name} as an argument, or use @differentiate, which sees the object.",
    )


def data_attribute(owner: Dyn, name: str, loc: ir.Loc | None) -> None:
    """Refuse an attribute of an array that is no method; one that arrays do not have is Python's error."""
    if isinstance(owner.expr, ir.Attr) and owner.expr.name == "dtype":
        return  # of an array of unknown type, which equals no type it is compared with
    if name == "bit_length" and is_scalar(owner.type) and is_integer(owner.type):
        return
    kind = owner.type
    whole = is_integer(kind) or is_bool(kind)
    if whole and is_scalar(kind):
        return _integer_attribute(owner, name, loc)
    if not hasattr(np.ndarray, name) and not hasattr(float, name):
        unknown = isinstance(kind, Num) and not kind.dims and (kind.dims is None or hasattr(int, name))
        if unknown and (whole or getattr(kind, "dtype", "") is None):
            _refuse_unknown_object(owner, name, loc)
        text = "numpy.ndarray" if _class_name(owner) == "ndarray" else "float"
        raise certain(AttributeError(f"'{text}' object has no attribute '{name}'"))
    if not callable(getattr(np.ndarray, name, None)) and not hasattr(float, name):
        fact, way_out = _REFUSED.get(name, (": it has no derivative rule", "Leave it out of the model."))
        raise Unsupported(f"cannot differentiate ndarray.{name}{fact}", loc, way_out)


def _integer_attribute(owner: Dyn, name: str, loc: ir.Loc | None) -> None:
    """As above of an integer or a truth value: those of Python's have attributes that floats and arrays lack."""
    assert isinstance(owner.type, Num)
    cls: Any = np.dtype(owner.type.dtype).type
    if owner.type.weak:
        cls = bool if owner.type.dtype == "bool" else int
    if not hasattr(cls, name) and not (of_a_rule(loc) or not owner.type.weak and hasattr(np.ndarray, name)):
        text = cls.__name__ if owner.type.weak else f"numpy.{cls.__name__}"
        raise certain(AttributeError(f"'{text}' object has no attribute '{name}'"))
    if not hasattr(np.ndarray, name) and name != "is_integer":
        raise Unsupported(f"cannot differentiate {cls.__name__}.{name}: it has no derivative rule", loc)


def _reshape(ev: Evaluator, owner: Dyn, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad.eval_builtins import keep

    shape = args[0] if len(args) == 1 else ev.tuple_of(args)
    return keep(ev, "numpy.reshape", [owner, shape], kwargs, loc)


def _transpose(ev: Evaluator, owner: Dyn, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad.eval_builtins import keep

    if not args:
        return dyn(ev, ir.Call(ir.Ref("numpy.transpose"), (owner.expr,), loc=loc))
    axes = args[0] if len(args) == 1 else ev.tuple_of(args)
    return keep(ev, "numpy.transpose", [owner, axes], kwargs, loc)


def _flatten(ev: Evaluator, owner: Dyn, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad.eval_builtins import keep

    flat = keep(ev, "numpy.ravel", [owner, *args], kwargs, loc)
    return keep(ev, "numpy.copy", [flat], {}, loc)


def _astype(ev: Evaluator, owner: Dyn, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad.eval_builtins import keep

    dtype = args[0] if args else kwargs["dtype"]
    if not demand(ev, kwargs.get("copy", Known(True)), "the argument copy of astype", loc):
        assert isinstance(owner.type, Num)
        if owner.type.dtype is None or not isinstance(dtype, Known):
            raise Unsupported(
                "cannot differentiate astype(copy=False) of an array of unknown type", loc, "Let it copy."
            )
        if np.dtype(dtype.value).name == owner.type.dtype:
            return owner
    return keep(ev, "srcad_runtime.astype", [owner, dtype], {}, loc)


def _conj(ev: Evaluator, owner: Dyn, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """Unlike the function, the method gives a real array itself."""
    from srcad.eval_builtins import keep

    if is_float(owner.type) and not is_complex(owner.type) and isinstance(owner.type, Num) and owner.type.dtype:
        return owner
    return keep(ev, "numpy.conjugate", [owner, *args], kwargs, loc)


def _partition(ev: Evaluator, owner: Dyn, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad.eval_builtins import keep

    check_writable(ev, owner, loc)
    value = keep(ev, "numpy.partition", [owner, *args], kwargs, loc)
    ev.emit(ir.Store(ir.Index(owner.expr, (ir.ELLIPSIS,)), residual(ev, value, loc), loc=loc))
    return Known(None)


def _fill(ev: Evaluator, owner: Dyn, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    check_writable(ev, owner, loc)
    ev.emit(ir.Store(ir.Index(owner.expr, (ir.ELLIPSIS,)), residual(ev, args[0], loc), loc=loc))
    return Known(None)


def _sort(ev: Evaluator, owner: Dyn, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad.eval_builtins import keep

    check_writable(ev, owner, loc)
    value = keep(ev, "numpy.sort", [owner, *args], kwargs, loc)
    ev.emit(ir.Store(ir.Index(owner.expr, (ir.ELLIPSIS,)), residual(ev, value, loc), loc=loc))
    return Known(None)


def _item(ev: Evaluator, owner: Dyn, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad.eval_builtins import HANDLERS

    assert isinstance(owner.type, Num)
    number = of_python(owner.type.dtype)
    if not args and owner.type.dims == () and number is not None:
        return HANDLERS[number](ev, [owner], {}, loc)
    flat = owner
    if not args and set(owner.type.dims or (None,)) != {Dim(1)}:  # NumPy raises where there are more elements than one
        flat = dyn(ev, ir.Call(ir.Ref("numpy.reshape"), (owner.expr, ir.Const(1)), loc=loc))
    elif len(args) < len(owner.type.dims or ()):
        flat = dyn(ev, ir.Call(ir.Ref("numpy.ravel"), (owner.expr,), loc=loc))
    items = tuple(residual(ev, a, loc) for a in args) or (ir.Const(0),)
    found = dyn(ev, ir.Index(flat.expr, items, loc=loc))
    return found if number is None else HANDLERS[number](ev, [found], {}, loc)


def _bit_length(ev: Evaluator, owner: Dyn, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad.eval_itertools import read

    return read(ev, numbers.bit_length, [owner], loc)


def _is_whole(ev: Evaluator, owner: Dyn, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad.eval_itertools import read

    return read(ev, numbers.is_whole, [owner], loc)


def _compress(ev: Evaluator, owner: Dyn, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad.eval_builtins import keep

    return keep(ev, "numpy.compress", [args[0], owner, *args[1:]], kwargs, loc)


def _clip(ev: Evaluator, owner: Dyn, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """Unlike the function, the method may be given the lower bound alone."""
    from srcad.eval_builtins import keep

    args = [*args, Known(None, ir.NONE)] if len(args) == 1 and "max" not in kwargs else args
    return keep(ev, "numpy.clip", [owner, *args], kwargs, loc)


def _put(ev: Evaluator, owner: Dyn, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad import eval_effects

    if len(args) != 2 or kwargs:
        raise Unsupported("cannot differentiate ndarray.put with a mode", loc, "Write with an index: x[i] = value.")
    return eval_effects.put(ev, owner, args[0], args[1], loc)


def _view(ev: Evaluator, owner: Dyn, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """A view of the same numbers is the array."""
    dtype = args[0] if args else kwargs.get("dtype")
    own = owner.type.dtype if isinstance(owner.type, Num) else None
    same = isinstance(dtype, Known) and library_path(dtype.value) in (f"numpy.{own}", OF_PYTHON.get(own or ""))
    if dtype is None and not kwargs or same and own is not None:
        return owner
    fact, way_out = _REFUSED["view"]
    raise Unsupported(f"cannot differentiate ndarray.view{fact}", loc, way_out)


def _tolist(ev: Evaluator, owner: Dyn, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad import eval_itertools, eval_lists
    from srcad.eval_builtins import HANDLERS

    assert isinstance(owner.type, Num)
    number, ndim = of_python(owner.type.dtype), len(owner.type.dims or ())
    if eval_itertools.is_open(ev, owner) and ndim == 1:
        return eval_lists.collected(ev, owner, loc, number)
    items = list(sequence(ev, owner, loc))
    if ndim > 1:
        items = _rows_as_lists(ev, items, loc)
    elif number is not None:
        items = [HANDLERS[number](ev, [item], {}, loc) for item in items]
    return ev.tuple_of(items, "list", site=loc)


def _rows_as_lists(ev: Evaluator, rows: list[Value], loc: ir.Loc | None) -> list[Value]:
    """The lists of the rows of an array; those of unknown length are made at one place, and are not one list."""
    found: list[Value] = []
    mark = len(ev.out)
    for row in rows:
        assert isinstance(row, Dyn)
        with holding(ev, [*rows, *found]):
            value = _tolist(ev, row, [], {}, loc)
        found = [*held(ev, found, mark, loc), value]
        mark = len(ev.out)
    return found


_ARRAY_METHODS: dict[str, Any] = {
    "reshape": _reshape,
    "transpose": _transpose,
    "flatten": _flatten,
    "astype": _astype,
    "fill": _fill,
    "sort": _sort,
    "partition": _partition,
    "conj": _conj,
    "conjugate": _conj,
    "clip": _clip,
    "compress": _compress,
    "item": _item,
    "bit_length": _bit_length,
    "is_integer": _is_whole,
    "put": _put,
    "view": _view,
    "tolist": _tolist,
}


# ---- lists and tuples ----


def _list_method(
    ev: Evaluator, owner: Ptr, box: Box, name: str, args: Args, kwargs: Kwargs, loc: ir.Loc | None
) -> Value:
    if box.kind == "namedtuple" and name == "_replace":
        items = [kwargs.get(key, item) for key, item in zip(box.keys, box.items, strict=True)]
        return ev.box("namedtuple", box.keys, items, cls=box.cls)
    if name == "_asdict":
        return ev.box("dict", box.keys, box.items)
    if box.cls is not None and box.kind == "list":
        from srcad import eval_containers

        if eval_containers.is_queue(box) and name in eval_containers.METHODS:
            changeable(ev, owner, loc)
            own = [_owned(ev, box, a, loc) if name.startswith("append") else a for a in args]
            items, value = eval_containers.changed(ev, box, name, own, loc)
            ev.state.heap[owner.id] = replace(box, keys=tuple(range(len(items))), items=tuple(items), expr=None)
            return value
    if box.kind == "list" and name in _LIST_METHODS:
        changeable(ev, owner, loc)
        items, value = _LIST_METHODS[name](ev, box, args, loc)
        ev.state.heap[owner.id] = replace(box, keys=tuple(range(len(items))), items=tuple(items), expr=None)
        return value  # type: ignore[no-any-return]
    if box.kind == "list" and name == "sort":
        from srcad import eval_sorting

        changeable(ev, owner, loc)
        items = [_owned(ev, box, v, loc) for v in eval_sorting.in_order_items(ev, owner, kwargs, loc)]
        ev.state.heap[owner.id] = replace(ev.state.heap[owner.id], items=tuple(items), expr=None)
        return Known(None)
    if name == "copy":
        return ev.tuple_of(box.items, box.kind, site=loc)
    if name in ("index", "count"):
        known = [static(ev, item) for item in (*box.items, *args)]
        if all(k for k, _ in known):
            values = [v for _, v in known]
            return constant(getattr(values[:-1], name)(values[-1]))
    fact, way_out = _REFUSED_OF_LISTS.get(name, ("", "Build a new list or tuple."))
    raise Unsupported(f"cannot differentiate {box.kind}.{name}{fact}", loc, way_out)


_REFUSED_OF_LISTS = {
    "remove": (", which looks for equal numbers", "Build a new list without it."),
    "index": (", which looks for equal numbers", "Hold the numbers in an array, and compare it."),
    "count": (", which looks for equal numbers", "Hold the numbers in an array, and compare it."),
}


def _owned(ev: Evaluator, box: Box, value: Value, loc: ir.Loc | None) -> Value:
    """An item that goes into a list has a name, so that later changes of its expression's variables do not reach it."""
    if isinstance(value, Dyn) and not isinstance(value.expr, ir.Const):
        return ev.temp("item", value, loc)
    return owned(ev, value, "item", loc) if isinstance(value, Ptr) else value


def _append(ev: Evaluator, box: Box, args: Args, loc: ir.Loc | None) -> tuple[list[Value], Value]:
    return [*box.items, _owned(ev, box, args[0], loc)], Known(None)


def _extend(ev: Evaluator, box: Box, args: Args, loc: ir.Loc | None) -> tuple[list[Value], Value]:
    return [*box.items, *(_owned(ev, box, v, loc) for v in added(ev, box, args[0], loc))], Known(None)


def _insert(ev: Evaluator, box: Box, args: Args, loc: ir.Loc | None) -> tuple[list[Value], Value]:
    items = list(box.items)
    items.insert(demand(ev, args[0], "the position", loc), _owned(ev, box, args[1], loc))
    return items, Known(None)


def _pop(ev: Evaluator, box: Box, args: Args, loc: ir.Loc | None) -> tuple[list[Value], Value]:
    items = list(box.items)
    position = demand(ev, args[0], "the position", loc) if args else -1
    try:
        value = items.pop(position)
    except IndexError as error:
        raise certain(error, box) from None
    return items, value


def _reverse(ev: Evaluator, box: Box, args: Args, loc: ir.Loc | None) -> tuple[list[Value], Value]:
    return list(reversed(box.items)), Known(None)


def _clear(ev: Evaluator, box: Box, args: Args, loc: ir.Loc | None) -> tuple[list[Value], Value]:
    return [], Known(None)


_LIST_METHODS: dict[str, Any] = {
    "append": _append,
    "extend": _extend,
    "insert": _insert,
    "pop": _pop,
    "reverse": _reverse,
    "clear": _clear,
}


# ---- dicts ----


def _dict_method(ev: Evaluator, owner: Ptr, box: Box, name: str, args: Args, loc: ir.Loc | None) -> Value:
    if name in ("keys", "values", "items"):
        return Lazy(name, (owner,))
    if name == "copy":
        return ev.box("dict", box.keys, box.items)
    if name == "update":
        other = ev.state.heap[args[0].id] if isinstance(args[0], Ptr) else None
        if other is None or other.kind != "dict":
            raise Unsupported("cannot differentiate update with something that is not a dict", loc)
        for key, item in zip(other.keys, other.items, strict=True):
            set_item(ev, owner, [constant(key) if isinstance(key, (int, float)) else Known(key)], item, loc)
        return Known(None)
    if name in ("get", "pop", "setdefault"):
        return _dict_get(ev, owner, box, name, args, loc)
    raise Unsupported(f"cannot differentiate the method {name} of a dict", loc)


def _dict_get(ev: Evaluator, owner: Ptr, box: Box, name: str, args: Args, loc: ir.Loc | None) -> Value:
    position = box.index(demand(ev, args[0], "a dict's key", loc))
    if position is None:
        if name == "setdefault":
            set_item(ev, owner, args[:1], args[1] if len(args) > 1 else Known(None), loc)
            return ev.state.heap[owner.id].items[-1]
        if name == "pop" and len(args) == 1:
            raise KeyError(demand(ev, args[0], "a dict's key", loc))
        return args[1] if len(args) > 1 else Known(None)
    if name == "pop":
        changeable(ev, owner, loc)
        keys, items = list(box.keys), list(box.items)
        del keys[position], items[position]
        ev.state.heap[owner.id] = replace(box, keys=tuple(keys), items=tuple(items), expr=None)
    return box.items[position]
