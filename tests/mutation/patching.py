"""Other code for functions of modules that are imported: a mutation's, or one that tells which blocks were reached."""

from __future__ import annotations

import ast
import builtins
import gc
from collections import Counter
from collections.abc import Iterator, Mapping
from inspect import CO_OPTIMIZED
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


def cells(text: str) -> list[tuple[str, ...]]:
    """What functions and methods take from around them (super's class): only code that takes the same can stand for
    another."""

    def inner(code: CodeType) -> Iterator[tuple[str, ...]]:
        yield code.co_freevars
        for c in code.co_consts if not code.co_flags & CO_OPTIMIZED else ():
            if isinstance(c, CodeType):
                yield from inner(c)

    return sorted(inner(compile(text, "", "exec")))


def _pairs(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Functions of both, by name and turn; of what a function defines only what has the same place."""
    yield old, new
    inner = [[c for c in code.co_consts if isinstance(c, CodeType)] for code in (old, new)]
    for a, b in zip(*inner, strict=False):
        if a.co_name == b.co_name and a.co_freevars == b.co_freevars:
            yield from _pairs(a, b)


def probed(path: Path, file: str) -> ast.Module:
    """The module with a probe at the head of each block of its functions: it adds "file:block" to `HITS`."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    for name, body in _blocks(module).items():
        probe = ast.parse(f"{HITS}.add({f'{file}:{name}'!r})").body[0]
        body.insert(0, ast.copy_location(probe, body[0]))
    return ast.fix_missing_locations(module)


def block(text: str, line: int) -> str:
    """The name that the probes give the innermost block around a line; "" outside functions."""
    around = {name: body for name, body in _blocks(ast.parse(text)).items() if _covers(body, line)}
    return max(around, key=lambda name: around[name][0].lineno, default="")


def _covers(body: list[ast.stmt], line: int) -> bool:
    return body[0].lineno <= line <= (body[-1].end_lineno or 0)


def _blocks(module: ast.Module) -> dict[str, list[ast.stmt]]:
    """The blocks of functions, by function and number."""
    found: dict[str, list[ast.stmt]] = {}
    counts: Counter[str] = Counter()

    def visit(node: ast.AST, around: str, inside: bool) -> None:
        name = f"{around}.{node.name}" if isinstance(node, (ast.ClassDef, ast.FunctionDef)) else around
        inside = inside or isinstance(node, ast.FunctionDef)
        for field in ("body", "orelse", "finalbody") if inside else ():
            body = getattr(node, field, None)
            if isinstance(body, list) and body:
                counts[name] += 1
                found[f"{name}#{counts[name]}"] = body
        for child in ast.iter_child_nodes(node):
            visit(child, name, inside)

    visit(module, "", False)
    return found


def start() -> set[str]:
    """The empty set that the probes add to from now on."""
    hits: set[str] = set()
    setattr(builtins, HITS, hits)
    return hits
