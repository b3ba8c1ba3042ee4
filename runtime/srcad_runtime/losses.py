"""Losses with torch.nn.functional's values: ``loss(prediction, target, ..., weight=None, reduction="mean")``.

`reduction` is "mean", "sum" or "none". `weight` multiplies the loss of each element (or, where a loss gives one number
per sample, of each sample). As in torch a weighted mean divides by the sum of the weights for `mse` and `mae`, and
`cross_entropy` weighs classes; elsewhere it divides by the number of elements. All are stable at extreme logits.

Every function raises ValueError for an unknown reduction. A target must have the prediction's shape, or be one number:
any other is a ValueError, and nothing is broadcast in silence ((n,) against (n, 1) would compare each with all); nor
may a weight make more losses than there are. The losses of embeddings broadcast arrays of one rank, as torch's do.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from srcad_runtime.activations import log_softmax, softmax
from srcad_runtime.ctc import ctc_losses

Array = Any  # a numpy.ndarray; a number where a loss is reduced


# ---- regression ----


def mse(prediction: Array, target: Array, weight: Array | None = None, reduction: str = "mean") -> Array:
    """The squared error. Shapes: prediction, target and weight alike."""
    _same_shape("mse", prediction, target)
    error = prediction - target
    return _weighted_mean(error * error, weight, reduction)


def mae(prediction: Array, target: Array, weight: Array | None = None, reduction: str = "mean") -> Array:
    """The absolute error. Shapes: prediction, target and weight alike."""
    _same_shape("mae", prediction, target)
    return _weighted_mean(np.abs(prediction - target), weight, reduction)


def huber(
    prediction: Array, target: Array, delta: float = 1.0, weight: Array | None = None, reduction: str = "mean"
) -> Array:
    """Half the squared error up to `delta`, linear beyond (Huber, 1964). Shapes: prediction and target alike."""
    _same_shape("huber", prediction, target)
    error = prediction - target
    near = np.clip(error, -delta, delta)
    return _reduce(near * (error - 0.5 * near), weight, reduction)


def log_cosh(prediction: Array, target: Array, weight: Array | None = None, reduction: str = "mean") -> Array:
    """``log(cosh(prediction - target))``, stable for large errors. Shapes: prediction and target alike."""
    _same_shape("log_cosh", prediction, target)
    error = prediction - target
    return _reduce(np.logaddexp(error, -error) - 0.6931471805599453, weight, reduction)


# ---- two classes ----


def binary_cross_entropy(
    prediction: Array, target: Array, weight: Array | None = None, reduction: str = "mean"
) -> Array:
    """Cross-entropy of probabilities; logarithms are kept above -100, as in torch. Shapes: prediction, target alike."""
    _same_shape("binary_cross_entropy", prediction, target)
    return _reduce(bernoulli_cross_entropy(prediction, target), weight, reduction)


def binary_cross_entropy_with_logits(
    prediction: Array,
    target: Array,
    weight: Array | None = None,
    reduction: str = "mean",
    pos_weight: Array | None = None,
) -> Array:
    """Cross-entropy of ``sigmoid(prediction)``. Shapes: prediction and target alike.

    pos_weight: factors of the positive terms, broadcastable to target.
    """
    _same_shape("binary_cross_entropy_with_logits", prediction, target)
    if pos_weight is None:
        return _reduce(np.logaddexp(0.0, prediction) - prediction * target, weight, reduction)
    negative = (1.0 - target) * np.logaddexp(0.0, prediction)
    positive = pos_weight * target * np.logaddexp(0.0, -prediction)
    return _reduce(negative + positive, weight, reduction)


def hinge(
    prediction: Array, target: Array, margin: float = 1.0, weight: Array | None = None, reduction: str = "mean"
) -> Array:
    """``max(0, margin - target * prediction)`` for targets -1 and 1. Shapes: prediction and target alike."""
    _same_shape("hinge", prediction, target)
    return _reduce(np.maximum(0.0, margin - target * prediction), weight, reduction)


def bernoulli_cross_entropy(prediction: Array, target: Array) -> Array:
    """``-target * log(prediction) - (1 - target) * log(1 - prediction)``, the logarithms kept above -100."""
    with np.errstate(divide="ignore"):
        positive = np.maximum(np.log(prediction), -100.0)
        negative = np.maximum(np.log1p(-prediction), -100.0)
    return -target * positive - (1.0 - target) * negative


def bernoulli_cross_entropy_partial(prediction: Array, target: Array) -> Array:
    """The derivative of `bernoulli_cross_entropy` with respect to `prediction`, finite at 0 and 1."""
    return (prediction - target) / np.maximum(prediction * (1.0 - prediction), 1e-12)


# ---- many classes ----


def cross_entropy(
    logits: Array,
    target: Array,
    label_smoothing: float = 0.0,
    weight: Array | None = None,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Array:
    """Cross-entropy of ``softmax(logits)`` and integer labels or probabilities.

    Shapes: logits (c,), (n, c) or (n, c, ...); target labels without the class axis, or probabilities of logits' shape;
    weight (c,) weighs classes. The mean over labels is weighted too; labels `ignore_index` do not count. Label
    smoothing: Szegedy et al., 2016.

    Raises:
        IndexError: if a label is out of range.
    """
    rows = _class_rows(logits)
    if np.ndim(target) == np.ndim(logits):
        _same_shape("cross_entropy", logits, target)
        losses = dense_cross_entropy(rows, _class_rows(target), label_smoothing, weight)
    elif np.ndim(target) == np.ndim(logits) - 1:
        labels = target.reshape(-1)
        losses = sparse_cross_entropy(rows, labels, label_smoothing, weight, ignore_index)
        if reduction == "mean":
            return np.sum(losses) / label_weight(labels, weight, ignore_index, rows)
    else:
        raise ValueError(f"cross_entropy: target {target.shape} is neither labels nor probabilities of {logits.shape}")
    if reduction == "none" and np.ndim(logits) != 2:
        losses = losses.reshape(logits.shape[:1] + logits.shape[2:] if np.ndim(logits) > 1 else ())
    return _reduce(losses, None, reduction)


def sparse_cross_entropy(
    logits: Array, labels: Array, smoothing: float = 0.0, weight: Array | None = None, ignore_index: int = -100
) -> Array:
    """Cross-entropy of each row and its label: logits (n, c), labels (n,), weight (c,) give (n,)."""
    valid, safe, label_weights = _labels(logits, labels, weight, ignore_index)
    log_p = log_softmax(logits, axis=1)
    losses = -(1.0 - smoothing) * label_weights * log_p[np.arange(safe.size), safe]
    if smoothing != 0.0:
        uniform = np.mean(log_p, axis=1) if weight is None else np.mean(log_p * weight, axis=1)
        losses = losses - smoothing * uniform
    return np.where(valid, losses, 0.0)


def sparse_cross_entropy_partials(
    logits: Array, labels: Array, smoothing: float = 0.0, weight: Array | None = None, ignore_index: int = -100
) -> Array:
    """The derivative of each row's loss with respect to its logits: (n, c)."""
    valid, safe, label_weights = _labels(logits, labels, weight, ignore_index)
    spread = smoothing / logits.shape[1] if weight is None else smoothing / logits.shape[1] * weight
    total = (1.0 - smoothing) * label_weights + np.sum(spread * np.ones(logits.shape[1], logits.dtype))
    partials = softmax(logits, axis=1) * total[:, None] - spread
    partials[np.arange(safe.size), safe] -= (1.0 - smoothing) * label_weights
    return np.where(valid[:, None], partials, 0.0)


