# Derivative of several_return_values, written by srcad.

import math

import numpy as np


def several_return_values_grad(a, b, out_bar=1.0):
    """Return several_return_values(a, b) and its derivatives with respect to a, b."""
    # ---- forward sweep ----
    r = math.sqrt(a * a + b * b)
    phi = math.atan2(b, a)
    sin = math.sin(2.0 * phi)
    out = r * sin + math.atan2(a, b)

    # ---- reverse sweep ----
    # L6  return r * math.sin(2.0 * phi) + polar(b, a)[1]
    radius_2 = np.hypot(a, b)
    radius_2 = np.where(radius_2 == 0.0, 1.0, radius_2)
    r_bar = sin * out_bar
    sin_bar = r * out_bar
    a_bar = out_bar * b / radius_2 / radius_2
    b_bar = -(out_bar * a / radius_2 / radius_2)
    phi_bar = 2.0 * sin_bar * np.cos(2.0 * phi)
    # L5  r, phi = polar(a, b)
    radius = np.hypot(b, a)
    radius = np.where(radius == 0.0, 1.0, radius)
    b_bar += phi_bar * a / radius / radius
    a_bar -= phi_bar * b / radius / radius
    g = 0.5 * r_bar / r
    a_bar += 2.0 * a * g
    b_bar += 2.0 * b * g
    return out, a_bar, b_bar
