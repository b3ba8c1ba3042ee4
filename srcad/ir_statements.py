"""The nodes of statements and functions (see `ir`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias, Union

from srcad.ir_expressions import Expr, Generator, Index, Loc, Name, loc_field


@dataclass(frozen=True)
class Assign:
    """``target = value``. From parse: any target (Name, Index, Attr, Tuple/List with Starred).

    Core: a `Name`, or a `Tuple` of distinct `Name`s (parallel assignment of a `Tuple`, or unpacking of a call).
    """

    target: Expr
    value: Expr
    annotation: str | None = None
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Store:
    """Core: ``base[items] = value`` into an array (`Index` whose base is a `Name` after `alias`).

    in_order: what is read while elements are written one by one, as by ``x.flat[...] = ...``; up to `alias`.
    """

    target: Index
    value: Expr
    in_order: Expr | None = None
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Augment:
    """``target op= value``. Core: a scalar `Name` (rebinding), or an `Index` (write into the array).

    ``x += e`` on a whole array is ``Augment(Index(x, (Const(...),)), "+", e)`` in core programs, printed ``x += e``.
    """

    target: Expr
    op: str
    value: Expr
    loc: Loc | None = loc_field()


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
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class While:
    test: Expr
    body: tuple[Stmt, ...]
    stop: Expr | None = None
    orelse: tuple[Stmt, ...] = ()
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class If:
    test: Expr
    body: tuple[Stmt, ...]
    orelse: tuple[Stmt, ...] = ()
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Return:
    value: Expr | None
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Do:
    """An expression evaluated for its effect: ``print(...)``, ``xs.append(v)``, ``np.add.at(...)``."""

    value: Expr
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Raise:
    exc: Expr | None
    cause: Expr | None = None
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Assert:
    test: Expr
    msg: Expr | None = None
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class With:
    """``with expr as target, ...``."""

    items: tuple[tuple[Expr, Expr | None], ...]
    body: tuple[Stmt, ...]
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Push:
    """``stack.append(value)``: records a value of which the number is not known beforehand."""

    stack: str
    value: Expr
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Pop:
    """``target = stack.pop()``; the target is a `Name`, an `Index` or None (drop)."""

    target: Expr | None
    stack: str
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Block:
    """Statements under one comment line; prints nothing when the body is empty."""

    note: str
    body: tuple[Stmt, ...]
    blank_before: bool = False
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Break:
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Continue:
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Define:
    """A nested ``def``. decorators: as written, until names are decided."""

    function: Function
    decorators: tuple[Expr, ...] = ()
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Nonlocal:
    names: tuple[str, ...]
    is_global: bool = False
    loc: Loc | None = loc_field()


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
    loc: Loc | None = loc_field()


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
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Region:
    """Statements of which `Leave` with the same label skips the rest. The label is the variable that tells so."""

    label: str
    body: tuple[Stmt, ...]
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Leave:
    label: str
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Yield:
    """``yield value``: the loop that takes the item runs its body here. `stopped` tells that it was its last one."""

    value: Expr
    stopped: Name | None = None
    loc: Loc | None = loc_field()


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
    """One parameter; `kind` is "positional", "keyword", "star" (``*args``) or "starstar" (``**kw``).

    nameless: it is positional only, so that an argument of its name is another one.
    """

    name: str
    kind: str = "positional"
    default: Expr | None = None
    annotation: str | None = None
    nameless: bool = False
    loc: Loc | None = loc_field()


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
    cached: bool = False  # a nested function below functools.lru_cache
    scope: Any = field(default=None, compare=False, repr=False)
    stopping: tuple[Stmt, ...] = field(default=(), compare=False, repr=False)
    loc: Loc | None = loc_field()
