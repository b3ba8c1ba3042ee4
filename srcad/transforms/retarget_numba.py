"""Calls that Numba cannot compile, or compiles to other types than NumPy's, as calls of `srcad_runtime.kernels`.

Driven by the types of the program's variables: what is not known stays as it is, and Numba then says what it lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from srcad import ir
from srcad.rules.static import split_subscripts
from srcad.transforms import activity
from srcad.transforms.retarget_float32 import NARROW, Narrow, settled
from srcad.transforms.retarget_interpreted import handed_back
from srcad.types import Abstract, Num, Seq, Struct, infer

HELPERS = frozenset(
    "unbroadcast astype add_at add_items pieces zeros_of scatter_add written last_written exceeds power_slope xlogy "
    "tie_share prod_of_others".split()
)


# functions of scipy.special that `srcad_runtime.special` compiles
SPECIAL = frozenset(
    f"scipy.special.{name}"
    for name in "erf erfc erfcx erfi erfinv erfcinv dawsn ndtr log_ndtr ndtri gamma gammaln loggamma rgamma psi expit "
    "logit log_expit entr i0 i1 i0e i1e j0 j1 y0 y1 k0 k1 k0e k1e exprel expm1 log1p cbrt exp2 exp10 expi exp1 spence "
    "ellipk ellipe beta betaln binom poch xlogy xlog1py rel_entr kl_div huber pseudo_huber boxcox inv_boxcox jv yv iv "
    "kv gammainc gammaincc betainc zeta polygamma".split()
)


EXPONENTIALS = frozenset(f"scipy.special.{name}" for name in "logsumexp softmax log_softmax".split())


# methods of scipy.stats that `srcad_runtime.distributions` compiles
DISTRIBUTIONS = frozenset(
    f"scipy.stats.{family}.{method}"
    for family, methods in {
        "norm": "pdf logpdf cdf sf logcdf logsf ppf",
        "expon": "pdf logpdf cdf sf",
        "poisson": "pmf logpmf cdf",
        **dict.fromkeys("laplace logistic cauchy t gamma chi2 lognorm beta uniform".split(), "pdf logpdf cdf"),
    }.items()
    for method in methods.split()
)


# what takes an array and an index into it
INDEXED = frozenset(
    {"numpy.add.at", *(f"srcad_runtime.{n}" for n in "add_at scatter_add written last_written".split())}
)


def retarget(function: ir.Function, types: Mapping[str, Abstract]) -> ir.Function:
    """The function with kernels for what Numba lacks, and with literals that keep float32 results float32."""
    narrow = any(isinstance(t, Num) and t.dtype in NARROW for t in types.values())
    rewriter = _Retarget(settled(function, types) if narrow else types, narrow)
    new: ir.Function = rewriter.node(function)
    return new


class _Retarget:
    """Rewrites bottom-up, but looks at the types of the expressions as they were."""

    def __init__(self, types: Mapping[str, Abstract], narrow: bool) -> None:
        self.types = types
        self.narrow = Narrow(self.type_of) if narrow else None

    def type_of(self, e: ir.Expr) -> Abstract:
        return infer(e, self.types)

    def node(self, old: Any) -> Any:
        new = ir.rebuild(old, self.node)
        if isinstance(old, ir.Index) and any(isinstance(item, ir.List) for item in old.items):
            new = replace(new, items=tuple(map(_selected, new.items)))
        match old:
            case ir.Call(ir.Ref(path)):
                new = self.call(old, new, path)
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
        library, _, name = path.rpartition(".")
        if path in INDEXED:
            array, index, *rest = new.args
            new = replace(new, args=(array, _selected(index), *rest))
        if library == "srcad_runtime" and name in HELPERS:
            scalar = name != "astype" or self.rank(old.args[0]) in (0, None)
            return _kernel(new, name) if scalar else new
        if path in SPECIAL and not new.kwargs:
            return replace(new, fn=ir.Ref(f"srcad_runtime.special.{name}"))
        if path in EXPONENTIALS and not {name for name, _ in new.kwargs} - {"axis", "keepdims"} and len(new.args) < 3:
            return _kernel(new, name)
        if path in DISTRIBUTIONS:
            return _distribution(new, path)
        rewrite = REWRITES.get(path)
        found = new if rewrite is None else rewrite(self, old, new)
        if found is new:
            found = handed_back(self, old, new, path) or new
        return found

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

    def is_full_mask(self, base: ir.Expr, mask: ir.Expr) -> bool:
        rank = self.rank(mask)
        return self.dtype(mask) == "bool" and rank is not None and rank > 1 and rank == self.rank(base)


def _unformatted(message: ir.Expr) -> ir.Expr:
    """An f-string with dots for its values: to format numbers costs seconds of compilation.

    The error that is shown is that of the NumPy text, which runs when compiled code raises.
    """
    if not isinstance(message, ir.FString):
        return message
    return ir.Const("".join(part.value if isinstance(part, ir.Const) else "..." for part in message.parts))


def _kernel(call: ir.Call, name: str, *args: ir.Expr, **kwargs: ir.Expr) -> ir.Call:
    """The call of a kernel, with the call's own arguments unless others are given."""
    fn = ir.Ref(f"srcad_runtime.kernels.{name}")
    if args or kwargs:
        return ir.Call(fn, args, tuple(kwargs.items()), loc=call.loc)
    return ir.Call(fn, call.args, call.kwargs, loc=call.loc)


