"""Optimizers over nested parameters, with optax's names, arguments, defaults and states.

    opt = optimizers.adam(1e-3)
    state = opt.init(params)
    updates, state = opt.update(grads, state, params)     # pure: nothing is written
    params = optimizers.apply_updates(params, updates)

    opt.update_into(params, grads, state)                 # the same step in place, one compiled pass

A learning rate is a number or a schedule (a function of the step, see `schedules`). Parameters are arrays, or tuples,
lists, dicts, named tuples and dataclasses of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

from srcad_runtime import again, fused, trees
from srcad_runtime._scaling import (
    add_decayed_weights,
    clip,
    clip_by_block_rms,
    clip_by_global_norm,
    masked,
    scale_by_adadelta,
    scale_by_rms,
    scale_by_rss,
    scale_by_stddev,
    scale_by_trust_ratio,
)
from srcad_runtime._transforms import (
    EmptyState,
    GradientTransformation,
    LearningRate,
    Tree,
    apply_updates,
    ema,
    global_norm,
    identity,
    rectification,
    scale,
    scale_by_adam,
    scale_by_adamax,
    scale_by_amsgrad,
    scale_by_learning_rate,
    scale_by_lion,
    scale_by_radam,
    scale_by_schedule,
    set_to_zero,
    trace,
    write_update,
)
from srcad_runtime._wrappers import (
    MultiSteps,
    MultiStepsState,
    apply_every,
    apply_if_finite,
    chain,
    skip_large_updates,
    skip_not_finite,
)

__all__ = [
    "EmptyState", "GradientTransformation", "MultiSteps", "MultiStepsState", "adadelta", "adagrad", "adam",
    "adamax", "adamw", "add_decayed_weights", "amsgrad", "apply_every", "apply_if_finite", "apply_updates", "chain",
    "clip", "clip_by_block_rms", "clip_by_global_norm", "ema", "global_norm", "identity", "lamb", "lars", "lion",
    "masked", "nadam", "nadamw", "radam", "rmsprop", "scale", "scale_by_adadelta", "scale_by_adam",
    "scale_by_adamax", "scale_by_amsgrad", "scale_by_learning_rate", "scale_by_lion", "scale_by_radam",
    "scale_by_rms", "scale_by_rss", "scale_by_schedule", "scale_by_stddev", "scale_by_trust_ratio", "set_to_zero",
    "sgd", "skip_large_updates", "skip_not_finite", "trace",
]  # fmt: skip


class _Plan(NamedTuple):
    """The compiled form of a chain's step: a kernel, and what it takes beside parameters and gradients.

    numbers: of the state and the learning rate. moments: of the state, trees like the parameters. mask: which
    parameters are decayed; for the others the last number is zero.
    """

    kernel: Callable[..., None]
    numbers: Callable[[Tree, float], tuple[float, ...]]
    moments: Callable[[Tree], tuple[Tree, ...]]
    mask: Any = None

    def passes(self, params: Tree, grads: Tree, numbers: tuple[float, ...], moments: tuple[Tree, ...]) -> list[Any]:
        """(numbers, rows of a parameter, its gradient and its moments) of each pass over some of the parameters."""
        rows = trees.together(params, grads, *moments)
        if self.mask is None:
            return [(numbers, rows)]
        kept = _kept(self.mask, params)
        decayed, free = ([row for row, keep in zip(rows, kept) if keep is wanted] for wanted in (True, False))
        return [(numbers, decayed), ((*numbers[:-1], 0.0), free)]


@dataclasses.dataclass(frozen=True)
class Fused:
    """An optimizer's step in place, by compiled passes; what they do not know takes the pure `update`.

    at: where in the state the schedule counts. steps: what is known of the last step.
    """

    update: Callable[..., Any]
    plan: _Plan
    learning_rate: LearningRate | None
    at: int
    steps: again.Steps

    def __call__(self, params: Tree, grads: Tree, state: Tree) -> None:
        """Run the passes; parameters they do not know (complex, CuPy) take the pure update."""
        plan, numbers, moments = self.plan, self.numbers(state), self.plan.moments(state)
        if plan.mask is not None or not self.steps.run(plan.kernel, numbers, params, grads, moments):
            passes = plan.passes(params, grads, numbers, moments)
            if not all(fused.fits(rows) for _, rows in passes):
                return write_update(self.update, params, grads, state)
            for own, rows in passes:
                fused.run(plan.kernel, own, rows)
        self.advance(state)

    def numbers(self, state: Tree) -> tuple[float, ...]:
        """What the kernel takes beside arrays, at the next step."""
        rate: Any = self.learning_rate
        if callable(rate):
            rate = rate(int(state[self.at].count))
        return tuple(map(float, self.plan.numbers(state, float(rate))))

    def advance(self, state: Tree, steps: int = 1) -> None:
        """Count steps that were made."""
        for part in state:
            if "count" in part._fields:
                part.count.fill(int(part.count) + steps)


def _optimizer(
    learning_rate: LearningRate | None,
    before: tuple[GradientTransformation, ...],
    after: tuple[GradientTransformation, ...] = (),
    plan: _Plan | None = None,
) -> GradientTransformation:
    """The chain `before`, the learning rate, `after`; with `plan` as its compiled form."""
    if learning_rate is not None and not callable(learning_rate):
        learning_rate = float(learning_rate)
    chained = chain(*before, scale_by_learning_rate(learning_rate), *after)
    step = None if plan is None else Fused(chained.update, plan, learning_rate, len(before), again.Steps())
    return dataclasses.replace(
        chained,
        kernel=step,
        learning_rate=learning_rate,
        remake=lambda rate: _optimizer(rate, before, after, plan),
    )


def sgd(
    learning_rate: LearningRate, momentum: float | None = None, nesterov: bool = False, accumulator_dtype: Any = None
) -> GradientTransformation:
    """Gradient descent, with momentum and Nesterov's variant of it (Sutskever et al. 2013)."""
    if momentum is None:
        return _optimizer(learning_rate, (identity(),), plan=_sgd_plan)
    decay, kernel = float(momentum), fused.nesterov if nesterov else fused.momentum
    plan = _Plan(kernel, lambda state, rate: (rate, decay), lambda state: (state[0].trace,))
    memory = trace(momentum, nesterov, accumulator_dtype)
    return _optimizer(learning_rate, (memory,), plan=plan if accumulator_dtype is None else None)


