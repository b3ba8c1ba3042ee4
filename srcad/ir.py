"""The program as data: frozen nodes between the parsed text and the printed text.

Grammar (``*`` repeats, ``?`` optional; nodes marked S exist only between `parse` and `desugar`/`inline`):

    function  = Function(name, param*, stmt*)
    stmt      = Assign(target, value) | Augment(target, op, value) | Store(index, value)
              | For(var, iter, stmt*, stop?) | While(test, stmt*, stop?) | If(test, stmt*, stmt*)
              | Return(value?) | Do(call) | Raise(exc?, cause?) | Assert(test, msg?) | With(items, stmt*)
              | Push(stack, value) | Pop(target, stack) | Block(note, stmt*)
              | Break S | Continue S | Define S | Nonlocal S | Try S | Match S | Region S | Leave S | Yield S
    expr      = Const | Name | Ref | Attr | Index | Slice | Unary | Binary | Compare | BoolOp | IfExp
              | Call | Tuple | List | Dict | FString | Lambda | Starred S | Walrus S | Comprehension S

Expressions are pure and stay trees; effects are statements. Core programs (after `inline`) are first-order: every
`Call.fn` is a `Ref`, every variable holds a number, an array, or a homogeneous list of those, and `Return` is last.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import itertools
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar, Union


@dataclass(frozen=True, eq=False)
class Source:
    """A text that functions were parsed from; compared by identity."""

    file: str
    text: str

    def line(self, number: int) -> str:
        lines = self.text.splitlines()
        return lines[number - 1] if 0 < number <= len(lines) else ""


@dataclass(frozen=True)
class Loc:
    """A place: lines from 1, columns from 0 (as `ast` counts, in characters)."""

    source: Source = field(repr=False)
    line: int
    col: int
    end_line: int
    end_col: int

    @property
    def text(self) -> str:
        """The verbatim text of the place, its lines stripped and joined by one blank."""
        lines = self.source.text.splitlines()[self.line - 1 : self.end_line]
        if not lines:
            return ""
        lines[-1] = lines[-1][: self.end_col]
        lines[0] = lines[0][self.col :]
        return " ".join(line.strip() for line in lines)


def _loc() -> Any:
    return field(default=None, compare=False, repr=False, kw_only=True)


# ---- expressions ----


@dataclass(frozen=True)
class Const:
    """A literal: float, int, bool, complex, str, None or Ellipsis. `kind` keeps 1, 1.0 and True apart."""

    value: Any
    kind: str = ""
    loc: Loc | None = _loc()

    def __post_init__(self) -> None:
        if isinstance(self.value, enum.Enum):  # a member of an IntEnum or StrEnum is written as the number or string
            object.__setattr__(self, "value", self.value.value)
        object.__setattr__(self, "kind", type(self.value).__name__)


@dataclass(frozen=True)
class Name:
    """A local variable or parameter."""

    id: str
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Ref:
    """Something that is not local, by what it is: ``numpy.tanh``, ``builtins.len``, ``math.pi``.

    `obj` is what the scope found (a live object, a `scope.UserFunction`, ...), for what has no library name.
    """

    path: str
    obj: Any = field(default=None, compare=False, repr=False)
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Attr:
    base: Expr
    name: str
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Slice:
    lower: Expr | None
    upper: Expr | None
    step: Expr | None = None
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Index:
    """``base[items]``; one item for ``x[i]``, several for ``x[i, j]``; `Const(None)` is newaxis."""

    base: Expr
    items: tuple[Expr, ...]
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Unary:
    op: str  # "-" "+" "~" "not"
    operand: Expr
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Binary:
    op: str  # + - * / // % ** @ & | ^ << >>
    left: Expr
    right: Expr
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Compare:
    """``a < b < c``: len(items) == len(ops) + 1; desugar leaves one op each where operands are not cheap."""

    ops: tuple[str, ...]  # < <= > >= == != "is" "is not" "in" "not in"
    items: tuple[Expr, ...]
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class BoolOp:
    op: str  # "and" "or"
    items: tuple[Expr, ...]
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class IfExp:
    test: Expr
    body: Expr
    orelse: Expr
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Call:
    fn: Expr
    args: tuple[Expr, ...] = ()
    kwargs: tuple[tuple[str | None, Expr], ...] = ()  # a None key is ``**mapping``
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Tuple:
    items: tuple[Expr, ...]
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class List:
    items: tuple[Expr, ...]
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Dict:
    keys: tuple[Expr | None, ...]  # a None key is ``**mapping``
    values: tuple[Expr, ...]
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class FString:
    """Parts are `Const` strings and `(expr, conversion, format spec)` triples."""

    parts: tuple[Const | tuple[Expr, str | None, str | None], ...]
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Lambda:
    function: Function
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Starred:
    value: Expr
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Walrus:
    target: Name
    value: Expr
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Generator:
    """One ``for target in iter if test...`` of a comprehension."""

    target: Expr
    iter: Expr
    tests: tuple[Expr, ...] = ()


@dataclass(frozen=True)
class Comprehension:
    kind: str  # "list" "set" "dict" "generator"
    element: Expr  # for a dict: Tuple((key, value))
    generators: tuple[Generator, ...]
    loc: Loc | None = _loc()


Expr: TypeAlias = Union[
    Const,
    Name,
    Ref,
    Attr,
    Slice,
    Index,
    Unary,
    Binary,
    Compare,
    BoolOp,
    IfExp,
    Call,
    Tuple,
    List,
    Dict,
    FString,
    Lambda,
    Starred,
    Walrus,
    Comprehension,
]


# ---- statements ----


@dataclass(frozen=True)
class Assign:
    """``target = value``. From parse: any target (Name, Index, Attr, Tuple/List with Starred).

    Core: a `Name`, or a `Tuple` of distinct `Name`s (parallel assignment of a `Tuple`, or unpacking of a call).
    """

    target: Expr
    value: Expr
    annotation: str | None = None
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Store:
    """Core: ``base[items] = value`` into an array (`Index` whose base is a `Name` after `alias`)."""

    target: Index
    value: Expr
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Augment:
    """``target op= value``. Core: a scalar `Name` (rebinding), or an `Index` (write into the array).

    ``x += e`` on a whole array is ``Augment(Index(x, (Const(...),)), "+", e)`` in core programs, printed ``x += e``.
    """

    target: Expr
    op: str
    value: Expr
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class For:
    """``for target in iter``. Core: `target` a `Name`, `iter` a Call of `builtins.range` with three arguments.

    `stop`, if given, is tested at the end of each iteration (printed ``if stop: break``); `orelse` is S.
    `pragma` is "" or "prange". `every`: the loop runs over ``srcad.checkpoint(..., every)``; None where it does not,
    `NONE` where how often a state is kept is not said.
    """

    target: Expr
    iter: Expr
    body: tuple[Stmt, ...]
    stop: Expr | None = None
    orelse: tuple[Stmt, ...] = ()
    pragma: str = ""
    every: Expr | None = None
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class While:
    test: Expr
    body: tuple[Stmt, ...]
    stop: Expr | None = None
    orelse: tuple[Stmt, ...] = ()
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class If:
    test: Expr
    body: tuple[Stmt, ...]
    orelse: tuple[Stmt, ...] = ()
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Return:
    value: Expr | None
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Do:
    """An expression evaluated for its effect: ``print(...)``, ``xs.append(v)``, ``np.add.at(...)``."""

    value: Expr
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Raise:
    exc: Expr | None
    cause: Expr | None = None
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Assert:
    test: Expr
    msg: Expr | None = None
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class With:
    """``with expr as target, ...``."""

    items: tuple[tuple[Expr, Expr | None], ...]
    body: tuple[Stmt, ...]
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Push:
    """``stack.append(value)``: records a value of which the number is not known beforehand."""

    stack: str
    value: Expr
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Pop:
    """``target = stack.pop()``; the target is a `Name`, an `Index` or None (drop)."""

    target: Expr | None
    stack: str
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Block:
    """Statements under one comment line; prints nothing when the body is empty."""

    note: str
    body: tuple[Stmt, ...]
    blank_before: bool = False
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Break:
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Continue:
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Define:
    """A nested ``def``."""

    function: Function
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Nonlocal:
    names: tuple[str, ...]
    is_global: bool = False
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Handler:
    exc: Expr | None
    name: str | None
    body: tuple[Stmt, ...]


@dataclass(frozen=True)
class Try:
    body: tuple[Stmt, ...]
    handlers: tuple[Handler, ...]
    orelse: tuple[Stmt, ...] = ()
    final: tuple[Stmt, ...] = ()
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Case:
    """One ``case``: patterns are lowered by parse to a test over the subject name plus bindings."""

    test: Expr
    bindings: tuple[tuple[str, Expr], ...]
    guard: Expr | None
    body: tuple[Stmt, ...]


@dataclass(frozen=True)
class Match:
    """``match subject``: `subject` is bound to the name `var` first, case tests refer to ``Name(var)``."""

    subject: Expr
    var: str
    cases: tuple[Case, ...]
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Region:
    """Statements of which `Leave` with the same label skips the rest. The label is the variable that tells so."""

    label: str
    body: tuple[Stmt, ...]
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Leave:
    label: str
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Yield:
    """``yield value``: the loop that takes the item runs its body here. `stopped` tells that it was its last one."""

    value: Expr
    stopped: Name | None = None
    loc: Loc | None = _loc()


Stmt: TypeAlias = Union[
    Assign,
    Store,
    Augment,
    For,
    While,
    If,
    Return,
    Do,
    Raise,
    Assert,
    With,
    Push,
    Pop,
    Block,
    Break,
    Continue,
    Define,
    Nonlocal,
    Try,
    Match,
    Region,
    Leave,
    Yield,
]
Node: TypeAlias = Union[Expr, Stmt, "Function", "Param", Generator, Handler, Case]


@dataclass(frozen=True)
class Param:
    """One parameter; `kind` is "positional", "keyword", "star" (``*args``) or "starstar" (``**kw``)."""

    name: str
    kind: str = "positional"
    default: Expr | None = None
    annotation: str | None = None
    loc: Loc | None = _loc()


@dataclass(frozen=True)
class Function:
    """A function definition or a lambda (name ``<lambda>``, body one `Return`).

    `scope` resolves the names that are not local (see `scope.Scope`); `free` lists the names taken from an
    enclosing *function* that is itself being parsed (a nested def or lambda inside a model). `stopping` is, after
    `desugar`, the body of a generator function as it is for a loop that may end before the generator does.
    """

    name: str
    params: tuple[Param, ...]
    body: tuple[Stmt, ...]
    doc: str | None = None
    free: tuple[str, ...] = ()
    scope: Any = field(default=None, compare=False, repr=False)
    stopping: tuple[Stmt, ...] = field(default=(), compare=False, repr=False)
    loc: Loc | None = _loc()


# ---- walking and rewriting ----

# the fields of every class of nodes that may hold nodes
_FIELDS: dict[type, tuple[str, ...]] = {
    cls: tuple(f.name for f in dataclasses.fields(cls) if f.name != "loc")
    for cls in list(globals().values())
    if isinstance(cls, type) and dataclasses.is_dataclass(cls) and cls not in (Source, Loc)
}
_ALL = {cls: tuple(f.name for f in dataclasses.fields(cls)) for cls in _FIELDS}


T = TypeVar("T")


def kept(f: Callable[[Any], T]) -> Callable[[Any], T]:
    """A function of a node alone, whose answer is kept with the node: nodes never change, and passes ask again."""
    mark = f"_{f.__qualname__}_"

    @functools.wraps(f)
    def found(node: Any) -> T:
        space = node.__dict__
        if mark not in space:
            space[mark] = f(node)
        answer: T = space[mark]
        return answer

    return found


def is_node(value: object) -> bool:
    return type(value) in _FIELDS


def children(node: Any) -> Iterator[Any]:
    """The nodes directly below `node` (or those of a tuple), in program order."""
    return iter(_below(node))


def _below(node: Any) -> Sequence[Any]:
    """The nodes directly below a node (or those of a tuple)."""
    if type(node) is not tuple:
        return _below_node(node)
    found: list[Any] = []
    _collect(node, found)
    return found


@kept
def _below_node(node: Any) -> tuple[Any, ...]:
    found: list[Any] = []
    space = node.__dict__
    for name in _FIELDS[type(node)]:
        value = space[name]
        if type(value) is tuple:
            _collect(value, found)
        elif type(value) in _FIELDS:
            found.append(value)
    return tuple(found)


def _collect(values: tuple[Any, ...], found: list[Any]) -> None:
    for value in values:
        if type(value) is tuple:
            _collect(value, found)
        elif type(value) in _FIELDS:
            found.append(value)


def walk(node: Any) -> Iterator[Any]:
    """`node` (or every node of a tuple) and all nodes below, parents first, in program order."""
    if type(node) is tuple:
        return itertools.chain.from_iterable(map(_all_of, _below(node)))
    return iter(_all_of(node))


@kept
def _all_of(node: Any) -> tuple[Any, ...]:
    """A node and all below it."""
    return (node, *itertools.chain.from_iterable(map(_all_of, _below_node(node))))


def own(node: Any) -> Iterator[Any]:
    """The nodes below `node` (or a tuple), without those of functions nested in it."""
    for child in children(node):
        yield child
        if not isinstance(child, (Lambda, Define)):
            yield from own(child)


def yields(body: tuple[Stmt, ...]) -> bool:
    """Whether statements give items, as those of a generator function do."""
    return any(map(_yields, body))


@kept
def _yields(node: Any) -> bool:
    if isinstance(node, (Lambda, Define)):
        return False
    return isinstance(node, Yield) or any(map(_yields, _below_node(node)))


def rebuild(node: Any, f: Callable[[Any], Any]) -> Any:
    """`node` with `f` applied to each node directly below it; unchanged parts are shared."""
    if not _below_node(node):
        return node
    known = node.__dict__
    changes = {}
    for name in _FIELDS[type(node)]:
        old = known[name]
        if type(old) is tuple:
            new = _mapped(old, f)
        elif type(old) in _FIELDS:
            new = f(old)
        else:
            continue
        if new is not old:
            changes[name] = new
    return changed(node, **changes) if changes else node


def changed(node: Any, **changes: Any) -> Any:
    """``dataclasses.replace`` of a node that is no constant, without what it checks at every call."""
    new = object.__new__(type(node))
    known = node.__dict__
    new.__dict__.update({name: changes[name] if name in changes else known[name] for name in _ALL[type(node)]})
    return new


def _mapped(values: tuple[Any, ...], f: Callable[[Any], Any]) -> tuple[Any, ...]:
    """A tuple with `f` applied to its nodes and to those of tuples in it; itself if nothing changes."""
    new = [f(v) if type(v) in _FIELDS else _mapped(v, f) if type(v) is tuple else v for v in values]
    return values if all(map(operator.is_, new, values)) else tuple(new)


def transform(node: Any, f: Callable[[Any], Any]) -> Any:
    """Bottom-up rewriting: `f` sees every node after its children were rewritten. Tuples are mapped."""

    def visit(node: Any) -> Any:
        return f(rebuild(node, visit))

    return _mapped(node, visit) if type(node) is tuple else visit(node)


def substitute(node: Any, replacements: dict[str, Expr]) -> Any:
    """Replace reads (and targets) of variables by expressions."""
    wanted = replacements.keys()

    def put(node: Any) -> Any:
        if type(node) is Name:
            return replacements.get(node.id, node)
        return node if wanted.isdisjoint(_names(node)) else rebuild(node, put)

    return _mapped(node, put) if type(node) is tuple else put(node)


def substitute_root(place: Any, name: str) -> Any:
    """A place (``x``, ``x[i]``, ``x.T[i][j]``) with its variable replaced; what its indices read stays."""
    if isinstance(place, Name):
        return Name(name)
    if isinstance(place, (Index, Attr)):
        return dataclasses.replace(place, base=substitute_root(place.base, name))
    assert isinstance(place, Call)
    return dataclasses.replace(place, args=(substitute_root(place.args[0], name), *place.args[1:]))


def names(node: Any) -> set[str]:
    """All variables that occur in a node or tuple of nodes, read or written, stacks included."""
    if type(node) is not tuple:
        return set(_names(node))
    return set().union(*map(_names, _below(node)))


@kept
def _names(node: Any) -> frozenset[str]:
    """The variables of a node."""
    own: frozenset[str] = frozenset()
    if isinstance(node, Name):
        own = frozenset((node.id,))
    elif isinstance(node, (Push, Pop)):
        own = frozenset((node.stack,))
    elif isinstance(node, Param):
        own = frozenset((node.name,))
    return own.union(*map(_names, _below_node(node)))


# ---- short constructors ----


def const(value: Any) -> Const:
    return Const(value)


def call(path: str, *args: Expr, **kwargs: Expr) -> Call:
    """A call of a library function by its path: ``call("numpy.sum", x, axis=const(0))``."""
    return Call(Ref(path), args, tuple(kwargs.items()))


OF = "#of"  # the keyword of a draw that names its generator; printed ``rng.normal(...)``
ELLIPSIS = Const(...)
NONE = Const(None)
ZERO = Const(0.0)
ONE = Const(1.0)
