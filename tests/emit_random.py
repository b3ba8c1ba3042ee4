"""Random programs in surface IR, and what Python's own parser should make of their text."""

from __future__ import annotations

import ast
import math
from random import Random

from srcad import ir

BINARY = {
    "+": ast.Add,
    "-": ast.Sub,
    "*": ast.Mult,
    "/": ast.Div,
    "//": ast.FloorDiv,
    "%": ast.Mod,
    "**": ast.Pow,
    "@": ast.MatMult,
    "&": ast.BitAnd,
    "|": ast.BitOr,
    "^": ast.BitXor,
    "<<": ast.LShift,
    ">>": ast.RShift,
}
COMPARE = {
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
    "==": ast.Eq,
    "!=": ast.NotEq,
    "is": ast.Is,
    "is not": ast.IsNot,
    "in": ast.In,
    "not in": ast.NotIn,
}
UNARY = {"-": ast.USub, "+": ast.UAdd, "~": ast.Invert, "not": ast.Not}
LIBRARY = {
    "numpy.exp": "np.exp",
    "numpy.linalg.solve": "np.linalg.solve",
    "numpy.where": "np.where",
    "builtins.len": "len",
    "srcad_runtime.unbroadcast": "unbroadcast",
    "math.sqrt": "math.sqrt",
    "scipy.special.erf": "special.erf",
}
NUMBERS = (0, 1, 2, 10, -1, -3, 0.5, 2.0, 1e-6, -1.5, 1e16, 123456789.25, 2j, math.inf, -math.inf)
LITERALS = (True, False, None, "abc", 'it"s', "a'b", "tab\t\\ é", ...)
KINDS = "binary " * 6 + "call " * 4 + "index " * 2 + "method " * 2
KINDS += "unary compare boolean ternary attribute tuple list dict lambda comprehension fstring"