_sgd_plan = _Plan(fused.sgd, lambda state, rate: (rate,), lambda state: ())


def adam(
    learning_rate: LearningRate,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    eps_root: float = 0.0,
    mu_dtype: Any = None,
    *,
    nesterov: bool = False,
) -> GradientTransformation:
    """Adaptive moments (Kingma and Ba 2014, https://arxiv.org/abs/1412.6980)."""
    plan = None if mu_dtype is not None else _adam_plan(b1, b2, eps, eps_root, nesterov, 0.0, None)
    return _optimizer(learning_rate, (scale_by_adam(b1, b2, eps, eps_root, mu_dtype, nesterov=nesterov),), plan=plan)


def _adam_plan(b1: float, b2: float, eps: float, eps_root: float, nesterov: bool, decay: Any, mask: Any) -> _Plan:
    b1, b2, eps, eps_root, decay = float(b1), float(b2), float(eps), float(eps_root), float(decay)

    def numbers(state: Tree, rate: float) -> tuple[float, ...]:
        t = int(state[0].count) + 1
        from_m, from_g = 1 / (1 - b1**t), 0.0
        if nesterov:
            from_m, from_g = b1 / (1 - b1 ** (t + 1)), (1 - b1) / (1 - b1**t)
        return rate, b1, 1 - b1, b2, 1 - b2, from_m, from_g, (1 - b2**t) ** 0.5, eps, eps_root, decay

    return _Plan(fused.adam, numbers, lambda state: (state[0].mu, state[0].nu), mask)


def _kept(mask: Any, params: Tree) -> list[bool]:
    """Whether each parameter is decayed; one boolean of the mask may stand for a whole subtree."""
    keep = mask(params) if callable(mask) else mask
    each = trees.map(lambda m, below: trees.map(lambda _: bool(m), below), keep, params)
    return [m for _, m in trees.together(params, each)]


def adamw(
    learning_rate: LearningRate,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    eps_root: float = 0.0,
    mu_dtype: Any = None,
    weight_decay: LearningRate = 1e-4,
    mask: Any = None,
    *,
    nesterov: bool = False,
) -> GradientTransformation:
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter 2017, https://arxiv.org/abs/1711.05101)."""
    parts = scale_by_adam(b1, b2, eps, eps_root, mu_dtype, nesterov=nesterov), add_decayed_weights(weight_decay, mask)
    plain = mu_dtype is None and not callable(weight_decay)
    plan = _adam_plan(b1, b2, eps, eps_root, nesterov, weight_decay, mask) if plain else None
    return _optimizer(learning_rate, parts, plan=plan)


def nadam(
    learning_rate: LearningRate,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    eps_root: float = 0.0,
    mu_dtype: Any = None,
    *,
    nesterov: bool = True,
) -> GradientTransformation:
    """Adam with Nesterov's look ahead (Dozat 2016, https://openreview.net/pdf?id=OM0jvwB8jIp57ZJjtNEZ)."""
    return adam(learning_rate, b1, b2, eps, eps_root, mu_dtype, nesterov=nesterov)


