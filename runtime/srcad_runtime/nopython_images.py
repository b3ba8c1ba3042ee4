"""Numba's loops for convolution, around one matrix product per group."""

# mypy: allow-untyped-defs, allow-untyped-calls
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from srcad_runtime import convolution, windows
from srcad_runtime.jitting import overload, register_jitable
from srcad_runtime.outlined import outlined, whole

_PLAIN: tuple[Callable[..., Any], ...] = (
    windows.pair,
    windows.single,
    windows.positions,
    windows.reach,
    convolution._margins,
    convolution.transposed_size,
    convolution.conv1d,
)
for _function in _PLAIN:
    register_jitable(_function)


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


# Columns of one block of samples are kept within this many numbers, which the cache holds.
_BLOCK = 1 << 17


@register_jitable
def _block_of(samples, each):
    """How many samples are worked on at once when each of them makes `each` numbers; a few are not worth turning."""
    block = min(samples, _BLOCK // max(each, 1))
    return block if block >= 8 else 1


@register_jitable
def _turned(source, target, rows, cols):
    """A matrix (rows, cols) that lies flat in `source` with axes exchanged: in `target`, or as it is if a vector."""
    if rows == 1 or cols == 1:
        return source
    _transpose(source, target, rows, cols)
    return target


@register_jitable
def _transpose(source, target, rows, cols):
    """Copy a matrix (rows, cols) that lies flat in `source` to `target` with its axes exchanged, tile by tile."""
    for top in range(0, rows, 32):
        high = min(32, rows - top)
        for left in range(0, cols, 32):
            for j in range(left, min(left + 32, cols)):
                run = target[j * rows + top : j * rows + top + high]
                for i in range(high):
                    run[i] = source[(top + i) * cols + j]


@register_jitable
def _reached(start, step, count, size):
    """The positions first <= p < last for which start + p * step lies within an axis."""
    first = 0 if start >= 0 else -(start // step)
    last = 0 if start >= size else min(count, (size - 1 - start) // step + 1)
    return min(first, count), max(last, min(first, count))


@register_jitable
def _zero(flat, start, stop):
    run = flat[start:stop]
    for q in range(run.size):
        run[q] = 0.0


@register_jitable
def _fill_columns(columns, image, samples, size, kernel, count, step, spread, front):
    """The patch at each window position as a column, samples last.

    image: (c, h, w, samples), flat. columns: (c * kh * kw, rows * cols * samples), flat.
    """
    h, w = size
    rows, cols = count
    width = cols * samples
    start = 0
    for k in range(image.size // (h * w * samples)):
        for i in range(kernel[0]):
            for j in range(kernel[1]):
                left = j * spread[1] - front[1]
                first, last = _reached(left, step[1], cols, w)
                for row in range(rows):
                    y = row * step[0] + i * spread[0] - front[0]
                    if y < 0 or y >= h:
                        _zero(columns, start, start + width)
                        start += width
                        continue
                    _zero(columns, start, start + first * samples)
                    _zero(columns, start + last * samples, start + width)
                    line = (k * h + y) * w + left
                    if step[1] == 1:
                        to = columns[start + first * samples : start + last * samples]
                        seen = image[(line + first) * samples : (line + last) * samples]
                        for q in range(to.size):
                            to[q] = seen[q]
                    else:
                        for col in range(first, last):
                            to = columns[start + col * samples : start + (col + 1) * samples]
                            at = (line + col * step[1]) * samples
                            seen = image[at : at + samples]
                            for q in range(to.size):
                                to[q] = seen[q]
                    start += width


@register_jitable
def _add_columns(columns, image, samples, size, kernel, count, step, spread, front):
    """Add each column to the pixels it came from: the adjoint of `_fill_columns`."""
    h, w = size
    rows, cols = count
    width = cols * samples
    start = 0
    for k in range(image.size // (h * w * samples)):
        for i in range(kernel[0]):
            for j in range(kernel[1]):
                left = j * spread[1] - front[1]
                first, last = _reached(left, step[1], cols, w)
                for row in range(rows):
                    y = row * step[0] + i * spread[0] - front[0]
                    if 0 <= y < h:
                        line = (k * h + y) * w + left
                        if step[1] == 1:
                            come = columns[start + first * samples : start + last * samples]
                            seen = image[(line + first) * samples : (line + last) * samples]
                            for q in range(come.size):
                                seen[q] += come[q]
                        else:
                            for col in range(first, last):
                                come = columns[start + col * samples : start + (col + 1) * samples]
                                at = (line + col * step[1]) * samples
                                seen = image[at : at + samples]
                                for q in range(come.size):
                                    seen[q] += come[q]
                    start += width


@register_jitable
def _products(matrix, columns, out, groups, turned):
    """The product of each group's part of `matrix` with its part of `columns`, both equal numbers of rows a group.

    turned: the transposed parts of `matrix` are meant.
    """
    height, depth, tall = matrix.shape[0] // groups, columns.shape[0] // groups, out.shape[0] // groups
    for part in range(groups):
        left = matrix[part * height : (part + 1) * height]
        right = columns[part * depth : (part + 1) * depth]
        result = out[part * tall : (part + 1) * tall]
        if turned:
            np.dot(left.T, right, result)
        else:
            np.dot(left, right, result)


@outlined
def _convolve(x, weight, bias, count, step, spread, front, groups):
    """(n, o, rows, cols) from x (n, c, h, w), weight (o, c / groups, kh, kw) and bias (o,) or None."""
    n, c, h, w = x.shape
    o, kernel, places = weight.shape[0], (weight.shape[2], weight.shape[3]), count[0] * count[1]
    depth, pixels = c * kernel[0] * kernel[1], c * h * w
    filters = weight.reshape(o, weight.shape[1] * kernel[0] * kernel[1])
    out = np.empty((n, o, count[0], count[1]), x.dtype)
    flat, results, block = x.reshape(n * pixels), out.reshape(n * o * places), _block_of(n, depth * places)
    images, columns = np.empty(block * pixels, x.dtype), np.empty(depth * places * block, x.dtype)
    sums = np.empty(o * places * block, x.dtype)
    for first in range(0, n, block):
        size = min(block, n - first)
        image = _turned(flat[first * pixels : (first + size) * pixels], images[: size * pixels], size, pixels)
        column = columns[: depth * places * size]
        _fill_columns(column, image, size, (h, w), kernel, count, step, spread, front)
        result = results[first * o * places : (first + size) * o * places]
        total = result if size == 1 else sums[: o * places * size]
        _products(filters, column.reshape(depth, places * size), total.reshape(o, places * size), groups, False)
        if bias is not None:
            for k in range(o):
                run = total[k * places * size : (k + 1) * places * size]
                for q in range(run.size):
                    run[q] += bias[k]
        if size > 1:
            _transpose(total, result, o * places, size)
    return out


@outlined
def _spread_out(weight, g, size, step, spread, front, groups):
    """The adjoint (n, c, h, w) of an image of `size` from g (n, o, rows, cols)."""
    n, o, rows, cols = g.shape
    kernel, c, places = (weight.shape[2], weight.shape[3]), weight.shape[1] * groups, rows * cols
    depth, pixels = c * kernel[0] * kernel[1], c * size[0] * size[1]
    filters = weight.reshape(o, weight.shape[1] * kernel[0] * kernel[1])
    out = np.empty((n, c, size[0], size[1]), g.dtype)
    flat, results, block = g.reshape(n * o * places), out.reshape(n * pixels), _block_of(n, depth * places)
    adjoints, columns = np.empty(o * places * block, g.dtype), np.empty(depth * places * block, g.dtype)
    images = np.empty(pixels * block, g.dtype)
    for first in range(0, n, block):
        count = min(block, n - first)
        adjoint = flat[first * o * places : (first + count) * o * places]
        adjoint = _turned(adjoint, adjoints[: o * places * count], count, o * places)
        column, result = columns[: depth * places * count], results[first * pixels : (first + count) * pixels]
        _products(filters, adjoint.reshape(o, places * count), column.reshape(depth, places * count), groups, True)
        image = result if count == 1 else images[: pixels * count]
        _zero(image, 0, image.size)
        _add_columns(column, image, count, size, kernel, (rows, cols), step, spread, front)
        if count > 1:
            _transpose(image, result, pixels, count)
    return out


@outlined
def _correlate(x, g, kernel, step, spread, front, groups):
    """The adjoint (o, c / groups, kh, kw) of kernels from x (n, c, h, w) and g (n, o, rows, cols)."""
    n, c, h, w = x.shape
    o, count, places = g.shape[1], (g.shape[2], g.shape[3]), g.shape[2] * g.shape[3]
    depth, pixels, tall, deep = c * kernel[0] * kernel[1], c * h * w, o // groups, c // groups * kernel[0] * kernel[1]
    out = np.zeros((o, deep), g.dtype)
    flat, adjoints, block = x.reshape(n * pixels), g.reshape(n * o * places), _block_of(n, depth * places)
    images, columns = np.empty(block * pixels, x.dtype), np.empty(depth * places * block, x.dtype)
    turned, part = np.empty(o * places * block, g.dtype), np.empty((tall, deep), g.dtype)
    for first in range(0, n, block):
        size = min(block, n - first)
        image = _turned(flat[first * pixels : (first + size) * pixels], images[: size * pixels], size, pixels)
        column, adjoint = columns[: depth * places * size], adjoints[first * o * places : (first + size) * o * places]
        _fill_columns(column, image, size, (h, w), kernel, count, step, spread, front)
        adjoint = _turned(adjoint, turned[: o * places * size], size, o * places)
        left, right = adjoint.reshape(o, places * size), column.reshape(depth, places * size)
        for group in range(groups):
            rows = left[group * tall : (group + 1) * tall]
            np.dot(rows, right[group * deep : (group + 1) * deep].T, part)
            for i in range(tall):
                for j in range(deep):
                    out[group * tall + i, j] += part[i, j]
    return out.reshape(o, c // groups, kernel[0], kernel[1])


@register_jitable
def _check(x, weight, groups):
    if x.shape[1] != weight.shape[1] * groups or weight.shape[0] % groups != 0:
        raise ValueError("convolution: channels of x, weight and groups do not fit")


@overload(convolution.conv2d)
def _overload_conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
        _check(x, weight, groups)
        kernel = (weight.shape[2], weight.shape[3])
        count, step, spread, front = _grid((x.shape[2], x.shape[3]), kernel, stride, padding, dilation)
        return _convolve(whole(x), whole(weight), whole(bias), count, step, spread, front, groups)

    return conv2d


@overload(convolution.conv2d_input_pullback)
def _overload_conv2d_input_pullback(weight, g, size, stride=1, padding=0, dilation=1, groups=1):
    def conv2d_input_pullback(weight, g, size, stride=1, padding=0, dilation=1, groups=1):
        _, step, spread, front = _grid(size, (weight.shape[2], weight.shape[3]), stride, padding, dilation)
        filters = whole(weight)
        return _spread_out(filters, whole(g), (size[0], size[1]), step, spread, front, groups)

    return conv2d_input_pullback


@overload(convolution.conv2d_weight_pullback)
def _overload_conv2d_weight_pullback(x, g, kernel, stride=1, padding=0, dilation=1, groups=1):
    def conv2d_weight_pullback(x, g, kernel, stride=1, padding=0, dilation=1, groups=1):
        _, step, spread, front = _grid((x.shape[2], x.shape[3]), kernel, stride, padding, dilation)
        return _correlate(whole(x), whole(g), (kernel[0], kernel[1]), step, spread, front, groups)

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
