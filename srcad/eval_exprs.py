"""Expressions of the partial evaluator: names, operators, attributes, indexing, and assignment to targets."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import Any

from srcad import ir, types
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator, Restart, place
from srcad.types import Dim, Num, Seq
from srcad.values import Bound, Box, Closure, Dyn, Known, Lazy, Partial, Ptr, Value

ONE_ARRAY = "hold the entries in one array."
BINARY: dict[str, Any] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
}
COMPARE: dict[str, Any] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def evaluate(ev: Evaluator, expr: ir.Expr) -> Value:
    """The value of an expression; what must happen before it is written to `ev.out`."""
    return _HANDLERS[type(expr)](ev, expr)


def evaluate_all(ev: Evaluator, exprs: tuple[ir.Expr, ...]) -> list[Value]:
    """Values left to right; an earlier one is named first if a later one writes what it reads."""
    values: list[Value] = []
    for expr in exprs:
        mark = len(ev.out)
        value = evaluate(ev, expr)
        if len(ev.out) > mark:
            written = _written(ev.out[mark:])
            values = [_keep(ev, v, written, mark, expr.loc) for v in values]
        values.append(value)
    return values


def _written(stmts: list[ir.Stmt]) -> set[str]:
    found: set[str] = set()
    for node in ir.walk(tuple(stmts)):
        if isinstance(node, (ir.Assign, ir.Store, ir.Augment, ir.For)):
            target = node.target
            while isinstance(target, (ir.Index, ir.Attr)):
                target = target.base
            found |= ir.names(target)
        elif isinstance(node, ir.Push):
            found.add(node.stack)
    return found


def _keep(ev: Evaluator, value: Value, written: set[str], mark: int, loc: ir.Loc | None) -> Value:
    if (
        not isinstance(value, Dyn)
        or isinstance(value.expr, (ir.Name, ir.Const))
        and not (isinstance(value.expr, ir.Name) and value.expr.id in written and value.type == Num)
    ):
        return value
    if not (ir.names(value.expr) & written):
        return value
    later, ev.out = ev.out[mark:], ev.out[:mark]
    kept = ev.temp("t", value, loc)
    ev.out.extend(later)
    return kept


# ---- from values back to expressions ----


def residual(ev: Evaluator, value: Value, loc: ir.Loc | None = None) -> ir.Expr:
    """The expression that computes a value at run time."""
    if isinstance(value, Dyn):
        return value.expr
    if isinstance(value, Ptr):
        return _residual_box(ev, ev.state.heap[value.id], loc)
    if isinstance(value, Known):
        return _residual_known(value, loc)
    if isinstance(value, Lazy) and value.kind == "range":
        return ir.Call(ir.Ref("builtins.range"), tuple(residual(ev, a, loc) for a in value.args))
    raise Unsupported("a function cannot be used as a number here", loc)


def _residual_box(ev: Evaluator, box: Box, loc: ir.Loc | None) -> ir.Expr:
    if box.expr is not None:
        return box.expr
    items = tuple(residual(ev, item, loc) for item in box.items)
    if box.kind in ("tuple", "namedtuple"):
        return ir.Tuple(items)
    if box.kind == "list":
        return ir.List(items)
    raise Unsupported(f"a {box.kind} cannot be passed to a library function", loc, ONE_ARRAY)


def _residual_known(value: Known, loc: ir.Loc | None) -> ir.Expr:
    if value.expr is not None:
        return value.expr
    own = value.value
    if own is None or own is Ellipsis or isinstance(own, (str, bool, int, float, complex)):
        return ir.Const(own)
    if isinstance(own, slice):
        return ir.Slice(*(None if v is None else ir.Const(v) for v in (own.start, own.stop, own.step)))
    path = library_path(own)
    if path is not None:
        return ir.Ref(path, own)
    raise Unsupported(f"a value of type {type(own).__name__} cannot be used here", loc)


def library_path(value: Any) -> str | None:
    """``numpy.float64`` for a NumPy scalar type or dtype, ``builtins.float`` for Python's."""
    import numpy as np

    if isinstance(value, np.dtype):
        return f"numpy.{value.name}"
    if isinstance(value, type) and issubclass(value, np.generic):
        return f"numpy.{np.dtype(value).name}"
    if value in (float, int, bool, complex):
        return f"builtins.{value.__name__}"
    return None


def static(ev: Evaluator, value: Value) -> tuple[bool, Any]:
    """(True, the Python value) where it is known while transforming."""
    if isinstance(value, Known):
        return True, value.value
    if isinstance(value, Dyn):
        const = value.const or (value.expr if isinstance(value.expr, ir.Const) else None)
        if const is not None:
            return True, const.value
        number = value.type.number if isinstance(value.type, Num) else None
        return (True, number.const) if number is not None and not number.terms else (False, None)
    if isinstance(value, Ptr):
        box = ev.state.heap[value.id]
        if box.kind in ("tuple", "list"):
            parts = [static(ev, item) for item in box.items]
            if all(known for known, _ in parts):
                return True, tuple(v for _, v in parts) if box.kind == "tuple" else [v for _, v in parts]
    return False, None


def demand(ev: Evaluator, value: Value, what: str, loc: ir.Loc | None) -> Any:
    """The value of something that decides the program's structure; a kernel input is baked for it."""
    known, own = static(ev, value)
    if known:
        return own
    if isinstance(value, Dyn):
        origin = ev.origin_of(value.expr)
        if origin is not None:
            raise Restart(("bake", origin.origin, origin.path))
    raise Unsupported(f"{what} must be known before the program runs", loc, "pass it as an argument or a constant.")


