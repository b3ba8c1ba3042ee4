"""Text to libcst to surface IR, and every refusal of syntax.

A slice (one function's lines) is parsed, its statements and expressions become IR nodes with their places, and
`parse_names` then tells locals from everything else.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from srcad import ir, parse_names, parse_patterns
from srcad.naming import Names
from srcad.parse_exprs import Expressions
from srcad.source import Slice

_ASKS_SCOPE = re.compile(r"\b(import|case)\b")  # imports and class patterns are read with what their names mean
_SYNCHRONOUS = "Differentiate the synchronous computation and await around it."


def function(cut: Slice, scope: Any) -> ir.Function:
    """The surface IR of one function: `scope` (see `target.Scope`) says what its free names are.

    Raises `Unsupported`, with the place, for what cannot be differentiated in any program.
    """
    read, names = _read(cut, scope) if _ASKS_SCOPE.search(cut.text) else _read_once(cut)
    return parse_names.bind(read, scope, names.copy())


def _read(cut: Slice, scope: Any) -> tuple[ir.Function, Names]:
    """The function with names undecided, and the words that its text has taken."""
    wrapper = MetadataWrapper(cst.parse_module(cut.text), unsafe_skip_copy=True)
    positions = PositionProvider()._gen(wrapper)  # wrapper.resolve would walk the tree once more, for nobody
    reader = Statements(cut, wrapper.module, positions, scope)
    return reader.root(wrapper.module.body[0]), reader.names


@functools.lru_cache(maxsize=1024)
def _read_once(cut: Slice) -> tuple[ir.Function, Names]:
    """The same where the scope has no say: a gradient, a tangent and rules used again read each text once."""
    return _read(cut, None)


class Statements(Expressions):
    """Reads the statements of one slice."""

    def __init__(self, cut: Slice, module: cst.Module, positions: Any, scope: Any) -> None:
        super().__init__(cut, module, positions)
        self.scope = scope
        self.names = Names(re.findall(r"\w+", cut.text))
        self.lines = cut.text.split("\n")

    def root(self, node: Any) -> ir.Function:
        """The slice's function: a def at the margin, one behind ``if True:``, or a lambda in parentheses."""
        if isinstance(node, cst.If):
            node = node.body.body[0]
        if isinstance(node, cst.SimpleStatementLine):
            expression: Any = node.body[0]
            return self.lambda_function(expression.value)
        return self.function(node)

    def function(self, node: cst.FunctionDef) -> ir.Function:
        """A ``def``."""
        if node.asynchronous is not None:
            self.refuse(node.name, "an async function", _SYNCHRONOUS)
        statements = self._statements(node.body)
        doc = _docstring(statements)
        body = self.block(statements[1:] if doc is not None else statements)
        loc = self.header(node, node.returns.annotation if node.returns else node.params, node.name)
        return ir.Function(node.name.value, self.params(node.params), body, doc, loc=loc)

    def header(self, node: cst.CSTNode, last: cst.CSTNode, fallback: cst.CSTNode) -> ir.Loc:
        """The place of a compound statement: from its keyword to the colon; `last` is what stands before the colon."""
        start, end = self.positions[node].start, max(self._end(last), self._end(fallback))
        line, column = self._colon(*end)
        return self.cut.loc(start.line, start.column, line, column)

    def _end(self, node: cst.CSTNode) -> tuple[int, int]:
        end = self.positions[node].end
        return end.line, end.column

    def _colon(self, line: int, column: int) -> tuple[int, int]:
        while True:
            rest = self.lines[line - 1][column:].partition("#")[0]
            found = rest.find(":")
            if found >= 0:
                return line, column + found + 1
            line, column = line + 1, 0

    # ---- blocks ----

    def block(self, nodes: Sequence[Any]) -> tuple[ir.Stmt, ...]:
        """Statements in order, those without effect dropped."""
        return tuple(s for node in nodes for s in self.statement(node))

    def suite(self, body: cst.BaseSuite) -> tuple[ir.Stmt, ...]:
        """The statements below a colon."""
        return self.block(self._statements(body))

    def _statements(self, body: cst.BaseSuite) -> list[Any]:
        if isinstance(body, cst.SimpleStatementSuite):
            return list(body.body)
        lines: Any = body.body
        return [s for line in lines for s in (line.body if isinstance(line, cst.SimpleStatementLine) else (line,))]

    def statement(self, node: Any) -> list[Any]:
        """One statement; none, or several, where Python's one is not the IR's one."""
        kind = type(node).__name__
        reader = getattr(self, f"_{kind}", None)
        if reader is None:
            self.refuse(node, f"this statement ({kind})")
        made = reader(node)
        return made if isinstance(made, list) else [made]

    # ---- simple statements ----

    def _Pass(self, node: cst.Pass) -> list[ir.Stmt]:
        return []

    def _Expr(self, node: cst.Expr) -> list[ir.Stmt]:
        if isinstance(node.value, cst.Yield):
            return [self._yield(node.value)]
        value = self.expr(node.value)
        return [] if isinstance(value, ir.Const) else [ir.Do(value, loc=self.loc(node))]

    def _yield(self, node: cst.Yield) -> ir.Stmt:
        loc = self.loc(node)
        if isinstance(node.value, cst.From):
            item = ir.Name(self.names.fresh("item"), loc=loc)
            return ir.For(item, self.expr(node.value.item), (ir.Yield(item, loc=loc),), loc=loc)
        return ir.Yield(ir.Const(None, loc=loc) if node.value is None else self.expr(node.value), loc=loc)

    def _Assign(self, node: cst.Assign) -> list[ir.Stmt]:
        loc, value = self.loc(node), self.expr(node.value)
        targets = [self.expr(t.target) for t in node.targets]
        if len(targets) == 1:
            return [ir.Assign(targets[0], value, loc=loc)]
        made: list[ir.Stmt] = []
        if not isinstance(targets[0], ir.Name):  # the value is computed once, the targets are set left to right
            targets.insert(0, ir.Name(self.names.fresh("value"), loc=loc))
        for target in targets:
            made.append(ir.Assign(target, value, loc=loc))
            value = targets[0]
        return made

    def _AnnAssign(self, node: cst.AnnAssign) -> list[ir.Stmt]:
        if node.value is None:
            return []
        annotation = self.code(node.annotation.annotation)
        return [ir.Assign(self.expr(node.target), self.expr(node.value), annotation, loc=self.loc(node))]

    def _AugAssign(self, node: cst.AugAssign) -> ir.Stmt:
        op = self.code(node.operator).removesuffix("=")
        return ir.Augment(self.expr(node.target), op, self.expr(node.value), loc=self.loc(node))

    def _Return(self, node: cst.Return) -> ir.Stmt:
        return ir.Return(self.optional(node.value), loc=self.loc(node))

    def _Raise(self, node: cst.Raise) -> ir.Stmt:
        cause = node.cause.item if node.cause is not None else None
        return ir.Raise(self.optional(node.exc), self.optional(cause), loc=self.loc(node))

    def _Assert(self, node: cst.Assert) -> ir.Stmt:
        return ir.Assert(self.expr(node.test), self.optional(node.msg), loc=self.loc(node))

    def _Break(self, node: cst.Break) -> ir.Stmt:
        return ir.Break(loc=self.loc(node))

    def _Continue(self, node: cst.Continue) -> ir.Stmt:
        return ir.Continue(loc=self.loc(node))

    def _Del(self, node: cst.Del) -> list[ir.Stmt]:
        target = self.expr(node.target)
        if all(isinstance(t, ir.Name) for t in (target.items if isinstance(target, ir.Tuple) else (target,))):
            return []  # a name that is not read any more
        self.refuse(node, "the deletion of an element", "Build a new container without it.")

    def _Global(self, node: cst.Global) -> ir.Stmt:
        return ir.Nonlocal(tuple(n.name.value for n in node.names), is_global=True, loc=self.loc(node))

    def _Nonlocal(self, node: cst.Nonlocal) -> ir.Stmt:
        return ir.Nonlocal(tuple(n.name.value for n in node.names), loc=self.loc(node))

    def _Import(self, node: cst.Import) -> list[ir.Stmt]:
        made: list[ir.Stmt] = []
        for alias in node.names:
            path, loc = _dotted(alias.name), self.loc(node)
            if alias.asname is None:  # ``import numpy.linalg`` binds numpy
                self.scope.imported(path, None, 0, loc)
                path = path.partition(".")[0]
            name = _bound_name(alias) or path
            made.append(ir.Assign(ir.Name(name), self.scope.imported(path, None, 0, loc), loc=loc))
        return made

    def _ImportFrom(self, node: cst.ImportFrom) -> list[ir.Stmt]:
        assert not isinstance(node.names, cst.ImportStar), "Python allows it at module level only"
        module, level, loc = _dotted(node.module) if node.module else "", len(node.relative), self.loc(node)
        made: list[ir.Stmt] = []
        for alias in node.names:
            attr = _dotted(alias.name)
            name = ir.Name(_bound_name(alias) or attr)
            made.append(ir.Assign(name, self.scope.imported(module, attr, level, loc), loc=loc))
        return made

    # ---- compound statements ----

    def _If(self, node: cst.If) -> ir.Stmt:
        test, body = self.expr(node.test), self.suite(node.body)
        orelse: tuple[ir.Stmt, ...] = ()
        if isinstance(node.orelse, cst.If):
            orelse = (self._If(node.orelse),)
        elif node.orelse is not None:
            orelse = self.suite(node.orelse.body)
        return ir.If(test, body, orelse, loc=self.header(node, node.test, node.test))

    def _For(self, node: cst.For) -> ir.Stmt:
        if node.asynchronous is not None:
            self.refuse(node.target, "an async for loop", _SYNCHRONOUS)
        orelse = self.suite(node.orelse.body) if node.orelse is not None else ()
        loc = self.header(node, node.iter, node.iter)
        return ir.For(self.expr(node.target), self.expr(node.iter), self.suite(node.body), orelse=orelse, loc=loc)

    def _While(self, node: cst.While) -> ir.Stmt:
        orelse = self.suite(node.orelse.body) if node.orelse is not None else ()
        loc = self.header(node, node.test, node.test)
        return ir.While(self.expr(node.test), self.suite(node.body), orelse=orelse, loc=loc)

    def _With(self, node: cst.With) -> ir.Stmt:
        if node.asynchronous is not None:
            self.refuse(node.items[0], "an async with block", _SYNCHRONOUS)
        items = tuple(self._with_item(i) for i in node.items)
        return ir.With(items, self.suite(node.body), loc=self.header(node, node.items[-1], node.items[-1]))

    def _with_item(self, item: cst.WithItem) -> tuple[ir.Expr, ir.Expr | None]:
        return self.expr(item.item), self.optional(item.asname.name if item.asname else None)

    def _Try(self, node: cst.Try) -> ir.Stmt:
        handlers = tuple(self._handler(h) for h in node.handlers)
        orelse = self.suite(node.orelse.body) if node.orelse is not None else ()
        final = self.suite(node.finalbody.body) if node.finalbody is not None else ()
        start = self.positions[node].start
        loc = self.cut.loc(start.line, start.column, start.line, start.column + len("try:"))
        return ir.Try(self.suite(node.body), handlers, orelse, final, loc=loc)

    def _handler(self, node: cst.ExceptHandler) -> ir.Handler:
        name = self.expr(node.name.name).id if node.name is not None else None
        return ir.Handler(self.optional(node.type), name, self.suite(node.body))

    def _TryStar(self, node: cst.TryStar) -> ir.Stmt:
        self.refuse(node.handlers[0], "except*", "Use a plain except.")

    def _FunctionDef(self, node: cst.FunctionDef) -> list[ir.Stmt]:
        decorators = tuple(self.expr(d.decorator) for d in node.decorators)
        made: list[ir.Stmt] = [
            ir.Define(self.function(node), decorators, loc=self.header(node, node.params, node.name))
        ]
        for decorator in reversed(node.decorators):
            loc, name = self.loc(decorator), ir.Name(node.name.value, loc=self.loc(decorator))
            made.append(ir.Assign(name, ir.Call(self.expr(decorator.decorator), (name,), loc=loc), loc=loc))
        return made

    def _ClassDef(self, node: cst.ClassDef) -> ir.Stmt:
        self.refuse(node.name, "a class defined inside a function", "Define the class at the top of the file.")

    def _TypeAlias(self, node: Any) -> ir.Stmt:
        self.refuse(node.name, "a type alias inside a function", "Define it at the top of the file.")

    def _Match(self, node: cst.Match) -> ir.Stmt:
        return parse_patterns.match(self, node)


def _docstring(statements: list[Any]) -> str | None:
    first = statements[0] if statements else None
    if isinstance(first, cst.Expr) and isinstance(first.value, (cst.SimpleString, cst.ConcatenatedString)):
        value = first.value.evaluated_value
        return value if isinstance(value, str) else None
    return None


def _dotted(node: Any) -> str:
    return node.value if isinstance(node, cst.Name) else f"{_dotted(node.value)}.{node.attr.value}"


def _bound_name(alias: cst.ImportAlias) -> str | None:
    name = alias.asname.name if alias.asname is not None else None
    return name.value if isinstance(name, cst.Name) else None
