"""Text to surface IR: every statement and expression, their places, Python's scoping, and what is refused."""

from __future__ import annotations

import ast
import inspect
import pickle
import pkgutil
import sys
import time
import traceback
import types
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from srcad import Unsupported, ir, scope

N = ir.Name
C = ir.Const


def parse(text: str, name: str = "f") -> ir.Function:
    """A function of a text."""
    return scope.from_file(text, name).function


def body(statements: str, params: str = "x, y, z") -> tuple[Any, ...]:
    """The body of a function of these statements."""
    lines = "\n".join("    " + line for line in statements.splitlines())
    return parse(f"import numpy as np\ndef f({params}):\n{lines}\n").body


def value(expression: str) -> Any:
    """An expression of x, y, z."""
    return body(f"return {expression}")[0].value


# ---- expressions ----


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("1", C(1)), ("1.5e3", C(1500.0)), ("2j", C(2j)), ("True", C(True)), ("None", C(None)), ("...", C(...)),
        ("'a' 'b'", C("ab")), ("0x1f", C(31)), ("1_000", C(1000)), ("r'\\d'", C("\\d")),
        ("x", N("x")), ("-x", ir.Unary("-", N("x"))), ("not x", ir.Unary("not", N("x"))), ("~x", ir.Unary("~", N("x"))),
        ("x + y * z", ir.Binary("+", N("x"), ir.Binary("*", N("y"), N("z")))),
        ("(x + y) * z", ir.Binary("*", ir.Binary("+", N("x"), N("y")), N("z"))),
        ("-x ** 2", ir.Unary("-", ir.Binary("**", N("x"), C(2)))),
        ("x @ y", ir.Binary("@", N("x"), N("y"))),
        ("x // y % z", ir.Binary("%", ir.Binary("//", N("x"), N("y")), N("z"))),
        ("x << 1 | y & z ^ 1", ir.Binary("|", ir.Binary("<<", N("x"), C(1)),
                                         ir.Binary("^", ir.Binary("&", N("y"), N("z")), C(1)))),
        ("x < y <= z", ir.Compare(("<", "<="), (N("x"), N("y"), N("z")))),
        ("x is not None", ir.Compare(("is not",), (N("x"), C(None)))),
        ("x not in y", ir.Compare(("not in",), (N("x"), N("y")))),
        ("x and y and z", ir.BoolOp("and", (N("x"), N("y"), N("z")))),
        ("x or y and z", ir.BoolOp("or", (N("x"), ir.BoolOp("and", (N("y"), N("z")))))),
        ("x if y else z", ir.IfExp(N("y"), N("x"), N("z"))),
        ("x.shape", ir.Attr(N("x"), "shape")),
        ("x.T.shape[0]", ir.Index(ir.Attr(ir.Attr(N("x"), "T"), "shape"), (C(0),))),
        ("x[1:, ::2, None, ...]",
         ir.Index(N("x"), (ir.Slice(C(1), None), ir.Slice(None, None, C(2)), C(None), C(...)))),
        ("x[y, z]", ir.Index(N("x"), (N("y"), N("z")))), ("x[(y, z)]", ir.Index(N("x"), (N("y"), N("z")))),
        ("x[y,]", ir.Index(N("x"), (ir.Tuple((N("y"),)),))),
        ("x(y, *z, k=1, **y)", ir.Call(N("x"), (N("y"), ir.Starred(N("z"))), (("k", C(1)), (None, N("y"))))),
        ("(x, *y)", ir.Tuple((N("x"), ir.Starred(N("y"))))), ("()", ir.Tuple(())),
        ("[x, y]", ir.List((N("x"), N("y")))),
        ("{x: y, **z}", ir.Dict((N("x"), None), (N("y"), N("z")))),
        ("{x, y}", ir.Call(ir.Ref("builtins.set"), (ir.List((N("x"), N("y"))),))),
        ("f'a{{{x!r:>8}}} {y}'", ir.FString((C("a{"), (N("x"), "r", ">8"), C("} "), (N("y"), None, None)))),
        ("f'{x = }'", ir.FString((C("x = "), (N("x"), "r", None)))),
        ("'a' f'{x}'", ir.FString((C("a"), (N("x"), None, None)))),
        ("np.linalg.inv(x)", ir.call("numpy.linalg.inv", N("x"))),
    ],
)  # fmt: skip
def test_expressions(text: str, node: Any) -> None:
    assert value(text) == node


