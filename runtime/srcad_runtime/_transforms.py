"""Gradient transformations: what optimizers are chained from.

Names, arguments, defaults and states are optax's. A transformation is a pair of pure functions: `init` makes the state
(nested tuples of arrays) for some parameters, `update` turns gradients and a state into updates and the next state.
Everything is elementwise NumPy over nested parameters (`trees`) and keeps each leaf's dtype.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from srcad_runtime import trees

Tree = Any
Schedule = Callable[[Any], Any]
LearningRate = float | Schedule


class EmptyState(NamedTuple):
    """The state of a transformation that remembers nothing."""


@dataclasses.dataclass(frozen=True)
class GradientTransformation:
    """`init(params) -> state` and `update(updates, state, params=None) -> (updates, state)`.

    `learning_rate` and `remake` serve callbacks that change the learning rate; `kernel` is the compiled in-place step
    where there is one; `skips_nonfinite` says that NaN gradients are dropped on purpose.
    """

    init: Callable[[Tree], Tree]
    update: Callable[..., tuple[Tree, Tree]]
    kernel: Callable[[Tree, Tree, Tree], None] | None = None
    learning_rate: LearningRate | None = None
    remake: Callable[[float], GradientTransformation] | None = None
    skips_nonfinite: bool = False

    def update_into(self, params: Tree, grads: Tree, state: Tree, compiled: bool = True) -> Tree:
        """One step that writes the arrays of `params` and of `state` themselves; returns `state`.

        Optimizers with a `kernel` make it one compiled pass over NumPy arrays of float32 or float64; the others make
        `update`'s new arrays and copy them in. Equal to `update` and `apply_updates` up to rounding.
        `compiled=False` keeps to NumPy. A parameter that is not a writable array is a TypeError that names it;
        gradients of another structure or shape are a ValueError.
        """
        if compiled and self.kernel is not None:
            self.kernel(params, grads, state)
        else:
            write_update(self.update, params, grads, state)
        return state

    def with_learning_rate(self, learning_rate: float) -> GradientTransformation:
        """The same optimizer, and the same state's owner, with another constant learning rate."""
        if self.remake is None or callable(self.learning_rate):
            why = "it follows a schedule" if callable(self.learning_rate) else "it has none"
            raise ValueError(f"cannot set this optimizer's learning rate: {why}")
        return self.remake(float(learning_rate))


def write_update(update: Callable[..., tuple[Tree, Tree]], params: Tree, grads: Tree, state: Tree) -> None:
    """The step of a pure `update`, written into `params` and `state`."""
    check_step(params, grads)
    updates, new_state = update(grads, state, params)
    overwrite(state, new_state)
    trees.map(_add_into, params, updates)


def check_step(params: Tree, grads: Tree) -> None:
    """TypeError or ValueError for the first parameter that `grads` cannot move in place, before anything is written."""
    for position, (p, g) in enumerate(trees.together(params, grads)):
        flags = getattr(p, "flags", None)
        if flags is not None and getattr(flags, "writeable", True) and np.shape(g) == p.shape:
            continue
        path = trees.paths(params)[position][0]
        if flags is None or not flags.writeable:
            raise TypeError(f"update_into needs writable arrays; params{path} is a {type(p).__name__}")
        raise ValueError(f"params{path} has shape {p.shape}, its gradient {np.shape(g)}")


def overwrite(state: Tree, new_state: Tree) -> None:
    """Copy the arrays of `new_state` into those of `state`."""
    trees.map(_copy_into, state, new_state)


def _copy_into(old: Any, new: Any) -> None:
    if old is not new:
        old[...] = new


def _add_into(p: Any, u: Any) -> None:
    p[...] = p + u


def apply_updates(params: Tree, updates: Tree) -> Tree:
    """`params + updates`, each leaf in its parameter's dtype."""
    return trees.map(_add, params, updates)


def _add(p: Any, u: Any) -> Any:
    if isinstance(p, np.ndarray):
        return np.asarray(p + u, p.dtype)
    new, dtype = p + u, getattr(p, "dtype", None)
    return new if dtype is None or new.dtype == dtype else new.astype(dtype)


def global_norm(updates: Tree) -> float:
    """The Euclidean norm of all leaves together."""
    return float(np.sqrt(sum(np.sum(abs_sq(x)) for x in trees.leaves(updates))))


def counter() -> np.ndarray:
    """A step count; an array, so that it can be written in place and stored."""
    return np.zeros((), np.int64)


def advanced(count: np.ndarray) -> np.ndarray:
    """The next step count."""
    return np.asarray(count + 1)


def moment(updates: Tree, old: Tree, decay: float, order: int) -> Tree:
    """The running mean ``(1 - decay) g**order + decay old``."""
    power = (lambda g: g) if order == 1 else abs_sq
    return trees.map(lambda g, t: (1 - decay) * power(g) + decay * t, updates, old)


def unbiased(mean: Tree, decay: float, count: Any) -> Tree:
    """A running mean that started at zero, corrected for that: ``mean / (1 - decay**count)``."""
    correction = 1 - decay ** int(count)
    return trees.map(lambda t: t / correction, mean)


