"""Convolutions in torch's layouts: images (n, channels, height, width), kernels (out, in / groups, height, width).

All of them are faces of one trilinear form, ``sum(g * conv2d(x, weight))``: `conv2d` is its derivative with
respect to `g`, `conv2d_input_pullback` the one with respect to `x`, `conv2d_weight_pullback` the one with respect
to `weight`, and a transposed convolution is `conv2d_input_pullback` by its other name. So the adjoint of each is made
of the other two. The patches under the kernel become the columns of a matrix, and the sums one product per group
(Chellapilla, Puri and Simard, 2006). Inside, samples are the last axis: what is copied then lies in long runs.
"""

from __future__ import annotations

import numpy as np

from srcad_runtime.windows import Array, Pair, Size, pair, positions, reach, single, take, views

Padding = Size | str


def conv1d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Array:
    """Cross-correlate sequences with kernels.

    Shapes: x (n, c, length), weight (o, c / groups, k), bias (o,); returns (n, o, positions). padding: a number of
    zeros at both ends, "same" (stride 1) or "valid".

    Raises:
        ValueError: if channels and groups do not fit, or the kernel is longer than the padded input.
    """
    rows_padding = padding if isinstance(padding, str) else (0, single(padding))
    stride_, dilation_ = (1, single(stride)), (1, single(dilation))
    out = conv2d(x[:, :, None, :], weight[:, :, None, :], bias, stride_, rows_padding, dilation_, groups)
    return out[:, :, 0, :]


