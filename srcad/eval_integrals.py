"""Integrals and initial-value problems that SciPy solves: sensitivities, on the user's own function.

An integral moves with the integral of the integrand's derivative. A trajectory moves with the sensitivity equations,
which are solved together with it by the same method to the same tolerances (Hairer, Nørsett, Wanner, Solving Ordinary
Differential Equations I, 1993, I.14).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from srcad import assemble, ir, types
from srcad.dims import Dim
from srcad.errors import Unsupported
from srcad.eval_array_likes import as_array
from srcad.eval_exprs import sequence
from srcad.eval_implicit import (
    COUNT,
    FLAG,
    NUMBER,
    Given,
    Outline,
    Written,
    fields,
    functions,
    held,
    outlined,
    result,
    run,
    solver,
)
from srcad.eval_order import release
from srcad.eval_values import demand, residual
from srcad.nested import flat
from srcad.transforms import forward
from srcad.types import Num
from srcad.values import Dyn, Ptr, Value

# ---- derivatives of the user's function, written out ----


def moving_inputs(outline: Outline) -> Iterator[str]:
    """What the function reads that may move: floating numbers and arrays."""
    for name in outline.extras:
        kind = outline.program.types.get(name)
        if isinstance(kind, Num) and types.is_float(kind):
            yield name


def gradient_by(outline: Outline, name: str) -> ir.Ref:
    """The function's derivative by one of its extras: ``f_by_name(x, *extras)``."""
    wrt = tuple(i for i in outline.program.inputs if i.name == name)
    program = assemble.gradient(replace(outline.program, wrt=wrt), {}, [0], True)
    body = (*flat(program.body), ir.Return(program.results[-1]))
    return outline.ref(body, outline.extras, suffix=f"_by_{name}")


def tangent_by(outline: Outline, names: tuple[str, ...], suffix: str) -> ir.Ref:
    """The function's tangent along some of its inputs: ``f_dot(*unknowns, *extras, *dots)``."""
    wrt = tuple(i for name in names for i in outline.program.inputs if i.name == name)
    count = len(outline.program.results)
    program = forward.forward(replace(outline.program, wrt=wrt), range(count))
    tangents = program.results[count:]
    value = tangents[0] if count == 1 else ir.Tuple(tangents)
    dots = [p.name for p in program.seeds[len(program.seeds) - len(wrt) :]]
    return outline.ref((*flat(program.body), ir.Return(value)), outline.extras, dots, suffix)


def linked(g: Given, what: str, found: Dyn, *parts: ir.Expr) -> Dyn:
    """`found`, with one more part of its derivative."""
    return Dyn(ir.Call(ir.Ref(f"srcad_runtime.implicit.{what}"), (found.expr, *parts), loc=g.loc), found.type)


def fresh(g: Given, what: str, found: Dyn) -> Dyn:
    return g.ev.temp(what, found, g.loc)


def option(g: Given, name: str) -> ir.Expr:
    value = g.get(name)
    return ir.NONE if value is None else residual(g.ev, value, g.loc)


# ---- integrals ----


@solver(
    "scipy.integrate.quad",
    "func a b args full_output epsabs epsrel limit points weight wvar wopts maxp1 limlst complex_func",
)
def quad(g: Given) -> Value:
    g.refuse("full_output weight complex_func", "Write the weight into the integrand, and leave it out.")
    fn = functions(g, "func", "")
    outline = outlined(g, fn["func"], "func", [Dyn(ir.Const(0.5), NUMBER)])
    out = Written({"func": outline.ref(outline.body, outline.extras)}, outline.extras)
    limits = [residual(g.ev, g.needed(name), g.loc) for name in ("a", "b")]
    call = run(g, out, "func", limits, "epsabs epsrel limit points maxp1 limlst")
    found, error = pair(g, call, ("integral", "integral_error"))
    args = ir.Tuple(tuple(outline.extras.values()))
    for name in moving_inputs(outline):
        slope = gradient_by(outline, name)
        found = linked(g, "integral", found, outline.extras[name], slope, *limits, args)
    for name, sign in (("a", -1.0), ("b", 1.0)):
        limit = g.needed(name)
        if isinstance(limit, Dyn) and not isinstance(limit.expr, ir.Const) and types.is_float(limit.type):
            at = value_at(g, fn["func"], limit)
            found = linked(g, "up_to", found, limit.expr, at.expr, ir.const(sign))
    return g.ev.tuple_of([fresh(g, "integral", found), error])