def static_truth(ev: Evaluator, value: Value) -> tuple[bool, bool]:
    if isinstance(value, (Closure, Bound, Partial)):
        return True, True
    if isinstance(value, Ptr):
        return True, bool(ev.state.heap[value.id].items)
    known, own = static(ev, value)
    return known, bool(own) if known else False


def truth_expr(ev: Evaluator, value: Value, loc: ir.Loc | None) -> ir.Expr:
    if isinstance(value, Dyn) and isinstance(value.type, Seq):
        return ir.Compare((">",), (ir.call("builtins.len", value.expr), ir.Const(0)))
    return residual(ev, value, loc)


def message(ev: Evaluator, expr: ir.Expr) -> ir.Expr:
    """An exception, message or context manager: kept as written, its variables renamed."""

    def rename(node: ir.Expr) -> ir.Expr:
        if isinstance(node, ir.Name):
            return residual(ev, ev.lookup(node.id, node.loc), node.loc)
        if isinstance(node, (ir.Attr, ir.Index, ir.Binary, ir.Unary)) and not _mentions_object(ev, node):
            return residual(ev, evaluate(ev, node), node.loc)
        return ir.rebuild(node, rename)

    return rename(expr)


def _mentions_object(ev: Evaluator, node: ir.Expr) -> bool:
    return any(isinstance(n, (ir.Lambda, ir.Comprehension, ir.FString)) for n in ir.walk(node))


def dyn(ev: Evaluator, expr: ir.Expr) -> Dyn:
    """A residual expression with its inferred type, folded where it is a constant integer or truth value."""
    kind = types.infer(expr, ev.cx.types, ev.cx.assumptions)
    if not isinstance(kind, (Num, Seq)):
        raise Unsupported("this value is neither a number nor an array", expr.loc)
    return Dyn(expr, kind)


def constant(value: Any, loc: ir.Loc | None = None) -> Dyn:
    const = ir.Const(value, loc=loc)
    kind = types.infer(const, {})
    assert isinstance(kind, Num)
    return Dyn(const, kind, const)


# ---- leaves ----


def _const(ev: Evaluator, expr: ir.Const) -> Value:
    if expr.value is None or isinstance(expr.value, str) or expr.value is Ellipsis or isinstance(expr.value, bytes):
        return Known(expr.value)
    return constant(expr.value, expr.loc)


def _name(ev: Evaluator, expr: ir.Name) -> Value:
    value = ev.lookup(expr.id, expr.loc)
    if isinstance(value, Dyn) and isinstance(value.expr, (ir.Name, ir.Const)):
        return replace(value, expr=replace(value.expr, loc=expr.loc))
    return value


def _ref(ev: Evaluator, expr: ir.Ref) -> Value:
    if expr.path.startswith(("global:", "closure:")):
        return captured(ev, expr)
    if isinstance(expr.obj, (int, float)) and not isinstance(expr.obj, bool):  # math.pi
        kind = types.infer(expr, {})
        if isinstance(kind, Num):
            return Dyn(expr, kind)
    return Known(expr.obj, expr)


def captured(ev: Evaluator, expr: ir.Ref) -> Value:
    """A global or closure variable: numbers become hidden arguments, structure is baked in."""
    from srcad import scope

    if expr.obj is scope.MISSING:
        raise Unsupported("a value that only running the file would tell", expr.loc, "pass it as an argument.")
    origin, path = scope.split(expr.path)
    cache = ev.state.frames.setdefault("#" + origin, {})
    if expr.path not in cache:
        leaf = str(path[-1]).rpartition(":")[2].partition("#")[0]
        try:
            abstract = types.describe(expr.obj, leaf)
        except TypeError as error:
            raise Unsupported(str(error), expr.loc) from None
        found = ev.input(abstract, leaf, origin, path)
        cache[expr.path] = Known(expr.obj, expr) if isinstance(found, Known) else found
    return cache[expr.path]


# ---- operators ----


def _unary(ev: Evaluator, expr: ir.Unary) -> Value:
    value = evaluate(ev, expr.operand)
    if expr.op == "not":
        known, truth = static_truth(ev, value)
        return constant(not truth) if known else dyn(ev, ir.Unary("not", truth_expr(ev, value, expr.loc), loc=expr.loc))
    known, own = static(ev, value)
    if known and isinstance(own, (int, float)) and not isinstance(own, bool) and expr.op in "+-":
        return constant(-own if expr.op == "-" else own, expr.loc)
    return dyn(ev, ir.Unary(expr.op, residual(ev, value, expr.loc), loc=expr.loc))


def _binary(ev: Evaluator, expr: ir.Binary) -> Value:
    left, right = evaluate_all(ev, (expr.left, expr.right))
    return binary(ev, expr.op, left, right, expr.loc)


def binary(ev: Evaluator, op: str, left: Value, right: Value, loc: ir.Loc | None) -> Value:
    if isinstance(left, Ptr) or isinstance(right, Ptr):
        found = _binary_boxes(ev, op, left, right, loc)
        if found is not None:
            return found
    known_left, a = static(ev, left)
    known_right, b = static(ev, right)
    if known_left and known_right and (_foldable(a, b) or isinstance(a, str)) and op in BINARY:
        return _known_or_constant(BINARY[op](a, b), loc)
    for side in (left, right):
        if isinstance(side, Dyn) and isinstance(side.type, Seq):
            raise Unsupported("arithmetic on a list of unknown length", loc, "make it an array with np.array first.")
    return dyn(ev, ir.Binary(op, residual(ev, left, loc), residual(ev, right, loc), loc=loc))


