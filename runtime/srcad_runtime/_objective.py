"""From a model and a loss to the one function that is differentiated.

A model is ``model(params, x)`` and may name `training`, `rng` and `state` too. Each combination has its objective
written out, because srcad reads these functions' source: what is written here is what the generated gradient shows.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

EXTRAS = ("training", "rng", "state")


def extras(model: Callable[..., Any]) -> frozenset[str]:
    """Which of `training`, `rng` and `state` the model names in its signature."""
    try:
        return frozenset(EXTRAS) & inspect.signature(model).parameters.keys()
    except (TypeError, ValueError) as error:
        raise TypeError(f"the model must be a function model(params, x), not {model!r}") from error


def in_mode(model: Callable[..., Any], training: bool) -> Callable[..., Any]:
    """The model with its `training` settled, if it names that."""
    return functools.partial(model, training=training) if "training" in extras(model) else model


def objective(model: Callable[..., Any], loss: Callable[..., Any], aux: bool) -> Callable[..., Any]:
    """The loss as a function of the parameters first, with what `arguments` gives after them.

    It returns the loss, with `aux` (and always for a model that has a state) also ``(prediction, state)``.
    """
    names, model = extras(model), in_mode(model, training=True)
    if "state" in names:
        return _with_rng_and_state(model, loss) if "rng" in names else _with_state(model, loss)
    if aux:
        return _with_rng_aux(model, loss) if "rng" in names else _plain_aux(model, loss)
    return _with_rng(model, loss) if "rng" in names else _plain(model, loss)


def arguments(names: frozenset[str], x: Any, y: Any, rng: Any, state: Any) -> tuple[Any, ...]:
    """What the objective of a model with these `names` takes after the parameters."""
    return (x, y, *([rng] if "rng" in names else []), *([state] if "state" in names else []))


def has_aux(names: frozenset[str], wanted: bool) -> bool:
    """Whether the objective returns a prediction and a state beside the loss."""
    return wanted or "state" in names


def _plain(model: Callable[..., Any], loss: Callable[..., Any]) -> Callable[..., Any]:
    def objective(params: Any, x: Any, y: Any) -> Any:
        return loss(model(params, x), y)

    return objective


def _plain_aux(model: Callable[..., Any], loss: Callable[..., Any]) -> Callable[..., Any]:
    def objective(params: Any, x: Any, y: Any) -> Any:
        prediction = model(params, x)
        return loss(prediction, y), (prediction, None)

    return objective


def _with_rng(model: Callable[..., Any], loss: Callable[..., Any]) -> Callable[..., Any]:
    def objective(params: Any, x: Any, y: Any, rng: Any) -> Any:
        return loss(model(params, x, rng=rng), y)

    return objective


def _with_rng_aux(model: Callable[..., Any], loss: Callable[..., Any]) -> Callable[..., Any]:
    def objective(params: Any, x: Any, y: Any, rng: Any) -> Any:
        prediction = model(params, x, rng=rng)
        return loss(prediction, y), (prediction, None)

    return objective


def _with_state(model: Callable[..., Any], loss: Callable[..., Any]) -> Callable[..., Any]:
    def objective(params: Any, x: Any, y: Any, state: Any) -> Any:
        prediction, state = model(params, x, state=state)
        return loss(prediction, y), (prediction, state)

    return objective


def _with_rng_and_state(model: Callable[..., Any], loss: Callable[..., Any]) -> Callable[..., Any]:
    def objective(params: Any, x: Any, y: Any, rng: Any, state: Any) -> Any:
        prediction, state = model(params, x, rng=rng, state=state)
        return loss(prediction, y), (prediction, state)

    return objective
