"""Products for Numba, whose own take vectors and matrices of one floating type."""

from __future__ import annotations

from typing import Any

from srcad import ir
from srcad.rules.static import split_subscripts
from srcad.transforms.retarget_calls import (
    Rewrite,
    Types,
    always,
    argument,
    constant,
    kernel,
)


def _tensordot(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    if 0 in (self.rank(old.args[0]), self.rank(old.args[1])):
        return ir.Binary("*", new.args[0], new.args[1])
    axes = constant(argument(new, 2, "axes")) if argument(new, 2, "axes") is not None else 2
    if isinstance(axes, int):
        pairs: Any = tuple(range(-axes, 0)), tuple(range(axes))
    elif axes is None or len(axes) != 2:
        return new
    else:
        pairs = tuple((part,) if isinstance(part, int) else part for part in axes)
    left, right = (ir.Tuple(tuple(ir.const(k) for k in part)) for part in pairs)
    return kernel(new, "tensordot", *new.args[:2], left, right)


def _dotted(name: str) -> Rewrite:
    """``np.dot`` and ``np.inner`` of vectors are Numba's own."""

    def rewrite(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
        left, right = old.args[:2]
        if name == "inner" and {self.rank(left), self.rank(right)} == {1} and not self.needs_matmul(left, right):
            return ir.call("numpy.dot", *new.args)
        mixed = self.needs_matmul(left, right) or 0 in (self.rank(left), self.rank(right))
        return kernel(new, name) if mixed or name != "dot" else new

    return rewrite


def _einsum(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    text = new.args[0]
    ranks = [self.rank(e) for e in old.args[1:]]
    if not isinstance(text, ir.Const) or not isinstance(text.value, str) or None in ranks:
        return new
    terms, output = split_subscripts(text.value, [r for r in ranks if r is not None])
    spelt = ir.const(",".join(terms) + "->" + output)
    return kernel(new, "einsum", spelt if "." in text.value else text, *new.args[1:])


def _solve(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    plain = len(old.args) == 2 and not old.kwargs
    return kernel(new, "solve") if plain and self.rank(old.args[0]) == 2 and self.rank(old.args[1]) in (1, 2) else new


REWRITES: dict[str, Rewrite] = {
    "numpy.linalg.solve": _solve,
    "numpy.tensordot": _tensordot,
    "numpy.dot": _dotted("dot"),
    "numpy.inner": _dotted("inner"),
    "numpy.einsum": _einsum,
    "numpy.matmul": always("matmul"),
}