def _foldable(a: Any, b: Any) -> bool:
    """Integers fold (shapes, axes); floating arithmetic is left to the program, to the bit."""
    return isinstance(a, int) and isinstance(b, int) and not (b == 0)


def _known_or_constant(value: Any, loc: ir.Loc | None) -> Value:
    return Known(value) if value is None or isinstance(value, str) else constant(value, loc)


def _binary_boxes(ev: Evaluator, op: str, left: Value, right: Value, loc: ir.Loc | None) -> Value | None:
    """``list + list``, ``[x] * 3``; a sequence of numbers beside an array stays an expression."""
    boxes = [ev.state.heap[v.id] if isinstance(v, Ptr) else None for v in (left, right)]
    a, b = boxes
    if op == "+" and a is not None and b is not None and a.kind in ("list", "tuple"):
        return ev.tuple_of((*a.items, *b.items), a.kind, site=loc)
    if op == "*" and (a is None) != (b is None):
        box, times = (a, right) if a is not None else (b, left)
        assert box is not None
        known, count = static(ev, times)
        if known and isinstance(count, int) and box.kind in ("list", "tuple"):
            return ev.tuple_of(box.items * count, box.kind, site=loc)
    if op == "%" and isinstance(left, Known):
        return Known(None)
    return None


def _compare(ev: Evaluator, expr: ir.Compare) -> Value:
    if len(expr.ops) > 1:
        links = [
            ir.Compare((op,), pair, loc=expr.loc)
            for op, *pair in zip(expr.ops, expr.items, expr.items[1:], strict=False)
            for pair in [tuple(pair)]
        ]
        values = [_compare(ev, link) for link in links]
        if any(static_truth(ev, v) == (True, False) for v in values):
            return constant(False)
        exprs = tuple(residual(ev, v) for v in values if static_truth(ev, v) != (True, True))
        if not exprs:
            return constant(True)
        if len(exprs) < len(links):
            return dyn(ev, exprs[0] if len(exprs) == 1 else ir.BoolOp("and", exprs, loc=expr.loc))
        items = [residual(ev, evaluate(ev, item)) for item in expr.items]
        return dyn(ev, ir.Compare(expr.ops, tuple(items), loc=expr.loc))
    left, right = evaluate_all(ev, expr.items)
    return _compare_pair(ev, expr.ops[0], left, right, expr.loc)


def _compare_pair(ev: Evaluator, op: str, left: Value, right: Value, loc: ir.Loc | None) -> Value:
    if op in ("is", "is not"):
        return constant(_identical(ev, left, right, loc) == (op == "is"))
    if op in ("in", "not in"):
        return constant(_contains(ev, right, left, loc) == (op == "in"))
    known_left, a = static(ev, left)
    known_right, b = static(ev, right)
    if known_left and known_right:
        return constant(bool(COMPARE[op](a, b)))
    if op in ("==", "!=") and (isinstance(left, Known) or isinstance(right, Known)):
        return constant(op == "!=")  # a number is never equal to None or to a string
    if isinstance(left, Ptr) and isinstance(right, Ptr):
        return _compare_boxes(ev, op, left, right, loc)
    return dyn(ev, ir.Compare((op,), (residual(ev, left, loc), residual(ev, right, loc)), loc=loc))


def _compare_boxes(ev: Evaluator, op: str, left: Ptr, right: Ptr, loc: ir.Loc | None) -> Value:
    a, b = ev.state.heap[left.id], ev.state.heap[right.id]
    if op not in ("==", "!=") or len(a.items) != len(b.items):
        if op in ("==", "!="):
            return constant(op == "!=")
        raise Unsupported("containers are compared by == and != only", loc)
    if a.expr is not None and b.expr is not None:
        return dyn(ev, ir.Compare((op,), (a.expr, b.expr), loc=loc))
    pairs = [_compare_pair(ev, "==", x, y, loc) for x, y in zip(a.items, b.items, strict=True)]
    same = boolean(ev, "and", pairs, loc)
    if op == "==":
        return same
    known, truth = static_truth(ev, same)
    return constant(not truth) if known else dyn(ev, ir.Unary("not", residual(ev, same), loc=loc))


def boolean(ev: Evaluator, op: str, values: list[Value], loc: ir.Loc | None) -> Value:
    """``and``/``or`` of truth values."""
    deciding = op == "or"
    if any(static_truth(ev, v) == (True, deciding) for v in values):
        return constant(deciding)
    rest = [truth_expr(ev, v, loc) for v in values if not static_truth(ev, v)[0]]
    if not rest:
        return constant(not deciding)
    return dyn(ev, rest[0] if len(rest) == 1 else ir.BoolOp(op, tuple(rest), loc=loc))


def _identical(ev: Evaluator, left: Value, right: Value, loc: ir.Loc | None) -> bool:
    if isinstance(left, Known) and isinstance(right, Known):
        return left.value is right.value or (isinstance(left.value, type) and left.value == right.value)
    if isinstance(left, Ptr) and isinstance(right, Ptr):
        return left.id == right.id
    for a, b in ((left, right), (right, left)):
        if isinstance(a, Known) and not isinstance(b, Known):
            known, own = static(ev, b)
            if isinstance(own, bool) and isinstance(a.value, bool):
                return own is a.value
            return False
    known_left, a_value = static(ev, left)
    known_right, b_value = static(ev, right)
    if known_left and known_right:
        return a_value is b_value
    raise Unsupported("identity of two numbers or arrays", loc, "compare with == or compare shapes.")