class Programs:
    """Draws expressions and statements from a source of randomness (a Hypothesis one shrinks)."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.pick = random.choice

    def name(self) -> ir.Name:
        return ir.Name("v" + "".join(self.pick("abcdefgh_") for _ in range(self.pick([1, 1, 2, 5, 8, 12, 20, 30]))))

    def leaf(self) -> ir.Expr:
        kind = self.pick(["name", "name", "number", "literal", "attribute"])
        if kind == "number":
            return ir.Const(self.pick(NUMBERS))
        if kind == "literal":
            return ir.Const(self.pick(LITERALS))
        return ir.Attr(self.name(), "dtype") if kind == "attribute" else self.name()

    def expr(self, depth: int) -> ir.Expr:
        if depth <= 0 or self.pick(range(8)) == 0:
            return self.leaf()
        return getattr(self, f"_{self.pick(KINDS.split())}")(depth - 1)

    def several(self, depth: int, counts: list[int]) -> tuple[ir.Expr, ...]:
        return tuple(self.expr(depth) for _ in range(self.pick(counts)))

    def _binary(self, depth: int) -> ir.Expr:
        return ir.Binary(self.pick(list("+-*/") * 2 + list(BINARY)), self.expr(depth), self.expr(depth))

    def _unary(self, depth: int) -> ir.Expr:
        return ir.Unary(self.pick(["-", "-", "-", "+", "~", "not"]), self.expr(depth))

    def _compare(self, depth: int) -> ir.Expr:
        items = self.several(depth, [2, 2, 3])
        return ir.Compare(tuple(self.pick(list(COMPARE)) for _ in items[1:]), items)

    def _boolean(self, depth: int) -> ir.Expr:
        return ir.BoolOp(self.pick(["and", "or"]), self.several(depth, [2, 2, 3]))

    def _ternary(self, depth: int) -> ir.Expr:
        return ir.IfExp(self.expr(depth), self.expr(depth), self.expr(depth))

    def _attribute(self, depth: int) -> ir.Expr:
        return ir.Attr(self.expr(depth), self.pick(["T", "shape", "real"]))

    def _call(self, depth: int) -> ir.Expr:
        kwargs = self.random.sample(["axis", "keepdims", "out"], self.pick([0, 0, 0, 1, 2]))
        args = self.several(depth, [0, 1, 1, 2, 3])
        return ir.Call(ir.Ref(self.pick(list(LIBRARY))), args, tuple((key, self.expr(depth)) for key in kwargs))

    def _method(self, depth: int) -> ir.Expr:
        return ir.Call(ir.Attr(self.expr(depth), self.pick(["sum", "reshape"])), self.several(depth, [0, 1, 2]))

    def _index(self, depth: int) -> ir.Index:
        base = self.name() if self.pick([True, False]) else self.expr(depth)
        return ir.Index(base, tuple(self._subscript(depth) for _ in range(self.pick([1, 1, 2, 3]))))

    def _subscript(self, depth: int) -> ir.Expr:
        if self.pick([True, False]):
            item = self.expr(depth)
            return ir.Const(0) if isinstance(item, ir.Tuple) else item  # x[(1, 2)] and x[1, 2] are the same to `ast`
        return ir.Slice(*(self.pick([None, self.expr(min(depth, 1))]) for _ in range(3)))

    def _tuple(self, depth: int) -> ir.Expr:
        return ir.Tuple(self.several(depth, [0, 1, 2, 3]))

    def _list(self, depth: int) -> ir.Expr:
        return ir.List(self.several(depth, [0, 1, 2, 3]))

    def _dict(self, depth: int) -> ir.Expr:
        values = self.several(depth, [0, 1, 2])
        return ir.Dict(tuple(self.expr(depth) for _ in values), values)

    def _lambda(self, depth: int) -> ir.Expr:
        params = tuple(ir.Param(f"{self.name().id}{k}") for k in range(self.pick([0, 1, 2])))
        return ir.Lambda(ir.Function("<lambda>", params, (ir.Return(self.expr(depth)),)))

    def _comprehension(self, depth: int) -> ir.Expr:
        generators = tuple(
            ir.Generator(self.name(), self.expr(depth), self.several(depth, [0, 0, 1]))
            for _ in range(self.pick([1, 1, 2]))
        )
        kind = self.pick(["list", "set", "generator", "dict"])
        return ir.Comprehension(kind, ir.Tuple((self.expr(depth), self.expr(depth))), generators)

    def _fstring(self, depth: int) -> ir.Expr:
        return ir.FString((ir.Const("value {"), (self.name(), None, ".3f"), ir.Const("}"), (self.name(), "r", None)))

    # ---- statements ----

    def target(self) -> ir.Expr:
        kind = self.pick(["name", "name", "index", "tuple"])
        if kind == "tuple":
            return ir.Tuple((self.name(), self.name()))
        return ir.Index(self.name(), self._index(1).items) if kind == "index" else self.name()

    def condition(self, depth: int) -> ir.Expr:
        """Ruff lays out a lambda that is itself a condition in its own way, which no program needs."""
        e = self.expr(depth)
        return self.name() if isinstance(e, ir.Lambda) else e

    def statement(self, depth: int, nesting: int = 2) -> ir.Stmt:
        kinds = "assign assign assign augment return do assert".split() + ["if", "while", "for"] * (nesting > 0)
        match self.pick(kinds):
            case "assign":
                return ir.Assign(self.target(), self.expr(depth))
            case "augment":
                target = self.pick([self.name(), ir.Index(self.name(), self._index(1).items)])
                return ir.Augment(target, self.pick("+-*"), self.expr(depth))
            case "return":
                return ir.Return(self.expr(depth))
            case "do":
                return ir.Do(ir.Call(self.name(), self.several(depth, [0, 1, 2])))
            case "assert":
                return ir.Assert(self.condition(depth), self.pick([None, ir.Const("message")]))
            case "if":
                return ir.If(self.condition(depth), self.suite(depth, nesting - 1), self.suite(depth, nesting - 1, 0))
            case "while":
                return ir.While(self.condition(depth), self.suite(depth, nesting - 1))
        return ir.For(self.name(), self.condition(depth), self.suite(depth, nesting - 1))

    def suite(self, depth: int, nesting: int, least: int = 1) -> tuple[ir.Stmt, ...]:
        return tuple(self.statement(depth, nesting) for _ in range(self.pick([least, least, 1, 2])))

    def function(self, name: str) -> ir.Function:
        params = tuple(ir.Param(f"{self.name().id}{k}") for k in range(self.pick([0, 1, 2, 4])))
        return ir.Function(name, params, self.suite(self.pick([1, 2, 2, 3, 3, 4]), 2))


# ---- what `ast` should see, straight from the IR ----


def to_ast(node: ir.Node) -> ast.AST:
    """The syntax tree of a node's text, found without printing it."""
    return _convert(node)


def _all(nodes: tuple[ir.Node, ...]) -> list:
    return [_convert(n) for n in nodes]


def _number(value: complex) -> ast.expr:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if math.copysign(1.0, value) < 0:
            return ast.UnaryOp(ast.USub(), _number(-value))
        if math.isinf(value):
            return ast.parse("np.inf", mode="eval").body
    return ast.Constant(value)


