"""The training loop: errors say where they come from."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from srcad_runtime import data, losses, optimizers, trees
from srcad_runtime.callbacks import TerminateOnNaN
from srcad_runtime.training import Trainer
from training_models import X, Y, line, noisy, trainer


def deep(params: Any, x: Any) -> Any:
    return layer(params["w2"], layer(params["w1"], x))


def layer(weight: Any, x: Any) -> Any:
    return np.tanh(x @ weight)


def test_a_wrong_shape_names_step_layer_and_shapes() -> None:
    ours = trainer(deep, {"w1": np.zeros((3, 4)), "w2": np.zeros((5, 1))})
    with pytest.raises(ValueError, match="matmul") as caught:
        ours.fit(X, Y, verbose=0)
    told = str(caught.value)
    assert "at step 1 (epoch 1, batch 1), in layer (test_training_errors.py:" in told and "called by deep" in told
    assert "params['w2'] (5, 1) float64" in told and "x (32, 3) float64" in told and "y (32,) float64" in told


def emptied(number: int) -> Any:
    """Batches of which one, counted from 0, loses its examples on the way."""
    counted = itertools.count()
    pairs = data.batches((X, Y), 20, shuffle=False)
    return pairs.map(lambda batch, rng: trees.map(lambda a: a[:0], batch) if next(counted) == number else batch)


def test_an_empty_batch_names_step_and_shapes() -> None:
    ours = trainer()
    with pytest.raises(ValueError, match=r"empty at step 2 \(epoch 1, batch 2\): x has shape \(0, 3\)") as caught:
        ours.fit(emptied(1), verbose=0)
    assert "x (0, 3) float64; y (0,) float64" in str(caught.value)
    assert ours.step == 1


def projected(params: Any, x: Any) -> Any:
    return x @ params["w"]


@pytest.mark.parametrize(("backend", "width"), [("numpy", 9), ("numba", 1)])
def test_targets_of_another_width_name_loss_step_and_shapes(backend: str, width: int) -> None:
    """Of width 1 too, which would be broadcast."""
    ours = Trainer(projected, {"w": np.zeros((3, 10))}, losses.mse, optimizers.sgd(0.1), backend=backend)
    with pytest.raises(ValueError, match=rf"mse: target \(32, {width}\) does not fit prediction \(32, 10\)") as caught:
        ours.fit(X, np.zeros((len(X), width)), verbose=0)
    said = str(caught.value)
    assert "at step 1 (epoch 1, batch 1)" in said and "mse (losses.py:" in said and f"y (32, {width}) float64" in said
    np.testing.assert_array_equal(ours.params["w"], 0.0)


def test_what_cannot_be_compiled_names_step_and_dtypes() -> None:
    """Labels that are no integers: Numba has no such function, and the first step says so."""
    params = {"w": np.zeros((3, 2))}
    ours = Trainer(lambda p, x: x @ p["w"], params, losses.cross_entropy, optimizers.sgd(0.1), backend="numba")
    with pytest.raises(SyntaxError, match="Numba cannot compile this: no implementation of sparse_cross") as caught:
        ours.fit(np.ones((4, 3)), np.ones(4), verbose=0)
    told = str(caught.value)
    assert "at step 1 (epoch 1, batch 1), in _labels (losses.py:" in told
    assert "called by sparse_cross_entropy (losses.py:" in told
    assert "y (4,) float64" in told and "params['w'] (3, 2) float64" in told and 'backend="numpy"' in told


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda t: t.fit(X, Y[:-1]), ValueError, r"unequal length: \[0\] 50, \[1\] 49"),
        (lambda t: t.fit(X[:0], Y[:0]), ValueError, r"no examples: x is empty, of shape \(0, 3\)"),
        (lambda t: t.fit(X, Y[:0]), ValueError, r"no examples: y is empty, of shape \(0,\)"),
        (lambda t: t.evaluate(X[:0], Y[:0]), ValueError, r"no examples: x is empty, of shape \(0, 3\)"),
        (
            lambda t: t.fit(X, Y, validation_data=(X, Y[:0])),
            ValueError,
            r"no examples: validation_data\[1\] is empty, of shape \(0,\)",
        ),
        (lambda t: t.evaluate(X, Y, batch_size=0), ValueError, "batch_size must be a positive integer, not 0"),
        (lambda t: t.predict(X, batch_size=0), ValueError, "batch_size must be a positive integer, not 0"),
        (
            lambda t: t.evaluate(emptied(1)),
            ValueError,
            r"empty at batch 2 of what is predicted, after step 0: x has shape \(0, 3\)",
        ),
        (lambda t: t.fit(X, Y, epochs=-1), ValueError, "epochs must be a whole number"),
        (
            lambda t: t.fit(X, Y, validation_data=(X[:, :2], Y)),
            ValueError,
            r"batch 1 of what is predicted, after step 2",
        ),
        (
            lambda t: t.predict(X[:, :2]),
            ValueError,
            r"matmul.*\n.* in line \(training_models.py:.*; x \(32, 2\) float64",
        ),
        (
            lambda t: t.evaluate(X, np.stack([Y, Y], 1)),
            ValueError,
            r"broadcast.*\n.* in mse \(training_models.*; y \(32, 2\) float64",
        ),
        (lambda t: trainer(loss="mse"), TypeError, "the loss must be a function"),
        (lambda t: Trainer(line, {"w": np.zeros(3)}, losses.mse, "adam"), TypeError, "such as optimizers.adam.*'adam'"),
        (lambda t: Trainer(line, {"w": np.zeros(3)}, losses.mse, optimizers.adam), TypeError, "adam itself: call it"),
        (lambda t: t.fit(X, Y, batch_size=0), ValueError, "batch_size"),
        (lambda t: t.fit(X), ValueError, "y is missing"),
        (lambda t: t.fit(X.astype(object), Y), TypeError, "x has dtype object"),
        (lambda t: t.fit(X, Y.tolist()), TypeError, r"y\[0\] is a float, not an array"),
        (lambda t: t.fit(X, Y, callbacks=[print]), TypeError, "must be a Callback"),
        (lambda t: t.fit(X, Y, validation_data=X), ValueError, "a pair"),
        (lambda t: t.predict(X[:0]), ValueError, r"no examples: x is empty, of shape \(0, 3\)"),
        (lambda t: trainer(loss=lambda p, y: p - y).fit(X, Y), TypeError, r"shape \(32,\).*\n.* at step 1"),
        (lambda t: trainer(params={"w": np.zeros(3, int)}), TypeError, r"params\['w'\] is of int64"),
        (lambda t: trainer(params={"w": None}), ValueError, "no parameters"),
        (lambda t: trainer(noisy), ValueError, "names a state"),
        (lambda t: trainer(metrics=["acuracy"]), ValueError, "did you mean 'accuracy'"),
        (lambda t: trainer(3), TypeError, "the model must be a function"),
        (lambda t: setattr(t, "params", {"w": np.zeros(4), "b": 0.0}), ValueError, r"\['w'\] is \(4,\)"),
    ],
)
def test_refusals(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call(trainer())


def fragile(params: Any, x: Any) -> Any:
    scaled = line(params, x) - 1.0
    rooted = scale_of(scaled)
    return rooted * scaled


def scale_of(v: Any) -> Any:
    root = np.sqrt(v)
    return root + 1.0


def test_a_nan_loss_is_an_error() -> None:
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match=r"nan at step 1 .*check_nan=True"):
        trainer(fragile).fit(X, Y, verbose=0)


def test_a_nan_is_traced_to_its_line() -> None:
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError) as caught:
        trainer(fragile, check_nan=True).fit(X, Y, verbose=0)
    told = str(caught.value)
    assert "nan first appears in `root` at " in told and "in scale_of: root = np.sqrt(v)" in told


def filling(params: Any, x: Any) -> Any:
    out = np.empty(x.shape[0])
    out[:] = x[:, 0]
    return np.log(out - 1e9) + x @ params["w"]


def test_memory_that_is_not_written_yet_made_no_nan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "empty", lambda shape, *_, **__: np.full(shape, np.nan))
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="in filling: return np.log"):
        trainer(filling, check_nan=True).fit(X, Y, verbose=0)


def test_a_nan_in_the_data_is_named() -> None:
    x = X.copy()
    x[7, 1] = np.nan
    with pytest.raises(FloatingPointError, match=r"x\[7, 1\] is not finite already"):
        trainer(check_nan=True).fit(x, Y, batch_size=50, shuffle=False, verbose=0)


def test_a_nan_gradient_of_a_finite_loss_is_named() -> None:
    def broken(objective: Any, has_aux: bool, backend: str) -> Any:
        return lambda p, x, y: (objective(p, x, y), {"w": np.array([0.0, np.nan, 0.0]), "b": 0.0})

    with pytest.raises(FloatingPointError, match=r"the gradient of params\['w'\]\[1\] is not finite at step 1"):
        trainer(check_nan=True, value_and_grad=broken).fit(X, Y, verbose=0)


def test_nan_can_be_wanted() -> None:
    x = X.copy()
    x[0] = np.nan
    stopped = trainer()
    history = stopped.fit(x, Y, epochs=3, callbacks=[TerminateOnNaN()], verbose=0)
    assert len(history.epoch) == 1
    skipping = trainer(optimizer=optimizers.apply_if_finite(optimizers.adam(0.05), 100), check_nan=True)
    skipping.fit(x, Y, epochs=2, verbose=0)
    assert np.isfinite(skipping.params["w"]).all() and skipping.optimizer_state.total_notfinite == 2
