"""Numba's loops for the losses that have a derivative of their own."""

# mypy: allow-untyped-defs, allow-untyped-calls
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import float64, types

from srcad_runtime import activations, ctc, losses, vector_maths
from srcad_runtime.jitting import overload, register_jitable
from srcad_runtime.outlined import outlined, whole

# ---- two classes ----


@register_jitable
def _bernoulli(p, t):
    positive = max(vector_maths.log(p), -100.0) if p > 0.0 else -100.0
    negative = max(vector_maths.log1p(-p), -100.0) if p < 1.0 else -100.0
    return -t * positive - (1.0 - t) * negative


@register_jitable
def _bernoulli_partial(p, t):
    return (p - t) / max(p * (1.0 - p), 1e-12)


def _over_pairs(prediction, target, scalar):
    """A compiled function of two arrays of one shape, an array and a number, or two numbers."""
    if not isinstance(prediction, types.Array):
        return lambda prediction, target: scalar(prediction, target)
    kind: Any = prediction.dtype if isinstance(prediction.dtype, types.Float) else float64

    def pairs(prediction, target):
        p, t = prediction.ravel(), np.broadcast_to(np.asarray(target), prediction.shape).copy().ravel()
        out = np.empty(p.size, kind)
        for i in range(p.size):
            out[i] = scalar(p[i], t[i])
        return out.reshape(prediction.shape)

    return pairs


@overload(losses.bernoulli_cross_entropy)
def _overload_bernoulli(prediction, target):
    return _over_pairs(prediction, target, _bernoulli)


@overload(losses.bernoulli_cross_entropy_partial)
def _overload_bernoulli_partial(prediction, target):
    return _over_pairs(prediction, target, _bernoulli_partial)


# ---- many classes ----


@register_jitable
def _factor(weight, k):
    """The weight of class k, 1 if there are none."""
    if weight is None:
        return 1.0
    return weight[k]


@register_jitable
def _class_of(logits, labels, n, ignore_index):
    """The label of row n, -1 if it does not count."""
    if labels.size != logits.shape[0]:
        raise ValueError("cross_entropy: there is not one label for each row of logits")
    label = labels[n]
    if label == ignore_index:
        return -1
    if label < 0 or label >= logits.shape[1]:
        raise IndexError("cross_entropy: a label is not one of the classes of the logits")
    return label


@register_jitable
def _total(logits, label, smoothing, weight):
    """The sum of the weighted, smoothed label of a row."""
    total = 0.0
    if smoothing != 0.0:
        for k in range(logits.shape[1]):
            total += smoothing / logits.shape[1] * _factor(weight, k)
    return total + (1.0 - smoothing) * _factor(weight, label)


@outlined
def _sparse(logits, labels, smoothing, weight, ignore_index):
    out = np.zeros(logits.shape[0], logits.dtype)
    log_p = activations.log_softmax(logits, 1)
    for n in range(logits.shape[0]):
        label = _class_of(logits, labels, n, ignore_index)
        if label >= 0:
            loss = -(1.0 - smoothing) * _factor(weight, label) * log_p[n, label]
            if smoothing != 0.0:
                for k in range(logits.shape[1]):
                    loss -= smoothing / logits.shape[1] * _factor(weight, k) * log_p[n, k]
            out[n] = loss
    return out


@outlined
def _sparse_partials(logits, labels, smoothing, weight, ignore_index):
    out = activations.softmax(logits, 1)
    for n in range(logits.shape[0]):
        label = _class_of(logits, labels, n, ignore_index)
        if label < 0:
            out[n] = 0.0
            continue
        total = _total(logits, label, smoothing, weight)
        for k in range(logits.shape[1]):
            share = smoothing / logits.shape[1] * _factor(weight, k)
            out[n, k] = out[n, k] * total - share
        out[n, label] -= (1.0 - smoothing) * _factor(weight, label)
    return out


