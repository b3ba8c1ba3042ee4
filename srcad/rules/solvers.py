"""Roots and minima: the implicit function theorem, in terms of `srcad_runtime.implicit`.

A solver's call is replaced by its value at a point that does not move, and `at_root`, whose derivative is that of the
equation: F(x, theta) = 0 gives dx = -F_x^-1 F_theta dtheta (Griewank, Walther, Evaluating Derivatives, 2008, 15.3).
"""

from __future__ import annotations

import numpy as np
from srcad_runtime import implicit

from srcad.rules.registry import pullback, pushforward, refused


@pullback(implicit.at_root, wrt=("residual",), inert=("x", "slope"))
def at_root_bar(x, residual, slope, *, out_bar):
    return implicit.root_adjoint(slope, residual, out_bar, x)


@pushforward(implicit.at_root, wrt=("residual",))
def at_root_dot(x, residual, slope, *, residual_dot):
    return implicit.root_tangent(slope, residual, residual_dot, x)


@pullback(implicit.valued, wrt=("model",), inert=("x",))
def valued_bar(x, model, *, out_bar):
    return implicit.value_tangent(model, out_bar)


@pushforward(implicit.valued, wrt=("model",))
def valued_dot(x, model, *, model_dot):
    return implicit.value_tangent(model, model_dot)


def held_residual(x, low, high, gradient):
    """What vanishes at a minimum between bounds: the distance to the bound that an element is on, or the slope."""
    return np.where(x <= low, x - low, np.where(x >= high, x - high, gradient))


def held_slope(x, low, high, hessian):
    """The derivative of `held_residual` by `x`."""
    free = (x > low) & (x < high)
    return np.where(free[:, None], hessian, np.eye(x.shape[0]))


# ---- integrals ----


@pullback(implicit.integral, wrt=("found", "theta"), inert=("a", "b", "args"))
def integral_bar(found, theta, slope, a, b, args, *, out_bar):
    return out_bar, implicit.integral_adjoint(slope, a, b, args, out_bar)


@pushforward(implicit.integral, wrt=("found", "theta"))
def integral_dot(found, theta, slope, a, b, args, *, found_dot, theta_dot):
    return found_dot + implicit.integral_tangent(slope, a, b, args, theta_dot)


@pullback(implicit.up_to, wrt=("found", "limit"), inert=("value",))
def up_to_bar(found, limit, value, sign, *, out_bar):
    return out_bar, sign * value * out_bar


@pushforward(implicit.up_to, wrt=("found", "limit"))
def up_to_dot(found, limit, value, sign, *, found_dot, limit_dot):
    return found_dot + sign * value * limit_dot


# ---- trajectories ----


@pullback(implicit.started, wrt=("found", "y0"), inert=("args",))
def started_bar(found, y0, rhs, tangent, times, args, how, *, out_bar):
    return out_bar, implicit.started_adjoint(rhs, tangent, y0, times, args, how, out_bar)


@pushforward(implicit.started, wrt=("found", "y0"))
def started_dot(found, y0, rhs, tangent, times, args, how, *, found_dot, y0_dot):
    return found_dot + implicit.started_tangent(rhs, tangent, y0, times, args, how, y0_dot)


@pullback(implicit.driven, wrt=("found", "theta"), inert=("y0", "args"))
def driven_bar(found, theta, rhs, tangent, y0, times, args, how, *, out_bar):
    return out_bar, implicit.driven_adjoint(theta, rhs, tangent, y0, times, args, how, out_bar)


@pushforward(implicit.driven, wrt=("found", "theta"))
def driven_dot(found, theta, rhs, tangent, y0, times, args, how, *, found_dot, theta_dot):
    return found_dot + implicit.driven_tangent(theta, rhs, tangent, y0, times, args, how, theta_dot)


@pullback(implicit.sampled, wrt=("found", "times"), inert=("y0", "args"))
def sampled_bar(found, times, rhs, tangent, y0, args, how, *, out_bar):
    return out_bar, implicit.sampled_adjoint(found, rhs, tangent, y0, times, args, how, out_bar)


@pushforward(implicit.sampled, wrt=("found", "times"))
def sampled_dot(found, times, rhs, tangent, y0, args, how, *, found_dot, times_dot):
    return found_dot + implicit.sampled_tangent(found, rhs, tangent, y0, times, args, how, times_dot)


@pullback(implicit.begun, wrt=("found", "start"), inert=("y0", "args"))
def begun_bar(found, start, rhs, tangent, y0, times, args, how, *, out_bar):
    return out_bar, implicit.begun_adjoint(start, rhs, tangent, y0, times, args, how, out_bar)


@pushforward(implicit.begun, wrt=("found", "start"))
def begun_dot(found, start, rhs, tangent, y0, times, args, how, *, found_dot, start_dot):
    return found_dot + implicit.begun_tangent(start, rhs, tangent, y0, times, args, how, start_dot)


@pullback(implicit.ended, wrt=("end",))
def ended_bar(times, end, *, out_bar):
    return out_bar[-1]


@pushforward(implicit.ended, wrt=("end",))
def ended_dot(times, end, *, end_dot):
    return np.where(np.arange(times.size) == times.size - 1, end_dot, 0.0)


refused(
    implicit.begun_adjoint,
    implicit.begun_tangent,
    implicit.integral_adjoint,
    implicit.integral_tangent,
    implicit.started_adjoint,
    implicit.started_tangent,
    implicit.driven_adjoint,
    implicit.driven_tangent,
    implicit.sampled_adjoint,
    implicit.sampled_tangent,
    reason="the derivative of what a solver found once more",
    hint="Write the steps of the solver inside of the function, and differentiate those twice.",
)
refused(
    implicit.root_adjoint,
    implicit.root_tangent,
    implicit.value_tangent,
    reason="the derivative of what a solver found once more",
    hint="Take steps of Newton's method inside of the function, and differentiate those twice.",
)


# ---- the user's function as an equation: F(x) with everything else given ----


def vector_equation(function, args, x):
    """``F(x) = 0`` in as many numbers as x has, shape (n,)."""
    return np.ravel(np.asarray(function(x, *args)))


def equation(function, args, x):
    """``F(x) = 0`` in one number, or an objective."""
    return function(x, *args)


def half_square(function, args, x):
    """The objective of least squares."""
    residual = np.ravel(np.asarray(function(x, *args)))
    return 0.5 * np.sum(residual * residual)