def value_at(g: Given, fn: Value, x: Dyn) -> Dyn:
    """The integrand at a limit."""
    from srcad.eval_calls import dispatch

    found = dispatch(g.ev, fn, [x, *g.extras()], {}, g.loc)
    assert isinstance(found, Dyn)
    return found


def pair(g: Given, call: ir.Expr, names: tuple[str, str]) -> tuple[Dyn, Dyn]:
    """Two numbers that do not move."""
    slots = [g.ev.temp_slot(name, g.loc) for name in names]
    for slot in slots:
        g.ev.note_type(slot, NUMBER)
    release(g.ev, slots, g.loc)
    targets = ir.Tuple(tuple(ir.Name(slot) for slot in slots))
    g.ev.emit(ir.Assign(targets, ir.call("srcad.stop_gradient", call), loc=g.loc))
    return Dyn(ir.Name(slots[0]), NUMBER), Dyn(ir.Name(slots[1]), NUMBER)


# ---- trajectories ----


def array(g: Given, name: str) -> Dyn:
    """An argument of one axis."""
    value = as_array(g.ev, g.needed(name), g.loc)
    if isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.dims is not None:
        if len(value.type.dims) == 1:
            return fresh(g, name, value)
    raise Unsupported(f"cannot differentiate {g.path} with {name} that is no array of one axis", g.loc, "Pass one.")


@dataclass(frozen=True)
class Track:
    """A trajectory to be differentiated: `times` do not move; `at` are the same times as the program moves them."""

    outline: Outline
    rhs: ir.Ref
    y0: Dyn
    times: Dyn
    how: ir.Expr
    at: Dyn | None = None
    start: Dyn | None = None


def moved(g: Given, found: Dyn, path: Track) -> Value:
    """The trajectory, with its derivative by the start, the times, and whatever the right-hand side reads."""
    outline, rhs, y0, times, how = path.outline, path.rhs, path.y0, path.times, path.how
    state = outline.unknowns[0 if g.path.endswith("odeint") and not tfirst(g) else 1]
    args = ir.Tuple(tuple(outline.extras.values()))
    along = tangent_by(outline, (state,), "_dot")
    found = linked(g, "started", found, y0.expr, rhs, along, times.expr, args, how)
    if path.at is not None:
        found = linked(g, "sampled", fresh(g, "y", found), path.at.expr, rhs, along, y0.expr, args, how)
    if path.start is not None:
        found = linked(g, "begun", found, path.start.expr, rhs, along, y0.expr, times.expr, args, how)
    for name in moving_inputs(outline):
        along = tangent_by(outline, (state, name), f"_dot_{name}")
        found = linked(g, "driven", found, outline.extras[name], rhs, along, y0.expr, times.expr, args, how)
    return fresh(g, "y", found)


def may_move(g: Given, value: Value | None) -> bool:
    """Whether a time, or an array of them, is computed from floating numbers of the program."""
    if isinstance(value, Ptr):
        return any(may_move(g, item) for item in g.ev.state.heap[value.id].items)
    if not isinstance(value, Dyn):
        return False
    return any(types.is_float(g.ev.cx.types.get(name, types.UNKNOWN)) for name in ir.names(value.expr))


def still(g: Given, what: str, value: Dyn) -> Dyn:
    """The same numbers, which do not move."""
    return g.ev.temp(what, Dyn(ir.call("srcad.stop_gradient", value.expr), value.type), g.loc)


def tfirst(g: Given) -> bool:
    value = g.get("tfirst")
    return bool(value is not None and demand(g.ev, value, "the argument tfirst", g.loc))


