"""Adjoints of array functions that are more than one NumPy call; each names the function it belongs to."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcad_runtime.elements import Array, scatter_add

# ---- adjoints of reductions and running products ----


def tie_share(a: np.ndarray, top: Array, axis: Any) -> np.ndarray:
    """Which elements of `a` are the extreme `top` of their line along `axis`: 1 / ties there, 0 elsewhere.

    a: any shape; top: `a`'s maximum or minimum over `axis` (int, tuple or None), broadcastable against `a`.
    """
    kind = a.dtype if hasattr(a, "dtype") else np.result_type(a)
    chosen = np.equal(a, top).astype(kind)
    return chosen / chosen.sum(axis=axis, keepdims=True)


def reduceat_adjoint(array: np.ndarray, indices: Any, axis: int, g: Array) -> np.ndarray:
    """The adjoint of ``np.add.reduceat(array, indices, axis)``: each sum's adjoint to all elements of its slice.

    A slice ends before the next index, and has one element where the next index is not greater.
    """
    starts = np.asarray(indices)
    stops = np.append(starts[1:], array.shape[axis])
    total = np.zeros_like(g, shape=array.shape)
    lines, sums = np.moveaxis(total, axis, 0), np.moveaxis(np.broadcast_to(g, _reduced(array, starts, axis)), axis, 0)
    for k, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        lines[start : max(stop, start + 1)] += sums[k]
    return total


def _reduced(array: np.ndarray, starts: np.ndarray, axis: int) -> tuple[int, ...]:
    shape = list(array.shape)
    shape[axis] = starts.size
    return tuple(shape)


def prod_of_others(a: np.ndarray, axis: Any) -> np.ndarray:
    """For each element of `a` the product of the others along `axis` (int, tuple or None for all); no division."""
    if axis is None:
        return _exclusive_prod(np.ravel(a)).reshape(np.shape(a))
    if isinstance(axis, int):
        return np.moveaxis(_exclusive_prod(np.moveaxis(a, axis, 0)), 0, axis)
    front = tuple(range(len(axis)))
    moved = np.moveaxis(a, axis, front)
    lines = moved.reshape((-1, *moved.shape[len(axis) :]))
    return np.moveaxis(_exclusive_prod(lines).reshape(moved.shape), front, axis)


def prod_of_others_adjoint(a: np.ndarray, axis: Any, g: np.ndarray) -> np.ndarray:
    """The adjoint of ``prod_of_others(a, axis)``: each element's sum of `g` times the product without both."""
    if axis is None:
        return prod_of_others_adjoint(np.ravel(a), 0, np.ravel(g)).reshape(np.shape(a))
    lines, front, shape = _in_front(a, axis)
    lines_bar = _in_front(g, axis)[0]
    total = np.zeros_like(lines_bar)
    for i in range(lines.shape[0]):
        rest = lines.copy()
        rest[i] = 1.0
        others = _exclusive_prod(rest) * lines_bar[i]
        others[i] = 0.0
        total = total + others
    return np.moveaxis(total.reshape(shape), front, axis)


def prod_of_others_second(a: np.ndarray, axis: Any, g: np.ndarray, h: np.ndarray) -> np.ndarray:
    """The second derivative of ``prod_of_others(a, axis)`` along `g` and `h`, both of `a`'s shape.

    By products in numbers p + p_g e + p_h d + p_gh e d with e e = d d = 0: what stands before each element times what
    stands after it.
    """
    if axis is None:
        return prod_of_others_second(np.ravel(a), 0, np.ravel(g), np.ravel(h)).reshape(np.shape(a))
    (lines, front, shape), along, across = _in_front(a, axis), _in_front(g, axis)[0], _in_front(h, axis)[0]
    n = lines.shape[0]
    before, after = np.zeros((2, n, 4, *lines.shape[1:]), np.result_type(lines, along, across))
    before[:1, 0], after[n - 1 :, 0] = 1.0, 1.0
    for i in range(n - 1):
        before[i + 1] = _times(before[i], lines[i], along[i], across[i])
    for i in range(n - 1, 0, -1):
        after[i - 1] = _times(after[i], lines[i], along[i], across[i])
    total = sum(before[:, k] * after[:, 3 - k] for k in range(4))
    return np.moveaxis(np.asarray(total).reshape(shape), front, axis)


def _times(p: np.ndarray, a: Array, g: Array, h: Array) -> list[Array]:
    """(p + p_g e + p_h d + p_gh e d) (a + g e + h d)."""
    return [p[0] * a, p[1] * a + p[0] * g, p[2] * a + p[0] * h, p[3] * a + p[2] * g + p[1] * h]


