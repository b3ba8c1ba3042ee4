"""Whether a text is what a live function was compiled from: compile it again and compare."""

from __future__ import annotations

import ast
import functools
import types
from collections.abc import Iterator, Sequence
from typing import Any

_FUTURES = 0x1FE0000  # the flags of ``from __future__``
_PLACE = ("lineno", "end_lineno", "col_offset", "end_col_offset")
_MARK = 10_000_000  # a line number that no text reaches


def pick(tree: ast.Module, nodes: Sequence[Any], live: types.CodeType) -> Any:
    """The one of several definitions that begin on one line from which `live` was compiled; None if none was.

    Where their bytecode is the same, the first. Their places are changed for a moment, to tell the results apart.
    """
    if len(nodes) < 2:
        made = _by_place(tree, live.co_flags & _FUTURES).get((live.co_name, live.co_firstlineno), [])
        return nodes[0] if nodes and _fits(made, live) else None
    places = [{name: getattr(node, name) for name in _PLACE} for node in nodes]
    for i, node in enumerate(nodes):
        vars(node).update(zip(_PLACE, (_MARK + i, _MARK + i, 0, 0), strict=True))
    try:
        table = _by_place.__wrapped__(tree, live.co_flags & _FUTURES)
    finally:
        for node, place in zip(nodes, places, strict=True):
            vars(node).update(place)
    return next((n for i, n in enumerate(nodes) if _fits(table.get((live.co_name, _MARK + i), []), live)), None)


@functools.lru_cache(maxsize=64)
def _by_place(tree: ast.Module, flags: int) -> dict[tuple[str, int], list[types.CodeType]]:
    """All functions of a file as the compiler makes them, by name and first line."""
    code = compile(tree, "<file>", "exec", flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    table: dict[tuple[str, int], list[types.CodeType]] = {}
    for inner in _nested(code):
        table.setdefault((inner.co_name, inner.co_firstlineno), []).append(inner)
    return table


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield const
            yield from _nested(const)


def _fits(made: list[types.CodeType], live: types.CodeType) -> bool:
    return any(_same(m, live) for m in made) or any(_adds_to(live, m) for m in made)


def _same(a: types.CodeType, b: types.CodeType) -> bool:
    """Whether two code objects do the same; where they stand does not matter."""
    fields = ("co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars")
    if any(getattr(a, f) != getattr(b, f) for f in fields) or len(a.co_consts) != len(b.co_consts):
        return False
    return all(_same_const(x, y) for x, y in zip(a.co_consts, b.co_consts, strict=True))


def _same_const(a: object, b: object) -> bool:
    if isinstance(a, types.CodeType) and isinstance(b, types.CodeType):
        return _same(a, b)
    if isinstance(a, frozenset):  # its order is an accident
        return a == b
    return type(a) is type(b) and repr(a) == repr(b)


def _adds_to(live: types.CodeType, made: types.CodeType) -> bool:
    """Whether `live` is `made` with asserts as pytest rewrites them: more names, some that no program can spell."""
    ours, theirs = _vocabulary(made), _vocabulary(live)
    return ours < theirs and any(name.startswith("@py") for name in theirs)


def _vocabulary(code: types.CodeType) -> set[str]:
    found = {*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars}
    found |= {repr(c) for c in code.co_consts if not isinstance(c, (types.CodeType, frozenset))}
    return found.union(*(_vocabulary(c) for c in code.co_consts if isinstance(c, types.CodeType)))