@outlined
def _sparse_curvature(logits, labels, v, smoothing, weight, ignore_index):
    out = activations.softmax(logits, 1)
    for n in range(logits.shape[0]):
        label = _class_of(logits, labels, n, ignore_index)
        if label < 0:
            out[n] = 0.0
            continue
        total = _total(logits, label, smoothing, weight)
        mean = 0.0
        for k in range(logits.shape[1]):
            mean += out[n, k] * v[n, k]
        for k in range(logits.shape[1]):
            out[n, k] = total * out[n, k] * (v[n, k] - mean)
    return out


@overload(losses.sparse_cross_entropy)
def _overload_sparse(logits, labels, smoothing=0.0, weight=None, ignore_index=-100):
    def sparse_cross_entropy(logits, labels, smoothing=0.0, weight=None, ignore_index=-100):
        return _sparse(whole(logits), whole(labels), float(smoothing), whole(weight), ignore_index)

    return sparse_cross_entropy


@overload(losses.sparse_cross_entropy_partials)
def _overload_sparse_partials(logits, labels, smoothing=0.0, weight=None, ignore_index=-100):
    def sparse_cross_entropy_partials(logits, labels, smoothing=0.0, weight=None, ignore_index=-100):
        return _sparse_partials(whole(logits), whole(labels), float(smoothing), whole(weight), ignore_index)

    return sparse_cross_entropy_partials


@overload(losses.sparse_cross_entropy_curvature)
def _overload_sparse_curvature(logits, labels, v, smoothing=0.0, weight=None, ignore_index=-100):
    def sparse_cross_entropy_curvature(logits, labels, v, smoothing=0.0, weight=None, ignore_index=-100):
        vectors = whole(v)
        return _sparse_curvature(whole(logits), whole(labels), vectors, float(smoothing), whole(weight), ignore_index)

    return sparse_cross_entropy_curvature


@overload(losses.label_sums)
def _overload_label_sums(h, labels, smoothing, ignore_index):
    def label_sums(h, labels, smoothing, ignore_index):
        out = np.zeros(h.shape[1], np.float64)
        for n in range(h.shape[0]):
            if labels[n] != ignore_index:
                out[labels[n]] += (1.0 - smoothing) * h[n, labels[n]]
                for k in range(h.shape[1]):
                    out[k] += smoothing / h.shape[1] * h[n, k]
        return out.astype(h.dtype)

    return label_sums


# ---- sequences ----


@register_jitable
def _logaddexp(a, b):
    if a == -np.inf:
        return b
    if b == -np.inf:
        return a
    return max(a, b) + math.log1p(math.exp(-abs(a - b)))


@register_jitable
def _numbers(lengths):
    return np.array([int(n) for n in lengths])


@register_jitable
def _chain(labels, start, count, blank, classes):
    """blank, label, blank, ..., blank of one sample, whose labels begin at `start` of `labels`."""
    states = np.full(2 * count + 1, blank)
    for i in range(count):
        label = labels[start + i]
        if label < 0 or label >= classes:
            raise ValueError("ctc: a label is not one of the classes of log_probs")
        states[2 * i + 1] = label
    return states


@register_jitable
def _starts(labels, counts):
    """Where each sample's labels begin in the raveled labels."""
    if labels.ndim == 2:
        return np.arange(counts.size) * labels.shape[-1]
    return np.cumsum(counts) - counts


@register_jitable
def _check(log_probs, labels, steps, counts, blank):
    t, n, c = log_probs.shape
    if blank < 0 or blank >= c:
        raise ValueError("ctc: blank is not one of the classes of log_probs")
    if steps.size != n or counts.size != n:
        raise ValueError("ctc: input_lengths and label_lengths do not fit the batch")
    for i in range(n):
        if steps[i] < 0 or steps[i] > t:
            raise ValueError("ctc: an input length is not within the steps of log_probs")
        if counts[i] < 0 or labels.ndim == 2 and counts[i] > labels.shape[-1]:
            raise ValueError("ctc: labels do not hold the label_lengths")
    if labels.ndim == 2 and labels.shape[0] != n or labels.ndim == 1 and labels.size != counts.sum():
        raise ValueError("ctc: labels are neither (batch, length) nor all labels in a row")


