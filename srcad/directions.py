"""Jacobians and Hessians in one run: the kernel takes all unit vectors at once (`transforms.batch`).

Where a program has no such form, or Numba cannot compile it, the answer is None, and `jacobians` runs it once per unit
vector.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from srcad import leaves
from srcad.abstract import Num
from srcad.backends import first_answer, is_compiled
from srcad.derived import Derived
from srcad.generate import switched_off
from srcad.kernel import Kernel
from srcad.specialise import Ready

Args = tuple[Any, ...]
Kwargs = dict[str, Any]
Shape = tuple[int, ...]
_MOST_NUMBERS = 2**22  # that seeds and derivatives hold together in one run
FEW = 256  # unit vectors that are kept between calls
_FEWEST = 16  # directions of a run, however large
_EXTENT = re.compile(r"(\w+)\.shape\[(\d+)\]")


class Found(NamedTuple):
    """The kernel that ran, what it returned besides derivatives, and the derivatives: per result, per argument leaf."""

    ready: Ready
    first: Args
    blocks: list[dict[leaves.Path, np.ndarray]]
    results: Args = ()  # all that the kernel returned


def columns(
    derived: Derived, modes: tuple[str, ...], args: Args, kwargs: Kwargs, seed: Callable[[Ready], Args] = lambda _: ()
) -> Found | None:
    """Derivatives along every element of the arguments, of all results that have any.

    modes: ends with "forward"; after "reverse" the derivatives are those of the adjoints. seed: what the kernel takes
    before the tangents.
    """

    def run(ready: Ready) -> Found | None:
        paths = ready.kernel.plan.wrt
        examples = [np.asarray(ready.call.at(path)) for path in paths]
        if any(np.iscomplexobj(e) for e in examples):
            return None
        of_value = modes[0] == "forward"
        likes = None if of_value else examples
        results, found = _runs(ready, seed(ready), examples, likes)
        first = results[: len(ready.kernel.outputs)]
        blocks = []
        for matrix in found:
            parts = _parts(matrix, examples)
            blocks.append({p: part.reshape((*part.shape[:-1], *e.shape)) for p, part, e in zip(paths, parts, examples)})
        return Found(ready, first, blocks, results)

    return _answered(derived, modes, args, kwargs, run)


def rows(derived: Derived, args: Args, kwargs: Kwargs) -> Found | None:
    """The adjoints for every element of the value."""

    def run(ready: Ready) -> Found | None:
        kernel = ready.kernel
        shapes = value_shapes(kernel, ready.inputs)
        if shapes is None:
            values = derived.ready((), args, kwargs).again().run()
            shapes = [np.shape(values[k]) for k in kernel.seeded]
        dtypes = [getattr(kernel.outputs[k], "dtype", None) or "float64" for k in kernel.seeded]
        examples = [np.broadcast_to(np.zeros((), dtype), shape) for dtype, shape in zip(dtypes, shapes)]
        likes = [np.asarray(ready.call.at(path)) for path in kernel.plan.wrt]
        if any(np.iscomplexobj(e) for e in (*examples, *likes)):
            return None
        results, found = _runs(ready, (), examples, likes)
        first = results[: len(kernel.outputs)]
        if [np.shape(first[k]) for k in kernel.seeded] != shapes:
            return None
        blocks: list[dict[leaves.Path, np.ndarray]] = [{} for _ in shapes]
        for path, matrix in zip(kernel.plan.wrt, found):
            for block, part, shape in zip(blocks, _parts(np.moveaxis(matrix, -1, 0), examples, 0), shapes):
                block[path] = np.array(part, order="C").reshape((*shape, *part.shape[1:]))
        return Found(ready, first, blocks, results)

    return _answered(derived, ("reverse",), args, kwargs, run)


def _answered(
    derived: Derived, modes: tuple[str, ...], args: Args, kwargs: Kwargs, run: Callable[[Ready], Found | None]
) -> Found | None:
    """What `run` makes of the first kernel that can be made and compiled."""
    if ("batch", False) in switched_off():
        return None
    values = derived.binder.bind(*args, **kwargs)

    def answer(backend: str) -> Found | None:
        ready = derived.ready((*modes, "batch"), args, kwargs, backend)
        if not all(np.size(ready.call.at(path)) for path in ready.kernel.plan.wrt):
            return None
        found = run(ready)
        if found is not None:
            derived.last = (ready.specialiser.settings, ready.kernel)
        return found

    def compiles() -> bool:
        return is_compiled(derived.ready(modes, args, kwargs))

    return first_answer(derived.__srcad__.backend, derived.declined, modes, values, compiles, answer)


# ---- runs ----


def _runs(
    ready: Ready, seed: Args, examples: Sequence[np.ndarray], likes: Sequence[np.ndarray] | None
) -> tuple[Args, list[np.ndarray]]:
    """The kernel's results, and the derivatives along all unit vectors of arrays like `examples`, on the last axis.

    likes: what the derivatives are of; None: the floating values.
    """
    kernel = ready.kernel
    total = sum(e.size for e in examples)
    step = width(total, ready.call.flat)
    starts = range(0, total, step) or range(1)  # of nothing there are no directions, but a shape
    pieces: list[list[Any]] = []
    for start in starts:
        units = list(unit_vectors(examples, start, min(start + step, total)))
        results = (ready if start == starts[-1] else ready.again()).run(*seed, *units)
        first = results[: len(kernel.outputs)]
        typed = kernel.typed(first)
        of = [np.asarray(typed[k]) for k in kernel.seeded] if likes is None else likes
        last = len(results) - len(of)
        pieces.append([_whole(results[last + k], like, (*units, *results[: last + k])) for k, like in enumerate(of)])
    return results, [p[0] if len(pieces) == 1 else np.concatenate(p, axis=-1) for p in zip(*pieces)]


def width(total: int, arguments: Sequence[Any]) -> int:
    """How many directions of `total` one run takes."""
    size = total + sum(np.size(leaf) for leaf in arguments)
    return max(_FEWEST, _MOST_NUMBERS // max(size, 1))


def unit_vectors(examples: Sequence[np.ndarray], start: int, stop: int) -> Iterator[np.ndarray]:
    """Per example, the unit vectors number `start` to `stop` of all of them together, along a last axis."""
    offset = 0
    for example in examples:
        vectors = np.zeros((example.size, stop - start), example.dtype.newbyteorder("="))
        first, last = max(offset, start), min(offset + example.size, stop)
        at = np.arange(first, max(first, last))
        vectors[at - offset, at - start] = 1.0
        offset += example.size
        yield vectors.reshape((*example.shape, stop - start))


def _whole(derivative: Any, like: np.ndarray, others: Sequence[Any]) -> np.ndarray:
    """A derivative with the whole shape and the dtype of what it is of, in memory that is nobody else's."""
    shape = (*like.shape, derivative.shape[-1])
    if derivative.shape != shape or derivative.dtype != like.dtype:
        return np.array(np.broadcast_to(derivative, shape), dtype=like.dtype.newbyteorder("="))
    shared = any(isinstance(o, np.ndarray) and np.may_share_memory(derivative, o) for o in others)
    return derivative.copy() if shared else derivative  # type: ignore[no-any-return]


