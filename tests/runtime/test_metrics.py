"""Metrics against scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from srcad_runtime import metrics

sklearn = pytest.importorskip("sklearn.metrics")

RNG = np.random.default_rng(0)
BINARY = RNG.integers(0, 2, 60), RNG.integers(0, 2, 60)
MANY = RNG.integers(0, 4, 60), RNG.integers(0, 4, 60)
WORDS = RNG.choice(["cat", "dog", "eel"], 60), RNG.choice(["cat", "dog", "eel"], 60)
SCORES = BINARY[0], np.round(RNG.random(60), 1)  # rounded: ties matter
PROBS = MANY[0], RNG.dirichlet(np.ones(4), 60)
NUMBERS = RNG.normal(size=60), RNG.normal(size=60)
OUTPUTS = RNG.normal(size=(60, 3)), RNG.normal(size=(60, 3))
WEIGHTS = RNG.random(60)
POSITIVE = RNG.random(60), RNG.random(60)

CASES: list[tuple[str, tuple[Any, Any], dict[str, Any]]] = [
    *[(name, data, {}) for name in ("accuracy_score", "confusion_matrix", "balanced_accuracy_score",
                                    "matthews_corrcoef", "cohen_kappa_score", "hamming_loss")
      for data in (BINARY, MANY, WORDS)],
    ("accuracy_score", BINARY, {"normalize": False}),
    ("balanced_accuracy_score", MANY, {"adjusted": True}),
    ("confusion_matrix", MANY, {"labels": [3, 1, 0]}),
    *[("confusion_matrix", MANY, {"normalize": how, "sample_weight": WEIGHTS}) for how in ("true", "pred", "all")],
    *[(name, BINARY, options) for name in ("precision_score", "recall_score", "f1_score")
      for options in ({}, {"pos_label": 0}, {"average": "macro"}, {"sample_weight": WEIGHTS})],
    *[(name, data, {"average": how}) for name in ("precision_score", "recall_score", "f1_score")
      for how in (None, "micro", "macro", "weighted") for data in (MANY, WORDS)],
    ("f1_score", WORDS, {"labels": ["dog", "eel"], "average": "macro"}),
    ("fbeta_score", BINARY, {"beta": 2.0}),
    ("precision_recall_fscore_support", MANY, {}),
    ("roc_auc_score", SCORES, {}),
    ("roc_auc_score", SCORES, {"sample_weight": WEIGHTS}),
    *[("roc_auc_score", PROBS, {"multi_class": kind, "average": how}) for kind in ("ovr", "ovo")
      for how in ("macro", "weighted")],
    ("roc_auc_score", (np.eye(4)[MANY[0]], PROBS[1]), {"average": None}),
    ("roc_curve", SCORES, {}),
    ("roc_curve", SCORES, {"drop_intermediate": False, "sample_weight": WEIGHTS}),
    ("precision_recall_curve", SCORES, {}),
    ("average_precision_score", SCORES, {}),
    ("log_loss", SCORES, {}),
    ("log_loss", PROBS, {"sample_weight": WEIGHTS}),
    ("log_loss", PROBS, {"normalize": False}),
    ("brier_score_loss", SCORES, {}),
    *[("top_k_accuracy_score", PROBS, {"k": k}) for k in (1, 2, 3)],
    *[(name, data, {"sample_weight": weight}) for name in
      ("mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error",
       "r2_score", "explained_variance_score") for data in (NUMBERS, OUTPUTS) for weight in (None, WEIGHTS)],
    ("r2_score", OUTPUTS, {"multioutput": "variance_weighted"}),
    ("r2_score", OUTPUTS, {"multioutput": "raw_values"}),
    ("r2_score", (np.ones(5), np.ones(5)), {}),
    ("r2_score", (np.ones(5), np.zeros(5)), {}),
    ("mean_squared_error", OUTPUTS, {"multioutput": [0.2, 0.3, 0.5]}),
    ("mean_squared_log_error", POSITIVE, {}),
    ("median_absolute_error", OUTPUTS, {}),
    ("max_error", NUMBERS, {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "options"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
def test_value_equals_sklearn(name: str, data: tuple[Any, Any], options: dict[str, Any]) -> None:
    ours, theirs = getattr(metrics, name)(*data, **options), getattr(sklearn, name)(*data, **options)
    for a, b in zip(ours, theirs) if isinstance(theirs, tuple) else [(ours, theirs)]:
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
        assert np.asarray(a).dtype.kind == np.asarray(b).dtype.kind


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=2, max_size=12))
def test_curves_on_small_data_equal_sklearn(pairs: list[tuple[int, int]]) -> None:
    true, score = np.array(pairs).T
    if len(set(true.tolist())) == 2:
        np.testing.assert_allclose(metrics.roc_auc_score(true, score), sklearn.roc_auc_score(true, score))
        np.testing.assert_allclose(
            metrics.average_precision_score(true, score), sklearn.average_precision_score(true, score)
        )


def test_nothing_predicted_warns() -> None:
    with pytest.warns(UserWarning, match="precision is 0"):
        assert metrics.precision_score([0, 1], [0, 0]) == 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert metrics.precision_score([0, 1], [0, 0], zero_division=1.0) == 1.0


def test_auc_of_one_label_is_nan() -> None:
    assert np.isnan(metrics.roc_auc_score([1, 1], [0.2, 0.3]))


def test_perplexity() -> None:
    assert metrics.perplexity([[0, 1], [2, 3]], np.zeros((2, 2, 4))) == pytest.approx(4.0)
    assert metrics.perplexity([1], [[-1000.0, 1000.0]]) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="one axis more"):
        metrics.perplexity([1, 2], np.zeros(2))


def test_error_rates() -> None:
    assert metrics.word_error_rate("the cat sat", "the cat sat") == 0.0
    assert metrics.word_error_rate("the cat sat", "a cat sat down") == pytest.approx(2 / 3)
    assert metrics.word_error_rate(["one two", "three"], ["one", "three"]) == pytest.approx(1 / 3)
    assert metrics.character_error_rate("kitten", "sitting") == pytest.approx(3 / 6)
    with pytest.raises(ValueError, match="empty"):
        metrics.word_error_rate("", "x")


@settings(max_examples=50, deadline=None)
@given(st.text("ab", max_size=6), st.text("ab", max_size=6), st.text("ab", max_size=6))
def test_edit_distance_is_a_metric(a: str, b: str, c: str) -> None:
    d = metrics.edit_distance
    assert d(a, a) == 0 and d(a, b) == d(b, a) and d(a, c) <= d(a, b) + d(b, c)
    assert abs(len(a) - len(b)) <= d(a, b) <= max(len(a), len(b))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: metrics.accuracy_score([1, 2], [1]), "2 examples, y_pred 1"),
        (lambda: metrics.accuracy_score([], []), "no examples"),
        (lambda: metrics.f1_score(*MANY), "choose an average"),
        (lambda: metrics.f1_score(*MANY, average="mean"), "average must be"),
        (lambda: metrics.roc_auc_score(*PROBS), "'ovr' or 'ovo'"),
        (lambda: metrics.roc_curve(["a", "b"], [0.1, 0.2]), "pos_label"),
        (lambda: metrics.mean_squared_error(*OUTPUTS, multioutput="mean"), "multioutput"),
        (lambda: metrics.resolve("acuracy"), "did you mean 'accuracy'"),
    ],
)
def test_refusals(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_labels_from_scores() -> None:
    true, labels = metrics.to_labels([1, 0], np.array([[0.1, 0.9], [0.2, 0.8]]))
    assert true.tolist() == [1, 0] and labels.tolist() == [1, 1]
    true, labels = metrics.to_labels(np.eye(3)[[2, 1]], np.eye(3)[[2, 0]])
    assert true.tolist() == [2, 1] and labels.tolist() == [2, 0]
    assert metrics.to_labels([1, 0], np.array([[0.3], [-0.3]]))[1].tolist() == [1, 0]
    assert metrics.to_labels([1, 0], np.array([0.6, 0.3]), threshold=0.5)[1].tolist() == [1, 0]


def test_names_for_training() -> None:
    name, function, wants_labels = metrics.resolve("f1")
    assert (name, wants_labels) == ("f1", True)
    assert function(*MANY) == pytest.approx(sklearn.f1_score(*MANY, average="macro"))
    assert metrics.resolve("accuracy_score") == ("accuracy_score", metrics.accuracy_score, True)
    for name, short in metrics.LONG_NAMES.items():
        assert hasattr(sklearn, name) and metrics.resolve(name)[1] is metrics.NAMES[short]
    assert metrics.resolve(metrics.accuracy_score)[2] and not metrics.resolve(metrics.log_loss)[2]
    assert metrics.NAMES["auc"](PROBS[0], np.log(PROBS[1])) == pytest.approx(
        sklearn.roc_auc_score(*PROBS, multi_class="ovr")
    )
