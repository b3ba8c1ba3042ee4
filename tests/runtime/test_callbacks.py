"""Callbacks on given sequences of numbers, and in real runs."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from complex_step import value_and_grad
from srcad_runtime import callbacks, checkpoints, optimizers
from srcad_runtime.training import Trainer

X = np.random.default_rng(0).normal(size=(20, 2))
Y = X @ [1.0, -1.0]


def mse(prediction: Any, target: Any) -> Any:
    return np.mean((prediction - target) ** 2)


def trainer(rate: float = 0.1) -> Trainer:
    options: dict[str, Any] = {"backend": "numpy", "value_and_grad": value_and_grad}
    return Trainer(lambda p, x: x @ p, np.zeros(2), mse, optimizers.sgd(rate), **options)


def fit(*given: callbacks.Callback, epochs: int = 4, **options: Any) -> Trainer:
    ours = trainer()
    ours.fit(X, Y, (X, Y), epochs=epochs, callbacks=given, verbose=0, **options)
    return ours


def epochs_run(callback: Any, values: list[float], name: str = "val_loss") -> tuple[int, Any]:
    """How many epochs a run with these values lasts under `callback`, and the stand-in for its trainer."""
    run = SimpleNamespace(stop_training=False, learning_rate=1.0, params=None, epoch=0, step=0)
    callback.trainer = run
    callback.on_train_begin({})
    rates = []
    for epoch, value in enumerate(values):
        run.params = epoch
        callback.on_epoch_end(epoch, {name: value})
        rates.append(run.learning_rate)
        if run.stop_training:
            break
    callback.on_train_end({})
    run.rates = rates
    return epoch + 1, run


@pytest.mark.parametrize(
    ("options", "values", "lasts", "best"),
    [
        ({}, [1.0, 0.5, 0.6, 0.1], 3, 1),
        ({"patience": 2}, [1.0, 0.5, 0.6, 0.55, 0.1], 4, 1),
        ({"patience": 2}, [1.0, 0.5, 0.6, 0.4, 0.45, 0.3], 6, 5),
        ({"min_delta": 0.2, "patience": 1}, [1.0, 0.9, 0.85, 0.3], 2, 0),
        ({"mode": "max"}, [0.1, 0.5, 0.4], 3, 1),
        ({"monitor": "val_accuracy"}, [0.1, 0.5, 0.4], 3, 1),
        ({"baseline": 0.4, "patience": 2}, [1.0, 0.9, 0.8, 0.7, 0.6], 5, 4),
        ({"start_from_epoch": 2}, [0.1, 0.2, 0.3, 0.4], 4, 2),
        ({"patience": 1}, [np.nan, np.nan, 0.5], 2, 0),
    ],
)
def test_early_stopping(options: dict[str, Any], values: list[float], lasts: int, best: int) -> None:
    callback = callbacks.EarlyStopping(restore_best_weights=True, **options)
    name = options.get("monitor", "val_loss")
    found, run = epochs_run(callback, values, name)
    assert (found, callback.best_epoch, run.params) == (lasts, best, best)


def test_early_stopping_puts_the_best_back() -> None:
    class Spoil(callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: dict[str, float]) -> None:
            if epoch == 2:
                self.trainer.learning_rate = 50.0

    stopping = callbacks.EarlyStopping("loss", restore_best_weights=True, verbose=1)
    ours = fit(Spoil(), stopping, epochs=10, batch_size=5)
    assert stopping.best_epoch == 1 and stopping.stopped_epoch == 2
    assert ours.evaluate(X, Y)["loss"] < 0.5


def test_reduce_on_plateau() -> None:
    callback = callbacks.ReduceLROnPlateau(factor=0.5, patience=2, cooldown=1, min_lr=0.2, min_delta=0.01)
    values = [1.0, 0.5, 0.495, 0.495, 0.495, 0.495, 0.495, 0.4, 0.4, 0.4, 0.4, 0.4]
    _, run = epochs_run(callback, values)
    assert run.rates == [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.2, 0.2, 0.2]


def test_learning_rate_scheduler_and_logs() -> None:
    ours = fit(callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5 if epoch else rate))
    assert ours.history.history["learning_rate"] == [0.1, 0.05, 0.025, 0.0125]
    assert ours.learning_rate == 0.0125


def test_lambda_callback_and_order_of_moments() -> None:
    seen: list[str] = []
    moments = {
        "on_train_begin": lambda logs: seen.append("train"),
        "on_epoch_begin": lambda epoch, logs: seen.append(f"epoch {epoch}"),
        "on_train_batch_begin": lambda batch, logs: seen.append(f"batch {batch}"),
        "on_train_batch_end": lambda batch, logs: seen.append("loss" if "loss" in logs else ""),
        "on_epoch_end": lambda epoch, logs: seen.append("val_loss" if "val_loss" in logs else ""),
        "on_train_end": lambda logs: seen.append("end"),
    }
    fit(callbacks.LambdaCallback(**moments), epochs=1, batch_size=10)
    assert seen == ["train", "epoch 0", "batch 0", "loss", "batch 1", "loss", "val_loss", "end"]
    with pytest.raises(TypeError, match="no moment 'on_epoch'"):
        callbacks.LambdaCallback(on_epoch=print)


def test_model_checkpoint_keeps_the_best_and_the_last(tmp_path: Path) -> None:
    best = callbacks.ModelCheckpoint(tmp_path / "best.safetensors", save_best_only=True, initial_value_threshold=0.3)
    last = callbacks.ModelCheckpoint(tmp_path / "e{epoch:02d}-{val_loss:.3f}.safetensors", keep=2)
    weights = callbacks.ModelCheckpoint(tmp_path / "weights.safetensors", save_weights_only=True)
    ours = fit(best, last, weights, epochs=12)
    losses = ours.history.history["val_loss"]
    names = sorted(path.name for path in tmp_path.glob("e*"))
    assert names == [f"e{epoch}-{losses[epoch - 1]:.3f}.safetensors" for epoch in (11, 12)]
    assert best.best == min(losses) < 0.3
    np.testing.assert_array_equal(checkpoints.load(tmp_path / "weights.safetensors").tree, ours.params)
    np.testing.assert_array_equal(trainer().restore(tmp_path / "weights.safetensors").params, ours.params)
    pattern = tmp_path / "e{epoch:02d}-{val_loss:.3f}.safetensors"
    np.testing.assert_array_equal(trainer().restore(pattern).params, ours.params)


def test_model_checkpoint_by_batches(tmp_path: Path) -> None:
    fit(callbacks.ModelCheckpoint(tmp_path / "{step}.safetensors", save_freq=3), epochs=2, batch_size=5)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["3", "6"]


def test_logs_in_files(tmp_path: Path) -> None:
    files = tmp_path / "a" / "log.csv", tmp_path / "log.jsonl"
    ours = fit(callbacks.CSVLogger(files[0], separator=";"), callbacks.JSONLinesLogger(files[1]))
    header, *rows = files[0].read_text().splitlines()
    assert header == "epoch;loss;val_loss"
    assert [float(row.split(";")[1]) for row in rows] == ours.history.history["loss"]
    records = [json.loads(text) for text in files[1].read_text().splitlines()]
    assert [r["epoch"] for r in records] == [0, 1, 2, 3]
    assert [r["val_loss"] for r in records] == ours.history.history["val_loss"]


def test_a_resumed_run_does_not_repeat_its_lines(tmp_path: Path) -> None:
    class PowerCut(callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
            if self.trainer.step == 14:
                raise RuntimeError("power cut")

    def run(folder: Path, *extra: callbacks.Callback, resume: bool = False) -> None:
        saver = callbacks.ModelCheckpoint(folder / "run.safetensors", save_freq=5)
        loggers = callbacks.CSVLogger(folder / "log.csv"), callbacks.JSONLinesLogger(folder / "log.jsonl")
        ours = trainer()
        if resume:
            ours.restore(folder / "run.safetensors")
        ours.fit(X, Y, epochs=5, batch_size=5, callbacks=[saver, *loggers, *extra], verbose=0)

    run(tmp_path / "whole")
    with pytest.raises(RuntimeError, match="power cut"):
        run(tmp_path / "cut", PowerCut())
    run(tmp_path / "cut", resume=True)
    for name in ("log.csv", "log.jsonl"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_append_goes_on_in_the_same_file(tmp_path: Path) -> None:
    for _ in range(2):
        fit(callbacks.CSVLogger(tmp_path / "log.csv", append=True), epochs=2)
    assert [line.split(",")[0] for line in (tmp_path / "log.csv").read_text().splitlines()] == "epoch 0 1 0 1".split()


def test_json_lines_has_no_nan(tmp_path: Path) -> None:
    logger = callbacks.JSONLinesLogger(tmp_path / "log.jsonl")
    epochs_run(logger, [np.nan, 1.0])
    assert '"val_loss": null' in (tmp_path / "log.jsonl").read_text()


def test_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    fit(callbacks.TensorBoard(tmp_path, histogram_freq=1, update_freq="batch"))
    (events,) = tmp_path.iterdir()
    written = events.read_bytes()
    assert b"val_loss" in written and b"batch_loss" in written and b"params" in written


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: callbacks.EarlyStopping(mode="up"), "mode must be"),
        (lambda: callbacks.ReduceLROnPlateau(factor=1.0), "factor must be below 1"),
        (lambda: callbacks.ModelCheckpoint("x", save_freq="batch"), "save_freq must be"),
        (lambda: callbacks.ModelCheckpoint("x", keep=0), "keep must be"),
        (lambda: fit(callbacks.EarlyStopping("val_acuracy")), "'val_acuracy' is not among loss, val_loss"),
        (lambda: trainer().fit(X, Y, callbacks=[callbacks.EarlyStopping()], verbose=0), "give fit validation_data"),
    ],
)
def test_refusals(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()
