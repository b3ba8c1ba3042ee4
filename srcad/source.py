"""Where a function's text stands: found with `ast`, cut out by whole lines, positions kept.

`of_code` finds the text of a live code object, `of_node` cuts out a node of a file that is only read.
"""

from __future__ import annotations

import ast
import functools
import inspect
import io
import linecache
import re
import threading
import tokenize
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from srcad import bytecode
from srcad.errors import Unsupported
from srcad.ir import Loc, Source

_LOCK = threading.Lock()  # `bytecode.pick` marks nodes of trees that threads share
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True)
class Slice:
    """One function's text, preceded by one line that lets it parse alone: line 2 of `text` is `first_line` of the file.

    Columns are the file's own, because the lines stay indented as they are. The place and the text tell slices apart.
    """

    source: Source
    text: str
    first_line: int
    node: Definition = field(compare=False)

    def loc(self, line: int, col: int, end_line: int, end_col: int) -> Loc:
        """A position in `text` as a place in the file."""
        shift = self.first_line - 2
        return Loc(self.source, line + shift, col, end_line + shift, end_col)


@dataclass(frozen=True, eq=False)
class File:
    """A text that functions are cut from."""

    name: str
    lines: tuple[str, ...]
    tree: ast.Module
    source: Source

    def loc(self, node: ast.AST) -> Loc:
        """The place of an `ast` node, its columns in characters."""
        line, end = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
        start, stop = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0)
        return Loc(self.source, line, self.column(line, start), end, self.column(end, stop))

    def column(self, line: int, offset: int) -> int:
        """Characters before a byte offset, which is what `ast` and code objects count."""
        text = self.lines[line - 1]
        return offset if text.isascii() else len(text.encode()[:offset].decode(errors="replace"))


def read(path: Path) -> str:
    """The text of a Python file in the encoding that its first lines state (PEP 263), else UTF-8.

    Raises SyntaxError, as Python does, where the bytes are not in that encoding.
    """
    data = path.read_bytes()
    encoding = "utf-8"
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        reason = f"byte {data[error.start]:#04x} is not {encoding}"
    except SyntaxError as error:  # an encoding that Python does not know
        line, reason = 1, error.msg
    way_out = "save the file as UTF-8, or state its encoding in the first line: # -*- coding: latin-1 -*-"
    raise SyntaxError(f"{reason}; {way_out}", (str(path), line, None, None))


@functools.lru_cache(maxsize=64)
def file(name: str, text: str) -> File:
    """Split and parse a text; its SyntaxError is Python's own."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    tree = ast.parse(text, filename=name)
    # str.splitlines breaks at characters (form feed, U+2028) that Python does not count as line ends
    shown = re.sub("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", " ", text)
    return File(name, tuple(text.split("\n")), tree, Source(name, shown))


def of_node(f: File, node: Definition) -> Slice:
    """Cut a function or lambda out of its file, without its decorators."""
    first, last = node.lineno, node.end_lineno or node.lineno
    lines = list(f.lines[first - 1 : last])
    lines[-1] = lines[-1][: f.column(last, node.end_col_offset or 0)]
    if isinstance(node, ast.Lambda):
        column = f.column(first, node.col_offset)
        lines[0] = " " * column + lines[0][column:]
        return Slice(f.source, "(\n" + "\n".join(lines) + "\n)\n", first, node)
    head = "if True:" if lines[0][:1].isspace() else ""
    return Slice(f.source, f"{head}\n" + "\n".join(lines) + "\n", first, node)


def of_code(code: types.CodeType, module_globals: dict[str, Any]) -> Slice:
    """The text a live function was compiled from.

    Raises `Unsupported` where there is none (a plain prompt before Python 3.13, `exec`), or another one by now.
    """
    f = _file_of(code, module_globals)
    found = _cut_out(f, code)
    if found is not None:
        return found
    raise Unsupported(
        f"the text of {code.co_name!r} is not at {code.co_filename}:{code.co_firstlineno} any more",
        hint="The file has changed since it was loaded, or something rewrote the function: load it again.",
    )


@functools.lru_cache(maxsize=1024)
def _cut_out(f: File, code: types.CodeType) -> Slice | None:
    """The text in a file that bytecode was compiled from; None if there is none."""
    with _LOCK:
        found = [node for node in _on_line(f.tree, code.co_firstlineno) if _starts(node, code)]
        node = bytecode.pick(f.tree, found, code)
    return of_node(f, node) if node is not None else None


def _file_of(code: types.CodeType, module_globals: dict[str, Any]) -> File:
    name = code.co_filename
    linecache.checkcache(name)
    text = "".join(linecache.getlines(name, module_globals))
    if not text:
        raise Unsupported(
            f"there is no source text for {code.co_name!r} (compiled from {name!r})",
            hint="Write the function in a file or a notebook cell: srcad reads its text.",
        )
    try:
        return file(name, text)
    except SyntaxError as error:
        raise Unsupported(f"{name} does not parse any more: {error.msg}", hint="Load the file again.") from error


def first_line(node: ast.AST) -> int:
    """The line a definition begins on, its decorators included: what `co_firstlineno` counts."""
    decorators = getattr(node, "decorator_list", [])
    return min([d.lineno for d in decorators] + [getattr(node, "lineno", 0)])


def _on_line(node: ast.AST, line: int) -> Iterator[ast.AST]:
    """The nodes whose text covers a line, outer ones first."""
    for child in ast.iter_child_nodes(node):
        end = getattr(child, "end_lineno", None)
        if end is None:  # arguments, comprehension, match_case: no position of their own
            yield from _on_line(child, line)
        elif first_line(child) <= line <= end:
            yield child
            yield from _on_line(child, line)


def _starts(node: ast.AST, code: types.CodeType) -> TypeGuard[Definition]:
    if isinstance(node, ast.Lambda):
        return code.co_name == "<lambda>" and node.lineno == code.co_firstlineno and _parameters(node) == _names(code)
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return node.name == code.co_name and first_line(node) == code.co_firstlineno
    return False


def _parameters(node: Definition) -> tuple[str, ...]:
    a = node.args
    stars = [x for x in (a.vararg, a.kwarg) if x is not None]
    return tuple(x.arg for x in [*a.posonlyargs, *a.args, *a.kwonlyargs, *stars])


def _names(code: types.CodeType) -> tuple[str, ...]:
    stars = bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + stars]
