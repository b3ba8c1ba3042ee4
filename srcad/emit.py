"""IR to text: a module as a colleague would write it, which `ruff format` leaves unchanged.

Prints surface and core IR alike. A program is first brought into display form (`emit_display`), its references are
spelled out (`emit_imports`), then each statement is laid out (`emit_syntax`, `emit_layout`).
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Container, Iterable, Iterator, Sequence

from srcad import ir
from srcad.emit_display import display
from srcad.emit_imports import Import, lines, resolve
from srcad.emit_layout import STEP, Doc, Group, flat, render
from srcad.emit_syntax import (
    assignment,
    bare,
    bracket,
    commas,
    condition,
    document,
    in_parentheses_if_broken,
    message,
    parameters,
    returned,
    target,
    value,
)
from srcad.naming import identifier

NJIT = '@njit(cache=True, error_model="numpy")'


def expr(e: ir.Expr) -> str:
    """An expression on one line."""
    shown, _ = resolve(display(e))
    return flat(bare(shown))


def statements(stmts: Sequence[ir.Stmt]) -> list[str]:
    """Statements as lines."""
    shown, _ = resolve(display(tuple(stmts)))
    return _suite(shown, 0)


def function(fn: ir.Function) -> str:
    """A function definition, its imports left out."""
    shown, _ = resolve(display(fn))
    return "\n".join(_function(shown, 0)) + "\n"


def module(
    functions: Iterable[ir.Function],
    *,
    header: str = "",
    backend: str = "numpy",
    doc: str | None = None,
    decorator: str = "",
    imports: Iterable[str] = (),
    unchecked: Container[str] = (),
) -> str:
    """A whole module.

    header: comment lines at the top. doc: the module's docstring. decorator: a line above each function; for numba
    `NJIT` unless given. imports: paths to import that no function refers to (``numba.njit``). unchecked: functions that
    do not check indices.
    """
    if backend == "numba":
        decorator = decorator or NJIT
        imports = (*imports, "numba.njit")
    shown, spelling = resolve(display(tuple(functions)))
    if backend == "numba" and any(_is_runtime(i) for i in spelling.imports.values()):
        imports = (*imports, "srcad_runtime.nopython")  # tells Numba how to compile the runtime's functions
    if any(map(_calls_back, spelling.imports.values())):
        # machine code that calls back into Python runs only in the process that made it
        decorator = decorator.replace("cache=True, ", "")
    for path in sorted(imports):
        spelling.spell(path)
    if decorator.startswith("@njit"):  # a variable of the program may be called njit
        decorator = f"@{spelling.require('numba', 'njit')}{decorator.removeprefix('@njit')}"
    head = [f"# {line}".rstrip() for line in header.splitlines()]
    if doc is not None:
        head += ["", *_docstring(doc, 0)] if head else _docstring(doc, 0)
    parts = [head, lines(spelling.imports.values())]
    top = "\n\n".join("\n".join(part) for part in parts if part)
    light = decorator.replace(", boundscheck=True", "")
    above = [light if fn.name in unchecked else decorator for fn in shown]
    defs = ["\n".join([*([line] if line else []), *_function(fn, 0)]) for fn, line in zip(shown, above)]
    return "\n\n\n".join(part for part in [top, *defs] if part) + "\n"


# which register with Numba themselves
KERNELS = tuple(
    ("srcad_runtime", name)
    for name in ("extremes", "kernels", "interpreted", "products", "quotients", "sums", "threads", "vector_maths")
)


def _calls_back(i: Import) -> bool:
    return i.module == "srcad_runtime" and (i.name.startswith("interpreted") or i.name == "draws")


def _is_runtime(i: Import) -> bool:
    return (i.module, i.name) not in KERNELS and i.module.partition(".")[0] == "srcad_runtime"


def verify(text: str) -> None:
    """The check at the exit: the text parses with libcst and prints back unchanged.

    Raises ValueError if it does not.
    """
    import libcst

    try:
        back = libcst.parse_module(text).code
    except libcst.ParserSyntaxError as error:
        raise ValueError(f"generated text does not parse: {error}") from error
    if back != text:
        raise ValueError("generated text does not survive a round trip through libcst")


# ---- suites ----


def _suite(stmts: Sequence[ir.Stmt], depth: int) -> list[str]:
    out: list[str] = []
    above: ir.Stmt | None = None
    for stmt in _with_defs(stmts):
        new = _block(stmt, depth) if isinstance(stmt, ir.Block) else _statement(stmt, depth)
        if above and new and (_asks_for_blank(stmt) or _starts_with_def(stmt) or _ends_with_def(above)):
            out.append("")
        out += new
        above = stmt if new else above
    return out


def _with_defs(stmts: Sequence[ir.Stmt]) -> Iterator[ir.Stmt]:
    """Statements with a function of several statements defined before the one that passes it on."""
    for stmt in stmts:
        if not isinstance(stmt, (ir.Assign, ir.Return)) or not isinstance(stmt.value, ir.Call):
            yield stmt
            continue
        long = [a.function for a in stmt.value.args if isinstance(a, ir.Lambda) and not _is_expression(a.function)]
        yield from (ir.Define(function) for function in long)
        args = tuple(
            ir.Name(a.function.name) if isinstance(a, ir.Lambda) and a.function in long else a for a in stmt.value.args
        )
        yield dataclasses.replace(stmt, value=dataclasses.replace(stmt.value, args=args)) if long else stmt


def _is_expression(function: ir.Function) -> bool:
    return len(function.body) == 1 and isinstance(function.body[0], ir.Return)


def _body(stmts: Sequence[ir.Stmt], depth: int, empty: str = "pass") -> list[str]:
    """The suite of a compound statement, one level deeper."""
    lines = _suite(stmts, depth + 1)
    if not lines:
        return [" " * STEP * (depth + 1) + empty] if empty else []
    return ["", *lines] if lines[0].lstrip().startswith("def ") else lines


def _block(block: ir.Block, depth: int) -> list[str]:
    body = _suite(block.body, depth)
    margin = " " * STEP * depth
    return [(f"{margin}# {line}").rstrip() for line in block.note.splitlines()] + body if body else []


def _asks_for_blank(stmt: ir.Stmt) -> bool:
    return isinstance(stmt, ir.Block) and stmt.blank_before


def _starts_with_def(stmt: ir.Stmt) -> bool:
    if isinstance(stmt, ir.Block):
        return bool(stmt.body) and _starts_with_def(stmt.body[0])
    return isinstance(stmt, ir.Define)


def _ends_with_def(stmt: ir.Stmt) -> bool:
    match stmt:
        case ir.Define():
            return True
        case ir.If(orelse=last) | ir.For(orelse=last) | ir.While(orelse=last) | ir.Try(final=last) if last:
            return _ends_with_def(last[-1])
        case ir.Try(handlers=(*_, handler), orelse=()):
            return bool(handler.body) and _ends_with_def(handler.body[-1])
        case ir.Try(orelse=last):
            return _ends_with_def(last[-1])
        case ir.Block(body=last) | ir.If(body=last) | ir.For(body=last) | ir.While(body=last) | ir.With(body=last):
            return bool(last) and _ends_with_def(last[-1])
    return False


def _statement(stmt: ir.Stmt, depth: int) -> list[str]:
    match stmt:
        case ir.If():
            return _if(stmt, depth, "if")
        case ir.For(over, iterable, body, orelse=orelse):
            head = (
                "for ",
                target(over) if isinstance(over, ir.Tuple) else condition(over),
                " in ",
                value(iterable),
                ":",
            )
            return [*_lines(head, depth), *_body(body, depth), *_else(orelse, depth)]
        case ir.While(test, body, orelse=orelse):
            return [*_lines(("while ", condition(test), ":"), depth), *_body(body, depth), *_else(orelse, depth)]
        case ir.With(items, body):
            managers = [bare(e) if name is None else (bare(e), " as ", bare(name)) for e, name in items]
            several = in_parentheses_if_broken(commas(managers)) if len(managers) > 1 else managers[0]
            return [*_lines(("with ", several, ":"), depth), *_body(body, depth)]
        case ir.Try():
            return _try(stmt, depth)
        case ir.Define(fn):
            return _function(fn, depth)
    return _lines(_simple(stmt), depth)


def _lines(doc: Doc, depth: int) -> list[str]:
    margin = " " * STEP * depth
    return (margin + render(doc, STEP * depth)).split("\n")


def _if(stmt: ir.If, depth: int, word: str) -> list[str]:
    out = [*_lines((word, " ", condition(stmt.test), ":"), depth), *_body(stmt.body, depth)]
    if len(stmt.orelse) == 1 and isinstance(stmt.orelse[0], ir.If):
        return out + _if(stmt.orelse[0], depth, "elif")
    return out + _else(stmt.orelse, depth)


def _else(stmts: Sequence[ir.Stmt], depth: int, word: str = "else") -> list[str]:
    body = _body(stmts, depth, empty="")
    return [" " * STEP * depth + f"{word}:", *body] if body else []


def _try(stmt: ir.Try, depth: int) -> list[str]:
    out = [" " * STEP * depth + "try:", *_body(stmt.body, depth)]
    for handler in stmt.handlers:
        caught = () if handler.exc is None else (" ", document(handler.exc, None))
        name = f" as {handler.name}" if handler.name else ""
        out += [*_lines(("except", *caught, name, ":"), depth), *_body(handler.body, depth)]
    return out + _else(stmt.orelse, depth) + _else(stmt.final, depth, "finally")


# ---- simple statements ----


def _simple(stmt: ir.Stmt) -> Doc:
    match stmt:
        case ir.Assign(left, right, annotation):
            typed = f": {annotation}" if annotation else ""
            return assignment(left, f"{typed} = ", right)
        case ir.Store(left, right):
            return assignment(left, " = ", right)
        case ir.Augment(left, op, right):
            return assignment(left, f" {op}= ", right)
        case ir.Return(result):
            return "return" if result is None else returned(result)
        case ir.Do(effect):
            return condition(effect)
        case ir.Raise(exc, cause):
            reason = () if cause is None else (" from ", value(cause))
            return "raise" if exc is None else ("raise ", value(exc), *reason)
        case ir.Assert(test, msg):
            return ("assert ", condition(test), *((", ", message(msg)) if msg is not None else ()))
        case ir.Break():
            return "break"
        case ir.Continue():
            return "continue"
        case ir.Yield(item):
            return ("yield ", value(item))
        case ir.Nonlocal(names, is_global):
            return ("global " if is_global else "nonlocal ") + ", ".join(names)
    raise TypeError(f"not a statement: {stmt!r}")


# ---- functions ----


def _function(fn: ir.Function, depth: int) -> list[str]:
    params = parameters(fn)
    signature = bracket("(", Group(commas(params)), ")") if params else "()"
    body = _suite(fn.body, depth + 1)
    doc = [] if fn.doc is None else _docstring(fn.doc, depth + 1)
    if doc and fn.body and _starts_with_def(fn.body[0]):
        doc.append("")
    nothing = [] if body or doc else [" " * STEP * (depth + 1) + "pass"]
    return [*_lines((f"def {_def_name(fn)}", signature, ":"), depth), *doc, *body, *nothing]


def _def_name(fn: ir.Function) -> str:
    return fn.name if fn.name.isidentifier() else identifier(fn.name)


def _docstring(text: str, depth: int) -> list[str]:
    """Triple-quoted lines; the closing quotes stand alone below several."""
    margin = " " * STEP * depth
    escaped = inspect.cleandoc(text).strip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    first, *rest = [line.rstrip() for line in escaped.splitlines()] or [""]
    opening = margin + '"""' + " " * first.startswith('"') + first
    if not rest:
        return [opening + " " * first.endswith('"') + '"""']
    return [opening, *(margin + line if line else "" for line in rest), margin + '"""']
