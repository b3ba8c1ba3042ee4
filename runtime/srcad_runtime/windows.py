"""Windows that slide over images: sizes, padding, and the strided views behind convolution and pooling."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Pair = tuple[int, int]
Size = int | tuple[int, ...]


def pair(value: Size) -> Pair:
    """An option for height and width: one number for both, or two."""
    return (value[0], value[1]) if isinstance(value, tuple) else (value, value)


def single(value: Size) -> int:
    """An option for a single axis: a number, or a tuple of one."""
    return value[0] if isinstance(value, tuple) else value


def positions(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool = False) -> int:
    """How many windows of `kernel` elements fit along `size` elements with `padding` of them, both ends together.

    With `ceil_mode` a last window may hang over the end, if it starts inside the axis or its padding in front.
    """
    span = size + padding - dilation * (kernel - 1) - 1
    count = (span + stride - 1 if ceil_mode else span) // stride + 1
    if ceil_mode and (count - 1) * stride >= size + padding // 2:
        count -= 1
    return count


def reach(count: int, kernel: int, stride: int, dilation: int) -> int:
    """How many elements `count` windows cover from the first to the last."""
    return (count - 1) * stride + dilation * (kernel - 1) + 1


def place(x: Array, top: int, left: int, height: int, width: int, fill: float) -> Array:
    """`x` (n, c, h, w) put at (top, left) of an image (n, c, height, width) of `fill`; what hangs over is cut."""
    n, c, h, w = x.shape
    if top == 0 and left == 0 and h == height and w == width:
        return x
    image = np.full((n, c, height, width), fill, x.dtype)
    image[:, :, top : top + h, left : left + w] = x[:, :, : height - top, : width - left]
    return image


def take(image: Array, top: int, left: int, h: int, w: int) -> Array:
    """The part (n, c, h, w) of an image from (top, left) on, zeros where it ends: the adjoint of `place`."""
    n, c, height, width = image.shape
    if top == 0 and left == 0 and h == height and w == width:
        return image
    x = np.zeros((n, c, h, w), image.dtype)
    x[:, :, : height - top, : width - left] = image[:, :, top : top + h, left : left + w]
    return x


def views(image: Array, kernel: Pair, stride: Pair, dilation: Pair, rows: int, cols: int) -> list[Array]:
    """For each element of the kernel, row by row, what it meets at the rows x cols window positions.

    image: (n, c, height, width). Returns views (n, c, rows, cols) of its memory.
    """
    kh, kw = kernel
    sh, sw = stride
    dh, dw = dilation
    return [
        image[:, :, i * dh : i * dh + (rows - 1) * sh + 1 : sh, j * dw : j * dw + (cols - 1) * sw + 1 : sw]
        for i in range(kh)
        for j in range(kw)
    ]
