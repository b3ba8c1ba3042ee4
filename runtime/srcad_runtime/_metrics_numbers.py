"""Metrics of predicted numbers (scikit-learn's names, arguments and values) and of predicted text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from srcad_runtime._metrics_labels import Array, checked


def _columns(y_true: Array, y_pred: Array, sample_weight: Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both as (n, outputs)."""
    true, pred, weights = checked(y_true, y_pred, sample_weight)
    true, pred = (np.asarray(y, float).reshape(len(y), -1) for y in (true, pred))
    if true.shape != pred.shape:
        raise ValueError(f"y_true has {true.shape[1]} outputs, y_pred {pred.shape[1]}")
    return true, pred, weights


def _combined(values: np.ndarray, multioutput: Any) -> Any:
    if isinstance(multioutput, str):
        if multioutput not in ("raw_values", "uniform_average"):
            raise ValueError(f"multioutput must be 'raw_values', 'uniform_average' or weights, not {multioutput!r}")
        return values if multioutput == "raw_values" else float(np.mean(values))
    return float(np.average(values, weights=multioutput))


def _mean_of(
    error: Callable[[np.ndarray, np.ndarray], np.ndarray],
    y_true: Array,
    y_pred: Array,
    sample_weight: Array,
    multioutput: Any,
) -> Any:
    true, pred, weights = _columns(y_true, y_pred, sample_weight)
    return _combined(np.average(error(true, pred), axis=0, weights=weights), multioutput)


def mean_squared_error(
    y_true: Array, y_pred: Array, *, sample_weight: Array = None, multioutput: Any = "uniform_average"
) -> Any:
    """The mean of squared differences."""
    return _mean_of(lambda t, p: (t - p) ** 2, y_true, y_pred, sample_weight, multioutput)


def root_mean_squared_error(
    y_true: Array, y_pred: Array, *, sample_weight: Array = None, multioutput: Any = "uniform_average"
) -> Any:
    """The root of the mean of squared differences, of each output."""
    squares = mean_squared_error(y_true, y_pred, sample_weight=sample_weight, multioutput="raw_values")
    return _combined(np.sqrt(squares), multioutput)


def mean_absolute_error(
    y_true: Array, y_pred: Array, *, sample_weight: Array = None, multioutput: Any = "uniform_average"
) -> Any:
    """The mean of absolute differences."""
    return _mean_of(lambda t, p: np.abs(t - p), y_true, y_pred, sample_weight, multioutput)


def mean_absolute_percentage_error(
    y_true: Array, y_pred: Array, *, sample_weight: Array = None, multioutput: Any = "uniform_average"
) -> Any:
    """The mean of differences relative to the truth (a share, not per cent)."""
    tiny = np.finfo(float).eps
    return _mean_of(
        lambda t, p: np.abs(t - p) / np.maximum(np.abs(t), tiny), y_true, y_pred, sample_weight, multioutput
    )


def mean_squared_log_error(
    y_true: Array, y_pred: Array, *, sample_weight: Array = None, multioutput: Any = "uniform_average"
) -> Any:
    """The mean of squared differences of log(1 + y); a y not above -1 is a ValueError."""
    if np.min(y_true) <= -1 or np.min(y_pred) <= -1:
        raise ValueError("mean_squared_log_error needs numbers above -1")
    return _mean_of(lambda t, p: (np.log1p(t) - np.log1p(p)) ** 2, y_true, y_pred, sample_weight, multioutput)


def median_absolute_error(y_true: Array, y_pred: Array, *, multioutput: Any = "uniform_average") -> Any:
    """The median of absolute differences."""
    true, pred, _ = _columns(y_true, y_pred, None)
    return _combined(np.median(np.abs(true - pred), axis=0), multioutput)


def max_error(y_true: Array, y_pred: Array) -> float:
    """The largest absolute difference."""
    true, pred, _ = _columns(y_true, y_pred, None)
    return float(np.max(np.abs(true - pred)))