def abs_sq(x: Any) -> Any:
    """The squared modulus."""
    return (np.conj(x) * x).real if np.iscomplexobj(x) else x * x


def full_like(params: Tree, value: float) -> Tree:
    """Arrays like the leaves, all of one value."""
    return trees.map(lambda p: np.full_like(p, value), params)


def as_dtype(tree: Tree, dtype: Any) -> Tree:
    """The tree with every leaf in `dtype`, or as it is for None."""
    return tree if dtype is None else trees.map(lambda x: x.astype(dtype), tree)


def stateless(update: Callable[[Tree, Tree], Tree]) -> GradientTransformation:
    """A transformation without memory from ``update(updates, params)``."""
    return GradientTransformation(
        lambda params: EmptyState(), lambda updates, state, params=None: (update(updates, params), state)
    )


def identity() -> GradientTransformation:
    """Leaves the updates as they are."""
    return stateless(lambda updates, params: updates)


def set_to_zero() -> GradientTransformation:
    """Freezes the parameters: every update becomes zero."""
    return stateless(lambda updates, params: trees.zeros_like(updates))


def scale(step_size: float) -> GradientTransformation:
    """Multiplies the updates by a number."""
    factor = float(step_size)  # a NumPy float64 would widen float32 gradients
    return stateless(lambda updates, params: trees.map(lambda g: factor * g, updates))


class ScaleByScheduleState(NamedTuple):
    count: np.ndarray  # type: ignore[assignment]


def scale_by_schedule(step_size_fn: Schedule) -> GradientTransformation:
    """Multiplies the updates of step k (from 0) by ``step_size_fn(k)``."""

    def update(updates: Tree, state: ScaleByScheduleState, params: Tree = None) -> tuple[Tree, Tree]:
        step_size = float(step_size_fn(int(state.count)))
        return trees.map(lambda g: step_size * g, updates), ScaleByScheduleState(advanced(state.count))

    return GradientTransformation(lambda params: ScaleByScheduleState(counter()), update)


def scale_by_learning_rate(
    learning_rate: LearningRate | None = None, *, flip_sign: bool = True
) -> GradientTransformation:
    """Multiplies the updates by the learning rate (a number or a schedule), downhill unless `flip_sign` is False."""
    if learning_rate is None:
        return identity()
    sign = -1 if flip_sign else 1
    if callable(learning_rate):
        schedule = learning_rate
        return scale_by_schedule(lambda count: sign * schedule(count))
    return scale(sign * learning_rate)


class TraceState(NamedTuple):
    trace: Tree


def trace(decay: float, nesterov: bool = False, accumulator_dtype: Any = None) -> GradientTransformation:
    """Momentum: the sum ``t = g + decay t`` (Nesterov: ``g + decay t`` of the new t)."""

    def update(updates: Tree, state: TraceState, params: Tree = None) -> tuple[Tree, Tree]:
        new = trees.map(lambda g, t: g + decay * t, updates, state.trace)
        step = trees.map(lambda g, t: g + decay * t, updates, new) if nesterov else new
        return step, TraceState(as_dtype(new, accumulator_dtype))

    return GradientTransformation(lambda params: TraceState(trees.zeros_like(params, accumulator_dtype)), update)


class EmaState(NamedTuple):
    count: np.ndarray  # type: ignore[assignment]
    ema: Tree


def ema(decay: float, debias: bool = True, accumulator_dtype: Any = None) -> GradientTransformation:
    """Replaces the updates by their exponential moving average.

    In a chain's `update_into` the average is made anew and copied into the state.
    """

    def update(updates: Tree, state: EmaState, params: Tree = None) -> tuple[Tree, Tree]:
        count, mean = advanced(state.count), moment(updates, state.ema, decay, 1)
        step = unbiased(mean, decay, count) if debias else mean
        return step, EmaState(count, as_dtype(mean, accumulator_dtype))

    return GradientTransformation(
        lambda params: EmaState(counter(), trees.zeros_like(params, accumulator_dtype)), update
    )


class ScaleByAdamState(NamedTuple):
    count: np.ndarray  # type: ignore[assignment]
    mu: Tree
    nu: Tree


def _adam_state(params: Tree, mu_dtype: Any = None) -> ScaleByAdamState:
    return ScaleByAdamState(counter(), trees.zeros_like(params, mu_dtype), trees.zeros_like(params))


def _first_moment(updates: Tree, mu: Tree, b1: float, count: np.ndarray, nesterov: bool) -> Tree:
    """Adam's unbiased mean gradient; Nesterov's variant looks one step ahead (Dozat 2016)."""
    if not nesterov:
        return unbiased(mu, b1, count)
    ahead, now = unbiased(mu, b1, count + 1), unbiased(updates, b1, count)
    return trees.map(lambda m, g: b1 * m + (1 - b1) * g, ahead, now)


