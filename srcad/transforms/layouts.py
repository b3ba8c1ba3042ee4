"""layouts: an array that is written through a reshaped view of it is held flat.

Before: ``flat = m.ravel()`` and ``flat[k] = v``, which writes m where m lies in C order, and a copy elsewhere. After:
where it is a view, ``m_flat = np.ravel(m).copy()``, and m is read and written as ``m_flat.reshape(m.shape)``: one axis
has one layout, and so has its adjoint. Where it is a copy, the copy is written out. Which it is depends on the array:
of an argument it is asked for, and is then part of the specialisation (`NeedValue` of origin "layout").
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import replace
from typing import Any

from srcad import ir, routines, types
from srcad.naming import Names
from srcad.pipeline import Input, NeedValue, Request
from srcad.program import Program
from srcad.transforms import alias
from srcad.transforms.inline import stored_names

RAVEL, RESHAPE = ir.Ref("numpy.ravel"), ir.Ref("numpy.reshape")
IN_C_ORDER = frozenset("numpy.zeros numpy.ones numpy.empty numpy.full numpy.outer numpy.eye numpy.identity".split())
FACTS = ("shape", "size", "ndim", "dtype")  # what is asked of an array besides its elements


def layouts(program: Program, request: Request) -> Program:
    """The program with such arrays held flat; what cannot be is left, and refused by `alias`.

    Raises:
        NeedValue: the layout of an argument decides.
    """
    stored = stored_names(program.body)
    if not stored:
        return program
    touched = alias.touched(program.body, stored, dict(program.types))
    given = {path: value for origin, path, value in request.baked if origin == "layout"}
    for name in dict.fromkeys(_reshaped(program, touched)):
        if (types.rank(program.types.get(name, types.UNKNOWN)) or 0) > 1 and _is_alone(program, name):
            program = _settled(program, name, given)
    return program


def _settled(program: Program, name: str, given: dict[tuple[Any, ...], str]) -> Program:
    own = next((i for i in program.inputs if i.name == name), None)
    if own is None:
        return _held_flat(program, name, None) if _is_in_c_order(program, name) else program
    if own.origin != "param":
        return program
    if own.path not in given:
        raise NeedValue("layout", own.path)
    layout = given[own.path]
    if layout == "strided":
        return program
    program = replace(program, baked=(*program.baked, ("layout", own.path, layout)))
    return _held_flat(program, name, own) if layout == "C" else _copied(program, name)


# ---- which arrays ----


def _reshaped(program: Program, touched: Set[str]) -> Iterator[str]:
    """Arrays of which a reshaped form is written into, or named by what shares memory with something written."""
    for stmt in ir.walk(program.body):
        for target, value in alias.assignments(stmt):
            if target in touched and (name := _base(value)):
                yield name
        if isinstance(stmt, (ir.Store, ir.Augment)):
            yield from (name for node in ir.walk(stmt.target) if (name := _base(node)))


def _base(node: object) -> str:
    """The variable that a call reshapes."""
    reshapes = isinstance(node, ir.Call) and node.fn in (RAVEL, RESHAPE) and not node.kwargs
    return node.args[0].id if reshapes and isinstance(node.args[0], ir.Name) else ""  # type: ignore[union-attr,attr-defined]


def _is_alone(program: Program, name: str) -> bool:
    """Whether nothing but reshaped forms of the array shares its memory, and no function is handed it."""
    known = dict(program.types)
    for stmt in ir.walk(program.body):
        called = routines.called(stmt) if isinstance(stmt, (ir.Assign, ir.Do)) else None
        if called is not None and name in ir.names(called[2]):
            return False
        for _, value in alias.assignments(stmt):
            if name in alias.shares(value, known) and _base(value) != name:
                return False
    return True


def _is_in_c_order(program: Program, name: str) -> bool:
    """Whether a variable has one value, a new array in C order."""
    values = [v for stmt in ir.walk(program.body) for target, v in alias.assignments(stmt) if target == name]
    if len(values) != 1 or not isinstance(values[0], ir.Call) or not isinstance(values[0].fn, ir.Ref):
        return False
    return values[0].fn.path in IN_C_ORDER and not any(key == "order" for key, _ in values[0].kwargs)


# ---- what becomes of them ----


def _copied(program: Program, name: str) -> Program:
    """Reshaped forms of the array as the copies that they are."""

    def copy(node: Any) -> Any:
        return ir.Call(ir.Ref("numpy.copy"), (node,), loc=node.loc) if _base(node) == name else node

    return replace(program, body=ir.transform(program.body, copy))


def guarded(program: Program, backend: str) -> Program:
    """With a check of each layout that counts, for who calls the module by itself; Numba's gets all in C order."""
    names = {i.path: i.name for i in program.inputs}
    made = [(names[path], value == "C") for origin, path, value in program.baked if origin == "layout"]
    made = [(name, in_order) for name, in_order in made if in_order or backend != "numba"]
    return replace(program, body=(*(_guard(program, name, in_order) for name, in_order in made), *program.body))


