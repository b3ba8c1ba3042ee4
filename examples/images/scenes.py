"""Scenes of handwritten digits: several of scikit-learn's, in different sizes, scattered over a noisy ground."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import zoom

from examples.images.boxes import Detections, overlaps

SIZE = 32  # pixels a side
STRIDE = 4  # pixels a side of a cell; the detector answers for every cell
CELLS = SIZE // STRIDE
TYPICAL = 9.0  # pixels a side of a digit


def compose(images, labels, count: int, rng: np.random.Generator) -> tuple[np.ndarray, list[Detections]]:
    """Scenes (count, 1, SIZE, SIZE) of two to five digits from images (n, 1, 8, 8), and what is in each."""
    scenes = np.empty((count, 1, SIZE, SIZE), np.float32)
    truth = []
    for n in range(count):
        scenes[n, 0], found = _scene(images, labels, int(rng.integers(2, 6)), rng)
        truth.append(found)
    return scenes, truth


def _scene(images, labels, wanted: int, rng: np.random.Generator) -> tuple[np.ndarray, Detections]:
    scene = np.zeros((SIZE, SIZE))
    boxes, kinds = np.empty((0, 4)), []
    for _ in range(40):
        if len(kinds) == wanted:
            break
        k = int(rng.integers(len(images)))
        digit = np.clip(zoom(images[k, 0].astype(float), rng.uniform(1.0, 1.6), order=1), 0.0, 1.0)
        left, top = rng.integers(0, SIZE - digit.shape[1] + 1), rng.integers(0, SIZE - digit.shape[0] + 1)
        box = _tight(digit) + np.array([left, top, left, top])
        if len(boxes) and overlaps(box[None], boxes).max() > 0.0:
            continue
        part = scene[top : top + digit.shape[0], left : left + digit.shape[1]]
        np.maximum(part, rng.uniform(0.6, 1.0) * digit, out=part)
        boxes, kinds = np.concatenate([boxes, box[None]]), [*kinds, labels[k]]
    noisy = scene + rng.uniform(0.0, 0.2) + 0.05 * rng.standard_normal(scene.shape)
    return noisy, Detections(boxes, np.array(kinds), np.ones(len(kinds)))


def _tight(digit: np.ndarray) -> np.ndarray:
    """The box around the ink."""
    rows, cols = np.flatnonzero(digit.max(axis=1) > 0.2), np.flatnonzero(digit.max(axis=0) > 0.2)
    return np.array([cols[0], rows[0], cols[-1] + 1, rows[-1] + 1], float)


def targets(truth: list[Detections]) -> dict[str, np.ndarray]:
    """What a detector should answer, cell by cell: each digit belongs to the cell that its centre lies in.

    object (n, CELLS, CELLS): 1 where a digit is. label: its class, -100 elsewhere. box (n, 4, CELLS, CELLS): the
    centre within the cell, in cells from its middle, and the logarithms of width and height over a typical digit's.
    """
    shape = (len(truth), CELLS, CELLS)
    there, label = np.zeros(shape, np.float32), np.full(shape, -100)
    place = np.zeros((len(truth), 4, CELLS, CELLS), np.float32)
    for n, scene in enumerate(truth):
        middle = (scene.boxes[:, :2] + scene.boxes[:, 2:]) / (2.0 * STRIDE)
        cells = middle.astype(int)
        x, y = cells.T
        there[n, y, x], label[n, y, x] = 1.0, scene.labels
        sizes = np.log((scene.boxes[:, 2:] - scene.boxes[:, :2]) / TYPICAL)
        place[n, :, y, x] = np.concatenate([middle - cells - 0.5, sizes], axis=1)
    return {"object": there, "label": label, "box": place}


def boxes_of(place: np.ndarray) -> np.ndarray:
    """The boxes (CELLS, CELLS, 4) that answers (4, CELLS, CELLS) mean: the inverse of `targets`."""
    corner = np.arange(CELLS) + 0.5
    x, y = (place[0] + corner[None]) * STRIDE, (place[1] + corner[:, None]) * STRIDE
    width, height = TYPICAL * np.exp(place[2]), TYPICAL * np.exp(place[3])
    return np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], axis=-1)
