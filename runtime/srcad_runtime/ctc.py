"""Connectionist temporal classification (Graves, Fernandez, Gomez and Schmidhuber, 2006), in log space.

A labelling is read along a chain of states, a blank between and around its labels. ``alpha[t, n, s]`` is the log
probability of all paths that are in state s at step t, the emission of that step included; ``beta[t, n, s]`` is that of
all ways on from there to the end, without that emission.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def ctc_losses(
    log_probs: Array,
    labels: Array,
    input_lengths: Array,
    label_lengths: Array,
    blank: int = 0,
    zero_infinity: bool = False,
) -> Array:
    """The negative log probability of each labelling.

    Shapes: log_probs (t, n, c), labels integers (n, s) or all labels one after the other (sum(label_lengths),),
    lengths (n,); returns (n,). A labelling too long for its input has loss inf, or 0 with `zero_infinity`.

    Raises:
        ValueError: if the shapes do not fit, a length is too large, or a label is out of range.
    """
    steps, counts = np.asarray(input_lengths), np.asarray(label_lengths)
    states = _states(log_probs, labels, steps, counts, blank)
    losses = _losses(_alpha(log_probs, states, counts, blank), steps, counts)
    return np.where(np.isinf(losses), 0.0, losses) if zero_infinity else losses


def ctc_partials(
    log_probs: Array,
    labels: Array,
    input_lengths: Array,
    label_lengths: Array,
    blank: int = 0,
    zero_infinity: bool = False,
) -> Array:
    """The derivative of each sample's loss with respect to log_probs: minus the posterior of each class, (t, n, c).

    Where a loss is inf it is nan, or 0 with `zero_infinity`.
    """
    steps, counts = np.asarray(input_lengths), np.asarray(label_lengths)
    states = _states(log_probs, labels, steps, counts, blank)
    alpha = _alpha(log_probs, states, counts, blank)
    losses = _losses(alpha, steps, counts)[:, None]
    impossible = np.isinf(losses)
    log_posterior = alpha + _beta(log_probs, states, steps, counts, blank) + np.where(impossible, 0.0, losses)
    posterior = np.where(impossible, 0.0 if zero_infinity else np.nan, np.exp(log_posterior))
    return -_by_class(posterior, states, log_probs)


def ctc_curvature(
    log_probs: Array,
    labels: Array,
    input_lengths: Array,
    label_lengths: Array,
    v: Array,
    blank: int = 0,
    zero_infinity: bool = False,
) -> Array:
    """The Hessian of each sample's loss with respect to log_probs times `v`: both, and the result, (t, n, c).

    A loss is minus the logarithm of a sum over paths, so its Hessian is minus the covariance of their counts: a state's
    posterior times how far the mean of ``sum(v)`` along the paths through it is from the mean along all paths.
    """
    steps, counts = np.asarray(input_lengths), np.asarray(label_lengths)
    states = _states(log_probs, labels, steps, counts, blank)
    alpha, beta = _alpha(log_probs, states, counts, blank), _beta(log_probs, states, steps, counts, blank)
    losses = _losses(alpha, steps, counts)
    impossible = np.isinf(losses)
    posterior = np.exp(alpha + beta + np.where(impossible, 0.0, losses)[:, None])
    before, after = _means_before(alpha, log_probs, v, states, blank), _means_after(beta, log_probs, v, states, blank)
    last = np.maximum(steps - 1, 0), np.arange(counts.size)
    mean = np.sum(posterior[last] * before[last], axis=1)
    spread = np.where(posterior > 0.0, posterior * (before + after - mean[:, None]), 0.0)
    spread = np.where(impossible[:, None], 0.0 if zero_infinity else np.nan, spread)
    return -_by_class(spread, states, log_probs)


def _by_class(values: Array, states: Array, like: Array) -> Array:
    """Values of states (t, n, states) summed over the states of each class: the shape of `like`, (t, n, c)."""
    total = np.zeros_like(like)
    samples = np.arange(states.shape[0])
    for s in range(states.shape[1]):
        total[:, samples, states[:, s]] += values[:, :, s]
    return total


def _states(log_probs: Array, labels: Array, steps: Array, counts: Array, blank: int) -> Array:
    """The class of each state, (n, 2 * s + 1): blank, label, blank, ..., blank; past a labelling all are blank."""
    _check(log_probs, labels, steps, counts, blank)
    longest = labels.shape[1] if labels.ndim == 2 else int(np.max(counts, initial=0))
    inside = np.arange(longest) < counts[:, None]
    padded: Array = np.full(inside.shape, blank, np.int64)
    padded[inside] = labels[inside] if labels.ndim == 2 else labels[: counts.sum()]
    if np.any((padded < 0) | (padded >= log_probs.shape[2])):
        raise ValueError(f"ctc: a label is not one of the {log_probs.shape[2]} classes of log_probs")
    states: Array = np.full((counts.size, 2 * longest + 1), blank, np.int64)
    states[:, 1::2] = padded
    return states


def _emissions(log_probs: Array, states: Array) -> Array:
    """The log probability of each state's class at each step: (t, n, states)."""
    return log_probs[:, np.arange(states.shape[0])[:, None], states]


def _skips(states: Array, blank: int) -> Array:
    """Which states may be entered from two states before: those of a label other than the last one."""
    allowed = np.zeros(states.shape, np.bool_)
    allowed[:, 2:] = (states[:, 2:] != blank) & (states[:, 2:] != states[:, :-2])
    return allowed