def _in_front(a: np.ndarray, axis: Any) -> tuple[np.ndarray, tuple[int, ...], tuple[int, ...]]:
    """`a` with the axes in `axis` (an int or a tuple) as one first axis; where they went, and the shape then."""
    front = tuple(range(len(axis) if isinstance(axis, tuple) else 1))
    moved = np.moveaxis(a, axis, front)
    return moved.reshape((-1, *moved.shape[len(front) :])), front, moved.shape


def _exclusive_prod(lines: np.ndarray) -> np.ndarray:
    """Along axis 0: the product of what stands before each element times that of what stands after it."""
    before, after = np.ones_like(lines), np.ones_like(lines)
    before[1:] = np.cumprod(lines[:-1], axis=0)
    after[:-1] = np.cumprod(lines[:0:-1], axis=0)[::-1]
    return before * after


def cumprod_adjoint(a: np.ndarray, g: np.ndarray, axis: int | None) -> np.ndarray:
    """The adjoint of ``np.cumprod(a, axis)`` for the adjoint `g` of its value; exact where `a` has zeros."""
    if axis is None:
        return cumprod_adjoint(np.ravel(a), g, 0).reshape(np.shape(a))
    lines, lines_bar = np.moveaxis(a, axis, 0), np.moveaxis(g, axis, 0)
    a_bar, total = np.zeros_like(lines_bar), np.zeros_like(lines_bar[:1]).sum(axis=0)
    for i in range(lines.shape[0] - 1, -1, -1):
        total = lines_bar[i] + total * lines[i + 1] if i + 1 < lines.shape[0] else lines_bar[i]
        a_bar[i] = total
    a_bar[1:] *= np.cumprod(lines[:-1], axis=0)
    return np.moveaxis(a_bar, 0, axis)


def cumprod_tangent(a: np.ndarray, moves: np.ndarray, axis: int | None) -> np.ndarray:
    """The tangent of ``np.cumprod(a, axis)`` for the tangent `moves` of `a`; exact where `a` has zeros."""
    if axis is None:
        return cumprod_tangent(np.ravel(a), np.ravel(moves), 0)
    lines, lines_dot = np.moveaxis(a, axis, 0), np.moveaxis(moves, axis, 0)
    out_dot = np.zeros_like(lines_dot)
    value, tangent = np.ones_like(lines[:1]).prod(axis=0), np.zeros_like(lines_dot[:1]).sum(axis=0)
    for i in range(lines.shape[0]):
        tangent = tangent * lines[i] + value * lines_dot[i]
        value = value * lines[i]
        out_dot[i] = tangent
    return np.moveaxis(out_dot, 0, axis)


def cumprod_second(a: np.ndarray, moves: np.ndarray, g: np.ndarray, axis: int | None) -> np.ndarray:
    """The adjoint of `a` in ``cumprod_tangent(a, moves, axis)`` for the adjoint `g` of its value, in `a`'s shape."""
    if axis is None:
        return cumprod_second(np.ravel(a), np.ravel(moves), np.ravel(g), 0).reshape(np.shape(a))
    lines, dots, bars = np.moveaxis(a, axis, 0), np.moveaxis(moves, axis, 0), np.moveaxis(g, axis, 0)
    values, tangents = _before(np.cumprod(lines, axis=0), 1.0), _before(cumprod_tangent(lines, dots, 0), 0.0)
    a_bar = np.zeros_like(bars)
    value_bar, tangent_bar = np.zeros_like(bars[:1]).sum(axis=0), np.zeros_like(bars[:1]).sum(axis=0)
    for i in range(lines.shape[0] - 1, -1, -1):
        tangent_bar = tangent_bar + bars[i]
        a_bar[i] = tangent_bar * tangents[i] + value_bar * values[i]
        value_bar = tangent_bar * dots[i] + value_bar * lines[i]
        tangent_bar = tangent_bar * lines[i]
    return np.moveaxis(a_bar, 0, axis)


def cumprod_mixed(a: np.ndarray, v: np.ndarray, w: np.ndarray, axis: int | None) -> np.ndarray:
    """The second directional derivative of ``np.cumprod(a, axis)`` along `v` and `w`."""
    if axis is None:
        return cumprod_mixed(np.ravel(a), np.ravel(v), np.ravel(w), 0)
    lines, vs, ws = np.moveaxis(a, axis, 0), np.moveaxis(v, axis, 0), np.moveaxis(w, axis, 0)
    by_v, by_w = _before(cumprod_tangent(lines, vs, 0), 0.0), _before(cumprod_tangent(lines, ws, 0), 0.0)
    mixed = np.zeros_like(by_v)
    last = np.zeros_like(by_v[:1]).sum(axis=0)
    for i in range(lines.shape[0]):
        last = last * lines[i] + by_v[i] * ws[i] + by_w[i] * vs[i]
        mixed[i] = last
    return np.moveaxis(mixed, 0, axis)


