"""Calls that Numba cannot compile, or compiles to other types than NumPy's, as calls of `srcad_runtime.kernels`.

Driven by the types of the program's variables: what is not known stays as it is, and Numba then says what it lacks.
The rewriting of calls is filed by what they do: reductions, shapes, sequences, products, and what makes arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from srcad_runtime.compiled_names import DISTRIBUTIONS, EXPONENTIALS, HELPERS, SPECIAL

from srcad import ir
from srcad.errors import Unsupported
from srcad.signatures import dtype_of
from srcad.transforms import (
    activity,
    retarget_making,
    retarget_products,
    retarget_reductions,
    retarget_sequences,
    retarget_shapes,
)
from srcad.transforms.retarget_calls import Rewrite, Types, kernel
from srcad.transforms.retarget_draws import drawn
from srcad.transforms.retarget_float32 import NARROW, Narrow, settled
from srcad.transforms.retarget_interpreted import handed_back
from srcad.types import Abstract, Num, Seq, infer

# what takes an array and an index into it
INDEXED = frozenset(
    {"numpy.add.at", *(f"srcad_runtime.{n}" for n in "add_at scatter_add written last_written".split())}
)


REDUCING = frozenset(
    f"numpy.{name}"
    for name in "sum prod mean std var cumsum cumprod nansum nanprod nanmean nanstd nanvar nancumsum nancumprod".split()
)


def retarget(function: ir.Function, types: Mapping[str, Abstract]) -> ir.Function:
    """The function with kernels for what Numba lacks, and with literals that keep float32 results float32."""
    narrow = any(isinstance(t, Num) and t.dtype in NARROW for t in types.values())
    rewriter = _Retarget(settled(function, types) if narrow else types, narrow)
    rewriter.handed = _handed_lists(function, types)
    new: ir.Function = rewriter.node(function)
    return new


class _Retarget:
    """Rewrites bottom-up, but looks at the types of the expressions as they were."""

    def __init__(self, types: Mapping[str, Abstract], narrow: bool) -> None:
        self.types = types
        self.handed: set[str] = set()
        self.narrow = Narrow(self.type_of) if narrow else None

    def type_of(self, e: ir.Expr) -> Abstract:
        return infer(e, self.types)

    def node(self, old: Any) -> Any:
        new = ir.rebuild(old, self.node)
        if isinstance(old, ir.Augment) and self.reads_on(old):
            new = replace(new, value=ir.call("numpy.copy", new.value))
        if isinstance(old, ir.Index) and any(isinstance(item, ir.List) for item in old.items):
            new = replace(new, items=tuple(map(_selected, new.items)))
        if isinstance(old, ir.Index) and old.items == (ir.ELLIPSIS,) and self.rank(old.base):
            new = replace(new, items=(ir.Slice(None, None, None),))  # Numba writes into x[...], it cannot read it
        if isinstance(old, ir.Index) and not (len(old.items) == 1 and self.is_full_mask(old.base, old.items[0])):
            new = replace(new, items=self.spread(old.items, new.items))
        match old:
            case ir.Call(ir.Ref(path)):
                new = _with_dtype(new)
                new = self.call(old, self.narrow.arguments(old, new, path) if self.narrow else new, path)
            case ir.Assign(ir.Name(name), ir.List(())) if name in self.handed:
                new = replace(new, value=_empty(self.types[name]))
            case ir.Binary("+" | "*" as op, left, right) if self.are_truths(left, right):
                new = ir.BoolOp("or" if op == "+" else "and", (new.left, new.right), loc=old.loc)
            case ir.Binary("@", left, right) if self.needs_matmul(left, right):
                new = ir.call("srcad_runtime.kernels.matmul", new.left, new.right)
            case ir.Index(_, (ir.Call(ir.Ref("numpy.ix_")),)) if isinstance(new.items[0], ir.Tuple):
                new = replace(new, items=new.items[0].items)
            case ir.Augment(place, "@", value):
                read = place.base if isinstance(place, ir.Index) and place.items == (ir.ELLIPSIS,) else place
                product = self.node(ir.Binary("@", read, value))
                whole = ir.Index(new.target, (ir.ELLIPSIS,)) if isinstance(place, ir.Name) else new.target
                new = ir.Store(whole, product, loc=old.loc)
            case ir.Index(base, (mask,)) if self.is_full_mask(base, mask):
                new = ir.call("srcad_runtime.kernels.masked", new.base, *new.items)
            case ir.Store(ir.Index(base, (mask,))) | ir.Augment(ir.Index(base, (mask,))) if self.is_full_mask(
                base, mask
            ):
                new = self.masked_write(old, new)
            case ir.Pop(ir.Index(base, (mask,)), stack) if self.is_full_mask(base, mask):
                array, mask = new.target.args
                popped = ir.Call(ir.Attr(ir.Name(stack), "pop"))
                new = ir.Do(ir.call("srcad_runtime.kernels.set_masked", array, mask, popped), loc=old.loc)
            case ir.Raise(ir.Call(_, args)) if any(isinstance(a, ir.FString) for a in args):
                new = replace(new, exc=replace(new.exc, args=tuple(map(_unformatted, new.exc.args))))
        return new if self.narrow is None else self.narrow.node(old, new)

    def reads_on(self, stmt: ir.Augment) -> bool:
        """Whether an array is changed in place by other elements of its own, which Numba would read changed."""
        if not isinstance(stmt.target, ir.Index) or not self.rank(stmt.target) or not self.rank(stmt.value):
            return False
        elsewhere = ir.transform(stmt.value, lambda node: ir.NONE if node == stmt.target else node)
        return activity.root(stmt.target) in ir.names(elsewhere)

    def masked_write(self, old: ir.Store | ir.Augment, new: Any) -> ir.Stmt:
        """``a[mask] = value`` or ``a[mask] += value``; the target was rewritten as if it were read."""
        array, mask = new.target.args
        if isinstance(old, ir.Store):
            return ir.Do(ir.call("srcad_runtime.kernels.set_masked", array, mask, new.value), loc=old.loc)
        if old.op == "+":
            return ir.Do(ir.call("srcad_runtime.kernels.add_at", array, mask, new.value), loc=old.loc)
        value = ir.Binary(old.op, new.target, new.value)
        return ir.Do(ir.call("srcad_runtime.kernels.set_masked", array, mask, value), loc=old.loc)

    # ---- calls ----

    def call(self, old: ir.Call, new: ir.Call, path: str) -> ir.Expr:
        """The call, or what stands for it."""
        if path in REDUCING and any(name == "dtype" for name, _ in new.kwargs):
            old, new = self.cast_first(old), self.cast_first(new, old)
        library, _, name = path.rpartition(".")
        if path in INDEXED:
            array, index, *rest = new.args
            new = replace(new, args=(array, self.spread_index(old, _selected(index)), *rest))
        if library == "srcad_runtime" and name in HELPERS:
            scalar = name != "astype" or self.rank(old.args[0]) in (0, None)
            return kernel(new, name) if scalar else new
        if path.startswith("numpy.random."):
            return drawn(self, old, new, path)
        if path in SPECIAL and not new.kwargs:
            return replace(new, fn=ir.Ref(f"srcad_runtime.special.{name}"))
        if path in EXPONENTIALS and not {name for name, _ in new.kwargs} - {"axis", "keepdims"} and len(new.args) < 3:
            return kernel(new, name)
        if path in DISTRIBUTIONS:
            return _distribution(new, path)
        rewrite = REWRITES.get(path)
        found = new if rewrite is None else rewrite(self, old, new)
        if found is new:
            found = handed_back(self, old, new, path) or new
        return found

    def cast_first(self, call: ir.Call, old: ir.Call | None = None) -> ir.Call:
        """``np.sum(a, dtype=t)`` adds up the elements as `t`, which compiled code makes them before."""
        kwargs = dict(call.kwargs)
        wanted = kwargs.pop("dtype")
        name = dtype_of(self.type_of(wanted), None) if ir.is_node(wanted) else None
        if name is None:
            return call
        array, of = call.args[0], call.fn.path if isinstance(call.fn, ir.Ref) else ""
        if np.dtype(name).kind in "biu" and of.endswith(("mean", "var", "std")):
            raise Unsupported(
                f"Numba: {of} of integers that are asked for", call.loc, "Use astype, or the NumPy backend."
            )
        if self.dtype((old or call).args[0]) != name:
            array = ir.call("srcad_runtime.astype", array, wanted)
        return replace(call, args=(array, *call.args[1:]), kwargs=tuple(kwargs.items()))

    def rank(self, e: ir.Expr) -> int | None:
        t = self.type_of(e)
        return len(t.dims) if isinstance(t, Num) and t.dims is not None else None

    def dtype(self, e: ir.Expr) -> str | None:
        t = self.type_of(e)
        return t.dtype if isinstance(t, Num) else None

    def weak(self, e: ir.Expr) -> bool:
        """Whether an expression may be one of Python's own numbers."""
        t = self.type_of(e)
        return not isinstance(t, Num) or t.weak

    def are_truths(self, *exprs: ir.Expr) -> bool:
        """Truth values, one of them NumPy's: their sums and products are truth values, to Numba integers."""
        kinds = [self.type_of(e) for e in exprs]
        truths = all(isinstance(t, Num) and t.dims == () and t.dtype == "bool" for t in kinds)
        return truths and not all(self.weak(e) for e in exprs)

    def needs_matmul(self, left: ir.Expr, right: ir.Expr) -> bool:
        """Numba's own product takes vectors and matrices of one floating type."""
        ranks, dtypes = {self.rank(left), self.rank(right)}, {self.dtype(left), self.dtype(right)}
        if None in ranks or None in dtypes:
            return False
        return not ranks <= {1, 2} or len(dtypes) > 1 or not dtypes <= {"float32", "float64", "complex64", "complex128"}

    def spread(self, old: tuple[ir.Expr, ...], new: tuple[ir.Expr, ...]) -> tuple[ir.Expr, ...]:
        """Indices without masks of several axes, which Numba takes for integers: the places where they are true."""
        found: list[ir.Expr] = []
        for before, item in zip(old, new, strict=True):
            rank = self.rank(before) if self.dtype(before) == "bool" else 0
            places = ir.call("numpy.nonzero", item)
            found += [ir.Index(places, (ir.const(k),)) for k in range(rank or 0)] if (rank or 0) > 1 else [item]
        return tuple(found)

    def spread_index(self, old: ir.Call, new: ir.Expr) -> ir.Expr:
        """The same for the index that a function is given."""
        array, before = old.args[:2]
        if self.is_full_mask(array, before):
            return new
        pair = (
            (before.items, new.items)
            if isinstance(before, ir.Tuple) and isinstance(new, ir.Tuple)
            else ((before,), (new,))
        )
        items = self.spread(*pair)
        return new if items == pair[1] else ir.Tuple(items)

    def is_full_mask(self, base: ir.Expr, mask: ir.Expr) -> bool:
        rank = self.rank(mask)
        return self.dtype(mask) == "bool" and rank is not None and rank > 1 and rank == self.rank(base)