def r2_score(
    y_true: Array,
    y_pred: Array,
    *,
    sample_weight: Array = None,
    multioutput: Any = "uniform_average",
    force_finite: bool = True,
) -> Any:
    """The share of the variance that is predicted: 1 is perfect, 0 as good as the mean."""
    true, pred, weights = _columns(y_true, y_pred, sample_weight)
    if len(true) < 2:
        return float("nan")
    left = weights @ (true - pred) ** 2
    variance = weights @ (true - np.average(true, axis=0, weights=weights)) ** 2
    return _share(left, variance, multioutput, force_finite)


def explained_variance_score(
    y_true: Array,
    y_pred: Array,
    *,
    sample_weight: Array = None,
    multioutput: Any = "uniform_average",
    force_finite: bool = True,
) -> Any:
    """As `r2_score`, but a constant offset costs nothing."""
    true, pred, weights = _columns(y_true, y_pred, sample_weight)

    def variance(x: np.ndarray) -> np.ndarray:
        return np.average((x - np.average(x, axis=0, weights=weights)) ** 2, axis=0, weights=weights)

    return _share(variance(true - pred), variance(true), multioutput, force_finite)


def _share(left: np.ndarray, variance: np.ndarray, multioutput: Any, force_finite: bool) -> Any:
    """``1 - left / variance`` of each output; for a constant truth 1 if it is met and 0 if not (unless not forced)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        score = 1 - left / variance
    if force_finite:
        score = np.where(variance == 0, np.where(left == 0, 1.0, 0.0), score)
    if multioutput == "variance_weighted":
        return float(np.average(score, weights=variance if np.any(variance) else None))
    return _combined(score, multioutput)


def perplexity(y_true: Array, log_probs: Array) -> float:
    """``exp`` of the mean cross-entropy: how many equally likely tokens the model hesitates between.

    `y_true` integer tokens of any shape, `log_probs` that shape and one axis of logits or log-probabilities more.
    """
    true, logits = np.asarray(y_true), np.asarray(log_probs, float)
    if logits.shape[:-1] != true.shape:
        raise ValueError(f"y_true has shape {true.shape}, log_probs {logits.shape}: expected one axis more")
    top = logits.max(axis=-1, keepdims=True)
    normalizer = np.log(np.sum(np.exp(logits - top), axis=-1, keepdims=True)) + top
    chosen = np.take_along_axis(logits - normalizer, true[..., None], axis=-1)
    return float(np.exp(-np.mean(chosen)))


def edit_distance(reference: Sequence[Any], hypothesis: Sequence[Any]) -> int:
    """The fewest insertions, deletions and substitutions between two sequences (Levenshtein 1966)."""
    row = list(range(len(hypothesis) + 1))
    for i, expected in enumerate(reference, 1):
        above, row[0] = row[0], i
        for j, found in enumerate(hypothesis, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (expected != found))
    return row[-1]


def word_error_rate(y_true: str | Sequence[str], y_pred: str | Sequence[str]) -> float:
    """Word edits over words spoken, of one text or of all texts together."""
    return _error_rate(y_true, y_pred, str.split)


def character_error_rate(y_true: str | Sequence[str], y_pred: str | Sequence[str]) -> float:
    """Character edits over characters, of one text or of all texts together."""
    return _error_rate(y_true, y_pred, list)


def _error_rate(y_true: Any, y_pred: Any, split: Callable[[str], list[str]]) -> float:
    references, hypotheses = ([y] if isinstance(y, str) else list(y) for y in (y_true, y_pred))
    if len(references) != len(hypotheses):
        raise ValueError(f"y_true has {len(references)} texts, y_pred {len(hypotheses)}")
    edits = sum(edit_distance(split(r), split(h)) for r, h in zip(references, hypotheses))
    length = sum(len(split(r)) for r in references)
    if length == 0:
        raise ValueError("the reference texts are empty")
    return edits / length