def nadamw(
    learning_rate: LearningRate,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    eps_root: float = 0.0,
    mu_dtype: Any = None,
    weight_decay: LearningRate = 1e-4,
    mask: Any = None,
    *,
    nesterov: bool = True,
) -> GradientTransformation:
    """`nadam` with `adamw`'s weight decay."""
    return adamw(learning_rate, b1, b2, eps, eps_root, mu_dtype, weight_decay, mask, nesterov=nesterov)


def amsgrad(
    learning_rate: LearningRate,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    eps_root: float = 0.0,
    mu_dtype: Any = None,
    bias_correction_mu: bool = True,
    bias_correction_nu: bool = True,
) -> GradientTransformation:
    """Adam whose second moment never shrinks (Reddi et al. 2018, https://openreview.net/forum?id=ryQu7f-RZ)."""
    scaling = scale_by_amsgrad(b1, b2, eps, eps_root, mu_dtype, bias_correction_mu, bias_correction_nu)

    def numbers(state: Tree, rate: float) -> tuple[float, ...]:
        t = int(state[0].count) + 1
        c1, c2 = 1 - b1**t if bias_correction_mu else 1.0, 1 - b2**t if bias_correction_nu else 1.0
        return rate, b1, 1 - b1, b2, 1 - b2, c1, c2, eps, eps_root

    plan = _Plan(fused.amsgrad, numbers, lambda state: (state[0].mu, state[0].nu, state[0].nu_max))
    return _optimizer(learning_rate, (scaling,), plan=plan if mu_dtype is None else None)


def adamax(
    learning_rate: LearningRate, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8
) -> GradientTransformation:
    """Adam with the largest recent gradient for the second moment (Kingma and Ba 2014)."""
    plan = _Plan(
        fused.adamax,
        lambda state, rate: (rate, b1, 1 - b1, b2, 1 - b1 ** (int(state[0].count) + 1), eps),
        lambda state: (state[0].mu, state[0].nu),
    )
    return _optimizer(learning_rate, (scale_by_adamax(b1, b2, eps),), plan=plan)


def radam(
    learning_rate: LearningRate,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    eps_root: float = 0.0,
    threshold: float = 5.0,
    *,
    nesterov: bool = False,
) -> GradientTransformation:
    """Rectified Adam (Liu et al. 2019, https://arxiv.org/abs/1908.03265)."""

    def numbers(state: Tree, rate: float) -> tuple[float, ...]:
        t = int(state[0].count) + 1
        from_m, from_g = 1 / (1 - b1**t), 0.0
        if nesterov:
            from_m, from_g = b1 / (1 - b1 ** (t + 1)), (1 - b1) / (1 - b1**t)
        size = rectification(b2, t, threshold)
        scaled = (from_m, from_g, 0.0) if size is None else (size * from_m, size * from_g, 1.0)
        return rate, b1, 1 - b1, b2, 1 - b2, *scaled, 1 - b2**t, eps, eps_root

    scaling = scale_by_radam(b1, b2, eps, eps_root, threshold, nesterov=nesterov)
    plan = _Plan(fused.radam, numbers, lambda state: (state[0].mu, state[0].nu))
    return _optimizer(learning_rate, (scaling,), plan=plan)


def rmsprop(
    learning_rate: LearningRate,
    decay: float = 0.9,
    eps: float = 1e-8,
    initial_scale: float = 0.0,
    eps_in_sqrt: bool = True,
    centered: bool = False,
    momentum: float | None = None,
    nesterov: bool = False,
    bias_correction: bool = False,
) -> GradientTransformation:
    """Steps over a running root mean square (Hinton 2012); over a running deviation if `centered` (Graves 2013)."""
    scaling = (scale_by_stddev if centered else scale_by_rms)(decay, eps, initial_scale, eps_in_sqrt, bias_correction)
    inside, outside = (eps, 0.0) if eps_in_sqrt else (0.0, eps)

    def numbers(state: Tree, rate: float) -> tuple[float, ...]:
        c = 1 - decay ** (int(state[0].count) + 1) if bias_correction else 1.0
        own = () if momentum is None else (momentum, float(nesterov))
        return rate, decay, 1 - decay, c, inside, outside, *own

    def moments(state: Tree) -> tuple[Tree, ...]:
        running = (state[0].mu, state[0].nu) if centered else (state[0].nu,)
        return running if momentum is None else (*running, state[2].trace)

    kernels: dict[tuple[bool, bool], Callable[..., None]] = {
        (False, False): fused.rmsprop, (False, True): fused.rmsprop_momentum,
        (True, False): fused.rmsprop_centered, (True, True): fused.rmsprop_centered_momentum,
    }  # fmt: skip
    plan = _Plan(kernels[bool(centered), momentum is not None], numbers, moments)
    after = (identity() if momentum is None else trace(momentum, nesterov),)
    return _optimizer(learning_rate, (scaling,), after, plan)


