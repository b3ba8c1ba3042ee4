"""Functions of NumPy, and of `math` and `operator`, that are given functions, iterators or whole stacks of arrays."""

from __future__ import annotations

from typing import Any

from srcad import eval_joins, eval_methods, ir
from srcad.errors import Unsupported
from srcad.eval_array_likes import as_array
from srcad.eval_builtins import HANDLERS, Args, Handler, Kwargs, handles, keep
from srcad.eval_core import Evaluator
from srcad.eval_exprs import sequence
from srcad.eval_index import index
from srcad.eval_values import constant, demand, raise_where, static
from srcad.types import Num, Seq, is_complex
from srcad.values import Dyn, Generator, Known, Lazy, Partial, Ptr, Stream, Value


def _named(names: str, args: Args, kwargs: Kwargs) -> dict[str, Value]:
    return dict(zip(names.split(), args, strict=False)) | kwargs


def _written_out(ev: Evaluator, function: Any, given: list[Value], loc: ir.Loc | None) -> Value:
    from srcad.eval_calls import expanded

    return expanded(ev, function, given, {}, loc)


# ---- along axes ----


@handles("numpy.apply_along_axis")
def _apply_along_axis(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad.rules import applying

    given = _named("func1d axis arr", args[:3], {})
    if len(args) != 3 or kwargs or not isinstance(given["arr"], Dyn):
        raise Unsupported(
            "cannot differentiate np.apply_along_axis with further arguments", loc, "Bind them with a lambda."
        )
    axis = constant(demand(ev, given["axis"], "the axis of np.apply_along_axis", loc))
    return _written_out(ev, applying.apply_along_axis, [given["func1d"], axis, given["arr"]], loc)


@handles("numpy.apply_over_axes")
def _apply_over_axes(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad.rules import applying

    function, value, axes = args
    chosen = demand(ev, axes, "the axes of np.apply_over_axes", loc)
    for axis in (chosen,) if isinstance(chosen, int) else chosen:
        value = _written_out(ev, applying.over_axis, [function, value, constant(axis)], loc)
    return value


@handles("numpy.fromfunction")
def _fromfunction(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad.eval_calls import dispatch

    dtype = kwargs.pop("dtype", Known(float))
    grids = sequence(ev, keep(ev, "numpy.indices", [args[1]], {"dtype": dtype}, loc), loc)
    return dispatch(ev, args[0], grids, kwargs, loc)


@handles("numpy.fromiter")
def _fromiter(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    given = _named("iter dtype count", args, kwargs)
    kind = demand(ev, given["dtype"], "the argument dtype", loc)
    if kind not in (float, "float", "f8", "float64") and getattr(kind, "__name__", "") != "float64":
        raise Unsupported("cannot differentiate np.fromiter of this type", loc, "Use dtype=float.")
    items = HANDLERS["builtins.list"](ev, [given["iter"]], {}, loc)
    found = HANDLERS["numpy.array"](ev, [items], {}, loc)
    if static(ev, given.get("count", constant(-1))) == (True, -1):
        return found
    return index(ev, found, [HANDLERS["builtins.slice"](ev, [given["count"]], {}, loc)], loc)


# ---- arrays as sequences of arrays ----


def _of_array(name: str, before: Handler) -> Handler:
    """``np.stack(a)``, ``np.concatenate(a)`` and their like take the parts of an array along its first axis."""

    def join(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        from srcad.rules import applying

        stack = args[0] if args else None
        if not isinstance(stack, Dyn) or not isinstance(stack.type, Num) or not stack.type.dims:
            return before(ev, args, kwargs, loc)
        given = _named("arrays axis", args, kwargs)
        if set(given) - {"arrays", "axis"}:
            return before(ev, args, kwargs, loc)
        options = [constant(demand(ev, given["axis"], f"the axis of np.{name}", loc))] if "axis" in given else []
        return _written_out(ev, getattr(applying, f"{name}_of_array"), [stack, *options], loc)

    return join


def _plainly(name: str) -> Handler:
    return lambda ev, args, kwargs, loc: keep(ev, f"numpy.{name}", args, kwargs, loc)


for _name in ("concatenate", "stack", *eval_joins.WAYS):
    HANDLERS[f"numpy.{_name}"] = _of_array(_name, HANDLERS.get(f"numpy.{_name}") or _plainly(_name))


# ---- second names and further arguments ----


@handles("numpy.astype")
def _astype(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    given = {name: value for name, value in kwargs.items() if name != "device"}
    value = args[0] if args else given.pop("x")
    return eval_methods.array_method(ev, _array(ev, value, loc), "astype", args[1:], given, loc)


def _array(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Dyn:
    found = keep(ev, "numpy.asarray", [value], {}, loc) if isinstance(value, Ptr) else value
    if not isinstance(found, Dyn):
        raise Unsupported("cannot differentiate np.astype of something that is not an array", loc)
    return found


@handles("numpy.unique_values")
def _unique_values(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return keep(ev, "numpy.unique", [args[0] if args else kwargs["x"]], {}, loc)


def _repeated(name: str) -> Handler:
    """``np.polyder(p, m)`` is the derivative, m times."""

    def repeat(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        from srcad.rules import applying

        given = _named("p m k", args, kwargs)
        value, times = given["p"], demand(ev, given.get("m", constant(1)), f"the argument m of np.{name}", loc)
        added = given.get("k", Known(None))
        for turn in range(times):
            value = keep(ev, f"numpy.{name}", [value], {}, loc)
            if static(ev, added) != (True, None):
                value = _written_out(ev, applying.with_constant, [value, added, constant(turn)], loc)
        return value

    return repeat


for _name in ("polyder", "polyint"):
    HANDLERS[f"numpy.{_name}"] = _repeated(_name)


# ---- math and operator ----


@handles("math.prod")
def _prod(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad.rules import applying

    if isinstance(args[0], Ptr) and not kwargs:
        return keep(ev, "math.prod", args, kwargs, loc)
    return _written_out(ev, applying.product_of, [args[0], kwargs.get("start", constant(1.0))], loc)


@handles("operator.getitem")
def _getitem(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if isinstance(args[0], Dyn) and isinstance(args[0].type, Seq):
        raise Unsupported("cannot differentiate operator.getitem of a list of unknown length", loc, "Write x[i].")
    return index(ev, args[0], [args[1]], loc)


def _getter(name: str) -> Handler:
    """``operator.itemgetter(k)``: a function of what it is given, with the keys bound."""

    def made(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        from srcad.rules import applying

        function = getattr(applying, f"{name}_of" if len(args) == 1 else f"{name}s_of")
        return Partial(Known(function), (args[0] if len(args) == 1 else ev.tuple_of(args),))

    return made


for _name in ("item", "attribute"):
    HANDLERS[f"operator.{'attr' if _name == 'attribute' else _name}getter"] = _getter(_name)


@handles("operator.methodcaller")
def _methodcaller(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    raise Unsupported("cannot differentiate a function that operator.methodcaller makes", loc, "Write a lambda.")


# ---- sums and distances of Python's own ----


def _array_of(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Value:
    """A list, or what a loop could run over, as an array."""
    if isinstance(value, (Generator, Stream, Lazy)):
        value = HANDLERS["builtins.list"](ev, [value], {}, loc)
    return as_array(ev, value, loc)


@handles("math.fsum", "math.dist")
def _of_arrays(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    name = "fsum" if len(args) == 1 else "dist"
    return keep(ev, f"math.{name}", [_array_of(ev, value, loc) for value in args], kwargs, loc)


# ---- polynomials as objects ----

POLYNOMIALS = "poly1d polynomial.Polynomial polynomial.Chebyshev polynomial.Legendre polynomial.Hermite "
POLYNOMIALS += "polynomial.HermiteE polynomial.Laguerre"


def _polynomial(path: str) -> Handler:
    def make(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        from srcad.eval_calls import call_known
        from srcad.rules.polynomial_classes import STAND_INS

        if path != "numpy.poly1d" and (len(args) > 1 or set(kwargs) - {"coef"}):
            raise Unsupported(f"cannot differentiate {path} with a domain of its own", loc, "Map the argument first.")
        return call_known(ev, Known(STAND_INS[path]), args, kwargs, loc)

    return make


for _name in POLYNOMIALS.split():
    HANDLERS[f"numpy.{_name}"] = _polynomial(f"numpy.{_name}")


# ---- functions of matrices that may leave the real numbers ----


def _principal(name: str) -> Handler:
    """``scipy.linalg.sqrtm`` of a real matrix, which is complex where an eigenvalue is negative: raised there."""
    path = f"scipy.linalg.{name}"

    def made(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        found = keep(ev, path, args, kwargs, loc)
        if not isinstance(found, Dyn) or is_complex(found.type):
            return found
        found = ev.temp(name, found, loc)
        text = f"{name}: an eigenvalue is negative, and the result complex, which is not differentiated"
        raise_where(ev, ir.call("numpy.iscomplexobj", found.expr), "ValueError", text, loc)
        return found

    return made


HANDLERS.update({f"scipy.linalg.{_name}": _principal(_name) for _name in ("sqrtm", "logm")})
