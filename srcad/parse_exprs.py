"""Expressions: libcst nodes to IR. Names stay `ir.Name` here; `parse_names` finds out what they mean."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn

import libcst as cst

from srcad import ir
from srcad.errors import Unsupported
from srcad.source import Slice

_BINARY = {
    "Add": "+",
    "Subtract": "-",
    "Multiply": "*",
    "Divide": "/",
    "FloorDivide": "//",
    "Modulo": "%",
    "Power": "**",
    "MatrixMultiply": "@",
    "BitAnd": "&",
    "BitOr": "|",
    "BitXor": "^",
    "LeftShift": "<<",
    "RightShift": ">>",
}
_UNARY = {"Minus": "-", "Plus": "+", "BitInvert": "~", "Not": "not"}
_COMPARE = {
    "LessThan": "<",
    "LessThanEqual": "<=",
    "GreaterThan": ">",
    "GreaterThanEqual": ">=",
    "Equal": "==",
    "NotEqual": "!=",
    "Is": "is",
    "IsNot": "is not",
    "In": "in",
    "NotIn": "not in",
}
_CONSTANTS = {"True": True, "False": False, "None": None}
_REFUSED = {
    "Await": ("await", "Differentiate the synchronous computation and await around it."),
    "Yield": ("a yield whose value is used: what is sent into a generator", "Pass it as an argument."),
    "TemplatedString": ("a template string", "Use an f-string."),
}


class Expressions:
    """Reads the expressions of one slice."""

    def __init__(self, cut: Slice, module: cst.Module, positions: Any) -> None:
        self.cut, self.module, self.positions = cut, module, positions

    # ---- places and refusals ----

    def loc(self, node: cst.CSTNode) -> ir.Loc:
        """A node's place; a tuple's or generator's own parentheses belong to it, as in `ast`."""
        place = self.positions[node]
        start, end = place.start, place.end
        if isinstance(node, (cst.Tuple, cst.GeneratorExp)) and node.lpar:
            start, end = self.positions[node.lpar[-1]].start, self.positions[node.rpar[0]].end
        return self.cut.loc(start.line, start.column, end.line, end.column)

    def refuse(self, node: cst.CSTNode, what: str, hint: str = "") -> NoReturn:
        """Raise `Unsupported` at a node."""
        raise Unsupported(f"cannot differentiate {what}", self.loc(node), hint)

    def code(self, node: cst.CSTNode) -> str:
        """A node's text, for annotations."""
        return self.module.code_for_node(node).strip()

    # ---- dispatch ----

    def expr(self, node: cst.BaseExpression) -> Any:
        """Any expression."""
        kind = type(node).__name__
        reader = getattr(self, f"_{kind}", None)
        if reader is None:
            self.refuse(node, *_REFUSED.get(kind, (f"this expression ({kind})",)))
        return reader(node)

    def optional(self, node: cst.BaseExpression | None) -> Any:
        """An expression that may be absent."""
        return None if node is None else self.expr(node)

    # ---- leaves ----

    def _Name(self, node: cst.Name) -> ir.Expr:
        if node.value in _CONSTANTS:
            return ir.Const(_CONSTANTS[node.value], loc=self.loc(node))
        return ir.Name(node.value, loc=self.loc(node))

    def _literal(self, node: Any) -> ir.Expr:
        return ir.Const(node.evaluated_value, loc=self.loc(node))

    _Integer = _Float = _Imaginary = _SimpleString = _literal

    def _Ellipsis(self, node: cst.Ellipsis) -> ir.Expr:
        return ir.Const(..., loc=self.loc(node))

    def _ConcatenatedString(self, node: cst.ConcatenatedString) -> ir.Expr:
        left, right = self.expr(node.left), self.expr(node.right)
        if isinstance(left, ir.Const) and isinstance(right, ir.Const):
            return ir.Const(left.value + right.value, loc=self.loc(node))
        parts = [p for side in (left, right) for p in (side.parts if isinstance(side, ir.FString) else (side,))]
        return ir.FString(tuple(parts), loc=self.loc(node))

    def _FormattedString(self, node: cst.FormattedString) -> ir.Expr:
        parts: list[Any] = []
        for part in node.parts:
            if isinstance(part, cst.FormattedStringText):
                parts.append(self._string_text(part, node))
            elif isinstance(part, cst.FormattedStringExpression):
                parts += self._replacement(part)
        return ir.FString(tuple(parts), loc=self.loc(node))

    def _string_text(self, part: cst.FormattedStringText, whole: cst.FormattedString) -> ir.Const:
        prefix = whole.start.rstrip("'\"").replace("f", "").replace("F", "")
        text = part.value.replace("{{", "{").replace("}}", "}")
        return ir.Const(ast.literal_eval(f"{prefix}{whole.quote}{text}{whole.quote}"), loc=self.loc(part))

    def _replacement(self, part: cst.FormattedStringExpression) -> list[Any]:
        value, conversion = self.expr(part.expression), part.conversion
        spec = [p for p in part.format_spec or ()]
        shown = []
        if part.equal is not None:  # f"{x=}" shows the text of the expression and its repr
            shown = [ir.Const(self._shown(part), loc=self.loc(part))]
            conversion = conversion or (None if spec else "r")
        if all(isinstance(p, cst.FormattedStringText) for p in spec):
            text = "".join(p.value for p in spec if isinstance(p, cst.FormattedStringText))
            return [*shown, (value, conversion, text or None)]
        self.refuse(part, "a computed format", "Write the width and precision into the format.")

    def _shown(self, part: cst.FormattedStringExpression) -> str:
        before, equal = part.whitespace_before_expression, part.equal
        assert equal is not None
        return "".join(self.module.code_for_node(n) for n in (before, part.expression, equal))

    # ---- operators ----

    def _UnaryOperation(self, node: cst.UnaryOperation) -> ir.Expr:
        return ir.Unary(_UNARY[type(node.operator).__name__], self.expr(node.expression), loc=self.loc(node))

    def _BinaryOperation(self, node: cst.BinaryOperation) -> ir.Expr:
        op = _BINARY[type(node.operator).__name__]
        return ir.Binary(op, self.expr(node.left), self.expr(node.right), loc=self.loc(node))

    def _BooleanOperation(self, node: cst.BooleanOperation) -> ir.Expr:
        op = "and" if isinstance(node.operator, cst.And) else "or"
        left, right = self.expr(node.left), self.expr(node.right)
        joined = isinstance(left, ir.BoolOp) and left.op == op and not node.left.lpar
        items = (*left.items, right) if joined else (left, right)
        return ir.BoolOp(op, items, loc=self.loc(node))

    def _Comparison(self, node: cst.Comparison) -> ir.Expr:
        ops = tuple(_COMPARE[type(c.operator).__name__] for c in node.comparisons)
        items = (self.expr(node.left), *map(self._compared, node.comparisons))
        return ir.Compare(ops, items, loc=self.loc(node))

    def _compared(self, part: cst.ComparisonTarget) -> ir.Expr:
        """An operand; ``k in {1, 2}`` asks no more than ``k in (1, 2)``, and sets are not known inside a function."""
        node = part.comparator
        if isinstance(part.operator, (cst.In, cst.NotIn)) and isinstance(node, cst.Set):
            return ir.Tuple(self.elements(node.elements), loc=self.loc(node))
        return self.expr(node)

    def _IfExp(self, node: cst.IfExp) -> ir.Expr:
        return ir.IfExp(self.expr(node.test), self.expr(node.body), self.expr(node.orelse), loc=self.loc(node))

    def _NamedExpr(self, node: cst.NamedExpr) -> ir.Expr:
        return ir.Walrus(self.expr(node.target), self.expr(node.value), loc=self.loc(node))

    # ---- containers ----

    def elements(self, nodes: Sequence[cst.BaseElement]) -> tuple[ir.Expr, ...]:
        """The items of a tuple, list or set, starred ones included."""
        return tuple(self._element(e) for e in nodes)

    def _element(self, node: cst.BaseElement) -> ir.Expr:
        value = self.expr(node.value)
        return ir.Starred(value, loc=self.loc(node)) if isinstance(node, cst.StarredElement) else value

    def _StarredElement(self, node: cst.StarredElement) -> ir.Expr:
        return self._element(node)

    def _Tuple(self, node: cst.Tuple) -> ir.Expr:
        return ir.Tuple(self.elements(node.elements), loc=self.loc(node))

    def _List(self, node: cst.List) -> ir.Expr:
        return ir.List(self.elements(node.elements), loc=self.loc(node))

    def _Set(self, node: cst.Set) -> ir.Expr:
        items = ir.List(self.elements(node.elements), loc=self.loc(node))
        return ir.Call(ir.Ref("builtins.set", set, loc=items.loc), (items,), loc=self.loc(node))

    def _Dict(self, node: cst.Dict) -> ir.Expr:
        keys = tuple(self.expr(e.key) if isinstance(e, cst.DictElement) else None for e in node.elements)
        values = tuple(self.expr(e.value) for e in node.elements)
        return ir.Dict(keys, values, loc=self.loc(node))

    # ---- access and calls ----

    def _Attribute(self, node: cst.Attribute) -> ir.Expr:
        return ir.Attr(self.expr(node.value), node.attr.value, loc=self.loc(node))

    def _Subscript(self, node: cst.Subscript) -> ir.Expr:
        items = tuple(self._subscript(e) for e in node.slice)
        if len(items) == 1 and isinstance(node.slice[0].comma, cst.Comma):  # x[i,]
            items = (ir.Tuple(items, loc=items[0].loc),)
        elif len(items) == 1 and isinstance(items[0], ir.Tuple) and len(items[0].items) > 1:  # x[(i, j)]
            items = items[0].items
        return ir.Index(self.expr(node.value), items, loc=self.loc(node))

    def _subscript(self, element: cst.SubscriptElement) -> ir.Expr:
        part: Any = element.slice
        loc = self.loc(part)
        if isinstance(part, cst.Slice):
            return ir.Slice(self.optional(part.lower), self.optional(part.upper), self.optional(part.step), loc=loc)
        value = self.expr(part.value)
        return ir.Starred(value, loc=loc) if getattr(part, "star", None) else value

    def _Call(self, node: cst.Call) -> ir.Expr:
        args = [self._positional(a) for a in node.args if a.keyword is None and a.star != "**"]
        named = [a for a in node.args if a.keyword is not None or a.star == "**"]
        kwargs = tuple((a.keyword.value if a.keyword else None, self.expr(a.value)) for a in named)
        return ir.Call(self.expr(node.func), tuple(args), kwargs, loc=self.loc(node))

    def _positional(self, arg: cst.Arg) -> ir.Expr:
        value = self.expr(arg.value)
        return ir.Starred(value, loc=self.loc(arg)) if arg.star == "*" else value

    # ---- functions and comprehensions ----

    def _Lambda(self, node: cst.Lambda) -> ir.Expr:
        return ir.Lambda(self.lambda_function(node), loc=self.loc(node))

    def lambda_function(self, node: cst.Lambda) -> ir.Function:
        """A lambda as a function of one return."""
        value = self.expr(node.body)
        body = (ir.Return(value, loc=value.loc),)
        return ir.Function("<lambda>", self.params(node.params), body, loc=self.loc(node))

    def params(self, node: cst.Parameters) -> tuple[ir.Param, ...]:
        """Parameters in order."""
        found = [replace(self._param(p, "positional"), nameless=True) for p in node.posonly_params]
        found += [self._param(p, "positional") for p in node.params]
        if isinstance(node.star_arg, cst.Param):
            found.append(self._param(node.star_arg, "star"))
        found += [self._param(p, "keyword") for p in node.kwonly_params]
        if node.star_kwarg is not None:
            found.append(self._param(node.star_kwarg, "starstar"))
        return tuple(found)

    def _param(self, node: cst.Param, kind: str) -> ir.Param:
        annotation = self.code(node.annotation.annotation) if node.annotation else None
        default = self.optional(node.default)
        return ir.Param(node.name.value, kind, default, annotation, loc=self.loc(node))

    def _ListComp(self, node: cst.ListComp) -> ir.Expr:
        return self._comprehension("list", self.expr(node.elt), node)

    def _SetComp(self, node: cst.SetComp) -> ir.Expr:
        return self._comprehension("set", self.expr(node.elt), node)

    def _GeneratorExp(self, node: cst.GeneratorExp) -> ir.Expr:
        return self._comprehension("generator", self.expr(node.elt), node)

    def _DictComp(self, node: cst.DictComp) -> ir.Expr:
        first, last = self.positions[node.key].start, self.positions[node.value].end
        loc = self.cut.loc(first.line, first.column, last.line, last.column)
        pair = ir.Tuple((self.expr(node.key), self.expr(node.value)), loc=loc)
        return self._comprehension("dict", pair, node)

    def _comprehension(self, kind: str, element: ir.Expr, node: Any) -> ir.Expr:
        generators = []
        part: cst.CompFor | None = node.for_in
        while part is not None:
            if part.asynchronous is not None:
                self.refuse(node, "an asynchronous comprehension", _REFUSED["Await"][1])
            tests = tuple(self.expr(i.test) for i in part.ifs)
            generators.append(ir.Generator(self.expr(part.target), self.expr(part.iter), tests))
            part = part.inner_for_in
        return ir.Comprehension(kind, element, tuple(generators), loc=self.loc(node))
