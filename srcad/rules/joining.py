"""Functions that join, split, pad and fill arrays, and those that lay out numbers."""

from __future__ import annotations

import numpy as np
from srcad_runtime import arrays as helpers

from srcad.rules.registry import at, constant, expansion, linear, pullback, pushforward

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
    return helpers.piece_of(out_bar, arrays, i, axis)


@pullback(
    np.stack,
    each="arrays",
    kinds="fc",
    examples=lambda r: [at((r(3), r(3))), at((r(2, 3), r(2, 3)), axis=-1), at((r(), r()))],
)
def stack_bar(arrays, axis=0, *, i, out_bar):
    return np.take(out_bar, i, axis)


linear(np.concatenate, np.stack, in_="arrays")


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
    return np.concatenate([np.reshape(a, (-1, 1)) if a.ndim < 2 else a for a in tup], axis=1)


@expansion(
    np.append,
    wrt=("arr", "values"),
    examples=lambda r: [at(r(3), r(2)), at(r(2, 3), r()), at(r(2, 3), r(1, 3), axis=0)],
)
def append(arr, values, axis=None):
    if axis is None:
        return np.concatenate((np.ravel(arr), np.ravel(values)))
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
    return tuple([np.take(x, k, axis) for k in range(x.shape[axis])])


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


# ---- padding, inserting, deleting ----


def margins(r):
    a = r(3, 4)
    modes = [at(a, 2, mode) for mode in ("edge", "reflect", "symmetric", "wrap")]
    return [at(a, 1), at(a, ((1, 0), (0, 2))), at(r(3), (2, 1), constant_values=5.0), at(r(3), 7, "reflect"), *modes]


@pullback(np.pad, kinds="fc", examples=margins, notes="modes constant, edge, reflect, symmetric, wrap")
def pad_bar(array, pad_width, mode="constant", *, constant_values=0, out_bar):
    return helpers.pad_adjoint(array, pad_width, mode, out_bar)


@pushforward(np.pad, wrt=("array",))
def pad_dot(array, pad_width, mode="constant", *, constant_values=0, array_dot):
    return np.pad(array_dot, pad_width, mode)


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
    notes="at one place",
    examples=lambda r: [
        at(r(4), 1, r()),
        at(r(4), 2, r(2)),
        at(r(2, 3), 1, r(2), axis=1),
        at(r(2, 3), 3, r()),
        at(r(4), -1, r()),
    ],
)
def insert(arr, obj, values, axis=None):
    a = np.ravel(arr) if axis is None else arr
    axis = 0 if axis is None else axis % a.ndim
    v = np.moveaxis(np.reshape(values, (1,) * (a.ndim - np.ndim(values)) + np.shape(values)), 0, axis)
    v = np.broadcast_to(v, (*a.shape[:axis], v.shape[axis], *a.shape[axis + 1 :]))
    return np.concatenate((cut(a, None, obj, axis), v, cut(a, obj, None, axis)), axis=axis)


@expansion(np.resize, examples=lambda r: [at(r(3), (2, 4)), at(r(2, 3), 4)])
def resize(a, new_shape):
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