def _before(lines: np.ndarray, first: float) -> np.ndarray:
    """Every line moved one place on, behind `first`."""
    moved = np.full_like(lines, first)
    moved[1:] = lines[:-1]
    return moved


def diff_adjoint(g: np.ndarray, n: int, axis: int) -> np.ndarray:
    """The adjoint of ``np.diff(a, n, axis)`` for the adjoint `g` of its value; `n` longer along `axis`."""
    widths = [(0, 0)] * np.ndim(g)
    widths[axis] = (n, n)
    return (-1.0) ** n * np.diff(np.pad(g, widths), n, axis)


def first_and_others(a: np.ndarray, axis: int) -> np.ndarray:
    """1 for the first element of each line along `axis` and -1 for the others, as ``np.subtract.reduce`` has them."""
    signs = np.full(a.shape[axis], -1.0, a.dtype)
    signs[:1] = 1.0
    return signs.reshape((-1,) + (1,) * (a.ndim - 1 - axis % a.ndim))


# ---- adjoints of functions that pick and place ----


def piece_of(whole: np.ndarray, arrays: Any, item: int, axis: int | None) -> np.ndarray:
    """The part of ``whole = np.concatenate(arrays, axis)`` that came from ``arrays[item]``, in its shape."""
    if axis is None:
        start = sum(np.size(a) for a in arrays[:item])
        return whole[start : start + np.size(arrays[item])].reshape(np.shape(arrays[item]))
    start = sum(a.shape[axis] for a in arrays[:item])
    rows = np.moveaxis(whole, axis, 0)[start : start + arrays[item].shape[axis]]
    return np.moveaxis(rows, 0, axis)


def diagonal_adjoint(a: np.ndarray, g: np.ndarray, offset: int, axis1: int, axis2: int) -> np.ndarray:
    """Zeros of `a`'s shape with `g` (diagonal last, or extent 1) written on the diagonal `offset` of two axes."""
    total = np.zeros_like(a, dtype=g.dtype)
    planes = np.moveaxis(total, (axis1, axis2), (-2, -1))
    i = np.arange(max(min(planes.shape[-2], planes.shape[-1] - offset) + min(offset, 0), 0))
    planes[..., i - min(offset, 0), i + max(offset, 0)] = g
    return total


def inserted_order(n: int, places: Any, count: int) -> np.ndarray:
    """Where the elements of ``np.insert`` come from: below `n` from the array, behind that from `count` new ones."""
    return np.insert(np.arange(n), places, np.arange(n, n + count))


def pad_adjoint(array: np.ndarray, pad_width: Any, mode: Any, g: np.ndarray) -> np.ndarray:
    """The adjoint of ``np.pad(array, pad_width, mode)``, in `array`'s shape.

    mode: "constant" (the margin's adjoint is dropped), or one that copies elements: edge, reflect, symmetric, wrap.
    """
    for axis, (before, after) in enumerate(np.broadcast_to(np.asarray(pad_width), (array.ndim, 2)).tolist()):
        n = array.shape[axis]
        if mode == "constant":
            g = np.take(g, np.arange(before, before + n), axis)
        elif mode in ("edge", "reflect", "symmetric", "wrap"):
            source = np.pad(np.arange(n), (before, after), mode)
            g = take_adjoint(np.empty_like(g, shape=(*g.shape[:axis], n, *g.shape[axis + 1 :])), source, axis, g)
        else:
            raise ValueError(f"np.pad with mode={mode!r} has no derivative here")
    return g


def repeat_adjoint(a: np.ndarray, g: np.ndarray, repeats: Any, axis: int | None) -> np.ndarray:
    """The adjoint of ``np.repeat(a, repeats, axis)``: sums over the repetitions, in `a`'s shape."""
    if axis is None:
        return repeat_adjoint(np.ravel(a), g, repeats, 0).reshape(a.shape)
    return take_adjoint(a, np.repeat(np.arange(a.shape[axis]), repeats), axis, g)


