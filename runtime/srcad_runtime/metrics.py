"""Metrics with scikit-learn's names, arguments and values, and the few that speech and text need.

Each is a function ``metric(y_true, y_pred)`` of arrays. `Trainer` takes these functions, its user's own, or short names
from `NAMES`, and turns a model's scores into labels where the metric wants labels.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from typing import Any

import numpy as np

from srcad_runtime._metrics_labels import (
    accuracy_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    fbeta_score,
    hamming_loss,
    matthews_corrcoef,
    precision_recall_fscore_support,
    precision_score,
    recall_score,
)
from srcad_runtime._metrics_numbers import (
    character_error_rate,
    edit_distance,
    explained_variance_score,
    max_error,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_log_error,
    median_absolute_error,
    perplexity,
    r2_score,
    root_mean_squared_error,
    word_error_rate,
)
from srcad_runtime._metrics_scores import (
    auc,
    average_precision_score,
    brier_score_loss,
    log_loss,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
    top_k_accuracy_score,
)

__all__ = [
    "accuracy_score", "auc", "average_precision_score", "balanced_accuracy_score", "brier_score_loss",
    "character_error_rate", "cohen_kappa_score", "confusion_matrix", "edit_distance", "explained_variance_score",
    "f1_score", "fbeta_score", "hamming_loss", "log_loss", "matthews_corrcoef", "max_error", "mean_absolute_error",
    "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_log_error", "median_absolute_error",
    "perplexity", "precision_recall_curve", "precision_recall_fscore_support", "precision_score", "r2_score",
    "recall_score", "roc_auc_score", "roc_curve", "root_mean_squared_error", "top_k_accuracy_score", "word_error_rate",
]  # fmt: skip

Metric = Callable[[Any, Any], Any]

LABELS: frozenset[str] = frozenset({
    "accuracy_score", "balanced_accuracy_score", "cohen_kappa_score", "confusion_matrix", "f1_score", "hamming_loss",
    "matthews_corrcoef", "precision_score", "recall_score",
})  # fmt: skip


def _macro(metric: Metric) -> Metric:
    """`metric` of the positive label where there are two, the labels' mean where there are more."""

    def averaged(y_true: Any, y_pred: Any) -> Any:
        binary = set(np.unique(np.concatenate([y_true, y_pred])).tolist()) <= {0, 1}
        return metric(y_true, y_pred, average="binary" if binary else "macro", zero_division=0.0)  # type: ignore[call-arg]

    return averaged


def _any_auc(y_true: Any, y_pred: Any) -> Any:
    """The area of scores of any scale: logits become the probabilities that several labels need."""
    if y_pred.ndim == 1 or y_pred.shape[1] == 1 or y_true.ndim == 2:
        return roc_auc_score(y_true, y_pred)
    if y_pred.shape[1] == 2:
        return roc_auc_score(y_true, y_pred[:, 1] - y_pred[:, 0])
    odds = np.exp(y_pred - y_pred.max(axis=1, keepdims=True))
    return roc_auc_score(
        y_true, odds / odds.sum(axis=1, keepdims=True), multi_class="ovr", labels=range(y_pred.shape[1])
    )


NAMES: dict[str, Metric] = {
    "accuracy": accuracy_score,
    "balanced_accuracy": balanced_accuracy_score,
    "precision": _macro(precision_score),
    "recall": _macro(recall_score),
    "f1": _macro(f1_score),
    "auc": _any_auc,
    "mse": mean_squared_error,
    "rmse": root_mean_squared_error,
    "mae": mean_absolute_error,
    "r2": r2_score,
    "perplexity": perplexity,
}
# scikit-learn's names for them
LONG_NAMES = {
    **{f"{name}_score": name for name in ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "r2")},
    "roc_auc_score": "auc", "mean_squared_error": "mse", "root_mean_squared_error": "rmse",
    "mean_absolute_error": "mae",
}  # fmt: skip
LABEL_NAMES = frozenset({"accuracy", "balanced_accuracy", "precision", "recall", "f1"})


def resolve(metric: str | Metric) -> tuple[str, Metric, bool]:
    """A metric's name in logs, its function, and whether it wants labels rather than the model's scores."""
    if isinstance(metric, str):
        short = LONG_NAMES.get(metric, metric)
        if short not in NAMES:
            raise ValueError(f"unknown metric {metric!r}{_did_you_mean(metric)}")
        return metric, NAMES[short], short in LABEL_NAMES
    if not callable(metric):
        raise TypeError(f"a metric is a name or a function, not {metric!r}")
    bare = metric.func if isinstance(metric, partial) else metric
    name = getattr(bare, "__name__", type(bare).__name__)
    return name, metric, name in LABELS


def _did_you_mean(name: str) -> str:
    close = get_close_matches(name, [*NAMES, *LONG_NAMES], 1)
    return f": did you mean {close[0]!r}?" if close else f"; there are {', '.join(NAMES)}"


def to_labels(y_true: Any, scores: Any, threshold: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """True and predicted labels, flat: the highest of the scores on the last axis, or a single score above `threshold`.

    `y_true` holds integer labels or has one axis of probabilities more; integer `scores` are labels already.
    """
    true, scores = np.asarray(y_true), np.asarray(scores)
    if scores.dtype.kind in "biu":
        return true.reshape(-1), scores.reshape(-1)
    several = scores.ndim > 1 and scores.shape[-1] > 1
    if several and true.ndim == scores.ndim and true.shape[-1] == scores.shape[-1]:
        true = true.argmax(axis=-1)
    labels = scores.argmax(axis=-1) if several else (scores > threshold).astype(np.int64)
    return true.reshape(-1), labels.reshape(-1)
