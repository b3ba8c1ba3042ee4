"""Coefficients of cubic splines, by the values that they go through."""

from __future__ import annotations

import numpy as np
from srcad_runtime import arrays

from srcad.rules.registry import at, linear, pullback

PLACES = np.array([0.0, 0.4, 1.1, 2.0, 2.3])


@pullback(
    arrays.cubic_coefficients,
    wrt=("y",),
    notes="by y",
    examples=lambda r: [at(PLACES, r(5), kind) for kind in ("not-a-knot", "natural", "clamped")],
)
def cubic_coefficients_bar(x, y, bc_type, *, out_bar):
    return arrays.cubic_coefficients_adjoint(x, bc_type, out_bar)


@pullback(arrays.cubic_coefficients_adjoint, wrt=("g",), examples=lambda r: [at(PLACES, "natural", r(4, 4))])
def cubic_coefficients_adjoint_bar(x, bc_type, g, *, out_bar):
    return arrays.cubic_coefficients(x, out_bar, bc_type)


linear(arrays.cubic_coefficients, in_="y")
linear(arrays.cubic_coefficients_adjoint, in_="g")
