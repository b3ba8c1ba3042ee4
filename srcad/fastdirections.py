"""The short way of Jacobians and Hessians: checks, one run of the kernel, and the axes put where they belong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from srcad import directions
from srcad.abstract import Num
from srcad.fastcheck import Rare
from srcad.fastpath import Call, Fast, Roots, _Writer, tuple_text, written
from srcad.specialise import MISS

Seeds = tuple[tuple[np.ndarray, ...], tuple[tuple[int, int], ...], int, tuple[int, ...]]
_MOST_SHAPES = 64  # whose unit vectors are kept


def jacobian(
    call: Call, roots: Roots, single: bool, kind: str, choose: Callable[[int, int], bool] | None
) -> Fast | None:
    """A function from arguments to what `jacfwd`, `jacrev` or `hessian` returns.

    kind: "columns", "rows" or "hessian". choose: whether this is the mode for so many inputs and outputs; None: always.
    """

    def write(writer: _Writer) -> None:
        kernel = writer.kernel
        if kernel.plan.has_aux or not isinstance(kernel.plan.value, Num) or kernel.plan.wrt != tuple(roots):
            raise Rare
        leaf = [writer.shapes.get(writer.variables[path], "()") for path in roots]
        writer.text.add(f"key = {tuple_text([*writer.shapes.values(), *_integers(writer)])}")
        inputs = [writer.text.fresh() for _ in writer.inputs]
        for name, text in zip(inputs, writer.canonical_inputs()):
            writer.text.add(f"{name} = {text}")
        made = writer.text.constant(_Units(call, roots, kind, choose))
        writer.text.add(f"units = {made}.kept.get(key) or {made}(key, {tuple_text(leaf)}, {tuple_text(inputs)})")
        writer.text.add("if units is MISS: return MISS")
        writer.text.add("seeds, cuts, total, extent = units")
        of = len(roots) if kind != "columns" else 1
        others = [f"b{k}" for k in range(writer.count - len(writer.outs) - of)]
        found = [f"d{k}" for k in range(of)]
        unit = kernel.unit_seed if kind == "hessian" else ()
        if unit is None:
            raise Rare
        writer.call(inputs, [*map(writer.text.constant, unit), "*[s.copy() for s in seeds]"], [*others, *found])
        out = "o0.shape" if isinstance(call.results[0], np.ndarray) else "()"
        parts = _PARTS[kind](writer, leaf, found, out)
        if kind == "hessian":
            blocks = [row[0] if single else tuple_text(row) for row in parts]
        else:
            blocks = parts
        writer.text.add(f"return {blocks[0] if single else tuple_text(blocks)}")

    return written(call, write, lambda *_: MISS)


def _integers(writer: _Writer) -> list[str]:
    return [name for name, value in writer.flat if type(value) is int]


def _checked(writer: _Writer, name: str, shape: str, dtype: Any) -> None:
    kind = writer.text.constant(np.dtype(dtype))
    writer.text.missing(f"type({name}) is not ndarray", f"{name}.dtype is not {kind}", f"{name}.shape != {shape}")


def _columns(writer: _Writer, leaf: list[str], found: list[str], out: str) -> list[str]:
    _checked(writer, found[0], f"(*{out}, total)", np.asarray(writer.ready.kernel.typed(writer.results[:1])[0]).dtype)
    return [_cut(found[0], k, len(leaf), f"(*{out}, *{shape})") for k, shape in enumerate(leaf)]


def _cut(name: str, k: int, count: int, shape: str) -> str:
    part = f"{name}.copy()" if count == 1 else f"{name}[..., cuts[{k}][0] : cuts[{k}][1]].copy()"
    return f"{part}.reshape({shape})"


def _rows(writer: _Writer, leaf: list[str], found: list[str], out: str) -> list[str]:
    writer.text.missing(f"{out} != extent")
    parts = []
    for name, shape, path in zip(found, leaf, writer.kernel.plan.wrt):
        _checked(writer, name, f"(*{shape}, total)", np.asarray(writer.ready.call.at(path)).dtype)
        parts.append(f"{name}.reshape(-1, total).T.copy().reshape((*{out}, *{shape}))")
    return parts


def _hessian(writer: _Writer, leaf: list[str], found: list[str], out: str) -> list[list[str]]:
    rows = []
    for name, shape, path in zip(found, leaf, writer.kernel.plan.wrt):
        _checked(writer, name, f"(*{shape}, total)", np.asarray(writer.ready.call.at(path)).dtype)
        rows.append([_cut(name, k, len(leaf), f"(*{shape}, *{other})") for k, other in enumerate(leaf)])
    return rows


_PARTS: dict[str, Callable[..., Any]] = {"columns": _columns, "rows": _rows, "hessian": _hessian}


class _Units:
    """The unit vectors for arguments of certain shapes: `kept` by these, and by the integers among the arguments."""

    def __init__(self, call: Call, roots: Roots, kind: str, choose: Callable[[int, int], bool] | None) -> None:
        self.kernel, self.kind, self.choose = call.ready.kernel, kind, choose
        self.dtypes = [np.asarray(call.ready.call.at(root)).dtype for root in roots]
        self.out = np.asarray(call.ready.kernel.typed(call.results[:1])[0]).dtype
        self.kept: dict[Any, Seeds] = {}

    def __call__(self, key: Any, shapes: tuple[tuple[int, ...], ...], inputs: tuple[Any, ...]) -> Any:
        found = directions.value_shapes(self.kernel, inputs) if self.kind == "rows" or self.choose else [()]
        if found is None:
            return MISS
        (extent,) = found
        sizes = [int(np.prod(shape)) for shape in shapes]
        if self.choose and not self.choose(sum(sizes), int(np.prod(extent))) or 0 in sizes:
            return MISS
        kinds = [(extent, self.out)] if self.kind == "rows" else zip(shapes, self.dtypes)
        examples = [np.broadcast_to(np.zeros((), dtype), shape) for shape, dtype in kinds]
        total = sum(e.size for e in examples)
        if total > directions.width(total, inputs) or total == 0:
            return MISS
        ends = np.cumsum([0, *sizes]).tolist()
        seeds = tuple(directions.unit_vectors(examples, 0, total))
        if len(self.kept) < _MOST_SHAPES and total < directions.FEW:
            self.kept[key] = seeds, tuple(zip(ends, ends[1:])), total, extent
        return seeds, tuple(zip(ends, ends[1:])), total, extent
