"""What generated code calls where a function is defined by an equation: roots, minima, integrals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray


def at_root(x: Any, residual: Any, slope: Any) -> Any:
    """The root `x` itself, for its derivative: by the implicit function theorem x moves with ``-residual / slope``.

    x: a number, or an array of shape (n,). residual: the equation's value at x, about zero. slope: its derivative by
    x, shape (n, n).
    """
    return x.copy() if isinstance(x, np.ndarray) else x


def root_adjoint(slope: Any, residual: Any, g: Any, x: Any) -> Any:
    """The adjoint of the residual for the adjoint `g` of the root `x`: ``-solve(slope.T, g)``.

    residual tells that the root moves with it: the derivative of this derivative needs more than is here.

    Raises:
        ValueError: x is no root, and its derivative is asked for.
    """
    if np.any(g) and (far := _distance(slope, residual, x)):
        raise ValueError(f"a solver's result has no derivative: it did not converge, a Newton step would add {far:.2g}")
    if np.ndim(slope) < 2:
        return -g / slope
    return -np.linalg.solve(slope.T, np.ravel(g)).reshape(np.shape(residual))


def root_tangent(slope: Any, residual: Any, residual_dot: Any, x: Any) -> Any:
    """The tangent of the root `x` for that of the residual: ``-solve(slope, residual_dot)``; NaN if x is no root.

    It is computed where nobody may read it (``if not found.success``), hence no error.
    """
    if _distance(slope, residual, x):
        return np.nan * residual_dot
    if np.ndim(slope) < 2:
        return -residual_dot / slope
    return -np.linalg.solve(slope, np.ravel(residual_dot)).reshape(np.shape(residual))


NEAR = 1e-2, 1e-4  # of what Newton's method would still add to a root: relative to it, and in all


def _distance(slope: Any, residual: Any, x: Any) -> float:
    """How far `x` is from a root, by Newton's method; 0 where it is near.

    Where a solver gave up, what it returns depends on its steps, and the equation does not tell how.
    """
    r = np.ravel(np.asarray(residual, float))
    try:
        step = np.linalg.solve(np.reshape(slope, (r.size, r.size)), r)
    except np.linalg.LinAlgError:
        step = np.where(r == 0.0, 0.0, np.inf)
    far = float(np.max(np.abs(step), initial=0.0))
    return 0.0 if far <= NEAR[0] * float(np.max(np.abs(x), initial=0.0)) + NEAR[1] else far


def valued(x: Any, model: Any) -> Any:
    """`x` itself, with the derivative of `model`, which computes the same."""
    return x.copy() if isinstance(x, np.ndarray) else x


def value_tangent(model: Any, g: Any) -> Any:
    """`g`, the tangent or adjoint of `model` at a point that moves with it: no derivative of it is known here."""
    return g


# ---- integrals ----


def integral(found: Any, theta: Any, slope: Callable[..., Any], a: Any, b: Any, args: tuple[Any, ...]) -> Any:
    """The integral `found` from a to b, for its derivative by `theta`: the integral of ``slope(x, *args)``."""
    return found


def integral_adjoint(slope: Callable[..., Any], a: Any, b: Any, args: tuple[Any, ...], g: Any) -> Any:
    """`g` times the integral of the integrand's derivative."""
    return g * _integrated(slope, a, b, args)


def integral_tangent(slope: Callable[..., Any], a: Any, b: Any, args: tuple[Any, ...], theta_dot: Any) -> Any:
    return np.sum(_integrated(slope, a, b, args) * theta_dot)


def _integrated(slope: Callable[..., Any], a: Any, b: Any, args: tuple[Any, ...]) -> Any:
    from scipy import integrate

    found = integrate.quad_vec(lambda x: np.asarray(slope(x, *args), float), a, b, epsabs=1e-12, epsrel=1e-12)
    return found[0]


def up_to(found: Any, limit: Any, value: Any, sign: float) -> Any:
    """The integral `found`, for its derivative by a limit: the integrand's `value` there, times `sign`."""
    return found


