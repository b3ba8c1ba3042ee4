"""What `Trainer.fit` calls at the ends of epochs and batches. Names and arguments are Keras's.

A callback is handed `trainer` and the numbers of the moment in `logs`; it may read and set ``trainer.learning_rate``,
set ``trainer.stop_training``, and add to `logs` what the history should keep. `state` is what a checkpoint stores of
it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from srcad_runtime._callback import Callback, LambdaCallback, Logs, Monitor
from srcad_runtime._loggers import CSVLogger, JSONLinesLogger, TensorBoard

__all__ = [
    "CSVLogger", "Callback", "EarlyStopping", "JSONLinesLogger", "LambdaCallback", "LearningRateScheduler",
    "ModelCheckpoint", "ReduceLROnPlateau", "TensorBoard", "TerminateOnNaN",
]  # fmt: skip


class EarlyStopping(Callback):
    """Stops when `monitor` has not improved for `patience` epochs; can put the best parameters back."""

    STATE = ("wait", "best", "best_epoch", "stopped_epoch", "best_params")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        self.monitor = Monitor(monitor, mode, min_delta)
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch
        self.on_train_begin({})

    def on_train_begin(self, logs: Logs) -> None:
        self.wait, self.best, self.best_epoch, self.stopped_epoch = 0, self.monitor.worst(), 0, 0
        self.best_params: Any = None

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        if epoch < self.start_from_epoch:
            return
        value = self.monitor.read(logs)
        if self.restore_best_weights and self.best_params is None:
            self._remember(epoch)
        self.wait += 1
        if self.monitor.better(value, self.best):
            self.best = value
            self._remember(epoch)
            if self.baseline is None or self.monitor.better(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch, self.trainer.stop_training = epoch, True

    def _remember(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_params = self.trainer.params

    def on_train_end(self, logs: Logs) -> None:
        if self.verbose and self.stopped_epoch:
            print(f"epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_params is not None:
            self.trainer.params = self.best_params


class TerminateOnNaN(Callback):
    """Stops at the first loss that is NaN or infinite, where `fit` would raise."""

    handles_nan = True

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        if not math.isfinite(logs["loss"]):
            print(f"batch {batch}: the loss is {logs['loss']}, training stops")
            self.trainer.stop_training = True


class LearningRateScheduler(Callback):
    """Sets the learning rate of each epoch to ``schedule(epoch, learning_rate)``."""

    def __init__(self, schedule: Callable[[int, float], float], verbose: int = 0) -> None:
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        self.trainer.learning_rate = float(self.schedule(epoch, self.trainer.learning_rate))
        if self.verbose:
            print(f"epoch {epoch + 1}: learning rate {self.trainer.learning_rate:g}")

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        logs["learning_rate"] = self.trainer.learning_rate


class ReduceLROnPlateau(Callback):
    """Multiplies the learning rate by `factor` when `monitor` has not improved for `patience` epochs."""

    STATE = ("best", "wait", "cooldown_counter")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        if factor >= 1.0:
            raise ValueError(f"factor must be below 1, not {factor}")
        self.monitor, self.factor, self.patience = Monitor(monitor, mode, min_delta), factor, patience
        self.verbose, self.cooldown, self.min_lr = verbose, cooldown, min_lr
        self.on_train_begin({})

    def on_train_begin(self, logs: Logs) -> None:
        self.best, self.wait, self.cooldown_counter = self.monitor.worst(), 0, 0

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        logs["learning_rate"] = self.trainer.learning_rate
        value = self.monitor.read(logs)
        if self.cooldown_counter > 0:
            self.cooldown_counter, self.wait = self.cooldown_counter - 1, 0
        if self.monitor.better(value, self.best):
            self.best, self.wait = value, 0
        elif self.cooldown_counter == 0:
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        if self.trainer.learning_rate <= self.min_lr:
            return
        self.trainer.learning_rate = max(self.trainer.learning_rate * self.factor, self.min_lr)
        self.cooldown_counter, self.wait = self.cooldown, 0
        if self.verbose:
            print(f"epoch {epoch + 1}: learning rate reduced to {self.trainer.learning_rate:g}")


class ModelCheckpoint(Callback):
    """Saves the whole training run, so that `Trainer.restore` and `fit` go on from there.

    `filepath` may name ``{epoch}`` (from 1), ``{batch}``, ``{step}`` and any number of the logs, with a format.
    `save_freq` is "epoch" or a number of batches. `keep` holds that many of the newest files a filepath with names
    makes. Ctrl-C saves too: to `filepath`, or beside it (``.interrupted``) when only the best is wanted there.
    """

    STATE = ("best",)

    def __init__(
        self,
        filepath: str | Path,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
        *,
        keep: int | None = None,
    ) -> None:
        if save_freq != "epoch" and not (isinstance(save_freq, int) and save_freq > 0):
            raise ValueError(f"save_freq must be 'epoch' or a positive number of batches, not {save_freq!r}")
        if keep is not None and keep < 1:
            raise ValueError(f"keep must be at least 1, not {keep}")
        self.filepath, self.monitor, self.verbose = str(filepath), Monitor(monitor, mode), verbose
        self.save_best_only, self.save_weights_only, self.save_freq = save_best_only, save_weights_only, save_freq
        self.keep, self.threshold = keep, initial_value_threshold
        self.on_train_begin({})

    def on_train_begin(self, logs: Logs) -> None:
        self.best = self.monitor.worst() if self.threshold is None else self.threshold

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        if self.save_freq != "epoch" and self.trainer.step % self.save_freq == 0:
            self._save_if_wanted(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        if self.save_freq == "epoch":
            self._save_if_wanted(0, logs)

    def on_interrupt(self) -> None:
        path = Path(self._path(0, {}))
        if self.save_best_only:
            path = path.with_name(f"{path.stem}.interrupted{path.suffix}")
        self.trainer.save(path)
        print(f"interrupted: saved to {path}")

    def _save_if_wanted(self, batch: int, logs: Logs) -> None:
        if self.save_best_only:
            value = self.monitor.read(logs)
            if not self.monitor.better(value, self.best):
                return
            self.best = value
        self._save(self._path(batch, logs))

    def _save(self, path: str) -> None:
        from srcad_runtime import checkpoints

        if self.save_weights_only:
            checkpoints.save(path, self.trainer.params, step=self.trainer.step)
        else:
            self.trainer.save(path)
        if self.verbose:
            print(f"saved to {path}")
        if self.keep is not None:
            checkpoints.keep_last(self.filepath, self.keep)

    def _path(self, batch: int, logs: Logs) -> str:
        fields = _Fields({**logs, "epoch": self.trainer.epoch, "batch": batch, "step": self.trainer.step})
        return self.filepath.format_map(fields)


class _Fields(dict[str, float]):
    """An interrupted epoch has no metrics yet: they print as nan."""

    def __missing__(self, name: str) -> float:
        return math.nan
