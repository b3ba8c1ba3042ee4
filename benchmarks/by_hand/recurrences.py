"""Scalar recurrences by hand: two numbers recorded per step."""

import math

import numpy as np

from benchmarks.by_hand import compiled


@compiled
def van_der_pol_primal(x, v, mu, h, steps):
    total = 0.0
    for _ in range(steps):
        v += h * (mu * (1.0 - x * x) * v - x)
        x += h * v
        total += x * x
    return total / steps


@compiled
def van_der_pol(x, v, mu, h, steps):
    saved = np.empty((steps, 2))
    total = 0.0
    for t in range(steps):
        saved[t, 0] = x
        saved[t, 1] = v
        v += h * (mu * (1.0 - x * x) * v - x)
        x += h * v
        total += x * x
    g = 2.0 / steps
    x_bar = v_bar = mu_bar = 0.0
    for t in range(steps - 1, -1, -1):
        x_bar += g * x
        v_bar += h * x_bar
        x, v = saved[t, 0], saved[t, 1]
        hv = h * v_bar
        inside = 1.0 - x * x
        mu_bar += hv * inside * v
        x_bar -= hv * (2.0 * mu * x * v + 1.0)
        v_bar += hv * mu * inside
    return total / steps, x_bar, v_bar, mu_bar


@compiled
def pendulum_primal(angle, speed, drag, h, steps):
    for _ in range(steps):
        speed -= h * (math.sin(angle) + 0.01 * drag * speed)
        angle += h * speed
    return angle * angle + speed * speed


@compiled
def pendulum(angle, speed, drag, h, steps):
    cosine = np.empty(steps)
    for t in range(steps):
        cosine[t] = math.cos(angle)
        speed -= h * (math.sin(angle) + 0.01 * drag * speed)
        angle += h * speed
    value = angle * angle + speed * speed
    angle_bar, speed_bar = 2.0 * angle, 2.0 * speed
    keep = 1.0 - 0.01 * h * drag
    for t in range(steps - 1, -1, -1):
        speed_bar += h * angle_bar
        angle_bar -= h * speed_bar * cosine[t]
        speed_bar *= keep
    return value, angle_bar, speed_bar
