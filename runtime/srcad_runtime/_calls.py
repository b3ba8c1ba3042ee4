"""The callbacks of one run, called in order, and Ctrl-C held back until a step is done."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterable
from types import FrameType, TracebackType
from typing import Any

from srcad_runtime.callbacks import Callback, Logs, ModelCheckpoint


class Calls:
    """Checkpoints come last, so that what they save includes what the others did."""

    def __init__(self, trainer: Any, callbacks: Iterable[Callback], stored: list[Any] | None) -> None:
        given = list(callbacks)
        wrong = [c for c in given if not isinstance(c, Callback)]
        if wrong:
            raise TypeError(f"a callback must be a Callback, not {wrong[0]!r}")
        self.savers = [c for c in given if isinstance(c, ModelCheckpoint)]
        self.others = [c for c in given if not isinstance(c, ModelCheckpoint)]
        self.all = [*self.others, *self.savers]
        for callback in self.all:
            callback.trainer = trainer
        self.stored = stored
        self.handles_nan = any(getattr(c, "handles_nan", False) for c in given)
        # asked at every batch: only those that listen
        self._begin = [c for c in self.all if _listens(c, "on_train_batch_begin")]
        self._end = [c for c in self.all if _listens(c, "on_train_batch_end")]

    @property
    def each_batch(self) -> bool:
        """Whether anyone listens to single batches."""
        return bool(self._begin or self._end)

    def train_begin(self) -> None:
        """Everyone starts; in a resumed run everyone takes up the state it had."""
        for callback in self.all:
            callback.on_train_begin({})
        remaining = list(self.stored or [])
        for callback in self.all:
            match = next((s for s in remaining if s["name"] == type(callback).__name__), None)
            if match is not None:
                remaining.remove(match)
                callback.load_state(match["state"])

    def states(self) -> list[Any]:
        """What a checkpoint keeps of each."""
        return [{"name": type(c).__name__, "state": c.state()} for c in self.all]

    def epoch_begin(self, epoch: int) -> None:
        """Before an epoch."""
        for callback in self.all:
            callback.on_epoch_begin(epoch, {})

    def epoch_end(self, epoch: int, logs: Logs, record: Callable[[], None]) -> None:
        """After an epoch: the callbacks, then `record` with what they added to the logs, then the checkpoints."""
        for callback in self.others:
            callback.on_epoch_end(epoch, logs)
        record()
        for saver in self.savers:
            saver.on_epoch_end(epoch, logs)

    def batch_begin(self, batch: int) -> None:
        """Before a batch."""
        for callback in self._begin:
            callback.on_train_batch_begin(batch, {})

    def batch_end(self, batch: int, logs: Logs) -> None:
        """After a batch."""
        for callback in self._end:
            callback.on_train_batch_end(batch, logs)

    def train_end(self) -> None:
        """The run is over."""
        for callback in self.all:
            callback.on_train_end({})

    def interrupt(self) -> None:
        """Ctrl-C: save what can be saved, and close files."""
        for callback in self.all:
            callback.on_interrupt()


def _listens(callback: Callback, moment: str) -> bool:
    own = getattr(callback, moment)
    own = getattr(own, "__func__", own)
    if own is ModelCheckpoint.on_train_batch_end and callback.save_freq == "epoch":  # type: ignore[attr-defined]
        return False
    return own is not getattr(Callback, moment)


class Interrupts:
    """Holds back the first Ctrl-C (`pending`); a second one interrupts at once. Idle outside the main thread."""

    def __init__(self) -> None:
        self.pending = False
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.getsignal(signal.SIGINT)
            if self._before is signal.default_int_handler:
                signal.signal(signal.SIGINT, self._hold)
            else:
                self._before = None  # someone else deals with Ctrl-C
        return self

    def _hold(self, number: int, frame: FrameType | None) -> None:
        self.pending = True
        signal.signal(signal.SIGINT, self._before)

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        if self.pending and kind is None:
            self.leave()

    def leave(self) -> None:
        """Exit with code 130; an interactive session gets its KeyboardInterrupt."""
        self.pending = False
        if hasattr(sys, "ps1") or "IPython" in sys.modules:
            raise KeyboardInterrupt
        raise SystemExit(130)