def _alpha(log_probs: Array, states: Array, counts: Array, blank: int) -> Array:
    emissions, skips = _emissions(log_probs, states), _skips(states, blank)
    alpha: Array = np.full(emissions.shape, -np.inf, emissions.dtype)
    alpha[:1, :, 0] = emissions[:1, :, 0]
    alpha[:1, counts > 0, 1:2] = emissions[:1, counts > 0, 1:2]
    for t in range(1, alpha.shape[0]):
        before = alpha[t - 1]
        paths = before.copy()
        paths[:, 1:] = np.logaddexp(paths[:, 1:], before[:, :-1])
        paths[:, 2:] = np.logaddexp(paths[:, 2:], np.where(skips[:, 2:], before[:, :-2], -np.inf))
        alpha[t] = paths + emissions[t]
    return alpha


def _beta(log_probs: Array, states: Array, steps: Array, counts: Array, blank: int) -> Array:
    emissions, skips = _emissions(log_probs, states), _skips(states, blank)
    beta: Array = np.full(emissions.shape, -np.inf, emissions.dtype)
    place = np.arange(states.shape[1])
    final = np.where((place == 2 * counts[:, None]) | (place == 2 * counts[:, None] - 1), 0.0, -np.inf)
    for t in range(beta.shape[0] - 1, -1, -1):
        if t + 1 < beta.shape[0]:
            after = beta[t + 1] + emissions[t + 1]
            paths = after.copy()
            paths[:, :-1] = np.logaddexp(paths[:, :-1], after[:, 1:])
            paths[:, :-2] = np.logaddexp(paths[:, :-2], np.where(skips[:, 2:], after[:, 2:], -np.inf))
            beta[t] = paths
        last = steps == t + 1
        beta[t, last] = final[last]
    return beta


def _means_before(alpha: Array, log_probs: Array, v: Array, states: Array, blank: int) -> Array:
    """The mean of ``sum(v)`` along all paths that lead to each state, its own step included."""
    emissions, moved, skips = _emissions(log_probs, states), _emissions(v, states), _skips(states, blank)
    means = moved.copy()
    for t in range(1, alpha.shape[0]):
        come, whole = alpha[t - 1], np.where(alpha[t] == -np.inf, 0.0, alpha[t] - emissions[t])
        means[t] += np.exp(come - whole) * means[t - 1]
        means[t, :, 1:] += np.exp(come[:, :-1] - whole[:, 1:]) * means[t - 1, :, :-1]
        jump = np.where(skips[:, 2:], come[:, :-2], -np.inf)
        means[t, :, 2:] += np.exp(jump - whole[:, 2:]) * means[t - 1, :, :-2]
    return means


def _means_after(beta: Array, log_probs: Array, v: Array, states: Array, blank: int) -> Array:
    """The mean of ``sum(v)`` along all ways on from each state, without its own step."""
    emissions, moved, skips = _emissions(log_probs, states), _emissions(v, states), _skips(states, blank)
    means = np.zeros_like(moved)
    for t in range(beta.shape[0] - 2, -1, -1):
        go, whole = beta[t + 1] + emissions[t + 1], np.where(beta[t] == -np.inf, 0.0, beta[t])
        ahead = means[t + 1] + moved[t + 1]
        means[t] += np.exp(go - whole) * ahead
        means[t, :, :-1] += np.exp(go[:, 1:] - whole[:, :-1]) * ahead[:, 1:]
        jump = np.where(skips[:, 2:], go[:, 2:], -np.inf)
        means[t, :, :-2] += np.exp(jump - whole[:, :-2]) * ahead[:, 2:]
    return means


def _losses(alpha: Array, steps: Array, counts: Array) -> Array:
    """Minus the log probability of ending in the last label or the blank behind it: (n,)."""
    if alpha.shape[0] == 0:
        return np.where(counts == 0, 0.0, np.inf).astype(alpha.dtype)
    ends = alpha[np.maximum(steps - 1, 0), np.arange(counts.size)]
    samples = np.arange(counts.size)
    label_end = np.where(counts > 0, ends[samples, np.maximum(2 * counts - 1, 0)], -np.inf)
    losses = -np.logaddexp(ends[samples, 2 * counts], label_end)
    return np.where(steps > 0, losses, np.where(counts == 0, 0.0, np.inf)).astype(alpha.dtype)


def _check(log_probs: Array, labels: Array, steps: Array, counts: Array, blank: int) -> None:
    if log_probs.ndim != 3:
        raise ValueError(f"ctc: log_probs {log_probs.shape} does not have the axes (time, batch, classes)")
    t, n, c = log_probs.shape
    if not 0 <= blank < c:
        raise ValueError(f"ctc: blank={blank} is not one of the {c} classes of log_probs")
    if steps.shape != (n,) or counts.shape != (n,):
        raise ValueError(f"ctc: input_lengths {steps.shape} and label_lengths {counts.shape} do not fit a batch of {n}")
    if np.any(steps < 0) or np.any(steps > t):
        raise ValueError(f"ctc: an input length is not within the {t} steps of log_probs")
    if np.any(counts < 0) or labels.ndim == 2 and (labels.shape[0] != n or np.any(counts > labels.shape[1])):
        raise ValueError(f"ctc: labels {labels.shape} do not hold the label_lengths of a batch of {n}")
    if labels.ndim != 2 and labels.shape != (counts.sum(),):
        raise ValueError(f"ctc: labels {labels.shape} are neither (batch, length) nor {counts.sum()} labels in a row")