def tile_adjoint(a: np.ndarray, g: np.ndarray, reps: Any) -> np.ndarray:
    """The adjoint of ``np.tile(a, reps)``: sums over the tiles, in `a`'s shape."""
    counts = (reps,) if np.ndim(reps) == 0 else tuple(reps)
    counts = (1,) * (np.ndim(a) - len(counts)) + counts
    shape = (1,) * (len(counts) - np.ndim(a)) + np.shape(a)
    split = [n for pair in zip(counts, shape, strict=True) for n in pair]
    return g.reshape(split).sum(axis=tuple(range(0, 2 * len(counts), 2))).reshape(np.shape(a))


def take_adjoint(a: np.ndarray, indices: Any, axis: int | None, g: np.ndarray) -> np.ndarray:
    """The adjoint of ``np.take(a, indices, axis)``: `g` added where it was taken from, in `a`'s shape."""
    if axis is None:
        places = np.array(indices) if isinstance(indices, tuple) else indices  # a tuple would be several axes
        return scatter_add(np.ravel(a), places, g).reshape(np.shape(a))
    at = (slice(None),) * (axis % a.ndim)
    return scatter_add(a, (*at, indices), g)


def take_along_axis_adjoint(a: np.ndarray, indices: np.ndarray, axis: int | None, g: np.ndarray) -> np.ndarray:
    """The adjoint of ``np.take_along_axis(a, indices, axis)``: `g` added where it was taken from, in `a`'s shape."""
    if axis is None:
        return take_adjoint(a, indices, None, g)
    at = list(np.ogrid[tuple(slice(n) for n in np.broadcast_shapes(_without(a, axis), _without(indices, axis)))])
    at[axis % a.ndim] = np.broadcast_to(indices, np.broadcast_shapes(indices.shape, _without(a, axis)))
    return scatter_add(a, tuple(at), g)


def _without(a: np.ndarray, axis: int) -> tuple[int, ...]:
    """`a`'s shape with extent 1 along `axis`."""
    axis = axis % a.ndim
    return (*a.shape[:axis], 1, *a.shape[axis + 1 :])


def last_change(out: np.ndarray, axis: int) -> np.ndarray:
    """For a running maximum or minimum `out`, where along `axis` each of its values was met first."""
    rows = np.moveaxis(out, axis, 0)
    new = np.ones(rows.shape, dtype=bool)
    new[1:] = rows[1:] != rows[:-1]
    places = np.arange(rows.shape[0]).reshape((-1,) + (1,) * (rows.ndim - 1))
    return np.moveaxis(np.maximum.accumulate(np.where(new, places, 0), axis=0), 0, axis)


def fractions(num: int, endpoint: bool, like: np.ndarray) -> np.ndarray:
    """How far along each of `num` numbers of a linspace is, from 0 to 1, ready to be multiplied with `like`."""
    steps = np.linspace(0.0, 1.0, num, endpoint, dtype=like.dtype)
    return steps.reshape((-1,) + (1,) * (like.ndim - 1))


def gradient_on(f: np.ndarray, x: np.ndarray, axis: int, edge_order: Any) -> Any:
    """``np.gradient(f, x, axis=axis, edge_order=edge_order)`` for coordinates `x`."""
    return np.gradient(f, x, axis=axis, edge_order=edge_order)


def gradient_on_adjoint(g: np.ndarray, x: np.ndarray, axis: int, edge_order: int) -> np.ndarray:
    """The adjoint of `f` in ``gradient_on(f, x, axis, edge_order)`` for the adjoint `g` of its value."""
    rows = np.moveaxis(g, axis, 0)
    total = np.zeros_like(rows)
    for neighbours, weights in zip(*_difference_weights(np.diff(x), edge_order)):
        np.add.at(total, neighbours, weights.reshape((-1,) + (1,) * (rows.ndim - 1)) * rows)
    return np.moveaxis(total, 0, axis)


def _difference_weights(d: np.ndarray, edge_order: int) -> tuple[np.ndarray, np.ndarray]:
    """The three neighbours each difference is made of and their weights, (3, n) both; `d` distances, (n - 1,)."""
    n = d.shape[0] + 1
    first = np.clip(np.arange(n) - 1, 0, max(n - 3, 0))
    neighbours = np.minimum(first + np.arange(3)[:, None], n - 1)
    weights = np.zeros((3, n))
    p, q = d[:-1], d[1:]
    weights[:, 1:-1] = -q / (p * (p + q)), (q - p) / (p * q), p / (q * (p + q))
    if edge_order == 2:
        p, q = d[0], d[1]
        weights[:, 0] = -(2 * p + q) / (p * (p + q)), (p + q) / (p * q), -p / (q * (p + q))
        p, q = d[-2], d[-1]
        weights[:, -1] = q / (p * (p + q)), -(q + p) / (p * q), (2 * q + p) / (q * (p + q))
        return neighbours, weights
    weights[:2, 0] = -1.0 / d[0], 1.0 / d[0]
    last = neighbours[:, -1].tolist().index(n - 1)
    weights[:, -1] = 0.0
    weights[last - 1, -1], weights[last, -1] = -1.0 / d[-1], 1.0 / d[-1]
    return neighbours, weights


