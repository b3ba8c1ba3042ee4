"""Questions about expressions that the passes of both modes ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from srcad import algebra, ir, rules
from srcad.facts import Shapes
from srcad.types import Abstract, Num, is_bool, is_complex, is_float, is_integer, is_narrow

OPERATORS = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "**": "pow", "%": "mod", "//": "floordiv"}

CHEAP = frozenset(
    "builtins.abs builtins.float builtins.len builtins.max builtins.min numpy.absolute numpy.sign numpy.transpose "
    "numpy.reshape numpy.ravel numpy.expand_dims numpy.squeeze numpy.real numpy.imag numpy.conj numpy.zeros_like "
    "numpy.ones_like numpy.shape numpy.size numpy.ndim numpy.broadcast_to numpy.zeros numpy.ones numpy.asarray "
    "numpy.swapaxes numpy.moveaxis numpy.conjugate builtins.range srcad.stop_gradient".split()
)

TIES = ir.Ref("srcad_runtime.tie_share")  # (a, top, axis): which elements of a are its extreme
PIECES = ir.Ref("srcad_runtime.pieces")  # (g, items, axis): an array cut into a list like that which it was joined from

Masks = tuple[tuple[ir.Expr, bool], ...]  # tests of np.where, and whether the branch taken is the first


def swapped(code: Any, old: ir.Expr, new: ir.Expr) -> Any:
    """Code that reads `new` where it computed `old`."""
    return ir.transform(code, lambda n: new if n == old else n)


def softplus_of(expr: ir.Call) -> ir.Expr | None:
    """x where `expr` is ``log(1.0 + exp(x))`` or ``log1p(exp(x))``."""
    path = expr.fn.path if isinstance(expr.fn, ir.Ref) else ""
    inner = expr.args[0] if len(expr.args) == 1 and not expr.kwargs else None
    if path in ("numpy.log", "math.log") and isinstance(inner, ir.Binary) and inner.op == "+":
        sides = (inner.left, inner.right)
        inner = sides[1] if algebra.is_number(sides[0], 1.0) else sides[0] if algebra.is_number(sides[1], 1.0) else None
    elif path not in ("numpy.log1p", "math.log1p"):
        return None
    if isinstance(inner, ir.Call) and inner.fn in (ir.Ref("numpy.exp"), ir.Ref("math.exp")) and len(inner.args) == 1:
        return inner.args[0]
    return None


def masks_around(value: ir.Expr, part: ir.Expr, shapes: Shapes, outer: Masks = ()) -> Masks | None:
    """The branches of np.where that `part` stands in, outermost first; None if it stands in none of the operands.

    outer: those that `value` itself stands in. Below what moves or mixes elements (a sum, ``x[::-1]``) a test along
    an axis is about other elements, and does not count. Functions that leave out NaN are such a branch, too.
    """
    if value == part:
        return outer
    if not _keeps_places(value):
        outer = tuple(mask for mask in outer if shapes.dims(shapes.of(mask[0])) == ())
    branches = isinstance(value, ir.Call) and value.fn == ir.Ref("numpy.where") and len(value.args) == 3
    found = []
    for k, child in enumerate(value.args if branches else ir.children(value)):  # type: ignore[union-attr]
        if branches and not k:
            continue
        own: Masks = ((value.args[0], k == 1),) if branches else left_out(value, child)  # type: ignore[union-attr]
        inner = masks_around(child, part, shapes, outer + own)
        if inner is not None:
            found.append(inner)
    if not found:
        return None
    return tuple(mask for mask in found[0] if all(mask in other for other in found))


LEAVING_OUT = frozenset(f"numpy.nan{name}" for name in "sum mean var std max min median quantile percentile".split())


def left_out(call: ir.Expr, operand: ir.Expr) -> Masks:
    """The test for what a function leaves out of its operand: where that is NaN, its parts do not count."""
    whole = isinstance(call, ir.Call) and isinstance(call.fn, ir.Ref) and call.fn.path in LEAVING_OUT
    if not whole or call.args[:1] != (operand,):  # type: ignore[union-attr]
        return ()
    return ((ir.call("numpy.isnan", operand), False),)


def _keeps_places(expr: ir.Expr) -> bool:
    """Whether an element of the value comes of the elements at its own place (or of what is broadcast to it)."""
    if isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref):
        rule = rules.lookup(expr.fn.path)
        return expr.fn == ir.Ref("numpy.where") or rule is not None and rule.partials is not None
    return isinstance(expr, (ir.Unary, ir.Compare, ir.BoolOp)) or isinstance(expr, ir.Binary) and expr.op != "@"


def zeros_like(array: ir.Expr, kind: Abstract | None) -> ir.Expr:
    """Zeros for a derivative; floating ones where the array may hold integers on some paths.

    Complex ones are so by name: the array may be real as yet (`transforms.complexes`).
    """
    if isinstance(kind, Num) and kind.dtype is not None:
        dtype = kind.dtype if is_complex(kind) else "float64" if is_integer(kind) else ""
        return ir.call("numpy.zeros_like", array, *([ir.Ref(f"numpy.{dtype}")] if dtype else []))
    return ir.call("numpy.zeros_like", ir.Binary("*", array, ir.ONE))


_PRODUCTS = frozenset({"operator.mul", "numpy.multiply"})


def as_real(given: dict[str, Any], rule: rules.RuleSet, out: Abstract, shapes: Shapes) -> dict[str, Any]:
    """The arguments of a rule, integers that would wrap in it (pixels, truth values) as real numbers."""
    if rule.path in _PRODUCTS:
        return given  # they stand beside the derivative as they are
    dtype = out.dtype if isinstance(out, Num) and is_float(out) and out.dtype is not None else "float64"

    def real(value: Any) -> Any:
        kind = shapes.of(value) if ir.is_node(value) else None
        if not isinstance(kind, Num) or kind.weak or not (is_narrow(kind) or is_bool(kind)):
            return value
        return ir.call("srcad_runtime.astype", value, ir.Ref(f"numpy.{dtype}"))

    return {name: real(value) if name in rule.wrt else value for name, value in given.items()}


def named_arguments(call: ir.Call) -> dict[str, ir.Expr]:
    """The keyword arguments of a core call, which has no ``**``."""
    return {name: value for name, value in call.kwargs if name is not None}


def is_view(expr: ir.Expr) -> bool:
    """Slices, elements and transposes of a variable."""
    while isinstance(expr, ir.Index) or isinstance(expr, ir.Call) and expr.fn == ir.Ref("numpy.transpose"):
        expr = expr.base if isinstance(expr, ir.Index) else expr.args[0]
    return isinstance(expr, ir.Name)


def is_cheap(expr: ir.Expr) -> bool:
    return not any(is_expensive(n) for n in ir.walk(expr))


def is_expensive(node: Any) -> bool:
    if isinstance(node, ir.Binary):
        return node.op == "@"
    return isinstance(node, ir.Call) and isinstance(node.fn, ir.Ref) and node.fn.path not in CHEAP


def computed_once(expr: ir.Expr, code: Any, shapes: Shapes) -> ir.Expr | None:
    """A part of `expr` that `code`, its derivative, reads and should not compute again."""
    parts = set(ir.walk(expr))
    read = list(ir.walk(code))
    compared = _compared(read, shapes)
    return next((n for n in read if n in parts and (n in compared or is_expensive(n))), None)


def _compared(code: Sequence[Any], shapes: Shapes) -> set[Any]:
    """What is compared with its own extreme: rounded in two ways, none of it may be equal to that.

    A power of an array rounds in another way than that of a number, a vector's function in another than an element's.
    """
    ties = [n for n in code if isinstance(n, ir.Call) and n.fn == TIES]
    return {n for tie in ties for n in ir.walk(tie.args[0]) if _rounds(n, shapes)}


def _rounds(node: Any, shapes: Shapes) -> bool:
    absolute = isinstance(node, ir.Call) and node.fn in (ir.Ref("numpy.absolute"), ir.Ref("builtins.abs"))
    if absolute:
        return is_complex(shapes.of(node.args[0]))
    return isinstance(node, ir.Binary) and not is_integer(shapes.of(node))


def base_name(node: Any) -> str:
    """A name for the value of a call: that of the function."""
    if isinstance(node, ir.Call) and isinstance(node.fn, ir.Ref):
        word = node.fn.path.rpartition(".")[2]
        return word if len(word) <= 8 and word.isidentifier() and word != "astype" else "t"
    return "t"


def index_kind(shapes: Shapes, place: ir.Expr) -> str:
    """ "basic" (a view or element), "mask", or "repeated" (integer arrays, which may name an element twice)."""
    kind = "basic"
    while isinstance(place, ir.Index):
        for item in place.items:
            found = _item_kind(shapes, item)
            kind = found if found == "repeated" or kind == "basic" else kind
        place = place.base
    return kind


def _item_kind(shapes: Shapes, item: ir.Expr) -> str:
    if isinstance(item, (ir.Slice, ir.Const)):
        return "basic"
    if isinstance(item, (ir.List, ir.Tuple)):
        return "repeated"
    t = shapes.of(item)
    if t.dims == ():
        return "mask" if t.dtype == "bool" else "basic"
    return "mask" if t.dtype == "bool" else "repeated"
