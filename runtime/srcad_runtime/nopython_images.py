"""Numba's loops for convolution, around one matrix product per group, and for pooling."""

# mypy: allow-untyped-defs, allow-untyped-calls
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.extending import overload, register_jitable

from srcad_runtime import convolution, pooling, windows

_PLAIN: tuple[Callable[..., Any], ...] = (
    windows.pair,
    windows.single,
    windows.positions,
    windows.reach,
    convolution._margins,
    convolution.transposed_size,
    convolution.conv1d,
    pooling._count,
    pooling._counts,
)
for _function in _PLAIN:
    register_jitable(_function)


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


# ---- convolution ----


@register_jitable
def _grid(size, kernel, stride, padding, dilation):
    """Window positions, stride, dilation and the padding in front, as pairs."""
    step, spread = windows.pair(stride), windows.pair(dilation)
    top, left, high, wide = convolution._margins(padding, kernel, dilation)
    rows = windows.positions(size[0], kernel[0], step[0], high, spread[0])
    cols = windows.positions(size[1], kernel[1], step[1], wide, spread[1])
    if rows < 1 or cols < 1:
        raise ValueError("convolution: the kernel does not fit the images")
    return (rows, cols), step, spread, (top, left)


@register_jitable
def _columns(x, kernel, count, step, spread, front):
    """The patch at each window position as a column: (c * kh * kw, n * rows * cols)."""
    n, c, h, w = x.shape
    rows, cols = count
    out = np.zeros((c, kernel[0], kernel[1], n, rows, cols), x.dtype)
    for k in range(c):
        for i in range(kernel[0]):
            for j in range(kernel[1]):
                first, last = _reached(j * spread[1] - front[1], step[1], cols, w)
                for s in range(n):
                    for row in range(rows):
                        y = row * step[0] + i * spread[0] - front[0]
                        if 0 <= y < h:
                            for col in range(first, last):
                                out[k, i, j, s, row, col] = x[s, k, y, col * step[1] + j * spread[1] - front[1]]
    return out.reshape(c * kernel[0] * kernel[1], n * rows * cols)


@register_jitable
def _image(columns, shape, kernel, count, step, spread, front):
    """The sum of patches (c * kh * kw, n * rows * cols) in an image (n, c, h, w): the adjoint of `_columns`."""
    n, c, h, w = shape
    rows, cols = count
    patches = columns.reshape(c, kernel[0], kernel[1], n, rows, cols)
    out = np.zeros(shape, columns.dtype)
    for k in range(c):
        for i in range(kernel[0]):
            for j in range(kernel[1]):
                first, last = _reached(j * spread[1] - front[1], step[1], cols, w)
                for s in range(n):
                    for row in range(rows):
                        y = row * step[0] + i * spread[0] - front[0]
                        if 0 <= y < h:
                            for col in range(first, last):
                                out[s, k, y, col * step[1] + j * spread[1] - front[1]] += patches[k, i, j, s, row, col]
    return out


