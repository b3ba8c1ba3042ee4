"""Whether a text is what a live function was compiled from: compile it again and compare."""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator
from typing import Any

_FUTURE_ANNOTATIONS = 0x1000000


def compiled(node: Any, class_name: str | None, like: types.CodeType) -> types.CodeType | None:
    """One definition compiled alone, as a function nested where `like` is; None if it does not compile alone."""
    body = ast.Return(node) if isinstance(node, ast.Lambda) else node
    free = ast.arguments([], [ast.arg(n) for n in like.co_freevars], None, [], [], None, [])
    outer: ast.stmt = _bare(ast.FunctionDef("outer", free, [body], [], None, None))
    if class_name is not None:  # private names are mangled there
        outer = _bare(ast.ClassDef(class_name, [], [], [outer], []))
    module = ast.fix_missing_locations(ast.Module([outer], []))
    try:
        flags = like.co_flags & _FUTURE_ANNOTATIONS
        code = compile(module, like.co_filename, "exec", flags=flags, dont_inherit=True)
    except SyntaxError:
        return None
    inside = (c for c in _nested(code) if c.co_name == like.co_name and c.co_firstlineno == like.co_firstlineno)
    return next(inside, None)


def _bare(node: Any) -> Any:
    if "type_params" in node._fields:  # Python 3.12
        node.type_params = []
    return node


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield const
            yield from _nested(const)


def same(a: types.CodeType, b: types.CodeType) -> bool:
    """Whether two code objects do the same; where they stand does not matter."""
    fields = ("co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars")
    if any(getattr(a, f) != getattr(b, f) for f in fields) or len(a.co_consts) != len(b.co_consts):
        return False
    return all(_same_const(x, y) for x, y in zip(a.co_consts, b.co_consts, strict=True))


def _same_const(a: object, b: object) -> bool:
    if isinstance(a, types.CodeType) and isinstance(b, types.CodeType):
        return same(a, b)
    if isinstance(a, frozenset):  # its order is an accident
        return a == b
    return type(a) is type(b) and repr(a) == repr(b)


def adds_to(live: types.CodeType, made: types.CodeType) -> bool:
    """Whether `live` uses every name and constant of `made`, and more: an import hook has added something."""
    ours, theirs = _vocabulary(made), _vocabulary(live)
    return ours < theirs


def _vocabulary(code: types.CodeType) -> set[str]:
    found = {*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars}
    found |= {repr(c) for c in code.co_consts if not isinstance(c, (types.CodeType, frozenset))}
    return found.union(*(_vocabulary(c) for c in code.co_consts if isinstance(c, types.CodeType)))