def test_kinds_of_numbers_stay_apart() -> None:
    assert value("1") != value("1.0") != value("True")


def test_lambdas() -> None:
    made = value("lambda a, b=x: a * y + b").function
    assert made.name == "<lambda>" and made.free == ("y",)
    assert made.params == (ir.Param("a"), ir.Param("b", default=N("x")))
    assert made.body == (ir.Return(ir.Binary("+", ir.Binary("*", N("a"), N("y")), N("b"))),)


def test_comprehensions() -> None:
    made = value("[a * b for a in x if a > 0 if y for b in a]")
    assert made.kind == "list" and [g.target for g in made.generators] == [N("a"), N("b")]
    assert len(made.generators[0].tests) == 2 and made.generators[1].iter == N("a")
    assert value("{a: b for a, b in x}").element == ir.Tuple((N("a"), N("b")))
    assert value("{a for a in x}").kind == "set" and value("sum(a for a in x)").args[0].kind == "generator"


# ---- statements ----


def test_assignments() -> None:
    assert body("a = x") == (ir.Assign(N("a"), N("x")),)
    assert body("a: float = x") == (ir.Assign(N("a"), N("x"), "float"),)
    assert body("a: float\na = x") == (ir.Assign(N("a"), N("x")),)
    assert body("a, (b, *c) = x") == (ir.Assign(ir.Tuple((N("a"), ir.Tuple((N("b"), ir.Starred(N("c")))))), N("x")),)
    assert body("x[0] = x.w = y") == (
        ir.Assign(N("value"), N("y")),
        ir.Assign(ir.Index(N("x"), (C(0),)), N("value")),
        ir.Assign(ir.Attr(N("x"), "w"), N("value")),
    )
    assert body("a = b = x") == (ir.Assign(N("a"), N("x")), ir.Assign(N("b"), N("a")))
    assert body("x[0] @= y") == (ir.Augment(ir.Index(N("x"), (C(0),)), "@", N("y")),)
    assert body("x **= 2; y >>= 1") == (ir.Augment(N("x"), "**", C(2)), ir.Augment(N("y"), ">>", C(1)))


def test_a_fresh_name_clashes_with_nothing() -> None:
    assert body("value = 1\nx[0] = y[0] = z")[1].target == N("value_")


def test_control_flow() -> None:
    loop, rest = body("for i, a in x:\n    if a: break\n    continue\nelse:\n    y = 1\nwhile y: y -= 1")
    assert loop.target == ir.Tuple((N("i"), N("a"))) and loop.orelse == (ir.Assign(N("y"), C(1)),)
    assert loop.body == (ir.If(N("a"), (ir.Break(),)), ir.Continue())
    assert rest == ir.While(N("y"), (ir.Augment(N("y"), "-", C(1)),))
    (chain,) = body("if x: return y\nelif y: return z\nelse: return")
    assert chain.orelse[0].orelse == (ir.Return(None),)


def test_effects_and_refusals_of_the_users_own() -> None:
    made = body("print(x)\nassert x > 0, 'positive'\nraise ValueError(f'{x}') from y")
    assert made[0] == ir.Do(ir.call("builtins.print", N("x")))
    assert isinstance(made[1], ir.Assert) and made[1].msg == C("positive")
    assert made[2].cause == N("y") and made[2].exc.fn == ir.Ref("builtins.ValueError")


def test_with_and_try() -> None:
    (made,) = body("with np.errstate(all='ignore'), x as (a, b):\n    y = a")
    assert made.items[0] == (ir.call("numpy.errstate", all=C("ignore")), None) and made.items[1][1] == ir.Tuple(
        (N("a"), N("b"))
    )
    (made,) = body(
        "try:\n    a = 1\nexcept (ValueError, KeyError) as e:\n    a = e\n"
        "except:\n    raise\nelse: z = 1\nfinally: y = 1"
    )
    assert [h.name for h in made.handlers] == ["e", None] and made.handlers[1].body == (ir.Raise(None),)
    assert made.orelse and made.final and made.handlers[0].body == (ir.Assign(N("a"), N("e")),)


def test_nothing_is_left_of_what_does_nothing() -> None:
    assert body("pass\n'text'\n...\na = 1\ndel a, x\nimport math") == (ir.Assign(N("a"), C(1)),)


