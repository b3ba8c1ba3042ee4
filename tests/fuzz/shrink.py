"""Smaller programs that fail in the same way: statements and expressions are taken out as long as they can be."""

from __future__ import annotations

import ast
import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.fuzz.generate import Source

Edit = Callable[[ast.Module], bool]  # False: nothing to do here


def shrink(source: Source, fails: Callable[[Source], bool], seconds: float = 60.0) -> Source:
    """The smallest program found in that time for which `fails` still holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        smaller = next(_smaller(source, fails, end), None)
        if smaller is None:
            break
        source = smaller
    return source


def _smaller(source: Source, fails: Callable[[Source], bool], end: float) -> Iterator[Source]:
    """The result of one sweep over all edits, if any of them could be made."""
    changed = False
    for edits in (_statement_edits, _expression_edits):
        k = 0
        while time.monotonic() < end:
            tree = ast.parse(source.functions)
            todo = list(edits(tree))
            if k >= len(todo):
                break
            candidate = _edited(source, tree, todo[k])
            if candidate is not None and fails(candidate):
                source, changed = candidate, True
            else:
                k += 1
    for candidate in _with_fewer_arguments(source):
        if time.monotonic() < end and fails(candidate):
            source, changed = candidate, True
            break
    if changed:
        yield source


def _edited(source: Source, tree: ast.Module, edit: Edit) -> Source | None:
    if not edit(tree):
        return None
    try:
        text = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
        whole = ast.parse(text)
        compile(whole, "candidate", "exec")
    except (SyntaxError, ValueError, TypeError):
        return None
    text = text.replace("\n\ndef ", "\n\n\ndef ")
    if len(text) >= len(source.functions) or not any(getattr(n, "name", "") == "f" for n in whole.body):
        return None
    return replace(source, functions=text)


def _statement_edits(tree: ast.Module) -> Iterator[Edit]:
    """Leave out statements (halves of blocks first), or put a body in the place of its loop or branch."""
    blocks = [(n, f) for n in ast.walk(tree) for f in ("body", "orelse") if isinstance(getattr(n, f, None), list)]
    for node, name in blocks:
        size = len(getattr(node, name))
        if size > 3:
            yield _cut(node, name, 0, size // 2)
            yield _cut(node, name, size // 2, size)
        for k in reversed(range(size)):
            yield _cut(node, name, k, k + 1)
        for k in range(size):
            yield _unwrap(node, name, k)


def _cut(node: ast.AST, name: str, first: int, last: int) -> Edit:
    def edit(_: ast.Module) -> bool:
        left = getattr(node, name)[:first] + getattr(node, name)[last:]
        setattr(node, name, left or ([ast.Pass()] if name == "body" else []))
        return True

    return edit


def _unwrap(node: ast.AST, name: str, k: int) -> Edit:
    def edit(_: ast.Module) -> bool:
        stmts = getattr(node, name)
        inner = stmts[k]
        if not isinstance(inner, (ast.For, ast.While, ast.If)):
            return False
        first: list[ast.stmt] = []
        if isinstance(inner, ast.For):
            one = ast.Subscript(ast.Call(ast.Name("list"), [inner.iter], []), ast.Constant(0))
            first = [ast.Assign([inner.target], one)]
        setattr(node, name, [*stmts[:k], *first, *inner.body, *stmts[k + 1 :]])
        return True

    return edit


def _expression_edits(tree: ast.Module) -> Iterator[Edit]:
    """Put a part of an expression, or a number, in the place of the whole."""
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            for k, child in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(
                    child, (ast.BinOp, ast.Call, ast.IfExp, ast.BoolOp, ast.UnaryOp, ast.Subscript, ast.Name)
                ):
                    at = k if isinstance(value, list) else None
                    for new in _simpler(child, parent):
                        yield _put(parent, field, at, new)


def _simpler(node: ast.expr, parent: ast.AST) -> Iterator[ast.expr]:
    if isinstance(getattr(node, "ctx", None), ast.Store) or isinstance(parent, ast.Subscript) and node is parent.value:
        return
    if isinstance(node, ast.Name):
        return
    yield ast.Constant(0.7)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr) and not (isinstance(node, ast.Call) and child is node.func):
            yield copy.deepcopy(child)


def _put(parent: ast.AST, field: str, at: int | None, new: ast.expr) -> Edit:
    def edit(_: ast.Module) -> bool:
        if at is None:
            setattr(parent, field, new)
        else:
            getattr(parent, field)[at] = new
        return True

    return edit


def _with_fewer_arguments(source: Source) -> Iterator[Source]:
    """Without parameters that nothing reads, and with fewer derivatives asked for."""
    for n in source.argnums:
        if len(source.argnums) > 1:
            yield replace(source, argnums=tuple(k for k in source.argnums if k != n))
    tree = ast.parse(source.functions)
    main = tree.body[-1]
    assert isinstance(main, ast.FunctionDef)
    used = {n.id for n in ast.walk(main) if isinstance(n, ast.Name)}
    for k, param in enumerate(main.args.args):
        if param.arg not in used and k not in source.argnums:
            changed = copy.deepcopy(tree)
            del changed.body[-1].args.args[k]  # type: ignore[attr-defined]
            args = source.args[:k] + source.args[k + 1 :]
            yield Source(ast.unparse(changed) + "\n", args, tuple(n - (n > k) for n in source.argnums), source.fills)
