"""What `Trainer.fit` calls at the ends of epochs and batches. Names and arguments are Keras's.

A callback is handed `trainer` and the numbers of the moment in `logs`; it may read and set ``trainer.learning_rate``,
set ``trainer.stop_training``, and add to `logs` what the history should keep. `state` is what a checkpoint stores of
it.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import numpy as np

Logs = dict[str, float]
Path_ = str | Path


class Callback:
    """Does nothing at every moment; override what you need."""

    trainer: Any = None

    def on_train_begin(self, logs: Logs) -> None:
        """Before the first batch."""

    def on_train_end(self, logs: Logs) -> None:
        """After the last epoch, or when training was stopped."""

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Before the batches of an epoch (counted from 0)."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """After an epoch and its validation."""

    def on_train_batch_begin(self, batch: int, logs: Logs) -> None:
        """Before a batch (counted from 0 in its epoch)."""

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """After the parameters have moved; `logs` holds this batch's loss."""

    def on_interrupt(self) -> None:
        """After Ctrl-C, at the end of the batch."""

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps: the attributes named in `STATE` (numbers, texts, None, trees of arrays)."""
        return {name: getattr(self, name) for name in self.STATE}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up what a checkpoint kept."""
        for name in self.STATE:
            if name in state:
                setattr(self, name, state[name])

    STATE: tuple[str, ...] = ()


class LambdaCallback(Callback):
    """A callback from functions: ``LambdaCallback(on_epoch_end=lambda epoch, logs: print(logs))``."""

    def __init__(self, **moments: Callable[..., Any]) -> None:
        for name, function in moments.items():
            if not name.startswith("on_") or not hasattr(Callback, name):
                raise TypeError(f"LambdaCallback has no moment {name!r}")
            setattr(self, name, function)


class Monitor:
    """Follows one number of the logs and says when it got better."""

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"mode must be 'auto', 'min' or 'max', not {mode!r}")
        grows = ("accuracy", "auc", "precision", "recall", "f1", "r2", "score", "acc")
        self.name = monitor
        self.up = mode == "max" or (mode == "auto" and any(word in monitor for word in grows))
        self.min_delta = abs(min_delta)

    def worst(self) -> float:
        """A value that everything is better than."""
        return -math.inf if self.up else math.inf

    def better(self, value: float, best: float) -> bool:
        """Whether `value` beats `best` by `min_delta`; NaN never does."""
        return value - self.min_delta > best if self.up else value + self.min_delta < best

    def read(self, logs: Logs) -> float:
        """The number; a ValueError lists what there is instead."""
        if self.name not in logs:
            hint = "; give fit validation_data" if self.name.startswith("val_") else ""
            raise ValueError(f"monitor {self.name!r} is not among {', '.join(logs)}{hint}")
        return float(logs[self.name])


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
        filepath: Path_,
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


class _FileLogger(Callback):
    """One record an epoch in a file; a resumed run drops the records of epochs it will do again."""

    def __init__(self, filename: Path_, append: bool = False) -> None:
        self.filename, self.append = Path(filename), append
        self._file: TextIO | None = None

    def on_train_begin(self, logs: Logs) -> None:
        resumed = self.trainer.epoch
        kept = self._records_before(resumed) if resumed and not self.append and self.filename.exists() else ""
        self.filename.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.filename.open("a" if self.append else "w", newline="", encoding="utf-8")
        self._file.write(kept)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        assert self._file is not None, "on_train_begin opens the file"
        self._write(self._file, epoch, {name: float(value) for name, value in logs.items()})
        self._file.flush()

    def on_train_end(self, logs: Logs) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _records_before(self, epoch: int) -> str:
        raise NotImplementedError

    def _write(self, file: TextIO, epoch: int, logs: Logs) -> None:
        raise NotImplementedError


class CSVLogger(_FileLogger):
    """Writes every epoch's numbers as a line of a CSV file, columns named in the first."""

    def __init__(self, filename: Path_, separator: str = ",", append: bool = False) -> None:
        super().__init__(filename, append)
        self.separator = separator

    def _records_before(self, epoch: int) -> str:
        header, *lines = self.filename.read_text(encoding="utf-8").splitlines(keepends=True) or [""]
        return header + "".join(x for x in lines if x.endswith("\n") and int(x.split(self.separator)[0]) < epoch)

    def _write(self, file: TextIO, epoch: int, logs: Logs) -> None:
        writer = csv.writer(file, delimiter=self.separator, lineterminator="\n")
        if file.tell() == 0:
            writer.writerow(["epoch", *logs])
        writer.writerow([epoch, *logs.values()])


class JSONLinesLogger(_FileLogger):
    """Writes every epoch's numbers as a line of JSON."""

    def _records_before(self, epoch: int) -> str:
        lines = self.filename.read_text(encoding="utf-8").splitlines(keepends=True)
        return "".join(line for line in lines if line.endswith("\n") and json.loads(line)["epoch"] < epoch)

    def _write(self, file: TextIO, epoch: int, logs: Logs) -> None:
        # JSON has no NaN: null, so that any reader takes the line
        finite = {name: value if math.isfinite(value) else None for name, value in logs.items()}
        file.write(json.dumps({"epoch": epoch, **finite}) + "\n")


class TensorBoard(Callback):
    """Writes every epoch's numbers for TensorBoard (needs the package tensorboardX).

    `update_freq` is "epoch" or "batch"; `histogram_freq` writes the parameters' histograms every that many epochs.
    """

    def __init__(self, log_dir: Path_ = "logs", histogram_freq: int = 0, update_freq: str = "epoch") -> None:
        self.log_dir, self.histogram_freq, self.update_freq = str(log_dir), histogram_freq, update_freq
        self._writer: Any = None

    def on_train_begin(self, logs: Logs) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise ImportError("the TensorBoard callback needs the package tensorboardX") from error
        # what a killed run wrote beyond its checkpoint is hidden from here on
        self._writer = SummaryWriter(self.log_dir, purge_step=self.trainer.epoch)

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        if self.update_freq == "batch":
            self._writer.add_scalar("batch_loss", logs["loss"], self.trainer.step)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        from srcad_runtime import trees

        for name, value in logs.items():
            self._writer.add_scalar(name, value, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            for path, leaf in trees.paths(self.trainer.params):
                self._writer.add_histogram(f"params{path}", np.asarray(leaf), epoch)
        self._writer.flush()

    def on_train_end(self, logs: Logs) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
