"""Batches of nested arrays, prefetching, and augmentation of images.

Every order and every random draw follows from (seed, epoch, batch) alone: a run that stopped anywhere can go on from
there.
"""

from __future__ import annotations

import dataclasses
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import numpy as np

from srcad_runtime import trees

Tree = Any
Item = TypeVar("Item")
Change = Callable[[Tree, np.random.Generator], Tree]


@dataclasses.dataclass
class Batches:
    """Batches of `arrays`; each pass over it is a new epoch with an order of its own. Made by `batches`."""

    arrays: Tree
    batch_size: int
    shuffle: bool = True
    seed: int = 0
    drop_last: bool = False
    changes: tuple[Change, ...] = ()
    epoch: int = 0

    def __len__(self) -> int:
        n = examples(self.arrays)
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self) -> Iterator[Tree]:
        epoch, self.epoch = self.epoch, self.epoch + 1
        return self.of_epoch(epoch)

    def of_epoch(self, epoch: int, start: int = 0) -> Iterator[Tree]:
        """The batches of one epoch, from number `start` on."""
        order = self.order(epoch)
        for number in range(start, len(self)):
            chosen = slice(number * self.batch_size, (number + 1) * self.batch_size)
            yield self._changed(take(self.arrays, chosen if order is None else order[chosen]), epoch, number)

    def map(self, change: Change) -> Batches:
        """These batches, each changed by ``change(batch, rng)``: augmentation, or a conversion of what is stored."""
        return dataclasses.replace(self, changes=(*self.changes, change))

    def order(self, epoch: int) -> np.ndarray | None:
        """The examples as they come in an epoch; None for one after the other."""
        if not self.shuffle:
            return None
        return np.random.default_rng((self.seed, epoch)).permutation(examples(self.arrays))

    def _changed(self, batch: Tree, epoch: int, number: int) -> Tree:
        if self.changes:
            rng = np.random.default_rng((self.seed, epoch, number))
            for change in self.changes:
                batch = change(batch, rng)
        return batch


def batches(arrays: Tree, batch_size: int, shuffle: bool = True, seed: int = 0, drop_last: bool = False) -> Batches:
    """Batches of nested `arrays` that share their first axis (memory-mapped ones are read batch by batch).

    The last batch may be smaller; `drop_last` leaves it out. No examples, no batch, unequal lengths: a ValueError.
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ValueError(f"batch_size must be a positive integer, not {batch_size!r}")
    n = examples(arrays)
    if drop_last and n < batch_size:
        raise ValueError(f"drop_last leaves no batch of {batch_size} out of {n} examples")
    return Batches(arrays, int(batch_size), shuffle, seed, drop_last)


def examples(arrays: Tree) -> int:
    """The common length of all arrays; a ValueError names those that differ, and says when there is nothing."""
    lengths = {path: _length(path, leaf) for path, leaf in trees.paths(arrays)}
    if len(set(lengths.values())) > 1:
        raise ValueError("arrays of unequal length: " + ", ".join(f"{p or 'array'} {n}" for p, n in lengths.items()))
    if not lengths or min(lengths.values()) == 0:
        raise ValueError(f"there are no examples: the arrays are empty: {trees.describe(arrays)}")
    return next(iter(lengths.values()))


def _length(path: str, leaf: Any) -> int:
    if np.ndim(leaf) == 0:
        raise ValueError(f"array{path} is a single number: examples lie along the first axis")
    return len(leaf)


def take(arrays: Tree, chosen: Any) -> Tree:
    """The chosen rows, as arrays in memory."""
    if isinstance(arrays, np.ndarray):
        return _rows(arrays, chosen)
    if type(arrays) is tuple:  # the usual (x, y)
        return tuple([take(part, chosen) for part in arrays])
    return trees.map(lambda a: _rows(a, chosen), arrays)


def _rows(array: Any, chosen: Any) -> np.ndarray:
    if type(array) is np.ndarray and type(chosen) is np.ndarray:
        return array.take(chosen, axis=0)  # three times as fast as by brackets
    rows = array[chosen]
    return np.array(rows) if isinstance(rows, np.memmap) else rows


def prefetch(iterable: Iterable[Item], size: int = 2) -> Iterator[Item]:
    """The same items, made up to `size` ahead by a thread. Its exceptions are raised here, at their place."""
    ready: queue.Queue[tuple[str, Any]] = queue.Queue(size)
    stop = threading.Event()

    def put(kind: str, item: Any) -> bool:
        while not stop.is_set():
            try:
                ready.put((kind, item), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in iterable:
                if not put("item", item):
                    return
            put("end", None)
        except BaseException as error:
            put("error", error)

    worker = threading.Thread(target=work, daemon=True, name="srcad-prefetch")
    worker.start()
    try:
        while True:
            kind, item = ready.get()
            if kind == "end":
                return
            if kind == "error":
                raise item
            yield item
    finally:
        stop.set()


# ---- augmentation: functions of (images, rng), images with their pixels on the last two axes ----


def flip(images: np.ndarray, rng: np.random.Generator, p: float = 0.5, axis: int = -1) -> np.ndarray:
    """Mirror each image with chance `p`."""
    chosen = rng.random(len(images)) < p
    flipped = images.copy()
    flipped[chosen] = np.flip(images[chosen], axis)
    return flipped


def shift(images: np.ndarray, rng: np.random.Generator, limit: int = 1, fill: float = 0.0) -> np.ndarray:
    """Move each image by up to `limit` pixels in both directions; `fill` comes in at the edge."""
    return crop(images, rng, images.shape[-2:], padding=limit, fill=fill)


def crop(
    images: np.ndarray, rng: np.random.Generator, size: tuple[int, ...], padding: int = 0, fill: float = 0.0
) -> np.ndarray:
    """Cut a window of `size` (height, width) out of each image at random, after widening it by `padding` all round."""
    sides = [(0, 0)] * (images.ndim - 2) + [(padding, padding)] * 2
    padded = np.pad(images, sides, constant_values=fill)
    height, width = size
    room = padded.shape[-2] - height, padded.shape[-1] - width
    if min(room) < 0:
        raise ValueError(f"cannot cut {tuple(size)} out of images of {padded.shape[-2:]}")
    top, left = rng.integers(0, room[0] + 1, len(images)), rng.integers(0, room[1] + 1, len(images))
    return np.stack([im[..., t : t + height, k : k + width] for im, t, k in zip(padded, top, left)])


def noise(images: np.ndarray, rng: np.random.Generator, scale: float = 0.1) -> np.ndarray:
    """Add normal noise of deviation `scale`, in the images' own dtype."""
    return (images + scale * rng.standard_normal(images.shape)).astype(images.dtype)


def mixup(x: np.ndarray, y: np.ndarray, rng: np.random.Generator, alpha: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Blend each example and its target with another's (Zhang et al. 2017); `y` floating, one-hot for labels."""
    if y.dtype.kind != "f":
        raise TypeError(f"mixup blends targets: y must be floating (one-hot for labels), not {y.dtype}")
    share = rng.beta(alpha, alpha, len(x))
    other = rng.permutation(len(x))
    return _blend(x, other, share), _blend(y, other, share)


def _blend(a: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    share = share.astype(a.dtype).reshape(-1, *[1] * (a.ndim - 1))
    return share * a + (1 - share) * a[other]


def one_hot(labels: np.ndarray, classes: int, dtype: Any = float) -> np.ndarray:
    """Integer labels as rows of zeros with a one."""
    return np.eye(classes, dtype=dtype)[labels]
