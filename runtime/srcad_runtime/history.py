"""What a training run measured: the history of its epochs, and the meter that adds up one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from srcad_runtime import metrics, trees

Resolved = tuple[str, Callable[[Any, Any], Any], bool]


class History:
    """``history["loss"]`` is the list of every epoch's loss, and so on; `epoch` numbers them from 0."""

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def add(self, epoch: int, logs: dict[str, float]) -> None:
        """Record one epoch. A number that was not there from the start is NaN before."""
        for name, value in logs.items():
            column = self.history.setdefault(name, [float("nan")] * len(self.epoch))
            column.append(float(value))
        self.epoch.append(epoch)

    def plot(self, *names: str, ax: Any = None) -> Any:
        """Draw the curves (all, or those named) over the epochs with matplotlib; returns the axes."""
        if ax is None:
            try:
                from matplotlib import pyplot
            except ImportError as error:
                raise ImportError("History.plot needs the package matplotlib") from error
            _, ax = pyplot.subplots()
        for name in names or self.history:
            curve = self.history[name]
            ax.plot(np.arange(1, len(curve) + 1), curve, label=name)
        ax.set_xlabel("epoch")
        ax.legend()
        return ax

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {values[-1]:.4g}" for name, values in self.history.items() if values)
        return f"History({len(self.epoch)} epochs{': ' + last if last else ''})"


class Meter:
    """Adds up the losses and keeps what the metrics of one epoch need: labels where labels do, else the predictions."""

    def __init__(self, resolved: list[Resolved], threshold: float = 0.0) -> None:
        self.resolved, self.threshold = resolved, threshold
        self._wants_labels = any(wants_labels for _, _, wants_labels in resolved)
        self._wants_scores = not all(wants_labels for _, _, wants_labels in resolved)
        self.loss, self.examples = 0.0, 0
        self.labels: list[Any] = []
        self.scores: list[Any] = []

    def add(self, loss: float, n: int, y: Any = None, prediction: Any = None) -> None:
        """A batch of `n` examples."""
        self.loss += float(loss) * n
        self.examples += n
        if self._wants_labels:
            self.labels.append(metrics.to_labels(y, prediction, self.threshold))
        if self._wants_scores:
            self.scores.append((y, prediction))

    def result(self) -> dict[str, float]:
        """The mean loss, and every metric over all examples together."""
        logs = {"loss": self.loss / self.examples}
        for name, metric, wants_labels in self.resolved:
            logs[name] = float(metric(*concatenated(self.labels if wants_labels else self.scores)))
        return logs

    def state(self) -> dict[str, Any]:
        """What a checkpoint in the middle of the epoch keeps."""
        kept = {"loss": self.loss, "examples": self.examples}
        return {**kept, "labels": _joined(self.labels), "scores": _joined(self.scores)}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.loss, self.examples = state["loss"], state["examples"]
        self.labels, self.scores = state["labels"], state["scores"]


def concatenated(pieces: list[Any]) -> Any:
    """Trees of batches as one tree of all examples."""
    if len(pieces) == 1:
        return pieces[0]
    return trees.map(lambda *arrays: np.concatenate(arrays), pieces[0], *pieces[1:])


def _joined(pieces: list[Any]) -> list[Any]:
    return [concatenated(pieces)] if pieces else []