def _parts(matrix: np.ndarray, examples: Sequence[np.ndarray], axis: int = -1) -> Iterator[np.ndarray]:
    """An axis cut into pieces, one per example; pieces of one array are copies."""
    if len(examples) == 1:
        yield matrix
        return
    offset = 0
    for example in examples:
        yield matrix.take(range(offset, offset + example.size), axis=axis)
        offset += example.size


def value_shapes(kernel: Kernel, inputs: Sequence[Any]) -> list[Shape] | None:
    """The shapes of the differentiated results, where their extents are integers and extents of the kernel's inputs."""
    known = dict(zip((name for _, _, name in kernel.plan.inputs), inputs))
    shapes: list[Shape] = []
    for k in kernel.seeded:
        kind = kernel.outputs[k]
        if not isinstance(kind, Num) or kind.dims is None:
            return None
        extents = [_extent(d, known) for d in kind.dims]
        if None in extents:
            return None
        shapes.append(tuple(e for e in extents if e is not None))
    return shapes


def _extent(dim: Any, known: dict[str, Any]) -> int | None:
    if dim is None:
        return None
    total = dim.const
    for text, coefficient in dim.terms:
        found = _EXTENT.fullmatch(text)
        value = known.get(found[1]) if found else known.get(text)
        if found and isinstance(value, np.ndarray) and int(found[2]) < value.ndim:
            total += coefficient * value.shape[int(found[2])]
        elif not found and type(value) is int:
            total += coefficient * value
        else:
            return None
    return int(total) if total >= 0 else None
