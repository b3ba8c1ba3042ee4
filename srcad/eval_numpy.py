"""Argument forms of NumPy functions, said in terms of the form that a derivative rule knows."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcad import ir
from srcad.abstract import is_integer
from srcad.errors import Unsupported
from srcad.eval_array_likes import as_array
from srcad.eval_builtins import HANDLERS, Args, Handler, Kwargs, handles, keep
from srcad.eval_core import Evaluator
from srcad.eval_exprs import attribute
from srcad.eval_index import index
from srcad.eval_values import constant, demand, static
from srcad.types import Dim, Num, is_complex
from srcad.values import Dyn, Known, Lazy, Ptr, Value


@handles("numpy.where")
def _where(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return keep(ev, "numpy.nonzero" if len(args) == 1 and not kwargs else "numpy.where", args, kwargs, loc)


@handles("numpy.issubdtype")
def _issubdtype(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """What is known of types is an answer already."""
    if len(args) == 2 and not kwargs and all(isinstance(arg, Known) for arg in args):
        return constant(bool(np.issubdtype(*(arg.value for arg in args if isinstance(arg, Known)))))
    return keep(ev, "numpy.issubdtype", args, kwargs, loc)


@handles("numpy.einsum")
def _einsum(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """``einsum(a, [0, 1], b, [1], [0])`` is ``einsum("ab,b->a", a, b)``."""
    known, text = static(ev, args[0])
    if known and isinstance(text, str):
        return keep(ev, "numpy.einsum", args, kwargs, loc)
    count = len(args) // 2
    terms = ["".join(map(_letter, demand(ev, args[2 * k + 1], "the subscripts", loc))) for k in range(count)]
    spelt = ",".join(terms)
    if len(args) % 2:
        spelt += "->" + "".join(map(_letter, demand(ev, args[-1], "the subscripts", loc)))
    return keep(ev, "numpy.einsum", [Known(spelt), *args[: 2 * count : 2]], kwargs, loc)


def _letter(axis: Any) -> str:
    return "..." if axis is ... else "abcdefghijklmnopqrstuvwxyz"[axis]


@handles("numpy.delete")
def _delete(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """A slice names the places that it picks."""
    known, axis = static(ev, args[2] if len(args) > 2 else kwargs.get("axis", Known(None)))
    if len(args) < 2 or not isinstance(args[1], (Lazy, Known)) or not known:
        return keep(ev, "numpy.delete", args, kwargs, loc)
    extents = attribute(ev, args[0], "size", loc) if axis is None else attribute(ev, args[0], "shape", loc)
    count = extents if axis is None else index(ev, extents, [constant(axis)], loc)
    places = index(ev, keep(ev, "numpy.arange", [count], {}, loc), [args[1]], loc)
    return keep(ev, "numpy.delete", [args[0], places, *args[2:]], kwargs, loc)


@handles("numpy.histogram")
def _histogram(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """The counts have a rule; edges are written out, for they move with the data, the range, or bins that are given."""
    from srcad.eval_calls import expanded
    from srcad.rules import statistics

    given: Kwargs = {"bins": constant(10), "range": Known(None)}
    given |= dict(zip(("a", "bins", "range"), args, strict=False)) | kwargs
    density = demand(ev, given.pop("density", Known(None)), "the argument density", loc)
    if isinstance(given["bins"], Ptr):
        given["bins"] = keep(ev, "numpy.asarray", [given["bins"]], {}, loc)
    number = _counts_bins(ev, given["bins"])
    whole = static(ev, given["range"]) == (True, None)
    if isinstance(given["a"], Ptr):
        given["a"] = as_array(ev, given["a"], loc)
    if number and whole:
        given["range"] = expanded(ev, statistics.whole_range, [given["a"]], {}, loc)
    first = [given[name] for name in ("a", "bins", "range")]
    rest = {name: value for name, value in given.items() if name not in ("a", "bins", "range")}
    both = keep(ev, "numpy.histogram", first[:2] if whole and not number else first, rest, loc)
    if not isinstance(both, Ptr):
        return both
    counts, edges = ev.state.heap[both.id].items
    if number:
        count = attribute(ev, counts, "size", loc)
        edges = expanded(ev, statistics.edges_within, [given["range"], count], {}, loc)
    else:
        edges = given["bins"]
    counts = expanded(ev, statistics.density, [counts, edges], {}, loc) if density else counts
    return ev.tuple_of([counts, edges])


def _counts_bins(ev: Evaluator, bins: Value) -> bool:
    """Whether bins are given by their number, or by the name of a way to choose it, and not by their edges."""
    known, own = static(ev, bins)
    kind = getattr(bins, "type", None)
    return isinstance(own, (int, str)) if known else isinstance(kind, Num) and kind.dims == ()


@handles("numpy.convolve")
def _convolve(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """A number is a signal of one."""
    given: Kwargs = dict(zip(("a", "v", "mode"), args, strict=False)) | kwargs
    if not any(isinstance(t := getattr(v, "type", None), Num) and t.dims == () for v in given.values()):
        known = [static(ev, given[name]) for name in ("a", "v") if name in given]
        if not any(own and isinstance(number, (int, float, complex)) for own, number in known):
            return keep(ev, "numpy.convolve", args, kwargs, loc)
    whole = {n: keep(ev, "numpy.atleast_1d", [v], {}, loc) if n != "mode" else v for n, v in given.items()}
    return keep(ev, "numpy.convolve", [], whole, loc)


@handles("numpy.sign")
def _sign(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """That of complex numbers is not constant."""
    args = [as_array(ev, value, loc) if isinstance(value, Ptr) else value for value in args]
    turns = any(isinstance(value, Dyn) and is_complex(value.type) for value in args)
    if turns and (kwargs or len(args) > 1):
        raise Unsupported("cannot differentiate np.sign of complex numbers with options", loc, "Leave them out.")
    return keep(ev, "srcad_runtime.complex_sign" if turns else "numpy.sign", args, kwargs, loc)


@handles("numpy.pad")
def _pad(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """Margins that are copied have a rule; those that are computed are written out."""
    from srcad.eval_calls import expanded
    from srcad.rules import joining

    mode = demand(ev, args[2] if len(args) > 2 else kwargs.get("mode", Known("constant")), "the mode of np.pad", loc)
    if mode == "empty" or not isinstance(mode, str):
        raise Unsupported(f"cannot differentiate np.pad with mode={mode!r}", loc, "Fill the margin with numbers.")
    kind = demand(ev, kwargs.get("reflect_type", Known("even")), "the argument reflect_type", loc)
    kwargs = {name: value for name, value in kwargs.items() if name != "reflect_type"}
    if kind == "odd" and mode in ("reflect", "symmetric"):
        given = dict(zip(("array", "pad_width", "mode"), args, strict=False)) | kwargs
        return expanded(ev, joining.pad_odd, [], given, loc)
    constants = kwargs.get("constant_values")
    computed = mode in ("linear_ramp", "maximum", "minimum", "mean", "median")
    if computed or constants is not None and not _is_literal(ev, constants):
        return expanded(ev, joining.pad_computed, args, kwargs, loc)
    return keep(ev, "numpy.pad", args, kwargs, loc)


def _is_literal(ev: Evaluator, value: Value) -> bool:
    known, own = static(ev, value)
    return known and isinstance(own, (int, float, complex))


def joined(ev: Evaluator, columns: bool, items: list[Value], loc: ir.Loc | None) -> Value:
    """``np.r_[items]``, or ``np.c_[items]``: numbers, arrays and slices of numbers, which are ranges."""
    from srcad.eval_calls import expanded
    from srcad.rules import joining

    parts: list[Value] = []
    for item in items:
        if isinstance(item, Lazy) and item.kind == "slice":
            own = demand(ev, item, "a range of numbers", loc)
            if own.stop is None or isinstance(own.step, complex):
                raise Unsupported("cannot differentiate this range of numbers", loc, "Write np.arange or np.linspace.")
            step = 1 if own.step is None else own.step
            item = keep(ev, "numpy.arange", [constant(v) for v in (own.start or 0, own.stop, step)], {}, loc)
        if isinstance(item, Known):
            raise Unsupported("cannot differentiate np.r_ or np.c_ with directives", loc, "Write np.concatenate.")
        parts.append(item)
    return expanded(ev, joining.columns if columns else joining.rows, parts, {}, loc)


def gridded(ev: Evaluator, dense: bool, items: list[Value], loc: ir.Loc | None) -> Value:
    """``np.mgrid[items]``, or ``np.ogrid[items]``: ranges of integers, or so many numbers between two."""
    from srcad.eval_calls import expanded
    from srcad.rules import joining

    axes = [_grid_axis(ev, item, loc) for item in items]
    if len(axes) == 1:
        return axes[0]
    kinds = {getattr(getattr(axis, "type", None), "dtype", None) for axis in axes}
    if not dense and len(kinds) > 1:
        raise Unsupported("cannot differentiate np.ogrid of integers beside others", loc, "Write np.ix_.")
    return expanded(ev, joining.dense_grid if dense else joining.open_grid, axes, {}, loc)


def _grid_axis(ev: Evaluator, item: Value, loc: ir.Loc | None) -> Value:
    from srcad.eval_calls import expanded
    from srcad.rules import joining

    if not isinstance(item, Lazy) or item.kind != "slice":
        raise Unsupported("cannot differentiate this index into a grid", loc, "Give it slices.")
    start, stop, step = item.args
    start = constant(0) if start == Known(None) else start
    own = static(ev, step)[1]
    if isinstance(own, complex):
        return expanded(ev, joining.spaced, [start, stop, constant(int(abs(own)))], {}, loc)
    step = constant(1) if step == Known(None) else step
    kinds = [getattr(bound, "type", None) for bound in (start, stop, step)]
    if not all(isinstance(kind, Num) and kind.dims == () and is_integer(kind) for kind in kinds):
        raise Unsupported("cannot differentiate a grid by a step that is no integer", loc, "Write np.arange.")
    return keep(ev, "numpy.arange", [start, stop, step], {}, loc)


@handles("numpy.cross")
def _cross(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """Vectors that the program shows to be of two numbers have a number for their product."""
    from srcad.eval_calls import expanded
    from srcad.rules import products

    given = dict(zip(("a", "b"), args, strict=False)) | kwargs
    lasts = [t.dims[-1] for t in (getattr(v, "type", None) for v in args[:2]) if isinstance(t, Num) and t.dims]
    if len(args) == 2 and not kwargs and lasts == [Dim(2), Dim(2)]:
        return expanded(ev, products.cross_in_plane, [], given, loc)
    return keep(ev, "numpy.cross", args, kwargs, loc)


@handles("numpy.linalg.qr")
def _qr(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    mode = demand(ev, args[1] if len(args) > 1 else kwargs.get("mode", Known("reduced")), "the mode of qr", loc)
    if mode == "raw":
        raise Unsupported("cannot differentiate np.linalg.qr with mode='raw'", loc, "Use mode='reduced'.")
    return keep(ev, "numpy.linalg.qr", args, kwargs, loc)


@handles("numpy.linalg.matrix_power")
def _matrix_power(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """A negative power is one of the inverse, as NumPy computes it."""
    known, n = static(ev, args[1]) if len(args) == 2 and not kwargs else (False, 0)
    if not known or n >= 0:
        return keep(ev, "numpy.linalg.matrix_power", args, kwargs, loc)
    inverse = keep(ev, "numpy.linalg.inv", args[:1], {}, loc)
    return keep(ev, "numpy.linalg.matrix_power", [inverse, constant(-n)], {}, loc)


ORDERED = {"numpy.reshape": 2, "numpy.ravel": 1}  # functions with an order, and where it stands


def in_known_order(ev: Evaluator, path: str, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> tuple[Args, Kwargs]:
    """The orders "A" and "K" depend on how an array lies in memory, which backends do not share."""
    at = ORDERED[path]
    order = demand(ev, args[at] if len(args) > at else kwargs.get("order", Known("C")), "the argument order", loc)
    if order not in ("A", "K"):
        return args, kwargs
    kind = getattr(args[0], "type", None)
    if not isinstance(kind, Num) or kind.dims is None or len(kind.dims) > 1:
        reason = f"cannot differentiate {path} with order={order!r}, which asks how the array lies in memory"
        raise Unsupported(reason, loc, "Use order='C' or order='F'.")
    return args[:at], {k: v for k, v in kwargs.items() if k != "order"}


def _all_axes(path: str) -> Handler:
    """Transforms along several axes: all of them are written out, for the rule goes through them one by one."""

    def transform(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        kind = getattr(args[0], "type", None) if args else None
        if isinstance(kind, Num) and kind.dims and static(ev, kwargs.get("axes", Known(None))) == (True, None):
            axes = ev.tuple_of([constant(axis) for axis in range(len(kind.dims))])
            kwargs = {**kwargs, "axes": axes}
        return keep(ev, path, args, kwargs, loc)

    return transform


for _name in ("dctn", "idctn", "dstn", "idstn"):
    HANDLERS[f"scipy.fft.{_name}"] = _all_axes(f"scipy.fft.{_name}")