def test_docstrings_and_hints() -> None:
    f = parse(
        'def f(x: "np.ndarray", y: int = 3, /, *a: int, k: dict[str, int] = None, **kw) -> float:\n'
        '    """Doc."""\n    return x\n'
    )
    assert f.doc == "Doc." and len(f.body) == 1
    assert [(p.name, p.kind, p.annotation) for p in f.params] == [
        ("x", "positional", '"np.ndarray"'), ("y", "positional", "int"), ("a", "star", "int"),
        ("k", "keyword", "dict[str, int]"), ("kw", "starstar", None),
    ]  # fmt: skip
    assert f.params[1].default == C(3) and f.params[3].default == C(None)


def test_imports_inside_a_function() -> None:
    made = body("import numpy.linalg as la, math\nfrom numpy import sin as s\nreturn la.inv(x) + math.pi + s(y)")
    assert {n.path for n in ir.walk(made) if isinstance(n, ir.Ref)} == {"numpy.linalg.inv", "math.pi", "numpy.sin"}
    assert len(made) == 1


def test_decorators_of_nested_functions() -> None:
    define, apply, _ = body("@x\ndef g(a): return a\nreturn g(y)")
    assert isinstance(define, ir.Define) and apply == ir.Assign(N("g"), ir.Call(N("x"), (N("g"),)))
    made = body("import functools\n@functools.lru_cache(maxsize=2)\n@functools.cache\ndef g(a): return a\nreturn g(y)")
    assert [type(s) for s in made] == [ir.Define, ir.Return]


# ---- scoping ----


def test_comprehension_variables_are_their_own() -> None:
    made = body("i = 3\na = [i * j for i in x for j in y]\nb = [j for j in z]\nreturn i")
    first, second = made[1].value, made[2].value
    assert first.element == ir.Binary("*", N("i_"), N("j")) and first.generators[0].target == N("i_")
    assert second.element == N("j") and made[3].value == N("i")


def test_the_first_iterable_belongs_to_the_scope_around() -> None:
    made = value("[x for x in x]")
    assert made.generators[0].iter == N("x") and made.generators[0].target == N("x_") == made.element


def test_nested_comprehensions() -> None:
    made = value("[[a for a in b] for b in x for a in b]")
    assert made.generators[1].target == N("a") and made.element.element == made.element.generators[0].target == N("a_")


def test_a_walrus_in_a_comprehension_binds_outside() -> None:
    made = body("a = [(last := i) for i in x]\nreturn last")
    assert made[1].value == N("last") and made[0].value.element.target == N("last")


def test_free_names_of_nested_functions() -> None:
    g = body("k = 1\ndef g(a):\n    def h(): return a + k + x\n    return h()\nreturn g(2)")[1].function
    assert g.free == ("k", "x") and g.body[0].function.free == ("a", "k", "x")


def test_nested_functions_have_names_of_their_own() -> None:
    define = body("def g(a):\n    x = a\n    return x\nreturn g(x)")[0]
    assert define.function.free == ()


def test_nonlocal_of_a_function_that_is_parsed_too() -> None:
    g = body("k = 1\ndef g():\n    nonlocal k\n    k += x\ng()\nreturn k")[1].function
    assert g.body == (ir.Nonlocal(("k",)), ir.Augment(N("k"), "+", N("x"))) and set(g.free) == {"k", "x"}


def test_a_local_hides_a_global_and_a_builtin() -> None:
    made = parse("k = 1\ndef f(x):\n    sum = x\n    k = sum\n    return k\n").body
    assert not [n for n in ir.walk(made) if isinstance(n, ir.Ref)]


# ---- places ----


def test_compound_statements_are_placed_by_their_head() -> None:
    made = body(
        "for i in range(3):  # a: b\n    x = i\nwhile (x <\n       y):\n    x += 1\n"
        "if x: y = {1: 2}\nwith np.errstate(): pass"
    )
    assert [s.loc.text for s in made] == ["for i in range(3):", "while (x < y):", "if x:", "with np.errstate():"]


def test_places_in_the_file() -> None:
    text = "class A:\n    def m(self, größe):\n\tif größe: return  größe * (self.w +\n\t\t 1)\n".replace(
        "\t", "        "
    )
    made = parse(text, "A.m").body[0].body[0]  # type: ignore[union-attr]
    loc = made.value.loc
    assert (loc.line, loc.col, loc.end_line, loc.end_col) == (3, 26, 4, 19)
    assert loc.text == "größe * (self.w + 1)"


def test_tabs_and_carriage_returns() -> None:
    made = parse("class A:\r\n\tdef m(self):\r\n\t\treturn self.w\r\n", "A.m").body[0]
    assert made.loc is not None and (made.loc.line, made.loc.col, made.loc.text) == (3, 2, "return self.w")


