"""What runs along one axis, for Numba: kernels where it lacks the axis."""

from __future__ import annotations

from srcad import ir
from srcad.transforms.retarget_calls import (
    Rewrite,
    Types,
    always,
    argument,
    constant,
    items_of,
    kernel,
    single_axis,
    without,
    without_axis,
)


def _shifted(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.roll`` by several shifts or along several axes is one after the other."""
    shift, given = argument(old, 1, "shift"), argument(new, 2, "axis")
    if shift is None:
        return new
    single, axes = self.rank(shift) == 0, constant(given)
    if single and not isinstance(axes, tuple):
        return _ROLLED(self, old, new)
    shift = argument(new, 1, "shift") or shift
    shifts = (shift,) if single else items_of(self, shift)
    axes = (axes,) if isinstance(axes, int) else axes
    if shifts is None or axes is None or 1 not in (len(shifts), len(axes)) and len(shifts) != len(axes):
        return new
    value, count = new.args[0], max(len(shifts), len(axes))
    shifts, axes = shifts * (count // len(shifts)), axes * (count // len(axes))
    for by, axis in zip(shifts, axes, strict=True):
        value = ir.call("srcad_runtime.kernels.roll", value, by, ir.const(axis))  # type: ignore[arg-type]
    return value


def _with_axis(name: str, position: int, names: str) -> Rewrite:
    """A kernel where an axis is given; Numba has the function without one."""

    def rewrite(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
        axis = argument(new, position, "axis")
        if axis is None and name == "roll":  # a rule passes its default on
            return without_axis(new, position)
        rank = self.rank(old.args[0])
        if axis is None:
            return without_axis(new, position)
        if not isinstance(constant(axis), int) or rank is None or set(dict(new.kwargs)) - set(names.split()):
            return new
        if name == "repeat" and self.rank(argument(old, 1, "repeats") or axis) != 0:
            return new  # as often as an array says: by NumPy
        single = rank == 1 and name in ("sort", "diff", "repeat", "cumprod", "roll")
        return without_axis(new, position) if single else kernel(new, name)

    return rewrite


_ROLLED = _with_axis("roll", 2, "axis shift")


def _last_axis(name: str, position: int) -> Rewrite:
    """``np.diff`` and ``np.sort`` work along the last axis unless told otherwise."""

    def rewrite(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
        (new, axis), rank = single_axis(without(new, "kind"), position), self.rank(old.args[0])
        if rank is None or axis in (-1, rank - 1):
            return without_axis(new, position)
        return new if axis is None else kernel(new, name)

    return rewrite


def _argsort(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """In the stable order, which is a right one for every `kind`."""
    named = {name for name, _ in new.kwargs}
    (new, axis), rank = single_axis(new, 1), self.rank(old.args[0])
    if rank is None or axis is None or not named <= {"axis", "kind"}:
        return new
    at = () if axis in (-1, rank - 1) else (ir.Const(axis),)
    return ir.call("srcad_runtime.kernels.argsort", new.args[0], *at)


def _windows(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Windows that slide along several axes do so along one after the other."""
    rank, shape = self.rank(old.args[0]), argument(new, 1, "window_shape")
    axes = constant(argument(new, 2, "axis")) if argument(new, 2, "axis") is not None else tuple(range(rank or 0))
    axes = (axes,) if isinstance(axes, int) else axes
    widths = (shape,) if shape is not None and self.rank(shape) == 0 else items_of(self, shape)
    if rank is None or axes is None or widths is None or len(widths) != len(axes):
        return new
    value = new.args[0]
    for width, axis in zip(widths, axes, strict=True):
        value = ir.call("srcad_runtime.kernels.windows", value, width, ir.const(axis % rank))
    return value


def _windows_adjoint(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    axes, value = constant(new.args[1]), new.args[2]
    for axis in reversed(axes):
        value = ir.call("srcad_runtime.kernels.windows_sum", value, ir.const(axis))
    return value


def _tiled(self: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """More repetitions than axes are those of an array with axes put in front."""
    reps, rank = argument(new, 1, "reps"), self.rank(old.args[0])
    if not isinstance(reps, (ir.Tuple, ir.List)) or rank is None:
        return kernel(new, "tile")
    array, missing = new.args[0], len(reps.items) - rank
    if missing > 0 and rank > 0:
        array = ir.Index(array, (*[ir.NONE] * missing, *[ir.Slice(None, None)] * rank))
    return kernel(new, "tile", array, ir.Tuple(reps.items))


REWRITES: dict[str, Rewrite] = {
    "numpy.lib.stride_tricks.sliding_window_view": _windows,
    "srcad_runtime.windows_adjoint": _windows_adjoint,
    "numpy.roll": _shifted,
    "numpy.repeat": _with_axis("repeat", 2, "axis repeats"),
    "numpy.cumprod": _with_axis("cumprod", 1, "axis"),
    "numpy.sort": _last_axis("sort", 1),
    "numpy.diff": _last_axis("diff", 2),
    "numpy.argsort": _argsort,
    "numpy.tile": _tiled,
    "numpy.heaviside": always("heaviside"),
    "numpy.polyval": always("polyval"),
}