# ---- adjoints of products ----


def spread_diagonals(a: np.ndarray, g: Array, subscripts: str) -> np.ndarray:
    """Zeros of `a`'s shape with `g` written on the diagonals that ``np.einsum(subscripts, a)`` reads."""
    total = np.zeros_like(g, shape=np.shape(a))
    np.einsum(subscripts, total)[...] = g
    return total


def uncut(g: np.ndarray, n: int, m: int, mode: str) -> np.ndarray:
    """`g`, the adjoint of a convolution of lengths `n` and `m` in `mode`, at its place in the full convolution.

    A negative `m` says that the function is a correlation, which cuts the other way round where `m` is longer.
    """
    if mode == "full":
        return g
    start = _cut_start(n, m, mode)
    total = np.zeros_like(g, shape=n + abs(m) - 1)
    total[start : start + g.shape[0]] = g
    return total


def cut(g: np.ndarray, n: int, m: int, mode: str) -> np.ndarray:
    """The part of a full convolution of lengths `n` and `m` that `mode` leaves; the reverse of `uncut`."""
    if mode == "full":
        return g
    start = _cut_start(n, m, mode)
    return g[start : start + _cut_length(n, abs(m), mode)]


def _cut_start(n: int, m: int, mode: str) -> int:
    short = min(n, abs(m))
    start = short - 1 if mode == "valid" else (short - 1) // 2
    return n - m - 1 - start - _cut_length(n, -m, mode) if 0 <= n < -m else start


def _cut_length(n: int, m: int, mode: str) -> int:
    return max(n, m) if mode == "same" else abs(n - m) + 1


def falling(n: int, like: np.ndarray) -> np.ndarray:
    """``n, n - 1, ..., 1`` in `like`'s type: the exponents of a polynomial's coefficients but the last."""
    return np.arange(n, 0, -1).astype(like.dtype)


def _interp_place(x: Array, xp: np.ndarray) -> tuple[Array, Array]:
    """The segment of `xp` each `x` lies in (the nearest for those outside), and its place in it from 0 to 1.

    Raises ValueError where `xp` decreases: what ``np.interp`` gives then depends on how it searches.
    """
    if np.any(xp[1:] < xp[:-1]):
        raise ValueError("np.interp has no derivative where xp does not increase")
    j = np.clip(np.searchsorted(xp, x, "right") - 1, 0, xp.shape[0] - 2)
    return j, np.clip((x - xp[j]) / (xp[j + 1] - xp[j]), 0.0, 1.0)


def interp_slope(x: Array, xp: np.ndarray, fp: np.ndarray) -> Array:
    """The derivative of ``np.interp(x, xp, fp)`` by `x`: the slope of the segment, 0 outside."""
    j, _ = _interp_place(x, xp)
    inside = (x >= xp[0]) & (x <= xp[-1])
    return np.where(inside, (fp[j + 1] - fp[j]) / (xp[j + 1] - xp[j]), 0.0)[()]


def interp_adjoint(x: Array, xp: np.ndarray, g: Array, below: bool, above: bool) -> np.ndarray:
    """`g` shared out among the two ends of the segment of `xp` each `x` lies in: the adjoint of the `fp` of interp.

    below, above: whether values outside take the value of the end, or one that does not depend on `fp`.
    """
    j, t = _interp_place(x, xp)
    used = (below | (x >= xp[0])) & (above | (x <= xp[-1]))
    g = np.where(used, g, 0.0)
    return scatter_add(xp, j, (1.0 - t) * g) + scatter_add(xp, j + 1, t * g)


def interp_slope_adjoint(x: Array, xp: np.ndarray, g: Array) -> np.ndarray:
    """The adjoint of `fp` in ``interp_slope(x, xp, fp)`` for the adjoint `g` of its value."""
    j, _ = _interp_place(x, xp)
    g = np.where((x >= xp[0]) & (x <= xp[-1]), g / (xp[j + 1] - xp[j]), 0.0)
    return scatter_add(xp, j + 1, g) - scatter_add(xp, j, g)
