"""The training loop: results, what it shows, and with gradients that srcad makes."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from complex_step import value_and_grad
from srcad_runtime import data, losses, metrics, optimizers, progress, schedules, trees
from srcad_runtime.history import History
from srcad_runtime.training import Trainer
from training_models import LABELS, X, Y, line, logistic, mse, noisy, start, trainer

# ---- what it computes ----


def test_fit_equals_the_loop_by_hand() -> None:
    ours = trainer()
    history = ours.fit(X, Y, epochs=3, batch_size=16, seed=5, verbose=0)
    params, opt = start(), optimizers.adam(0.05)
    state, losses = opt.init(params), []
    step = value_and_grad(lambda p, x, y: mse(line(p, x), y))
    batches = data.batches((X, Y), 16, seed=5)
    for _ in range(3):
        total = 0.0
        for x, y in batches:
            loss, grads = step(params, x, y)
            updates, state = opt.update(grads, state, params)
            params, total = optimizers.apply_updates(params, updates), total + loss * len(x)
        losses.append(total / len(X))
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-14)
    np.testing.assert_allclose(ours.params["w"], params["w"], rtol=1e-14)
    assert isinstance(ours.params["b"], float) and ours.step == 12


def test_it_learns() -> None:
    ours = trainer()
    history = ours.fit(X, Y, validation_data=(X, Y), epochs=60, verbose=0)
    assert history.history["val_loss"][-1] < 1e-3 < history.history["val_loss"][0]
    np.testing.assert_allclose(ours.params["w"], [1.0, -2.0, 0.5], atol=0.02)


def test_metrics_are_of_the_whole_epoch() -> None:
    wanted = ["accuracy", "f1", metrics.roc_auc_score, "auc"]
    ours = trainer(loss=logistic, metrics=wanted, optimizer=optimizers.sgd(0.0))
    ours.params = {"w": np.array([1.0, -2.0, 0.5]), "b": 0.0}
    history = ours.fit(X, LABELS, validation_data=(X, LABELS), epochs=1, batch_size=7, verbose=0).history
    score = line(ours.params, X)
    assert history["accuracy"] == [metrics.accuracy_score(LABELS, score > 0)]
    assert history["f1"] == [metrics.f1_score(LABELS, score > 0)]
    assert history["auc"] == history["roc_auc_score"] == [metrics.roc_auc_score(LABELS, score)]
    assert all(history[f"val_{name}"] == history[name] for name in ("accuracy", "f1", "auc"))
    np.testing.assert_allclose(history["val_loss"], history["loss"], rtol=1e-14)


def test_the_callers_arrays_are_never_written() -> None:
    params = start()
    params["w"].flags.writeable = False
    X.flags.writeable = Y.flags.writeable = False
    ours = trainer(params=params)
    mine = ours.params
    ours.fit(X, Y, verbose=0)
    assert not params["w"].any() and not mine["w"].any() and ours.params["w"].any()


def test_evaluate_and_predict() -> None:
    ours = trainer(loss=logistic, metrics=["accuracy"])
    ours.fit(X, LABELS, epochs=5, verbose=0)
    np.testing.assert_allclose(ours.predict(X, batch_size=7), line(ours.params, X))
    found = ours.evaluate(X, LABELS)
    assert found["accuracy"] == np.mean((line(ours.params, X) > 0) == LABELS)
    assert found["loss"] == pytest.approx(logistic(line(ours.params, X), LABELS), rel=1e-13)


def test_nested_inputs_and_outputs() -> None:
    def model(params: Any, x: Any) -> Any:
        return {"sum": x["a"] @ params[0] + x["b"], "twice": 2 * x["b"]}

    def loss(prediction: Any, target: Any) -> Any:
        return mse(prediction["sum"], target)

    ours = trainer(model, (np.zeros(3),), loss)
    inputs = {"a": X, "b": X[:, 0]}
    ours.fit(inputs, Y, epochs=2, verbose=0)
    assert {k: v.shape for k, v in ours.predict(inputs).items()} == {"sum": (50,), "twice": (50,)}


def test_training_rng_and_state_are_given() -> None:
    def run(seed: int) -> Trainer:
        ours = trainer(noisy, state={"mean": np.zeros(3)})
        ours.fit(X, Y, epochs=2, seed=seed, verbose=0)
        return ours

    first, second, other = run(1), run(1), run(2)
    np.testing.assert_array_equal(first.params["w"], second.params["w"])
    assert (first.params["w"] != other.params["w"]).any()
    assert first.state["mean"].any()
    before = first.rng.bit_generator.state
    np.testing.assert_array_equal(first.predict(X), line(first.params, X - first.state["mean"]))
    assert first.evaluate(X, Y) == first.evaluate(X, Y) and first.rng.bit_generator.state == before


def test_a_second_fit_goes_on() -> None:
    once, twice = trainer(), trainer()
    once.fit(X, Y, epochs=4, verbose=0)
    twice.fit(X, Y, epochs=2, verbose=0)
    history = twice.fit(X, Y, epochs=2, verbose=0)
    np.testing.assert_array_equal(once.params["w"], twice.params["w"])
    assert history.epoch == [0, 1]


def test_batches_with_augmentation() -> None:
    def jitter(batch: Any, rng: np.random.Generator) -> Any:
        return batch[0] + 0.1 * rng.normal(size=batch[0].shape), batch[1]

    ours = trainer()
    assert len(ours.fit(data.batches((X, Y), 8, seed=1).map(jitter), epochs=2, verbose=0).epoch) == 2


def test_optimizer_wrappers_and_schedules() -> None:
    wrapped = trainer(optimizer=optimizers.MultiSteps(optimizers.adam(0.05), 2))
    wrapped.fit(X, Y, epochs=1, batch_size=10, verbose=0)
    assert wrapped.optimizer_state.gradient_step == 2
    scheduled = trainer(optimizer=optimizers.sgd(schedules.linear_schedule(0.1, 0.0, 5)))
    scheduled.fit(X, Y, epochs=1, batch_size=10, verbose=0)
    assert scheduled.learning_rate == 0.0
    with pytest.raises(ValueError, match="schedule"):
        scheduled.learning_rate = 0.1


def test_float32_stays_float32() -> None:
    params = {"w": np.zeros(3, np.float32), "b": np.float32(0.0)}
    ours = trainer(params=params)
    ours.fit(X.astype(np.float32), Y.astype(np.float32), verbose=0)
    assert {leaf.dtype for leaf in trees.leaves(ours.params)} == {np.dtype(np.float32)}


def test_compiled_and_plain_optimizer_agree() -> None:
    plain, compiled = trainer(), trainer(backend="auto")
    for ours in (plain, compiled):
        ours.fit(X, Y, epochs=2, verbose=0)
    np.testing.assert_allclose(plain.params["w"], compiled.params["w"], rtol=1e-12)


def test_summary() -> None:
    text = trainer(params={"w": np.zeros((3, 4)), "b": np.zeros(4, np.float32)}).summary()
    assert text.splitlines()[0] == "line: 16 parameters, 112 bytes"
    assert "['w']      (3, 4)  float64  12" in text


# ---- what it shows ----


def test_one_line_an_epoch_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    trainer().fit(X, Y, validation_data=(X, Y), epochs=2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[0].startswith("epoch 1/2  loss ") and "val_loss" in lines[1]
    trainer().fit(X, Y, verbose=0)
    assert capsys.readouterr().out == ""


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert isinstance(progress.reporter("auto", 1, 1), progress.Bar)
    trainer().fit(X, Y, epochs=2, verbose=1)
    assert "epoch 2/2  loss" in capsys.readouterr().out
    with pytest.raises(ValueError, match="verbose must be"):
        trainer().fit(X, Y, verbose="loud")


def test_history() -> None:
    pyplot = pytest.importorskip("matplotlib")
    pyplot.use("Agg")
    history = trainer().fit(X, Y, validation_data=(X, Y), epochs=3, verbose=0)
    axes = history.plot()
    assert [curve.get_label() for curve in axes.lines] == ["loss", "val_loss"] and len(axes.lines[0].get_xdata()) == 3
    assert repr(history).startswith("History(3 epochs: loss ")
    late = History()
    late.add(0, {"loss": 1.0})
    late.add(1, {"loss": 0.5, "rate": 0.1})
    assert np.isnan(late.history["rate"][0]) and late.history["rate"][1] == 0.1


# ---- with srcad itself ----


def classifier(params: Any, x: Any) -> Any:
    hidden = np.tanh(x @ params["w1"] + params["b1"])
    return hidden @ params["w2"] + params["b2"]


def test_srcad_makes_the_gradient() -> None:
    rng = np.random.default_rng(1)
    params = {"w1": rng.normal(size=(3, 4)), "b1": np.zeros(4), "w2": rng.normal(size=(4, 2)), "b2": np.zeros(2)}
    found = []
    for make in (None, value_and_grad):
        ours = trainer(classifier, params, losses.cross_entropy, metrics=["accuracy"], value_and_grad=make)
        found.append(ours.fit(X, LABELS, epochs=2, verbose=0).history)
    np.testing.assert_allclose(found[0]["loss"], found[1]["loss"], rtol=1e-10)
    assert found[0]["accuracy"] == found[1]["accuracy"]
