"""Derivatives of ordinary Python and NumPy functions, written as ordinary Python.

    from srcad import differentiate

    @differentiate
    def loss(w, x, y):
        r = x @ w - y
        return np.mean(r * r)

    loss.grad(w, x, y)      # the gradient with respect to w
    loss.source             # the generated module that computed it

Names are loaded on first use: importing srcad imports neither NumPy nor the compiler.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_API = ("grad", "value_and_grad", "vjp", "jvp", "jacfwd", "jacrev", "jacobian", "hessian", "hvp", "vmap")
_HOME = {
    **dict.fromkeys(_API, "srcad.api"),
    "stop_gradient": "srcad.api",
    "checkpoint": "srcad.api",
    "check_grads": "srcad.checking",
    "differentiate": "srcad.differentiated",
    **dict.fromkeys(("elementwise", "pullback", "pushforward", "linear", "constant"), "srcad.rules.registry"),
    "Unsupported": "srcad.errors",
    "PerformanceWarning": "srcad.errors",
}

__all__ = [
    "PerformanceWarning",
    "Unsupported",
    "check_grads",
    "checkpoint",
    "constant",
    "differentiate",
    "elementwise",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linear",
    "pullback",
    "pushforward",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "vmap",
]

if TYPE_CHECKING:
    from srcad.api import (
        checkpoint,
        grad,
        hessian,
        hvp,
        jacfwd,
        jacobian,
        jacrev,
        jvp,
        stop_gradient,
        value_and_grad,
        vjp,
        vmap,
    )
    from srcad.checking import check_grads
    from srcad.differentiated import differentiate
    from srcad.errors import PerformanceWarning, Unsupported
    from srcad.rules.registry import constant, elementwise, linear, pullback, pushforward


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'srcad' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
