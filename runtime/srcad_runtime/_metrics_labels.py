"""Metrics of predicted labels, with scikit-learn's names, arguments and values."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

Array = Any


def checked(y_true: Array, y_pred: Array, sample_weight: Array = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both as arrays of one length, and weights (ones by default); a ValueError names the lengths."""
    true, pred = np.asarray(y_true), np.asarray(y_pred)
    if len(true) != len(pred):
        raise ValueError(f"y_true has {len(true)} examples, y_pred {len(pred)}")
    if len(true) == 0:
        raise ValueError("no examples to measure")
    weights = np.ones(len(true)) if sample_weight is None else np.asarray(sample_weight, float)
    if weights.shape != (len(true),):
        raise ValueError(f"sample_weight has shape {weights.shape}, expected ({len(true)},)")
    return true, pred, weights


def column(y: np.ndarray) -> np.ndarray:
    """A single column as a vector."""
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def accuracy_score(y_true: Array, y_pred: Array, *, normalize: bool = True, sample_weight: Array = None) -> float:
    """The share of right predictions (of right rows, for several labels an example), or their number."""
    true, pred, weights = checked(y_true, y_pred, sample_weight)
    right = column(true) == column(pred)
    if right.ndim == 2:
        right = right.all(axis=1)
    return float(np.average(right, weights=weights) if normalize else np.sum(right * weights))


def confusion_matrix(
    y_true: Array, y_pred: Array, *, labels: Array = None, sample_weight: Array = None, normalize: str | None = None
) -> np.ndarray:
    """Element (i, j): how many examples of label i were taken for j; shares for `normalize` "true", "pred", "all"."""
    true, pred, weights = checked(y_true, y_pred, sample_weight)
    names = np.unique(np.concatenate([true, pred])) if labels is None else np.asarray(labels)
    i, j = _positions(names, true), _positions(names, pred)
    known = (i >= 0) & (j >= 0)
    matrix = np.zeros((len(names), len(names)))
    np.add.at(matrix, (i[known], j[known]), weights[known])
    if normalize is not None:
        return _normalized(matrix, normalize)
    return (
        matrix if sample_weight is not None and np.asarray(sample_weight).dtype.kind == "f" else matrix.astype(np.int64)
    )


