"""The shape of an expression's text: how tightly it binds, and where it can break.

Works on expressions as displayed (see `emit_display`): no `Ref`, no negative literals.
"""

from __future__ import annotations

from srcad import ir

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
        case ir.Unary("not", operand) if precedence(operand) != LEVEL["**"]:
            return [(operand, level)]
        case ir.Unary(_, operand):
            return [(operand, LEVEL["number"])]  # a person writes -(x**2) and -(-x)
        case ir.IfExp(test, body, orelse):
            return [(body, level + 1), (test, level + 1), (orelse, level)]
        case ir.Attr(base) | ir.Index(base) | ir.Call(base):
            return [(base, LEVEL["postfix"])]
    return []


# ---- too long for its line ----


def layout_level(e: ir.Expr) -> int:
    """Precedence for breaking lines: `and` and `or` break together."""
    return LEVEL["or"] if isinstance(e, ir.BoolOp) else precedence(e)


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
    return optional_parentheses(base)


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
        case ir.Attr():
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
