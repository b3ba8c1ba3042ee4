"""The moments of a training run that callbacks listen to."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

Logs = dict[str, float]


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