def _distribution(call: ir.Call, path: str) -> ir.Call:
    """A method of `scipy.stats`, with its loc and scale given in order."""
    from srcad import rules

    rule = rules.lookup(path)
    assert rule is not None
    given = rule.bind(call.args, {str(name): value for name, value in call.kwargs})
    args = tuple(value if ir.is_node(value) else ir.const(float(value)) for value in given.values())
    family, method = path.split(".")[-2:]
    return ir.Call(ir.Ref(f"srcad_runtime.distributions.{family}_{method}"), args, loc=call.loc)


def argument(call: ir.Call, position: int, name: str) -> ir.Expr | None:
    """An argument by position or keyword; None where it is absent or None."""
    found = dict(call.kwargs).get(name, call.args[position] if position < len(call.args) else None)
    return None if found == ir.NONE else found


def constant(e: ir.Expr | None) -> Any:
    """The value of an integer, or of a tuple or list of them; None if it is not one."""
    match e:
        case ir.Const(value) if isinstance(value, int) and not isinstance(value, bool):
            return value
        case ir.Unary("-", ir.Const(value)) if isinstance(value, int):
            return -value
        case ir.Tuple(items) | ir.List(items):
            values = tuple(constant(item) for item in items)
            return None if None in values else values
    return None


Rewrite = Callable[[_Retarget, ir.Call, ir.Call], ir.Expr]


# ---- reductions ----