def _guard(program: Program, name: str, in_order: bool) -> ir.If:
    flag: ir.Expr = ir.Attr(ir.Attr(ir.Name(name), "flags"), "c_contiguous")
    text = f"{program.name}: this is made for a {name} {'' if in_order else 'not '}in C order"
    error = ir.call("builtins.ValueError", ir.Const(text))
    return ir.If(ir.Unary("not", flag) if in_order else flag, (ir.Raise(error),))


def _held_flat(program: Program, name: str, own: Input | None) -> Program:
    flat = Names(program.names()).fresh(f"{name}_flat")
    kind = program.types[name]
    assert isinstance(kind, types.Num)
    known = {**program.types, flat: types.infer(ir.Call(RAVEL, (ir.Name(name),)), dict(program.types), [])}
    begin = ir.Assign(ir.Name(flat), ir.call("numpy.copy", ir.Call(RAVEL, (ir.Name(name),))))
    body = tuple(new for stmt in program.body for new in _statement(stmt, name, flat, begin))
    results = _expression(program.results, name, flat)
    head = (begin,) if own is not None else ()
    held = {**program.flat, flat: name} if own is not None else program.flat
    return replace(program, body=(*head, *body), results=results, types=known, flat=held)


def _statement(stmt: ir.Stmt, name: str, flat: str, begin: ir.Assign) -> list[ir.Stmt]:
    if isinstance(stmt, ir.Assign) and stmt.target == ir.Name(name):
        return [stmt, replace(begin, loc=stmt.loc)]

    def block(body: tuple[ir.Stmt, ...]) -> tuple[ir.Stmt, ...]:
        return tuple(new for inner in body for new in _statement(inner, name, flat, begin))

    if isinstance(stmt, ir.If):
        test = _expression(stmt.test, name, flat)
        return [replace(stmt, test=test, body=block(stmt.body), orelse=block(stmt.orelse))]
    if isinstance(stmt, (ir.For, ir.While, ir.With, ir.Block)):
        bare = _expression(replace(stmt, body=()), name, flat)
        return [replace(bare, body=block(stmt.body))]
    return [_expression(stmt, name, flat)]


def _expression(code: Any, name: str, flat: str) -> Any:
    """With the array as a view of the flat one; facts about it are still asked of itself."""
    own = ir.Name(name)
    mark = ir.Name(f"#{name}")
    view = ir.Call(RESHAPE, (ir.Name(flat), ir.Attr(mark, "shape")))

    def visit(node: Any) -> Any:
        if node == own:
            return view
        if isinstance(node, ir.Attr) and node.base == view and node.name in FACTS:
            return replace(node, base=mark)
        if isinstance(node, ir.Call) and node.args and node.args[0] == view:
            if node.fn == RAVEL and len(node.args) == 1:
                return ir.Name(flat)
            if node.fn == RESHAPE:
                whole = node.args[1] == ir.Unary("-", ir.Const(1)) or node.args[1] == ir.Const(-1)
                return ir.Name(flat) if whole else replace(node, args=(ir.Name(flat), *node.args[1:]))
            if node.fn in (ir.Ref("builtins.len"), ir.Ref("numpy.shape"), ir.Ref("numpy.size"), ir.Ref("numpy.ndim")):
                return replace(node, args=(mark,))
        return node

    return ir.substitute(ir.transform(code, visit), {mark.id: own})