def adagrad(
    learning_rate: LearningRate, initial_accumulator_value: float = 0.1, eps: float = 1e-7
) -> GradientTransformation:
    """Steps over the root of all squares so far (Duchi et al. 2011, https://jmlr.org/papers/v12/duchi11a.html)."""
    plan = _Plan(fused.adagrad, lambda state, rate: (rate, eps), lambda state: (state[0].sum_of_squares,))
    return _optimizer(learning_rate, (scale_by_rss(initial_accumulator_value, eps),), plan=plan)


def adadelta(
    learning_rate: LearningRate | None = None,
    rho: float = 0.9,
    eps: float = 1e-6,
    weight_decay: LearningRate = 0.0,
    weight_decay_mask: Any = None,
) -> GradientTransformation:
    """Steps in the parameters' own units (Zeiler 2012, https://arxiv.org/abs/1212.5701)."""
    parts = add_decayed_weights(weight_decay, weight_decay_mask), scale_by_adadelta(rho, eps)
    if learning_rate is None or callable(weight_decay):
        return _optimizer(learning_rate, parts)
    decay = float(weight_decay)
    plan = _Plan(
        fused.adadelta,
        lambda state, rate: (rate, rho, 1 - rho, eps, decay),
        lambda state: (state[1].e_g, state[1].e_x),
        weight_decay_mask,
    )
    return _optimizer(learning_rate, parts, plan=plan)


def lamb(
    learning_rate: LearningRate,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-6,
    eps_root: float = 0.0,
    weight_decay: LearningRate = 0.0,
    mask: Any = None,
) -> GradientTransformation:
    """Adam scaled layer by layer, for large batches (You et al. 2019, https://arxiv.org/abs/1904.00962).

    `update_into` goes over each parameter twice, on one thread: for the moments and the norms, and for the step.
    """
    scaling = scale_by_adam(b1, b2, eps, eps_root), add_decayed_weights(weight_decay, mask), scale_by_trust_ratio()
    if callable(weight_decay):
        return _optimizer(learning_rate, scaling)
    decay = float(weight_decay)

    def numbers(state: Tree, rate: float) -> tuple[float, ...]:
        t = int(state[0].count) + 1
        return rate, b1, 1 - b1, b2, 1 - b2, 1 / (1 - b1**t), 1 - b2**t, eps, eps_root, decay

    plan = _Plan(fused.lamb, numbers, lambda state: (state[0].mu, state[0].nu), mask)
    return _optimizer(learning_rate, scaling, plan=plan)


def lars(
    learning_rate: LearningRate,
    weight_decay: LearningRate = 0.0,
    weight_decay_mask: Any = True,
    trust_coefficient: float = 0.001,
    eps: float = 0.0,
    trust_ratio_mask: Any = True,
    momentum: float = 0.9,
    nesterov: bool = False,
) -> GradientTransformation:
    """Momentum scaled layer by layer, for large batches (You et al. 2017, https://arxiv.org/abs/1708.03888).

    `update_into` makes `update`'s step in NumPy and copies it in.
    """
    trust = masked(scale_by_trust_ratio(trust_coefficient=trust_coefficient, eps=eps), trust_ratio_mask)
    before = add_decayed_weights(weight_decay, weight_decay_mask), trust
    return _optimizer(learning_rate, before, (trace(momentum, nesterov),))


def lion(
    learning_rate: LearningRate,
    b1: float = 0.9,
    b2: float = 0.99,
    mu_dtype: Any = None,
    weight_decay: LearningRate = 1e-3,
    mask: Any = None,
) -> GradientTransformation:
    """The sign of a momentum (Chen et al. 2023, https://arxiv.org/abs/2302.06675)."""
    parts = scale_by_lion(b1, b2, mu_dtype), add_decayed_weights(weight_decay, mask)
    if mu_dtype is not None or callable(weight_decay):
        return _optimizer(learning_rate, parts)
    decay = float(weight_decay)
    plan = _Plan(
        fused.lion, lambda state, rate: (rate, b1, 1 - b1, b2, 1 - b2, decay), lambda state: (state[0].mu,), mask
    )
    return _optimizer(learning_rate, parts, plan=plan)