def _reduction(name: str, axis_at: int = 1) -> Rewrite:
    """A kernel where an axis or `keepdims` is given, or where Numba would add float32 up less accurately than NumPy."""

    def rewrite(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
        kind = self.type_of(old.args[0])
        if name == "prod" and isinstance(kind, Struct) and len(new.args) + len(new.kwargs) == 1:
            return _of_all(new.args[0], len(kind.items))
        itself = name in ("max", "min", "median", "prod") or name == "mean" and self.dtype(old.args[0]) == "float64"
        if itself and self.rank(old.args[0]) == 0 and len(new.args) < 3 and "dtype" not in dict(new.kwargs):
            return new.args[0]
        if name in ("var", "std") and str(self.dtype(old.args[0])).startswith("complex"):
            return new
        axis = argument(new, axis_at, "axis")
        keywords = {"ddof" if key == "correction" else key: value for key, value in new.kwargs}
        keepdims = keywords.pop("keepdims", ir.const(False))
        if set(keywords) - {"axis", "ddof"}:
            return new
        summed = name in ("sum", "mean", "var", "std") and self.dtype(old.args[0]) in (*NARROW, None)
        own = name == "sum" and keepdims == ir.const(False)
        if not summed and "ddof" not in keywords and (own or axis is None and keepdims == ir.const(False)):
            return new if keepdims != ir.const(False) else _without(new, "keepdims")
        options = {"ddof": keywords["ddof"]} if "ddof" in keywords else {}
        if axis is not None:
            options["axis"] = axis
        if keepdims != ir.const(False):
            options["keepdims"] = keepdims
        return _kernel(new, name, new.args[0], **options)

    return rewrite


def _of_all(numbers: ir.Expr, count: int) -> ir.Expr:
    """The product of the numbers of a tuple, such as a shape."""
    value: ir.Expr = ir.const(1)
    for k in range(count):
        item = ir.Index(numbers, (ir.const(k),))
        value = item if k == 0 else ir.Binary("*", value, item)
    return value


def _without(call: ir.Call, *names: str) -> ir.Call:
    """The call without arguments that say what it does anyway."""
    return replace(call, kwargs=tuple(pair for pair in call.kwargs if pair[0] not in names))


# ---- shapes: views by indexing, which Numba compiles ----


def _new_axes(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.expand_dims`` at several places is indexing with None."""
    axes, rank = constant(argument(new, 1, "axis")), self.rank(old.args[0])
    if rank == 0 and axes is not None:
        return ir.call(
            "numpy.full", ir.Tuple((ir.const(1),) * (1 if isinstance(axes, int) else len(axes))), new.args[0]
        )
    if not isinstance(axes, tuple) or rank is None:
        return new
    places = {axis % (rank + len(axes)) for axis in axes}
    items = tuple(ir.NONE if k in places else ir.Slice(None, None) for k in range(rank + len(axes)))
    return ir.Index(new.args[0], items, loc=new.loc)


def _squeezed(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.squeeze`` is indexing with 0."""
    axis, t = argument(new, 1, "axis"), self.type_of(old.args[0])
    if not isinstance(t, Num) or t.dims is None:
        return new
    if axis is None:
        axes: Any = tuple(k for k, d in enumerate(t.dims) if d is not None and not d.terms and d.const == 1)
    else:
        axes = constant(axis)
        axes = (axes,) if isinstance(axes, int) else axes
    if axes is None:
        return new
    places = {k % len(t.dims) for k in axes}
    if self.rank(old) != len(t.dims) - len(axes):  # nothing says that the extents are one
        return _kernel(new, "squeeze", new.args[0], ir.const(tuple(sorted(places)))) if axis is not None else new
    items = tuple(ir.const(0) if k in places else ir.Slice(None, None) for k in range(len(t.dims)))
    return ir.Index(new.args[0], items, loc=new.loc) if places else new.args[0]


def _at_least(count: int) -> Rewrite:
    """``np.atleast_2d`` of an array is indexing with None, of a number an array of one element."""

    def rewrite(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
        rank = self.rank(old.args[0])
        if len(new.args) != 1 or rank is None:
            return new
        if rank == 0:
            shape = ir.Tuple((ir.const(1),) * count)
            return ir.call("numpy.full", shape, new.args[0])
        full = ir.Slice(None, None)
        front = (ir.NONE,) if rank == 1 else ()
        behind = (ir.NONE,) if count == 3 and rank < 3 else ()
        if rank >= count:
            return new.args[0]
        return ir.Index(new.args[0], (*front, *(full,) * rank, *behind), loc=new.loc)

    return rewrite


def _laid_out(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.ascontiguousarray(a, dtype)`` in two steps."""
    dtype = argument(new, 1, "dtype")
    return (
        new if dtype is None else ir.Call(new.fn, (ir.call("srcad_runtime.astype", new.args[0], dtype),), loc=new.loc)
    )


def _transposed(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.matrix_transpose``: the last two axes."""
    rank = self.rank(old.args[0])
    if rank is None or rank < 2:
        return new
    order = ir.Tuple(tuple(ir.const(k) for k in (*range(rank - 2), rank - 1, rank - 2)))
    return _kernel(new, "transpose", new.args[0], order)


def _filled(like: bool) -> Rewrite:
    """``np.full`` and ``np.full_like`` with an array are a copy of the array, broadcast."""

    def rewrite(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
        value = argument(new, 1, "fill_value")
        shown = argument(old, 1, "fill_value")
        if value is None or shown is None or not self.rank(shown) or len(new.args) > 2:
            return new
        shape = ir.Attr(new.args[0], "shape") if like else new.args[0]
        return ir.call("numpy.copy", ir.call("numpy.broadcast_to", value, shape))

    return rewrite


def _flipped(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.flip`` along given axes is a slice with step -1."""
    given, rank = argument(new, 1, "axis"), self.rank(old.args[0])
    axes = tuple(range(rank or 0)) if given is None else constant(given)
    if axes is None or rank is None or axes == ():
        return new
    places = {k % rank for k in ((axes,) if isinstance(axes, int) else axes)}
    items = tuple(ir.Slice(None, None, ir.const(-1) if k in places else None) for k in range(rank))
    return ir.Index(new.args[0], items[: max(places) + 1], loc=new.loc)


def _in_order(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Numba takes a second or two to compile a transposition, whose axes it checks with sets."""
    axes, rank = constant(argument(new, 1, "axes")), self.rank(old.args[0])
    if not isinstance(axes, tuple) or rank is None or sorted(k % max(rank, 1) for k in axes) != list(range(rank)):
        return new
    return _kernel(new, "transpose", new.args[0], ir.Tuple(tuple(ir.const(k % rank) for k in axes)))


def _permuted(order: Callable[[int, Any, Any], list[int] | None]) -> Rewrite:
    """``np.moveaxis`` and ``np.swapaxes`` as a transposition, which compiles in a fifth of the time."""

    def rewrite(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
        rank = self.rank(old.args[0])
        given = [constant(e) for e in (*new.args[1:], *(value for _, value in new.kwargs))]
        if rank is None or len(given) != 2 or None in given:
            return new
        axes = order(rank, *given)
        if axes is None:
            return new
        return _kernel(new, "transpose", new.args[0], ir.Tuple(tuple(ir.const(k) for k in axes)))

    return rewrite


def _moved(rank: int, source: Any, destination: Any) -> list[int]:
    sources = (source,) if isinstance(source, int) else source
    targets = (destination,) if isinstance(destination, int) else destination
    rest = [k for k in range(rank) if k not in {s % rank for s in sources}]
    for target, origin in sorted((t % rank, s % rank) for t, s in zip(targets, sources, strict=True)):
        rest.insert(target, origin)
    return rest


def _rolled(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.rollaxis`` puts an axis before another."""
    rank, axis = self.rank(old.args[0]), constant(argument(new, 1, "axis"))
    start = constant(argument(new, 2, "start") or ir.const(0))
    if rank is None or not isinstance(axis, int) or not isinstance(start, int):
        return new
    start = start + rank if start < 0 else start
    order = _moved(rank, axis % rank, start - (axis % rank < start))
    return _kernel(new, "transpose", new.args[0], ir.Tuple(tuple(map(ir.const, order))))


def _swapped(rank: int, a: Any, b: Any) -> list[int] | None:
    axes = list(range(rank))
    axes[a], axes[b] = axes[b], axes[a]
    return axes


# ---- shapes and sequences: kernels ----


def _shifted(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.roll`` along several axes is one after the other."""
    shift, axes = argument(new, 1, "shift"), constant(argument(new, 2, "axis"))
    if not isinstance(axes, tuple):
        return _ROLLED(self, old, new)
    several = isinstance(shift, (ir.Tuple, ir.List))
    shifts = shift.items if isinstance(shift, (ir.Tuple, ir.List)) else (shift,) * len(axes)
    if shift is None or several and len(shifts) != len(axes):
        return new
    value = new.args[0]
    for by, axis in zip(shifts, axes, strict=True):
        value = ir.call("srcad_runtime.kernels.roll", value, by, ir.const(axis))  # type: ignore[arg-type]
    return value


def _indices(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.indices`` of floats are those of integers, times 1.0."""
    plain = ir.call("numpy.indices", new.args[0])
    return ir.Binary("*", plain, ir.const(1.0)) if self.dtype(old) == "float64" else new


def _unraveled(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
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


def _with_axis(name: str, position: int, names: str) -> Rewrite:
    """A kernel where an axis is given; Numba has the function without one."""

    def rewrite(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
        axis = argument(new, position, "axis")
        if axis is None and name == "roll":  # a rule passes its default on
            return _without_axis(new, position)
        rank = self.rank(old.args[0])
        if axis is None:
            return _without_axis(new, position)
        if not isinstance(constant(axis), int) or rank is None or set(dict(new.kwargs)) - set(names.split()):
            return new
        single = rank == 1 and name in ("sort", "diff", "repeat", "cumprod", "roll")
        return _without_axis(new, position) if single else _kernel(new, name)

    return rewrite


_ROLLED = _with_axis("roll", 2, "axis shift")


def _without_axis(call: ir.Call, position: int) -> ir.Call:
    args = tuple(arg for k, arg in enumerate(call.args) if k != position)
    return ir.Call(call.fn, args, tuple(kw for kw in call.kwargs if kw[0] != "axis"), loc=call.loc)


def _always(name: str) -> Rewrite:
    return lambda self, old, new: _kernel(new, name)


def _pad(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Margins that are written as a list are a tuple."""
    array, *rest = new.args
    rest = [ir.Tuple(e.items) if isinstance(e, ir.List) else e for e in rest]
    return _kernel(replace(new, args=(array, *rest)), "pad")


def _single_axis(call: ir.Call, position: int) -> tuple[ir.Call, int | None]:
    """A call and the axis, -1 by default, that it works along: with ``axis=None`` along the only one of ``a.ravel()``.

    The axis is None where it is not a constant.
    """
    given = dict(call.kwargs).get("axis", call.args[position] if position < len(call.args) else ir.Const(-1))
    if given == ir.NONE:
        flat = _without_axis(call, position)
        return replace(flat, args=(ir.call("numpy.ravel", flat.args[0]), *flat.args[1:])), -1
    axis = constant(given)
    return call, axis if isinstance(axis, int) else None


def _last_axis(name: str, position: int) -> Rewrite:
    """``np.diff`` and ``np.sort`` work along the last axis unless told otherwise."""

    def rewrite(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
        (new, axis), rank = _single_axis(new, position), self.rank(old.args[0])
        if rank is None or axis in (-1, rank - 1):
            return _without_axis(new, position)
        return new if axis is None else _kernel(new, name)

    return rewrite


def _argsort(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """In the stable order, which is a right one for every `kind`."""
    named = {name for name, _ in new.kwargs}
    (new, axis), rank = _single_axis(new, 1), self.rank(old.args[0])
    if rank is None or axis is None or not named <= {"axis", "kind"}:
        return new
    at = () if axis in (-1, rank - 1) else (ir.Const(axis),)
    return ir.call("srcad_runtime.kernels.argsort", new.args[0], *at)


def _turned(array: ir.Expr, rank: int) -> ir.Expr:
    """An array with its axes in reverse: what lies in Fortran's order lies in C's there."""
    return ir.call("srcad_runtime.kernels.transpose", array, ir.Tuple(tuple(map(ir.const, reversed(range(rank))))))


def _items(self: _Retarget, shape: ir.Expr | None) -> tuple[ir.Expr, ...] | None:
    """The extents that a shape holds, one by one, where their number is known."""
    if isinstance(shape, (ir.Tuple, ir.List)):
        return shape.items
    kind = None if shape is None else self.type_of(shape)
    if shape is None or not isinstance(kind, Struct):
        return None
    return tuple(ir.Index(shape, (ir.const(k),)) for k in range(len(kind.items)))


def _raveled(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    order, rank = argument(new, 1, "order"), self.rank(old.args[0])
    if rank == 0:
        return ir.call("numpy.full", ir.Tuple((ir.const(1),)), new.args[0])
    if order != ir.const("F") or rank is None:
        return new
    return ir.call("numpy.ravel", _turned(new.args[0], rank))


def _reshaped(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Numba reshapes contiguous arrays only, what arithmetic makes is, and in the order of C."""
    order, shape, rank = argument(new, 2, "order"), argument(new, 1, "shape"), self.rank(old.args[0])
    extents = _items(self, shape)
    if order == ir.const("F") and rank and extents is not None:
        turned = ir.Tuple(tuple(reversed(extents)))
        return _turned(ir.call("srcad_runtime.kernels.reshape", _turned(new.args[0], rank), turned), len(extents))
    fresh = isinstance(old.args[0], (ir.Binary, ir.Unary))
    return new if fresh or new.kwargs or len(new.args) != 2 else _kernel(new, "reshape")


def _diagonal(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    plain = self.rank(old.args[0]) == 2 and len(new.args) <= 2 and not set(dict(new.kwargs)) - {"offset"}
    return _kernel(new, "diagonal") if plain else new


# ---- products ----


def _tensordot(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    axes = constant(argument(new, 2, "axes")) if argument(new, 2, "axes") is not None else 2
    if isinstance(axes, int):
        pairs: Any = tuple(range(-axes, 0)), tuple(range(axes))
    elif axes is None or len(axes) != 2:
        return new
    else:
        pairs = tuple((part,) if isinstance(part, int) else part for part in axes)
    left, right = (ir.Tuple(tuple(ir.const(k) for k in part)) for part in pairs)
    return _kernel(new, "tensordot", *new.args[:2], left, right)


def _dotted(name: str) -> Rewrite:
    """``np.dot`` and ``np.inner`` of vectors are Numba's own."""

    def rewrite(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
        left, right = old.args[:2]
        if name == "inner" and {self.rank(left), self.rank(right)} == {1} and not self.needs_matmul(left, right):
            return ir.call("numpy.dot", *new.args)
        mixed = self.needs_matmul(left, right) or 0 in (self.rank(left), self.rank(right))
        return _kernel(new, name) if mixed or name != "dot" else new

    return rewrite


def _einsum(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    text = new.args[0]
    ranks = [self.rank(e) for e in old.args[1:]]
    if not isinstance(text, ir.Const) or not isinstance(text.value, str) or None in ranks:
        return new
    terms, output = split_subscripts(text.value, [r for r in ranks if r is not None])
    spelt = ir.const(",".join(terms) + "->" + output)
    return _kernel(new, "einsum", spelt if "." in text.value else text, *new.args[1:])


def _clip(r: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """NumPy's own order of comparisons, so that nan stays nan; Numba clips only arrays, and between two bounds."""
    low, high = (argument(new, k, f"a_{name}") or argument(new, k, name) for k, name in ((1, "min"), (2, "max")))
    if {name for name, _ in new.kwargs} - {"a_min", "a_max", "min", "max"}:
        return new
    if r.rank(old.args[0]) != 0 and low is not None and high is not None:
        return replace(new, args=(new.args[0], low, high), kwargs=())
    value = new.args[0] if low is None else ir.call("numpy.maximum", new.args[0], low)
    return value if high is None else ir.call("numpy.minimum", value, high)


def _selected(index: ir.Expr) -> ir.Expr:
    """An index that is written as a list selects as an array does."""
    return ir.call("numpy.array", index) if isinstance(index, ir.List) else index


def _add_at(work: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """NumPy reads all values before it adds the first, also where they are part of the array itself."""
    array, index, value = new.args
    overlapping = activity.root(value) == activity.root(array) and work.rank(old.args[2]) != 0
    return _kernel(new, "add_at", array, index, ir.call("numpy.copy", value) if overlapping else value)


def _concatenated(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """A list may hold arrays of one layout only, a tuple any; ``axis=None`` joins them as they lie in C order."""
    parts = new.args[0]
    given = dict(new.kwargs).get("axis", new.args[1] if len(new.args) > 1 else None)
    if not isinstance(parts, (ir.Tuple, ir.List)):
        return _kernel(new, "joined") if isinstance(self.type_of(old.args[0]), Seq) else new
    if given != ir.NONE:
        parts = ir.Tuple(parts.items)
        return new if parts == new.args[0] else ir.Call(new.fn, (parts, *new.args[1:]), new.kwargs, loc=new.loc)
    flat = ir.Tuple(tuple(ir.call("numpy.ravel", part) for part in parts.items))
    return ir.Call(new.fn, (flat,), loc=new.loc)


def _renamed(path: str) -> Rewrite:
    return lambda self, old, new: ir.Call(ir.Ref(path), new.args, new.kwargs, loc=new.loc)


def _log(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``math.log(x, base)`` is a quotient, in Python too."""
    if len(new.args) != 2:
        return new
    return ir.Binary("/", ir.call("math.log", new.args[0]), ir.call("math.log", new.args[1]))


def _divide(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Of numbers in a list."""
    listed, others = new.args[0], new.args[1:]
    if not isinstance(listed, (ir.List, ir.Tuple)):
        return new
    return replace(new, args=(ir.call("numpy.array", ir.List(listed.items)), *others))


def _of_complex(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Functions of `cmath` take real numbers, too; those of Numba's only complex ones."""
    if str(self.dtype(old.args[0])).startswith("complex"):
        return new
    return replace(new, args=(ir.call("builtins.complex", new.args[0]), *new.args[1:]))


def _hypot(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Of one number its size, of many the hypotenuse of a hypotenuse."""
    if len(new.args) == 1:
        return ir.call("builtins.abs", *new.args)
    value = new.args[0]
    for side in new.args[1:]:
        value = ir.call("math.hypot", value, side)
    return value


def _as_tuples(rows: ir.Expr) -> ir.Expr:
    """Rows of integers beside rows of floats are lists of two types to Numba; tuples may differ."""
    return ir.Tuple(tuple(map(_as_tuples, rows.items))) if isinstance(rows, (ir.List, ir.Tuple)) else rows


def _array(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Numba makes arrays of lists; of an array, a copy is asked for."""
    kind = self.type_of(old.args[0])
    if isinstance(kind, Seq) and kind.element.dims is not None and len(new.args) == 1 and not new.kwargs:
        return ir.call("srcad_runtime.kernels.array_of", new.args[0])
    dtype = dict(new.kwargs).get("dtype", new.args[1] if len(new.args) > 1 else None)
    if dict(new.kwargs).get("copy") == ir.const(True):
        new = _without(new, "copy")
    others = {name for name, _ in new.kwargs} - {"dtype"}
    if isinstance(new.args[0], (ir.List, ir.Tuple)) and all(
        isinstance(i, (ir.List, ir.Tuple)) for i in new.args[0].items
    ):
        return replace(new, args=(_as_tuples(new.args[0]), *new.args[1:]))
    if isinstance(new.args[0], (ir.List, ir.Tuple)) or not self.rank(old.args[0]) or others or len(new.args) > 2:
        return new
    if dtype is None or dtype == ir.NONE:
        return ir.call("numpy.copy", new.args[0])
    return ir.call("srcad_runtime.astype", new.args[0], dtype)


def _crossed(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """``np.ix_``: indices that stand across each other; of a mask the places where it is true."""
    found: list[ir.Expr] = []
    for k, (given, index) in enumerate(zip(old.args, new.args, strict=True)):
        if self.dtype(given) == "bool":
            index = ir.Index(ir.call("numpy.nonzero", index), (ir.const(0),))
        elif isinstance(index, (ir.List, ir.Tuple)):
            index = ir.call("numpy.array", ir.List(index.items))
        places = tuple(ir.Slice(None, None) if k == i else ir.NONE for i in range(len(old.args)))
        found.append(ir.Index(index, places))
    return ir.Tuple(tuple(found))


def _where(self: _Retarget, old: ir.Call, new: ir.Call) -> ir.Expr:
    """Of numbers, Numba makes an array without axes, which it then cannot add to a number."""
    if len(old.args) != 3 or old.kwargs or any(self.rank(a) != 0 for a in old.args):
        return new
    test, body, orelse = new.args
    return ir.IfExp(test, body, orelse, loc=new.loc)


REWRITES: dict[str, Rewrite] = {
    **{f"cmath.{name}": _of_complex for name in "acosh cosh log10 sinh tanh".split()},
    "math.cbrt": _renamed("numpy.cbrt"),
    "math.exp2": _renamed("numpy.exp2"),
    "math.fmod": _always("fmod"),
    "math.hypot": _hypot,
    "math.log": _log,
    "math.modf": _always("modf"),
    "math.remainder": _always("remainder"),
    "numpy.array": _array,
    "numpy.ascontiguousarray": _laid_out,
    "numpy.asfortranarray": _laid_out,
    "numpy.atleast_1d": _at_least(1),
    "numpy.atleast_2d": _at_least(2),
    "numpy.atleast_3d": _at_least(3),
    "numpy.full": _filled(False),
    "numpy.full_like": _filled(True),
    "numpy.linalg.matrix_transpose": _transposed,
    "numpy.matrix_transpose": _transposed,
    "numpy.concatenate": _concatenated,
    "numpy.divide": _divide,
    "numpy.fix": _renamed("numpy.trunc"),
    "numpy.add.at": _add_at,
    "numpy.clip": _clip,
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
    "numpy.expand_dims": _new_axes,
    "numpy.squeeze": _squeezed,
    "numpy.flip": _flipped,
    "numpy.ix_": _crossed,
    "numpy.rollaxis": _rolled,
    "numpy.transpose": _in_order,
    "numpy.moveaxis": _permuted(_moved),
    "numpy.swapaxes": _permuted(_swapped),
    "numpy.indices": _indices,
    "numpy.ravel": _raveled,
    "numpy.roll": _shifted,
    "numpy.unravel_index": _unraveled,
    "numpy.repeat": _with_axis("repeat", 2, "axis repeats"),
    "numpy.cumprod": _with_axis("cumprod", 1, "axis"),
    "numpy.argsort": _argsort,
    "numpy.sort": _last_axis("sort", 1),
    "numpy.diff": _last_axis("diff", 2),
    "numpy.tile": _always("tile"),
    "numpy.pad": _pad,
    "numpy.heaviside": _always("heaviside"),
    "numpy.polyval": _always("polyval"),
    "numpy.reshape": _reshaped,
    "numpy.diagonal": _diagonal,
    "numpy.matmul": _always("matmul"),
    "numpy.dot": _dotted("dot"),
    "numpy.inner": _dotted("inner"),
    "numpy.tensordot": _tensordot,
    "numpy.einsum": _einsum,
    "numpy.where": _where,
}