def sparse_cross_entropy_curvature(
    logits: Array,
    labels: Array,
    v: Array,
    smoothing: float = 0.0,
    weight: Array | None = None,
    ignore_index: int = -100,
) -> Array:
    """The Hessian of each row's loss times `v`: logits, v and the result (n, c)."""
    valid, _, label_weights = _labels(logits, labels, weight, ignore_index)
    mean_weight = 1.0 if weight is None else np.mean(weight)
    total = np.where(valid, (1.0 - smoothing) * label_weights + smoothing * mean_weight, 0.0)
    p = softmax(logits, axis=1)
    return total[:, None] * p * (v - np.sum(p * v, axis=1)[:, None])


def label_sums(h: Array, labels: Array, smoothing: float, ignore_index: int) -> Array:
    """The sum over rows of h (n, c), weighted by each row's smoothed label: (c,)."""
    valid = labels != ignore_index
    chosen = np.where(valid, labels, 0)
    own = np.bincount(chosen, valid * h[np.arange(chosen.size), chosen], minlength=h.shape[1])
    every = np.sum(np.where(valid[:, None], h, 0.0), axis=0) / h.shape[1]
    return ((1.0 - smoothing) * own + smoothing * every).astype(h.dtype)


def label_weight(labels: Array, weight: Array | None, ignore_index: int, like: Array) -> Array:
    """The sum of the weights of all labels that count, a number of the type of `like`'s elements."""
    valid = labels != ignore_index
    if weight is None:
        return np.sum(valid).astype(like.dtype)
    return np.sum(np.where(valid, weight[np.where(valid, labels, 0)], 0.0))


