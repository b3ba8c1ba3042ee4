"""Functions that the partial evaluator answers itself: about structure, iteration and containers."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from srcad import eval_special, ir, library
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator
from srcad.eval_exprs import attribute, sequence
from srcad.eval_operators import binary
from srcad.eval_values import constant, demand, dyn, residual, static, static_truth
from srcad.types import Num, Seq
from srcad.values import Bound, Closure, Dyn, Generator, Known, Lazy, Partial, Ptr, Rows, Stream, Table, Text, Value

Args = list[Value]
Kwargs = dict[str, Value]
Handler = Callable[[Evaluator, Args, Kwargs, "ir.Loc | None"], Value]
HANDLERS: dict[str, Handler] = {}


def handles(*paths: str) -> Callable[[Handler], Handler]:
    def register(f: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(paths, f))
        return f

    return register


def keep(ev: Evaluator, path: str, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad import eval_calls, library

    return eval_calls.named(ev, path, library.load(path), args, kwargs, loc)


# ---- structure ----


@handles("builtins.len")
def _len(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    value = args[0]
    method = eval_special.special(ev, value, "len")
    if method is not None:
        return eval_special.invoke(ev, value, method, [], loc)
    if eval_special.is_object(ev, value):
        raise TypeError(f"object of type {eval_special.class_of(ev, value).__name__!r} has no len()")
    if isinstance(value, Ptr):
        return constant(len(ev.state.heap[value.id].items))
    if isinstance(value, Rows):
        from srcad import eval_rows

        return eval_rows.length(ev, value, loc)
    if isinstance(value, Table):
        from srcad import eval_tables

        return eval_tables.length(ev, value, loc)
    if isinstance(value, Known):
        if eval_special.written(type(value.value), "len") is not None:
            raise Unsupported("cannot differentiate the length of this object", loc, "Pass the length as an argument.")
        return constant(len(value.value))
    if isinstance(value, Lazy) and value.kind in ("range", "keys", "values", "items"):
        return constant(len(sequence(ev, value, loc)))
    if isinstance(value, (Lazy, Generator, Stream)):
        raise TypeError(f"object of type '{value.kind if isinstance(value, Lazy) else 'generator'}' has no len()")
    if isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.dims:
        extent = value.type.dims[0]
        if extent is not None and not extent.terms:
            return constant(extent.const)
        return Dyn(ir.Call(ir.Ref("builtins.len"), (value.expr,), loc=loc), Num("int64", (), True, extent))
    from srcad import eval_lists

    if eval_lists.nothing_yet(ev, value):
        return constant(0)
    return dyn(ev, ir.Call(ir.Ref("builtins.len"), (residual(ev, value, loc),), loc=loc))


@handles("numpy.shape")
def _shape(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return attribute(ev, _as_array(ev, args[0], loc), "shape", loc) if not _is_number(args[0]) else ev.tuple_of([])


@handles("numpy.ndim")
def _ndim(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return attribute(ev, _as_array(ev, args[0], loc), "ndim", loc)


@handles("numpy.size")
def _size(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if len(args) > 1 or kwargs:
        return keep(ev, "numpy.size", args, kwargs, loc)
    return constant(1) if _is_number(args[0]) else attribute(ev, _as_array(ev, args[0], loc), "size", loc)


def _is_number(value: Value) -> bool:
    return isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.dims == ()


def _as_array(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Value:
    return keep(ev, "numpy.array", [value], {}, loc) if isinstance(value, Ptr) else value


@handles("builtins.isinstance")
def _isinstance(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    classes = demand(ev, args[1], "the class", loc)
    return constant(issubclass(python_class(ev, args[0]), classes))


@handles("builtins.type")
def _type(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    (value,) = args
    cls = python_class(ev, value)
    if isinstance(value, Known) and isinstance(value.expr, ir.Ref) and hasattr(value.value, "__dict__"):
        from srcad.eval_objects import attribute

        return attribute(ev, value, "__class__", loc)  # whose attributes are read at every call, too
    return Known(cls)


def python_class(ev: Evaluator, value: Value) -> type:
    """The class that the value has at run time."""
    if isinstance(value, Known):
        if library.has_state(value.value):
            from srcad import eval_objects

            eval_objects.bake(ev, value, "__class__", type(value.value))
        return type(value.value)
    if isinstance(value, Ptr):
        box = ev.state.heap[value.id]
        maker: Any = box.cls
        if isinstance(maker, functools.partial):  # of a deque or a defaultdict
            maker = maker.func
        plain: dict[str, type] = {"tuple": tuple, "list": list, "dict": dict}
        return plain[box.kind] if maker is None else maker
    if isinstance(value, Dyn):
        if isinstance(value.type, Seq):
            return list
        if value.type.dims is None or value.type.dtype is None:
            raise Unsupported(
                "cannot differentiate the class of a value of unknown type", value.expr.loc, "Annotate the argument."
            )
        if value.type.dims != ():
            return np.ndarray
        kind = np.dtype(value.type.dtype)
        python = {"f": float, "i": int, "b": bool, "c": complex}.get(kind.kind, kind.type)
        return python if value.type.weak else kind.type
    return type(lambda: None)


@handles("builtins.callable")
def _callable(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    value = args[0]
    if isinstance(value, Ptr):
        return constant(eval_special.written(eval_special.class_of(ev, value), "call") is not None)
    return constant(isinstance(value, (Closure, Bound, Partial)) or isinstance(value, Known) and callable(value.value))


def _generator(name: str) -> Handler:
    def made(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        from srcad import eval_effects

        return eval_effects.seeded(ev, name, args, kwargs, loc)

    return made


HANDLERS.update({f"numpy.random.{name}": _generator(name) for name in ("default_rng", "RandomState")})


@handles("builtins.super")
def _super(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return eval_special.super_of(ev, args, loc)


@handles("builtins.hasattr")
def _hasattr(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    name = demand(ev, args[1], "the attribute's name", loc)
    if isinstance(args[0], Ptr):
        box = ev.state.heap[args[0].id]
        return constant(name in box.keys or hasattr(box.cls, name))
    if isinstance(args[0], Known):
        from srcad.eval_objects import present

        return constant(present(ev, args[0], name, loc))
    return constant(hasattr(python_class(ev, args[0]), name))


@handles("builtins.getattr")
def _getattr(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if len(args) == 3 and static_truth(ev, _hasattr(ev, args[:2], {}, loc)) == (True, False):
        return args[2]
    return attribute(ev, args[0], demand(ev, args[1], "the attribute's name", loc), loc)


# ---- numbers ----


_CONVERSIONS: dict[str, Any] = {"f": float, "i": int, "b": bool, "c": complex}


def _converter(path: str, kind: str) -> Handler:
    def convert(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        known = [static(ev, a) for a in (*args, *kwargs.values())]
        if all(k for k, _ in known):
            own = [v for _, v in known]
            return constant(_CONVERSIONS[kind](*own[: len(args)], **dict(zip(kwargs, own[len(args) :], strict=True))))
        if kind == "b" and static_truth(ev, args[0])[0]:
            return constant(static_truth(ev, args[0])[1])
        value = args[0]
        if isinstance(value, Text):
            raise Unsupported(
                "cannot differentiate a number read from text", loc, "Keep the number as it is: text has no derivative."
            )
        if isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.weak and value.type.dtype is not None:
            if np.dtype(value.type.dtype).kind == kind:
                return value
        return keep(ev, path, args, kwargs, loc)

    return convert


for _path, _kind in (("float", "f"), ("int", "i"), ("bool", "b"), ("complex", "c")):
    HANDLERS[f"builtins.{_path}"] = _converter(f"builtins.{_path}", _kind)


_complex = HANDLERS["builtins.complex"]


@handles("builtins.complex")
def _complex_of(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if len(args) == 2:
        return binary(ev, "+", args[0], binary(ev, "*", constant(1j), args[1], loc), loc)
    return _complex(ev, args, kwargs, loc)


@handles("numpy.asarray", "numpy.asanyarray", "numpy.asarray_chkfinite")
def _asarray(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """An array is handed on as it is."""
    if "copy" in kwargs:
        copies = demand(ev, kwargs["copy"], "the argument copy", loc)
        kwargs = {name: value for name, value in kwargs.items() if name != "copy"}
        if copies:
            return keep(ev, "numpy.array", args, kwargs, loc)
    value = args[0] if args else None
    dtype = args[1] if len(args) > 1 else kwargs.get("dtype", Known(None))
    if isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.dims and len(args) < 3:
        same = isinstance(dtype, Known) and dtype.value is not None and value.type.dtype == np.dtype(dtype.value).name
        if set(kwargs) <= {"dtype"} and (same or static(ev, dtype) == (True, None)):
            return value
    if isinstance(value, Ptr):  # a list has no array to hand on
        return HANDLERS["numpy.array"](ev, args, kwargs, loc)
    return keep(ev, "numpy.asarray", args, kwargs, loc)


@handles("numpy.array")
def _array(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if "copy" in kwargs and not demand(ev, kwargs["copy"], "the argument copy of np.array", loc):
        return _asarray(ev, args, kwargs, loc)
    dtype = args[1] if len(args) > 1 else kwargs.get("dtype")
    if isinstance(dtype, Known) and dtype.value in (object, np.object_, "object", "O"):
        raise Unsupported("cannot differentiate an array of objects", loc, "Use a list or tuple of arrays.")
    if "ndmin" in kwargs:
        return _at_rank(ev, args, dict(kwargs), loc)
    args = [_joined_rows(ev, args[0], loc), *args[1:]]
    if dtype is not None and len(args) < 3 and set(kwargs) <= {"dtype"} and isinstance(args[0], Ptr):
        return _of_dtype(ev, args[0], dtype, loc)
    return keep(ev, "numpy.array", args, kwargs, loc)


def _joined_rows(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Value:
    """A list of lists some of which hold arrays as a list of arrays."""
    if not isinstance(value, Ptr) or ev.state.heap[value.id].kind not in ("list", "tuple"):
        return value
    items = ev.state.heap[value.id].items
    if not any(isinstance(item, Ptr) for item in items) or not any(_holds_array(ev, item) for item in items):
        return value
    rows = [keep(ev, "numpy.array", [_joined_rows(ev, v, loc)], {}, loc) if isinstance(v, Ptr) else v for v in items]
    return ev.tuple_of(rows, "list")


def _holds_array(ev: Evaluator, value: Value) -> bool:
    if isinstance(value, Ptr):
        box = ev.state.heap[value.id]
        return box.kind in ("list", "tuple") and any(_holds_array(ev, item) for item in box.items)
    kind = getattr(value, "type", None)
    return isinstance(kind, Num) and bool(kind.dims)


def _of_dtype(ev: Evaluator, items: Ptr, dtype: Value, loc: ir.Loc | None) -> Value:
    """``np.array([x, y], dtype=float)``: the type is not said where it is theirs; arrays are cast when joined."""
    made = keep(ev, "numpy.array", [items], {}, loc)
    wanted = dtype.value if isinstance(dtype, Known) else None
    if wanted is None or not isinstance(made, Dyn) or not isinstance(made.type, Num) or made.type.dtype is None:
        return keep(ev, "numpy.array", [items], {"dtype": dtype}, loc)
    if made.type.dtype == np.dtype(wanted).name:
        return made
    kinds = [getattr(item, "type", None) for item in ev.state.heap[items.id].items]
    if kinds and all(isinstance(kind, Num) and kind.dims for kind in kinds):
        return keep(ev, "srcad_runtime.astype", [made, dtype], {}, loc)
    return keep(ev, "numpy.array", [items], {"dtype": dtype}, loc)


@handles("numpy.full_like")
def _full_like(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """Like integers or truth values, which is said: their array cuts the number off, and has no derivative."""
    kind = getattr(args[0] if args else kwargs.get("a"), "type", None)
    dtype = args[2] if len(args) > 2 else kwargs.get("dtype", Known(None))
    if isinstance(kind, Num) and kind.dtype is not None and len(args) < 3 and static(ev, dtype) == (True, None):
        if np.dtype(kind.dtype).kind in "biu":
            kwargs = {**kwargs, "dtype": Known(getattr(np, np.dtype(kind.dtype).name))}
    return keep(ev, "numpy.full_like", args, kwargs, loc)


@handles("numpy.linspace")
def _linspace(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """The type is not said where it is that of the numbers."""
    wanted = kwargs.get("dtype")
    if isinstance(wanted, Known) and wanted.value is not None:
        plain = keep(ev, "numpy.linspace", args, {k: v for k, v in kwargs.items() if k != "dtype"}, loc)
        if getattr(getattr(plain, "type", None), "dtype", None) == np.dtype(wanted.value).name:
            return plain
    return keep(ev, "numpy.linspace", args, kwargs, loc)


def _at_rank(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """``np.array(x, ndmin=3)``: axes of extent one come first."""
    least = demand(ev, kwargs.pop("ndmin"), "the argument ndmin of np.array", loc)
    value = keep(ev, "numpy.array", args, kwargs, loc)
    kind = value.type if isinstance(value, Dyn) else None
    if not isinstance(kind, Num) or kind.dims is None:
        raise Unsupported("cannot differentiate np.array with ndmin of an array of unknown rank", loc)
    missing = least - len(kind.dims)
    axes = ev.tuple_of([constant(axis) for axis in range(missing)])
    return keep(ev, "numpy.expand_dims", [value, axes], {}, loc) if missing > 0 else value


@handles("numpy.meshgrid")
def _meshgrid(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if "copy" in kwargs and not demand(ev, kwargs["copy"], "the argument copy of np.meshgrid", loc):
        raise Unsupported("cannot differentiate np.meshgrid(copy=False), which gives views", loc, "Let it copy.")
    return keep(ev, "numpy.meshgrid", args, kwargs, loc)


@handles("numpy.nan_to_num")
def _nan_to_num(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if len(args) < 2 and "copy" not in kwargs:
        return keep(ev, "numpy.nan_to_num", args, kwargs, loc)
    copies = demand(ev, args[1] if len(args) > 1 else kwargs["copy"], "the argument copy of np.nan_to_num", loc)
    rest = {name: value for name, value in kwargs.items() if name != "copy"}
    value = keep(ev, "numpy.nan_to_num", [args[0], constant(True), *args[2:]] if len(args) > 1 else args, rest, loc)
    if copies:
        return value
    from srcad import eval_effects

    eval_effects.store(ev, args[0], (ir.ELLIPSIS,), value, loc)
    return args[0]


def _at_least(rank: int) -> Handler:
    def at_least(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        if len(args) > 1:
            return ev.tuple_of([at_least(ev, [a], {}, loc) for a in args])
        value = args[0]
        if (
            len(args) == 1
            and isinstance(value, Dyn)
            and isinstance(value.type, Num)
            and len(value.type.dims or ()) >= rank
        ):
            return value
        return keep(ev, f"numpy.atleast_{rank}d", args, kwargs, loc)

    return at_least


HANDLERS.update({f"numpy.atleast_{rank}d": _at_least(rank) for rank in (1, 2, 3)})


@handles("builtins.pow")
def _pow(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if len(args) == 2:
        return binary(ev, "**", args[0], args[1], loc)
    return keep(ev, "builtins.pow", args, kwargs, loc)


_OPERATORS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "truediv": "/",
    "floordiv": "//",
    "mod": "%",
    "pow": "**",
    "matmul": "@",
}


def _operator(path: str, op: str) -> Handler:
    def operate(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        return (
            binary(ev, op, args[0], args[1], loc)
            if len(args) == 2 and not kwargs
            else keep(ev, path, args, kwargs, loc)
        )

    return operate


HANDLERS.update({f"operator.{name}": _operator(f"operator.{name}", op) for name, op in _OPERATORS.items()})
HANDLERS["numpy.matmul"] = _operator("numpy.matmul", "@")


@handles("operator.abs")
def _abs(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return keep(ev, "builtins.abs", args, kwargs, loc)


@handles("operator.neg")
def _neg(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return dyn(ev, ir.Unary("-", residual(ev, args[0], loc), loc=loc))


@handles("builtins.print")
def _print(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    raise Unsupported("cannot differentiate print inside an expression", loc, "Print in a statement of its own.")


def _texts(path: str) -> Handler:
    def text(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        from srcad import eval_text

        return eval_text.text_of(ev, path, args, loc)

    return text


for _path in ("builtins.str", "builtins.repr", "builtins.format"):
    HANDLERS[_path] = _texts(_path)


@handles("builtins.slice")
def _slice(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad.eval_index import slice_of as make

    bounds = [None, args[0], None] if len(args) == 1 else [*args, None, None][:3]
    return make(ev, bounds, loc)


# ---- derivatives inside a model ----


def _derivative(kind: str) -> Handler:
    def make(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        return Partial(args[0], tuple(args[1:]), tuple(kwargs.items()), derivative=kind)

    return make


for _name in ("grad", "value_and_grad", "jacfwd", "jacrev", "jacobian", "hessian", "vmap"):
    HANDLERS[f"srcad.{_name}"] = HANDLERS[f"srcad.api.{_name}"] = _derivative(_name)


def _immediate(kind: str) -> Handler:
    def run(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        from srcad import eval_derivatives

        return eval_derivatives.immediate(ev, kind, args, kwargs, loc)

    return run


for _name in ("vjp", "jvp", "hvp"):
    HANDLERS[f"srcad.{_name}"] = HANDLERS[f"srcad.api.{_name}"] = _immediate(_name)


@handles("srcad.differentiate")
def _differentiate(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return args[0]