@register_jitable
def _reached(start, step, count, size):
    """The positions first <= p < last for which start + p * step lies within an axis."""
    first = 0 if start >= 0 else -(start // step)
    last = 0 if start >= size else min(count, (size - 1 - start) // step + 1)
    return first, last


@register_jitable
def _pixels(g):
    """(n, o, rows, cols) as a matrix (o, n * rows * cols)."""
    n, o, rows, cols = g.shape
    out = np.empty((o, n, rows, cols), g.dtype)
    for k in range(o):
        for s in range(n):
            for row in range(rows):
                for col in range(cols):
                    out[k, s, row, col] = g[s, k, row, col]
    return out.reshape(o, n * rows * cols)


@register_jitable
def _by_group(matrix, groups):
    """The rows of a matrix in equal parts."""
    return matrix.reshape(groups, matrix.shape[0] // groups, matrix.shape[1])


@register_jitable
def _filters(weight, groups):
    """Kernels (o, c / groups, kh, kw) as a matrix per group."""
    o, c, kh, kw = weight.shape
    return np.ascontiguousarray(weight).reshape(groups, o // groups, c * kh * kw)


@register_jitable
def _check(x, weight, groups):
    if x.shape[1] != weight.shape[1] * groups or weight.shape[0] % groups != 0:
        raise ValueError("convolution: channels of x, weight and groups do not fit")


@overload(convolution.conv2d)
def _overload_conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
        _check(x, weight, groups)
        n, o, kernel = x.shape[0], weight.shape[0], (weight.shape[2], weight.shape[3])
        count, step, spread, front = _grid((x.shape[2], x.shape[3]), kernel, stride, padding, dilation)
        columns = _by_group(_columns(x, kernel, count, step, spread, front), groups)
        filters = _filters(weight, groups)
        out = np.empty((n, o, count[0], count[1]), x.dtype)
        for part in range(groups):
            sums = np.dot(filters[part], columns[part]).reshape(o // groups, n, count[0], count[1])
            for k in range(o // groups):
                channel = part * (o // groups) + k
                shift = 0.0
                if bias is not None:
                    shift = bias[channel]
                for s in range(n):
                    for row in range(count[0]):
                        for col in range(count[1]):
                            out[s, channel, row, col] = sums[k, s, row, col] + shift
        return out

    return conv2d


@overload(convolution.conv2d_input_pullback)
def _overload_conv2d_input_pullback(weight, g, size, stride=1, padding=0, dilation=1, groups=1):
    def conv2d_input_pullback(weight, g, size, stride=1, padding=0, dilation=1, groups=1):
        kernel, channels = (weight.shape[2], weight.shape[3]), weight.shape[1] * groups
        _, step, spread, front = _grid(size, kernel, stride, padding, dilation)
        pixels, filters = _by_group(_pixels(g), groups), _filters(weight, groups)
        columns = np.empty((groups, filters.shape[2], pixels.shape[2]), g.dtype)
        for part in range(groups):
            columns[part] = np.dot(filters[part].T, pixels[part])
        shape, count = (g.shape[0], channels, size[0], size[1]), (g.shape[2], g.shape[3])
        return _image(columns, shape, kernel, count, step, spread, front)

    return conv2d_input_pullback


@overload(convolution.conv2d_weight_pullback)
def _overload_conv2d_weight_pullback(x, g, kernel, stride=1, padding=0, dilation=1, groups=1):
    def conv2d_weight_pullback(x, g, kernel, stride=1, padding=0, dilation=1, groups=1):
        o, c = g.shape[1], x.shape[1]
        _, step, spread, front = _grid((x.shape[2], x.shape[3]), kernel, stride, padding, dilation)
        columns = _by_group(_columns(x, kernel, (g.shape[2], g.shape[3]), step, spread, front), groups)
        pixels = _by_group(_pixels(g), groups)
        out = np.empty((groups, o // groups, columns.shape[1]), x.dtype)
        for part in range(groups):
            out[part] = np.dot(pixels[part], columns[part].T)
        return out.reshape(o, c // groups, kernel[0], kernel[1])

    return conv2d_weight_pullback


@overload(convolution.conv_transpose2d)
def _overload_conv_transpose2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, output_padding=0):
    def conv_transpose2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, output_padding=0):
        if x.shape[1] != weight.shape[0] or x.shape[1] % groups != 0:
            raise ValueError("conv_transpose2d: channels of x, weight and groups do not fit")
        size, kernel = (x.shape[2], x.shape[3]), (weight.shape[2], weight.shape[3])
        size = convolution.transposed_size(size, kernel, stride, padding, dilation, output_padding)
        out = convolution.conv2d_input_pullback(weight, x, size, stride, padding, dilation, groups)
        if bias is not None:
            for s in range(out.shape[0]):
                for k in range(out.shape[1]):
                    for row in range(out.shape[2]):
                        for col in range(out.shape[3]):
                            out[s, k, row, col] += bias[k]
        return out

    return conv_transpose2d


# ---- max pooling ----


@register_jitable
def _largest(x, s, c, y0, x0, kernel, spread):
    """Where the first largest element of a window lies: row and column in channel c of sample s, -1 if none."""
    row, col = -1, -1
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            y, z = y0 + i * spread[0], x0 + j * spread[1]
            if 0 <= y < x.shape[2] and 0 <= z < x.shape[3]:
                # nan is larger than everything
                if row < 0 or x[s, c, y, z] > x[s, c, row, col] or x[s, c, y, z] != x[s, c, y, z]:
                    row, col = y, z
    return row, col


@overload(pooling.max_pool2d)
def _overload_max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
        size = (x.shape[2], x.shape[3])
        kernel, step, spread, top, left, rows, cols = pooling._frame(
            size, kernel_size, stride, padding, dilation, ceil_mode
        )
        out = np.full((x.shape[0], x.shape[1], rows, cols), -np.inf, x.dtype)
        for s in range(x.shape[0]):
            for c in range(x.shape[1]):
                for i in range(rows):
                    for j in range(cols):
                        y, z = _largest(x, s, c, i * step[0] - top, j * step[1] - left, kernel, spread)
                        if y >= 0:
                            out[s, c, i, j] = x[s, c, y, z]
        return out

    return max_pool2d


@overload(pooling.max_pool2d_pullback)
def _overload_max_pool2d_pullback(x, largest, g, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    def max_pool2d_pullback(x, largest, g, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
        size = (x.shape[2], x.shape[3])
        kernel, step, spread, top, left, rows, cols = pooling._frame(
            size, kernel_size, stride, padding, dilation, ceil_mode
        )
        x_bar = np.zeros(x.shape, g.dtype)
        for s in range(x.shape[0]):
            for c in range(x.shape[1]):
                for i in range(rows):
                    for j in range(cols):
                        y, z = _largest(x, s, c, i * step[0] - top, j * step[1] - left, kernel, spread)
                        if y >= 0:
                            x_bar[s, c, y, z] += g[s, c, i, j]
        return x_bar

    return max_pool2d_pullback


@overload(pooling.max_pool2d_pushforward)
def _overload_max_pool2d_pushforward(x, largest, v, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    def max_pool2d_pushforward(x, largest, v, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
        size = (x.shape[2], x.shape[3])
        kernel, step, spread, top, left, rows, cols = pooling._frame(
            size, kernel_size, stride, padding, dilation, ceil_mode
        )
        tangent = np.zeros((x.shape[0], x.shape[1], rows, cols), v.dtype)
        for s in range(x.shape[0]):
            for c in range(x.shape[1]):
                for i in range(rows):
                    for j in range(cols):
                        y, z = _largest(x, s, c, i * step[0] - top, j * step[1] - left, kernel, spread)
                        if y >= 0:
                            tangent[s, c, i, j] = v[s, c, y, z]
        return tangent

    return max_pool2d_pushforward


# ---- average pooling ----


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