def _slice(node: ir.Slice) -> ast.expr:
    return ast.Slice(*(None if part is None else _convert(part) for part in (node.lower, node.upper, node.step)))


def _function(node: ir.Function) -> ast.FunctionDef:
    text = f"def {node.name}({', '.join(p.name for p in node.params)}): pass"
    head = ast.parse(text).body[0]
    assert isinstance(head, ast.FunctionDef)
    head.body = _all(node.body)
    return head


def _lambda(node: ir.Lambda) -> ast.expr:
    head = ast.parse(f"lambda {', '.join(p.name for p in node.function.params)}: 0", mode="eval").body
    assert isinstance(head, ast.Lambda)
    head.body = _convert(node.function.body[0]).value
    return head


def _comprehension(node: ir.Comprehension) -> ast.expr:
    generators = [
        ast.comprehension(_convert(g.target), _convert(g.iter), _all(g.tests), is_async=0) for g in node.generators
    ]
    if node.kind == "dict":
        assert isinstance(node.element, ir.Tuple)
        return ast.DictComp(*_all(node.element.items), generators)
    kind = {"list": ast.ListComp, "set": ast.SetComp, "generator": ast.GeneratorExp}[node.kind]
    return kind(_convert(node.element), generators)


def _fstring(node: ir.FString) -> ast.expr:
    parts = []
    for part in node.parts:
        if isinstance(part, ir.Const):
            parts.append(ast.Constant(part.value))
        else:
            value, conversion, spec = part
            shown = ast.JoinedStr([ast.Constant(spec)]) if spec else None
            parts.append(ast.FormattedValue(_convert(value), ord(conversion) if conversion else -1, shown))
    return ast.JoinedStr(parts)


def _convert(node: ir.Node) -> ast.AST:
    match node:
        case ir.Const(value) if isinstance(value, (int, float, complex)):
            return _number(value)
        case ir.Const(value):
            return ast.Constant(value)
        case ir.Name(name):
            return ast.Name(name)
        case ir.Ref(path):
            return ast.parse(LIBRARY[path], mode="eval").body
        case ir.Attr(base, name):
            return ast.Attribute(_convert(base), name)
        case ir.Index(base, items):
            found = _all(items)
            return ast.Subscript(_convert(base), found[0] if len(found) == 1 else ast.Tuple(found))
        case ir.Slice():
            return _slice(node)
        case ir.Unary(op, operand):
            return ast.UnaryOp(UNARY[op](), _convert(operand))
        case ir.Binary(op, left, right):
            return ast.BinOp(_convert(left), BINARY[op](), _convert(right))
        case ir.Compare(ops, items):
            return ast.Compare(_convert(items[0]), [COMPARE[op]() for op in ops], _all(items[1:]))
        case ir.BoolOp(op, items):
            return ast.BoolOp({"and": ast.And, "or": ast.Or}[op](), _all(items))
        case ir.IfExp(test, body, orelse):
            return ast.IfExp(_convert(test), _convert(body), _convert(orelse))
        case ir.Call(fn, args, kwargs):
            return ast.Call(_convert(fn), _all(args), [ast.keyword(key, _convert(value)) for key, value in kwargs])
        case ir.Tuple(items):
            return ast.Tuple(_all(items))
        case ir.List(items):
            return ast.List(_all(items))
        case ir.Dict(keys, values):
            return ast.Dict(_all(keys), _all(values))
        case ir.Lambda():
            return _lambda(node)
        case ir.Comprehension():
            return _comprehension(node)
        case ir.FString():
            return _fstring(node)
        case ir.Assign(target, value):
            return ast.Assign([_convert(target)], _convert(value))
        case ir.Augment(ir.Index(base, (ir.Const(whole),)), op, value) if whole is ...:  # printed as ``a += e``
            return _convert(ir.Augment(base, op, value))
        case ir.Augment(target, op, value):
            return ast.AugAssign(_convert(target), BINARY[op](), _convert(value))
        case ir.Return(value):
            return ast.Return(None if value is None else _convert(value))
        case ir.Do(value):
            return ast.Expr(_convert(value))
        case ir.Assert(test, message):
            return ast.Assert(_convert(test), None if message is None else _convert(message))
        case ir.If(test, body, orelse):
            return ast.If(_convert(test), _all(body), _all(orelse))
        case ir.While(test, body):
            return ast.While(_convert(test), _all(body), [])
        case ir.For(target, over, body):
            return ast.For(_convert(target), _convert(over), _all(body), [])
        case ir.Function():
            return _function(node)
    raise TypeError(node)
