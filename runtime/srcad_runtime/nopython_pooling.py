"""Numba's loops for pooling."""

# mypy: allow-untyped-defs, allow-untyped-calls
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

import numpy as np

from srcad_runtime import pooling, windows
from srcad_runtime.jitting import overload, register_jitable
from srcad_runtime.outlined import outlined, whole

register_jitable(pooling._count)
register_jitable(pooling._counts)


@overload(pooling._frame)
def _overload_frame(size, kernel_size, stride, padding, dilation, ceil_mode):
    def frame(size, kernel_size, stride, padding, dilation, ceil_mode):
        kernel, step = windows.pair(kernel_size), windows.pair(kernel_size)
        if stride is not None:
            step = windows.pair(stride)
        top, left = windows.pair(padding)
        spread = windows.pair(dilation)
        rows = windows.positions(size[0], kernel[0], step[0], 2 * top, spread[0], ceil_mode)
        cols = windows.positions(size[1], kernel[1], step[1], 2 * left, spread[1], ceil_mode)
        if rows < 1 or cols < 1:
            raise ValueError("pooling: kernel_size does not fit the images")
        return kernel, step, spread, top, left, rows, cols

    return frame


@register_jitable
def _largest(image, y0, x0, kernel, spread):
    """Where the first largest element of a window lies in an image (h, w): its number in reading order, -1 if none."""
    h, w = image.shape
    best, at = -np.inf, -1
    for i in range(kernel[0]):
        y = y0 + i * spread[0]
        if 0 <= y < h:
            for j in range(kernel[1]):
                x = x0 + j * spread[1]
                if 0 <= x < w:
                    value = image[y, x]
                    if at < 0 or value > best or value != value:  # nan is larger than everything
                        best, at = value, y * w + x
    return at


@register_jitable
def _largest_of_four(image, y, x):
    """`_largest` of the window of two by two pixels at (y, x), which lies in the image."""
    w = image.shape[1]
    best, at = image[y, x], y * w + x
    for i, j in ((0, 1), (1, 0), (1, 1)):
        value = image[y + i, x + j]
        if value > best or value != value:
            best, at = value, (y + i) * w + x + j
    return at


@register_jitable
def _find(image, y0, x0, kernel, spread):
    if kernel == (2, 2) and spread == (1, 1) and 0 <= y0 < image.shape[0] - 1 and 0 <= x0 < image.shape[1] - 1:
        return _largest_of_four(image, y0, x0)
    return _largest(image, y0, x0, kernel, spread)


@outlined
def _pool(x, v, kernel, step, spread, front, count):
    """What `v` holds where each window of `x` is largest: (n, c, rows, cols); minus infinity where a window is empty.

    v: as x (n, c, h, w).
    """
    n, c, h, w = x.shape
    images, values = x.reshape(n * c, h, w), v.reshape(n * c, h * w)
    out = np.empty((n * c, count[0], count[1]), v.dtype)
    for k in range(n * c):
        for i in range(count[0]):
            for j in range(count[1]):
                at = _find(images[k], i * step[0] - front[0], j * step[1] - front[1], kernel, spread)
                out[k, i, j] = values[k, at] if at >= 0 else -np.inf
    return out.reshape(n, c, count[0], count[1])


@outlined
def _unpool(x, g, kernel, step, spread, front):
    """The sum of `g` (n, c, rows, cols) where its windows of x (n, c, h, w) are largest: (n, c, h, w)."""
    n, c, h, w = x.shape
    rows, cols = g.shape[2], g.shape[3]
    images, adjoints = x.reshape(n * c, h, w), g.reshape(n * c, rows, cols)
    out = np.zeros((n * c, h * w), g.dtype)
    for k in range(n * c):
        for i in range(rows):
            for j in range(cols):
                at = _find(images[k], i * step[0] - front[0], j * step[1] - front[1], kernel, spread)
                if at >= 0:
                    out[k, at] += adjoints[k, i, j]
    return out.reshape(n, c, h, w)


@overload(pooling.max_pool2d)
def _overload_max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
        size = (x.shape[2], x.shape[3])
        kernel, step, spread, top, left, rows, cols = pooling._frame(
            size, kernel_size, stride, padding, dilation, ceil_mode
        )
        image = whole(x)
        return _pool(image, image, kernel, step, spread, (top, left), (rows, cols))

    return max_pool2d