def _contains(ev: Evaluator, container: Value, item: Value, loc: ir.Loc | None) -> bool:
    known, key = static(ev, item)
    if isinstance(container, Ptr) and known:
        box = ev.state.heap[container.id]
        if box.kind == "dict":
            return key in box.keys
        values = [static(ev, v) for v in box.items]
        if all(k for k, _ in values):
            return key in [v for _, v in values]
    if isinstance(container, Known) and known:
        return bool(key in container.value)
    raise Unsupported("`in` with something known only at run time", loc)


def _boolop(ev: Evaluator, expr: ir.BoolOp) -> Value:
    """Short-circuit: what follows a decided operand is not evaluated; later operands must not need statements."""
    deciding = expr.op == "or"
    rest: list[Value] = []
    for k, item in enumerate(expr.items):
        mark = len(ev.out)
        value = evaluate(ev, item)
        if rest and len(ev.out) > mark:
            del ev.out[mark:]
            return _boolop_as_if(ev, expr, rest, k)
        known, truth = static_truth(ev, value)
        if known and truth == deciding:
            rest.append(value)
            break
        if not known or k == len(expr.items) - 1:
            rest.append(value)
    if len(rest) == 1:
        return rest[0]
    if not all(isinstance(v, Dyn) and isinstance(v.type, Num) and v.type.dtype == "bool" for v in rest[:-1]):
        if not all(static_truth(ev, v)[0] or isinstance(v, Dyn) for v in rest):
            raise Unsupported("`and`/`or` of containers", expr.loc)
    return boolean(ev, expr.op, rest, expr.loc)


def _boolop_as_if(ev: Evaluator, expr: ir.BoolOp, done: list[Value], k: int) -> Value:
    first = boolean(ev, expr.op, done, expr.loc)
    tail = expr.items[k] if k == len(expr.items) - 1 else ir.BoolOp(expr.op, expr.items[k:], loc=expr.loc)
    flag = ev.temp("test", Dyn(residual(ev, first), Num("bool")), expr.loc)
    assert isinstance(flag.expr, ir.Name)
    outer, ev.out = ev.out, []
    value = evaluate(ev, tail)
    ev.emit(ir.Assign(flag.expr, truth_expr(ev, value, expr.loc), loc=expr.loc))
    body, ev.out = tuple(ev.out), outer
    test: ir.Expr = flag.expr if expr.op == "and" else ir.Unary("not", flag.expr)
    ev.emit(ir.If(test, body, loc=expr.loc))
    return Dyn(flag.expr, Num("bool"))


def _ifexp(ev: Evaluator, expr: ir.IfExp) -> Value:
    test = evaluate(ev, expr.test)
    known, truth = static_truth(ev, test)
    if known:
        return evaluate(ev, expr.body if truth else expr.orelse)
    name = f"choice#{place(expr.loc)}{ev.temp_count('choice', expr.loc)}"
    target = ir.Name(name)
    statement = ir.If(
        expr.test,
        (ir.Assign(target, expr.body, loc=expr.loc),),
        (ir.Assign(target, expr.orelse, loc=expr.loc),),
        loc=expr.loc,
    )
    ev.statement(statement)
    return ev.env.pop(name)


# ---- containers ----


def _tuple(ev: Evaluator, expr: ir.Tuple) -> Value:
    return ev.tuple_of(spread(ev, expr.items))


def _list(ev: Evaluator, expr: ir.List) -> Value:
    site = ("list", ev.frame, expr.loc and (expr.loc.line, expr.loc.col))
    if ("dynamic", site) in ev.cx.decisions:
        from srcad import eval_lists

        return eval_lists.new(ev, spread(ev, expr.items), expr.loc)
    return ev.tuple_of(spread(ev, expr.items), "list", site=site)


def spread(ev: Evaluator, items: tuple[ir.Expr, ...]) -> list[Value]:
    """Values of items, ``*starred`` ones spread."""
    if not any(isinstance(item, ir.Starred) for item in items):
        return evaluate_all(ev, items)
    values: list[Value] = []
    for item in items:
        if isinstance(item, ir.Starred):
            values.extend(sequence(ev, evaluate(ev, item.value), item.loc))
        else:
            values.append(evaluate(ev, item))
    return values


def sequence(ev: Evaluator, value: Value, loc: ir.Loc | None) -> list[Value]:
    """The items of something whose length is known while transforming."""
    from srcad import eval_loops

    items = eval_loops.unrolled(ev, value)
    if items is None:
        raise Unsupported("the number of items is known only at run time", loc, ONE_ARRAY)
    return items


def _dict(ev: Evaluator, expr: ir.Dict) -> Value:
    entries: dict[Any, Value] = {}
    for key, item in zip(expr.keys, expr.values, strict=True):
        value = evaluate(ev, item)
        if key is None:
            if not isinstance(value, Ptr) or ev.state.heap[value.id].kind != "dict":
                raise Unsupported("`**` of something that is not a dict", expr.loc)
            box = ev.state.heap[value.id]
            entries.update(zip(box.keys, box.items, strict=True))
        else:
            entries[demand(ev, evaluate(ev, key), "a dict's key", expr.loc)] = value
    return ev.box("dict", tuple(entries), tuple(entries.values()))


def _lambda(ev: Evaluator, expr: ir.Lambda) -> Value:
    return Closure(expr.function, ev.frame)


