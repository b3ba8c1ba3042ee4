"""What a training step says when it fails: which step, which layer, which shapes, and where a NaN came from."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from srcad_runtime import nan_trace, trees

Tree = Any
_NAMES = ("params", "x", "y", "rng", "state")


def check_parameters(params: Tree) -> None:
    """A TypeError for the first parameter that is no floating-point number or array, a ValueError for none at all."""
    if not trees.leaves(params):
        raise ValueError("there are no parameters to train")
    for path, leaf in trees.paths(params):
        kind = getattr(leaf, "dtype", np.asarray(leaf).dtype)
        if kind.kind not in "fc":
            raise TypeError(f"params{path} is of {kind}: parameters are floating-point (settings belong in the model)")


def check_data(arrays: Tree, name: str) -> None:
    """A TypeError for the first array that is not made of numbers, a ValueError for the first without examples."""
    for path, leaf in trees.paths(arrays):
        if not hasattr(leaf, "dtype"):
            raise TypeError(f"{name}{path} is a {type(leaf).__name__}, not an array: give np.asarray({name})")
        if leaf.dtype.kind not in "biufc":
            raise TypeError(f"{name}{path} has dtype {leaf.dtype}: a model takes numbers")
        if leaf.shape[:1] == (0,):
            raise ValueError(f"there are no examples: {name}{path} is empty, of shape {tuple(leaf.shape)}")


def check_batch(x: Tree, y: Tree, place: str) -> None:
    """A ValueError for a batch without examples, which a change of batches can make."""
    for name, tree in (("x", x), ("y", y)):
        if isinstance(tree, np.ndarray) and tree.shape[:1] != (0,):
            continue  # the usual, at every step
        for path, leaf in trees.paths(tree):
            if np.shape(leaf)[:1] == (0,):
                raise ValueError(
                    f"the batch is empty at {place}: {name}{path} has shape {np.shape(leaf)}; {_shapes((None, x, y))}"
                )


def check_parts(model: Any, loss: Any, optimizer: Any) -> None:
    """A TypeError for a part of a `Trainer` that is a name or a class instead of the thing itself."""
    if not callable(loss):
        raise TypeError(f"the loss must be a function loss(prediction, y), such as losses.mse, not {loss!r}")
    if not (hasattr(optimizer, "init") and hasattr(optimizer, "update_into")):
        told = f"{optimizer.__name__} itself: call it" if callable(optimizer) else repr(optimizer)
        raise TypeError(f"the optimizer must be one of `optimizers`, such as optimizers.adam(1e-3), not {told}")


def explain(error: Exception, objective: Callable[..., Any], args: tuple[Any, ...], place: str) -> None:
    """Add to the error's message the step, the layers it came through and the shapes of everything."""
    note = f"at {place}{_layers(objective, args)}; {_shapes(args)}"
    if isinstance(error, SyntaxError) and hasattr(error, "hint"):  # srcad.Unsupported shows its own place and a way out
        error.hint = "\n  ".join(filter(None, (error.hint, note)))
        error.msg = f"{error.msg}\n  {note}"
    elif len(error.args) == 1 and isinstance(error.args[0], str) and not isinstance(error, KeyError):
        error.args = (f"{error.args[0]}\n  {note}",)
    elif hasattr(error, "add_note"):
        error.add_note(note)


def _layers(objective: Callable[..., Any], args: tuple[Any, ...]) -> str:
    """Where the objective, run as plain Python on the same arguments, fails: innermost function first."""
    try:
        with np.errstate(all="ignore"):
            objective(*args)
    except Exception as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if not _hidden(f.filename)]
        calls = [f"{f.name} ({os.path.basename(f.filename)}:{f.lineno})" for f in reversed(frames)]
        return f", in {', called by '.join(calls)}" if calls else ""
    return ""


def _hidden(filename: str) -> bool:
    """Frames that are not the model's: this package's machinery, NumPy's and SciPy's insides."""
    name = os.path.basename(filename)
    return name in ("_objective.py", "_step_errors.py") or any(
        f"{os.sep}{lib}{os.sep}" in filename for lib in _LIBRARIES
    )


_LIBRARIES = ("numpy", "scipy", "numba")


def _shapes(args: tuple[Any, ...]) -> str:
    named = zip(_NAMES, args)
    told = [trees.describe(tree, name) for name, tree in named if name in ("params", "x", "y") and tree is not None]
    return "; ".join(told)


def check_finite(
    loss: float, grads: Tree, objective: Callable[..., Any], args: tuple[Any, ...], place: str, trace: bool
) -> None:
    """A FloatingPointError for a NaN loss; with `trace` also for an infinite one and for gradients, naming the line."""
    if np.isfinite(loss):
        where = nan_trace.locate(grads, "the gradient of params")
        if where is not None:
            raise FloatingPointError(
                f"{where} is not finite at {place}, though the loss is {loss:.6g}; {_shapes(args)}"
            )
        return
    told = f"the loss is {loss} at {place}; {_origin(objective, args) if trace else _ADVICE}; {_shapes(args)}"
    raise FloatingPointError(told)


_ADVICE = "Trainer(check_nan=True) names the line it comes from"


def _origin(objective: Callable[..., Any], args: tuple[Any, ...]) -> str:
    for name, tree in zip(_NAMES, args):
        if name in ("params", "x", "y"):
            where = nan_trace.locate(tree, name)
            if where is not None:
                return f"{where} is not finite already"
    return nan_trace.find(objective, *args) or "run as plain Python it is finite"
