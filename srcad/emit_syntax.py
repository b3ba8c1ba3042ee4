"""Expressions as documents: precedence, parentheses, literals.

Works on expressions as displayed (see `emit_display`): no `Ref`, no negative literals. The places where a long
expression may break are those of Ruff's formatter, so that it leaves the text unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from srcad import ir
from srcad.emit_layout import SOFT, SPACE, Atom, Choice, Doc, Expandable, Group, IfBroken, Indent, Key, Line, flat
from srcad.emit_literals import literal, string
from srcad.emit_shape import (
    BARE,
    LEVEL,
    breaks_in_brackets,
    is_fluent,
    layout_level,
    operands,
    optional_parentheses,
    precedence,
)

# ---- where we stand: outside brackets (None), inside (INSIDE), or in the optional parentheses of a group ----

INSIDE = Key()


def _line(at: Key | None, space: bool = True) -> Doc:
    """A place to break if brackets, or optional parentheses that are shown, enclose it."""
    here = " " if space else ""
    if at is None:
        return here
    return Line(space) if at is INSIDE else IfBroken(Line(space), here, at)


def _group(at: Key | None, doc: Doc) -> Doc:
    if at is None:
        return doc
    return Group(doc) if at is INSIDE else Group(doc, only_if=at)


def bracket(left: str, inner: Doc, right: str, at: Key | None = INSIDE) -> Doc:
    doc = Group((Indent((SOFT, inner)), SOFT))
    return (left, doc if at is None or at is INSIDE else Expandable(doc, at), right)


def commas(items: Sequence[Doc], single: bool = False) -> Doc:
    """Items on one line, or one a line with a trailing comma; `single` marks the 1-tuple."""
    docs: list[Doc] = []
    for item in items:
        docs += [",", SPACE, item] if docs else [item]
    return (*docs, "," if single else IfBroken(",") if len(items) > 1 else "")


# ---- expressions ----


def operand(e: ir.Expr, least: int, at: Key | None) -> Doc:
    """`e`, in parentheses if it binds looser than `least`."""
    return document(e, at) if precedence(e) >= least else bracket("(", document(e), ")", at)


def item(e: ir.Expr) -> Doc:
    """`e` as an argument or an item of a container."""
    return operand(e, BARE, INSIDE)


def document(e: ir.Expr, at: Key | None = INSIDE) -> Doc:
    match e:
        case ir.Const():
            return literal(e.value)
        case ir.Name(name):
            return name
        case ir.Unary(op):
            return (op + " " * (op == "not"), operand(*operands(e)[0], at))
        case ir.Binary() | ir.Compare() | ir.BoolOp():
            return _group(at, _chain(_flatten(e, at), at))
        case ir.IfExp():
            return _group(at, _ternary(e, at))
        case ir.Attr() | ir.Index() | ir.Call():
            doc = _postfix(e, at, fluent := is_fluent(e))
            return Group(doc) if fluent else doc
        case ir.Tuple(items):
            return bracket("(", commas([item(i) for i in items], len(items) == 1), ")", at) if items else "()"
        case ir.List(items):
            return bracket("[", commas([item(i) for i in items]), "]", at) if items else "[]"
        case ir.Dict(keys, values):
            pairs = [
                ("**", item(v)) if k is None else (item(k), ": ", item(v)) for k, v in zip(keys, values, strict=True)
            ]
            return bracket("{", commas(pairs), "}", at) if pairs else "{}"
        case ir.Starred(value):
            return ("*", operand(value, LEVEL["|"], at))
        case ir.Walrus(target, value):
            return (target.id, " := ", item(value))
        case ir.Lambda(function):
            return _lambda(function)
        case ir.Slice():
            return _slice(e)
        case ir.FString():
            return fstring(e)
        case ir.Comprehension(kind):
            brackets = {"list": "[]", "generator": "()"}.get(kind, "{}")
            return bracket(brackets[0], comprehension(e), brackets[1], at)
    raise TypeError(f"not an expression: {e!r}")


@dataclass(frozen=True)
class _Operator:
    text: str
    level: int
    hugged: bool


def _flatten(e: ir.Binary | ir.Compare | ir.BoolOp, at: Key | None) -> list[Doc | _Operator]:
    """Operands and operators in turn: all that no parentheses separate."""
    inner = operands(e)
    texts = e.ops if isinstance(e, ir.Compare) else (e.op,) * (len(inner) - 1)
    hugged = texts[0] == "**" and all(_is_simple(part) and precedence(part) >= least for part, least in inner)
    parts: list[Doc | _Operator] = []
    for k, (part, least) in enumerate(inner):
        if k:
            parts.append(_Operator(texts[k - 1], layout_level(e), hugged))
        if isinstance(part, (ir.Binary, ir.Compare, ir.BoolOp)) and precedence(part) >= least:
            parts += _flatten(part, at)
        else:
            parts.append(operand(part, least, at))
    return parts


def _chain(parts: Sequence[Doc | _Operator], at: Key | None) -> Doc:
    """Break at the loosest operators first, each at the start of its line."""
    loosest = min(part.level for part in parts if isinstance(part, _Operator))
    docs: list[Doc] = []
    run: list[Doc | _Operator] = []
    for part in parts:
        if isinstance(part, _Operator) and part.level == loosest:
            docs += [_run(run, at), _line(at, not part.hugged), part.text, _blank(part, at)]
            run = []
        else:
            run.append(part)
    return (*docs, _run(run, at))


def _run(parts: Sequence[Doc | _Operator], at: Key | None) -> Doc:
    """What stands between two of the loosest operators."""
    if len(parts) > 1:
        return _group(at, _chain(parts, at))
    assert not isinstance(parts[0], _Operator)
    return parts[0]


def _blank(operator: _Operator, at: Key | None) -> Doc:
    """What follows an operator; `**` hugs its operand unless it starts a line."""
    if not operator.hugged:
        return " "
    return "" if at is None else IfBroken(" ", key=None if at is INSIDE else at)


def _is_simple(e: ir.Expr) -> bool:
    """May `**` stand next to it without blanks?"""
    match e:
        case ir.Unary(op, inner):
            return op != "not" and _is_simple(inner)
        case ir.Attr(base):
            return _is_simple(base)
        case ir.Const(kind=kind):
            return kind in ("int", "float", "complex", "bool", "NoneType")
    return isinstance(e, ir.Name)


def _ternary(e: ir.Expr, at: Key | None) -> Doc:
    if not isinstance(e, ir.IfExp):
        return operand(e, LEVEL["if"], at)
    (body, above), (test, _), (orelse, _) = operands(e)
    line = _line(at)
    return (operand(body, above, at), line, "if ", operand(test, above, at), line, "else ", _ternary(orelse, at))


def _lambda(function: ir.Function) -> Doc:
    params = ", ".join(flat(p) for p in parameters(function))
    body = function.body[0]
    assert isinstance(body, ir.Return) and body.value is not None, "a lambda is one return"
    return (f"lambda {params}: " if params else "lambda: ", _lambda_body(body.value))


def _lambda_body(e: ir.Expr) -> Doc:
    if isinstance(e, (ir.Call, ir.Index)) and not is_fluent(e):
        doc = document(e, None)
        return Choice((Group(doc), Group(doc, always_broken=True), in_parentheses_if_broken(document(e))))
    brackets = isinstance(e, (ir.Tuple, ir.List, ir.Dict, ir.Comprehension))
    return document(e, None) if brackets else in_parentheses_if_broken(document(e))


def parameters(function: ir.Function) -> list[Doc]:
    """The parameters as in a signature, with the slash and the bare star that some kinds of them need."""
    docs: list[Doc] = []
    starred = False
    nameless = sum(p.nameless for p in function.params)
    for k, p in enumerate(function.params):
        if k == nameless and nameless:
            docs.append("/")
        if p.kind == "keyword" and not starred:
            docs.append("*")
        starred |= p.kind in ("keyword", "star")
        name = {"star": "*", "starstar": "**"}.get(p.kind, "") + p.name
        typed = f"{name}: {p.annotation}" if p.annotation else name
        docs.append(typed if p.default is None else (typed, " = " if p.annotation else "=", item(p.default)))
    return [*docs, "/"] if nameless and nameless == len(function.params) else docs


# ---- attributes, subscripts, calls ----


def _postfix(e: ir.Expr, at: Key | None, fluent: bool) -> Doc:
    [(base, least)] = operands(e)
    chained = isinstance(base, (ir.Attr, ir.Index, ir.Call))
    inner = _postfix(base, at, fluent) if chained else operand(base, least, at)
    match e:
        case ir.Attr(_, name):
            breaks = fluent and (isinstance(base, (ir.Call, ir.Index)) or precedence(base) < least)
            return (inner, _line(at, space=False) if breaks else "", ".", name)
        case ir.Index(_, items):
            return (inner, bracket("[", subscript(items), "]", at))
        case ir.Call(_, args, kwargs):
            return (inner, bracket("(", arguments(args, kwargs), ")", at) if args or kwargs else "()")
    raise TypeError(f"not a postfix expression: {e!r}")


def arguments(args: Sequence[ir.Expr], kwargs: Sequence[tuple[str | None, ir.Expr]]) -> Doc:
    if len(args) == 1 and not kwargs and isinstance(args[0], ir.Comprehension) and args[0].kind == "generator":
        return comprehension(args[0])
    docs = [item(a) for a in args]
    docs += [(f"{key}=" if key else "**", item(value)) for key, value in kwargs]
    return Group(commas(docs))


def subscript(items: Sequence[ir.Expr]) -> Doc:
    docs = [item(i) for i in items]
    return docs[0] if len(docs) == 1 and not isinstance(items[0], ir.Starred) else Group(commas(docs, len(docs) == 1))


def _slice(e: ir.Slice) -> Doc:
    bounds = (e.lower, e.upper, e.step)
    simple = all(b is None or _is_plain(b) for b in bounds)
    lower, upper, step = ["" if b is None else item(b) for b in bounds]
    before = "" if simple or not lower else " "
    between = "" if simple or not upper else " "
    docs: list[Doc] = [lower, before, ":", between, upper]
    if step:
        docs += [between, ":", "" if simple else " ", step]
    return tuple(docs)


def _is_plain(e: ir.Expr) -> bool:
    return isinstance(e, (ir.Name, ir.Const)) or isinstance(e, ir.Unary) and e.op != "not" and _is_plain(e.operand)


def comprehension(e: ir.Comprehension) -> Doc:
    """What stands between the brackets of a comprehension."""
    if e.kind == "dict" and isinstance(e.element, ir.Tuple):
        key, value = e.element.items
        element: Doc = (item(key), ": ", item(value))
    else:
        element = item(e.element)
    docs: list[Doc] = [Group(element)]
    for g in e.generators:
        docs += [SPACE, Group(("for ", Group(target(g.target)), " in ", Group(operand(g.iter, LEVEL["or"], INSIDE))))]
        docs += [(SPACE, "if ", operand(test, LEVEL["or"], INSIDE)) for test in g.tests]
    return Group(tuple(docs))


def target(e: ir.Expr) -> Doc:
    """What a `for` assigns to: a tuple stands without parentheses."""
    if isinstance(e, ir.Tuple) and len(e.items) > 1:
        return comma_line([item(i) for i in e.items])
    return document(e)


def fstring(e: ir.FString) -> str:
    """Quotes inside are single, as Python before 3.12 wants them."""
    parts = []
    for part in e.parts:
        if isinstance(part, ir.Const):
            parts.append(string(part.value, '"')[1:-1].replace("{", "{{").replace("}", "}}"))
        else:
            inner, conversion, spec = part
            text = flat(operand(ir.transform(inner, _single_quoted), LEVEL["if"], INSIDE))
            tail = (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
            parts.append("{" + " " * text.startswith("{") + text + tail + "}")
    return 'f"' + "".join(parts) + '"'


def _single_quoted(e: ir.Expr) -> ir.Expr:
    return ir.Name(string(e.value, "'")) if isinstance(e, ir.Const) and isinstance(e.value, str) else e


# ---- a whole expression in a statement ----


def bare(e: ir.Expr) -> Doc:
    """An expression on its own, where it may not break outside brackets."""
    if isinstance(e, ir.Tuple) and len(e.items) > 1:
        return comma_line([item(i) for i in e.items])
    return document(e, None)


def comma_line(docs: Sequence[Doc]) -> Doc:
    return tuple(part for doc in docs for part in (", ", doc))[1:]


def value(e: ir.Expr) -> Doc:
    """As `condition`, for what may be a tuple without parentheses."""
    if isinstance(e, ir.Tuple) and len(e.items) > 1:
        return in_parentheses_if_broken(commas([item(i) for i in e.items]))
    return condition(e)


def condition(e: ir.Expr) -> Doc:
    """An expression that may get parentheses if it is too long for its line."""
    match optional_parentheses(e):
        case "never":
            return document(e, None)
        case "atom":
            return Atom(document(e, key := Key()), key)
    if not breaks_in_brackets(e):
        return in_parentheses_if_broken(document(e, INSIDE))
    key = Key()
    return Group((IfBroken("("), Indent((SOFT, document(e, key)), when=key), SOFT, IfBroken(")")), key)


def returned(e: ir.Expr) -> Doc:
    """``return e``."""
    return _rather_split(("return ",), e) if isinstance(e, ir.Lambda) else ("return ", value(e))


def assignment(left: ir.Expr, op: str, right: ir.Expr) -> Doc:
    """``left = right``, or with another `op`. Where both could break, the right side does."""
    start = (value(left) if isinstance(left, ir.Tuple) else document(left, None), op)
    splits = isinstance(left, (ir.Index, ir.Tuple)) and not isinstance(right, ir.Unary)
    if isinstance(right, ir.Lambda) or splits and optional_parentheses(right) == "atom":
        return _rather_split(start, right)
    return (*start, value(right))


def _rather_split(start: tuple[Doc, ...], right: ir.Expr) -> Doc:
    """The right side breaks inside its own brackets, or goes into parentheses; if all fails, `start` breaks."""
    key = Key()
    doc = document(right, key)
    one_line = (*start, Group(doc, key))
    inside = (*start, Group(doc, key, always_broken=True))
    below = (*start, "(", Group((Indent((SOFT, doc)), SOFT), key, always_broken=True), ")")
    before = (*start, document(right, None))
    brackets = isinstance(right, (ir.Call, ir.Index, ir.Attr, ir.Lambda))
    return Choice((one_line, inside, below, before) if brackets else (one_line, below, before))


def message(e: ir.Expr) -> Doc:
    """As `condition`, but rather in parentheses than broken inside its own."""
    return document(e, None) if optional_parentheses(e) == "never" else in_parentheses_if_broken(document(e))


def in_parentheses_if_broken(doc: Doc) -> Doc:
    return Group((IfBroken("("), Indent((SOFT, doc)), SOFT, IfBroken(")")))
