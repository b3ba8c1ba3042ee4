"""Interpolants of SciPy: objects that the model reads, and linear and cubic ones that it makes."""

from __future__ import annotations

from typing import Any

from srcad import ir
from srcad.errors import Unsupported
from srcad.eval_array_likes import as_array
from srcad.eval_builtins import Args, Kwargs, handles, keep
from srcad.eval_core import Evaluator
from srcad.eval_exprs import attribute
from srcad.eval_values import constant, demand, raise_where, residual
from srcad.types import Num
from srcad.values import Dyn, Known, Partial, Value


def is_one(value: Any) -> bool:
    """Whether a live object is an interpolant of SciPy's."""
    return type(value).__module__.startswith("scipy.interpolate") and callable(value) and not isinstance(value, type)


def call(ev: Evaluator, fn: Known, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """``spline(x)`` for a spline that was made outside: its knots and coefficients are read at every call."""
    from scipy import interpolate

    from srcad.eval_calls import expanded
    from srcad.rules import interpolating

    given = dict(zip(("x", "nu", "extrapolate"), args, strict=False)) | kwargs
    point = given.get("x")
    if not isinstance(point, Dyn) or not isinstance(point.type, Num):
        raise Unsupported("cannot differentiate an interpolant of something that is not an array", loc)
    if isinstance(fn.value, interpolate.PPoly):
        beyond = given.get("extrapolate")
        goes_on = fn.value.extrapolate if beyond is None else demand(ev, beyond, "the argument extrapolate", loc)
        if goes_on is not True and goes_on != 1 or goes_on == "periodic" or fn.value.axis != 0 or fn.value.c.ndim != 2:
            raise Unsupported(
                "cannot differentiate this spline: it holds several, or does not go on beyond its ends",
                loc,
                "Make one spline of numbers, with extrapolate=True.",
            )
        order = constant(demand(ev, given.get("nu", constant(0)), "the order of the derivative", loc))
        parts = [attribute(ev, fn, "c", loc), attribute(ev, fn, "x", loc), point, order]
        return expanded(ev, interpolating.piecewise_polynomial, parts, {}, loc)
    name = type(fn.value).__name__
    raise Unsupported(
        f"cannot differentiate a call of scipy.interpolate.{name}",
        loc,
        "Use CubicSpline, PchipInterpolator, Akima1DInterpolator or np.interp.",
    )


@handles("scipy.interpolate.interp1d")
def _interp1d(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """A linear interpolant, made in the model: a function of the point, by all that it was made of."""
    from srcad.rules import interpolating

    options = {k: demand(ev, v, f"the argument {k}", loc) for k, v in kwargs.items()}
    kind = demand(ev, args[2], "the kind", loc) if len(args) > 2 else options.pop("kind", "linear")
    beyond = options.pop("fill_value", None)
    options.pop("bounds_error", None) if beyond == "extrapolate" else None
    table = [a for a in args[:2] if isinstance(a, Dyn) and isinstance(a.type, Num) and len(a.type.dims or ()) == 1]
    if kind not in ("linear", 1) or options or beyond not in (None, "extrapolate") or len(table) < 2:
        raise Unsupported(
            "cannot differentiate this interp1d",
            loc,
            "Use kind='linear' of vectors, with fill_value='extrapolate' or none, or np.interp.",
        )
    function = interpolating.linear_beyond if beyond else interpolating.linear_between
    _of_one_length(ev, table, loc)
    return Partial(Known(function), tuple(table))


def _of_one_length(ev: Evaluator, table: list[Dyn], loc: ir.Loc | None) -> None:
    """What SciPy tests of the places and the values."""
    known = {dim for v in table if isinstance(v.type, Num) for dim in v.type.dims or ()}
    if len(known) == 1 and None not in known:
        return
    lengths = [ir.Attr(residual(ev, v, loc), "size") for v in table]
    text = "x and y arrays must be equal in length along interpolation axis."
    raise_where(ev, ir.Compare(("!=",), tuple(lengths)), "ValueError", text, loc)


KINDS = ("not-a-knot", "natural", "clamped")  # conditions at the ends under which a spline is linear in its values


@handles("scipy.interpolate.CubicSpline")
def _cubic_spline(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """A cubic spline, made in the model: a function of the point, by the values that it goes through."""
    from srcad.rules import interpolating

    given = dict(zip(("x", "y", "axis", "bc_type", "extrapolate"), args, strict=False)) | kwargs
    places, values = (as_array(ev, given.pop(name), loc) for name in ("x", "y"))
    options = {k: demand(ev, v, f"the argument {k}", loc) for k, v in given.items()}
    ends, axis, beyond = (options.pop(*o) for o in (("bc_type", KINDS[0]), ("axis", 0), ("extrapolate", True)))
    vectors = [isinstance(a, Dyn) and isinstance(a.type, Num) and len(a.type.dims or ()) == 1 for a in (places, values)]
    if not all(vectors) or ends not in KINDS or axis != 0 or beyond not in (None, True) or options:
        way_out = "Use vectors, and bc_type='not-a-knot', 'natural' or 'clamped'."
        raise Unsupported("cannot differentiate this CubicSpline", loc, way_out)
    found = keep(ev, "srcad_runtime.cubic_coefficients", [places, values, Known(ends)], {}, loc)
    assert isinstance(found, Dyn)
    return Partial(Known(interpolating.piecewise_polynomial), (ev.temp("spline", found, loc), places))
