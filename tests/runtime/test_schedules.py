"""Schedules against optax, at every step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from srcad_runtime import schedules

CASES: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    "constant": ("constant_schedule", (0.3,), {}),
    "linear": ("linear_schedule", (1.0, 0.1, 20), {}),
    "linear later": ("linear_schedule", (1.0, 0.1, 20), {"transition_begin": 7}),
    "linear none": ("linear_schedule", (1.0, 0.1, 0), {}),
    "polynomial": ("polynomial_schedule", (1.0, 0.1, 2.5, 30), {"transition_begin": -3}),
    "piecewise": ("piecewise_constant_schedule", (1.0, {10: 0.5, 20: 0.1}), {}),
    "piecewise none": ("piecewise_constant_schedule", (1.0,), {}),
    "piecewise lines": ("piecewise_interpolate_schedule", ("linear", 1.0, {10: 0.5, 30: 4.0}), {}),
    "piecewise cosines": ("piecewise_interpolate_schedule", ("cosine", 1.0, {10: 0.5, 30: 4.0}), {}),
    "exponential": ("exponential_decay", (1.0, 10, 0.7), {}),
    "exponential stairs": ("exponential_decay", (1.0, 10, 0.7), {"staircase": True, "transition_begin": 5}),
    "exponential bounded": ("exponential_decay", (1.0, 10, 0.5), {"end_value": 0.2}),
    "exponential growing": ("exponential_decay", (1.0, 10, 1.5), {"end_value": 3.0}),
    "cosine": ("cosine_decay_schedule", (1.0, 40), {}),
    "cosine floor": ("cosine_decay_schedule", (1.0, 40, 0.1, 2.0), {}),
    "warmup constant": ("warmup_constant_schedule", (0.0, 1.0, 10), {}),
    "warmup cosine": ("warmup_cosine_decay_schedule", (0.0, 1.0, 10, 50), {"end_value": 0.01}),
    "warmup exponential": ("warmup_exponential_decay_schedule", (0.0, 1.0, 10, 5, 0.9), {}),
    "onecycle cosine": ("cosine_onecycle_schedule", (50, 1.0), {}),
    "onecycle linear": ("linear_onecycle_schedule", (50, 1.0), {}),
    "restarts": (
        "sgdr_schedule",
        ([{"init_value": 0.0, "peak_value": 1.0, "warmup_steps": 3, "decay_steps": n} for n in (10, 20)],),
        {},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_step_equals_optax(name: str) -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    optax = pytest.importorskip("optax")
    function, args, options = CASES[name]
    ours, theirs = getattr(schedules, function)(*args, **options), getattr(optax, function)(*args, **options)
    steps = range(0, 70)
    expected = [float(theirs(float(step))) for step in steps]
    np.testing.assert_allclose([ours(step) for step in steps], expected, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(ours(np.array(steps)), expected, rtol=1e-13, atol=1e-15)
    assert isinstance(ours(3), float)


def test_join() -> None:
    joined = schedules.join_schedules([schedules.constant_schedule(1.0), schedules.linear_schedule(5.0, 0.0, 5)], [3])
    assert [joined(step) for step in (0, 2, 3, 4)] == [1.0, 1.0, 5.0, 4.0]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: schedules.cosine_decay_schedule(1.0, 0), "decay_steps must be positive"),
        (lambda: schedules.cosine_onecycle_schedule(0, 1.0), "transition_steps must be positive"),
        (lambda: schedules.piecewise_constant_schedule(1.0, {3: -1.0}), "scales must not be negative"),
        (lambda: schedules.piecewise_interpolate_schedule("cubic", 1.0), "'linear' or 'cosine'"),
    ],
)
def test_refusals(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_the_plateau_callback_is_here_too() -> None:
    from srcad_runtime import callbacks

    assert schedules.ReduceLROnPlateau is callbacks.ReduceLROnPlateau