def _fstring(ev: Evaluator, expr: ir.FString) -> Value:
    parts = []
    for part in expr.parts:
        if isinstance(part, ir.Const):
            parts.append(str(part.value))
            continue
        known, value = static(ev, evaluate(ev, part[0]))
        if not known:
            return Known("", message(ev, expr))
        parts.append(format(value, part[2] or ""))
    return Known("".join(parts))


def _walrus(ev: Evaluator, expr: ir.Walrus) -> Value:
    value = evaluate(ev, expr.value)
    ev.bind(expr.target.id, value, expr.loc)
    return ev.env[expr.target.id]


# ---- attributes ----

ARRAY_ATTRIBUTES = ("shape", "size", "ndim", "dtype", "T", "mT", "real", "imag", "itemsize", "nbytes", "flat")


def _attr(ev: Evaluator, expr: ir.Attr) -> Value:
    base = evaluate(ev, expr.base)
    return attribute(ev, base, expr.name, expr.loc)


def attribute(ev: Evaluator, base: Value, name: str, loc: ir.Loc | None) -> Value:
    if isinstance(base, Dyn):
        return _array_attribute(ev, base, name, loc)
    if isinstance(base, Ptr):
        return _box_attribute(ev, base, name, loc)
    if isinstance(base, Known):
        return _known_attribute(ev, base, name, loc)
    if isinstance(base, Lazy) and base.kind == "array" and name == "shape":
        return attribute(ev, base.args[0], name, loc)
    raise Unsupported(f"the attribute {name} of a function", loc)


def _array_attribute(ev: Evaluator, base: Dyn, name: str, loc: ir.Loc | None) -> Value:
    if name not in ARRAY_ATTRIBUTES:
        return Bound(base, name)
    if isinstance(base.type, Seq):
        raise Unsupported(f"the attribute {name} of a list", loc)
    if name == "shape":
        return _shape(ev, base, loc)
    if name == "ndim" and base.type.dims is not None:
        return constant(len(base.type.dims))
    if name == "dtype" and base.type.dtype is not None:
        import numpy as np

        return Known(np.dtype(base.type.dtype), ir.Attr(base.expr, "dtype", loc=loc))
    if name in ("T", "mT"):
        return dyn(
            ev, ir.Call(ir.Ref("numpy.transpose" if name == "T" else "numpy.matrix_transpose"), (base.expr,), loc=loc)
        )
    if name in ("real", "imag"):
        return dyn(ev, ir.Call(ir.Ref(f"numpy.{name}"), (base.expr,), loc=loc))
    if name == "flat":
        return dyn(ev, ir.Call(ir.Ref("numpy.ravel"), (base.expr,), loc=loc))
    return dyn(ev, ir.Attr(base.expr, name, loc=loc))


def _shape(ev: Evaluator, base: Dyn, loc: ir.Loc | None) -> Value:
    assert isinstance(base.type, Num)
    whole = ir.Attr(base.expr, "shape", loc=loc)
    if base.type.dims is None:
        raise Unsupported("the shape of an array of unknown rank", loc, "annotate the argument, or pass its type.")
    items = [_extent(whole, k, dim) for k, dim in enumerate(base.type.dims)]
    return ev.tuple_of(items, expr=whole, bound=True)


def _extent(whole: ir.Expr, k: int, dim: Dim | None) -> Dyn:
    if dim is not None and not dim.terms:
        return constant(dim.const)
    return Dyn(ir.Index(whole, (ir.Const(k),)), Num("int64", (), True, dim))


def _box_attribute(ev: Evaluator, base: Ptr, name: str, loc: ir.Loc | None) -> Value:
    box = ev.state.heap[base.id]
    if box.kind in ("namedtuple", "dataclass", "object"):
        position = box.index(name)
        if position is not None:
            return box.items[position]
        member = getattr(box.cls, name, None) if box.cls is not None else None
        if isinstance(member, property):
            from srcad import eval_calls

            return eval_calls.call_user(ev, Known(member.fget), [base], {}, loc)
        if box.kind == "namedtuple" and name in ("_replace", "_asdict"):
            return Bound(base, name)
        if member is not None and not callable(member):
            return _known_or_constant(member, loc)
        return Bound(base, name, member)
    if name == "shape" and box.kind in ("tuple", "list"):
        raise Unsupported("the shape of a list or tuple", loc, "make it an array with np.array first.")
    return Bound(base, name)


def _known_attribute(ev: Evaluator, base: Known, name: str, loc: ir.Loc | None) -> Value:
    from srcad import eval_objects

    return eval_objects.attribute(ev, base, name, loc)


# ---- indexing ----


def _index(ev: Evaluator, expr: ir.Index) -> Value:
    base, *items = evaluate_index(ev, expr)
    return index(ev, base, items, expr.loc)


def evaluate_index(ev: Evaluator, expr: ir.Index) -> list[Value]:
    parts: list[ir.Expr] = [expr.base]
    for item in expr.items:
        parts.extend(
            [p for p in (item.lower, item.upper, item.step) if p is not None] if isinstance(item, ir.Slice) else [item]
        )
    values = evaluate_all(ev, tuple(parts))
    found, rest = [values[0]], iter(values[1:])
    for item in expr.items:
        if isinstance(item, ir.Slice):
            bounds = [None if p is None else next(rest) for p in (item.lower, item.upper, item.step)]
            found.append(_slice(ev, bounds, item.loc))
        else:
            found.append(next(rest))
    return found