@solver(
    "scipy.integrate.odeint",
    "func y0 t args Dfun col_deriv full_output ml mu rtol atol tcrit h0 hmax hmin ixpr mxstep mxhnil mxordn mxords "
    "printmessg tfirst",
)
def odeint(g: Given) -> Value:
    g.refuse("full_output", "Leave it out: the trajectory alone is returned.")
    g.refuse("Dfun col_deriv", "Leave it out.")
    fn = functions(g, "func", "")["func"]
    y0, times = array(g, "y0"), array(g, "t")
    at = times if may_move(g, g.needed("t")) else None
    times = times if at is None else still(g, "times", times)
    first = tfirst(g)
    unknowns = [Dyn(y0.expr, floating(y0)), Dyn(ir.Const(0.0), NUMBER)]
    outline = outlined(g, fn, "func", unknowns[::-1] if first else unknowns)
    out = Written({"func": outline.ref(outline.body, outline.extras)}, outline.extras)
    call = run(g, out, "func", [y0.expr, times.expr], "rtol atol tcrit h0 hmax hmin mxstep mxordn mxords tfirst")
    found = held(g, call, Num("float64", (dim(times), dim(y0))), "y")
    how = ir.Tuple((ir.Const("odeint"), ir.Const(first), option(g, "rtol"), option(g, "atol")))
    return moved(g, found, Track(outline, out.refs["func"], y0, times, how, at))


@solver(
    "scipy.integrate.solve_ivp",
    "fun t_span y0 method t_eval dense_output events vectorized args rtol atol max_step first_step jac",
)
def solve_ivp(g: Given) -> Value:
    g.refuse("dense_output events vectorized jac", "Leave it out.")
    fn = functions(g, "fun", "")["fun"]
    y0, given = array(g, "y0"), g.get("t_eval")
    asked = None if given is None else array(g, "t_eval")
    outline = outlined(g, fn, "fun", [Dyn(ir.Const(0.0), NUMBER), Dyn(y0.expr, floating(y0))])
    out = Written({"fun": outline.ref(outline.body, outline.extras)}, outline.extras)
    start, end = (g.ev.temp(word, v, g.loc) if may_move(g, v) else v for word, v in zip(("start", "end"), span_of(g)))  # type: ignore[arg-type]
    ends = ir.call("numpy.array", ir.Tuple((residual(g.ev, start, g.loc), residual(g.ev, end, g.loc))))
    span = still(g, "t_span", Dyn(ends, SPAN))
    call = run(g, out, "fun", [span.expr, y0.expr], "method t_eval rtol atol max_step first_step")
    count = None if asked is None else dim(asked)
    kinds = {"t": Num("float64", (count,)), "y": Num("float64", (dim(y0), count)), "success": FLAG, "nfev": COUNT}
    found = fields(g, call, kinds)
    times, at = found["t"], asked if may_move(g, given) else None
    if asked is None and may_move(g, end):
        at = g.ev.temp("times", Dyn(ir.call("srcad_runtime.implicit.ended", times.expr, end.expr), times.type), g.loc)  # type: ignore[union-attr, arg-type]
    options = [option(g, name) for name in ("method", "rtol", "atol", "max_step")]
    how = ir.Tuple((ir.Const("solve_ivp"), span.expr, *options))
    path = Track(outline, out.refs["fun"], y0, times, how, at, start if may_move(g, start) else None)  # type: ignore[arg-type]
    return result(g, {**found, "t": at or times, "y": moved(g, found["y"], path)})


def span_of(g: Given) -> list[Value]:
    """Where a trajectory starts and ends."""
    ends = sequence(g.ev, g.needed("t_span"), g.loc)
    if len(ends) != 2:
        raise ValueError("`t_span` must be a sequence of two numbers")
    return ends


SPAN = Num("float64", (Dim(2),))


def floating(value: Dyn) -> Num:
    return Num("float64", value.type.dims)  # type: ignore[union-attr]


def dim(value: Dyn) -> Dim | None:
    return value.type.dims[0]  # type: ignore[union-attr,index]
