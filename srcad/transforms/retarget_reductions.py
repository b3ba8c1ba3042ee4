"""Reductions for Numba: kernels where an axis is given or sums must be as accurate as NumPy's."""

from __future__ import annotations

from dataclasses import replace

from srcad import ir
from srcad.transforms.retarget_calls import (
    Rewrite,
    Types,
    argument,
    kernel,
    without,
)
from srcad.transforms.retarget_float32 import NARROW
from srcad.types import Struct


def _reduction(name: str, axis_at: int = 1) -> Rewrite:
    """A kernel where an axis or `keepdims` is given, or where Numba would add float32 up less accurately than NumPy."""

    def rewrite(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
        kind = self.type_of(old.args[0])
        if name == "prod" and isinstance(kind, Struct) and len(new.args) + len(new.kwargs) == 1:
            return of_all(new.args[0], len(kind.items))
        itself = name in ("max", "min", "median", "prod") or name == "mean" and self.dtype(old.args[0]) == "float64"
        if itself and self.rank(old.args[0]) == 0 and len(new.args) < 3 and "dtype" not in dict(new.kwargs):
            return new.args[0]
        if name in ("var", "std") and str(self.dtype(old.args[0])).startswith("complex"):
            return new
        if name in ("var", "std") and self.rank(old.args[0]) == 0:  # zero, or NaN
            new = replace(new, args=(ir.call("numpy.full", ir.const(1), new.args[0]), *new.args[1:]))
        axis = argument(new, axis_at, "axis")
        keywords = {"ddof" if key == "correction" else key: value for key, value in new.kwargs}
        keepdims = keywords.pop("keepdims", ir.const(False))
        if set(keywords) - {"axis", "ddof"}:
            return new
        summed = name in ("sum", "mean", "var", "std") and self.dtype(old.args[0]) in (*NARROW, None)
        own = name == "sum" and keepdims == ir.const(False)
        if not summed and "ddof" not in keywords and (own or axis is None and keepdims == ir.const(False)):
            return new if keepdims != ir.const(False) else without(new, "keepdims")
        options = {"ddof": keywords["ddof"]} if "ddof" in keywords else {}
        if axis is not None:
            options["axis"] = axis
        if keepdims != ir.const(False):
            options["keepdims"] = keepdims
        return kernel(new, name, new.args[0], **options)

    return rewrite


def of_all(numbers: ir.Expr, count: int) -> ir.Expr:
    """The product of the numbers of a tuple, such as a shape."""
    value: ir.Expr = ir.const(1)
    for k in range(count):
        item = ir.Index(numbers, (ir.const(k),))
        value = item if k == 0 else ir.Binary("*", value, item)
    return value


REWRITES: dict[str, Rewrite] = {
    "numpy.sum": _reduction("sum"),
    "numpy.mean": _reduction("mean"),
    "numpy.prod": _reduction("prod"),
    "numpy.max": _reduction("max"),
    "numpy.min": _reduction("min"),
    "numpy.amax": _reduction("max"),
    "numpy.amin": _reduction("min"),
    "numpy.any": _reduction("any"),
    "numpy.all": _reduction("all"),
    "numpy.ptp": _reduction("ptp"),
    "numpy.median": _reduction("median"),
    "numpy.var": _reduction("var"),
    "numpy.std": _reduction("std"),
}