def _slice(ev: Evaluator, bounds: list[Value | None], loc: ir.Loc | None) -> Value:
    exprs = [None if b is None or (isinstance(b, Known) and b.value is None) else residual(ev, b, loc) for b in bounds]
    known = [(True, None) if b is None else static(ev, b) for b in bounds]
    value = slice(*(v for _, v in known)) if all(k for k, _ in known) else None
    return Known(value, ir.Slice(*exprs, loc=loc))


def index(ev: Evaluator, base: Value, items: list[Value], loc: ir.Loc | None) -> Value:
    if isinstance(base, Ptr):
        return _index_box(ev, base, items, loc)
    if isinstance(base, Known):
        if isinstance(base.value, (str, tuple, list, dict)):
            return _known_or_constant(base.value[demand(ev, items[0], "this index", loc)], loc)
        raise Unsupported(f"an index into a value of type {type(base.value).__name__}", loc)
    if not isinstance(base, Dyn):
        raise Unsupported("an index into a function or iterator", loc)
    if isinstance(base.type, Seq):
        from srcad import eval_lists

        return eval_lists.item(ev, base, items, loc)
    return dyn(ev, ir.Index(base.expr, index_exprs(ev, items, loc), loc=loc))


def index_exprs(ev: Evaluator, items: list[Value], loc: ir.Loc | None) -> tuple[ir.Expr, ...]:
    if len(items) == 1 and isinstance(items[0], Ptr) and ev.state.heap[items[0].id].kind == "tuple":
        items = list(ev.state.heap[items[0].id].items)  # x[(i, j)] is x[i, j]
    return tuple(_index_item(ev, item, loc) for item in items)


def _index_item(ev: Evaluator, item: Value, loc: ir.Loc | None) -> ir.Expr:
    if isinstance(item, Known) and isinstance(item.value, slice) and item.expr is not None:
        return item.expr
    if isinstance(item, Ptr):
        known, value = static(ev, item)
        if known:
            return ir.call("numpy.array", ir.List(tuple(ir.Const(v) for v in value)))
    return residual(ev, item, loc)


def _index_box(ev: Evaluator, base: Ptr, items: list[Value], loc: ir.Loc | None) -> Value:
    box = ev.state.heap[base.id]
    if box.expr is not None and len(items) == 1 and isinstance(items[0], Known) and isinstance(items[0].value, slice):
        part = box.items[items[0].value]
        return ev.tuple_of(part, expr=ir.Index(box.expr, (residual(ev, items[0]),)), bound=True)
    if len(items) == 1 and isinstance(items[0], Known) and isinstance(items[0].value, slice):
        return ev.tuple_of(box.items[items[0].value], box.kind if box.kind == "list" else "tuple", site=loc)
    position = box_position(ev, box, items, loc)
    return box.items[position]


def box_position(ev: Evaluator, box: Box, items: list[Value], loc: ir.Loc | None) -> int:
    if len(items) != 1:
        raise Unsupported(f"several indices into a {box.kind}", loc)
    known, key = static(ev, items[0])
    if not known:
        unknown_key(ev, box, items[0], loc)
    if box.kind == "dict":
        position = box.index(key)
        if position is None:
            raise KeyError(key)
        return position
    if not isinstance(key, int):
        raise Unsupported(f"an index of type {type(key).__name__} into a {box.kind}", loc)
    return range(len(box.items))[key]


def unknown_key(ev: Evaluator, box: Box, key: Value, loc: ir.Loc | None) -> None:
    """A container indexed by something known only at run time: unroll the loop it comes from, or bake the input."""
    if isinstance(key, Dyn):
        for name in sorted(ir.names(key.expr)):
            loop = ev.state.frames.get("#loops", {}).get(name)
            if loop is not None:
                raise Restart(("unroll", loop))
            origin = ev.origin_of(ir.Name(name))
            if origin is not None and key.expr == ir.Name(name):
                raise Restart(("bake", origin.origin, origin.path))
    if box.kind == "list" and box.site is not None and isinstance(box.site, tuple) and box.site[0] == "list":
        raise Restart(("dynamic", box.site))
    raise Unsupported(f"an index into a {box.kind} under a key known only at run time", loc, ONE_ARRAY)


# ---- assignment ----


def assign(ev: Evaluator, target: ir.Expr, value: Value, loc: ir.Loc | None) -> None:
    if isinstance(target, ir.Name):
        ev.bind(target.id, value, loc)
    elif isinstance(target, ir.Index):
        _assign_item(ev, target, value, loc)
    elif isinstance(target, ir.Attr):
        _assign_attribute(ev, target, value, loc)
    elif isinstance(target, (ir.Tuple, ir.List)):
        _unpack(ev, target.items, value, loc)
    else:
        raise Unsupported("an assignment to this target", loc)


def assign_tuple(ev: Evaluator, stmt: ir.Assign) -> None:
    """Parallel assignment of names, or unpacking."""
    value = evaluate(ev, stmt.value)
    assert isinstance(stmt.target, ir.Tuple)
    _unpack(ev, stmt.target.items, value, stmt.loc)


def _unpack(ev: Evaluator, targets: tuple[ir.Expr, ...], value: Value, loc: ir.Loc | None) -> None:
    items = _array_items(ev, value, targets, loc) or sequence(ev, value, loc)
    star = next((k for k, t in enumerate(targets) if isinstance(t, ir.Starred)), None)
    if star is None and len(items) != len(targets):
        raise ValueError(f"cannot unpack {len(items)} values into {len(targets)} names")
    if star is not None:
        after = len(targets) - star - 1
        middle = ev.tuple_of(items[star : len(items) - after], "list", site=loc)
        items = [*items[:star], middle, *items[len(items) - after :]]
        targets = tuple(t.value if isinstance(t, ir.Starred) else t for t in targets)
    if all(isinstance(t, ir.Name) and isinstance(v, Dyn) for t, v in zip(targets, items, strict=True)):
        _bind_together(ev, targets, items, loc)
        return
    for target, item in zip(targets, items, strict=True):
        assign(ev, target, item, loc)


