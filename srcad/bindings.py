"""What a module's names are bound to, from its syntax tree alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Import:
    """``import module`` (attr None) or ``from module import attr``, relative by `level`."""

    module: str
    attr: str | None
    level: int


@dataclass(frozen=True)
class Value:
    """``name = expression``."""

    expression: ast.expr


@dataclass(frozen=True)
class Unclear:
    """A name that depends on a branch, or that a loop or an augmented assignment sets, or an unpacked call."""

    node: ast.AST


Definition = ast.FunctionDef | ast.AsyncFunctionDef
Binding = Definition | ast.ClassDef | Import | Value | Unclear


@dataclass
class Bindings:
    """names: by name, the last binding. stars: modules of ``from module import *``.

    changing: names that are bound more than once, or set by a function that declares them global.
    """

    names: dict[str, Binding] = field(default_factory=dict)
    stars: list[Import] = field(default_factory=list)
    changing: set[str] = field(default_factory=set)

    def bind(self, name: str, binding: Binding) -> None:
        if name in self.names:
            self.changing.add(name)
        self.names[name] = binding


def read(tree: ast.Module) -> Bindings:
    """The bindings of a module, in the order of its statements."""
    found = Bindings()
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            found.changing.update(node.names)
    _block(tree.body, found)
    return found


def _block(body: list[ast.stmt], found: Bindings) -> None:
    for statement in body:
        _statement(statement, found)


def _statement(s: ast.stmt, found: Bindings) -> None:
    match s:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            found.bind(s.name, s)
        case ast.Import(names=names):
            for alias in names:
                path = alias.name if alias.asname else alias.name.partition(".")[0]
                found.bind(alias.asname or path, Import(path, None, 0))
        case ast.ImportFrom():
            _import_from(s, found)
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                _assign(target, value, found)
        case ast.AnnAssign(target=target, value=value):
            if value is not None:
                _assign(target, value, found)
        case ast.With(body=body):
            _block(body, found)
        case ast.If(test=test) if ast.unparse(test).endswith("TYPE_CHECKING"):
            _block(s.orelse, found)
        case ast.If(test=test) if ast.unparse(test).startswith("__name__"):
            pass  # what runs when the file is the program binds nothing that an importer sees
        case ast.Try():
            for handler in s.handlers:  # ``except ImportError``: counts only for what the try itself does not bind
                _block(handler.body, found)
            _block([*s.body, *s.orelse, *s.finalbody], found)
        case _:
            for name, node in _set_below(s):
                found.bind(name, Unclear(node))


def _import_from(s: ast.ImportFrom, found: Bindings) -> None:
    for alias in s.names:
        binding = Import(s.module or "", alias.name, s.level)
        if alias.name == "*":
            found.stars.append(binding)
        else:
            found.bind(alias.asname or alias.name, binding)


def _assign(target: ast.expr, value: ast.expr, found: Bindings) -> None:
    if isinstance(target, ast.Name):
        found.bind(target.id, Value(value))
    elif isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
        if len(target.elts) == len(value.elts) and not any(isinstance(t, ast.Starred) for t in target.elts):
            for t, v in zip(target.elts, value.elts, strict=True):
                _assign(t, v, found)
            return
    if not isinstance(target, ast.Name):
        for name, node in _set_below(target):
            found.bind(name, Unclear(node))


def _set_below(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """The names that anything in a statement may set in its own scope."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name, node
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
        yield node.id, node
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from ((alias.asname or alias.name.partition(".")[0], node) for alias in node.names)
    for child in ast.iter_child_nodes(node):
        yield from _set_below(child)


def local_names(definition: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    """The names that a function binds itself: parameters, and what its statements set."""
    a = definition.args
    stars = [x.arg for x in (a.vararg, a.kwarg) if x is not None]
    names = {x.arg for x in (*a.posonlyargs, *a.args, *a.kwonlyargs)} | set(stars)
    body = definition.body if isinstance(definition.body, list) else [definition.body]
    declared = {n for s in body for d in ast.walk(s) if isinstance(d, (ast.Global, ast.Nonlocal)) for n in d.names}
    return (names | {name for s in body for name, _ in _set_below(s)}) - declared


def defined(body: list[ast.stmt]) -> dict[str, Any]:
    """The functions and classes defined in a body, at any depth of its own blocks."""
    found: dict[str, Any] = {}
    for s in body:
        if isinstance(s, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found[s.name] = s
        else:
            for part in ("body", "orelse", "finalbody"):
                found.update(defined(getattr(s, part, [])))
    return found
