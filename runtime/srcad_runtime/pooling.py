"""Pooling of images (n, channels, height, width), as torch.nn.functional has it.

Max pooling gives the adjoint of a window to its first largest element. The pushforward of one kind of pooling is the
adjoint of its pullback, so that derivatives of any order are made of the functions here.
"""

from __future__ import annotations

import numpy as np

from srcad_runtime.windows import Array, Pair, Size, pair, place, positions, reach, take, views

Frame = tuple[Pair, Pair, Pair, int, int, int, int]


def max_pool2d(
    x: Array,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> Array:
    """The largest element of each window; `stride` defaults to `kernel_size`.

    Shapes: x (n, c, h, w); returns (n, c, rows, cols).

    Raises:
        ValueError: if no window fits into x.
    """
    out, *others = _max_views(x, x, -np.inf, kernel_size, stride, padding, dilation, ceil_mode)[1]
    for view in others:
        out = np.maximum(out, view)
    return out if others else out.copy()


def max_pool2d_pullback(
    x: Array,
    largest: Array,
    g: Array,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> Array:
    """The adjoint of `x` (n, c, h, w) from that of ``largest = max_pool2d(x, ...)``, `g` (n, c, rows, cols)."""
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    _, seen = _max_views(x, x, -np.inf, *options)
    zeros = np.zeros(x.shape, g.dtype)
    image, adjoints = _max_views(x, zeros, 0.0, *options)
    free = np.ones(largest.shape, np.bool_)
    for view, view_bar in zip(seen, adjoints):
        first = (view == largest) & free
        view_bar += first * g
        free &= ~first
    top, left = pair(padding)
    return take(image, top, left, x.shape[2], x.shape[3])


def max_pool2d_pushforward(
    x: Array,
    largest: Array,
    v: Array,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> Array:
    """The tangent of ``largest = max_pool2d(x, ...)``: its `v` (n, c, h, w) where each window is largest."""
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    _, seen = _max_views(x, x, -np.inf, *options)
    _, tangents = _max_views(x, v, 0.0, *options)
    tangent = np.zeros(largest.shape, v.dtype)
    free = np.ones(largest.shape, np.bool_)
    for view, view_v in zip(seen, tangents):
        first = (view == largest) & free
        tangent += first * view_v
        free &= ~first
    return tangent


def avg_pool2d(
    x: Array,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Array:
    """The mean of each window; `stride` defaults to `kernel_size`.

    Shapes: x (n, c, h, w); returns (n, c, rows, cols). Zeros of the padding count unless `count_include_pad` is False.

    Raises:
        ValueError: if no window fits into x.
    """
    size = (x.shape[2], x.shape[3])
    kernel, step, one, top, left, rows, cols = _frame(size, kernel_size, stride, padding, 1, ceil_mode)
    image = place(x, top, left, reach(rows, kernel[0], step[0], 1), reach(cols, kernel[1], step[1], 1), 0.0)
    first, *others = views(image, kernel, step, one, rows, cols)
    total = first.copy()
    for view in others:
        total += view
    return total / _counts(size, kernel, step, (top, left), rows, cols, count_include_pad).astype(x.dtype)


def avg_pool2d_pullback(
    g: Array,
    size: Pair,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Array:
    """The adjoint of an image of `size` = (h, w) from the adjoint `g` of its `avg_pool2d`, (n, c, rows, cols)."""
    kernel, step, one, top, left, rows, cols = _frame(size, kernel_size, stride, padding, 1, ceil_mode)
    height, width = reach(rows, kernel[0], step[0], 1), reach(cols, kernel[1], step[1], 1)
    counts = _counts(size, kernel, step, (top, left), rows, cols, count_include_pad)
    share = g / counts.astype(g.dtype)
    image = np.zeros((g.shape[0], g.shape[1], height, width), g.dtype)
    for view_bar in views(image, kernel, step, one, rows, cols):
        view_bar += share
    return take(image, top, left, size[0], size[1])


def adaptive_avg_pool2d(x: Array, output_size: Size) -> Array:
    """The means of `output_size` = rows x cols nearly equal tiles of each image; 1 is global average pooling.

    Shapes: x (n, c, h, w); returns (n, c, rows, cols).
    """
    (rows, cols), (h, w) = pair(output_size), (x.shape[2], x.shape[3])
    out = np.empty((x.shape[0], x.shape[1], rows, cols), x.dtype)
    for i in range(rows):
        for j in range(cols):
            tile = x[:, :, i * h // rows : -(-(i + 1) * h // rows), j * w // cols : -(-(j + 1) * w // cols)]
            out[:, :, i, j] = tile.mean(axis=(2, 3))
    return out


def adaptive_avg_pool2d_pullback(g: Array, size: Pair) -> Array:
    """The adjoint of an image of `size` = (h, w) from that of its `adaptive_avg_pool2d`, `g` (n, c, rows, cols)."""
    n, c, rows, cols = g.shape
    h, w = size
    x_bar = np.zeros((n, c, h, w), g.dtype)
    for i in range(rows):
        for j in range(cols):
            tile = x_bar[:, :, i * h // rows : -(-(i + 1) * h // rows), j * w // cols : -(-(j + 1) * w // cols)]
            tile += g[:, :, i : i + 1, j : j + 1] / (tile.shape[2] * tile.shape[3])
    return x_bar


# ---- geometry ----


def _frame(size: Pair, kernel_size: Size, stride: Size | None, padding: Size, dilation: Size, ceil_mode: bool) -> Frame:
    """Kernel, stride and dilation as pairs, the padding in front (top, left), and the window positions (rows, cols)."""
    kernel, (top, left) = pair(kernel_size), pair(padding)
    step = kernel if stride is None else pair(stride)
    spread = pair(dilation)
    rows = positions(size[0], kernel[0], step[0], 2 * top, spread[0], ceil_mode)
    cols = positions(size[1], kernel[1], step[1], 2 * left, spread[1], ceil_mode)
    if rows < 1 or cols < 1:
        raise ValueError(f"pooling: kernel_size {kernel} with padding {(top, left)} does not fit images of {size}")
    return kernel, step, spread, top, left, rows, cols


def _max_views(
    like: Array,
    values: Array,
    fill: float,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    dilation: Size,
    ceil_mode: bool,
) -> tuple[Array, list[Array]]:
    """`values` in a frame of `fill`, and what each element of the kernel meets there."""
    size = (like.shape[2], like.shape[3])
    kernel, step, spread, top, left, rows, cols = _frame(size, kernel_size, stride, padding, dilation, ceil_mode)
    height, width = reach(rows, kernel[0], step[0], spread[0]), reach(cols, kernel[1], step[1], spread[1])
    image = place(values, top, left, height, width, fill)
    return image, views(image, kernel, step, spread, rows, cols)


def _counts(size: Pair, kernel: Pair, step: Pair, padding: Pair, rows: int, cols: int, include_pad: bool) -> Array:
    """By how many elements the sum of each window is divided: (rows, cols)."""
    down = _count(size[0], kernel[0], step[0], padding[0], rows, include_pad)
    across = _count(size[1], kernel[1], step[1], padding[1], cols, include_pad)
    return down[:, None] * across


def _count(size: int, kernel: int, step: int, padding: int, positions: int, include_pad: bool) -> Array:
    start = np.arange(positions) * step - padding
    stop = np.minimum(start + kernel, size + padding)
    if include_pad:
        return stop - start
    return np.minimum(stop, size) - np.maximum(start, 0)
