"""Methods of ufuncs that have no rule of their own, for any function of two numbers: written out as loops."""

from __future__ import annotations

import numpy as np


def reduce(function, array, axis=0, *, keepdims=False):
    """``function.reduce``: the lines along one axis, from the first to the last."""
    lines = np.moveaxis(array, axis, 0)
    total = lines[0] * 1
    for k in range(1, lines.shape[0]):
        total = function(total, lines[k])
    return np.expand_dims(total, axis) if keepdims else total


def accumulate(function, array, axis=0):
    """``function.accumulate``: every result on the way of a reduction."""
    lines = np.moveaxis(array, axis, 0)
    total = np.empty_like(lines)
    if lines.shape[0] > 0:
        total[0] = lines[0]
    for k in range(1, lines.shape[0]):
        total[k] = function(total[k - 1], lines[k])
    return np.moveaxis(total, 0, axis)


def reduceat(function, array, indices, axis=0):
    """``function.reduceat``: each slice up to the next index; one line where the next is not greater."""
    lines = np.moveaxis(array, axis, 0)
    starts = np.asarray(indices)
    stops = np.append(starts[1:], lines.shape[0])
    total = np.empty((starts.size, *lines.shape[1:]), lines.dtype)
    for k in range(starts.size):
        total[k] = lines[starts[k]]
        for i in range(starts[k] + 1, stops[k]):
            total[k] = function(total[k], lines[i])
    return np.moveaxis(total, 0, axis)


def outer(function, A, B):
    """``function.outer``: each element of `A` with each of `B`."""
    return function(np.reshape(A, np.shape(A) + (1,) * np.ndim(B)), B)


def at(function, a, indices, b):
    """``function.at``, an index that repeats counts each time."""
    operands = np.broadcast_to(b, np.shape(a[indices]))
    for k in range(len(indices)):
        a[indices[k]] = function(a[indices[k]], operands[k])


def at_each(function, a, indices):
    """``function.at`` of one operand."""
    for k in range(len(indices)):
        a[indices[k]] = function(a[indices[k]])