def scale_by_adam(
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    eps_root: float = 0.0,
    mu_dtype: Any = None,
    *,
    nesterov: bool = False,
) -> GradientTransformation:
    """Adam's direction, ``mu / (sqrt(nu + eps_root) + eps)`` of the unbiased moments (Kingma and Ba 2014)."""

    def update(updates: Tree, state: ScaleByAdamState, params: Tree = None) -> tuple[Tree, Tree]:
        count = advanced(state.count)
        mu, nu = moment(updates, state.mu, b1, 1), moment(updates, state.nu, b2, 2)
        mu_hat, nu_hat = _first_moment(updates, mu, b1, count, nesterov), unbiased(nu, b2, count)
        step = trees.map(lambda m, v: m / (np.sqrt(v + eps_root) + eps), mu_hat, nu_hat)
        return step, ScaleByAdamState(count, as_dtype(mu, mu_dtype), nu)

    return GradientTransformation(lambda params: _adam_state(params, mu_dtype), update)


class ScaleByAmsgradState(NamedTuple):
    count: np.ndarray  # type: ignore[assignment]
    mu: Tree
    nu: Tree
    nu_max: Tree


def scale_by_amsgrad(
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    eps_root: float = 0.0,
    mu_dtype: Any = None,
    bias_correction_mu: bool = True,
    bias_correction_nu: bool = True,
) -> GradientTransformation:
    """Adam with a second moment that never shrinks (Reddi, Kale and Kumar 2018)."""

    def init(params: Tree) -> ScaleByAmsgradState:
        return ScaleByAmsgradState(*_adam_state(params, mu_dtype), trees.zeros_like(params))

    def update(updates: Tree, state: ScaleByAmsgradState, params: Tree = None) -> tuple[Tree, Tree]:
        count = advanced(state.count)
        mu, nu = moment(updates, state.mu, b1, 1), moment(updates, state.nu, b2, 2)
        mu_hat = unbiased(mu, b1, count) if bias_correction_mu else mu
        nu_hat = unbiased(nu, b2, count) if bias_correction_nu else nu
        nu_max = trees.map(np.maximum, state.nu_max, nu_hat)
        step = trees.map(lambda m, v: m / (np.sqrt(v + eps_root) + eps), mu_hat, nu_max)
        return step, ScaleByAmsgradState(count, as_dtype(mu, mu_dtype), nu, nu_max)

    return GradientTransformation(init, update)


def scale_by_adamax(b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> GradientTransformation:
    """Adam with the largest recent gradient in place of the second moment (Kingma and Ba 2014)."""

    def update(updates: Tree, state: ScaleByAdamState, params: Tree = None) -> tuple[Tree, Tree]:
        count, mu = advanced(state.count), moment(updates, state.mu, b1, 1)
        nu = trees.map(lambda g, t: np.maximum(np.abs(g) + eps, b2 * t), updates, state.nu)
        step = trees.map(lambda m, v: m / v, unbiased(mu, b1, count), nu)
        return step, ScaleByAdamState(count, mu, nu)

    return GradientTransformation(_adam_state, update)


def scale_by_radam(
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    eps_root: float = 0.0,
    threshold: float = 5.0,
    *,
    nesterov: bool = False,
) -> GradientTransformation:
    """Adam, rectified while its second moment rests on too few gradients (Liu et al. 2019)."""

    def update(updates: Tree, state: ScaleByAdamState, params: Tree = None) -> tuple[Tree, Tree]:
        count = advanced(state.count)
        mu, nu = moment(updates, state.mu, b1, 1), moment(updates, state.nu, b2, 2)
        mu_hat, nu_hat = _first_moment(updates, mu, b1, count, nesterov), unbiased(nu, b2, count)
        size = rectification(b2, int(count), threshold)
        if size is not None:
            mu_hat = trees.map(lambda m, v: size * m / (np.sqrt(v + eps_root) + eps), mu_hat, nu_hat)
        return mu_hat, ScaleByAdamState(count, mu, nu)

    return GradientTransformation(_adam_state, update)


def rectification(b2: float, count: int, threshold: float) -> float | None:
    """RAdam's factor at step `count` (from 1), ``r_t``; None while the variance is not tractable (Liu et al. 2019)."""
    rho_inf = 2.0 / (1.0 - b2) - 1.0
    decayed = b2**count
    rho = rho_inf - 2 * count * decayed / (1 - decayed)
    if rho < threshold:
        return None
    return float(np.sqrt((rho - 4.0) * (rho - 2.0) * rho_inf / ((rho_inf - 4.0) * (rho_inf - 2.0) * rho)))


class ScaleByLionState(NamedTuple):
    count: np.ndarray  # type: ignore[assignment]
    mu: Tree


def scale_by_lion(b1: float = 0.9, b2: float = 0.99, mu_dtype: Any = None) -> GradientTransformation:
    """The sign of an interpolated momentum (Chen et al. 2023)."""

    def update(updates: Tree, state: ScaleByLionState, params: Tree = None) -> tuple[Tree, Tree]:
        step = trees.map(lambda g, m: np.sign((1.0 - b1) * g + b1 * m), updates, state.mu)
        mu = as_dtype(moment(updates, state.mu, b2, 1), mu_dtype)
        return step, ScaleByLionState(advanced(state.count), mu)

    return GradientTransformation(
        lambda params: ScaleByLionState(counter(), trees.zeros_like(params, mu_dtype)), update
    )
