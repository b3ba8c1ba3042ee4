"""Roots and minima that SciPy finds: the implicit function theorem, on the user's own function at the solution."""

from __future__ import annotations

import math
from typing import Any

from srcad import eval_derivatives, ir
from srcad.dims import Dim
from srcad.errors import Unsupported
from srcad.eval_array_likes import as_array
from srcad.eval_builtins import keep
from srcad.eval_implicit import (
    COUNT,
    FLAG,
    NUMBER,
    VECTOR,
    Given,
    fields,
    functions,
    held,
    result,
    run,
    solver,
    written,
)
from srcad.eval_values import constant, demand, residual, static
from srcad.rules import solvers
from srcad.types import Num
from srcad.values import Dyn, Known, Partial, Ptr, Value

# ---- what moves ----


def form(g: Given, shape: Any, fn: Value) -> Value:
    """``x -> shape(fn, args, x)``, for one of the forms in `rules.solvers`."""
    return Partial(Known(shape), (fn, g.ev.tuple_of(g.extras())))


def derivative(g: Given, kind: str, fn: Value, at: Value) -> Value:
    return eval_derivatives.call(g.ev, Partial(fn, (), (), kind), [at], {}, g.loc)


def value(g: Given, fn: Value, at: Value) -> Value:
    from srcad.eval_calls import dispatch

    return dispatch(g.ev, fn, [at], {}, g.loc)


def moving(g: Given, root: Dyn, equation: Value, slope: str) -> Value:
    """The root, with the derivative of ``equation(root) = 0``."""
    if slope == "grad":
        both = derivative(g, "value_and_grad", equation, root)
        assert isinstance(both, Ptr)
        parts = list(g.ev.state.heap[both.id].items)
    else:
        parts = [value(g, equation, root), derivative(g, slope, equation, root)]
    named = [g.ev.temp(name, p, g.loc) for name, p in zip(("mismatch", "slope"), parts) if isinstance(p, Dyn)]
    return keep(g.ev, "srcad_runtime.implicit.at_root", [root, *named], {}, g.loc)


def stationary(g: Given, root: Dyn, objective: Value, second: str) -> Value:
    """A minimum, with the derivative of ``grad(objective)(root) = 0``."""
    parts = [root, derivative(g, "grad", objective, root), derivative(g, second, objective, root)]
    return keep(g.ev, "srcad_runtime.implicit.at_root", parts, {}, g.loc)


def valued(g: Given, found: Value, model: Value) -> Value:
    """What the solver found, with the derivative of what it is computed by."""
    return keep(g.ev, "srcad_runtime.implicit.valued", [found, model], {}, g.loc)


# ---- where a search starts ----


def number(g: Given, given: Value | None) -> Dyn:
    """A stand-in for the unknown number."""
    return Dyn(ir.Const(0.0) if given is None else residual(g.ev, given, g.loc), NUMBER)


def vector(g: Given, start: Value) -> tuple[Dyn, Num]:
    """The start as an array of one axis, as the solver makes it."""
    start = as_array(g.ev, start, g.loc)
    if not isinstance(start, Dyn) or not isinstance(start.type, Num) or start.type.dims is None:
        raise Unsupported(f"cannot differentiate {g.path} from a start that is no array", g.loc, "Pass an array.")
    if len(start.type.dims) > 1:
        reason = f"cannot differentiate {g.path} from a start of several axes"
        raise Unsupported(reason, g.loc, "Pass it raveled, and reshape it inside of the function.")
    dims = start.type.dims or (Dim(1),)
    kind = Num("float64", dims)
    return Dyn(start.expr, kind), kind


def bracketed(g: Given) -> Value:
    g.refuse("full_output", "Leave it out: the root alone is returned.")
    out = written(g, functions(g, "f", ""), number(g, g.needed("a")))
    call = run(g, out, "f", [residual(g.ev, g.needed(n), g.loc) for n in ("a", "b")], "k xtol rtol maxiter disp")
    return moving(g, held(g, call, NUMBER), form(g, solvers.equation, g.needed("f")), "grad")


