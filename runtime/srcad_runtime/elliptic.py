"""Derivatives of Legendre's elliptic integrals by the parameter, by Carlson's R_D: nothing cancels at 0 or 1.

NIST Digital Library of Mathematical Functions, 19.18.1 and 19.25: F(phi, m) is ``s * R_F(c**2, 1 - m * s**2, 1)``, of
the sine s and the cosine c, and the derivative of R_F by one of its arguments is ``-R_D / 6`` with this argument last.
"""

from __future__ import annotations

import numpy as np

from srcad_runtime.elements import Array


def ellipkm1_by_p(p: Array) -> Array:
    """The derivative of ``scipy.special.ellipkm1(p)``."""
    from scipy import special

    return -special.elliprd(0.0, 1.0, p) / 6.0


def ellipe_by_m(m: Array) -> Array:
    """The derivative of ``scipy.special.ellipe(m)``."""
    from scipy import special

    return -special.elliprd(0.0, 1.0 - m, 1.0) / 6.0


def ellipkinc_by_m(phi: Array, m: Array) -> Array:
    """The derivative of ``scipy.special.ellipkinc(phi, m)`` by `m`; both broadcast against each other."""
    from scipy import special

    turns, sine, square = _reduced(phi)
    part = sine**3 * special.elliprd(1.0 - square, 1.0, 1.0 - m * square) / 6.0
    return part + np.where(turns == 0.0, 0.0, -2.0 * turns * ellipkm1_by_p(1.0 - m))


def ellipeinc_by_m(phi: Array, m: Array) -> Array:
    """The derivative of ``scipy.special.ellipeinc(phi, m)`` by `m`; both broadcast against each other."""
    from scipy import special

    turns, sine, square = _reduced(phi)
    part = -(sine**3) * special.elliprd(1.0 - square, 1.0 - m * square, 1.0) / 6.0
    return part + np.where(turns == 0.0, 0.0, 2.0 * turns * ellipe_by_m(m))


def _reduced(phi: Array) -> tuple[Array, Array, Array]:
    """The half turns in an angle, and the sine of the rest with its square."""
    turns = np.round(phi / np.pi)
    sine = np.sin(phi - turns * np.pi)
    return turns, sine, sine * sine
