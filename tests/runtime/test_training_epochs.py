"""Epochs that are compiled give what the loop in Python gives."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from srcad_runtime import epochs, losses, optimizers, schedules, trees
from srcad_runtime.callbacks import Callback, ModelCheckpoint
from srcad_runtime.training import Trainer
from training_models import X, Y


def small(params: Any, x: Any) -> Any:
    return np.tanh(x @ params["in"]) @ params["out"]


def compiled_trainer(kind: Any = np.float64, **options: Any) -> Trainer:
    rng = np.random.default_rng(1)
    params = {"in": rng.normal(size=(3, 4)).astype(kind), "out": rng.normal(size=4).astype(kind)}
    return Trainer(small, params, losses.mse, optimizers.adam(options.pop("rate", 0.01)), backend="numba", **options)


@pytest.fixture
def looped(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many steps were made by compiled loops, in each call of one."""
    seen: list[int] = []
    steps = epochs.Loop.steps

    def counted(self: Any, order: Any) -> list[float]:
        made = steps(self, order)
        seen.append(len(made))
        return made

    monkeypatch.setattr(epochs.Loop, "steps", counted)
    monkeypatch.setattr(epochs, "WORTH", 0)
    return seen


def same_run(ours: Trainer, theirs: Trainer) -> None:
    assert ours.step == theirs.step and ours.history.history == theirs.history.history
    for a, b in trees.together((ours.params, ours.optimizer_state), (theirs.params, theirs.optimizer_state)):
        np.testing.assert_array_equal(a, b)


def test_a_compiled_epoch_gives_the_same_bits(looped: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Three epochs of 16 full batches and a smaller one, the first made in Python; a schedule; single precision."""
    rate = schedules.exponential_decay(0.05, 10, 0.9)
    x, y = np.resize(X, (50, 3)), np.resize(Y, 50)
    for kind in (np.float64, np.float32):
        trainers = compiled_trainer(kind, rate=rate), compiled_trainer(kind, rate=rate)
        for ours, worth in zip(trainers, (0, 10**9)):
            monkeypatch.setattr(epochs, "WORTH", worth)
            ours.fit(x.astype(kind), y.astype(kind), epochs=3, batch_size=3, verbose=0)
        same_run(*trainers)
        trainers[0].fit(x.astype(kind), y.astype(kind), batch_size=3, verbose=0)  # a loop that is there is used
        assert sum(looped) == 3 * 16 and trainers[0].params["in"].dtype == kind
        looped.clear()


def test_a_batch_that_fails_is_left_to_the_step_in_python(looped: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    y = Y.copy()
    y[17] = np.nan
    told = []
    for worth in (0, 10**9):
        ours = compiled_trainer()
        ours.fit(X, Y, epochs=1, batch_size=2, verbose=0)
        monkeypatch.setattr(epochs, "WORTH", worth)
        with pytest.raises(FloatingPointError, match="the loss is nan at step") as caught:
            ours.fit(X, y, epochs=2, batch_size=2, verbose=0)
        told.append((str(caught.value), ours.step, ours.params["in"].tobytes()))
    assert told[0] == told[1] and len(looped) > 1


def test_ctrl_c_in_a_compiled_epoch_saves(looped: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rate(step: int) -> float:
        if step == 80 and interrupted:
            signal.raise_signal(signal.SIGINT)
        return 0.01

    interrupted, saved = True, ModelCheckpoint(tmp_path / "run.safetensors")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(SystemExit) as stopped:
            compiled_trainer(rate=rate).fit(X, Y, epochs=6, batch_size=3, callbacks=[saved], verbose=0)
    finally:
        signal.signal(signal.SIGINT, before)
    assert stopped.value.code == 130
    interrupted = False
    resumed = compiled_trainer(rate=rate).restore(tmp_path / "run.safetensors")
    assert 80 <= resumed.step < 96 and looped
    resumed.fit(X, Y, epochs=6, batch_size=3, verbose=0)
    monkeypatch.setattr(epochs, "WORTH", 10**9)
    whole = compiled_trainer(rate=rate)
    whole.fit(X, Y, epochs=6, batch_size=3, verbose=0)
    same_run(resumed, whole)


def test_who_listens_to_batches_keeps_the_loop_in_python(looped: list[int]) -> None:
    class Counting(Callback):
        batches = 0

        def on_train_batch_end(self, batch: int, logs: Any) -> None:
            self.batches += 1

    counting = Counting()
    compiled_trainer().fit(X, Y, epochs=2, batch_size=3, callbacks=[counting], verbose=0)
    compiled_trainer(metrics=["mse"]).fit(X, Y, epochs=2, batch_size=3, verbose=0)
    assert counting.batches == 34 and not looped
