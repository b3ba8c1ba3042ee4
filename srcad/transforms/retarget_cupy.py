"""retarget for CuPy: a NumPy program in CuPy's words.

Before and after: core IR. References are renamed and helpers are those of `srcad_runtime.on_cupy`. Where CuPy's manners
are others than NumPy's (an element is a view, numbers are no arrays, of repeated indices any may win) the text says
what NumPy does, and what CuPy lacks is `Unsupported`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy

from srcad import ir
from srcad.abstract import Seq, Struct
from srcad.algebra import slice_value
from srcad.errors import Unsupported
from srcad.rules import lookup
from srcad.types import Abstract, Num, infer

RENAMED = (("numpy.", "cupy."), ("scipy.", "cupyx.scipy."))
KEPT = frozenset({"numpy.errstate"})  # a context of NumPy's own, harmless around CuPy's calls
# What CuPy 14 does not have: whole modules, and single functions that have rules.
LACKING_MODULES = ("numpy.random.", "scipy.stats.", "scipy.optimize.", "scipy.integrate.")
LACKING_ARGUMENTS = {
    **{f"numpy.{name}": ("where", "initial") for name in ("sum", "mean", "prod", "max", "min", "add.reduce")},
    **{f"numpy.{name}": ("where", "correction") for name in ("std", "var", "nanstd", "nanvar")},
    "numpy.clip": ("min", "max"),
    "numpy.linalg.cholesky": ("upper",),
    "numpy.reshape": ("shape",),
}
# Helpers that need what CuPy has not.
HELPERS = frozenset(
    """
    inserted_order betainc_by_a ellipe_by_m ellipeinc_by_m ellipkinc_by_m ellipkm1_by_p gammainc_by_a
    """.split()
)
LACKING = frozenset(
    """
    numpy.block numpy.geomspace numpy.histogram_bin_edges numpy.insert numpy.linalg.diagonal numpy.linalg.matrix_norm
    numpy.linalg.multi_dot numpy.linalg.svdvals numpy.linalg.trace numpy.linalg.vecdot numpy.linalg.vector_norm
    numpy.nanpercentile numpy.nanquantile numpy.polyder numpy.polyint numpy.spacing
    numpy.unstack numpy.vecdot numpy.maximum.accumulate numpy.minimum.accumulate numpy.logaddexp.reduce
    numpy.hypot.reduce numpy.subtract.reduce numpy.logical_and.reduce numpy.bitwise_or.reduce numpy.multiply.reduceat
    numpy.maximum.reduceat numpy.minimum.reduceat numpy.polynomial.legendre.leggauss scipy.special.smirnov
    scipy.linalg.cho_factor scipy.linalg.cho_solve scipy.linalg.cholesky scipy.linalg.det scipy.linalg.inv
    scipy.linalg.solve scipy.linalg.solve_sylvester scipy.linalg.sqrtm
    scipy.linalg.cosm scipy.linalg.eigh scipy.linalg.logm scipy.linalg.pinv scipy.linalg.qr scipy.linalg.sinm
    scipy.linalg.solve_banded scipy.linalg.solve_continuous_lyapunov scipy.linalg.solve_discrete_lyapunov
    scipy.linalg.svd scipy.linalg.eig scipy.linalg.eigvals scipy.linalg.eigvalsh scipy.linalg.lstsq
    scipy.linalg.matmul_toeplitz scipy.linalg.norm scipy.linalg.solve_toeplitz scipy.linalg.solveh_banded
    scipy.linalg.svdvals scipy.fft.dct scipy.fft.idct scipy.fft.dst scipy.fft.idst numpy.matvec numpy.vecmat
    numpy.add.reduceat numpy.polydiv
    numpy.polynomial.chebyshev.chebval numpy.polynomial.chebyshev.chebvander
    numpy.polynomial.legendre.legval numpy.polynomial.legendre.legvander
    numpy.polynomial.hermite.hermval numpy.polynomial.hermite.hermvander
    numpy.polynomial.hermite_e.hermeval numpy.polynomial.hermite_e.hermevander
    numpy.polynomial.laguerre.lagval numpy.polynomial.laguerre.lagvander
    scipy.special.comb scipy.special.dawsn scipy.special.ellipe scipy.special.erfi scipy.special.factorial
    scipy.special.iv scipy.special.jv scipy.special.kv scipy.special.roots_hermite scipy.special.roots_legendre
    scipy.special.spence scipy.special.wofz scipy.special.yv
    scipy.special.airy scipy.special.bernoulli scipy.special.betaincc scipy.special.euler scipy.special.eval_chebyt
    scipy.special.eval_chebyu scipy.special.eval_gegenbauer scipy.special.eval_genlaguerre
    scipy.special.eval_hermite scipy.special.eval_hermitenorm scipy.special.eval_jacobi scipy.special.eval_laguerre
    scipy.special.eval_legendre scipy.special.fresnel scipy.special.hyp0f1 scipy.special.hyp1f1 scipy.special.hyp2f1
    scipy.special.hyperu scipy.special.ive scipy.special.jn_zeros scipy.special.jve scipy.special.kn
    scipy.special.kve scipy.special.modstruve scipy.special.owens_t scipy.special.powm1 scipy.special.roots_chebyt
    scipy.special.roots_chebyu scipy.special.roots_hermitenorm scipy.special.roots_laguerre scipy.special.softplus
    scipy.special.stdtr scipy.special.struve scipy.special.wrightomega scipy.special.yve
    """.split()
)


def retarget(function: ir.Function, types: Mapping[str, Abstract]) -> ir.Function:
    """The function for CuPy; `types` are those of its variables.

    Raises Unsupported, with the place, for what CuPy lacks.
    """
    for node in ir.walk(function):
        _refuse(node)
    on_host = _on_host(function)
    function = ir.transform(function, lambda node: _own_number(node, types))
    function = ir.transform(function, lambda node: _counted_on_host(node, types, on_host))
    function = ir.transform(function, lambda node: _stored_last(node, types))
    function = ir.transform(function, lambda node: _as_arrays(node, types))
    return ir.transform(function, _renamed)


# ---- what CuPy does otherwise, and without an error ----

METHODS = frozenset({"linear", "lower", "higher", "midpoint", "nearest"})  # of quantiles, in CuPy 14
SILENT = frozenset({"numpy.linalg.LinAlgError", "builtins.FloatingPointError", "builtins.ArithmeticError"})
EVERY = frozenset({"builtins.Exception", "builtins.BaseException"})


def _refuse(node: ir.Node) -> None:
    match node:
        case ir.Ref(path) if path in SILENT:
            raise Unsupported(f"CuPy raises no {path.rpartition('.')[2]}", node.loc, OTHERS)
        case ir.Call(ir.Ref("srcad_runtime.attempts.caught"), (attempt, *caught)):
            if any(isinstance(e, ir.Ref) and e.path in EVERY for e in ir.walk(tuple(caught))):
                _refuse_attempt(attempt)
        case ir.Call(ir.Ref("numpy.errstate"), _, kwargs):
            if any(not isinstance(v, ir.Const) or v.value not in ("ignore", "warn", "print") for _, v in kwargs):
                raise Unsupported("CuPy does not raise floating-point errors", node.loc, OTHERS)
        case ir.Call(ir.Ref(path), _, kwargs):
            _refuse_arguments(path, kwargs, node.loc)


OTHERS = "Use the NumPy or the Numba backend."


def _refuse_attempt(attempt: ir.Node) -> None:
    """What NumPy raises and the program catches is nan on CuPy."""
    for node in ir.walk(attempt):
        if isinstance(node, ir.Ref) and node.path.startswith(("numpy.linalg.", "scipy.linalg.")):
            raise Unsupported("CuPy raises no LinAlgError", node.loc, OTHERS)


def _refuse_arguments(path: str, kwargs: tuple[tuple[str | None, ir.Expr], ...], loc: ir.Loc | None) -> None:
    for name, value in kwargs:
        lacking = name in LACKING_ARGUMENTS.get(path, ())
        if name == "method" and isinstance(value, ir.Const) and path.endswith(("quantile", "percentile")):
            lacking = value.value not in METHODS
        if lacking:
            said = f"{name}={value.value!r}" if isinstance(value, ir.Const) else f"{name}="
            raise Unsupported(f"CuPy's {path.removeprefix('numpy.')} has no {said}", loc, OTHERS)


# ---- numbers: an element of CuPy's array is a view of it, and ``+=`` writes into what it is a view of ----


def _own_number(node: ir.Node, types: Mapping[str, Abstract]) -> ir.Node:
    """Numbers that are kept get memory of their own; ``s += e`` makes a new one."""
    match node:
        case ir.Augment(ir.Name() as name, op, value):
            return ir.Assign(name, ir.Binary(op, name, value), loc=node.loc)
        case ir.Augment(ir.Index(ir.Name(name)) as target, op, value) if _is_list_of_numbers(types.get(name)):
            return ir.Store(target, ir.Binary(op, target, value), loc=node.loc)
        case ir.Assign(value=value) | ir.Push(value=value) | ir.Return(value=value) if value is not None:
            return replace(node, value=_owned(value, types))
        case ir.Store(ir.Index(ir.Name(name)), value) if isinstance(types.get(name), Seq):
            return replace(node, value=_owned(value, types))
    return node


def _is_list_of_numbers(kind: Abstract | None) -> bool:
    return isinstance(kind, Seq) and kind.element.dims == ()


def _owned(value: ir.Expr, types: Mapping[str, Abstract]) -> ir.Expr:
    match value:
        case ir.Tuple(items) | ir.List(items):
            return replace(value, items=tuple(_owned(item, types) for item in items))
        case ir.Binary("+", (ir.List() | ir.Name()) as left, (ir.List() | ir.Name()) as right):  # of two lists
            return replace(value, left=_owned(left, types), right=_owned(right, types))
        case ir.IfExp(_, body, orelse):
            return replace(value, body=_owned(body, types), orelse=_owned(orelse, types))
        case ir.Call(ir.Ref("builtins.max" | "builtins.min"), args):
            return replace(value, args=tuple(_owned(arg, types) for arg in args))
        case ir.Index() if _is_number(value, types):
            return ir.call("numpy.copy", value)
    return value


def _is_number(value: ir.Index, types: Mapping[str, Abstract]) -> bool:
    """Whether an index reads one element of an array; refused where that cannot be told."""
    if not isinstance(infer(value.base, types, []), Num) or isinstance(value.base, ir.Attr):  # a list, a shape
        return False
    kind = infer(value, types, [])
    if isinstance(kind, Num) and kind.dims is None and not any(isinstance(item, ir.Slice) for item in value.items):
        raise Unsupported("CuPy: an element or a part of an array?", value.loc, "Annotate the arguments with types.")
    return isinstance(kind, Num) and kind.dims == ()


def _renamed(node: ir.Node) -> ir.Node:
    if not isinstance(node, ir.Ref):
        return node
    path = cupy_path(node.path)
    if path is None:
        raise Unsupported(f"CuPy has no {node.path}", node.loc, "Use the NumPy or the Numba backend.")
    return node if path == node.path else replace(node, path=path, obj=None)


# ---- counters are Python's numbers: CuPy's are no indices of lists, nor extents of ranges ----

HOST = frozenset({"builtins.len", "builtins.int", "builtins.max", "builtins.min", "builtins.abs"})


def _on_host(function: ir.Function) -> frozenset[str]:
    """Names of numbers that no array has ever held: counters, lengths and what is computed from them."""
    values: dict[str, list[ir.Expr]] = {}
    for node in ir.walk(function):
        match node:
            case ir.Assign(ir.Name(name), value) | ir.Augment(ir.Name(name), _, value):
                values.setdefault(name, []).append(value)
            case ir.For(ir.Name(name), iterated):
                counted = isinstance(iterated, ir.Call) and iterated.fn == ir.Ref("builtins.range")
                values.setdefault(name, []).append(ir.Const(0) if counted else iterated)
    hosted = {*values, *(p.name for p in function.params)}
    while found := {n for n in hosted & values.keys() if not all(_is_hosted(v, hosted) for v in values[n])}:
        hosted -= found
    return frozenset(hosted)


def _is_hosted(expr: ir.Expr, hosted: Collection[str]) -> bool:
    match expr:
        case ir.Const():
            return True
        case ir.Name(name):
            return name in hosted
        case ir.Unary(_, operand):
            return _is_hosted(operand, hosted)
        case ir.Binary(_, left, right):
            return _is_hosted(left, hosted) and _is_hosted(right, hosted)
        case ir.IfExp(_, body, orelse):
            return _is_hosted(body, hosted) and _is_hosted(orelse, hosted)
        case ir.Call(ir.Ref(path), args) if path in HOST:
            return path in ("builtins.len", "builtins.int") or all(_is_hosted(a, hosted) for a in args)
        case ir.Index(ir.Attr(_, "shape")) | ir.Attr(_, "size" | "ndim"):
            return True
    return False


def _counted_on_host(node: ir.Node, types: Mapping[str, Abstract], hosted: Collection[str]) -> ir.Node:
    match node:
        case ir.Call(ir.Ref("builtins.range"), args):
            return replace(node, args=tuple(_host(a, hosted) for a in args))
        case ir.Call(ir.Ref(path), args) if path in SHAPED and len(args) > SHAPED[path]:
            shape = _extents(args[SHAPED[path]], types, hosted)
            return replace(node, args=(*args[: SHAPED[path]], shape, *args[SHAPED[path] + 1 :]))
        case ir.Slice(lower, upper, step):
            bounds = [part if part is None else _host(part, hosted) for part in (lower, upper, step)]
            return replace(node, lower=bounds[0], upper=bounds[1], step=bounds[2])
        case ir.Index(ir.Name(name), (item,)) if isinstance(types.get(name), (Seq, Struct)):
            return node if isinstance(item, ir.Slice) else replace(node, items=(_host(item, hosted),))
    return node


# Functions that are given a shape, and where.
SHAPED = {f"numpy.{name}": 0 for name in ("zeros", "ones", "empty", "full")} | {
    "numpy.reshape": 1,
    "numpy.broadcast_to": 1,
}


def _extents(shape: ir.Expr, types: Mapping[str, Abstract], hosted: Collection[str]) -> ir.Expr:
    if isinstance(shape, ir.Tuple):
        return replace(shape, items=tuple(_extents(item, types, hosted) for item in shape.items))
    kind = infer(shape, types, [])
    return _host(shape, hosted) if isinstance(kind, Num) and kind.dims == () else shape


def _host(expr: ir.Expr, hosted: Collection[str]) -> ir.Expr:
    return expr if _is_hosted(expr, hosted) else ir.call("builtins.int", expr)


# ---- numbers as arrays: only elementwise functions of CuPy's take Python's and NumPy's ----

# These take them, too.
TAKE_NUMBERS = frozenset("numpy.full numpy.full_like numpy.linspace numpy.logspace numpy.arange numpy.asarray".split())
MIXED = frozenset({"numpy.array", "numpy.asarray"})
LIKE = frozenset(
    "numpy.zeros_like numpy.ones_like numpy.empty_like numpy.flatnonzero numpy.nonzero numpy.unravel_index "
    "srcad_runtime.prod_of_others".split()
)
TYPES = frozenset(
    f"numpy.{kind}{bits}" for kind, bits in (("float", 32), ("float", 64), ("complex", 64), ("complex", 128))
)
LISTED = frozenset("numpy.argmin numpy.argmax numpy.argsort".split())


def _as_arrays(node: ir.Node, types: Mapping[str, Abstract]) -> ir.Node:
    match node:
        case ir.Call(ir.Ref(path), (ir.List() | ir.Tuple() as items, *_)) if path in MIXED:
            return replace(node, args=(_leaves(items, types), *node.args[1:]))
        case ir.Call(ir.Ref(path), (ir.Name(name), *_)) if path in MIXED and isinstance(types.get(name), Seq):
            return replace(node, fn=ir.Ref("srcad_runtime.array"))
        case ir.Call(ir.Ref(path), (ir.List() | ir.Tuple() as items, *rest)) if path in LISTED:
            return replace(node, args=(ir.call("numpy.array", _leaves(items, types)), *rest))
        case ir.Call(ir.Ref("numpy.ravel_multi_index"), (ir.Tuple(items), *rest)):
            return replace(node, args=(ir.Tuple(tuple(_array(item, types) for item in items)), *rest))
        case ir.Call(ir.Ref(path), (like, *rest)) if path in LIKE:
            return replace(node, args=(_array(like, types), *rest))
        case ir.Call(ir.Ref(path), (value,), ()) if path in TYPES and not isinstance(value, ir.Const):
            kind = infer(value, types, [])
            number = isinstance(kind, Num) and kind.dims == ()
            return ir.call("numpy.asarray", value, node.fn) if number else node
        case ir.Call(ir.Ref("numpy.where"), (test, *rest)) if rest:
            return replace(node, args=(_array(test, types), *rest))
        case ir.Call(ir.Ref("numpy.prod"), (shape,), ()) if _is_shape(shape, types):
            return replace(node, fn=ir.Ref("math.prod"), args=(ir.Tuple((shape,)) if _is_one(shape) else shape,))
        case ir.Call(ir.Ref("numpy.argsort" | "numpy.sort")) if any(key == "kind" for key, _ in node.kwargs):
            kwargs = tuple((key, ir.Const("stable") if key == "kind" else v) for key, v in node.kwargs)
            return _arrays_given(replace(node, kwargs=kwargs), types)
        case ir.Call(ir.Ref(path)) if path.startswith("numpy.") and path not in TAKE_NUMBERS:
            return _arrays_given(node, types)
    return node


def _arrays_given(call: ir.Call, types: Mapping[str, Abstract]) -> ir.Call:
    """A call whose differentiable arguments are arrays."""
    assert isinstance(call.fn, ir.Ref)
    rule = lookup(call.fn.path)
    if _is_elementwise(call.fn.path):
        lists = (ir.List, ir.Tuple)
        return replace(call, args=tuple(_array(a, types) if isinstance(a, lists) else a for a in call.args))
    if rule is None or rule.constant:
        return call
    names = {*rule.wrt, *filter(None, (rule.each, rule.star))} - {"a_min", "a_max"}
    places = (*rule.params, *(rule.star or "" for _ in call.args))
    args = tuple(_array(a, types) if name in names else a for a, name in zip(call.args, places))
    kwargs = tuple((key, _array(a, types) if key in names else a) for key, a in call.kwargs)
    return replace(call, args=args, kwargs=kwargs)


def _is_elementwise(path: str) -> bool:
    """Whether it is an elementwise function, or a type of numbers."""
    found: Any = numpy
    for name in path.split(".")[1:]:
        found = getattr(found, name, None)
    return isinstance(found, (numpy.ufunc, type))


def _array(expr: ir.Expr, types: Mapping[str, Abstract]) -> ir.Expr:
    """An expression as an array, if it is a number; the items of a list of numbers and arrays."""
    if isinstance(expr, (ir.List, ir.Tuple)):
        constant = all(isinstance(item, ir.Const) for item in expr.items)
        return ir.call("numpy.asarray", expr) if constant else _leaves(expr, types)
    kind = infer(expr, types, [])
    number = isinstance(kind, Num) and kind.dims == () and not (isinstance(expr, ir.Const) and expr.value is None)
    return ir.call("numpy.asarray", expr) if number and not _is_element(expr, types) else expr


def _is_element(expr: ir.Expr, types: Mapping[str, Abstract]) -> bool:
    """Whether it is an element of an array, which CuPy hands over as an array without axes."""
    return isinstance(expr, ir.Index) and isinstance(infer(expr.base, types, []), Num)


def _leaves(expr: ir.Expr, types: Mapping[str, Abstract]) -> ir.Expr:
    """Nested lists of numbers, all of them arrays unless all are literals."""
    if isinstance(expr, (ir.List, ir.Tuple)):
        if all(isinstance(node, (ir.List, ir.Tuple, ir.Const, ir.Unary)) for node in ir.walk(expr)):
            return expr
        return replace(expr, items=tuple(_leaves(item, types) for item in expr.items))
    return _array(expr, types)


def _is_shape(expr: ir.Expr, types: Mapping[str, Abstract]) -> bool:
    match expr:
        case ir.Attr(_, "shape") | ir.Index(ir.Attr(_, "shape"), (ir.Slice(),)) | ir.Tuple():
            return True
        case ir.Name(name):
            return isinstance(types.get(name), Struct) or _is_one(expr)
    return _is_one(expr)


def _is_one(expr: ir.Expr) -> bool:
    return isinstance(expr, ir.Const) and isinstance(expr.value, int)


# ---- writes by repeated indices ----


def _stored_last(node: ir.Node, types: Mapping[str, Abstract]) -> ir.Node:
    """``a[k] = v`` keeps the last value that is written to an element, as NumPy does."""
    match node:
        case ir.Store(ir.Index(base, items), value) | ir.Assign(ir.Index(base, items), value):
            new = value
        case ir.Augment(ir.Index(base, items) as target, op, value):
            new = ir.Binary(op, target, value)
        case _:
            return node
    if isinstance(value, ir.Const) or not any(_may_repeat(item, types) for item in items):
        return node
    index = (
        items[0]
        if len(items) == 1
        else ir.Tuple(tuple(slice_value(i) if isinstance(i, ir.Slice) else i for i in items))
    )
    return ir.Do(ir.call("srcad_runtime.store", base, index, new), loc=node.loc)


def _may_repeat(item: ir.Expr, types: Mapping[str, Abstract]) -> bool:
    if isinstance(item, (ir.Slice, ir.Const)):
        return False
    kind = infer(item, types, [])
    return not (isinstance(kind, Num) and (kind.dims == () or kind.dtype == "bool"))


# ---- names ----


def cupy_path(path: str) -> str | None:
    """What CuPy calls it; None if it has none."""
    if path in LACKING or path.startswith(LACKING_MODULES):
        return None
    if path.startswith("srcad_runtime."):
        return None if path.removeprefix("srcad_runtime.") in HELPERS else f"srcad_runtime.on_cupy{path[13:]}"
    for ours, theirs in RENAMED:
        if path.startswith(ours) and path not in KEPT:
            return theirs + path.removeprefix(ours)
    return path