def _positions(names: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where each label stands in `names`, -1 for one that does not."""
    order = np.argsort(names, kind="stable")
    found = np.clip(np.searchsorted(names[order], y), 0, len(names) - 1)
    return np.where(names[order][found] == y, order[found], -1)


def _normalized(matrix: np.ndarray, normalize: str) -> np.ndarray:
    axes: dict[str, Any] = {"true": 1, "pred": 0, "all": None}
    if normalize not in axes:
        raise ValueError(f"normalize must be 'true', 'pred', 'all' or None, not {normalize!r}")
    total = matrix.sum(axis=axes[normalize], keepdims=True)
    return np.divide(matrix, total, out=np.zeros_like(matrix), where=total != 0)


def precision_recall_fscore_support(
    y_true: Array,
    y_pred: Array,
    *,
    beta: float = 1.0,
    labels: Array = None,
    pos_label: Any = 1,
    average: str | None = None,
    sample_weight: Array = None,
    zero_division: Any = "warn",
) -> tuple[Any, Any, Any, Any]:
    """Precision, recall, F-beta and count, per label or averaged ("binary", "micro", "macro", "weighted")."""
    hits, predicted, actual = _counts(y_true, y_pred, labels, pos_label, average, sample_weight)
    if average == "micro":
        hits, predicted, actual = hits.sum(keepdims=True), predicted.sum(keepdims=True), actual.sum(keepdims=True)
    precision = _ratio(hits, predicted, "precision", zero_division)
    recall = _ratio(hits, actual, "recall", zero_division)
    f = _ratio((1 + beta**2) * hits, beta**2 * actual + predicted, "the F-score", zero_division)
    if average is None:
        return precision, recall, f, actual if sample_weight is not None else actual.astype(np.int64)
    weights = actual if average == "weighted" and actual.sum() else None
    mean = [float(np.average(x, weights=weights)) for x in (precision, recall, f)]
    return mean[0], mean[1], mean[2], None


def _counts(
    y_true: Array, y_pred: Array, labels: Array, pos_label: Any, average: str | None, sample_weight: Array
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Right, predicted and actual examples of each label."""
    if average not in (None, "binary", "micro", "macro", "weighted"):
        raise ValueError(f"average must be None, 'binary', 'micro', 'macro' or 'weighted', not {average!r}")
    true, pred, weights = checked(y_true, y_pred, sample_weight)
    true, pred = column(true), column(pred)
    names = np.unique(np.concatenate([true, pred]))
    if average == "binary":
        if len(names) > 2:
            raise ValueError(f"{len(names)} labels are there: choose an average, 'micro', 'macro' or 'weighted'")
        labels = [pos_label]
    wanted = names if labels is None else np.asarray(labels)
    is_true, is_pred = true[:, None] == wanted, pred[:, None] == wanted
    return weights @ (is_true & is_pred), weights @ is_pred, weights @ is_true


def _ratio(part: np.ndarray, whole: np.ndarray, what: str, zero_division: Any) -> np.ndarray:
    if zero_division == "warn" and np.any(whole == 0):
        warnings.warn(f"{what} is 0 where nothing was counted; zero_division= sets another value", stacklevel=4)
    fill = 0.0 if zero_division == "warn" else float(zero_division)
    return np.divide(part, whole, out=np.full(len(part), fill), where=whole != 0)


def _one_of_them(position: int, y_true: Array, y_pred: Array, average: str | None, options: dict[str, Any]) -> Any:
    return precision_recall_fscore_support(y_true, y_pred, average=average, **options)[position]


def precision_score(
    y_true: Array,
    y_pred: Array,
    *,
    labels: Array = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Array = None,
    zero_division: Any = "warn",
) -> Any:
    """The share of right ones among the examples predicted to have the label."""
    options = dict(labels=labels, pos_label=pos_label, sample_weight=sample_weight, zero_division=zero_division)
    return _one_of_them(0, y_true, y_pred, average, options)


def recall_score(
    y_true: Array,
    y_pred: Array,
    *,
    labels: Array = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Array = None,
    zero_division: Any = "warn",
) -> Any:
    """The share of found ones among the examples that have the label."""
    options = dict(labels=labels, pos_label=pos_label, sample_weight=sample_weight, zero_division=zero_division)
    return _one_of_them(1, y_true, y_pred, average, options)


def f1_score(
    y_true: Array,
    y_pred: Array,
    *,
    labels: Array = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Array = None,
    zero_division: Any = "warn",
) -> Any:
    """The harmonic mean of precision and recall."""
    options = dict(labels=labels, pos_label=pos_label, sample_weight=sample_weight, zero_division=zero_division)
    return _one_of_them(2, y_true, y_pred, average, options)


def fbeta_score(y_true: Array, y_pred: Array, *, beta: float, average: str | None = "binary", **options: Any) -> Any:
    """The harmonic mean with recall weighted `beta` times; options as in `f1_score`."""
    return _one_of_them(2, y_true, y_pred, average, {"beta": beta, **options})


def balanced_accuracy_score(
    y_true: Array, y_pred: Array, *, sample_weight: Array = None, adjusted: bool = False
) -> float:
    """The mean recall of the labels that occur; `adjusted` puts chance at 0."""
    matrix = confusion_matrix(y_true, y_pred, sample_weight=sample_weight)
    support = matrix.sum(axis=1)
    score = float(np.mean(np.diag(matrix)[support > 0] / support[support > 0]))
    chance = 1 / np.sum(support > 0)
    return float((score - chance) / (1 - chance)) if adjusted else score


def matthews_corrcoef(y_true: Array, y_pred: Array, *, sample_weight: Array = None) -> float:
    """The correlation between true and predicted labels (Gorodkin 2004 for more than two)."""
    matrix = confusion_matrix(y_true, y_pred, sample_weight=sample_weight).astype(float)
    true, pred, total = matrix.sum(axis=1), matrix.sum(axis=0), matrix.sum()
    covariance = np.trace(matrix) * total - true @ pred
    scale = np.sqrt(total**2 - pred @ pred) * np.sqrt(total**2 - true @ true)
    return float(covariance / scale) if scale else 0.0


def cohen_kappa_score(y1: Array, y2: Array, *, labels: Array = None, sample_weight: Array = None) -> float:
    """Agreement beyond what chance gives (Cohen 1960)."""
    matrix = confusion_matrix(y1, y2, labels=labels, sample_weight=sample_weight).astype(float)
    observed, chance = np.trace(matrix), matrix.sum(axis=0) @ matrix.sum(axis=1) / matrix.sum()
    return float((observed - chance) / (matrix.sum() - chance))


def hamming_loss(y_true: Array, y_pred: Array, *, sample_weight: Array = None) -> float:
    """The share of wrong labels."""
    true, pred, weights = checked(y_true, y_pred, sample_weight)
    wrong = (column(true) != column(pred)).reshape(len(true), -1).mean(axis=1)
    return float(np.average(wrong, weights=weights))