def _array_items(ev: Evaluator, value: Value, targets: tuple[ir.Expr, ...], loc: ir.Loc | None) -> list[Value] | None:
    """``x, y, z = s`` of an array whose extent is known at run time only: as many items as names, and a check."""
    if not isinstance(value, Dyn) or not isinstance(value.type, Num) or not value.type.dims:
        return None
    extent = value.type.dims[0]
    if extent is not None and not extent.terms or any(isinstance(t, ir.Starred) for t in targets):
        return None
    value = value if isinstance(value.expr, ir.Name) else ev.temp("items", value, loc)
    length = ir.Index(ir.Attr(value.expr, "shape"), (ir.Const(0),))
    error = ir.Call(ir.Ref("builtins.ValueError"), (ir.Const(f"cannot unpack the array into {len(targets)} names"),))
    ev.emit(ir.If(ir.Compare(("!=",), (length, ir.Const(len(targets)))), (ir.Raise(error),), loc=loc))
    return [dyn(ev, ir.Index(value.expr, (ir.Const(k),), loc=loc)) for k in range(len(targets))]


def _bind_together(ev: Evaluator, targets: tuple[ir.Expr, ...], items: list[Value], loc: ir.Loc | None) -> None:
    pairs, bound = [], []
    for target, item in zip(targets, items, strict=True):
        assert isinstance(target, ir.Name) and isinstance(item, Dyn)
        frame = ev.owner(target.id)
        slot = ev.slot(target.id, item.type, frame)
        ev.note_type(slot, item.type)
        const = item.const or (item.expr if isinstance(item.expr, ir.Const) else None)
        pairs.append((slot, item.expr))
        bound.append((frame, target.id, Dyn(ir.Name(slot), item.type, const)))
    ev.assign_parallel(pairs, loc)
    for frame, name, value in bound:
        ev.state.frames[frame][name] = value


def _assign_item(ev: Evaluator, target: ir.Index, value: Value, loc: ir.Loc | None) -> None:
    mark = len(ev.out)
    base, *items = evaluate_index(ev, target)
    if len(ev.out) > mark:
        value = _keep(ev, value, _written(ev.out[mark:]), mark, loc)
    if isinstance(base, Ptr):
        set_item(ev, base, items, value, target.loc or loc)
        return
    if not isinstance(base, Dyn):
        raise Unsupported("a write into a value that is not an array or container", target.loc or loc)
    if isinstance(base.type, Seq):
        from srcad import eval_lists

        eval_lists.set_item(ev, base, items, value, loc)
        return
    place = ir.Index(base.expr, index_exprs(ev, items, loc), loc=target.loc)
    check_writable(ev, base, target.loc or loc)
    ev.emit(ir.Store(place, residual(ev, value, loc), loc=loc))


def check_writable(ev: Evaluator, base: Dyn, loc: ir.Loc | None) -> None:
    root: ir.Expr = base.expr
    while isinstance(root, (ir.Index, ir.Attr)) or (isinstance(root, ir.Call) and root.args):
        root = root.args[0] if isinstance(root, ir.Call) else root.base
    origin = ev.origin_of(root)
    if origin is not None and origin.origin != "param":
        what = "an attribute" if origin.origin == "attribute" else "a captured array"
        raise Unsupported(
            f"a write into {what}, {origin.path[-1]}", loc, "pass the array as an argument, or write into a copy."
        )


def set_item(ev: Evaluator, base: Ptr, items: list[Value], value: Value, loc: ir.Loc | None) -> None:
    box = ev.state.heap[base.id]
    if box.kind in ("tuple", "namedtuple"):
        raise TypeError("'tuple' object does not support item assignment")
    known, key = static(ev, items[0]) if len(items) == 1 else (False, None)
    if not known:
        if box.kind == "dict":
            raise Unsupported(
                "cannot differentiate a write into a dict under a key known only at run time",
                loc,
                "srcad differentiates floats, arrays and containers of them; hold the entries in one array.",
            )
        unknown_key(ev, box, items[0], loc)
    if box.kind == "dict" and box.index(key) is None:
        ev.state.heap[base.id] = replace(
            box, keys=(*box.keys, key), items=(*box.items, _owned(ev, box, key, value, loc)), expr=None
        )
        return
    position = box_position(ev, box, items, loc)
    ev.state.heap[base.id] = box.with_item(position, _owned(ev, box, box.keys[position], value, loc, position))


def _owned(ev: Evaluator, box: Box, key: Any, value: Value, loc: ir.Loc | None, position: int | None = None) -> Value:
    """A number put into a container whose numbers have variables gets one too."""
    if not box.bound or not isinstance(value, Dyn):
        return value
    old = box.items[position] if position is not None else None
    base = old.expr.id if isinstance(old, Dyn) and isinstance(old.expr, ir.Name) else f"item_{key}"
    slot = ev.slot(f"{base}#{box.site}" if old is None else base, value.type, "#box")
    ev.note_type(slot, value.type)
    if value.expr != ir.Name(slot):
        ev.emit(ir.Assign(ir.Name(slot), value.expr, loc=loc))
    return Dyn(ir.Name(slot), value.type, value.const)


