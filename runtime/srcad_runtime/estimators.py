"""scikit-learn estimators around `Trainer`: a small network by default, or any model written as a plain function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from srcad_runtime import initializers, losses, optimizers
from srcad_runtime.activations import log_softmax
from srcad_runtime.training import Trainer

Tree = Any


def network(params: Tree, x: Any) -> Any:
    """Dense layers with tanh between them; `params` a list of (weight (inputs, outputs), bias (outputs,))."""
    for weight, bias in params[:-1]:
        x = np.tanh(x @ weight + bias)
    weight, bias = params[-1]
    return x @ weight + bias


def single(params: Tree, x: Any) -> Any:
    """`network` with one output, as a vector (n,)."""
    return network(params, x)[:, 0]


def network_init(rng: np.random.Generator, sizes: tuple[int, ...], dtype: Any) -> Tree:
    """Starting values of `network` for layers of these sizes."""
    pairs = zip(sizes[:-1], sizes[1:])
    return [(initializers.glorot_uniform(rng, (b, a), dtype).T.copy(), np.zeros(b, dtype)) for a, b in pairs]


class _Estimator(BaseEstimator):
    """What both share: the parameters of the constructor, and fitting."""

    def __init__(
        self,
        model: Callable[..., Any] | None = None,
        init: Callable[..., Any] | None = None,
        *,
        loss: Callable[..., Any] | None = None,
        hidden_layer_sizes: tuple[int, ...] = (32,),
        optimizer: Any = None,
        learning_rate: float = 0.01,
        weight_decay: float = 1e-4,
        epochs: int = 100,
        batch_size: int = 32,
        callbacks: tuple[Any, ...] = (),
        random_state: Any = None,
        backend: str = "auto",
        verbose: Any = 0,
    ) -> None:
        self.model = model
        self.init = init
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.epochs = epochs
        self.batch_size = batch_size
        self.callbacks = callbacks
        self.random_state = random_state
        self.backend = backend
        self.verbose = verbose

    def _train(self, x: np.ndarray, y: np.ndarray, outputs: int, model: Callable[..., Any], loss: Any) -> None:
        """Fit `model` (unless the user gave one) and keep what prediction needs."""
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        if (self.model is None) != (self.init is None):
            raise ValueError("model and init belong together: init(rng, inputs, outputs) makes the model's parameters")
        self._model_ = self.model or model
        optimizer = self.optimizer or optimizers.adamw(self.learning_rate, weight_decay=self.weight_decay)
        params = self._first_params(np.random.default_rng(seed), x, outputs)
        trainer = Trainer(self._model_, params, self.loss or loss, optimizer, backend=self.backend)
        options = {"callbacks": self.callbacks, "seed": seed, "verbose": self.verbose}
        history = trainer.fit(x, y, epochs=self.epochs, batch_size=min(self.batch_size, len(x)), **options)
        self.params_, self.history_, self.loss_ = trainer.params, history.history, history.history["loss"][-1]

    def _first_params(self, rng: np.random.Generator, x: np.ndarray, outputs: int) -> Tree:
        if self.init is not None:
            return self.init(rng, x.shape[1], outputs)
        return network_init(rng, (x.shape[1], *self.hidden_layer_sizes, outputs), x.dtype)

    def _scores(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        x = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        return np.asarray(self._model_(self.params_, x))


class SrcadClassifier(ClassifierMixin, _Estimator):
    """A classifier trained by generated gradients.

    Args:
        model: ``model(params, x)`` with logits (n, classes); None is a network of `hidden_layer_sizes` with tanh.
        init: ``init(rng, inputs, outputs)``, which makes the parameters of a `model` of one's own.
        loss: of (logits, integer labels); None is the cross-entropy.
        optimizer: as in `Trainer`; None is `adamw` with `learning_rate` and `weight_decay`.
        epochs, batch_size, callbacks, backend, verbose: as in `Trainer.fit`.

    Attributes after `fit`: `classes_`, `params_`, `history_` (lists by name), `loss_` (of the last epoch),
    `n_features_in_`.
    """

    def fit(self, X: Any, y: Any) -> SrcadClassifier:
        """Train on X (n, features) and labels y (n,)."""
        x, labels = validate_data(self, X, y, dtype=[np.float64, np.float32])
        check_classification_targets(labels)
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        self._train(x, numbers.astype(np.int64), len(self.classes_), network, losses.cross_entropy)
        return self

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Log-probabilities (n, classes), in the order of `classes_`."""
        return np.asarray(log_softmax(self._scores(X)))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities (n, classes), in the order of `classes_`."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest label of every row."""
        scores = self._scores(X)
        return self.classes_[scores.argmax(axis=1)]


class SrcadRegressor(RegressorMixin, _Estimator):
    """A regressor trained by generated gradients; arguments as in `SrcadClassifier`, the loss is `losses.mse`.

    Attributes after `fit`: `params_`, `history_` (lists by name), `loss_` (the last epoch's), `n_features_in_`.
    """

    def fit(self, X: Any, y: Any) -> SrcadRegressor:
        """Train on X (n, features) and y (n,) or (n, outputs)."""
        x, target = validate_data(self, X, y, dtype=[np.float64, np.float32], multi_output=True, y_numeric=True)
        target = target.astype(x.dtype, copy=False)
        several = target.ndim == 2
        self._train(x, target, target.shape[1] if several else 1, network if several else single, losses.mse)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predictions, of the shape y had."""
        return self._scores(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
