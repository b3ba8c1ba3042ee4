"""Scalar recurrences in JAX: one scan, unrolled a little to spread the cost of an iteration."""

import jax
import jax.numpy as jnp


def van_der_pol(x, v, mu, h, steps):
    def step(carry, _):
        x, v = carry
        v = v + h * (mu * (1.0 - x * x) * v - x)
        x = x + h * v
        return (x, v), x

    _, xs = jax.lax.scan(step, (x, v), None, length=steps, unroll=8)
    return jnp.mean(xs * xs)


def pendulum(angle, speed, drag, h, steps):
    def step(carry, _):
        angle, speed = carry
        speed = speed - h * (jnp.sin(angle) + 0.01 * drag * speed)
        return (angle + h * speed, speed), None

    (angle, speed), _ = jax.lax.scan(step, (angle, speed), None, length=steps, unroll=8)
    return angle * angle + speed * speed