def conv2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Array:
    """Cross-correlate images with kernels.

    Shapes: x (n, c, h, w), weight (o, c / groups, kh, kw), bias (o,); returns (n, o, rows, cols). padding: zeros at
    both ends of each axis (a number or a pair), "same" (stride 1) or "valid".

    Raises:
        ValueError: if channels and groups do not fit, or the kernel is larger than the padded image.
    """
    _check(x, weight, bias, stride, padding, groups)
    o, kernel = weight.shape[0], weight.shape[2:]
    n, rows, cols = x.shape[0], *_positions(x.shape[2:], kernel, stride, padding, dilation)
    columns = _columns(x, kernel, stride, padding, dilation, groups)
    out = (weight.reshape(groups, o // groups, -1) @ columns).reshape(o, rows, cols, n)
    if bias is not None:
        out = out + bias.reshape(-1, 1, 1, 1)
    return np.ascontiguousarray(out.transpose(3, 0, 1, 2))


def conv2d_input_pullback(
    weight: Array,
    g: Array,
    size: Pair,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Array:
    """The adjoint of an image of `size` = (h, w) that `conv2d` met with `weight`, from the adjoint `g` of the result.

    Shapes: weight (o, c / groups, kh, kw), g (n, o, rows, cols); returns (n, c, h, w).
    """
    n, o, rows, cols = g.shape
    kh, kw = kernel = weight.shape[2:]
    pixels = g.transpose(1, 2, 3, 0).reshape(groups, o // groups, -1)
    columns = weight.reshape(groups, o // groups, -1).transpose(0, 2, 1) @ pixels
    columns = columns.reshape(-1, kh * kw, rows, cols, n).transpose(1, 4, 0, 2, 3)
    top, left, height, width = _extent(kernel, stride, padding, dilation, rows, cols)
    image = np.zeros((columns.shape[2], height, width, n), columns.dtype).transpose(3, 0, 1, 2)
    for k, view in enumerate(views(image, kernel, pair(stride), pair(dilation), rows, cols)):
        view += columns[k]
    return np.ascontiguousarray(take(image, top, left, size[0], size[1]))


def conv2d_weight_pullback(
    x: Array,
    g: Array,
    kernel: Pair,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Array:
    """The adjoint of kernels of size (kh, kw) that `conv2d` met with `x`, from the adjoint `g` of the result.

    Shapes: x (n, c, h, w), g (n, o, rows, cols); returns (o, c / groups, kh, kw).
    """
    o = g.shape[1]
    pixels = g.transpose(1, 2, 3, 0).reshape(groups, o // groups, -1)
    columns = _columns(x, kernel, stride, padding, dilation, groups)
    return (pixels @ columns.transpose(0, 2, 1)).reshape(o, -1, kernel[0], kernel[1])


def conv_transpose2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    output_padding: Size = 0,
) -> Array:
    """Spread each pixel over an image through a kernel: `conv2d` with input and output exchanged.

    Shapes: x (n, c, h, w), weight (c, o / groups, kh, kw), bias (o,); returns (n, o, rows, cols) with
    ``rows = (h - 1) * stride - 2 * padding + dilation * (kh - 1) + output_padding + 1``.

    Raises:
        ValueError: if channels and groups do not fit.
    """
    _check_transposed(x, weight, bias, groups)
    size = transposed_size(x.shape[2:], weight.shape[2:], stride, padding, dilation, output_padding)
    out = conv2d_input_pullback(weight, x, size, stride, padding, dilation, groups)
    return out if bias is None else out + bias.reshape(-1, 1, 1)


def transposed_size(
    size: Pair, kernel: Pair, stride: Size, padding: Size, dilation: Size, output_padding: Size
) -> Pair:
    """Height and width that `conv_transpose2d` returns for an image of `size`."""
    sh, sw = pair(stride)
    ph, pw = pair(padding)
    dh, dw = pair(dilation)
    eh, ew = pair(output_padding)
    rows = reach(size[0], kernel[0], sh, dh) - 2 * ph + eh
    return rows, reach(size[1], kernel[1], sw, dw) - 2 * pw + ew


# ---- patches as columns ----


def _columns(x: Array, kernel: Pair, stride: Size, padding: Padding, dilation: Size, groups: int) -> Array:
    """The patch of each window position as a column: (groups, c / groups * kh * kw, rows * cols * n)."""
    n, c, h, w = x.shape
    rows, cols = _positions((h, w), kernel, stride, padding, dilation)
    top, left, height, width = _extent(kernel, stride, padding, dilation, rows, cols)
    image = np.zeros((c, height, width, n), x.dtype).transpose(3, 0, 1, 2)
    image[:, :, top : top + h, left : left + w] = x[:, :, : height - top, : width - left]
    columns = np.empty((c, kernel[0] * kernel[1], rows, cols, n), x.dtype)
    for k, view in enumerate(views(image, kernel, pair(stride), pair(dilation), rows, cols)):
        columns[:, k] = view.transpose(1, 2, 3, 0)
    return columns.reshape(groups, -1, rows * cols * n)


def _margins(padding: Padding, kernel: Pair, dilation: Size) -> tuple[int, int, int, int]:
    """Zeros in front of the rows, of the columns, and in all for both."""
    dh, dw = pair(dilation)
    if isinstance(padding, str):
        same = padding == "same"
        th, tw = (dh * (kernel[0] - 1), dw * (kernel[1] - 1)) if same else (0, 0)
        return th // 2, tw // 2, th, tw
    ph, pw = pair(padding)
    return ph, pw, 2 * ph, 2 * pw


def _positions(size: Pair, kernel: Pair, stride: Size, padding: Padding, dilation: Size) -> Pair:
    sh, sw = pair(stride)
    dh, dw = pair(dilation)
    _, _, th, tw = _margins(padding, kernel, dilation)
    rows, cols = positions(size[0], kernel[0], sh, th, dh), positions(size[1], kernel[1], sw, tw, dw)
    if rows < 1 or cols < 1:
        raise ValueError(f"convolution: kernel {kernel} with padding={padding} does not fit images of {size}")
    return rows, cols


def _extent(
    kernel: Pair, stride: Size, padding: Padding, dilation: Size, rows: int, cols: int
) -> tuple[int, int, int, int]:
    """Where the image starts in its padded frame, and the height and width of the frame that windows reach."""
    sh, sw = pair(stride)
    dh, dw = pair(dilation)
    top, left, _, _ = _margins(padding, kernel, dilation)
    return top, left, reach(rows, kernel[0], sh, dh), reach(cols, kernel[1], sw, dw)


# ---- checks ----


def _check(x: Array, weight: Array, bias: Array | None, stride: Size, padding: Padding, groups: int) -> None:
    if x.ndim != 4 or weight.ndim != 4:
        raise ValueError(f"convolution: x {x.shape} and weight {weight.shape} do not have 4 axes (3 for conv1d)")
    if x.shape[1] != weight.shape[1] * groups:
        raise ValueError(
            f"convolution: x {x.shape} has {x.shape[1]} channels, but weight {weight.shape} with groups={groups} "
            f"takes {weight.shape[1] * groups}"
        )
    if weight.shape[0] % groups != 0:
        raise ValueError(f"convolution: weight {weight.shape}: output channels do not divide by groups={groups}")
    if bias is not None and bias.shape != (weight.shape[0],):
        raise ValueError(f"convolution: bias {bias.shape} does not fit weight {weight.shape}")
    if isinstance(padding, str) and padding not in ("same", "valid"):
        raise ValueError(f"convolution: padding={padding} is neither numbers nor 'same' nor 'valid'")
    if isinstance(padding, str) and padding == "same" and pair(stride) != (1, 1):
        raise ValueError("convolution: padding='same' needs stride 1")


def _check_transposed(x: Array, weight: Array, bias: Array | None, groups: int) -> None:
    if x.ndim != 4 or weight.ndim != 4:
        raise ValueError(f"conv_transpose2d: x {x.shape} and weight {weight.shape} do not have 4 axes")
    if x.shape[1] != weight.shape[0] or x.shape[1] % groups != 0:
        raise ValueError(
            f"conv_transpose2d: x {x.shape} has {x.shape[1]} channels, weight {weight.shape} takes "
            f"{weight.shape[0]} in groups={groups}"
        )
    if bias is not None and bias.shape != (weight.shape[1] * groups,):
        raise ValueError(f"conv_transpose2d: bias {bias.shape} does not fit weight {weight.shape} and groups={groups}")
