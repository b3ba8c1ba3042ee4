"""Callbacks that write every epoch's numbers to files."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from srcad_runtime import trees
from srcad_runtime._callback import Callback, Logs


class _FileLogger(Callback):
    """One record an epoch in a file; a resumed run drops the records of epochs it will do again."""

    def __init__(self, filename: str | Path, append: bool = False) -> None:
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

    def __init__(self, filename: str | Path, separator: str = ",", append: bool = False) -> None:
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

    def __init__(self, log_dir: str | Path = "logs", histogram_freq: int = 0, update_freq: str = "epoch") -> None:
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
