"""Metrics of scores and probabilities, with scikit-learn's names, arguments and values."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from srcad_runtime._metrics_labels import Array, checked, column


def _binary(y_true: np.ndarray, pos_label: Any) -> np.ndarray:
    names = np.unique(y_true)
    if pos_label is None:
        if names.dtype.kind not in "biuf" or not (set(names.tolist()) <= {0, 1} or set(names.tolist()) <= {-1, 1}):
            raise ValueError(f"labels {names.tolist()} are not 0 and 1: say which is positive with pos_label")
        pos_label = 1
    return y_true == pos_label


def _cumulative(
    y_true: Array, y_score: Array, pos_label: Any, sample_weight: Array
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """False and true positives at every distinct score, from the highest down, and these scores."""
    true, score, weights = checked(y_true, y_score, sample_weight)
    positive, score = _binary(column(true), pos_label), column(score).astype(float)
    order = np.argsort(-score, kind="stable")
    score, hit = score[order], np.cumsum(positive[order] * weights[order])
    missed = np.cumsum(~positive[order] * weights[order])
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    return missed[last], hit[last], score[last]


def roc_curve(
    y_true: Array,
    y_score: Array,
    *,
    pos_label: Any = None,
    sample_weight: Array = None,
    drop_intermediate: bool = True,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """False positive rate, true positive rate and the thresholds they belong to."""
    fps, tps, thresholds = _cumulative(y_true, y_score, pos_label, sample_weight)
    if drop_intermediate and len(fps) > 2:
        corner = np.logical_or(np.diff(fps, 2) != 0, np.diff(tps, 2) != 0)
        keep = np.concatenate([[True], corner, [True]])
        fps, tps, thresholds = fps[keep], tps[keep], thresholds[keep]
    fps, tps, thresholds = np.append(0, fps), np.append(0, tps), np.append(np.inf, thresholds)
    with np.errstate(invalid="ignore"):
        return fps / fps[-1], tps / tps[-1], thresholds


def auc(x: Array, y: Array) -> float:
    """The area under a curve with monotone x, by trapezoids."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    area = float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))
    return area if x[-1] >= x[0] else -area


def roc_auc_score(
    y_true: Array,
    y_score: Array,
    *,
    average: str | None = "macro",
    sample_weight: Array = None,
    multi_class: str = "raise",
    labels: Array = None,
) -> Any:
    """The chance that a positive example scores above a negative one.

    `y_score` (n,) for two labels; (n, k) probabilities for k of them with `multi_class` "ovr" or "ovo", or (n, k)
    scores for a `y_true` (n, k) of zeros and ones. Only one label in `y_true` gives NaN.
    """
    true, score = column(np.asarray(y_true)), column(np.asarray(y_score, float))
    if true.ndim == 2:
        areas = [_area(true[:, j] == 1, score[:, j], sample_weight) for j in range(true.shape[1])]
        return _averaged(np.array(areas), average, (true == 1).T @ _weights(true, sample_weight))
    names = np.unique(true) if labels is None else np.asarray(labels)
    if score.ndim == 1:
        if len(names) > 2:
            raise ValueError(f"{len(names)} labels need scores of shape (n, {len(names)}), not {score.shape}")
        return _area(true == names[-1], score, sample_weight) if len(names) == 2 else float("nan")
    if multi_class not in ("ovr", "ovo"):
        raise ValueError("more than two labels: multi_class must be 'ovr' or 'ovo'")
    if score.shape[1] != len(names):
        raise ValueError(f"y_score has {score.shape[1]} columns for {len(names)} labels")
    return _one_against(multi_class, true, score, names, average, sample_weight)


def _weights(true: np.ndarray, sample_weight: Array) -> np.ndarray:
    return np.ones(len(true)) if sample_weight is None else np.asarray(sample_weight, float)


