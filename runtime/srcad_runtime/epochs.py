"""Many steps of training as one compiled loop: gather a batch, its gradient, the optimizer's step in place.

What a step of a small model costs is mostly the way through Python. The loop calls the gradient's machine code and the
optimizer's, which are compiled already, by their addresses: it takes a second or two to compile, and gives the same
bits as the steps that `Trainer` makes one by one. It stops before the update where a loss is NaN, and where a batch
cannot be computed; the trainer makes that step itself, and says what is wrong.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from srcad_runtime import data, fused, trees
from srcad_runtime.optimizers import Fused

WORTH = 200_000  # steps that repay the compilation
SHORT = 16  # batches of an epoch that repay making it ready
MOMENT = 0.05  # seconds in the loop before Ctrl-C is looked for
Tree = Any


@dataclass
class Loop:
    """Steps over full batches of `x` and `y`, on the very arrays `params` and `state`."""

    run: Callable[..., int]
    arrays: tuple[Any, ...]
    step: Fused
    state: Tree
    size: int
    chunk: int = field(default=16)

    def steps(self, order: np.ndarray) -> list[float]:
        """The losses of the steps that were made, on as many batches of `order` as a moment allows."""
        count = min(self.chunk, len(order) // self.size)
        numbers = []
        for _ in range(count):
            numbers.append(self.step.numbers(self.state))
            self.step.advance(self.state)
        losses, done = np.empty(count), np.zeros(1, np.int64)
        begin = time.perf_counter()
        try:
            self.run(*self.arrays, order, np.array(numbers), losses, done)
        except Exception:  # the trainer's own step meets the same, and explains it
            pass
        finally:
            self.step.advance(self.state, int(done[0]) - count)
        if done[0] == count:
            self.chunk = max(1, min(2 * self.chunk, int(self.chunk * MOMENT / (time.perf_counter() - begin))))
        return losses[: done[0]].tolist()  # type: ignore[no-any-return]


def loop(native: Any, batches: data.Batches, params: Tree, optimizer: Any, state: Tree) -> Loop | None:
    """A loop around `native` (`srcad.native`), or None where the steps need Python.

    native: of params, and a full batch of x and y. batches: `plain` ones.
    """
    step = optimizer.kernel
    if native is None or not isinstance(step, Fused) or step.plan.mask is not None:
        return None
    places = {path: leaf for path, leaf in _leaves(params)}
    if set(native.wrt) != set(places) or any(p not in places and p not in (("x",), ("y",)) for p in native.places):
        return None
    own = [places[path] for path in native.wrt]
    columns = [own, *[[dict(_leaves(m))[path] for path in native.wrt] for m in step.plan.moments(state)]]
    if not all(x.dtype == own[0].dtype and x.dtype.char in "fd" and x.flags.carray for c in columns for x in c):
        return None
    if any(p is not places.get(path, p) for path, p in zip(native.places, native.inputs)):
        return None
    shapes = {path: a.shape for path, a in zip(native.places, native.inputs)}
    x, y = batches.arrays
    rows = [np.empty((batches.batch_size, *a.shape[1:]), a.dtype) for a in (x, y)]
    if any(path in shapes and shapes[path] != row.shape for path, row in zip((("x",), ("y",)), rows)):
        return None
    inputs = tuple({("x",): rows[0], ("y",): rows[1]}.get(path, a) for path, a in zip(native.places, native.inputs))
    flat = tuple(tuple(a.reshape(-1) for a in column) for column in columns)
    run = _compiled(native, tuple(a.ndim for a in own), step.plan.kernel, own[0].dtype, len(columns))
    return Loop(run, (x, y, *rows, inputs, flat), step, state, batches.batch_size)


def _leaves(tree: Tree) -> list[tuple[tuple[Any, ...], Any]]:
    """The leaves with their paths from the parameter's name on."""
    found: list[tuple[tuple[Any, ...], Any]] = []

    def walk(node: Tree, path: tuple[Any, ...]) -> None:
        children = trees.children_of(node)
        if children is None:
            found.append((path, node))
        for key, child in (children or {}).items():
            walk(child, (*path, key))

    walk(tree, ("params",))
    return found


def plain(batches: data.Batches) -> bool:
    """Whether batches are rows of two arrays in memory, and nothing else is done to them."""
    arrays = batches.arrays
    if batches.changes or type(arrays) is not tuple or len(arrays) != 2:
        return False
    return all(type(a) is np.ndarray and a.flags.c_contiguous and a.dtype.kind in "iufb" for a in arrays)


_made: dict[Any, Any] = {}  # by what a loop is made of, which it keeps alive


def _compiled(native: Any, ranks: tuple[int, ...], kernel: Callable[..., None], dtype: Any, columns: int) -> Any:
    """The loop as Numba compiles it at its first call."""
    key = id(native.compiled), ranks, kernel, dtype, columns
    if key not in _made:
        _made[key] = _written(native, ranks, kernel, dtype, columns), native.compiled
    return _made[key][0]


def _written(native: Any, ranks: tuple[int, ...], kernel: Callable[..., None], dtype: Any, columns: int) -> Any:
    import numba

    gradient = _by_address(native.compiled, len(native.inputs) + 1)
    one = fused.on_one(kernel, dtype, columns + 1)
    count = len(ranks)
    numbers = kernel.__code__.co_argcount - columns - 1
    taken = ", ".join(f"inputs[{k}]" for k in range(len(native.inputs)))
    outs = ", ".join(f"g{k}" for k in range(count))
    values = ", ".join(f"numbers[s, {k}]" for k in range(numbers))
    updates = "\n        ".join(
        f"one(flat[0][{k}], g{k}{'' if rank == 1 else '.reshape(-1)'}, "
        + "".join(f"flat[{c}][{k}], " for c in range(1, columns))
        + f"{values})"
        for k, rank in enumerate(ranks)
    )
    text = f"""
def run(x, y, x_rows, y_rows, inputs, flat, order, numbers, losses, done):
    size = x_rows.shape[0]
    for s in range(losses.size):
        for i in range(size):
            x_rows[i] = x[order[s * size + i]]
            y_rows[i] = y[order[s * size + i]]
        loss, {outs} = gradient({taken}, seed)
        if loss != loss:
            return
        losses[s] = loss
        {updates}
        done[0] = s + 1
"""
    space = {"gradient": gradient, "one": one, "seed": native.seed}
    exec(text, space)
    return numba.njit(error_model="numpy", nogil=True)(space["run"])


@dataclass(frozen=True)
class _Symbol:
    symbol: str

    def __call__(self) -> None:
        """Nothing is to be loaded: the code is there."""


def _by_address(compiled: Any, count: int) -> Any:
    """A function that is compiled already, for compiled code."""
    from llvmlite import binding
    from numba.extending import intrinsic

    from srcad_runtime.outlined import call_by_symbol

    name = compiled.fndesc.llvm_func_name
    symbol = f"srcad.native.{hashlib.sha256(f'{name} {id(compiled)}'.encode()).hexdigest()[:16]}"
    binding.add_symbol(symbol, compiled.library.get_pointer_to_function(name))
    loaded, kind = _Symbol(symbol), compiled.signature

    def define(given: Any) -> Any:
        return kind.return_type(*kind.args), lambda *parts: call_by_symbol(loaded, *parts)

    names = ", ".join(f"a{k}" for k in range(count))
    scope: dict[str, Any] = {"define": define}
    exec(f"def native(typingctx, {names}):\n    return define(({names},))", scope)
    return intrinsic(scope["native"])
