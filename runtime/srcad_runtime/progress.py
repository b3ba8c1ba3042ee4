"""How `fit` shows where it is: a bar on a terminal, one line an epoch elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any

VERBOSE: dict[Any, str] = {0: "silent", 1: "bar", 2: "lines", "silent": "silent", "bar": "bar", "lines": "lines"}


class Silent:
    """Shows nothing."""

    def __init__(self, epochs: int = 0, batches: int = 0) -> None:
        self.epochs, self.batches = epochs, batches
        self._started = 0.0

    def epoch_begin(self, epoch: int, batch: int) -> None:
        """An epoch starts, at batch number `batch`."""
        self._started = time.perf_counter()

    def batch_end(self, batch: int, loss: float) -> None:
        """A batch is done."""

    def epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """An epoch is done."""

    def close(self) -> None:
        """The run is over, however it ended."""

    def line(self, epoch: int, logs: dict[str, float]) -> str:
        """``epoch 3/10  loss 0.1234  val_loss 0.2345  1.2 s``"""
        width = len(str(self.epochs))
        numbers = "  ".join(f"{name} {value:.4g}" for name, value in logs.items())
        return f"epoch {epoch + 1:{width}d}/{self.epochs}  {numbers}  {time.perf_counter() - self._started:.1f} s"


class Lines(Silent):
    """One line an epoch."""

    def epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        print(self.line(epoch, logs), flush=True)


class Bar(Silent):
    """A rich progress bar while the epoch runs, its line when it is done."""

    def __init__(self, epochs: int, batches: int) -> None:
        super().__init__(epochs, batches)
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        self._progress = Progress(*columns, TextColumn("{task.fields[loss]}"), transient=True)
        self._task: Any = None
        self._shown = 0.0

    def epoch_begin(self, epoch: int, batch: int) -> None:
        super().epoch_begin(epoch, batch)
        self._task = self._progress.add_task(
            f"epoch {epoch + 1}/{self.epochs}", total=self.batches, completed=batch, loss=""
        )
        self._progress.start()

    def batch_end(self, batch: int, loss: float) -> None:
        now = time.perf_counter()
        if now - self._shown > 0.05:  # a small model's step is shorter than drawing it
            self._progress.update(self._task, completed=batch + 1, loss=f"loss {loss:.4g}")
            self._shown = now

    def epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self._progress.remove_task(self._task)
        self._progress.console.print(self.line(epoch, logs), highlight=False)

    def close(self) -> None:
        self._progress.stop()


def reporter(verbose: Any, epochs: int, batches: int) -> Silent:
    """The reporter for `verbose`: "auto", 0 or "silent", 1 or "bar", 2 or "lines"."""
    kind = ("bar" if sys.stdout.isatty() else "lines") if verbose == "auto" else VERBOSE.get(verbose)
    if kind is None:
        raise ValueError(f"verbose must be 'auto', 0, 1 or 2 ('silent', 'bar', 'lines'), not {verbose!r}")
    if kind == "bar":
        try:
            return Bar(epochs, batches)
        except ImportError:
            kind = "lines"
    return Lines(epochs, batches) if kind == "lines" else Silent(epochs, batches)