def _programs() -> Iterator[Any]:
    package = import_module("tests.programs")
    for info in pkgutil.iter_modules(package.__path__):
        if not info.name.startswith("test"):
            module = import_module(f"tests.programs.{info.name}")
            yield from (
                f
                for f in vars(module).values()
                if isinstance(f, types.FunctionType) and f.__code__.co_filename == module.__file__
            )


_KINDS: dict[type, tuple[type, ...]] = {
    ir.Binary: (ast.BinOp,), ir.Unary: (ast.UnaryOp,), ir.Compare: (ast.Compare,), ir.BoolOp: (ast.BoolOp,),
    ir.IfExp: (ast.IfExp,), ir.Call: (ast.Call,), ir.Attr: (ast.Attribute,), ir.Index: (ast.Subscript,),
    ir.Slice: (ast.Slice,), ir.Tuple: (ast.Tuple, ast.Set), ir.List: (ast.List,), ir.Dict: (ast.Dict,),  # k in {1, 2}
    ir.Lambda: (ast.Lambda,),
    ir.Comprehension: (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp), ir.Const: (ast.Constant,),
    ir.Name: (ast.Name,), ir.Return: (ast.Return,), ir.Assign: (ast.Assign, ast.AnnAssign),
    ir.Augment: (ast.AugAssign,),
    ir.Do: (ast.Expr,), ir.Raise: (ast.Raise,), ir.Assert: (ast.Assert,), ir.Break: (ast.Break,),
    ir.FString: (ast.JoinedStr,),
}  # fmt: skip
_HEADS = (ast.For, ast.While, ast.If, ast.With, ast.Try, ast.FunctionDef)


