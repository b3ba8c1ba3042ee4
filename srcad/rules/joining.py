"""Functions that join, split, pad and fill arrays, and those that lay out numbers."""

from __future__ import annotations

import numpy as np
from srcad_runtime import arrays as helpers

from srcad.rules.registry import at, constant, expansion, form, linear, pullback, pushforward

# ---- joining ----


@pullback(
    np.concatenate,
    each="arrays",
    kinds="fc",
    examples=lambda r: [
        at((r(2), r(3))),
        at((r(2, 3), r(1, 3))),
        at((r(2, 3), r(2, 2)), axis=-1),
        at((r(2), r(2, 2)), axis=None),
    ],
)
def concatenate_bar(arrays, axis=0, *, i, out_bar):
    if axis is None:
        start = sum([np.size(a) for a in arrays[:i]])
        return np.reshape(out_bar[start : start + np.size(arrays[i])], np.shape(arrays[i]))
    start = sum([np.shape(a)[axis] for a in arrays[:i]])
    return cut(out_bar, start, start + np.shape(arrays[i])[axis], axis)


@pullback(
    np.stack,
    each="arrays",
    kinds="fc",
    examples=lambda r: [at((r(3), r(3))), at((r(2, 3), r(2, 3)), axis=-1), at((r(), r()))],
)
def stack_bar(arrays, axis=0, *, i, out_bar):
    return np.take(out_bar, i, axis)


linear(np.concatenate, np.stack, in_="arrays")


@form(np.concatenate, given="dtype")
def concatenate_as(arrays, axis=0, *, dtype):
    return np.concatenate(arrays, axis).astype(dtype)


@expansion(np.vstack, examples=lambda r: [at((r(3), r(3))), at((r(2, 3), r(1, 3))), at((r(), r()))])
def vstack(tup):
    return np.concatenate([np.atleast_2d(a) for a in tup], axis=0)


@expansion(np.hstack, examples=lambda r: [at((r(3), r(2))), at((r(2, 3), r(2, 1))), at((r(), r(2)))])
def hstack(tup):
    rows = [np.atleast_1d(a) for a in tup]
    return np.concatenate(rows, axis=0 if rows[0].ndim == 1 else 1)


@expansion(np.dstack, examples=lambda r: [at((r(3), r(3))), at((r(2, 3), r(2, 3))), at((r(2, 3, 1), r(2, 3)))])
def dstack(tup):
    return np.concatenate([np.atleast_3d(a) for a in tup], axis=2)


@expansion(np.column_stack, examples=lambda r: [at((r(3), r(3))), at((r(3, 2), r(3)))])
def column_stack(tup):
    return np.concatenate([np.reshape(a, (-1, 1)) if np.ndim(a) < 2 else a for a in tup], axis=1)


@expansion(
    np.block,
    examples=lambda r: [
        at([r(2), r(3)]),
        at([[r(2, 2), r(2, 1)], [r(1, 2), r(1, 1)]]),
        at([r(), r(2)]),
        at([[r(2, 3)], [r(3)]]),
        at([[[r(2)], [r(2)]], [[r(2)], [r(1, 2)]]]),
        at([[[r(1, 2, 2), r(1, 2, 1)]], [[r(2, 2, 2), r(2, 2, 1)]]]),
        at([[[r(2, 3)]], [[r(2, 3)]]]),
    ],
)
def block(arrays):
    if not isinstance(arrays, list):
        return np.array(arrays)
    depth = nesting(arrays)
    return joined(arrays, depth, max(depth, highest_rank(arrays)))


def nesting(part):
    """How deep lists are nested."""
    return 1 + nesting(part[0]) if isinstance(part, list) else 0


def highest_rank(part):
    return max([highest_rank(p) for p in part]) if isinstance(part, list) else np.ndim(part)


