"""Other code for functions of modules that are imported: a mutation's, or one that tells which blocks were reached."""

from __future__ import annotations

import ast
import builtins
import gc
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType

HITS = "blocks_reached_by_tests"  # a set that the probes add to, among the built-in names


def patch(modules: Mapping[Path, ast.Module]) -> None:
    """Give the functions of modules, which are imported, the code of others.

    Raises:
        RuntimeError: a module is not imported as its file is.
    """
    functions: dict[str, list[FunctionType]] = {str(path): [] for path in modules}
    for item in gc.get_objects():
        if isinstance(item, FunctionType) and item.__code__.co_filename in functions:
            functions[item.__code__.co_filename].append(item)
    for path, new in modules.items():
        old, name = ast.parse(path.read_text(encoding="utf-8")), str(path)
        pairs = dict(_pairs(compile(old, name, "exec"), compile(new, name, "exec")))
        known = [f for f in functions[name] if f.__code__ in pairs]
        if functions[name] and not known:
            raise RuntimeError(f"{path} has changed since it was imported")
        for function in known:
            function.__code__ = pairs[function.__code__]


def at_import(text: str) -> str:
    """What of a module runs when it is imported, not the bodies of its functions."""

    class Empty(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
            return ast.FunctionDef(node.name, node.args, [ast.Pass()], node.decorator_list, node.returns)

    return ast.dump(Empty().visit(ast.parse(text)))


def _pairs(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Functions of both, by name and turn; of what a function defines only what has the same place."""
    yield old, new
    inner = [[c for c in code.co_consts if isinstance(c, CodeType)] for code in (old, new)]
    for a, b in zip(*inner, strict=False):
        if a.co_name == b.co_name and a.co_freevars == b.co_freevars:
            yield from _pairs(a, b)


def probed(path: Path, key: str) -> ast.Module:
    """The module with a probe at the head of each block of its functions: it adds (key, line) to `HITS`."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    for body in _blocks(module):
        text = f"{HITS}.add(({key!r}, {body[0].lineno}))"
        body.insert(0, ast.copy_location(ast.parse(text).body[0], body[0]))
    return ast.fix_missing_locations(module)


def block(path: Path, line: int) -> int:
    """The line by which the probes name the block of a line; 0 outside functions."""
    around = [body for body in _blocks(ast.parse(path.read_text(encoding="utf-8"))) if _covers(body, line)]
    return max((body[0].lineno for body in around), default=0)


def _covers(body: list[ast.stmt], line: int) -> bool:
    return body[0].lineno <= line <= (body[-1].end_lineno or 0)


def _blocks(module: ast.Module) -> list[list[ast.stmt]]:
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    found = {}
    for function in functions:
        for node in ast.walk(function):
            for field in ("body", "orelse", "finalbody"):
                body = getattr(node, field, None)
                if isinstance(body, list) and body:
                    found[id(body)] = body
    return list(found.values())


def start() -> set[tuple[str, int]]:
    """The empty set that the probes add to from now on."""
    hits: set[tuple[str, int]] = set()
    setattr(builtins, HITS, hits)
    return hits