# ---- trajectories ----


def started(
    found: Any, y0: Any, rhs: Callable[..., Any], tangent: Callable[..., Any], times: Any, args: Any, how: Any
) -> Any:
    """The trajectory `found`, for its derivative by the start `y0`, shape (n,).

    tangent: of the right-hand side along y. how: the solver and its tolerances.
    """
    return found.copy()


def driven(
    found: Any, theta: Any, rhs: Callable[..., Any], tangent: Callable[..., Any], y0: Any, times: Any, args: Any,
    how: Any,
) -> Any:  # fmt: skip
    """The trajectory `found`, for its derivative by `theta`, which the right-hand side reads.

    tangent: of the right-hand side along y and theta.
    """
    return found.copy()


def started_adjoint(rhs: Any, tangent: Any, y0: Any, times: Any, args: Any, how: Any, g: Any) -> Any:
    """The adjoint of the start for that of the trajectory, g of the trajectory's shape."""
    return np.einsum("ptn,tn->p", _sensitivities(rhs, tangent, y0, times, args, how, None), _by_time(g, how))


def started_tangent(rhs: Any, tangent: Any, y0: Any, times: Any, args: Any, how: Any, y0_dot: Any) -> Any:
    return _by_time(np.einsum("ptn,p->tn", _sensitivities(rhs, tangent, y0, times, args, how, None), y0_dot), how)


def driven_adjoint(theta: Any, rhs: Any, tangent: Any, y0: Any, times: Any, args: Any, how: Any, g: Any) -> Any:
    """The adjoint of `theta` for that of the trajectory."""
    slope = _sensitivities(rhs, tangent, y0, times, args, how, theta)
    return np.einsum("ptn,tn->p", slope, _by_time(g, how)).reshape(np.shape(theta))


def driven_tangent(theta: Any, rhs: Any, tangent: Any, y0: Any, times: Any, args: Any, how: Any, theta_dot: Any) -> Any:
    slope = _sensitivities(rhs, tangent, y0, times, args, how, theta)
    return _by_time(np.einsum("ptn,p->tn", slope, np.broadcast_to(theta_dot, np.shape(theta)).reshape(-1)), how)


def sampled(
    found: Any, times: Any, rhs: Callable[..., Any], tangent: Callable[..., Any], y0: Any, args: Any, how: Any
) -> Any:
    """The trajectory `found`, for its derivative by the times that it is told at; `odeint` starts at the first one."""
    return found.copy()


def sampled_adjoint(found: Any, rhs: Any, tangent: Any, y0: Any, times: Any, args: Any, how: Any, g: Any) -> Any:
    slopes = _slopes(found, rhs, times, args, how)
    out = np.sum(slopes * _by_time(g, how), axis=1)
    if how[0] == "odeint":
        out[0] -= started_adjoint(rhs, tangent, y0, times, args, how, g) @ slopes[0]
    return out


def sampled_tangent(
    found: Any, rhs: Any, tangent: Any, y0: Any, times: Any, args: Any, how: Any, times_dot: Any
) -> Any:
    slopes, dots = _slopes(found, rhs, times, args, how), np.broadcast_to(times_dot, np.shape(times))
    moves = _by_time(slopes * dots[:, None], how)
    if how[0] == "odeint":
        moves = moves - started_tangent(rhs, tangent, y0, times, args, how, slopes[0] * dots[0])
    return moves


def begun(
    found: Any, start: Any, rhs: Callable[..., Any], tangent: Callable[..., Any], y0: Any, times: Any, args: Any,
    how: Any,
) -> Any:  # fmt: skip
    """The trajectory `found` of `solve_ivp`, for its derivative by the time that it starts at."""
    return found.copy()


def begun_adjoint(start: Any, rhs: Any, tangent: Any, y0: Any, times: Any, args: Any, how: Any, g: Any) -> Any:
    return -np.sum(started_adjoint(rhs, tangent, y0, times, args, how, g) * np.asarray(rhs(start, y0, *args)))