def _assign_attribute(ev: Evaluator, target: ir.Attr, value: Value, loc: ir.Loc | None) -> None:
    base = evaluate(ev, target.base)
    if isinstance(base, Ptr):
        box = ev.state.heap[base.id]
        if box.kind in ("dataclass", "object"):
            position = box.index(target.name)
            if position is None:
                new = _owned(ev, box, target.name, value, loc)
                ev.state.heap[base.id] = replace(box, keys=(*box.keys, target.name), items=(*box.items, new))
            else:
                new = _owned(ev, box, target.name, value, loc, position)
                ev.state.heap[base.id] = box.with_item(position, new)
            return
    if isinstance(base, Known):
        from srcad import eval_objects

        eval_objects.rebind(ev, base, target.name, value, loc)
        return
    raise Unsupported(f"an assignment to the attribute {target.name}", loc)


def augment(ev: Evaluator, stmt: ir.Augment) -> None:
    """``target op= value``: a rebinding for numbers, a write into the array for arrays."""
    target = stmt.target
    if isinstance(target, ir.Name):
        _augment_name(ev, stmt, target)
        return
    if isinstance(target, ir.Attr):
        base = evaluate(ev, target)
        value = binary(ev, stmt.op, base, evaluate(ev, stmt.value), stmt.loc)
        if isinstance(base, Dyn) and isinstance(base.type, Num) and base.type.dims != ():
            check_writable(ev, base, stmt.loc)
            ev.emit(ir.Store(ir.Index(base.expr, (ir.ELLIPSIS,)), residual(ev, value), loc=stmt.loc))
            return
        _assign_attribute(ev, target, value, stmt.loc)
        return
    assert isinstance(target, ir.Index)
    base, *items = evaluate_index(ev, target)
    if isinstance(base, Ptr):
        old = index(ev, base, items, target.loc)
        if isinstance(old, Dyn) and isinstance(old.type, Num) and old.type.dims != ():
            _augment_whole(ev, old, stmt)
            return
        set_item(ev, base, items, binary(ev, stmt.op, old, evaluate(ev, stmt.value), stmt.loc), target.loc)
        return
    if not isinstance(base, Dyn) or isinstance(base.type, Seq):
        _assign_item(
            ev,
            target,
            binary(ev, stmt.op, index(ev, base, items, target.loc), evaluate(ev, stmt.value), stmt.loc),
            stmt.loc,
        )
        return
    check_writable(ev, base, target.loc)
    place = ir.Index(base.expr, index_exprs(ev, items, stmt.loc), loc=target.loc)
    ev.emit(ir.Augment(place, stmt.op, residual(ev, evaluate(ev, stmt.value), stmt.loc), loc=stmt.loc))


def _augment_name(ev: Evaluator, stmt: ir.Augment, target: ir.Name) -> None:
    old = ev.lookup(target.id, stmt.loc)
    if isinstance(old, Ptr) and stmt.op == "+" and ev.state.heap[old.id].kind == "list":
        items = sequence(ev, evaluate(ev, stmt.value), stmt.loc)
        box = ev.state.heap[old.id]
        merged = (*box.items, *items)
        ev.state.heap[old.id] = replace(box, keys=tuple(range(len(merged))), items=merged, expr=None)
        return
    value = evaluate(ev, stmt.value)
    old = ev.lookup(target.id, stmt.loc)
    if isinstance(old, Dyn) and isinstance(old.type, Num) and old.type.dims != ():
        if old.type.dims is None:
            raise Unsupported(
                f"{target.id} may be an array, which `{stmt.op}=` writes into, or a number",
                stmt.loc,
                "annotate the arguments, or write it as an assignment.",
            )
        _augment_whole(ev, old, stmt, value)
        return
    result = binary(ev, stmt.op, old, value, stmt.loc)
    ev.bind(target.id, result, stmt.loc)


def _augment_whole(ev: Evaluator, old: Dyn, stmt: ir.Augment, value: Value | None = None) -> None:
    check_writable(ev, old, stmt.loc)
    value = evaluate(ev, stmt.value) if value is None else value
    place = ir.Index(old.expr, (ir.ELLIPSIS,), loc=stmt.target.loc)
    ev.emit(ir.Augment(place, stmt.op, residual(ev, value, stmt.loc), loc=stmt.loc))


def _call(ev: Evaluator, expr: ir.Call) -> Value:
    from srcad import eval_calls

    return eval_calls.call(ev, expr)


def _comprehension(ev: Evaluator, expr: ir.Comprehension) -> Value:
    from srcad import eval_loops

    return eval_loops.comprehension(ev, expr)


def _bad(ev: Evaluator, expr: ir.Expr) -> Value:
    raise Unsupported(f"a {type(expr).__name__.lower()} here", expr.loc)


_HANDLERS: dict[type, Any] = {
    ir.Const: _const,
    ir.Name: _name,
    ir.Ref: _ref,
    ir.Attr: _attr,
    ir.Index: _index,
    ir.Unary: _unary,
    ir.Binary: _binary,
    ir.Compare: _compare,
    ir.BoolOp: _boolop,
    ir.IfExp: _ifexp,
    ir.Call: _call,
    ir.Tuple: _tuple,
    ir.List: _list,
    ir.Dict: _dict,
    ir.FString: _fstring,
    ir.Lambda: _lambda,
    ir.Walrus: _walrus,
    ir.Comprehension: _comprehension,
    ir.Starred: _bad,
    ir.Slice: lambda ev, e: _slice(
        ev, [None if p is None else evaluate(ev, p) for p in (e.lower, e.upper, e.step)], e.loc
    ),
}
