"""Boxes (left, top, right, bottom): how much they overlap, which of them to keep, and how good a detector is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Detections(NamedTuple):
    """What was found in one scene, or what is there: boxes (k, 4), labels (k,), scores (k,)."""

    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray


def overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of every box of a (k, 4) with every box of b (m, 4): (k, m)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.prod(np.clip(high - low, 0.0, None), axis=2)
    areas = [np.prod(x[:, 2:] - x[:, :2], axis=1) for x in (a, b)]
    return common / np.maximum(areas[0][:, None] + areas[1][None] - common, 1e-12)


def suppress(found: Detections, limit: float = 0.4) -> Detections:
    """Best first; a box that overlaps a better one by more than `limit` goes (non-maximum suppression)."""
    order = np.argsort(-found.scores, kind="stable")
    shared = overlaps(found.boxes[order], found.boxes[order])
    kept: list[int] = []
    for k in range(order.size):
        if not kept or shared[k, kept].max() <= limit:
            kept.append(k)
    return Detections(*(column[order[kept]] for column in found))


def average_precision(found: list[Detections], truth: list[Detections], label: int, overlap: float = 0.5) -> float:
    """The area under the precision-recall curve of one class, over all scenes.

    Detections are taken best first; each is right if it overlaps an object of its class that no better one has taken.
    Precision is made non-increasing from the right (Everingham et al., 2010, with every point of the curve).
    """
    there = {scene: t.boxes[t.labels == label] for scene, t in enumerate(truth)}
    total = sum(len(boxes) for boxes in there.values())
    taken = {scene: np.zeros(len(boxes), bool) for scene, boxes in there.items()}
    claims = [(s, n, box) for n, f in enumerate(found) for box, k, s in zip(*f) if k == label]
    right = []
    for _, scene, box in sorted(claims, key=lambda claim: -claim[0]):
        shared = np.where(taken[scene], -1.0, overlaps(box[None], there[scene])[0])
        best = int(np.argmax(shared)) if shared.size else -1
        right.append(best >= 0 and shared[best] >= overlap)
        if right[-1]:
            taken[scene][best] = True
    hits = np.cumsum(right)
    precision = np.maximum.accumulate((hits / np.arange(1, len(right) + 1))[::-1])[::-1]
    return float(np.sum(precision * np.array(right)) / total) if total else float("nan")


def mean_average_precision(found: list[Detections], truth: list[Detections], overlap: float = 0.5) -> float:
    """`average_precision`, averaged over the classes that are there."""
    labels = np.unique(np.concatenate([t.labels for t in truth]))
    return float(np.mean([average_precision(found, truth, int(label), overlap) for label in labels]))