def joined(part, depth, rank):
    """The innermost lists are joined along the last axis, those around them along the one before, and so on."""
    if isinstance(part, list) != (depth > 0):
        raise ValueError("List depths are mismatched.")
    if depth == 0:
        return at_rank(part, rank)
    return np.concatenate([joined(p, depth - 1, rank) for p in part], axis=-depth)


def rows(*parts):
    """What `numpy.r_` makes of its items."""
    return np.concatenate([np.atleast_1d(part) for part in parts], axis=0)


def columns(*parts):
    """What `numpy.c_` makes of its items."""
    return np.concatenate([np.reshape(p, (-1, 1)) if np.ndim(p) < 2 else p for p in parts], axis=-1)


def at_rank(a, rank):
    """`a` with axes of extent 1 in front, so that it has `rank` of them."""
    return np.reshape(a, (1,) * (rank - np.ndim(a)) + np.shape(a)) if np.ndim(a) < rank else a


@expansion(
    np.append,
    wrt=("arr", "values"),
    examples=lambda r: [at(r(3), r(2)), at(r(2, 3), r()), at(r(2, 3), r(1, 3), axis=0)],
)
def append(arr, values, axis=None):
    if axis is None:
        added = np.ravel(values) if np.ndim(values) else np.array([values])  # Numba ravels no numbers
        return np.concatenate((np.ravel(arr), added))
    return np.concatenate((arr, values), axis=axis)


# ---- splitting ----


def cut(a, low, high, axis):
    """The part ``low:high`` of `a` along `axis`, a view."""
    if axis == 0:
        return a[low:high]
    if axis == 1:
        return a[:, low:high]
    if axis == -1:
        return a[..., low:high]
    return np.moveaxis(np.moveaxis(a, axis, 0)[low:high], 0, axis)


@expansion(
    np.split,
    examples=lambda r: [
        at(r(6), 3),
        at(r(2, 4), 2, axis=1),
        at(r(6), [1, 4]),
        at(r(2, 3, 4), 2, -1),
        at(r(2, 4, 3), 2, axis=-2),
    ],
)
def split(ary, indices_or_sections, axis=0):
    if isinstance(indices_or_sections, int):
        if ary.shape[axis] % indices_or_sections != 0:
            raise ValueError("array split does not result in an equal division")
        size = ary.shape[axis] // indices_or_sections
        return [cut(ary, k * size, (k + 1) * size, axis) for k in range(indices_or_sections)]
    return array_split(ary, indices_or_sections, axis)


@expansion(np.array_split, examples=lambda r: [at(r(7), 3), at(r(2, 5), 2, axis=1), at(r(6), [1, 4])])
def array_split(ary, indices_or_sections, axis=0):
    n = ary.shape[axis]
    if isinstance(indices_or_sections, int):
        size, more = n // indices_or_sections, n % indices_or_sections
        ends = [k * size + min(k, more) for k in range(indices_or_sections + 1)]
    else:
        ends = [0, *indices_or_sections, n]
    return [cut(ary, ends[k], ends[k + 1], axis) for k in range(len(ends) - 1)]


@expansion(np.vsplit, examples=lambda r: [at(r(4, 3), 2)])
def vsplit(ary, indices_or_sections):
    return split(ary, indices_or_sections, 0)


@expansion(np.hsplit, examples=lambda r: [at(r(4, 6), 2), at(r(6), 2)])
def hsplit(ary, indices_or_sections):
    return split(ary, indices_or_sections, 0 if ary.ndim == 1 else 1)


@expansion(np.dsplit, examples=lambda r: [at(r(2, 3, 4), 2)])
def dsplit(ary, indices_or_sections):
    return split(ary, indices_or_sections, 2)


@expansion("numpy.unstack", examples=lambda r: [at(r(3, 2)), at(r(2, 3), axis=1)])
def unstack(x, axis=0):
    turned = np.moveaxis(x, axis, 0)
    return tuple([turned[k] for k in range(turned.shape[0])])


# ---- broadcasting ----