@register_jitable
def _skips(states, s, blank):
    return s >= 2 and states[s] != blank and states[s] != states[s - 2]


@register_jitable
def _forward(log_probs, n, steps, states, blank):
    """alpha (steps, states) of sample n."""
    alpha = np.full((steps, states.size), -np.inf)
    if steps > 0:
        for s in range(min(2, states.size)):
            alpha[0, s] = log_probs[0, n, states[s]]
    for t in range(1, steps):
        for s in range(states.size):
            paths = alpha[t - 1, s]
            if s >= 1:
                paths = _logaddexp(paths, alpha[t - 1, s - 1])
            if _skips(states, s, blank):
                paths = _logaddexp(paths, alpha[t - 1, s - 2])
            alpha[t, s] = paths + log_probs[t, n, states[s]]
    return alpha


@register_jitable
def _backward(log_probs, n, steps, states, blank):
    """beta (steps, states) of sample n."""
    beta = np.full((steps, states.size), -np.inf)
    if steps > 0:
        for s in range(max(states.size - 2, 0), states.size):
            beta[steps - 1, s] = 0.0
    for t in range(steps - 2, -1, -1):
        for s in range(states.size):
            paths = beta[t + 1, s] + log_probs[t + 1, n, states[s]]
            if s + 1 < states.size:
                paths = _logaddexp(paths, beta[t + 1, s + 1] + log_probs[t + 1, n, states[s + 1]])
            if s + 2 < states.size and _skips(states, s + 2, blank):
                paths = _logaddexp(paths, beta[t + 1, s + 2] + log_probs[t + 1, n, states[s + 2]])
            beta[t, s] = paths
    return beta


@register_jitable
def _loss(alpha):
    steps, count = alpha.shape
    if steps == 0:
        return 0.0 if count == 1 else np.inf
    end = alpha[steps - 1, count - 1]
    return -(_logaddexp(end, alpha[steps - 1, count - 2]) if count > 1 else end)


@overload(ctc.ctc_losses)
def _overload_ctc_losses(log_probs, labels, input_lengths, label_lengths, blank=0, zero_infinity=False):
    def ctc_losses(log_probs, labels, input_lengths, label_lengths, blank=0, zero_infinity=False):
        steps, counts = _numbers(input_lengths), _numbers(label_lengths)
        _check(log_probs, labels, steps, counts, blank)
        starts, flat = _starts(labels, counts), labels.ravel()
        out = np.empty(counts.size, log_probs.dtype)
        for n in range(counts.size):
            states = _chain(flat, starts[n], counts[n], blank, log_probs.shape[2])
            loss = _loss(_forward(log_probs, n, steps[n], states, blank))
            out[n] = 0.0 if zero_infinity and loss == np.inf else loss
        return out

    return ctc_losses


@overload(ctc.ctc_partials)
def _overload_ctc_partials(log_probs, labels, input_lengths, label_lengths, blank=0, zero_infinity=False):
    def ctc_partials(log_probs, labels, input_lengths, label_lengths, blank=0, zero_infinity=False):
        steps, counts = _numbers(input_lengths), _numbers(label_lengths)
        _check(log_probs, labels, steps, counts, blank)
        starts, flat = _starts(labels, counts), labels.ravel()
        out = np.zeros(log_probs.shape, log_probs.dtype)
        for n in range(counts.size):
            states = _chain(flat, starts[n], counts[n], blank, log_probs.shape[2])
            alpha = _forward(log_probs, n, steps[n], states, blank)
            beta = _backward(log_probs, n, steps[n], states, blank)
            loss = _loss(alpha)
            if loss == np.inf:
                if not zero_infinity:
                    for s in range(states.size):
                        out[:, n, states[s]] = np.nan
                continue
            for t in range(steps[n]):
                for s in range(states.size):
                    out[t, n, states[s]] -= math.exp(alpha[t, s] + beta[t, s] + loss)
        return out

    return ctc_partials
