# Derivative of pendulum_rk4, written by srcad.

import math

import numpy as np


def pendulum_rk4_grad(theta, omega, g, length, steps, out_bar=1.0):
    """Return pendulum_rk4(...) and its derivatives.

    With respect to theta, omega, g, length. Records theta, k1t, k2t, k3t, sin, sin2,
    sin3, sin4: 8 * steps bytes each.
    """
    # ---- forward sweep ----
    dt = 0.05
    theta_saved = np.empty(max(steps, 0))
    k1t_saved = np.empty(max(steps, 0))
    k2t_saved = np.empty(max(steps, 0))
    k3t_saved = np.empty(max(steps, 0))
    sin_saved = np.empty(max(steps, 0))
    sin2_saved = np.empty(max(steps, 0))
    sin3_saved = np.empty(max(steps, 0))
    sin4_saved = np.empty(max(steps, 0))
    for k in range(steps):
        k1t = omega
        sin = math.sin(theta)
        k1w = -g / length * sin
        k2t = omega + 0.5 * dt * k1w
        sin2 = math.sin(theta + 0.5 * dt * k1t)
        k2w = -g / length * sin2
        k3t = omega + 0.5 * dt * k2w
        sin3 = math.sin(theta + 0.5 * dt * k2t)
        k3w = -g / length * sin3
        k4t = omega + dt * k3w
        sin4 = math.sin(theta + dt * k3t)
        k4w = -g / length * sin4
        theta_saved[k] = theta
        theta = theta + dt / 6.0 * (k1t + 2.0 * k2t + 2.0 * k3t + k4t)
        omega = omega + dt / 6.0 * (k1w + 2.0 * k2w + 2.0 * k3w + k4w)
        k1t_saved[k] = k1t
        k2t_saved[k] = k2t
        k3t_saved[k] = k3t
        sin_saved[k] = sin
        sin2_saved[k] = sin2
        sin3_saved[k] = sin3
        sin4_saved[k] = sin4
    cos = math.cos(theta)
    out = 0.5 * length**2 * omega**2 + g * length * (1.0 - cos)

    # ---- reverse sweep ----
    # L10  return 0.5 * length**2 * omega**2 + g * length * (1.0 - math.cos(theta))
    g2 = out_bar * (1.0 - cos)
    length_bar = out_bar * omega**2 * length
    omega_bar = out_bar * length**2 * omega
    g_bar = length * g2
    length_bar += g * g2
    cos_bar = -(out_bar * (g * length))
    theta_bar = -(cos_bar * np.sin(theta))
    for k in range(steps - 1, -1, -1):
        k1t = k1t_saved[k]
        k2t = k2t_saved[k]
        k3t = k3t_saved[k]
        sin = sin_saved[k]
        sin2 = sin2_saved[k]
        sin3 = sin3_saved[k]
        sin4 = sin4_saved[k]
        # L9  omega = omega + dt / 6.0 * (k1w + 2.0 * k2w + 2.0 * k3w + k4w)
        g3 = omega_bar * dt / 6.0
        k1w_bar = g3
        k2w_bar = 2.0 * g3
        k3w_bar = 2.0 * g3
        k4w_bar = g3
        # L8  theta = theta + dt / 6.0 * (k1t + 2.0 * k2t + 2.0 * k3t + k4t)
        theta = theta_saved[k]
        g3 = theta_bar * dt / 6.0
        k1t_bar = g3
        k2t_bar = 2.0 * g3
        k3t_bar = 2.0 * g3
        k4t_bar = g3
        # L7  k4t, k4w = omega + dt * k3w, -g / length * math.sin(theta + dt * k3t)
        g4 = sin4 * k4w_bar
        g_bar -= g4 / length
        length_bar += g4 * g / (length * length)
        sin4_bar = -(k4w_bar * g / length)
        g2 = sin4_bar * np.cos(theta + dt * k3t)
        theta_bar += g2
        k3t_bar += dt * g2
        omega_bar += k4t_bar
        k3w_bar += dt * k4t_bar
        # L6  k3t, k3w = omega + 0.5 * dt * k2w, -g / length * math.sin(theta + 0.5 * dt * k2t)
        g4 = sin3 * k3w_bar
        g_bar -= g4 / length
        length_bar += g4 * g / (length * length)
        sin3_bar = -(k3w_bar * g / length)
        g2 = sin3_bar * np.cos(theta + 0.5 * dt * k2t)
        theta_bar += g2
        k2t_bar += 0.5 * g2 * dt
        omega_bar += k3t_bar
        k2w_bar += 0.5 * k3t_bar * dt
        # L5  k2t, k2w = omega + 0.5 * dt * k1w, -g / length * math.sin(theta + 0.5 * dt * k1t)
        g4 = sin2 * k2w_bar
        g_bar -= g4 / length
        length_bar += g4 * g / (length * length)
        sin2_bar = -(k2w_bar * g / length)
        g2 = sin2_bar * np.cos(theta + 0.5 * dt * k1t)
        theta_bar += g2
        k1t_bar += 0.5 * g2 * dt
        omega_bar += k2t_bar
        k1w_bar += 0.5 * k2t_bar * dt
        # L4  k1t, k1w = omega, -g / length * math.sin(theta)
        g5 = sin * k1w_bar
        g_bar -= g5 / length
        length_bar += g5 * g / (length * length)
        sin_bar = -(k1w_bar * g / length)
        theta_bar += sin_bar * np.cos(theta)
        omega_bar += k1t_bar
    return out, theta_bar, omega_bar, g_bar, length_bar