for _name in ("brentq", "brenth", "bisect", "ridder"):
    solver(f"scipy.optimize.{_name}", "f a b args xtol rtol maxiter full_output disp")(bracketed)
solver("scipy.optimize.toms748", "f a b args k xtol rtol maxiter full_output disp")(bracketed)


@solver("scipy.optimize.newton", "func x0 fprime args tol maxiter fprime2 x1 rtol full_output disp")
def newton(g: Given) -> Value:
    g.refuse("full_output", "Leave it out: the root alone is returned.")
    start = g.needed("x0")
    if not isinstance(start, Dyn) or not isinstance(start.type, Num) or start.type.dims != ():
        reason = "cannot differentiate scipy.optimize.newton from an array of starts"
        raise Unsupported(reason, g.loc, "Use scipy.optimize.root, or call it in a loop.")
    out = written(g, functions(g, "func", "fprime fprime2"), number(g, start))
    call = run(g, out, "func", [residual(g.ev, start, g.loc)], "tol maxiter x1 rtol disp")
    return moving(g, held(g, call, NUMBER), form(g, solvers.equation, g.needed("func")), "grad")


@solver(
    "scipy.optimize.root_scalar",
    "f args method bracket fprime fprime2 x0 x1 xtol rtol maxiter options",
)
def root_scalar(g: Given) -> Value:
    out = written(g, functions(g, "f", "fprime fprime2"), number(g, g.get("x0")))
    call = run(g, out, "f", [], "method bracket x0 x1 xtol rtol maxiter options")
    found = fields(g, call, {"root": NUMBER, "converged": FLAG, "iterations": COUNT, "function_calls": COUNT})
    equation = form(g, solvers.equation, g.needed("f"))
    return result(g, {**found, "root": moving(g, found["root"], equation, "grad")})


@solver(
    "scipy.optimize.fsolve",
    "func x0 args fprime full_output col_deriv xtol maxfev band epsfcn factor diag",
)
def fsolve(g: Given) -> Value:
    g.refuse("full_output", "Use scipy.optimize.root, whose result has x, fun and success.")
    g.refuse("col_deriv", "Let fprime return derivatives along its rows.")
    start, kind = vector(g, g.needed("x0"))
    out = written(g, functions(g, "func", "fprime"), start)
    call = run(g, out, "func", [start.expr], "xtol maxfev band epsfcn factor diag")
    return moving(g, held(g, call, kind), form(g, solvers.vector_equation, g.needed("func")), "jacfwd")


@solver("scipy.optimize.root", "fun x0 args method jac tol callback options")
def root(g: Given) -> Value:
    g.refuse("callback", "Leave it out.")
    start, kind = vector(g, g.needed("x0"))
    out = written(g, functions(g, "fun", "jac"), start)
    call = run(g, out, "fun", [start.expr], "method tol options")
    found = fields(g, call, {"x": kind, "fun": kind, "success": FLAG, "nfev": COUNT})
    equation = form(g, solvers.vector_equation, g.needed("fun"))
    return result(g, {**found, "x": moving(g, found["x"], equation, "jacfwd")})


@solver("scipy.optimize.minimize", "fun x0 args method jac hess hessp bounds constraints tol callback options")
def minimize(g: Given) -> Value:
    g.refuse("callback", "Leave it out.")
    g.refuse("constraints", "Change variables, so that every value of x is allowed.")
    start, kind = vector(g, g.needed("x0"))
    out = written(g, functions(g, "fun", "jac hess"), start)
    call = run(g, out, "fun", [start.expr], "method bounds tol options")
    found = fields(g, call, {"x": kind, "fun": NUMBER, "success": FLAG, "nfev": COUNT})
    objective = form(g, solvers.equation, g.needed("fun"))
    if g.get("bounds") is not None:
        x = within(g, found["x"], objective, limits(g))
        return result(g, {**found, "x": x, "fun": valued(g, found["fun"], value(g, objective, x))})
    fun = valued(g, found["fun"], value(g, objective, found["x"]))
    return result(g, {**found, "x": stationary(g, found["x"], objective, "hessian"), "fun": fun})