@overload(pooling.max_pool2d_pullback)
def _overload_max_pool2d_pullback(x, largest, g, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    def max_pool2d_pullback(x, largest, g, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
        size = (x.shape[2], x.shape[3])
        kernel, step, spread, top, left, _, _ = pooling._frame(size, kernel_size, stride, padding, dilation, ceil_mode)
        return _unpool(whole(x), whole(g), kernel, step, spread, (top, left))

    return max_pool2d_pullback


@overload(pooling.max_pool2d_pushforward)
def _overload_max_pool2d_pushforward(x, largest, v, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    def max_pool2d_pushforward(x, largest, v, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
        size = (x.shape[2], x.shape[3])
        kernel, step, spread, top, left, rows, cols = pooling._frame(
            size, kernel_size, stride, padding, dilation, ceil_mode
        )
        return _pool(whole(x), whole(v), kernel, step, spread, (top, left), (rows, cols))

    return max_pool2d_pushforward


@register_jitable
def _inside(start, length, size):
    """The part of a window that lies in an axis."""
    return max(start, 0), min(start + length, size)


@overload(pooling.avg_pool2d)
def _overload_avg_pool2d(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    def avg_pool2d(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
        size = (x.shape[2], x.shape[3])
        kernel, step, _, top, left, rows, cols = pooling._frame(size, kernel_size, stride, padding, 1, ceil_mode)
        counts = pooling._counts(size, kernel, step, (top, left), rows, cols, count_include_pad)
        out = np.empty((x.shape[0], x.shape[1], rows, cols), x.dtype)
        for s in range(x.shape[0]):
            for c in range(x.shape[1]):
                for i in range(rows):
                    first, last = _inside(i * step[0] - top, kernel[0], size[0])
                    for j in range(cols):
                        start, stop = _inside(j * step[1] - left, kernel[1], size[1])
                        total = 0.0
                        for y in range(first, last):
                            for z in range(start, stop):
                                total += x[s, c, y, z]
                        out[s, c, i, j] = total / counts[i, j]
        return out

    return avg_pool2d


@overload(pooling.avg_pool2d_pullback)
def _overload_avg_pool2d_pullback(
    g, size, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True
):
    def avg_pool2d_pullback(g, size, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
        kernel, step, _, top, left, rows, cols = pooling._frame(size, kernel_size, stride, padding, 1, ceil_mode)
        counts = pooling._counts(size, kernel, step, (top, left), rows, cols, count_include_pad)
        x_bar = np.zeros((g.shape[0], g.shape[1], size[0], size[1]), g.dtype)
        for s in range(g.shape[0]):
            for c in range(g.shape[1]):
                for i in range(rows):
                    first, last = _inside(i * step[0] - top, kernel[0], size[0])
                    for j in range(cols):
                        start, stop = _inside(j * step[1] - left, kernel[1], size[1])
                        share = g[s, c, i, j] / counts[i, j]
                        for y in range(first, last):
                            for z in range(start, stop):
                                x_bar[s, c, y, z] += share
        return x_bar

    return avg_pool2d_pullback


@register_jitable
def _tile(i, count, size):
    """Where tile i of `count` starts and stops in an axis."""
    return i * size // count, -(-(i + 1) * size // count)


@overload(pooling.adaptive_avg_pool2d)
def _overload_adaptive_avg_pool2d(x, output_size):
    def adaptive_avg_pool2d(x, output_size):
        rows, cols = windows.pair(output_size)
        out = np.empty((x.shape[0], x.shape[1], rows, cols), x.dtype)
        for s in range(x.shape[0]):
            for c in range(x.shape[1]):
                for i in range(rows):
                    first, last = _tile(i, rows, x.shape[2])
                    for j in range(cols):
                        start, stop = _tile(j, cols, x.shape[3])
                        total = 0.0
                        for y in range(first, last):
                            for z in range(start, stop):
                                total += x[s, c, y, z]
                        out[s, c, i, j] = total / ((last - first) * (stop - start))
        return out

    return adaptive_avg_pool2d


@overload(pooling.adaptive_avg_pool2d_pullback)
def _overload_adaptive_avg_pool2d_pullback(g, size):
    def adaptive_avg_pool2d_pullback(g, size):
        rows, cols = g.shape[2], g.shape[3]
        x_bar = np.zeros((g.shape[0], g.shape[1], size[0], size[1]), g.dtype)
        for s in range(g.shape[0]):
            for c in range(g.shape[1]):
                for i in range(rows):
                    first, last = _tile(i, rows, size[0])
                    for j in range(cols):
                        start, stop = _tile(j, cols, size[1])
                        share = g[s, c, i, j] / ((last - first) * (stop - start))
                        for y in range(first, last):
                            for z in range(start, stop):
                                x_bar[s, c, y, z] += share
        return x_bar

    return adaptive_avg_pool2d_pullback
