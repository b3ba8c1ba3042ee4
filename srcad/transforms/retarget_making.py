"""Arrays that are made, joined or filled, and numbers computed, in the forms that Numba compiles."""

from __future__ import annotations

from dataclasses import replace

from srcad import ir
from srcad.transforms.retarget_calls import (
    Rewrite,
    Types,
    always,
    argument,
    kernel,
    renamed,
    without,
)
from srcad.types import Seq, Struct


def _array(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Numba makes arrays of lists; of an array, a copy is asked for."""
    kind = self.type_of(old.args[0])
    if isinstance(kind, Seq) and kind.element.dims is not None and len(new.args) == 1 and not new.kwargs:
        return ir.call("srcad_runtime.kernels.array_of", new.args[0])
    dtype = dict(new.kwargs).get("dtype", new.args[1] if len(new.args) > 1 else None)
    if dict(new.kwargs).get("copy") == ir.const(True):
        new = without(new, "copy")
    others = {name for name, _ in new.kwargs} - {"dtype"}
    if dtype in (ir.Ref("builtins.bool"), ir.Ref("numpy.bool_")) and not others and len(new.args) < 3:
        if isinstance(new.args[0], (ir.List, ir.Tuple)):  # of numbers Numba makes none
            return ir.Compare(("!=",), (ir.call("numpy.array", new.args[0]), ir.const(0)))
    if isinstance(new.args[0], (ir.List, ir.Tuple)) and all(
        isinstance(i, (ir.List, ir.Tuple)) for i in new.args[0].items
    ):
        return replace(new, args=(_as_tuples(new.args[0]), *new.args[1:]))
    if isinstance(new.args[0], (ir.List, ir.Tuple)) or not self.rank(old.args[0]) or others or len(new.args) > 2:
        return new
    if dtype is None or dtype == ir.NONE:
        return ir.call("numpy.copy", new.args[0])
    return ir.call("srcad_runtime.astype", new.args[0], dtype)


def _as_tuples(rows: ir.Expr) -> ir.Expr:
    """Rows of integers beside rows of floats are lists of two types to Numba; tuples may differ."""
    return ir.Tuple(tuple(map(_as_tuples, rows.items))) if isinstance(rows, (ir.List, ir.Tuple)) else rows


def _filled(like: bool) -> Rewrite:
    """``np.full`` and ``np.full_like`` with an array are a copy of the array, broadcast."""

    def rewrite(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
        value = argument(new, 1, "fill_value")
        shown = argument(old, 1, "fill_value")
        if value is None or shown is None or not self.rank(shown) or len(new.args) > 3:
            return new
        dtype = argument(new, 2, "dtype")
        value = value if dtype is None else ir.call("srcad_runtime.astype", value, dtype)
        shape = ir.Attr(new.args[0], "shape") if like else new.args[0]
        return ir.call("numpy.copy", ir.call("numpy.broadcast_to", value, shape))

    return rewrite


def _laid_out(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.ascontiguousarray(a, dtype)`` in two steps."""
    dtype = argument(new, 1, "dtype")
    return (
        new if dtype is None else ir.Call(new.fn, (ir.call("srcad_runtime.astype", new.args[0], dtype),), loc=new.loc)
    )


def _concatenated(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """A list may hold arrays of one layout only, a tuple any; ``axis=None`` joins them as they lie in C order."""
    parts = new.args[0]
    given = dict(new.kwargs).get("axis", new.args[1] if len(new.args) > 1 else None)
    if not isinstance(parts, (ir.Tuple, ir.List)):
        return kernel(new, "joined") if isinstance(self.type_of(old.args[0]), Seq) else new
    if given != ir.NONE:
        parts = ir.Tuple(parts.items)
        return new if parts == new.args[0] else ir.Call(new.fn, (parts, *new.args[1:]), new.kwargs, loc=new.loc)
    flat = ir.Tuple(tuple(ir.call("numpy.ravel", part) for part in parts.items))
    return ir.Call(new.fn, (flat,), loc=new.loc)


def _indices(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.indices`` of floats are those of integers, times 1.0."""
    plain = ir.call("numpy.indices", new.args[0])
    return ir.Binary("*", plain, ir.const(1.0)) if self.dtype(old) == "float64" else new


def _unraveled(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.unravel_index``: places in each axis, by division."""
    spots, shape = new.args[0], old.args[1]
    kind = self.type_of(shape)
    if not isinstance(kind, Struct) or new.kwargs:
        return new
    found: list[ir.Expr] = []
    for k in reversed(range(len(kind.items))):
        extent = ir.Index(new.args[1], (ir.const(k),))
        found.append(ir.Binary("%", spots, extent) if k else spots)
        spots = ir.Binary("//", spots, extent)
    return ir.Tuple(tuple(reversed(found)))


def _crossed(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.ix_``: indices that stand across each other; of a mask the places where it is true."""
    found: list[ir.Expr] = []
    for k, (given, index) in enumerate(zip(old.args, new.args, strict=True)):
        if self.dtype(given) == "bool":
            index = ir.Index(ir.call("numpy.nonzero", index), (ir.const(0),))
        elif isinstance(index, (ir.List, ir.Tuple)):
            mask = all(isinstance(item, ir.Const) and isinstance(item.value, bool) for item in index.items)
            index = ir.call("numpy.array", ir.List(index.items))
            index = ir.Index(ir.call("numpy.nonzero", index), (ir.const(0),)) if mask else index
        places = tuple(ir.Slice(None, None) if k == i else ir.NONE for i in range(len(old.args)))
        found.append(ir.Index(index, places))
    return ir.Tuple(tuple(found))


def _pad(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Margins that are written as a list are a tuple."""
    array, *rest = new.args
    rest = [ir.Tuple(e.items) if isinstance(e, ir.List) else e for e in rest]
    return kernel(replace(new, args=(array, *rest)), "pad")


def _divide(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Of numbers in a list."""
    listed, others = new.args[0], new.args[1:]
    if not isinstance(listed, (ir.List, ir.Tuple)):
        return new
    return replace(new, args=(ir.call("numpy.array", ir.List(listed.items)), *others))


def _place_in_list(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Of the least or greatest of some numbers."""
    listed = old.args[0]
    of_numbers = isinstance(listed, (ir.List, ir.Tuple)) and all(self.rank(item) == 0 for item in listed.items)
    return _divide(self, old, new) if of_numbers else new


def _float(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Numba's ``float`` leaves a float32 number as it is."""
    return ir.call("numpy.float64", *new.args) if str(self.dtype(old.args[0])) == "float32" else new


def _of_complex(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Functions of `cmath` take real numbers, too; those of Numba's only complex ones."""
    if str(self.dtype(old.args[0])).startswith("complex"):
        return new
    return replace(new, args=(ir.call("builtins.complex", new.args[0]), *new.args[1:]))


def _hypot(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Of one number its size, of many the hypotenuse of a hypotenuse."""
    if len(new.args) == 1:
        return ir.call("builtins.abs", *new.args)
    value = new.args[0]
    for side in new.args[1:]:
        value = ir.call("math.hypot", value, side)
    return value


def _log(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``math.log(x, base)`` is a quotient, in Python too."""
    if len(new.args) != 2:
        return new
    return ir.Binary("/", ir.call("math.log", new.args[0]), ir.call("math.log", new.args[1]))


def _clip(r: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """NumPy's own order of comparisons, so that nan stays nan; Numba clips only arrays, and between two bounds."""
    low, high = (argument(new, k, f"a_{name}") or argument(new, k, name) for k, name in ((1, "min"), (2, "max")))
    if {name for name, _ in new.kwargs} - {"a_min", "a_max", "min", "max"}:
        return new
    if r.rank(old.args[0]) != 0 and low is not None and high is not None:
        return replace(new, args=(new.args[0], low, high), kwargs=())
    value = new.args[0] if low is None else ir.call("numpy.maximum", new.args[0], low)
    return value if high is None else ir.call("numpy.minimum", value, high)


def _where(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Of numbers, Numba makes an array without axes, which it then cannot add to a number."""
    if len(old.args) != 3 or old.kwargs or any(self.rank(a) != 0 for a in old.args):
        return new
    test, body, orelse = new.args
    return ir.IfExp(test, body, orelse, loc=new.loc)


def _copied(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Whatever the order: how an array lies in memory changes no number."""
    return without(new, "order")


def _real_if_close(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    return new.args[0] if self.dtype(old.args[0]) in ("float32", "float64") else new


def _reduced_truth(name: str) -> Rewrite:
    def rewrite(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
        axis = dict(new.kwargs).get("axis", new.args[1] if len(new.args) > 1 else ir.const(0))
        options = {} if axis == ir.NONE else {"axis": axis}
        return new if set(dict(new.kwargs)) - {"axis"} else kernel(new, name, new.args[0], **options)

    return rewrite


REWRITES: dict[str, Rewrite] = {
    "builtins.float": _float,
    "numpy.copy": _copied,
    "numpy.real_if_close": _real_if_close,
    "numpy.logical_and.reduce": _reduced_truth("all"),
    "numpy.logical_or.reduce": _reduced_truth("any"),
    "numpy.array": _array,
    "numpy.full": _filled(False),
    "numpy.full_like": _filled(True),
    "numpy.ascontiguousarray": _laid_out,
    "numpy.asfortranarray": _laid_out,
    "numpy.concatenate": _concatenated,
    "numpy.indices": _indices,
    "numpy.unravel_index": _unraveled,
    "numpy.ix_": _crossed,
    "numpy.pad": _pad,
    "numpy.divide": _divide,
    "numpy.argmax": _place_in_list,
    "numpy.argmin": _place_in_list,
    **{f"cmath.{name}": _of_complex for name in "acosh cosh log10 sinh tanh".split()},
    "math.hypot": _hypot,
    "math.log": _log,
    "numpy.clip": _clip,
    "numpy.where": _where,
    "math.fmod": always("fmod"),
    "math.modf": always("modf"),
    "math.remainder": always("remainder"),
    "math.cbrt": renamed("numpy.cbrt"),
    "math.exp2": renamed("numpy.exp2"),
    "numpy.fix": renamed("numpy.trunc"),
}
