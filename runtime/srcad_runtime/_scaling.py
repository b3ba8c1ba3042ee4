"""Older adaptive scalings (RMSProp, Adagrad, Adadelta), trust ratios, clipping, weight decay; as in `_transforms`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from srcad_runtime import trees
from srcad_runtime._transforms import (
    GradientTransformation,
    LearningRate,
    Tree,
    abs_sq,
    advanced,
    counter,
    full_like,
    global_norm,
    moment,
    stateless,
    unbiased,
)


class ScaleByRmsState(NamedTuple):
    nu: Tree


class ScaleByRmsWithCountState(NamedTuple):
    count: np.ndarray  # type: ignore[assignment]
    nu: Tree


def scale_by_rms(
    decay: float = 0.9,
    eps: float = 1e-8,
    initial_scale: float = 0.0,
    eps_in_sqrt: bool = True,
    bias_correction: bool = False,
) -> GradientTransformation:
    """Divides by the root of a running mean of squares (Hinton's RMSProp)."""

    def init(params: Tree) -> Tree:
        nu = full_like(params, initial_scale)
        return ScaleByRmsWithCountState(counter(), nu) if bias_correction else ScaleByRmsState(nu)

    def update(updates: Tree, state: Any, params: Tree = None) -> tuple[Tree, Tree]:
        nu = moment(updates, state.nu, decay, 2)
        if not bias_correction:
            return _over_root(updates, nu, eps, eps_in_sqrt), ScaleByRmsState(nu)
        count = advanced(state.count)
        step = _over_root(updates, unbiased(nu, decay, count), eps, eps_in_sqrt)
        return step, ScaleByRmsWithCountState(count, nu)

    return GradientTransformation(init, update)


def _over_root(updates: Tree, variance: Tree, eps: float, eps_in_sqrt: bool) -> Tree:
    if eps_in_sqrt:
        return trees.map(lambda g, v: g / np.sqrt(v + eps), updates, variance)
    return trees.map(lambda g, v: g / (np.sqrt(v) + eps), updates, variance)


class ScaleByRStdDevState(NamedTuple):
    mu: Tree
    nu: Tree


class ScaleByRStdDevWithCountState(NamedTuple):
    count: np.ndarray  # type: ignore[assignment]
    mu: Tree
    nu: Tree


def scale_by_stddev(
    decay: float = 0.9,
    eps: float = 1e-8,
    initial_scale: float = 0.0,
    eps_in_sqrt: bool = True,
    bias_correction: bool = False,
) -> GradientTransformation:
    """Divides by a running standard deviation (Graves 2013)."""

    def init(params: Tree) -> Tree:
        mu, nu = trees.zeros_like(params), full_like(params, initial_scale)
        return ScaleByRStdDevWithCountState(counter(), mu, nu) if bias_correction else ScaleByRStdDevState(mu, nu)

    def update(updates: Tree, state: Any, params: Tree = None) -> tuple[Tree, Tree]:
        mu, nu = moment(updates, state.mu, decay, 1), moment(updates, state.nu, decay, 2)
        if not bias_correction:
            return _over_root(updates, _variance(mu, nu), eps, eps_in_sqrt), ScaleByRStdDevState(mu, nu)
        count = advanced(state.count)
        variance = _variance(unbiased(mu, decay, count), unbiased(nu, decay, count))
        return _over_root(updates, variance, eps, eps_in_sqrt), ScaleByRStdDevWithCountState(count, mu, nu)

    return GradientTransformation(init, update)


def _variance(mean: Tree, mean_square: Tree) -> Tree:
    return trees.map(lambda m, n: n - abs_sq(m), mean, mean_square)


class ScaleByRssState(NamedTuple):
    sum_of_squares: Tree


def scale_by_rss(initial_accumulator_value: float = 0.1, eps: float = 1e-7) -> GradientTransformation:
    """Divides by the root of the sum of all squares so far (Duchi, Hazan and Singer 2011)."""

    def update(updates: Tree, state: ScaleByRssState, params: Tree = None) -> tuple[Tree, Tree]:
        total = trees.map(lambda g, t: abs_sq(g) + t, updates, state.sum_of_squares)
        # a total of zero belongs to a gradient that was always zero
        step = trees.map(lambda g, t: np.where(t > 0, g / np.sqrt(np.where(t > 0, t + eps, 1)), 0 * g), updates, total)
        return step, ScaleByRssState(total)

    return GradientTransformation(lambda params: ScaleByRssState(full_like(params, initial_accumulator_value)), update)


class ScaleByAdaDeltaState(NamedTuple):
    e_g: Tree
    e_x: Tree


def scale_by_adadelta(rho: float = 0.9, eps: float = 1e-6) -> GradientTransformation:
    """The ratio of running step and gradient sizes as the step size (Zeiler 2012)."""

    def init(params: Tree) -> ScaleByAdaDeltaState:
        return ScaleByAdaDeltaState(trees.zeros_like(params), trees.zeros_like(params))

    def update(updates: Tree, state: ScaleByAdaDeltaState, params: Tree = None) -> tuple[Tree, Tree]:
        e_g = moment(updates, state.e_g, rho, 2)
        step = trees.map(lambda g, v, x: np.sqrt(x + eps) / np.sqrt(v + eps) * g, updates, e_g, state.e_x)
        return step, ScaleByAdaDeltaState(e_g, moment(step, state.e_x, rho, 2))

    return GradientTransformation(init, update)


def scale_by_trust_ratio(
    min_norm: float = 0.0, trust_coefficient: float = 1.0, eps: float = 0.0
) -> GradientTransformation:
    """Scales each leaf's update to the size of the leaf itself (You et al. 2017, 2019)."""

    def ratio(u: Any, p: Any) -> float:
        p_norm, u_norm = max(_norm(p), min_norm), max(_norm(u), min_norm)
        if p_norm == 0.0 or u_norm == 0.0:
            return 1.0
        return trust_coefficient * p_norm / (u_norm + eps)

    def update(updates: Tree, params: Tree) -> Tree:
        return trees.map(lambda u, p: u * ratio(u, p), updates, given(params))

    return stateless(update)


def _norm(x: Any) -> float:
    return float(np.sqrt(np.sum(abs_sq(x if hasattr(x, "dtype") else np.asarray(x)))))


def clip(max_delta: float) -> GradientTransformation:
    """Holds every element of the updates within ``[-max_delta, max_delta]``."""
    return stateless(lambda updates, params: trees.map(lambda u: np.clip(u, -max_delta, max_delta), updates))


def clip_by_global_norm(max_norm: float) -> GradientTransformation:
    """Shortens the updates to `max_norm` where all of them together are longer (Pascanu et al. 2012)."""

    def update(updates: Tree, params: Tree) -> Tree:
        norm = global_norm(updates)
        if norm < max_norm:
            return updates
        return trees.map(lambda u: u / norm * max_norm, updates)

    return stateless(update)


def clip_by_block_rms(threshold: float) -> GradientTransformation:
    """Shrinks each leaf whose root mean square is above `threshold`."""

    def shrink(u: Any) -> Any:
        return u / max(1.0, float(np.sqrt(np.mean(abs_sq(u)))) / threshold)

    return stateless(lambda updates, params: trees.map(shrink, updates))


class WeightDecaySchedule(NamedTuple):
    count: np.ndarray  # type: ignore[assignment]


def add_decayed_weights(weight_decay: LearningRate = 0.0, mask: Any = None) -> GradientTransformation:
    """Adds ``weight_decay * params`` to the updates, where `mask` (a tree of booleans or a function to one) is True."""
    if mask is not None:
        return masked(add_decayed_weights(weight_decay), mask)
    if not callable(weight_decay):
        return stateless(lambda updates, params: _decay(updates, given(params), weight_decay))

    def update(updates: Tree, state: WeightDecaySchedule, params: Tree = None) -> tuple[Tree, Tree]:
        rate = float(weight_decay(int(state.count)))
        return _decay(updates, given(params), rate), WeightDecaySchedule(advanced(state.count))

    return GradientTransformation(lambda params: WeightDecaySchedule(counter()), update)


def _decay(updates: Tree, params: Tree, rate: float) -> Tree:
    return trees.map(lambda g, p: g + rate * p, updates, params)


def given(params: Tree) -> Tree:
    """`params`, which this transformation's `update` cannot do without."""
    if params is None:
        raise ValueError("this transformation needs the parameters: opt.update(grads, state, params)")
    return params


class MaskedState(NamedTuple):
    inner_state: Tree


class MaskedNode(NamedTuple):
    """Stands in a masked tree for what the inner transformation does not see."""


def masked(inner: GradientTransformation, mask: Tree | Callable[[Tree], Tree]) -> GradientTransformation:
    """Applies `inner` where `mask` is True; the rest passes unchanged. One boolean may stand for a whole subtree."""

    def chosen(tree: Tree) -> tuple[Tree, Tree]:
        keep = mask(tree) if callable(mask) else mask
        return keep, _select(keep, tree)

    def update(updates: Tree, state: MaskedState, params: Tree = None) -> tuple[Tree, Tree]:
        keep, seen = chosen(updates)
        hidden = None if params is None else _select(keep, params)
        step, inner_state = inner.update(seen, state.inner_state, hidden)
        return _merge(keep, step, updates), MaskedState(inner_state)

    return GradientTransformation(lambda params: MaskedState(inner.init(chosen(params)[1])), update)


def _select(keep: Tree, tree: Tree) -> Tree:
    return trees.map(lambda m, x: x if m else MaskedNode(), keep, tree)


def _merge(keep: Tree, new: Tree, old: Tree) -> Tree:
    return trees.map(lambda m, n, o: n if m else o, keep, new, old)