def begun_tangent(start: Any, rhs: Any, tangent: Any, y0: Any, times: Any, args: Any, how: Any, start_dot: Any) -> Any:
    return -started_tangent(rhs, tangent, y0, times, args, how, np.asarray(rhs(start, y0, *args)) * start_dot)


def ended(times: Any, end: Any) -> Any:
    """The times that `solve_ivp` chose, of which the last one is the end of its span."""
    return times.copy()


def _slopes(found: Array, rhs: Any, times: Array, args: tuple[Any, ...], how: Any) -> Array:
    """The right-hand side along the trajectory, shape (times, n)."""
    first = how[0] == "odeint" and not how[1]
    states = _by_time(found, how)
    return np.array([rhs(*((y, t) if first else (t, y)), *args) for t, y in zip(times, states)], float)


def _by_time(values: Array, how: Any) -> Array:
    """With times along the first axis, as `odeint` has them; `solve_ivp` has them along the last."""
    return values if how[0] == "odeint" else values.T


def _sensitivities(
    rhs: Any, tangent: Any, y0: Array, times: Array, args: tuple[Any, ...], how: Any, theta: Any
) -> Array:
    """How the trajectory moves with each number of `theta` (of the start, if None), shape (p, times, n)."""
    n = y0.size
    directions = np.eye(n) if theta is None else _units(theta)
    p = len(directions)
    first = np.eye(n) if theta is None else np.zeros((p, n))

    def both(t: float, z: Array) -> Array:
        y, moves = z[:n], z[n:].reshape(p, n)
        head = (y, t) if how[0] == "odeint" and not how[1] else (t, y)
        out = np.empty_like(z)
        out[:n] = rhs(*head, *args)
        for k in range(p):
            along = (moves[k],) if theta is None else (moves[k], directions[k])
            out[n + k * n : n + (k + 1) * n] = tangent(*head, *args, *along)
        return out

    whole = _solved(both, np.concatenate((y0, first.ravel())), times, how)
    return whole[:, n:].reshape(len(times), p, n).swapaxes(0, 1)


def _units(theta: Any) -> list[Any]:
    """A direction for each number of `theta`."""
    if np.ndim(theta) == 0:
        return [1.0]
    units = np.eye(np.size(theta)).reshape(-1, *np.shape(theta))
    return list(units)


def _solved(rhs: Callable[[float, Array], Array], z0: Array, times: Array, how: Any) -> Array:
    """The augmented problem by the solver of the first, shape (times, numbers)."""
    from scipy import integrate

    if how[0] == "odeint":
        _, _, rtol, atol = how
        return np.asarray(integrate.odeint(rhs, z0, times, rtol=rtol, atol=atol, tfirst=True))
    _, span, *given = how
    options = {k: v for k, v in zip(("method", "rtol", "atol", "max_step"), given) if v is not None}
    return np.asarray(integrate.solve_ivp(rhs, span, z0, t_eval=times, **options).y.T)


# ---- what solvers return ----


def fields(result: Any, *names: str) -> tuple[Any, ...]:
    """Attributes of what a solver of SciPy's returns."""
    return tuple(getattr(result, name) for name in names)


class RootResult(NamedTuple):
    root: Any
    converged: Any
    iterations: Any
    function_calls: Any


class Solution(NamedTuple):
    x: Any
    fun: Any
    success: Any
    nfev: Any


class Trajectory(NamedTuple):
    t: Any
    y: Any
    success: Any
    nfev: Any


class LeastSquares(NamedTuple):
    x: Any
    cost: Any
    fun: Any
    success: Any
    nfev: Any


# what stands for a solver's result in a model: the fields that can be read
RESULTS = {
    "scipy.optimize.root_scalar": RootResult,
    "scipy.optimize.root": Solution,
    "scipy.optimize.minimize": Solution,
    "scipy.optimize.minimize_scalar": Solution,
    "scipy.optimize.least_squares": LeastSquares,
    "scipy.integrate.solve_ivp": Trajectory,
}