@expansion(np.broadcast_arrays, examples=lambda r: [at(r(3), r(2, 1)), at(r(3), r())])
def broadcast_arrays(*args):
    shape = np.broadcast_shapes(*[np.shape(a) for a in args])
    return tuple([np.broadcast_to(a, shape) for a in args])


@expansion(
    np.meshgrid,
    examples=lambda r: [
        at(r(3), r(2)),
        at(r(3), r(2), indexing="ij"),
        at(r(3), r(2), sparse=True),
        at(r(3), r(2), r(4)),
        at(r(3)),
    ],
)
def meshgrid(*xi, sparse=False, indexing="xy", copy=True):
    count = len(xi)
    places = [1 - k if indexing == "xy" and count > 1 and k < 2 else k for k in range(count)]
    grids = [np.reshape(x, (1,) * p + (-1,) + (1,) * (count - 1 - p)) for x, p in zip(xi, places)]
    if sparse:
        return tuple([np.copy(g) for g in grids])
    shape = np.broadcast_shapes(*[g.shape for g in grids])
    return tuple([np.copy(np.broadcast_to(g, shape)) for g in grids])


def dense_grid(*axes):
    """``np.mgrid`` of several ranges."""
    return np.stack(np.meshgrid(*axes, indexing="ij"))


def open_grid(*axes):
    """``np.ogrid`` of several ranges."""
    return np.meshgrid(*axes, sparse=True, indexing="ij")


def spaced(start, stop, count):
    """``np.mgrid[start : stop : count * 1j]``."""
    step = (stop - start) / (count - 1) if count > 1 else stop - start
    return np.arange(count) * step + start


# ---- padding, inserting, deleting ----


def margins(r):
    a = r(3, 4)
    modes = [at(a, 2, mode) for mode in ("edge", "reflect", "symmetric", "wrap")]
    return [at(a, 1), at(a, ((1, 0), (0, 2))), at(r(3), (2, 1), constant_values=5.0), at(r(3), 7, "reflect"), *modes]


@pullback(np.pad, kinds="fc", examples=margins, notes="every mode but empty; reflect_type even")
def pad_bar(array, pad_width, mode="constant", *, constant_values=0, out_bar):
    return helpers.pad_adjoint(array, pad_width, mode, out_bar)


@pushforward(np.pad, wrt=("array",))
def pad_dot(array, pad_width, mode="constant", *, constant_values=0, array_dot):
    return np.pad(array_dot, pad_width, mode)


def pad_computed(
    array, pad_width, mode="constant", *, constant_values=0, end_values=0, stat_length=None, reflect_type="even"
):
    """`np.pad` in the modes whose margin is computed, axis by axis as `numpy.pad` does it."""
    for axis in range(array.ndim):
        before, after = pair(pad_width, axis)
        if mode == "constant":
            first, last = pair(constant_values, axis)
            lines = [filled(array, first, before, axis), filled(array, last, after, axis)]
        elif mode == "linear_ramp":
            first, last = pair(end_values, axis)
            lines = [ramp(array, first, before, axis, 0), ramp(array, last, after, axis, 1)]
        else:
            length = (None, None) if stat_length is None else pair(stat_length, axis)
            n = array.shape[axis]
            head = cut(array, 0, n if length[0] is None else min(length[0], n), axis)
            tail = cut(array, 0 if length[1] is None else n - min(length[1], n), n, axis)
            lines = [repeated(head, mode, before, axis), repeated(tail, mode, after, axis)]
        array = np.concatenate((lines[0], array, lines[1]), axis=axis)
    return array


def pad_odd(array, pad_width, mode="reflect"):
    """Margins reflected at the edge's own value: ``2 * edge - mirrored``, axis by axis as `numpy.pad` does it."""
    for axis in range(array.ndim):
        before, after = pair(pad_width, axis)
        margins = [(before, after) if k == axis else (0, 0) for k in range(array.ndim)]
        n = array.shape[axis]
        if before >= n or after >= n:
            raise ValueError("np.pad: with reflect_type='odd' a margin must be narrower than the array")
        mirrored = np.pad(array, margins, mode)
        first, last = cut(array, 0, 1, axis), cut(array, n - 1, n, axis)
        head = 2 * first - cut(mirrored, 0, before, axis)
        tail = 2 * last - cut(mirrored, before + n, before + n + after, axis)
        array = np.concatenate((head, array, tail), axis=axis)
    return array