def _handed_lists(function: ir.Function, types: Mapping[str, Abstract]) -> set[str]:
    """Lists that get another name, or are kept in a list: what an empty one is for is to be said where it is made."""
    found: set[str] = set()
    for node in ir.walk(function.body):
        match node:
            case ir.Assign(ir.Name(target), ir.Name(value)) if isinstance(types.get(value), Seq):
                found |= {target, value}
            case ir.Push(_, ir.Name(value)) if isinstance(types.get(value), Seq):
                found.add(value)
    return {name for name in found if _is_told(types.get(name))}


def _is_told(kind: Abstract | None) -> bool:
    element = kind.element if isinstance(kind, Seq) else None
    return isinstance(element, Num) and element.dims is not None and element.dtype is not None


def _empty(kind: Abstract) -> ir.Expr:
    """An empty list of a known type."""
    from srcad.transforms.stacks import nothing

    assert isinstance(kind, Seq)
    return kernel(ir.call("srcad_runtime.empty_list", nothing(kind.element)), "empty_list")


def _unformatted(message: ir.Expr) -> ir.Expr:
    """An f-string with dots for its values: to format numbers costs seconds of compilation.

    The error that is shown is that of the NumPy text, which runs when compiled code raises.
    """
    if not isinstance(message, ir.FString):
        return message
    return ir.Const("".join(part.value if isinstance(part, ir.Const) else "..." for part in message.parts))


