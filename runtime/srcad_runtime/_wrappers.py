"""Transformations made of transformations: chains, accumulation over batches, and skipping what is not finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from srcad_runtime import trees
from srcad_runtime._transforms import GradientTransformation, Tree, advanced, as_dtype, check_step, counter, overwrite


def chain(*transforms: GradientTransformation) -> GradientTransformation:
    """One transformation after the other; the state is the tuple of theirs.

    `update_into` lets all but the last make new updates (one array a parameter each, for those that change anything),
    and the last write its step in place, compiled where it has a compiled step: put the optimizer last.
    """

    def update(updates: Tree, state: Tree, params: Tree = None) -> tuple[Tree, Tree]:
        new_states = []
        for transform, inner in zip(transforms, _states(transforms, state)):
            updates, new = transform.update(updates, inner, params)
            new_states.append(new)
        return updates, tuple(new_states)

    tunable = [t for t in transforms if t.learning_rate is not None]
    return GradientTransformation(
        lambda params: tuple(t.init(params) for t in transforms),
        update,
        kernel=_chain_kernel(transforms),
        learning_rate=tunable[0].learning_rate if len(tunable) == 1 else None,
        remake=(lambda rate: chain(*(_retuned(t, rate) for t in transforms))) if len(tunable) == 1 else None,
        skips_nonfinite=any(t.skips_nonfinite for t in transforms),
    )


def _retuned(transform: GradientTransformation, rate: float) -> GradientTransformation:
    return transform if transform.learning_rate is None else transform.with_learning_rate(rate)


def _states(transforms: tuple[GradientTransformation, ...], state: Tree) -> Tree:
    if not isinstance(state, tuple) or len(state) != len(transforms):
        raise ValueError(f"this state does not belong to a chain of {len(transforms)}: make it with opt.init(params)")
    return state


def _chain_kernel(transforms: tuple[GradientTransformation, ...]) -> Callable[[Tree, Tree, Tree], None] | None:
    """The last transformation's compiled step after the others' pure ones (clipping, say, then Adam)."""
    kernel = transforms[-1].kernel if transforms else None
    if kernel is None:
        return None

    def into(params: Tree, grads: Tree, state: Tree) -> None:
        *firsts, last = _states(transforms, state)
        for transform, inner in zip(transforms, firsts):
            grads, new = transform.update(grads, inner, params)
            overwrite(inner, new)
        kernel(params, grads, last)

    return into


class ApplyIfFiniteState(NamedTuple):
    notfinite_count: np.ndarray
    last_finite: np.ndarray
    total_notfinite: np.ndarray
    inner_state: Tree


def apply_if_finite(inner: GradientTransformation, max_consecutive_errors: int) -> GradientTransformation:
    """Drops updates that hold an inf or a NaN, unless more than `max_consecutive_errors` came in a row.

    `update_into` makes `update`'s step, in NumPy, and copies it in.
    """

    def init(params: Tree) -> ApplyIfFiniteState:
        return ApplyIfFiniteState(counter(), np.array(True), counter(), inner.init(params))

    def update(updates: Tree, state: ApplyIfFiniteState, params: Tree = None) -> tuple[Tree, Tree]:
        finite = all(bool(np.all(np.isfinite(x))) for x in trees.leaves(updates))
        in_a_row = counter() if finite else advanced(state.notfinite_count)
        total = state.total_notfinite if finite else advanced(state.total_notfinite)
        inner_state, step = state.inner_state, trees.zeros_like(updates)
        if finite or in_a_row > max_consecutive_errors:
            step, inner_state = inner.update(updates, inner_state, params)
        return step, ApplyIfFiniteState(in_a_row, np.array(finite), total, inner_state)

    return _around(
        inner, GradientTransformation(init, update, skips_nonfinite=True), apply_if_finite, max_consecutive_errors
    )


def _around(
    inner: GradientTransformation,
    outer: GradientTransformation,
    wrap: Callable[..., GradientTransformation],
    *args: Any,
) -> GradientTransformation:
    """`outer`, with `inner`'s learning rate."""
    if inner.remake is None:
        return outer
    return GradientTransformation(
        outer.init,
        outer.update,
        kernel=outer.kernel,
        learning_rate=inner.learning_rate,
        remake=lambda rate: wrap(inner.with_learning_rate(rate), *args),
        skips_nonfinite=outer.skips_nonfinite,
    )


class ApplyEvery(NamedTuple):
    count: np.ndarray  # type: ignore[assignment]
    grad_acc: Tree


def apply_every(k: int = 1) -> GradientTransformation:
    """Sums updates and lets the sum through every `k` steps, zeros between (`MultiSteps` wraps a whole optimizer)."""

    def update(updates: Tree, state: ApplyEvery, params: Tree = None) -> tuple[Tree, Tree]:
        position = int(state.count) % k
        total = trees.map(lambda g, a: (position != 0) * a + g, updates, state.grad_acc)
        step = total if position == k - 1 else trees.zeros_like(total)
        return step, ApplyEvery(np.asarray((position + 1) % k), total)

    return GradientTransformation(lambda params: ApplyEvery(counter(), trees.zeros_like(params)), update)


class MultiStepsState(NamedTuple):
    mini_step: np.ndarray
    gradient_step: np.ndarray
    inner_opt_state: Tree
    acc_grads: Tree
    skip_state: Tree = ()


