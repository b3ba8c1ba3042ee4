"""`vmap` inside a model: a loop over the items of a batch, whose results are written into arrays."""

from __future__ import annotations

from typing import Any

from srcad import ir, nested, types
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator
from srcad.eval_derivatives import Job, Run, bound_options, parameters
from srcad.eval_jacobians import EVERY, Shapes, extent, filled, kind_of, loops, put
from srcad.eval_values import dyn, raise_where
from srcad.nested import Tracer
from srcad.types import Num, Static, Struct
from srcad.values import Dyn, Partial, Ptr, Value


class Batch:
    """The arguments of one batched call, an item at a time."""

    def __init__(self, ev: Evaluator, site: nested.Site, loc: ir.Loc | None) -> None:
        self.ev, self.site, self.loc = ev, site, loc
        self.sizes: list[ir.Expr] = []
        self.count = 0

    def item(self, value: Value, axes: Any, k: ir.Expr) -> Value:
        """The part of an argument that item k gets."""
        if isinstance(value, Ptr):
            box = self.ev.state.heap[value.id]
            below = _axes_below(axes, box.keys)
            items = [self.item(v, a, k) for v, a in zip(box.items, below, strict=True)]
            return self.ev.box(box.kind, box.keys, items, cls=box.cls)
        if axes is None or not isinstance(value, Dyn):
            return value
        kind = value.type
        if not isinstance(kind, Num) or not kind.dims or not -len(kind.dims) <= axes < len(kind.dims):
            raise ValueError(f"srcad.vmap: axis {axes} of an argument that has no such axis")
        axis = axes % len(kind.dims)
        array = self.named(value)
        self.sizes.append(extent(self.ev, array, axis, kind))
        return dyn(self.ev, ir.Index(array, (*(EVERY,) * axis, k)))

    def named(self, value: Dyn) -> ir.Expr:
        if isinstance(value.expr, ir.Name):
            return value.expr
        self.count += 1
        name = nested.name_at(self.ev, self.site, ("batch", self.count), "batch")
        self.ev.cx.types[name] = value.type
        self.ev.emit(ir.Assign(ir.Name(name), value.expr, loc=self.loc))
        return ir.Name(name)

    def size(self) -> ir.Expr:
        """The number of items; the axes are checked to agree where that is not plain to see."""
        different = list(dict.fromkeys(self.sizes))
        if not different:
            raise ValueError("srcad.vmap: in_axes batches no argument")
        for other in different[1:]:
            test = ir.Compare(("!=",), (different[0], other))
            raise_where(self.ev, test, "ValueError", "srcad.vmap: the batched axes have different sizes", self.loc)
        return different[0]


def _axes_below(axes: Any, keys: tuple[Any, ...]) -> list[Any]:
    if isinstance(axes, dict):
        return [axes[key] for key in keys]
    return list(axes) if isinstance(axes, tuple) else [axes] * len(keys)


def vmap(ev: Evaluator, made: Partial, args: list[Value], kwargs: dict[str, Value], loc: ir.Loc | None) -> Value:
    options = bound_options(ev, made, ("in_axes", "out_axes"), (0, 0))
    axes = options["in_axes"]
    axes = axes if isinstance(axes, (tuple, list)) else (axes,) * len(args)
    if len(axes) != len(args):
        raise ValueError(f"srcad.vmap: in_axes has {len(axes)} entries for {len(args)} positional arguments")
    site = nested.site_of(ev, "vmap", loc)
    batch = Batch(ev, site, loc)
    k = ir.Name(nested.name_at(ev, site, ("items", 0), "i"))
    ev.cx.types[k.id] = types.INT
    items = [batch.item(v, a, k) for v, a in zip(args, axes, strict=True)]
    named = {name: batch.item(v, 0, k) for name, v in kwargs.items()}
    run = traced(ev, made, items, named, site, loc)
    return run_all(ev, run, batch.size(), k, options["out_axes"])


def traced(
    ev: Evaluator, made: Partial, items: list[Value], named: dict[str, Value], site: nested.Site, loc: ir.Loc | None
) -> Run:
    tracer = Tracer(ev, site, loc)
    names = [p.name for p in parameters(ev, made.fn, loc)]
    own = [names[j] if j < len(names) else f"x{j}" for j in range(len(items))]
    args = [tracer.argument(v, name, False)[0] for v, name in zip(items, own, strict=True)]
    kwargs = {name: tracer.argument(v, name, False)[0] for name, v in named.items()}
    job = Job("vmap", made.fn, items, named, (), True, False, loc)
    return Run(job, tracer.trace(made.fn, args, kwargs), {})


def run_all(ev: Evaluator, run: Run, size: ir.Expr, k: ir.Name, out_axes: Any) -> Value:
    """The loop over the items; the results lie in arrays with one more axis."""
    kinds = [kind_of(run, j) for j in range(len(run.traced.program.results))]
    places = _placed(run.traced.output, out_axes)
    shapes = FirstItem(ev, run, k)
    arrays = []
    for j, (kind, axis) in enumerate(zip(kinds, places, strict=True)):
        own, rank = shapes.of_result(j), len(kind.dims or ())
        axis = axis % (rank + 1)
        name = ir.Name(nested.name_at(ev, run.traced.site, ("stacked", j), "stacked"))
        dims = kind.dims or ()
        ev.cx.types[name.id] = Num(kind.dtype, (*dims[:axis], None, *dims[axis:]))
        ev.emit(ir.Assign(name, filled("empty", (*own[:axis], size, *own[axis:]), kind), loc=run.job.loc))
        arrays.append((name, axis))

    def one(index: tuple[ir.Expr, ...]) -> None:
        for (array, axis), value in zip(arrays, nested.splice(ev, run.traced, run.traced.program, {}), strict=True):
            put(ev, run, array, (*(EVERY,) * axis, *index), value)

    loops(ev, run, "items", (size,), one)
    return nested.value_of(ev, _stacked(run.traced.output), [array for array, _ in arrays])


class FirstItem(Shapes):
    """Extents of the results; those that nothing tells are those of the first item's."""

    def __init__(self, ev: Evaluator, run: Run, k: ir.Name) -> None:
        super().__init__(ev, run)
        self.k = k

    def results(self) -> tuple[ir.Expr, ...]:
        if self.value is None:
            self.ev.emit(ir.Assign(self.k, ir.Const(0), loc=self.run.job.loc))
        return super().results()


def _placed(t: types.Abstract, axes: Any) -> list[int]:
    """The batch axis of every leaf of the results."""
    if isinstance(t, Struct):
        return [a for item, own in zip(t.items, _axes_below(axes, t.keys), strict=True) for a in _placed(item, own)]
    if isinstance(t, Static):
        return []
    if axes is None:
        raise Unsupported(
            "cannot differentiate out_axes=None inside a model", None, "Take the first item of the result."
        )
    return [axes]


def _stacked(t: types.Abstract) -> types.Abstract:
    if isinstance(t, Struct):
        return Struct(t.kind, t.keys, tuple(_stacked(item) for item in t.items), t.cls)
    return t