def _distribution(call: ir.Call, path: str) -> ir.Call:
    """A method of `scipy.stats`, with its loc and scale given in order."""
    from srcad import rules

    rule = rules.lookup(path)
    assert rule is not None
    given = rule.bind(call.args, {str(name): value for name, value in call.kwargs})
    args = tuple(value if ir.is_node(value) else ir.const(float(value)) for value in given.values())
    family, method = path.split(".")[-2:]
    return ir.Call(ir.Ref(f"srcad_runtime.distributions.{family}_{method}"), args, loc=call.loc)


def _selected(index: ir.Expr) -> ir.Expr:
    """An index that is written as a list selects as an array does, alone or in a tuple of indices."""
    if isinstance(index, ir.Tuple):
        return replace(index, items=tuple(map(_selected, index.items)))
    return ir.call("numpy.array", index) if isinstance(index, ir.List) else index


def _add_at(work: Types, old: ir.Call, new: ir.Call) -> ir.Expr:
    """NumPy reads all values before it adds the first, also where they are part of the array itself."""
    array, index, value = new.args
    overlapping = activity.root(value) == activity.root(array) and work.rank(old.args[2]) != 0
    return kernel(new, "add_at", array, index, ir.call("numpy.copy", value) if overlapping else value)


REWRITES: dict[str, Rewrite] = {
    "numpy.add.at": _add_at,
    **retarget_making.REWRITES,
    **retarget_products.REWRITES,
    **retarget_reductions.REWRITES,
    **retarget_sequences.REWRITES,
    **retarget_shapes.REWRITES,
}


def _with_dtype(call: ir.Call) -> ir.Call:
    """Python's numbers as types of elements, which Numba knows under NumPy's names only."""
    named = tuple((name, ELEMENTS.get(value, value) if name == "dtype" else value) for name, value in call.kwargs)
    made = call.fn in (ir.Ref("numpy.empty"), ir.Ref("numpy.zeros"), ir.Ref("numpy.ones"))
    args = tuple(COMPLEX128 if a == COMPLEX else ELEMENTS.get(a, a) if made else a for a in call.args)
    kwargs = tuple((name, COMPLEX128 if value == COMPLEX else value) for name, value in named)
    return call if (args, kwargs) == (call.args, call.kwargs) else replace(call, args=args, kwargs=kwargs)


COMPLEX, COMPLEX128 = ir.Ref("builtins.complex"), ir.Ref("numpy.complex128")
ELEMENTS: dict[ir.Expr, ir.Expr] = {
    ir.Ref("builtins.float"): ir.Ref("numpy.float64"),
    ir.Ref("builtins.int"): ir.Ref("numpy.int64"),
}