def skip_not_finite(updates: Tree, gradient_step: Any, params: Tree) -> tuple[bool, Tree]:
    """For `MultiSteps(should_skip_update_fn=)`: skip a batch whose gradients hold an inf or a NaN."""
    bad = sum(int(np.sum(~np.isfinite(x))) for x in trees.leaves(updates))
    return bad > 0, {"should_skip": np.array(bad > 0), "num_not_finite": np.array(bad)}


def skip_large_updates(updates: Tree, gradient_step: Any, params: Tree, max_squared_norm: float) -> tuple[bool, Tree]:
    """For `MultiSteps(should_skip_update_fn=)`: skip a batch whose gradients' squared norm is too large, or NaN."""
    squared = float(sum(np.sum(np.square(x)) for x in trees.leaves(updates)))
    skip = not squared < max_squared_norm
    return skip, {"should_skip": np.array(skip), "norm_squared": np.array(squared)}


class MultiSteps:
    """Accumulates the gradients of `every_k_schedule` batches (a number, or a function of the step) into one step of
    `opt`.

    Between steps the updates are zeros. Gradients are kept as float32, optax's default; `accumulator_dtype=None` keeps
    each one's own. `update_into` adds a batch to what is kept in place and leaves the parameters alone until `opt`
    steps by its own `update_into`.
    """

    def __init__(
        self,
        opt: GradientTransformation,
        every_k_schedule: int | Callable[[int], int],
        use_grad_mean: bool = True,
        should_skip_update_fn: Callable[..., tuple[Any, Tree]] | None = None,
        accumulator_dtype: Any = np.float32,
    ) -> None:
        self.inner_opt = opt
        self._every = every_k_schedule
        self._mean = use_grad_mean
        self._skip = should_skip_update_fn or (lambda updates, gradient_step, params: (False, ()))
        self._dtype = accumulator_dtype

    def init(self, params: Tree) -> MultiStepsState:
        """The state before the first batch."""
        accumulated = trees.zeros_like(params, self._dtype)
        _, skip_state = self._skip(trees.zeros_like(params), 0, params)
        return MultiStepsState(counter(), counter(), self.inner_opt.init(params), accumulated, skip_state)

    def update(self, updates: Tree, state: MultiStepsState, params: Tree = None) -> tuple[Tree, MultiStepsState]:
        """Adds one batch; the inner optimizer steps when enough of them are together."""
        skip, skip_state = self._skip(updates, int(state.gradient_step), params)
        if skip:
            return trees.zeros_like(updates), state._replace(skip_state=skip_state)
        total = trees.map(self._accumulate(int(state.mini_step)), updates, state.acc_grads)
        if self._waits(state):
            total = as_dtype(total, self._dtype)
            waiting = state._replace(mini_step=advanced(state.mini_step), acc_grads=total, skip_state=skip_state)
            return trees.zeros_like(updates), waiting
        mean = trees.map(lambda t, g: t.astype(g.dtype), total, updates)
        step, inner = self.inner_opt.update(mean, state.inner_opt_state, params)
        empty = trees.zeros_like(state.acc_grads)
        return step, MultiStepsState(counter(), advanced(state.gradient_step), inner, empty, skip_state)

    def _step_into(self, params: Tree, grads: Tree, state: MultiStepsState) -> None:
        """`update` in place."""
        check_step(params, grads)
        skip, skip_state = self._skip(grads, int(state.gradient_step), params)
        overwrite(state.skip_state, skip_state)
        if skip:
            return
        add = self._accumulate(int(state.mini_step))
        if self._waits(state):
            overwrite(state.acc_grads, trees.map(add, grads, state.acc_grads))
            state.mini_step.fill(int(state.mini_step) + 1)
            return
        mean = trees.map(lambda g, a: add(g, a).astype(g.dtype, copy=False), grads, state.acc_grads)
        self.inner_opt.update_into(params, mean, state.inner_opt_state)
        trees.map(lambda a: a.fill(0), state.acc_grads)
        state.mini_step.fill(0)
        state.gradient_step.fill(int(state.gradient_step) + 1)

    def _waits(self, state: MultiStepsState) -> bool:
        """Whether more batches are needed after this one."""
        k = self._every(int(state.gradient_step)) if callable(self._every) else self._every
        return int(state.mini_step) < k - 1

    def _accumulate(self, n: int) -> Callable[[Any, Any], Any]:
        if self._mean:
            return lambda g, a: a + (g - a) / (n + 1)
        return lambda g, a: a + g

    def has_updated(self, state: MultiStepsState) -> bool:
        """Whether the last `update` moved the inner optimizer."""
        return bool(state.mini_step == 0 and state.gradient_step > 0)

    def update_into(self, params: Tree, grads: Tree, state: MultiStepsState, compiled: bool = True) -> Tree:
        """`update` written into the arrays of `params` and `state`."""
        return self.gradient_transformation().update_into(params, grads, state, compiled)

    def gradient_transformation(self) -> GradientTransformation:
        """This as an ordinary transformation, for `chain` and `Trainer`."""
        outer = GradientTransformation(self.init, self.update, kernel=self._step_into)
        return _around(self.inner_opt, outer, self._rewrapped)

    def _rewrapped(self, inner: GradientTransformation) -> GradientTransformation:
        again = MultiSteps(inner, self._every, self._mean, self._skip, self._dtype)
        return again.gradient_transformation()
