"""The optimizer's step on the same small parameters, again and again.

To walk the trees of parameters, gradients and moments costs more than what is done to them. So an optimizer keeps of
its last step how the trees are read, the arrays, and flat views of them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcad_runtime import fused, trees

Tree = Any


@dataclass(frozen=True)
class _Known:
    """Small contiguous parameters of one dtype, and their moments.

    arrays: the parameters, then each column of moments. flat: the same as flat views, in groups. step: the compiled
    kernel on a group.
    """

    read: trees.Reader
    arrays: tuple[np.ndarray, ...]
    shapes: list[tuple[int, ...]]
    dtype: np.dtype[Any]
    flat: list[fused.Groups]
    step: Callable[..., None]

    def holds(self, params: Tree, moments: tuple[Tree, ...]) -> bool:
        """Whether these are the arrays that are known."""
        found = self.read(params)
        if not all([p.flags.writeable for p in found]):
            return False
        for tree in moments:
            found += self.read(tree)
        return len(found) == len(self.arrays) and all(map(operator.is_, found, self.arrays))

    def run(self, grads: Tree, numbers: tuple[float, ...]) -> bool:
        """Make the step, unless the gradients do not fit."""
        found = self.read(grads)
        if [g.shape for g in found] != self.shapes:
            return False
        if not all([g.dtype == self.dtype and g.flags.writeable for g in found]):
            return False
        parameters, *moments = self.flat
        fused.run_small(self.step, [parameters, fused.in_groups([g.ravel() for g in found]), *moments], numbers)
        return True


class Steps:
    """What one optimizer knows of its last step."""

    def __init__(self) -> None:
        self._known: _Known | None = None

    def __reduce__(self) -> tuple[type[Steps], tuple[()]]:
        """A copy knows nothing: copied views would be views of nothing that anyone else has."""
        return Steps, ()

    def run(
        self,
        kernel: Callable[..., None],
        numbers: tuple[float, ...],
        params: Tree,
        grads: Tree,
        moments: tuple[Tree, ...],
    ) -> bool:
        """Make the step, unless it takes `fused.run`: then False, and nothing is written."""
        known = self._known  # read once: another thread may step other parameters
        if known is None or not known.holds(params, moments):
            known = self._known = _learned(kernel, params, moments)
        return known is not None and known.run(grads, numbers)


def _learned(kernel: Callable[..., None], params: Tree, moments: tuple[Tree, ...]) -> _Known | None:
    read = trees.reader(params)
    columns = [read(params), *[read(tree) for tree in moments]]
    if not columns[0] or not fused.available() or not all([_alike(rows) for rows in zip(*columns)]):
        return None
    first = columns[0][0]
    if any([p.dtype != first.dtype for p in columns[0]]) or len({len(column) for column in columns}) != 1:
        return None
    flat = [fused.in_groups([x.reshape(-1) for x in column]) for column in columns]
    step = fused.compiled(kernel, first.dtype, len(columns) + 1, fused.TOGETHER)
    return _Known(read, sum(columns, ()), [p.shape for p in columns[0]], first.dtype, flat, step)


def _alike(row: tuple[np.ndarray, ...]) -> bool:
    """Whether a parameter and its moments are small, and as the kernels take them."""
    p = row[0]
    same = [(x.dtype, x.shape) == (p.dtype, p.shape) for x in row]
    ready = [x.flags.c_contiguous and x.flags.writeable for x in row]
    return p.dtype.char in "fd" and p.size < 2 * fused.PIECE and all(same) and all(ready)
