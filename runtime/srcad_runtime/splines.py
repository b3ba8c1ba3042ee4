"""Coefficients of the cubic splines of SciPy, which are linear in the values that they go through."""

from __future__ import annotations

import numpy as np


def cubic_coefficients(x: np.ndarray, y: np.ndarray, bc_type: str) -> np.ndarray:
    """``scipy.interpolate.CubicSpline(x, y, bc_type=bc_type).c``: (4, n - 1), the highest power first; x, y: (n,)."""
    from scipy import interpolate

    return np.asarray(interpolate.CubicSpline(x, y, bc_type=bc_type).c)


def cubic_coefficients_adjoint(x: np.ndarray, bc_type: str, g: np.ndarray) -> np.ndarray:
    """The adjoint of `y` in `cubic_coefficients` for the adjoint `g` of its value; (n,)."""
    from scipy import interpolate

    each = interpolate.CubicSpline(x, np.eye(x.size), bc_type=bc_type).c
    return np.asarray(np.einsum("kij,ki->j", each, g))
