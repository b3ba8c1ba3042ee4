"""Names that mean several things: variables of a random program are merged, or called like the compiler's own.

Python decides what the program then does, so that nothing about it need be known here; a program that raises is none.
"""

from __future__ import annotations

import ast
from random import Random

_MARKS = ("_0", "_1", "_", "_bar", "_before", "_saved", "_dot", "2")
_OWN = ("out", "t", "g", "k", "i", "part", "items", "value", "x_bar", "out_bar", "index", "trips")


def confused(functions: str, rng: Random) -> str:
    """The functions with some variables of the last one under other names, and the keys of its dicts as well."""
    tree = ast.parse(functions)
    last = tree.body[-1]
    if not isinstance(last, ast.FunctionDef):
        return functions
    _Renamed(_names(last, rng), _keys(last, rng)).visit(last)
    text = ast.unparse(tree) + "\n"
    try:
        compile(text, "<confused>", "exec")
    except SyntaxError:  # an argument twice, a nonlocal one
        return functions
    return text


def _names(function: ast.FunctionDef, rng: Random) -> dict[str, str]:
    """Old name -> new one, of variables that the function sets, its arguments among them.

    Truth values keep their names: functions of them are half precision, which differences do not resolve.
    """
    stored = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    given = [a.arg for a in ast.walk(function) if isinstance(a, ast.arg)]
    known = sorted(name for name in stored | set(given) if not name.startswith("mask"))
    renamed: dict[str, str] = {}
    for _ in range(rng.choice((1, 1, 2, 3))):
        old = rng.choice(known)
        other = rng.choice(known)
        new = rng.choice((other, other, other + rng.choice(_MARKS), rng.choice(_OWN)))
        if old in renamed or new in renamed or given.count(old) + given.count(new) > 1:
            continue
        renamed[old] = new
    return renamed


def _keys(function: ast.FunctionDef, rng: Random) -> dict[str, str]:
    """Old key -> new one: keys that differ by a mark, or like a name and a part of it."""
    dicts = [n for n in ast.walk(function) if isinstance(n, ast.Dict)]
    keys = {k.value for d in dicts for k in d.keys if isinstance(k, ast.Constant) and isinstance(k.value, str)}
    found = sorted(keys)
    if len(found) < 2 or rng.random() < 0.5:
        return {}
    new = rng.sample([found[0] + mark for mark in ("", "_", "__", "_0", "_1")], min(5, len(found)))
    return dict(zip(found, new))


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, str], keys: dict[str, str]) -> None:
        self.names, self.keys = names, keys

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(self.names.get(node.arg, node.arg), node.annotation)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.Nonlocal:
        return ast.Nonlocal([self.names.get(name, name) for name in node.names])

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(self.keys.get(node.value, node.value)) if isinstance(node.value, str) else node
