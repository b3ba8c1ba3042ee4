"""Learning rates that change with the step: optax's names, arguments and values.

A schedule is a function of the step (a number, or an array of them) and gives a float (or an array). Give one to an
optimizer in place of its learning rate. `ReduceLROnPlateau`, which looks at a metric instead of the step, is a
callback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from srcad_runtime.callbacks import ReduceLROnPlateau

__all__ = [
    "ReduceLROnPlateau", "constant_schedule", "cosine_decay_schedule", "cosine_onecycle_schedule", "exponential_decay",
    "join_schedules", "linear_onecycle_schedule", "linear_schedule", "piecewise_constant_schedule",
    "piecewise_interpolate_schedule", "polynomial_schedule", "sgdr_schedule", "warmup_constant_schedule",
    "warmup_cosine_decay_schedule", "warmup_exponential_decay_schedule",
]  # fmt: skip

Schedule = Callable[[Any], Any]


def _schedule(f: Schedule) -> Schedule:
    """`f` of a float array, giving a Python float for a single step."""

    def schedule(count: Any) -> Any:
        value = np.asarray(f(np.asarray(count, float)))
        return value if np.ndim(count) else float(value)

    return schedule


def constant_schedule(value: float) -> Schedule:
    """Always `value`."""
    return _schedule(lambda count: np.full_like(count, value))


def polynomial_schedule(
    init_value: float, end_value: float, power: float, transition_steps: int, transition_begin: int = 0
) -> Schedule:
    """From `init_value` to `end_value` in `transition_steps`, as ``(1 - t)**power``. No steps: always `init_value`."""
    if transition_steps <= 0:
        return constant_schedule(init_value)
    begin = max(transition_begin, 0)

    def schedule(count: Any) -> Any:
        left = 1 - np.clip(count - begin, 0, transition_steps) / transition_steps
        return (init_value - end_value) * left**power + end_value

    return _schedule(schedule)


def linear_schedule(init_value: float, end_value: float, transition_steps: int, transition_begin: int = 0) -> Schedule:
    """From `init_value` to `end_value` along a line."""
    return polynomial_schedule(init_value, end_value, 1, transition_steps, transition_begin)


def piecewise_constant_schedule(init_value: float, boundaries_and_scales: dict[int, float] | None = None) -> Schedule:
    """`init_value` times the scales of all boundaries reached; a negative scale is a ValueError."""
    steps = _sorted_scales(boundaries_and_scales)

    def schedule(count: Any) -> Any:
        value = np.full_like(count, init_value)
        for boundary, scale in steps:
            value = np.where(count >= boundary, scale * value, value)
        return value

    return _schedule(schedule)


def _sorted_scales(boundaries_and_scales: dict[int, float] | None) -> list[tuple[int, float]]:
    steps = sorted((boundaries_and_scales or {}).items())
    if any(scale < 0 for _, scale in steps):
        raise ValueError(f"scales must not be negative: {boundaries_and_scales}")
    return steps


def piecewise_interpolate_schedule(
    interpolate_type: str, init_value: float, boundaries_and_scales: dict[int, float] | None = None
) -> Schedule:
    """Between `init_value` and its scaled values at the boundaries, along lines or half cosines."""
    curves = {"linear": lambda t: t, "cosine": lambda t: (1 - np.cos(np.pi * t)) / 2}
    if interpolate_type not in curves:
        raise ValueError(f"interpolate_type must be 'linear' or 'cosine', not {interpolate_type!r}")
    curve, steps = curves[interpolate_type], _sorted_scales(boundaries_and_scales)
    bounds = np.array([0, *(boundary for boundary, _ in steps)], float)
    values = np.cumprod([init_value, *(scale for _, scale in steps)])

    def schedule(count: Any) -> Any:
        i = np.clip(np.searchsorted(bounds, count, side="right") - 1, 0, len(bounds) - 1)
        j = np.minimum(i + 1, len(bounds) - 1)
        t = (count - bounds[i]) / np.maximum(bounds[j] - bounds[i], 1)
        return values[i] + (values[j] - values[i]) * curve(t)

    return _schedule(schedule)


def exponential_decay(
    init_value: float,
    transition_steps: int,
    decay_rate: float,
    transition_begin: int = 0,
    staircase: bool = False,
    end_value: float | None = None,
) -> Schedule:
    """``init_value * decay_rate ** (step / transition_steps)`` up to `end_value`; whole powers for `staircase`."""
    if transition_steps <= 0 or decay_rate == 0:
        return constant_schedule(init_value)
    begin = max(transition_begin, 0)
    bound = np.maximum if decay_rate < 1.0 else np.minimum

    def schedule(count: Any) -> Any:
        power = np.maximum(count - begin, 0) / transition_steps
        value = init_value * decay_rate ** (np.floor(power) if staircase else power)
        return value if end_value is None else bound(value, end_value)

    return _schedule(schedule)


def cosine_decay_schedule(init_value: float, decay_steps: int, alpha: float = 0.0, exponent: float = 1.0) -> Schedule:
    """Half a cosine from `init_value` to ``alpha * init_value`` (Loshchilov and Hutter 2017)."""
    if not decay_steps > 0:
        raise ValueError(f"decay_steps must be positive, not {decay_steps}")

    def schedule(count: Any) -> Any:
        cosine = 0.5 * (1 + np.cos(np.pi * np.minimum(count, decay_steps) / decay_steps))
        return init_value * ((1 - alpha) * cosine**exponent + alpha)

    return _schedule(schedule)


def join_schedules(schedules: Sequence[Schedule], boundaries: Sequence[int]) -> Schedule:
    """One schedule after the other: from each boundary on the next, counting from there."""

    def schedule(count: Any) -> Any:
        value = schedules[0](count)
        for boundary, following in zip(boundaries, schedules[1:]):
            value = np.where(count < boundary, value, following(count - boundary))
        return value

    return _schedule(schedule)


def warmup_constant_schedule(init_value: float, peak_value: float, warmup_steps: int) -> Schedule:
    """A line up to `peak_value`, which then holds."""
    return linear_schedule(init_value, peak_value, warmup_steps)


def warmup_cosine_decay_schedule(
    init_value: float,
    peak_value: float,
    warmup_steps: int,
    decay_steps: int,
    end_value: float = 0.0,
    exponent: float = 1.0,
) -> Schedule:
    """A line up to `peak_value`, then half a cosine down to `end_value`; `decay_steps` counts the warm-up too."""
    alpha = 0.0 if peak_value == 0.0 else end_value / peak_value
    warmup = linear_schedule(init_value, peak_value, warmup_steps)
    return join_schedules(
        [warmup, cosine_decay_schedule(peak_value, decay_steps - warmup_steps, alpha, exponent)], [warmup_steps]
    )


def warmup_exponential_decay_schedule(
    init_value: float,
    peak_value: float,
    warmup_steps: int,
    transition_steps: int,
    decay_rate: float,
    transition_begin: int = 0,
    staircase: bool = False,
    end_value: float | None = None,
) -> Schedule:
    """A line up to `peak_value`, then `exponential_decay`."""
    decay = exponential_decay(peak_value, transition_steps, decay_rate, transition_begin, staircase, end_value)
    return join_schedules([linear_schedule(init_value, peak_value, warmup_steps), decay], [warmup_steps])


def sgdr_schedule(cosine_kwargs: Iterable[dict[str, Any]]) -> Schedule:
    """Warm restarts: one `warmup_cosine_decay_schedule` after the other (Loshchilov and Hutter 2017)."""
    cycles = list(cosine_kwargs)
    ends = np.cumsum([cycle["decay_steps"] for cycle in cycles])
    return join_schedules([warmup_cosine_decay_schedule(**cycle) for cycle in cycles], [int(end) for end in ends[:-1]])


def linear_onecycle_schedule(
    transition_steps: int,
    peak_value: float,
    pct_start: float = 0.3,
    pct_final: float = 0.85,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Schedule:
    """Up to `peak_value`, back down, and on towards zero, along lines (Smith and Topin 2017)."""
    _require_positive(transition_steps)
    scales = {int(pct_start * transition_steps): div_factor, int(pct_final * transition_steps): 1.0 / div_factor}
    scales[transition_steps] = 1.0 / final_div_factor
    return piecewise_interpolate_schedule("linear", peak_value / div_factor, scales)


def cosine_onecycle_schedule(
    transition_steps: int,
    peak_value: float,
    pct_start: float = 0.3,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Schedule:
    """Up to `peak_value` and down towards zero, along half cosines (Smith and Topin 2017)."""
    _require_positive(transition_steps)
    scales = {
        int(pct_start * transition_steps): div_factor,
        int(transition_steps): 1.0 / (div_factor * final_div_factor),
    }
    return piecewise_interpolate_schedule("cosine", peak_value / div_factor, scales)


def _require_positive(transition_steps: int) -> None:
    if transition_steps <= 0:
        raise ValueError(f"transition_steps must be positive, not {transition_steps}")
