"""What functions do that take functions, iterators or stacks of arrays, written out."""

from __future__ import annotations

import numpy as np

# ---- functions of lines ----


def apply_along_axis(func1d, axis, arr):
    """``np.apply_along_axis``: the lines one by one, and what the function gives for each in their place."""
    moved = np.moveaxis(arr, axis, -1)
    found = np.array([func1d(line) for line in np.reshape(moved, (-1, moved.shape[-1]))])
    whole = np.reshape(found, moved.shape[:-1] + found.shape[1:])
    return whole if found.ndim == 1 else np.moveaxis(whole, -1, axis)


def over_axis(func, a, axis):
    """One step of ``np.apply_over_axes``."""
    found = func(a, axis)
    return found if found.ndim == a.ndim else np.expand_dims(found, axis)


# ---- stacks of arrays ----


def concatenate_of_array(a, axis=0):
    if axis is None:
        return np.copy(np.ravel(a))
    axis = axis % (a.ndim - 1)
    moved = np.moveaxis(a, 0, axis)
    return np.copy(np.reshape(moved, moved.shape[:axis] + (-1,) + moved.shape[axis + 2 :]))


def stack_of_array(a, axis=0):
    return np.copy(np.moveaxis(a, 0, axis % a.ndim))


def vstack_of_array(a):
    if a.ndim == 1:
        return np.reshape(np.copy(a), (-1, 1))
    return np.copy(a) if a.ndim == 2 else concatenate_of_array(a, 0)


def hstack_of_array(a):
    if a.ndim == 1:
        return np.copy(a)
    return np.copy(np.ravel(a)) if a.ndim == 2 else concatenate_of_array(a, 1)


def column_stack_of_array(a):
    if a.ndim == 1:
        return np.reshape(np.copy(a), (1, -1))
    return np.copy(np.transpose(a)) if a.ndim == 2 else concatenate_of_array(a, 1)


# ---- polynomials ----


def with_constant(p, k, turn):
    """The polynomial `p` with its constant: the one of this turn where `k` holds several."""
    own = k if np.ndim(k) == 0 else k[turn]
    return np.concatenate((p[:-1], np.array([p[-1] + own])))


# ---- numbers one by one ----


def product_of(numbers, start):
    total = start
    for number in numbers:
        total = total * number
    return total


# ---- functions that `operator` makes ----


def item_of(key, value):
    return value[key]


def items_of(keys, value):
    return tuple([value[key] for key in keys])


def attribute_of(name, value):
    return getattr(value, name)


def attributes_of(names, value):
    return tuple([getattr(value, name) for name in names])