def pair(value, axis):
    """What an option of `np.pad` says of both ends of an axis: a number, a pair, or a pair for every axis."""
    if not isinstance(value, (tuple, list)):
        return value, value
    first = value[0]
    if isinstance(first, (tuple, list)):
        own = value[axis] if len(value) > 1 else first
        return own[0], own[-1]
    return first, value[-1]


def filled(a, value, width, axis):
    return np.broadcast_to(value, (*a.shape[:axis], width, *a.shape[axis + 1 :]))


def ramp(a, end, width, axis, side):
    """Lines that lead from the number `end` to the first (side 0) or from the last line of `a` (side 1)."""
    n = a.shape[axis]
    edge = np.squeeze(cut(a, n - 1, n, axis) if side else cut(a, 0, 1, axis), axis)
    lines = np.moveaxis(np.linspace(end, edge, width, False), 0, axis)
    return np.flip(lines, axis) if side else lines


def repeated(part, mode, width, axis):
    """A statistic of the lines of `part`, `width` times."""
    if mode == "maximum":
        value = np.max(part, axis=axis, keepdims=True)
    elif mode == "minimum":
        value = np.min(part, axis=axis, keepdims=True)
    elif mode == "mean":
        value = np.mean(part, axis=axis, keepdims=True)
    else:
        value = np.median(part, axis=axis, keepdims=True)
    return np.repeat(value, width, axis)


@pullback(
    np.delete,
    kinds="fc",
    examples=lambda r: [at(r(5), 1), at(r(5), [0, 3]), at(r(3, 4), 1, axis=1), at(r(2, 3), 2), at(r(5), slice(1, 3))],
)
def delete_bar(arr, obj, axis=None, *, out_bar):
    kept = np.delete(np.arange(arr.size if axis is None else arr.shape[axis]), obj)
    return helpers.take_adjoint(arr, kept, axis, out_bar)


linear(np.delete, in_="arr")


@expansion(
    np.insert,
    wrt=("arr", "values"),
    examples=lambda r: [
        at(r(4), 1, r()),
        at(r(4), 2, r(2)),
        at(r(2, 3), 1, r(2), axis=1),
        at(r(2, 3), 3, r()),
        at(r(4), -1, r()),
        at(r(4), [1, 3, 1], r(3)),
        at(r(2, 3), [0, 2], r(2, 2), axis=1),
        at(r(2, 3), [0, 2], r(), axis=0),
        at(r(4), np.array([True, False, False, True]), r(2)),
    ],
)
def insert(arr, obj, values, axis=None):
    a = np.ravel(arr) if axis is None else arr
    axis = 0 if axis is None else axis % a.ndim
    v = np.reshape(values, (1,) * (a.ndim - np.ndim(values)) + np.shape(values))
    if np.ndim(obj) == 0:
        if obj > 0 and obj > a.shape[axis] or obj < 0 and -obj > a.shape[axis]:
            raise IndexError("numpy.insert: the index is out of bounds")
        v = np.moveaxis(v, 0, axis)
        v = np.broadcast_to(v, (*a.shape[:axis], v.shape[axis], *a.shape[axis + 1 :]))
        return np.concatenate((cut(a, None, obj, axis), v, cut(a, obj, None, axis)), axis=axis)
    count = int(np.sum(obj)) if np.asarray(obj).dtype == bool else len(obj)
    v = np.broadcast_to(v, (*a.shape[:axis], count, *a.shape[axis + 1 :]))
    order = helpers.inserted_order(a.shape[axis], obj, count)
    return np.take(np.concatenate((a, v), axis=axis), order, axis)


