"""The scikit-learn estimators: scikit-learn's own checks, accuracy, a model of one's own."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.datasets import load_iris, make_regression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from srcad_runtime import estimators, losses
from srcad_runtime.estimators import SrcadClassifier, SrcadRegressor


@parametrize_with_checks([SrcadClassifier(backend="numpy", epochs=40), SrcadRegressor(backend="numpy", epochs=60)])
def test_scikit_learn_checks(estimator: Any, check: Any) -> None:
    check(estimator)


def test_iris() -> None:
    x, y = load_iris(return_X_y=True)
    model = make_pipeline(StandardScaler(), SrcadClassifier(backend="numpy", epochs=30, random_state=0))
    assert cross_val_score(model, x, y, cv=3).mean() > 0.94


def test_probabilities_and_labels() -> None:
    x, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = SrcadClassifier(backend="numpy", epochs=30, random_state=0).fit(x, names)
    proba = model.predict_proba(x)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    assert (model.classes_[proba.argmax(axis=1)] == model.predict(x)).all() and model.score(x, names) > 0.9
    assert len(model.history_["loss"]) == 30 and model.loss_ == model.history_["loss"][-1]
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(x), proba)


def test_regression_with_several_outputs_and_float32() -> None:
    x, y = make_regression(120, 4, n_targets=2, random_state=0)
    y = (y / y.std()).astype(np.float32)
    model = SrcadRegressor(backend="numpy", epochs=150, random_state=0).fit(x.astype(np.float32), y)
    assert model.predict(x.astype(np.float32)).dtype == np.float32 and model.score(x, y) > 0.98


def line(params: Any, x: Any) -> Any:
    return x @ params["w"] + params["b"]


def line_init(rng: np.random.Generator, inputs: int, outputs: int) -> Any:
    return {"w": np.zeros(inputs), "b": 0.0}


def test_a_model_of_ones_own() -> None:
    x = np.random.default_rng(0).normal(size=(100, 3))
    y = x @ [1.0, 2.0, 3.0] + 4.0
    model = SrcadRegressor(
        line, line_init, loss=losses.huber, epochs=300, weight_decay=0.0, backend="numpy", learning_rate=0.1
    )
    model.fit(x, y)
    np.testing.assert_allclose(model.params_["w"], [1.0, 2.0, 3.0], atol=0.01)
    with pytest.raises(ValueError, match="model and init belong together"):
        SrcadRegressor(line).fit(x, y)


def test_grid_search() -> None:
    x, y = load_iris(return_X_y=True)
    search = GridSearchCV(
        SrcadClassifier(backend="numpy", epochs=5, random_state=0), {"hidden_layer_sizes": [(), (8,)]}, cv=2
    )
    assert search.fit(x, y).best_params_["hidden_layer_sizes"] in [(), (8,)]


def test_the_network_is_a_plain_function() -> None:
    params = estimators.network_init(np.random.default_rng(0), (3, 5, 2), np.float64)
    assert [w.shape for w, b in params] == [(3, 5), (5, 2)]
    assert estimators.network(params, np.zeros((4, 3))).shape == (4, 2)
