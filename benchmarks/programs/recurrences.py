"""Scalar recurrences: a hundred to a million dependent steps."""

import math

from benchmarks.case import case


def _start(rng, steps):
    return 1.0 + rng.random(), rng.random(), 1.5, 0.01, steps


@case(_start, (0, 1, 2), tiny=(20,), small=(100,), medium=(10_000,), large=(1_000_000,))
def van_der_pol(x, v, mu, h, steps):
    total = 0.0
    for _ in range(steps):
        v += h * (mu * (1.0 - x * x) * v - x)
        x += h * v
        total += x * x
    return total / steps


@case(_start, (0, 1), tiny=(20,), small=(1_000,), medium=(100_000,), large=(1_000_000,))
def pendulum(angle, speed, drag, h, steps):
    for _ in range(steps):
        speed -= h * (math.sin(angle) + 0.01 * drag * speed)
        angle += h * speed
    return angle * angle + speed * speed