@expansion(np.resize, examples=lambda r: [at(r(3), (2, 4)), at(r(2, 3), 4)])
def resize(a, new_shape):
    if (min(new_shape) if isinstance(new_shape, tuple) else new_shape) < 0:
        raise ValueError("all elements of `new_shape` must be non-negative")
    return np.reshape(np.take(a, np.arange(np.prod(new_shape)) % a.size), new_shape)


# ---- numbers laid out ----


@pullback(np.full, wrt=("fill_value",), kinds="fc", examples=lambda r: [at((2, 3), r()), at((2, 3), r(3))])
def full_bar(shape, fill_value, dtype=None, order="C", *, out_bar):
    return out_bar


@pullback(
    np.full_like,
    wrt=("fill_value",),
    inert=("a",),
    kinds="fc",
    examples=lambda r: [at(r(2, 3), r()), at(r(2, 3), r(3))],
)
def full_like_bar(a, fill_value, dtype=None, order="K", *, out_bar):
    return out_bar


linear(np.full, np.full_like, in_="fill_value")


def ends(r):
    return [at(r(), r(), 5), at(r(), r(), 4, False), at(r(2), r(2), 3), at(r(), r(), 1)]


@pullback(np.linspace, wrt=("start", "stop"), kinds="fc", examples=ends)
def linspace_bar(start, stop, num=50, endpoint=True, *, dtype=None, out_bar):
    t = helpers.fractions(num, endpoint, out_bar)
    return (1.0 - t) * out_bar, t * out_bar


linear(np.linspace, in_="start, stop")


@form(np.linspace, given="axis")
def linspace_along(start, stop, num=50, endpoint=True, *, axis=0):
    return np.moveaxis(np.linspace(start, stop, num, endpoint), 0, axis)


@form(np.linspace, given="retstep")
def linspace_and_step(start, stop, num=50, endpoint=True, *, retstep=False):
    values = np.linspace(start, stop, num, endpoint)
    if not retstep:
        return values
    return values, (stop * 1.0 - start * 1.0) / (num - 1 if endpoint else num)


@expansion(np.logspace, wrt=("start", "stop"), examples=lambda r: [at(r(), r(), 5), at(r(), r(), 4, False, 2.0)])
def logspace(start, stop, num=50, endpoint=True, base=10.0):
    return np.power(base, np.linspace(start, stop, num, endpoint))


@pullback(
    np.geomspace, wrt=("start", "stop"), examples=lambda r: [at(r.positive(), r.positive(), 5), at(0.5, 4.0, 4, False)]
)
def geomspace_bar(start, stop, num=50, endpoint=True, *, out, out_bar):
    t = helpers.fractions(num, endpoint, out_bar)
    return (1.0 - t) * out * out_bar / start, t * out * out_bar / stop


@pushforward(np.geomspace)
def geomspace_dot(start, stop, num=50, endpoint=True, *, out, start_dot, stop_dot):
    t = helpers.fractions(num, endpoint, out)
    return out * ((1.0 - t) * (start_dot / start) + t * (stop_dot / stop))


@form(np.geomspace, given="axis")
def geomspace_along(start, stop, num=50, endpoint=True, *, axis=0):
    return np.moveaxis(np.geomspace(start, stop, num, endpoint), 0, axis)


@pullback(np.arange, wrt=("start", "stop", "step"), examples=lambda r: [at(0.3, 4.0, 0.7), at(0.3, 3.0), at(4.5)])
def arange_bar(start, stop=None, step=1, *, dtype=None, out_bar):
    if stop is None:
        return 0.0, 0.0, 0.0
    return out_bar, 0.0, np.sum(out_bar * np.arange(out_bar.size))


@pushforward(np.arange)
def arange_dot(start, stop=None, step=1, *, dtype=None, out, start_dot, stop_dot, step_dot):
    if stop is None:
        return np.zeros_like(out)
    return np.zeros_like(out) + start_dot + step_dot * np.arange(out.size)


constant(np.ix_)
