"""Arrays joined from a list of unknown length: ``np.stack(rows)``, ``np.vstack(rows)``, ``np.concatenate(parts)``."""

from __future__ import annotations

from dataclasses import replace

from srcad import ir
from srcad.errors import Unsupported
from srcad.eval_builtins import Args, Handler, Kwargs, handles, keep
from srcad.eval_core import Evaluator
from srcad.eval_values import constant, demand, dyn
from srcad.types import Seq
from srcad.values import Dyn, Value


def _join(name: str) -> Handler:
    def join(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        items = args[0] if args else None
        if not isinstance(items, Dyn) or not isinstance(items.type, Seq) or not isinstance(items.expr, ir.Name):
            return keep(ev, f"numpy.{name}", args, kwargs, loc)
        takes_axis = name in ("concatenate", "stack")
        given = args[1] if takes_axis and len(args) > 1 else kwargs.get("axis", constant(0))
        axis = demand(ev, given, f"the axis of np.{name}", loc)
        if len(args) > 1 + takes_axis or set(kwargs) - {"axis"} or axis is None:
            raise Unsupported(f"cannot differentiate this np.{name} of a list of unknown length", loc)
        if name == "stack":
            return _moved(ev, _stacked(ev, items, loc), axis, loc)
        if name == "concatenate":
            return _joined(ev, items, axis, loc)
        return WAYS[name](ev, items, _rank(ev, items, name, loc), loc)

    return join


def _rank(ev: Evaluator, items: Dyn, name: str, loc: ir.Loc | None) -> int:
    kind = ev.cx.types.get(items.expr.id) if isinstance(items.expr, ir.Name) else items.type
    dims = kind.element.dims if isinstance(kind, Seq) else None
    if dims is None:
        raise Unsupported(f"cannot differentiate np.{name} of a list of arrays of unknown rank", loc)
    return len(dims)


def _stacked(ev: Evaluator, items: Dyn, loc: ir.Loc | None) -> Value:
    return keep(ev, "numpy.array", [items], {}, loc)


def _moved(ev: Evaluator, array: Value, axis: int, loc: ir.Loc | None) -> Value:
    return array if axis == 0 else keep(ev, "numpy.moveaxis", [array, constant(0), constant(axis)], {}, loc)


def _joined(ev: Evaluator, items: Dyn, axis: int, loc: ir.Loc | None) -> Value:
    """The call that stays; its adjoint cuts the array into pieces again."""
    at = () if axis == 0 else (ir.Const(axis),)
    return dyn(ev, replace(ir.call("numpy.concatenate", items.expr, *at), loc=loc))


def _rows(ev: Evaluator, items: Dyn, rank: int, loc: ir.Loc | None) -> Value:
    if rank > 1:
        return _joined(ev, items, 0, loc)
    array = _stacked(ev, items, loc)
    return array if rank else keep(ev, "numpy.expand_dims", [array, constant(1)], {}, loc)


def _columns(ev: Evaluator, items: Dyn, rank: int, loc: ir.Loc | None) -> Value:
    if rank > 1:
        return _joined(ev, items, 1, loc)
    array = _stacked(ev, items, loc)
    return (
        keep(ev, "numpy.transpose", [array], {}, loc)
        if rank
        else keep(ev, "numpy.expand_dims", [array, constant(0)], {}, loc)
    )


def _side_by_side(ev: Evaluator, items: Dyn, rank: int, loc: ir.Loc | None) -> Value:
    return _joined(ev, items, min(rank - 1, 1), loc) if rank else _stacked(ev, items, loc)


WAYS = {"vstack": _rows, "hstack": _side_by_side, "column_stack": _columns}
for _name in ("concatenate", "stack", *WAYS):
    handles(f"numpy.{_name}")(_join(_name))