def _one_against(kind: str, true: np.ndarray, score: np.ndarray, names: np.ndarray, average: Any, weight: Array) -> Any:
    if kind == "ovr":
        areas = [_area(true == name, score[:, j], weight) for j, name in enumerate(names)]
        counts = np.array([np.sum((true == name) * _weights(true, weight)) for name in names])
        return _averaged(np.array(areas), average, counts)
    pairs, shares = [], []
    for i, j in combinations(range(len(names)), 2):
        both = (true == names[i]) | (true == names[j])
        first = _area(true[both] == names[i], score[both, i], None)
        pairs.append((first + _area(true[both] == names[j], score[both, j], None)) / 2)
        shares.append(both.mean())
    return _averaged(np.array(pairs), average, np.array(shares))


def _averaged(values: np.ndarray, average: str | None, counts: np.ndarray) -> Any:
    if average is None:
        return values
    if average not in ("macro", "weighted"):
        raise ValueError(f"average must be None, 'macro' or 'weighted', not {average!r}")
    return float(np.average(values, weights=counts if average == "weighted" else None))


def _area(positive: np.ndarray, score: np.ndarray, sample_weight: Array) -> float:
    fps, tps, _ = roc_curve(positive, score, pos_label=True, sample_weight=sample_weight)
    return auc(fps, tps)


def precision_recall_curve(
    y_true: Array, y_score: Array, *, pos_label: Any = None, sample_weight: Array = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Precision, recall and the thresholds they belong to, from the lowest threshold up."""
    fps, tps, thresholds = _cumulative(y_true, y_score, pos_label, sample_weight)
    total = fps + tps
    precision = np.divide(tps, total, out=np.zeros_like(tps), where=total != 0)
    recall = np.ones_like(tps) if tps[-1] == 0 else tps / tps[-1]
    return np.append(precision[::-1], 1.0), np.append(recall[::-1], 0.0), thresholds[::-1]


def average_precision_score(y_true: Array, y_score: Array, *, pos_label: Any = 1, sample_weight: Array = None) -> float:
    """Precision averaged over the steps of recall."""
    precision, recall, _ = precision_recall_curve(y_true, y_score, pos_label=pos_label, sample_weight=sample_weight)
    return float(max(0.0, -np.sum(np.diff(recall) * precision[:-1])))


def log_loss(
    y_true: Array, y_pred: Array, *, normalize: bool = True, sample_weight: Array = None, labels: Array = None
) -> float:
    """The cross-entropy of probabilities: (n, k) for k labels in sorted order, or (n,) for the second of two."""
    true, p, weights = checked(y_true, y_pred, sample_weight)
    names = np.unique(true if labels is None else labels)
    p = p.astype(float) if p.dtype.kind != "f" else p
    p = np.clip(p, np.finfo(p.dtype).eps, 1 - np.finfo(p.dtype).eps)
    if p.ndim == 1:
        p = np.stack([1 - p, p], axis=1)
    if len(names) != p.shape[1]:
        raise ValueError(f"y_pred has {p.shape[1]} columns for {len(names)} labels: give labels=")
    losses = -np.log(p[np.arange(len(p)), np.searchsorted(names, true)])
    return float(np.average(losses, weights=weights) if normalize else losses @ weights)


def brier_score_loss(y_true: Array, y_proba: Array, *, sample_weight: Array = None, pos_label: Any = None) -> float:
    """The mean squared distance of a probability from what happened, for two labels."""
    true, p, weights = checked(y_true, y_proba, sample_weight)
    return float(np.average((_binary(true, pos_label) - p) ** 2, weights=weights))


def top_k_accuracy_score(
    y_true: Array,
    y_score: Array,
    *,
    k: int = 2,
    normalize: bool = True,
    sample_weight: Array = None,
    labels: Array = None,
) -> float:
    """The share of examples whose label is among the `k` highest scores, (n, labels in sorted order)."""
    true, score, weights = checked(y_true, y_score, sample_weight)
    names = np.unique(true if labels is None else labels)
    if len(names) != score.shape[1]:
        raise ValueError(f"y_score has {score.shape[1]} columns for {len(names)} labels: give labels=")
    best = np.argsort(score, axis=1, kind="mergesort")[:, ::-1][:, :k]
    found = np.any(best == np.searchsorted(names, true)[:, None], axis=1)
    return float(np.average(found, weights=weights) if normalize else found @ weights)