def dense_cross_entropy(
    logits: Array, probabilities: Array, smoothing: float = 0.0, weight: Array | None = None
) -> Array:
    """Cross-entropy of each row and its probabilities: logits and probabilities (n, c), weight (c,) give (n,)."""
    _same_shape("cross_entropy", logits, probabilities)
    target = probabilities * (1.0 - smoothing) + smoothing / logits.shape[1]
    if weight is not None:
        target = target * weight
    return -np.sum(target * log_softmax(logits, axis=1), axis=1)


def kl_divergence(
    prediction: Array,
    target: Array,
    weight: Array | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Array:
    """``target * (log(target) - prediction)`` with log-probabilities as prediction; 0 where target is 0.

    Shapes: prediction and target alike. `log_target`: the target is a logarithm too. The reduction "batchmean" divides
    the sum by the first extent, which is the divergence per sample. Kullback and Leibler, 1951.
    """
    _same_shape("kl_divergence", prediction, target)
    if log_target:
        losses = np.exp(target) * (target - prediction)
    else:
        positive = target > 0.0
        losses = np.where(positive, target * (np.log(np.where(positive, target, 1.0)) - prediction), 0.0)
    if reduction == "batchmean":
        return _reduce(losses, weight, "sum") / prediction.shape[0]
    return _reduce(losses, weight, reduction)


# ---- embeddings and sequences ----


def cosine_embedding(
    x1: Array,
    x2: Array,
    target: Array,
    margin: float = 0.0,
    weight: Array | None = None,
    reduction: str = "mean",
) -> Array:
    """``1 - cos(x1, x2)`` for target 1, ``max(0, cos(x1, x2) - margin)`` for target -1.

    Shapes: x1, x2 (n, m), target and weight (n,).
    """
    _same_rank("cosine_embedding", x1, x2)
    tiny = 1e-12
    squares = (np.sum(x1 * x1, axis=-1) + tiny) * (np.sum(x2 * x2, axis=-1) + tiny)
    cosine = np.sum(x1 * x2, axis=-1) / np.sqrt(squares)
    return _reduce(np.where(target == 1, 1.0 - cosine, np.maximum(0.0, cosine - margin)), weight, reduction)


def triplet_margin(
    anchor: Array,
    positive: Array,
    negative: Array,
    margin: float = 1.0,
    p: float = 2.0,
    weight: Array | None = None,
    reduction: str = "mean",
    eps: float = 1e-6,
    swap: bool = False,
) -> Array:
    """``max(0, |anchor - positive| - |anchor - negative| + margin)`` in the p-norm (Balntas et al., 2016).

    Shapes: anchor, positive, negative (..., m), weight (...). `swap`: the positive's distance to the negative counts
    where it is the smaller one. `eps` is added to every difference.
    """
    _same_rank("triplet_margin", anchor, positive)
    _same_rank("triplet_margin", anchor, negative)
    near = _distance(anchor, positive, p, eps)
    far = _distance(anchor, negative, p, eps)
    if swap:
        far = np.minimum(far, _distance(positive, negative, p, eps))
    return _reduce(np.maximum(0.0, near - far + margin), weight, reduction)


def ctc(
    log_probs: Array,
    labels: Array,
    input_lengths: Array,
    label_lengths: Array,
    blank: int = 0,
    weight: Array | None = None,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Array:
    """Connectionist temporal classification: minus the log probability of each labelling (see `srcad_runtime.ctc`).

    Shapes: log_probs (t, n, c), labels (n, s) or one after the other, lengths and weight (n,). As in torch the mean is
    over samples, each divided by the length of its labelling.
    """
    losses = ctc_losses(log_probs, labels, input_lengths, label_lengths, blank, zero_infinity)
    if reduction == "mean":
        losses = losses / np.maximum(np.asarray(label_lengths), 1).astype(log_probs.dtype)
    return _reduce(losses, weight, reduction)


# ---- what they share ----


def _distance(x1: Array, x2: Array, p: float, eps: float) -> Array:
    difference = x1 - x2 + eps
    if p == 2.0:
        return np.sqrt(np.sum(difference * difference, axis=-1))
    if p == 1.0:
        return np.sum(np.abs(difference), axis=-1)
    return np.sum(np.abs(difference) ** p, axis=-1) ** (1.0 / p)


def _reduce(losses: Array, weight: Array | None, reduction: str) -> Array:
    if weight is not None:
        losses = _weighted(losses, weight)
    if reduction == "mean":
        return np.mean(losses)
    if reduction == "sum":
        return np.sum(losses)
    if reduction == "none":
        return losses
    raise ValueError(f"reduction {reduction!r} is not one of 'mean', 'sum', 'none'")


def _weighted_mean(losses: Array, weight: Array | None, reduction: str) -> Array:
    if weight is not None and reduction == "mean":
        return np.sum(_weighted(losses, weight)) / np.sum(np.broadcast_to(weight, np.shape(losses)))
    return _reduce(losses, weight, reduction)


def _weighted(losses: Array, weight: Array) -> Array:
    weighted = losses * weight
    if np.shape(weighted) != np.shape(losses):
        raise ValueError(f"weight {np.shape(weight)} does not fit losses of shape {np.shape(losses)}")
    return weighted


def _same_shape(loss: str, prediction: Array, target: Array) -> None:
    if np.shape(prediction) != np.shape(target) and np.ndim(target) != 0:
        raise ValueError(loss + f": target {np.shape(target)} does not fit prediction {np.shape(prediction)}")


def _same_rank(loss: str, prediction: Array, target: Array) -> None:
    if np.ndim(prediction) != np.ndim(target) and np.ndim(target) != 0:
        raise ValueError(f"{loss}: target {np.shape(target)} does not fit prediction {np.shape(prediction)}")


def _class_rows(x: Array) -> Array:
    """An array with classes on axis 1 (or its only one) as rows of classes."""
    if np.ndim(x) == 1:
        return x.reshape(1, -1)
    if np.ndim(x) == 2:
        return x
    return np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


def _labels(logits: Array, labels: Array, weight: Array | None, ignore_index: int) -> tuple[Array, Array, Array]:
    """Which labels count, the labels with 0 for those that do not, and the weight of each."""
    if labels.dtype.kind not in "iub":
        raise TypeError(
            f"cross_entropy: labels are numbers of classes, integers, not {labels.dtype}; "
            "probabilities of classes have the shape of the logits"
        )
    valid = labels != ignore_index
    safe = np.where(valid, labels, 0)
    if labels.shape != logits.shape[:1]:
        raise ValueError(f"cross_entropy: {labels.size} labels for {logits.shape[0]} rows of logits")
    if np.any((safe < 0) | (safe >= logits.shape[1])):
        raise IndexError(f"cross_entropy: a label is not one of the {logits.shape[1]} classes of the logits")
    weights = np.ones(safe.size, logits.dtype) if weight is None else weight[safe]
    return valid, safe, weights