def _ast_places(f: types.FunctionType) -> dict[type, set[tuple[int, ...]]]:
    """The places of IR nodes by kind, as Python's own parser gives them; the corpus is ASCII."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(f)))  # type: ignore[arg-type]
    places: dict[type, set[tuple[int, ...]]] = {}
    for node in ast.walk(tree):
        if hasattr(node, "lineno"):
            place = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]
            places.setdefault(type(node), set()).add(place)
    heads = {place[:2] for kind in _HEADS for place in places.get(kind, ())}
    return {k: {p for kind in kinds for p in places.get(kind, ())} for k, kinds in _KINDS.items()} | {ir.If: heads}


def _unplaced(function: ir.Function) -> Iterator[int]:
    """What Python gives no place to: inside f-strings (before 3.12), the pair of a dict comprehension, patterns."""
    for node in ir.walk(function.body):
        if isinstance(node, ir.FString):
            yield from (id(n) for n in ir.walk(node) if n is not node)
        elif isinstance(node, ir.Comprehension) and node.kind == "dict":
            yield id(node.element)
        elif isinstance(node, ir.For) and node.loc and node.loc.text.startswith("yield from"):
            yield from map(id, (node, node.target, *ir.walk(node.body)))  # a loop that Python's parser does not know of
        elif isinstance(node, ir.Case):
            yield from (id(n) for part in (node.test, *(v for _, v in node.bindings)) for n in ir.walk(part))


def test_places_agree_with_pythons_own_parser() -> None:
    tables: dict[str, Any] = {}
    seen = 0
    for f in _programs():
        try:
            function = scope.from_live(f).function
        except Unsupported:
            continue
        places = tables.get(f.__module__) or tables.setdefault(f.__module__, _ast_places(f))
        unplaced = set(_unplaced(function))
        for node in ir.walk(function.body):
            if id(node) in unplaced:
                continue
            loc = getattr(node, "loc", None)
            if isinstance(node, (ir.For, ir.While, ir.If, ir.With, ir.Try, ir.Define)):
                assert (loc.line, loc.col) in places[ir.If], (f, node)
            elif type(node) in _KINDS and loc is not None:
                lambda_value = isinstance(node, ir.Return) and node.value is not None and node.loc == node.value.loc
                bare = isinstance(node, ir.Comprehension) and node.kind == "generator" and not loc.text.startswith("(")
                if node == ir.Const(None) or lambda_value or bare or loc.text.startswith("@"):
                    continue  # numpy.newaxis is an attribute; f(x for x in y); a decorator is applied by an assignment
                assert (loc.line, loc.col, loc.end_line, loc.end_col) in places[type(node)], (f, node, loc)
                seen += 1
    assert seen > 2000


def test_every_node_has_a_place() -> None:
    made = body("match x:\n    case [1, *r] | {'k': r}: y = {r}\n    case P(): pass".replace("P()", "int(a)"))
    for node in ir.walk(made):
        assert getattr(node, "loc", 1) is not None or isinstance(node, (ir.Case, ir.Generator)), node


# ---- what is refused ----


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        ("async def g(): pass", r"3:15: cannot differentiate an async function"),
        ("a = yield from x", r"3:9: cannot differentiate a yield whose value is used"),
        ("class A: pass", r"3:11: cannot differentiate a class defined inside a function"),
        ("del x[0]", r"3:5: cannot differentiate the deletion of an element"),
        ("del x.w", r"cannot differentiate the deletion of an element"),
        ("exec('x')", r"3:5: cannot differentiate exec"),
        ("return eval('x')", r"3:12: cannot differentiate eval"),
        ("return f'{x:{y}}'", r"cannot differentiate a computed format"),
        ("np.w = x", r"3:5: cannot differentiate a write to an attribute of the module numpy"),
        ("setattr(x, 'w', y)", r"3:5: cannot differentiate setattr"),
        ("import math\nmath = x", r"'math' is both imported and assigned"),
        ("import math as m\nimport cmath as m", r"'m' is imported twice"),
        ("import no_such_module", r"3:5: the module no_such_module is not known"),
    ],
)
def test_refusals(statements: str, message: str) -> None:
    with pytest.raises(Unsupported, match=message):
        body(statements)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("G = 1\ndef f(x):\n    global G\n    G = x\n", "a write to the global G, which outlives the call"),
        ("G = [1]\ndef f(x):\n    G[0] = x\n", "a change of the global list G, which outlives the call"),
        ("G = g()\ndef f(x):\n    G[0] = x\n", "an in-place write to the global array G, which outlives the call"),
        ("G = g()\ndef f(x):\n    for G.w in x: pass\n", "a write to an attribute of the global G"),
        ("G = g()\ndef f(x):\n    a, G[0] = x\n", "an in-place write to the global array G"),
    ],
)
def test_writes_that_outlive_the_call_are_refused(text: str, message: str) -> None:
    with pytest.raises(Unsupported, match=message):
        parse(text)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="except* is new in Python 3.11")
def test_except_star_is_refused() -> None:
    with pytest.raises(Unsupported, match=r"4:5: cannot differentiate except\*"):
        body("try: pass\nexcept* ValueError: pass")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type aliases are new in Python 3.12")
def test_type_aliases_inside_functions_are_refused() -> None:
    with pytest.raises(Unsupported, match="3:10: cannot differentiate a type alias inside a function"):
        body("type A = int")


def test_reading_through_a_global_statement() -> None:
    assert parse("G = 1.0\ndef f(x):\n    global G\n    return G * x\n").body == (
        ir.Return(ir.Binary("*", ir.Ref("global:G"), N("x"))),
    )


def test_the_message_shows_the_place_and_a_way_out() -> None:
    with pytest.raises(Unsupported) as caught:
        parse("def f(x):\n\ty = x\n\tdel x[y]\n")
    assert str(caught.value).splitlines() == [
        "<text>:3:2: cannot differentiate the deletion of an element",
        "    2 | \ty = x",
        "    3 | \tdel x[y]",
        "      | \t^^^^^^^^",
        "  Build a new container without it.",
    ]
    assert (caught.value.filename, caught.value.lineno, caught.value.offset) == ("<text>", 3, 2)


def test_a_refusal_survives_pickling_and_tracebacks_show_the_way_out() -> None:
    with pytest.raises(Unsupported) as caught:
        parse("def f(x):\n    del x[0]\n")
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value) and again.lineno == 2
    shown = "".join(traceback.format_exception_only(caught.value))
    assert 'File "<text>", line 2' in shown and "Build a new container without it." in shown


# ---- cost ----


def test_a_hundred_statements_are_parsed_in_a_tenth_of_a_second() -> None:
    lines = "".join(f"    y{i} = np.sin(x[{i}] * 2.0) + y{i - 1} * a\n" for i in range(1, 101))
    text = f"import numpy as np\ndef f(x, y0, a):\n{lines}    return y100\n"
    parse(text)
    best = min(_seconds(text) for _ in range(3))
    assert best < 0.3  # a third of that when the machine has nothing else to do


def _seconds(text: str) -> float:
    start = time.process_time()
    parse(text)
    return time.process_time() - start