PROJECTED = (None, "L-BFGS-B", "TNC", "SLSQP")  # methods that put x on a bound exactly


def limits(g: Given) -> list[Value]:
    """The lower and the upper bounds, as arrays."""
    method = demand(g.ev, g.values.get("method", Known(None)), "the argument method", g.loc)
    if method not in PROJECTED:
        reason = f"cannot differentiate {g.path} with bounds and method={method!r}, which only comes near to them"
        raise Unsupported(reason, g.loc, "Use method='L-BFGS-B'.")
    pairs = [g.ev.state.heap[pair.id].items for pair in items_of(g, g.needed("bounds")) if isinstance(pair, Ptr)]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise Unsupported(f"cannot differentiate {g.path} with these bounds", g.loc, "Pass a list of pairs.")
    found: list[Value] = []
    for side, none in enumerate((-math.inf, math.inf)):
        ends = [constant(none) if static(g.ev, pair[side]) == (True, None) else pair[side] for pair in pairs]
        array = keep(g.ev, "numpy.array", [g.ev.tuple_of(ends, "list")], {}, g.loc)
        assert isinstance(array, Dyn)
        found.append(g.ev.temp("bounds", array, g.loc))
    return found


def items_of(g: Given, bounds: Value) -> list[Value]:
    box = g.ev.state.heap[bounds.id] if isinstance(bounds, Ptr) else None
    return list(box.items) if box is not None and box.kind in ("list", "tuple") else []


def within(g: Given, root: Dyn, objective: Value, bounds: list[Value]) -> Value:
    """A minimum between bounds: its elements on a bound stay there, the others make the derivative vanish."""
    from srcad.eval_calls import expanded

    gradient = derivative(g, "grad", objective, root)
    residual_ = expanded(g.ev, solvers.held_residual, [root, *bounds, gradient], {}, g.loc)
    slope = expanded(g.ev, solvers.held_slope, [root, *bounds, derivative(g, "hessian", objective, root)], {}, g.loc)
    return keep(g.ev, "srcad_runtime.implicit.at_root", [root, residual_, slope], {}, g.loc)


@solver("scipy.optimize.minimize_scalar", "fun bracket bounds args method tol options")
def minimize_scalar(g: Given) -> Value:
    out = written(g, functions(g, "fun", ""), number(g, None))
    call = run(g, out, "fun", [], "bracket bounds method tol options")
    found = fields(g, call, {"x": NUMBER, "fun": NUMBER, "success": FLAG, "nfev": COUNT})
    objective = form(g, solvers.equation, g.needed("fun"))
    fun = valued(g, found["fun"], value(g, objective, found["x"]))
    return result(g, {**found, "x": stationary(g, found["x"], objective, "hessian"), "fun": fun})


@solver(
    "scipy.optimize.least_squares",
    "fun x0 jac bounds method ftol xtol gtol x_scale loss f_scale diff_step tr_solver tr_options jac_sparsity max_nfev "
    "verbose args",
)
def least_squares(g: Given) -> Value:
    g.refuse("bounds", "Change variables, so that every value of x is allowed.")
    g.refuse("loss f_scale", "Write the loss into scipy.optimize.minimize.")
    start, kind = vector(g, g.needed("x0"))
    out = written(g, functions(g, "fun", "jac"), start)
    call = run(g, out, "fun", [start.expr], "method ftol xtol gtol x_scale diff_step tr_solver max_nfev verbose")
    found = fields(g, call, {"x": kind, "cost": NUMBER, "fun": VECTOR, "success": FLAG, "nfev": COUNT})
    half = form(g, solvers.half_square, g.needed("fun"))
    x = stationary(g, found["x"], half, "hessian")
    cost = valued(g, found["cost"], value(g, half, found["x"]))
    fun = valued(g, found["fun"], value(g, form(g, solvers.vector_equation, g.needed("fun")), x))
    return result(g, {**found, "x": x, "cost": cost, "fun": fun})
