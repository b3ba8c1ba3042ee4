"""Expressions as documents: precedence, parentheses, literals.

Works on expressions as displayed (see `emit_display`): no `Ref`, no negative literals. The places where a long
expression may break are those of Ruff's formatter, so that it leaves the text unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence

from srcad import ir
from srcad.emit_layout import SOFT, SPACE, Atom, Doc, Expandable, Group, IfBroken, Indent, Key, Line, flat

# ---- precedence: the one table ----

_LEVELS = (
    ("walrus",),
    ("lambda",),
    ("if",),
    ("or",),
    ("and",),
    ("not",),
    ("<", "<=", ">", ">=", "==", "!=", "is", "is not", "in", "not in"),
    ("|",),
    ("^",),
    ("&",),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "//", "%", "@"),
    ("unary",),
    ("**",),
    ("number",),
    ("postfix",),
    ("atom",),
)
LEVEL = {op: level for level, ops in enumerate(_LEVELS) for op in ops}
BARE = LEVEL["lambda"]  # what stands without parentheses as an argument, an item, a value


def precedence(e: ir.Expr) -> int:
    """How tightly the outermost operator of `e` binds."""
    match e:
        case ir.Binary(op) | ir.BoolOp(op):
            return LEVEL[op]
        case ir.Unary(op):
            return LEVEL["not" if op == "not" else "unary"]
        case ir.Compare():
            return LEVEL["<"]
        case ir.IfExp():
            return LEVEL["if"]
        case ir.Lambda():
            return LEVEL["lambda"]
        case ir.Walrus():
            return LEVEL["walrus"]
        case ir.Attr() | ir.Index() | ir.Call():
            return LEVEL["postfix"]
        case ir.Const(kind="int" | "float" | "complex"):
            return LEVEL["number"]
    return LEVEL["atom"]


def operands(e: ir.Expr) -> list[tuple[ir.Expr, int]]:
    """The operands of `e` that no bracket encloses, in order of text, each with the precedence it needs."""
    level = precedence(e)
    match e:
        case ir.Binary("**", left, right):
            return [(left, level + 1), (right, LEVEL["unary"])]
        case ir.Binary(_, left, right):
            return [(left, level), (right, level + 1)]
        case ir.BoolOp(_, items) | ir.Compare(_, items):
            return [(item, level + 1) for item in items]
        case ir.Unary("not", operand):
            return [(operand, level)]
        case ir.Unary(_, operand):
            return [(operand, LEVEL["number"])]  # a person writes -(x**2) and -(-x)
        case ir.IfExp(test, body, orelse):
            return [(body, level + 1), (test, level + 1), (orelse, level)]
        case ir.Attr(base) | ir.Index(base) | ir.Call(base):
            return [(base, LEVEL["postfix"])]
    return []


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
    doc = Group((left, Indent((SOFT, inner)), SOFT, right))
    return doc if at in (None, INSIDE) else Expandable(doc, at)


def commas(items: Sequence[Doc], single: bool = False) -> Doc:
    """Items on one line, or one a line with a trailing comma; `single` marks the 1-tuple."""
    docs: list[Doc] = []
    for item in items:
        docs += [",", SPACE, item] if docs else [item]
    return (*docs, "," if single else IfBroken(","))


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
            return _lambda(function, at)
        case ir.Slice():
            return _slice(e)
        case ir.FString():
            return fstring(e)
        case ir.Comprehension(kind):
            left, right = {"list": "[]", "generator": "()"}.get(kind, "{}")
            return bracket(left, comprehension(e), right, at)
    raise TypeError(f"not an expression: {e!r}")


def _flatten(e: ir.Expr, at: Key | None) -> list[Doc | tuple[str, int, bool]]:
    """Operands and (operator, level, hugged) in turn: all operators that no parentheses separate."""
    match e:
        case ir.Binary(op) | ir.BoolOp(op):
            ops: Sequence[str] = [op] * (len(operands(e)) - 1)
        case ir.Compare(ops):
            pass
    parts: list = []
    for k, (part, least) in enumerate(operands(e)):
        if k:
            hug = ops[0] == "**" and all(_is_simple(x) and precedence(x) >= p for x, p in operands(e))
            parts.append((ops[k - 1], layout_level(e), hug))
        if isinstance(part, (ir.Binary, ir.Compare, ir.BoolOp)) and precedence(part) >= least:
            parts += _flatten(part, at)
        else:
            parts.append(operand(part, least, at))
    return parts


def layout_level(e: ir.Expr) -> int:
    """Precedence for breaking lines: `and` and `or` break together."""
    return LEVEL["or"] if isinstance(e, ir.BoolOp) else precedence(e)


def _chain(parts: list, at: Key | None) -> Doc:
    """Break at the loosest operators first, each at the start of its line."""
    if len(parts) == 1:
        return parts[0]
    loosest = min(level for _, level, _ in parts[1::2])
    docs: list[Doc] = []
    start = 0
    for k in range(1, len(parts) + 1, 2):
        if k < len(parts) and parts[k][1] != loosest:
            continue
        run = parts[start:k]
        docs.append(run[0] if len(run) == 1 else _group(at, _chain(run, at)))
        if k < len(parts):
            op, _, hug = parts[k]
            docs += [_line(at, not hug), op, _if_broken(at, " ") if hug else " "]
        start = k + 1
    return tuple(docs)


def _if_broken(at: Key | None, text: str) -> Doc:
    if at is None:
        return ""
    return IfBroken(text) if at is INSIDE else IfBroken(text, key=at)


def _is_simple(e: ir.Expr) -> bool:
    """May `**` stand next to it without blanks?"""
    match e:
        case ir.Unary(op, inner):
            return op != "not" and _is_simple(inner)
        case ir.Attr(base):
            return _is_simple(base)
        case ir.Const(kind=kind):
            return kind != "str"
    return isinstance(e, ir.Name)


def _ternary(e: ir.Expr, at: Key | None) -> Doc:
    if not isinstance(e, ir.IfExp):
        return operand(e, LEVEL["if"], at)
    (body, above), (test, _), (orelse, _) = operands(e)
    line = _line(at)
    return (operand(body, above, at), line, "if ", operand(test, above, at), line, "else ", _ternary(orelse, at))


def _lambda(function: ir.Function, at: Key | None) -> Doc:
    params = ", ".join(flat(p) for p in parameters(function))
    body = function.body[0]
    assert isinstance(body, ir.Return) and body.value is not None, "a lambda is one return"
    return (
        ("lambda ", params, ": ", operand(body.value, BARE, at))
        if params
        else ("lambda: ", operand(body.value, BARE, at))
    )


def parameters(function: ir.Function) -> list[Doc]:
    """The parameters as in a signature, with the bare star where keyword-only ones need it."""
    docs: list[Doc] = []
    starred = False
    for p in function.params:
        if p.kind == "keyword" and not starred:
            docs.append("*")
        starred |= p.kind in ("keyword", "star")
        name = {"star": "*", "starstar": "**"}.get(p.kind, "") + p.name
        typed = f"{name}: {p.annotation}" if p.annotation else name
        docs.append(typed if p.default is None else (typed, " = " if p.annotation else "=", item(p.default)))
    return docs


# ---- attributes, subscripts, calls ----


def is_fluent(e: ir.Expr) -> bool:
    """A chain with at least two attributes after a call, a subscript or parentheses breaks before its dots."""
    dots = 0
    while isinstance(e, (ir.Attr, ir.Index, ir.Call)):
        [(base, least)] = operands(e)
        bracketed = precedence(base) < least
        if isinstance(e, ir.Attr) and (bracketed or isinstance(base, (ir.Call, ir.Index))):
            dots += 1
        if bracketed:
            break
        e = base
    return dots >= 2


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
        return ", ".join(flat(item(i)) for i in e.items)
    return document(e)


# ---- literals ----


def literal(value: object) -> str:
    match value:
        case str():
            return string(value)
        case complex():
            return f"{number(value.imag)}j"
        case float():
            return number(value)
        case _ if value is ...:
            return "..."
    return repr(value)


def number(value: float) -> str:
    """The shortest text that reads back as `value`: 2.0, 0.1, 1e-6."""
    mantissa, e, exponent = repr(float(value)).partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def string(value: str, quote: str = "") -> str:
    """A literal in double quotes; in single ones if that saves escapes, or as `quote` says."""
    quote = quote or ("'" if value.count('"') > value.count("'") else '"')
    body = "".join(c if c in "'\"" else repr(c)[1:-1] for c in value)
    return quote + body.replace(quote, "\\" + quote) + quote


def fstring(e: ir.FString) -> str:
    """Quotes inside are single, as Python before 3.12 wants them."""
    parts = []
    for part in e.parts:
        if isinstance(part, ir.Const):
            parts.append(string(part.value, '"')[1:-1].replace("{", "{{").replace("}", "}}"))
        else:
            value, conversion, spec = part
            text = flat(operand(value, LEVEL["if"], INSIDE)).replace('"', "'")
            parts.append("{" + " " * text.startswith("{") + text)
            parts.append((f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "") + "}")
    return 'f"' + "".join(parts) + '"'


# ---- a whole expression in a statement ----


def bare(e: ir.Expr) -> Doc:
    """An expression on its own, where it may not break outside brackets."""
    if isinstance(e, ir.Tuple) and len(e.items) > 1:
        return comma_line([item(i) for i in e.items])
    return document(e, None)


def comma_line(docs: Sequence[Doc]) -> Doc:
    return tuple(part for doc in docs for part in (", ", doc))[1:]


def value(e: ir.Expr) -> Doc:
    """An expression that may get parentheses if it is too long for its line."""
    if isinstance(e, ir.Tuple) and len(e.items) > 1:
        return in_parentheses_if_broken(commas([item(i) for i in e.items]))
    match optional_parentheses(e):
        case "never":
            return document(e, None)
        case "atom":
            return Atom(document(e, None))
    if not breaks_in_brackets(e):
        return in_parentheses_if_broken(document(e, INSIDE))
    key = Key()
    return Group((IfBroken("("), Indent((SOFT, document(e, key)), when=key), SOFT, IfBroken(")")), key)


def in_parentheses_if_broken(doc: Doc) -> Doc:
    return Group((IfBroken("("), Indent((SOFT, doc)), SOFT, IfBroken(")")))


def optional_parentheses(e: ir.Expr) -> str:
    """What becomes of an expression that is too long: "never", "atom" (if that helps) or "multiline"."""
    match e:
        case ir.Name() | ir.Const() | ir.FString():
            return "atom"
        case ir.Tuple() | ir.List() | ir.Dict() | ir.Comprehension() | ir.Slice():
            return "never"
        case ir.Unary() | ir.Attr() | ir.Index() | ir.Call():
            return _inherited_parentheses(e)
    return "multiline"


def _inherited_parentheses(e: ir.Expr) -> str:
    [(base, least)] = operands(e)
    if is_fluent(e):
        return "multiline"
    if precedence(base) < least:
        return "never"
    inner = optional_parentheses(base)
    keeps = isinstance(e, ir.Unary) or isinstance(e, ir.Attr) and isinstance(base, ir.Name)
    return "never" if inner == "atom" and not keeps else inner


def breaks_in_brackets(e: ir.Expr) -> bool:
    """Can a long `e` do without parentheses of its own, because it breaks well inside the brackets it has?"""
    loosest, count, bracketed = _survey(e)
    if not bracketed or count > 1:
        return False
    if loosest > LEVEL["postfix"]:
        return True
    return any(_breaks(end) for end in (_edge(e, 0), _edge(e, -1)))


def _survey(e: ir.Expr) -> tuple[int, int, bool]:
    """The loosest operator outside brackets, how often it occurs, and whether there are brackets."""
    match e:
        case ir.List() | ir.Tuple() | ir.Dict() | ir.Comprehension():
            return LEVEL["atom"] + 1, 0, True
    found: list[tuple[int, int]] = []
    bracketed = isinstance(e, (ir.Call, ir.Index))
    match e:
        case ir.Binary() | ir.Compare() | ir.BoolOp():
            found.append((layout_level(e), len(operands(e)) - 1))
        case ir.IfExp():
            found.append((LEVEL["if"], 2))
        case ir.Unary("~"):
            found.append((LEVEL["unary"], 1))
        case ir.Attr(base) if precedence(base) >= LEVEL["postfix"]:
            found.append((LEVEL["postfix"], 1))
    for inner, least in operands(e):
        if precedence(inner) < least:
            bracketed = True
        else:
            level, count, has = _survey(inner)
            found.append((level, count))
            bracketed |= has
    loosest = min((level for level, _ in found), default=LEVEL["atom"] + 1)
    return loosest, sum(count for level, count in found if level == loosest), bracketed


def _edge(e: ir.Expr, end: int) -> tuple[ir.Expr, bool] | None:
    """The first (0) or last (-1) operand of `e` and whether it is in parentheses; None if a token comes first."""
    if end == 0 and isinstance(e, (ir.Unary, ir.Lambda, ir.Starred)):
        return None
    if end == -1 and isinstance(e, (ir.Call, ir.Index, ir.Attr)):
        return e, False
    inner = operands(e)
    if not inner:
        return e, False
    part, least = inner[end]
    return (part, True) if precedence(part) < least else _edge(part, end)


def _breaks(edge: tuple[ir.Expr, bool] | None) -> bool:
    if edge is None:
        return False
    e, in_parentheses = edge
    match e:
        case ir.Index():
            return False
        case ir.Call(_, args, kwargs):
            return in_parentheses or bool(args or kwargs)
        case ir.Tuple(items) | ir.List(items) | ir.Dict(items):
            return in_parentheses or bool(items)
    return in_parentheses or isinstance(e, ir.Comprehension)
