"""Scalar recurrences in JAX as first written."""

import jax
import jax.numpy as jnp


def van_der_pol(x, v, mu, h, steps):
    def step(_, carry):
        x, v, total = carry
        v = v + h * (mu * (1.0 - x * x) * v - x)
        x = x + h * v
        return x, v, total + x * x

    return jax.lax.fori_loop(0, steps, step, (x, v, 0.0))[2] / steps


def pendulum(angle, speed, drag, h, steps):
    def step(_, carry):
        angle, speed = carry
        speed = speed - h * (jnp.sin(angle) + 0.01 * drag * speed)
        return angle + h * speed, speed

    angle, speed = jax.lax.fori_loop(0, steps, step, (angle, speed))
    return angle * angle + speed * speed
